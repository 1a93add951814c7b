"""Folders of images: DIV2K as published, any folder, and pairs of high and low resolution."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from mmagic.datasets import BasicImageDataset

from mmsight.errors import InputError
from mmsight.pictures import image_size
from mmsight.registry import DATASETS


@DATASETS.register_module()
class SuperResolutionDataset(BasicImageDataset):
    """mmagic's folder of images, sorted, with faults named by file.

    ==================  ===================================================  =====================================
    layout              data_prefix                                          filename_tmpl
    ==================  ===================================================  =====================================
    DIV2K               gt='DIV2K_train_HR',                                 gt='{}', img='{}x4'
                        img='DIV2K_train_LR_bicubic/X4' (optional)
    any folder          gt='folder'
    pairs in a folder   gt='x4', img='x4'                                    gt='{}_HR', img='{}_LR'
    ==================  ===================================================  =====================================

    Args:
        scale (int): Factor between ``img`` and ``gt``.
        set_name (str): Prefix of the metrics of this set, where several are tested together.
        data_prefix (dict): Folder of ``gt`` and, unless the pipeline makes it, of ``img``.
        filename_tmpl (dict, optional): File names without extension. Defaults to the same name in both.
        **kwargs: See ``BasicImageDataset``; ``ann_file`` may list the file names to take, and ``filter_cfg=dict(min_size=96)``
            leaves out images with a shorter side, of which no patch of that size can be cut.

    Raises:
        InputError: If a folder does not exist or holds no image, or an image has no counterpart.
    """

    def __init__(self, scale: int = 4, set_name: str = '', data_prefix: dict | None = None, filename_tmpl: dict | None = None,
                 **kwargs: Any) -> None:
        self.scale, self.set_name = scale, set_name
        # copies: the host writes into both
        super().__init__(data_prefix=dict(data_prefix or dict(gt='')), filename_tmpl=dict(filename_tmpl or {}), **kwargs)

    @property
    def _local(self) -> bool:
        return self.backend_args is None and '://' not in str(self.data_root)

    def _entries(self) -> list[dict]:
        for folder in self.data_prefix.values():
            if self._local and not Path(folder).is_dir():
                raise InputError(f'{folder}: the image folder does not exist')
        entries = sorted(super().load_data_list(), key=lambda entry: entry['gt_path'])
        if not entries:
            raise InputError(f"{self.data_prefix['gt']}: the folder contains no image named {self.filename_tmpl['gt']}")
        return [dict(entry, scale=self.scale, set_name=self.set_name) for entry in entries]

    def _check_pair(self, entry: dict) -> None:
        if self._local and 'img_path' in entry and not Path(entry['img_path']).is_file():
            raise InputError(f"{entry['gt_path']} has no low-resolution counterpart {entry['img_path']}")

    def load_data_list(self) -> list[dict]:
        """One entry an image: ``gt_path``, ``img_path`` of pairs, ``scale`` and ``set_name``."""
        entries = self._entries()
        for entry in entries:
            self._check_pair(entry)
        return entries

    def _is_large(self, entry: dict) -> bool:
        """Whether ``filter_cfg`` keeps an image; the header alone is read."""
        least = (self.filter_cfg or {}).get('min_size', 0)
        return not least or min(image_size(entry['gt_path'])) >= least

    def filter_data(self) -> list[dict]:
        """Leave out what ``filter_cfg`` says."""
        kept = [entry for entry in self.data_list if self._is_large(entry)]
        if not kept:
            raise InputError(self._all_small)
        return kept

    @property
    def _all_small(self) -> str:
        return f"{Path(self.data_prefix['gt'])}: every image is smaller than the min_size of filter_cfg"

    def iter_faults(self) -> Iterator[str | None]:
        """Run every image through the pipeline, without stopping at a fault: a sentence for each, None for each without one."""
        small = True
        for entry in self._entries():
            try:
                self._check_pair(entry)
                if self._is_large(entry):
                    small = False
                    self.pipeline(deepcopy(entry))
                yield None
            except InputError as error:
                small = False
                yield str(error)
        if small:
            yield self._all_small
