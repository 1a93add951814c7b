"""Synthetic registered pairs in RoadScene's layout: the second modality shows the same with other, even reversed, contrasts."""

from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage

SIZE = (192, 160)  # (w, h)
PAIRS = dict(train=48, test=12)


def _texture(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """Smooth noise of unit deviation, (H, W)."""
    field = ndimage.gaussian_filter(rng.standard_normal(SIZE[::-1]), sigma, mode='wrap')
    return field / field.std()


def make_scene(rng: np.random.Generator) -> np.ndarray:
    """What both modalities see, (H, W) in [0, 1]: textured ground, and polygons and discs with textures of their own."""
    width, height = SIZE
    scene = 0.5 + 0.12 * _texture(rng, 12) + 0.06 * _texture(rng, 2.5)
    for _ in range(rng.integers(24, 40)):
        shape = np.zeros((height, width), np.uint8)
        centre = rng.uniform((0, 0), SIZE)
        if rng.random() < 0.3:
            cv2.circle(shape, centre.astype(int).tolist(), int(rng.integers(3, 16)), 1, -1)
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
            radius = rng.uniform(5, 32, (len(angles), 1)) * rng.uniform(0.5, 1)
            corners = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            cv2.fillPoly(shape, [corners.round().astype(np.int32)], 1)
        surface = rng.uniform(0.05, 0.95) + rng.uniform(0, 0.1) * _texture(rng, rng.uniform(1, 4))
        scene = np.where(shape > 0, surface, scene)
    return scene.clip(0, 1)


def make_pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A registered pair.

    Returns:
        tuple: Visible uint8 BGR (H, W, 3): the scene, unevenly lit and tinted. Infrared uint8 (H, W): a curve of the scene
        that falls and rises, a little different each time, blurred and with more noise.
    """
    scene = make_scene(rng)
    light = (1 + 0.2 * _texture(rng, 40)).clip(0.5, 1.5)
    tint = rng.uniform(0.8, 1.1, 3)
    visible = (scene * light)[..., None] * tint + 0.02 * rng.standard_normal((*scene.shape, 3))
    curve = rng.uniform(0.9, 1.1) * scene + rng.uniform(0.2, 0.3)
    infrared = 0.5 + 0.4 * np.sin(2 * np.pi * curve)
    infrared = ndimage.gaussian_filter(infrared, 0.8) + 0.04 * rng.standard_normal(scene.shape)
    return tuple((255 * image.clip(0, 1)).astype(np.uint8) for image in (visible, infrared))


def make_toy_data(root: Path) -> None:
    """Write ``crop_LR_visible``, ``cropinfrared`` and ``test.txt`` into ``root``. Deterministic."""
    rng = np.random.default_rng(20220328)
    for folder in ('crop_LR_visible', 'cropinfrared'):
        (root / folder).mkdir()
    for split, count in PAIRS.items():
        for index in range(count):
            visible, infrared = make_pair(rng)
            cv2.imwrite(str(root / 'crop_LR_visible' / f'{split}_{index:03d}.jpg'), visible)
            cv2.imwrite(str(root / 'cropinfrared' / f'{split}_{index:03d}.jpg'), infrared)
    (root / 'test.txt').write_text(''.join(f'test_{index:03d}\n' for index in range(PAIRS['test'])))
