"""Load one slice and its mask: from the cache that the converter writes, or from 8-bit image files."""

from pathlib import Path

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmsight.errors import InputError
from mmsight.pictures import read_image
from mmsight.registry import TRANSFORMS

from .cache import open_case, unpack_hu, unpack_label
from .contract import check_sample

WINDOW = (-200, 250)
"""The paper's HU window: lower and upper bound."""


def apply_window(hu: np.ndarray, window: tuple[float, float] = WINDOW) -> np.ndarray:
    """Clip to the window and scale it to [0, 1], float32."""
    low, high = window
    return ((np.clip(hu, low, high) - low) / (high - low)).astype(np.float32)


def read_grey(path: str | Path) -> np.ndarray:
    """An 8-bit image as uint8 (H, W); of equal channels one is kept.

    Raises:
        InputError: If the file cannot be decoded or has not 8 bits.
    """
    image = read_image(path)
    if image.dtype != np.uint8:
        raise InputError(f'{path}: 8 bits per pixel are expected, found {image.dtype}; convert CT volumes with '
                         'tools/dataset_converters/slice_liver_ct.py')
    return image if image.ndim == 2 else cv2.cvtColor(image[..., :3], cv2.COLOR_BGR2GRAY)


def display_slice(path: str, index: int, quarter_turns: int = 0) -> np.ndarray:
    """A slice as people look at it, uint8 (H, W): the windowed cache slice ``index``, or the image file, turned as loaded."""
    if not path.endswith('.npy'):
        return np.rot90(read_grey(path), quarter_turns)
    return (255 * apply_window(unpack_hu(open_case(path)[index]))).astype(np.uint8)


@TRANSFORMS.register_module()
class LoadCTSlice(BaseTransform):
    """Load slice ``slice_index`` of the cached case ``img_path`` in the HU ``window`` of the dataset.

    Sets ``img`` float32 (H, W, 2 neighbours + 1) in [0, 1], ``img_shape`` and ``ori_shape``.

    Args:
        neighbours (int): Slices on either side that become further channels (2.5D, beyond the paper); at the ends of the
            volume the last slice repeats. Defaults to 0.
    """

    def __init__(self, neighbours: int = 0) -> None:
        self.neighbours = neighbours

    def transform(self, results: dict) -> dict:
        """Read only the wanted slices of the memory-mapped file."""
        check_sample(results, ('slice_index', 'window'))
        case, centre = open_case(results['img_path']), results['slice_index']
        wanted = np.arange(centre - self.neighbours, centre + self.neighbours + 1).clip(0, len(case) - 1)
        image = np.stack([apply_window(unpack_hu(case[index]), results['window']) for index in wanted], axis=-1)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results


@TRANSFORMS.register_module()
class LoadGreySlice(BaseTransform):
    """Load the 8-bit image ``img_path``: ``img`` float32 (H, W, 1) in [0, 1], ``img_shape`` and ``ori_shape``.

    It is turned counter-clockwise by ``quarter_turns``, where the dataset names them.
    """

    def transform(self, results: dict) -> dict:
        """Read one file."""
        image = np.rot90(read_grey(results['img_path']), results.get('quarter_turns', 0))
        results['img'] = (image[..., None] / 255).astype(np.float32)
        results['img_shape'] = results['ori_shape'] = image.shape
        return results


@TRANSFORMS.register_module()
class LoadLiverMask(BaseTransform):
    """Load the slice's mask: ``gt_seg_map`` uint8 (H, W), 1 for liver, its tumours included.

    From the cache a label above 0 is liver, from an image file a grey value above 127. Stands before the transforms that change
    geometry in training, behind them in tests: metrics compare at the size of the file.
    """

    def transform(self, results: dict) -> dict:
        """Read one slice."""
        path = results['seg_map_path']
        cached = path.endswith('.npy')
        mask = unpack_label(open_case(path)[results['slice_index']]) > 0 if cached else \
            np.rot90(read_grey(path), results.get('quarter_turns', 0)) > 127
        if mask.shape != results['ori_shape']:
            raise InputError(f"{path}: the mask is {mask.shape} (h, w), its image {results['img_path']} {results['ori_shape']}")
        results['gt_seg_map'] = mask.astype(np.uint8)
        results['seg_fields'].append('gt_seg_map')
        return results


@TRANSFORMS.register_module()
class LoadCTVolume(BaseTransform):
    """Load the whole cached case ``img_path``, or a random patch of it, in the HU ``window`` of the dataset, for a 3D network.

    Sets ``img`` float32 (1, slices, H, W) in [0, 1], ``gt_seg_map`` uint8 (slices, H, W), 1 for liver, and ``ori_shape``.

    Args:
        patch (tuple[int, int, int], optional): Size of a random patch (slices, h, w), e.g. the paper's (32, 256, 256). Its
            middle slice is one with at least ``min_liver``. A smaller volume is padded with air that the loss ignores. None for
            the whole volume.
        min_liver (float): Least share of liver in the middle slice, as for 2D training. Defaults to 0.015.
    """

    def __init__(self, patch: tuple[int, int, int] | None = None, min_liver: float = 0.015) -> None:
        self.patch, self.min_liver = patch, min_liver

    def transform(self, results: dict) -> dict:
        """Read only what the patch needs of the memory-mapped file."""
        packed = open_case(results['img_path'])
        results['ori_shape'] = packed.shape
        if self.patch is not None:
            packed = packed[self._place(self.patch, packed.shape, results['liver_share'])]
        image, mask = apply_window(unpack_hu(packed), results['window']), (unpack_label(packed) > 0).astype(np.uint8)
        if self.patch is not None:
            short = [(0, want - have) for want, have in zip(self.patch, packed.shape, strict=True)]
            image, mask = np.pad(image, short), np.pad(mask, short, constant_values=255)
        results['img'], results['gt_seg_map'] = image[None], mask
        results['img_shape'] = mask.shape
        return results

    def _place(self, patch: tuple[int, ...], shape: tuple[int, ...], shares: list[float]) -> tuple[slice, ...]:
        kept = np.flatnonzero(np.array(shares) >= self.min_liver)
        middle = np.random.choice(kept) if len(kept) else shape[0] // 2
        starts = [np.clip(middle - patch[0] // 2, 0, max(shape[0] - patch[0], 0)),
                  *(np.random.randint(max(have - want, 0) + 1) for have, want in zip(shape[1:], patch[1:], strict=True))]
        return tuple(slice(start, start + want) for start, want in zip(starts, patch, strict=True))


@TRANSFORMS.register_module()
class RandomFlipVolume(BaseTransform):
    """Mirror rows and, drawn apart, columns of a volume and its mask.

    Args:
        prob (float): Of each. Defaults to 0.5.
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Flip views; nothing is copied."""
        for axis in (-2, -1):
            if np.random.random() < self.prob:
                results['img'], results['gt_seg_map'] = (np.flip(results[key], axis) for key in ('img', 'gt_seg_map'))
        return results


@TRANSFORMS.register_module()
class PackVolume(BaseTransform):
    """``inputs`` float32 (1, slices, H, W) and a sample with the true mask, the case, its size and its spacing."""

    def transform(self, results: dict) -> dict:
        """Pack one volume or patch."""
        check_sample(results)
        mask = torch.from_numpy(np.ascontiguousarray(results['gt_seg_map'])).long()
        names = ('img_path', 'ori_shape', 'case', 'slice_index', 'num_slices', 'spacing')
        sample = SegDataSample(gt_sem_seg=PixelData(data=mask), metainfo={name: results[name] for name in names})
        return dict(inputs=torch.from_numpy(np.ascontiguousarray(results['img'])), data_samples=sample)
