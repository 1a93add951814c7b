"""What happens to a pair before it reaches the network: the supervised pair's augmentation, crops, and the test warp.

Every transform takes and returns ``visible`` and ``infrared`` uint8 (H, W, 3) and ``truth``, a :class:`.GroundTruth`.
"""

import hashlib
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from mmsight.errors import InputError
from mmsight.registry import TRANSFORMS

from .geometry import homography_flow, inside
from .transforms import EQUATION_1, RandomTransform

GRID = 4
"""Correspondences are looked for at every fourth pixel."""


@TRANSFORMS.register_module()
class EnlargePair:
    """Scale pairs up whose shorter side is below ``size`` pixels: four of RoadScene's are too small for crops of 192."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, pair: dict) -> dict:
        """Both images by one factor, up to rounding."""
        height, width = pair['visible'].shape[:2]
        if min(height, width) >= self.size:
            return pair
        factor = self.size / min(height, width)
        size = (max(round(width * factor), self.size), max(round(height * factor), self.size))
        images = {key: cv2.resize(pair[key], size, interpolation=cv2.INTER_CUBIC) for key in ('visible', 'infrared')}
        x, y = size[0] / width, size[1] / height
        scale = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
        return dict(pair, **images, truth=pair['truth'].first_moved(scale).second_moved(scale))


@TRANSFORMS.register_module()
class RandomFlipRotate:
    """A random flip and a random multiple of 90 degrees, the same for both images."""

    def __call__(self, pair: dict) -> dict:
        """Each of the eight has the same chance; the images are views of what they were."""
        turns, flip = int(torch.randint(4, ())), bool(torch.randint(2, ()))
        height, width = pair['visible'].shape[:2]
        moved = np.eye(3)
        for _ in range(turns):
            moved = np.array([[0, 1, 0], [-1, 0, width - 1], [0, 0, 1.0]]) @ moved
            height, width = width, height
        if flip:
            moved = np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1.0]]) @ moved
        images = {key: np.rot90(pair[key], turns)[:, ::-1 if flip else 1] for key in ('visible', 'infrared')}
        return dict(pair, **images, truth=pair['truth'].first_moved(moved).second_moved(moved))


@TRANSFORMS.register_module()
class RandomInfraredWarp:
    """Rotation, scale and projection of the infrared image: registered pairs would else teach that places are equal.

    Args:
        transforms (list[dict]): Geometric ones; by default those of eq. 1 (paper, section III-A).
    """

    def __init__(self, transforms: tuple[dict, ...] = EQUATION_1[3:]) -> None:
        self.transform = RandomTransform(tuple(transforms))

    def __call__(self, pair: dict) -> dict:
        """One interpolation; what comes from beyond the border is mirrored."""
        height, width = pair['infrared'].shape[:2]
        homography = self.transform.homographies(1, height, width)[0].numpy()
        infrared = cv2.warpPerspective(np.ascontiguousarray(pair['infrared']), homography, (width, height),
                                       borderMode=cv2.BORDER_REFLECT_101)
        return dict(pair, infrared=infrared, truth=pair['truth'].second_moved(homography))


@TRANSFORMS.register_module()
class CropPair:
    """Equal crops of both images, each centred on a random correspondence as far as the border allows.

    Args:
        size (int): Side in pixels.
        min_overlap (float): Share of the visible crop that must lie in the infrared one; the best of ``tries`` is taken
            otherwise.
        tries (int): Correspondences to try.
    """

    def __init__(self, size: int, min_overlap: float = 0.4, tries: int = 10) -> None:
        self.size, self.min_overlap, self.tries = size, min_overlap, tries

    def __call__(self, pair: dict) -> dict:
        """Views of the images.

        Raises:
            InputError: If an image is smaller than the crop or has no correspondence.
        """
        height, width = pair['visible'].shape[:2]
        if min(height, width) < self.size:
            raise InputError(f"{pair['path']}: the pair has {width}x{height} pixels, smaller than the crop of {self.size}: "
                             f'put dict(type="mmsight.EnlargePair", size={self.size}) before CropPair')
        y, x = torch.meshgrid(torch.arange(0, height, GRID), torch.arange(0, width, GRID), indexing='ij')
        points = torch.stack([x.flatten(), y.flatten()], dim=1)
        places = pair['truth'].places(points)
        seen = inside(places, height, width)
        if not seen.any():
            raise InputError(f"{pair['path']}: no pixel of the visible image lies inside the infrared one; check its ground "
                             'truth')
        points, places = points[seen], places[seen]
        best: Any = None
        most = -1.0
        for index in torch.randint(len(points), (self.tries, )):
            corners = [self._corner(centre, height, width) for centre in (points[index], places[index])]
            truth = pair['truth'].first_moved(_shift(corners[0])).second_moved(_shift(corners[1]))
            overlap = float(inside(torch.from_numpy(truth.dense(self.size, self.size)), self.size, self.size).float().mean())
            if overlap > most:
                best, most = (corners, truth), overlap
            if most >= self.min_overlap:
                break
        corners, truth = best
        images = {key: pair[key][y:y + self.size, x:x + self.size]
                  for key, (x, y) in zip(('visible', 'infrared'), corners, strict=True)}
        return dict(pair, **images, truth=truth)

    def _corner(self, centre: Tensor, height: int, width: int) -> tuple[int, int]:
        x, y = (centre.round() - self.size // 2).tolist()
        return int(min(max(x, 0), width - self.size)), int(min(max(y, 0), height - self.size))


def _shift(corner: tuple[int, int]) -> np.ndarray:
    """The matrix (3, 3) from an image's pixels to those of its crop."""
    return np.array([[1, 0, -corner[0]], [0, 1, -corner[1]], [0, 0, 1.0]])


@TRANSFORMS.register_module()
class RandomGrey:
    """Grey transforms of :mod:`mmsight.projects.s2net.transforms` on each image of the supervised pair, independently.

    Args:
        transforms (list[dict]): By default blur and noise (paper, section III-A).
    """

    def __init__(self, transforms: tuple[dict, ...] = EQUATION_1[1:3]) -> None:
        self.transform = RandomTransform(tuple(transforms))

    def __call__(self, pair: dict) -> dict:
        """Rounded to 8 bits again."""
        changed = {}
        for key in ('visible', 'infrared'):
            images = torch.from_numpy(np.ascontiguousarray(pair[key])).permute(2, 0, 1)[None].float() / 255
            for transform in self.transform.grey:
                images = transform(images)
            changed[key] = (images[0] * 255).round().byte().permute(1, 2, 0).numpy()
        return dict(pair, **changed)


@TRANSFORMS.register_module()
class PackPair:
    """``images`` uint8 (2, 3, H, W), visible first, and ``flow`` float32 (H, W, 2), as tensors; nothing else.

    The flow is NaN where a pixel's place is not known or not in the infrared image.
    """

    def __call__(self, pair: dict) -> dict:
        """For training: batches by ``default_collate``."""
        height, width = pair['visible'].shape[:2]
        flow = torch.from_numpy(pair['truth'].dense(height, width))
        return dict(images=_stack(pair), flow=torch.where(inside(flow, height, width)[..., None], flow, torch.nan))


@TRANSFORMS.register_module()
class FixedInfraredWarp:
    """The harder test: warp the infrared image by a transform that is drawn from the pair's id and never changes.

    Args:
        seed (int): Of the draw.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.transform = RandomTransform(EQUATION_1[3:])

    def __call__(self, pair: dict) -> dict:
        """Warp once, black beyond the border; draws from the global generator are not disturbed."""
        height, width = pair['infrared'].shape[:2]
        digest = hashlib.sha256(f"{self.seed} {pair['id']}".encode()).digest()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int.from_bytes(digest[:7], 'big'))
            homography = self.transform.homographies(1, height, width)[0].numpy()
        infrared = cv2.warpPerspective(pair['infrared'], homography, (width, height))
        return dict(pair, infrared=infrared, truth=pair['truth'].second_moved(homography))


@TRANSFORMS.register_module()
class PackTestPair:
    """``images`` uint8 (2, 3, H, W), ``id``, ``mask`` bool (2, H, W), and ``homography`` (3, 3) float64 or else ``flow``.

    A warped infrared image has a black rim, whose edge draws keypoints. The mask is False there: what is black and has no
    place in the visible image, and all within ``margin`` pixels of it.

    Args:
        margin (int): In pixels.
    """

    def __init__(self, margin: int = 5) -> None:
        self.margin = margin

    def __call__(self, pair: dict) -> dict:
        """For testing: batches by ``pseudo_collate``."""
        images = _stack(pair)
        height, width = images.shape[2:]
        mask = torch.ones(2, height, width, dtype=torch.bool)
        homography = pair['truth'].homography
        if homography is None:
            return dict(images=images, id=pair['id'], mask=mask, flow=torch.from_numpy(pair['truth'].dense(height, width)))
        source = homography_flow(torch.from_numpy(np.linalg.inv(homography)), height, width)
        seen = inside(source, height, width).numpy() | (pair['infrared'].max(axis=2) > 8)
        side = 2 * self.margin + 1
        mask[1] = torch.from_numpy(cv2.erode(seen.astype(np.uint8), np.ones((side, side), np.uint8)) > 0)
        return dict(images=images, id=pair['id'], mask=mask, homography=torch.from_numpy(homography))


def _stack(pair: dict) -> Tensor:
    return torch.from_numpy(np.stack([pair['visible'], pair['infrared']])).permute(0, 3, 1, 2).contiguous()
