"""Random changes of a slice in training: of its geometry, and of its grey levels. Each costs about a millisecond at 256x256."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmsight.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomWarp(BaseTransform):
    """Rotate, scale, stretch, shift and bend a slice and its mask about the centre, in one interpolation.

    What comes from outside the slice is air: grey value 0 and background.

    Args:
        degrees (float): Largest rotation to either side. Defaults to 20.
        scale (tuple[float, float]): Least and greatest factor, drawn evenly on a logarithmic scale. Defaults to (0.7, 1.4).
        stretch (float): Largest change of the ratio of width to height, as a share. Defaults to 0.15.
        shift (float): Largest shift to either side as a share of the width and, drawn apart, of the height. Defaults to 0.1.
        bend (float): Standard deviation, in pixels, of the shifts of a grid of control points, between which the slice follows
            smoothly. Defaults to 4.
        points (int): Control points a side. Defaults to 5.
    """

    def __init__(self, degrees: float = 20, scale: tuple[float, float] = (0.7, 1.4), stretch: float = 0.15, shift: float = 0.1,
                 bend: float = 4.0, points: int = 5) -> None:
        self.degrees, self.scale, self.stretch, self.shift = degrees, scale, stretch, shift
        self.bend, self.points = bend, points

    def transform(self, results: dict) -> dict:
        """Resample ``img`` linearly and ``gt_seg_map`` by the nearest pixel."""
        height, width = results['gt_seg_map'].shape
        x, y = self._sources(height, width)
        results['img'] = cv2.remap(results['img'], x, y, cv2.INTER_LINEAR).reshape(height, width, -1)
        results['gt_seg_map'] = cv2.remap(results['gt_seg_map'], x, y, cv2.INTER_NEAREST)
        return results

    def _sources(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Where in the slice each pixel of the result comes from: x and y, float32 (H, W)."""
        angle = np.deg2rad(np.random.uniform(-self.degrees, self.degrees))
        factor = np.exp(np.random.uniform(*np.log(self.scale)))
        ratio = np.exp(np.random.uniform(-self.stretch, self.stretch) / 2)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        inverse = np.linalg.inv(turn @ np.diag([factor * ratio, factor / ratio])).astype(np.float32)
        centre = np.array([width - 1, height - 1], np.float32) / 2
        moved = np.random.uniform(-self.shift, self.shift, 2).astype(np.float32) * (width, height)
        column = np.arange(width, dtype=np.float32) - np.float32(centre[0] + moved[0])
        row = (np.arange(height, dtype=np.float32) - np.float32(centre[1] + moved[1]))[:, None]
        grid = np.random.normal(0, self.bend, (self.points, self.points, 2)).astype(np.float32)
        bent = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        x, y = (inverse[axis, 0] * column + inverse[axis, 1] * row + centre[axis] + bent[..., axis] for axis in (0, 1))
        return x, y


@TRANSFORMS.register_module()
class RandomGreyLevels(BaseTransform):
    """Vary the grey levels of a slice in [0, 1] as other windows, scanners and doses do; applied in the order of the arguments.

    Another window keeps the levels between ``low`` and ``high``. Where ``low`` is negative the window reaches to tissue that
    the slice shows as black, mostly fat. Its level is unknown: all black inside the body takes one random level below that of
    the old lower bound, and air around the body stays black.

    Args:
        window (float): Probability of another window. Defaults to 0.6.
        low (tuple[float, float]): Range of the window's lower bound, in windows of the slice. Defaults to (-0.9, 0.2): down to
            -225 HU for slices in the window (0, 250).
        high (tuple[float, float]): The same for its upper bound. Defaults to (0.7, 1.5).
        gamma (float): Probability of a power, evenly from 0.67 to 1.5 on a logarithmic scale. Defaults to 0.3.
        blur (float): Probability of a Gaussian blur of 0.4 to 1.2 pixels. Defaults to 0.2.
        noise (float): Probability of Gaussian noise with a standard deviation of up to 0.1. Defaults to 0.3.
    """

    BLACK = 0.03
    """Levels up to this one count as black: files in JPG do not keep 0."""

    def __init__(self, window: float = 0.6, low: tuple[float, float] = (-0.9, 0.2), high: tuple[float, float] = (0.7, 1.5),
                 gamma: float = 0.3, blur: float = 0.2, noise: float = 0.3) -> None:
        self.window, self.low, self.high = window, low, high
        self.gamma, self.blur, self.noise = gamma, blur, noise

    def transform(self, results: dict) -> dict:
        """Replace ``img``, float32 (H, W, 1) in [0, 1]."""
        image = results['img'][..., 0]
        if np.random.random() < self.window:
            image = self._other_window(image, np.random.uniform(*self.low), np.random.uniform(*self.high))
        if np.random.random() < self.gamma:
            image = image**np.float32(np.exp(np.random.uniform(-0.4, 0.4)))
        if np.random.random() < self.blur:
            image = cv2.GaussianBlur(image, (0, 0), np.random.uniform(0.4, 1.2))
        if np.random.random() < self.noise:
            generator = np.random.default_rng(np.random.randint(2**31))  # twice as fast as the global one
            noise = generator.standard_normal(image.shape, np.float32)
            image = (image + np.float32(np.random.uniform(0, 0.1)) * noise).clip(0, 1)
        results['img'] = image[..., None]
        return results

    def _other_window(self, image: np.ndarray, low: float, high: float) -> np.ndarray:
        shown = ((image - np.float32(low)) / np.float32(high - low)).clip(0, 1)
        if low < 0:
            shown[image <= self.BLACK] = np.random.uniform(0, -low / (high - low))
            shown[~body(image > self.BLACK)] = 0
        return shown


def body(bright: np.ndarray) -> np.ndarray:
    """The convex hull of the largest part of a bool image (H, W) whose gaps of a few pixels are closed; bool (H, W)."""
    closed = cv2.morphologyEx(bright.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    inside = np.zeros(bright.shape, np.uint8)
    if outlines:
        cv2.fillConvexPoly(inside, cv2.convexHull(max(outlines, key=cv2.contourArea)), 1)
    return inside.view(bool)
