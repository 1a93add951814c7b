"""Datasets over cached CT volumes and over folders of 8-bit slices. Every split is by case."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmseg.datasets import BaseSegDataset

from mmsight.errors import InputError
from mmsight.files import images_by_stem
from mmsight.registry import DATASETS

from .cache import file_digest, open_case, read_index
from .loading import WINDOW, read_grey
from .splits import read_split, split_cases
from .volume import SHEAR, lps_steps, shear_of

METAINFO = dict(classes=('background', 'liver'), palette=[[0, 0, 0], [60, 220, 60]])


def _fault_of(load: Callable[[], Any]) -> Iterator[str]:
    """What keeps a set whose samples are all right from being loaded."""
    try:
        load()
    except InputError as error:
        yield str(error)


class _CachedDataset(BaseSegDataset):
    """Cases of one split of a cache folder.

    ``metainfo=dict(hu_window=(low, high))`` sets the HU that become grey values 0 and 1; it goes into checkpoints as part of
    ``dataset_meta``, so that whoever predicts with the weights shows them the same window. Defaults to the paper's.

    Args:
        data_root (str): Folder of the cache.
        split (str): A split of ``ann_file``.
        ann_file (str): Split file below ``data_root``. Defaults to ``'splits.json'``.
    """

    METAINFO = dict(METAINFO, hu_window=WINDOW)

    def __init__(self, *args: Any, split: str, ann_file: str = 'splits.json', **kwargs: Any) -> None:
        self.split = split
        super().__init__(*args, ann_file=ann_file, **kwargs)

    def _cases(self) -> Iterator[tuple[dict, list[float]]]:
        """What all samples of a case share, and the share of liver of each slice.

        ``spacing`` is (z, y, x) in mm; of a sheared grid, the three vectors of :attr:`.volume.Volume.steps`.
        """
        index = read_index(Path(self.data_root))
        for name in read_split(Path(self.ann_file), self.split):
            yield self._case(name, index)

    def _case(self, name: str, index: dict[str, dict]) -> tuple[dict, list[float]]:
        folder = Path(self.data_root)
        if name not in index:
            raise InputError(f"{self.ann_file}: the case '{name}' of split '{self.split}' is not in {folder}/index.json: "
                             'convert it with tools/dataset_converters/slice_liver_ct.py')
        path, case = str(folder / f'{name}.npy'), index[name]
        if list(shape := open_case(path).shape) != list(case['shape']):
            raise InputError(f"{path}: the cached case is {shape} and index.json says {tuple(case['shape'])}: make it again "
                             'with tools/dataset_converters/slice_liver_ct.py')
        steps = lps_steps(np.array(case['source_affine']))
        return dict(img_path=path, seg_map_path=path, case=name, slice_index=0, num_slices=case['shape'][0],
                    spacing=steps.tolist() if shear_of(steps) > SHEAR else case['spacing'],
                    window=self.metainfo['hu_window'], seg_fields=[], reduce_zero_label=False), case['liver_share']

    def iter_faults(self) -> Iterator[str | None]:
        """Check every case of the split as training does: a sentence for each that it refuses, None for each other one.

        A case that can be read and is not the one that was converted stands in ``notes``.
        """
        self.notes: list[str] = []
        index, whole = read_index(Path(self.data_root)), True
        for name in read_split(Path(self.ann_file), self.split):
            try:
                entry, _ = self._case(name, index)
            except InputError as error:
                whole = False
                yield str(error)
                continue
            if file_digest(Path(entry['img_path'])) != index[name]['sha256']:
                self.notes.append(f"{entry['img_path']}: the file is not the one that index.json describes (its SHA-256 "
                                  'differs)')
            yield None
        if whole:
            yield from _fault_of(self.load_data_list)


@DATASETS.register_module()
class CTSliceDataset(_CachedDataset):
    """Axial slices of cached volumes, in order.

    Args:
        min_liver (float): Slices with a smaller share of liver are left out. The paper keeps 0.015; use it in training alone,
            since testing on chosen slices flatters. Defaults to 0.
    """

    def __init__(self, *args: Any, min_liver: float = 0.0, **kwargs: Any) -> None:
        self.min_liver = min_liver
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry a slice."""
        slices = [dict(entry, slice_index=number) for entry, shares in self._cases()
                  for number, share in enumerate(shares) if share >= self.min_liver]
        if not slices:
            raise InputError(f"{self.data_root}: no slice of split '{self.split}' has a share of liver of at least "
                             f'{self.min_liver}')
        return slices


@DATASETS.register_module()
class CTVolumeDataset(_CachedDataset):
    """Whole cached volumes, for 3D networks.

    Args:
        patches (int): How often an epoch visits each case, for training on patches. Defaults to 1.
    """

    def __init__(self, *args: Any, patches: int = 1, **kwargs: Any) -> None:
        self.patches = patches
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """``patches`` entries a case, with the ``liver_share`` of its slices."""
        return [dict(entry, liver_share=shares) for entry, shares in self._cases() for _ in range(self.patches)]


@DATASETS.register_module()
class LiverSliceFolder(BaseSegDataset):
    """8-bit slices and masks, ``images/<any>_<volume>_<slice>.jpg`` and ``masks/`` of the same names; mask > 127 is liver.

    A case holds all slices of a volume, however they were flipped. Spacing is unknown. So is the HU window in which the files
    were written; ``metainfo=dict(hu_window=(low, high))`` names the one in which CT volumes look like them, for prediction.

    Args:
        split (str): ``'train'`` or ``'val'``: 80 % and 20 % of the volumes, see :func:`.splits.split_cases`; or ``'holdout'``.
        seed (int): Of the split. Defaults to 0.
        holdout (Sequence[str]): Volumes that ``'train'`` leaves out and that are ``'holdout'``: a checkpoint can be chosen on
            them. Defaults to none.
        upright (bool): Turn the files as radiologists look at them, which is how CT volumes are read too: the patient's right
            on the left, the spine below. The files lie on their side, with the spine on the left where their name begins with
            ``flipped`` and on the right where it begins with ``mirrored``. Defaults to False.
        min_liver (float): As in :class:`CTSliceDataset`; reads all masks once. Defaults to 0.
    """

    METAINFO = METAINFO

    def __init__(self, *args: Any, split: str, seed: int = 0, holdout: Sequence[str] = (), upright: bool = False,
                 min_liver: float = 0.0, **kwargs: Any) -> None:
        self.split, self.seed, self.holdout, self.upright, self.min_liver = split, seed, holdout, upright, min_liver
        kwargs.setdefault('data_prefix', dict(img_path='images', seg_map_path='masks'))
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry an image, sorted by case and slice."""
        entries = self._entries()
        names = split_cases({entry['case'] for entry in entries}, self.seed)
        unknown = sorted(set(self.holdout) - set(names['train']))
        if unknown:
            raise InputError(f"{self.data_root}: holdout names volume '{unknown[0]}', which is not in split 'train'")
        if self.holdout:
            names['train'] = sorted(set(names['train']) - set(self.holdout))
            names['holdout'] = sorted(self.holdout)
        if self.split not in names:
            raise InputError(f"{self.data_root}: there is no split '{self.split}': choose one of {', '.join(names)}")
        entries = [entry for entry in entries if entry['case'] in set(names[self.split])]
        if self.min_liver:
            entries = [entry for entry in entries if (read_grey(entry['seg_map_path']) > 127).mean() >= self.min_liver]
        counts = Counter(entry['case'] for entry in entries)
        # the position among the case's images: the same slice may be there both flipped and mirrored
        position: Counter = Counter()
        for entry in entries:
            entry['slice_index'], entry['num_slices'] = position[entry['case']], counts[entry['case']]
            position[entry['case']] += 1
        return entries

    def _entries(self) -> list[dict]:
        images, masks = (Path(self.data_prefix[key]) for key in ('img_path', 'seg_map_path'))
        found = {side: images_by_stem(folder) for side, folder in (('image', images), ('mask', masks))}
        if not found['image']:
            raise InputError(f'{images}: no image was found')
        lone = sorted(found['image'].keys() ^ found['mask'].keys())
        if lone:
            missing, folder = ('mask', masks) if lone[0] in found['image'] else ('image', images)
            raise InputError(f"{folder}: the {missing} of '{lone[0]}' is missing ({len(lone)} images or masks have no partner)")
        entries: list[tuple] = []
        for stem, path in found['image'].items():
            match = re.fullmatch(r'.+_(\d+)_(\d+)', stem)
            if match is None:
                raise InputError(f"{path}: the name must end in _<volume>_<slice>, found '{stem}'")
            entry: dict[str, Any] = dict(img_path=str(path), seg_map_path=str(found['mask'][stem]), case=match[1],
                                         spacing=None, seg_fields=[], reduce_zero_label=False)
            if self.upright:
                entry['quarter_turns'] = _quarter_turns(path)
            entries.append((match[1], int(match[2]), stem, entry))
        return [entry for *_, entry in sorted(entries, key=lambda item: item[:3])]

    def iter_faults(self) -> Iterator[str | None]:
        """Decode every image and mask: a sentence for each fault, None for each pair without one."""
        whole = True
        for entry in self._entries():
            try:
                shapes = [read_grey(entry[key]).shape for key in ('img_path', 'seg_map_path')]
                if shapes[0] != shapes[1]:
                    raise InputError(f"{entry['seg_map_path']}: the mask is {shapes[1]} (h, w), its image {shapes[0]}")
                yield None
            except InputError as error:
                whole = False
                yield str(error)
        if whole:
            yield from _fault_of(self.load_data_list)


def _quarter_turns(path: Path) -> int:
    """Counter-clockwise quarter turns that make a file upright."""
    for start, turns in (('flipped', 1), ('mirrored', 3)):
        if path.name.startswith(f'{start}_'):
            return turns
    raise InputError(f'{path}: the name must begin with flipped_ or mirrored_, which says how the slice lies; or set '
                     'upright=False')
