"""Pairs of images of one scene in two modalities, with where each pixel of the first lies in the second."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset

from mmsight.errors import InputError
from mmsight.files import images_by_stem
from mmsight.registry import DATASETS

from .loading import load_pair
from .splits import read_ids


@DATASETS.register_module()
class PairDataset(BaseDataset):
    """Two folders with equal file names: RoadScene and everything laid out like it.

    A pair is registered pixel on pixel unless ``<id>.npy`` lies beside the second image: a 2x3 or 3x3 matrix that maps (x, y)
    of the first image to the second, or a flow (H, W, 2) of such places, NaN where there is none. Files that are no images
    are passed over.

    Args:
        data_prefix (dict): ``visible`` and ``infrared``, folders below ``data_root``.
        test_ids (str, optional): File of the test pairs' ids, one a line; a bare name is looked up below ``data_root`` and
            then among the project's own lists.
        split (str): ``'test'`` for those, ``'train'`` for all others, ``'all'``.

    Each sample has ``id``, ``visible``, ``infrared`` and ``matrix`` (paths; None without a matrix).

    Raises:
        InputError: If a folder or a file of a pair is missing, or a listed id has no pair.
    """

    def __init__(self, data_root: str, data_prefix: dict | None = None, test_ids: str | None = None, split: str = 'all',
                 **kwargs: Any) -> None:
        if split not in ('train', 'test', 'all') or (split != 'all' and test_ids is None):
            raise ValueError(f"split must be 'all', or 'train' or 'test' with test_ids, found '{split}'")
        self.test_ids, self.split = test_ids, split
        folders = data_prefix or dict(visible='crop_LR_visible', infrared='cropinfrared')
        super().__init__(data_root=data_root, data_prefix=folders, **kwargs)

    def find_files(self) -> tuple[dict[str, Path], dict[str, Path]]:
        """Ids of the visible and of the infrared images, with their files."""
        visible, infrared = ({file.stem: file for file in image_files(Path(self.data_prefix[key]))}
                             for key in ('visible', 'infrared'))
        return visible, infrared

    def iter_pairs(self) -> Iterator[dict | str]:
        """Each pair of the split, or a sentence that says what it lacks."""
        visible, infrared = self.find_files()
        listed = None if self.test_ids is None or self.split == 'all' else set(read_ids(self.test_ids, Path(self.data_root)))
        for name in sorted(visible.keys() | infrared.keys() | (listed or set())):
            if listed is not None and (name in listed) != (self.split == 'test'):
                continue
            if name not in visible and name not in infrared:
                yield f"{self.data_root}: the pair '{name}' of {self.test_ids} does not exist"
            elif name not in infrared:
                yield f'{visible[name]}: the infrared image of this pair is missing'
            elif name not in visible:
                yield f'{infrared[name]}: the visible image of this pair is missing'
            else:
                matrix = infrared[name].with_suffix('.npy')
                yield dict(id=name, visible=str(visible[name]), infrared=str(infrared[name]),
                           matrix=str(matrix) if matrix.is_file() else None)

    def load_data_list(self) -> list[dict]:
        """All pairs of the split."""
        listed = list(self.iter_pairs())
        pairs = [pair for pair in listed if isinstance(pair, dict)]
        faults = [pair for pair in listed if isinstance(pair, str)]
        if faults:
            raise InputError(f'{faults[0]} ({len(faults)} of {len(listed)} pairs are incomplete; '
                             'tools/misc/verify_dataset.py lists them)')
        if not pairs:
            raise InputError(self._nothing)
        return pairs

    @property
    def _nothing(self) -> str:
        return f'{self.data_root}: no {self.split} pair was found'

    def iter_faults(self) -> Iterator[str | None]:
        """For ``verify_dataset.py``: decode every pair and check its ground truth."""
        empty = True
        for pair in self.iter_pairs():
            empty = False
            if isinstance(pair, str):
                yield pair
                continue
            try:
                load_pair(pair)
            except InputError as error:
                yield str(error)
            else:
                yield None
        if empty:
            yield self._nothing


@DATASETS.register_module()
class RGBNIRDataset(PairDataset):
    """The RGB / near-infrared scenes: ``<scene>/NNNN_rgb.*`` and ``<scene>/NNNN_nir.*``; ids are ``<scene>/NNNN``.

    Args:
        scenes (Sequence[str], optional): By default every folder of ``data_root``: the published set has country, field,
            forest, indoor, mountain, oldbuilding, street, urban and water.
    """

    def __init__(self, data_root: str, scenes: list[str] | None = None, **kwargs: Any) -> None:
        self.scenes = scenes
        super().__init__(data_root=data_root, data_prefix=dict(visible='', infrared=''), **kwargs)

    def find_files(self) -> tuple[dict[str, Path], dict[str, Path]]:
        """See :class:`PairDataset`."""
        root = Path(self.data_root)
        if self.scenes is None and not root.is_dir():
            raise InputError(f'{root}: the folder does not exist')
        scenes = self.scenes or sorted(folder.name for folder in root.iterdir() if folder.is_dir())
        files = [file for scene in scenes for file in image_files(root / scene)]
        found = []
        for modality in ('_rgb', '_nir'):
            found.append({f'{file.parent.name}/{file.stem[:-4]}': file for file in files if file.stem.endswith(modality)})
        return found[0], found[1]


def image_files(folder: Path) -> list[Path]:
    """Images of a folder, by their suffix, sorted.

    Raises:
        InputError: If the folder does not exist, or two images differ in nothing but their suffix.
    """
    if not folder.is_dir():
        raise InputError(f'{folder}: the folder does not exist')
    return list(images_by_stem(folder).values())
