"""What happens to a pair before it reaches the network: the supervised pair's augmentation, crops, and the test warp.

Every transform takes and returns ``visible`` and ``infrared`` uint8 (H, W, 3) and ``flow`` (H, W, 2), the place in the
infrared image of each visible pixel, NaN where there is none.
"""

import hashlib
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from mmsight.errors import InputError
from mmsight.registry import TRANSFORMS

from .geometry import homography_flow, inside, warp_points
from .transforms import EQUATION_1, RandomTransform


@TRANSFORMS.register_module()
class EnlargePair:
    """Scale pairs up whose shorter side is below ``size`` pixels: four of RoadScene's are too small for crops of 192."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, pair: dict) -> dict:
        """Both images and the flow by one factor, up to rounding."""
        height, width = pair['visible'].shape[:2]
        if min(height, width) >= self.size:
            return pair
        factor = self.size / min(height, width)
        size = (max(round(width * factor), self.size), max(round(height * factor), self.size))
        images = {key: cv2.resize(pair[key], size, interpolation=cv2.INTER_CUBIC) for key in ('visible', 'infrared')}
        flow = cv2.resize(pair['flow'], size, interpolation=cv2.INTER_LINEAR)
        scale = np.array([size[0] / width, size[1] / height], np.float32)
        return _moved(pair, **images, flow=(flow + 0.5) * scale - 0.5)


@TRANSFORMS.register_module()
class RandomFlipRotate:
    """A random flip and a random multiple of 90 degrees, the same for both images."""

    def __call__(self, pair: dict) -> dict:
        """Each of the eight has the same chance."""
        turns, flip = int(torch.randint(4, ())), bool(torch.randint(2, ()))
        height, width = pair['visible'].shape[:2]
        images = {key: self._move(pair[key], turns, flip) for key in ('visible', 'infrared')}
        x, y = pair['flow'][..., 0], pair['flow'][..., 1]
        for _ in range(turns):
            x, y, height, width = y, width - 1 - x, width, height
        if flip:
            x = width - 1 - x
        return _moved(pair, **images, flow=self._move(np.stack([x, y], axis=-1), turns, flip))

    @staticmethod
    def _move(image: np.ndarray, turns: int, flip: bool) -> np.ndarray:
        image = np.rot90(image, turns)
        return np.ascontiguousarray(image[:, ::-1] if flip else image)


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
        homography = self.transform.homographies(1, height, width)[0]
        infrared = cv2.warpPerspective(pair['infrared'], homography.numpy(), (width, height), borderMode=cv2.BORDER_REFLECT_101)
        flow = warp_points(torch.from_numpy(pair['flow']), homography.float()).numpy()
        return _moved(pair, infrared=infrared, flow=flow)


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
        """The flow becomes that of the crops, NaN where a pixel's place is outside.

        Raises:
            InputError: If an image is smaller than the crop or has no correspondence.
        """
        height, width = pair['visible'].shape[:2]
        if min(height, width) < self.size:
            raise InputError(f"{pair['path']}: the pair has {width}x{height} pixels, smaller than the crop of {self.size}: "
                             f'put dict(type="mmsight.EnlargePair", size={self.size}) before CropPair')
        flow = torch.from_numpy(pair['flow'])
        y, x = inside(flow, height, width).nonzero(as_tuple=True)
        if not len(y):
            raise InputError(f"{pair['path']}: no pixel of this pair has a place in the infrared image; check its ground truth")
        best: Any = None
        most = -1.0
        for index in torch.randint(len(y), (self.tries, )):
            first = self._corner(torch.stack([x[index], y[index]]), height, width)
            second = self._corner(flow[y[index], x[index]], height, width)
            crop = flow[first[1]:first[1] + self.size, first[0]:first[0] + self.size] - torch.tensor(second)
            seen = inside(crop, self.size, self.size)
            overlap = float(seen.float().mean())
            if overlap > most:
                best, most = (first, second, torch.where(seen[..., None], crop, torch.nan)), overlap
            if most >= self.min_overlap:
                break
        first, second, crop = best
        images = {key: pair[key][corner[1]:corner[1] + self.size, corner[0]:corner[0] + self.size]
                  for key, corner in (('visible', first), ('infrared', second))}
        return _moved(pair, **images, flow=crop.numpy())

    def _corner(self, centre: Tensor, height: int, width: int) -> tuple[int, int]:
        x, y = (centre.round() - self.size // 2).tolist()
        return int(min(max(x, 0), width - self.size)), int(min(max(y, 0), height - self.size))


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
            images = torch.from_numpy(pair[key]).permute(2, 0, 1)[None].float() / 255
            for transform in self.transform.grey:
                images = transform(images)
            changed[key] = (images[0] * 255).round().byte().permute(1, 2, 0).numpy()
        return dict(pair, **changed)


@TRANSFORMS.register_module()
class PackPair:
    """``images`` uint8 (2, 3, H, W), visible first, and ``flow`` float32 (H, W, 2), as tensors; nothing else."""

    def __call__(self, pair: dict) -> dict:
        """For training: batches by ``default_collate``."""
        return dict(images=_stack(pair), flow=torch.from_numpy(np.ascontiguousarray(pair['flow'], np.float32)))


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
            homography = self.transform.homographies(1, height, width)[0]
        found = dict(pair, infrared=cv2.warpPerspective(pair['infrared'], homography.numpy(), (width, height)))
        found['flow'] = warp_points(torch.from_numpy(pair['flow']), homography.float()).numpy()
        if 'homography' in pair:
            found['homography'] = homography.numpy() @ pair['homography']
        return found


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
        key = 'homography' if 'homography' in pair else 'flow'
        if key == 'homography':
            source = homography_flow(torch.from_numpy(np.linalg.inv(pair['homography'])), height, width)
            seen = inside(source, height, width).numpy() | (pair['infrared'].max(axis=2) > 8)
            side = 2 * self.margin + 1
            mask[1] = torch.from_numpy(cv2.erode(seen.astype(np.uint8), np.ones((side, side), np.uint8)) > 0)
        return dict(images=images, id=pair['id'], mask=mask, **{key: torch.from_numpy(pair[key])})


def _moved(pair: dict, **changes: np.ndarray) -> dict:
    """The pair with its flow changed; a homography would no longer be true."""
    return {key: value for key, value in dict(pair, **changes).items() if key != 'homography'}


def _stack(pair: dict) -> Tensor:
    return torch.from_numpy(np.stack([pair['visible'], pair['infrared']])).permute(0, 3, 1, 2).contiguous()
