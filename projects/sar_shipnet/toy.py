"""Synthetic SAR chips in SAR-Ship-Dataset's own format: 256x256 jpg, one txt each, split files."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy import ndimage

SIZE = 256
SPLITS = {'train': 160, 'val': 40, 'test': 40}


def _sea(rng: np.random.Generator) -> np.ndarray:
    """Mean backscatter of a sea with swell; its texture is gamma distributed, which makes the clutter K-distributed."""
    swell = ndimage.gaussian_filter(rng.standard_normal((SIZE, SIZE)), rng.uniform(6, 14, 2), mode='wrap')
    texture = rng.gamma(8, 1 / 8, (SIZE // 8, SIZE // 8))
    texture = cv2.resize(texture, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC).clip(0.2)
    return rng.uniform(0.02, 0.06) * texture * (1 + 0.3 * swell / swell.std()).clip(0.3)


def _add_land(mean: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """Raise rough, bright land over ``share`` of the chip; returns where it is."""
    relief = ndimage.gaussian_filter(rng.standard_normal((SIZE, SIZE)), 24)
    land = relief > np.quantile(relief, 1 - share)
    rough = ndimage.gaussian_filter(rng.standard_normal((SIZE, SIZE)), 2)
    mean[land] = 0.16 * np.exp(0.6 * rough[land] / rough.std())
    return land


def _islet(mean: np.ndarray, rng: np.random.Generator) -> None:
    """A small round bright rock, which is no ship."""
    y, x = np.mgrid[:SIZE, :SIZE]
    cx, cy, r = *rng.uniform(20, SIZE - 20, 2), rng.uniform(3, 7)
    wobble = 1 + 0.3 * np.sin(3 * np.arctan2(y - cy, x - cx) + rng.uniform(0, 6))
    mean[np.hypot(x - cx, y - cy) < r * wobble] = 0.22


def _ship(mean: np.ndarray, cx: float, cy: float, length: float, width: float, heading: float,
          rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Paint a ship, its side lobes and its azimuth ambiguity; returns its box x1, y1, x2, y2."""
    y, x = np.mgrid[:SIZE, :SIZE]
    along = (x - cx) * np.cos(heading) + (y - cy) * np.sin(heading)
    across = (y - cy) * np.cos(heading) - (x - cx) * np.sin(heading)
    taper = np.clip(1.15 - 0.5 * np.abs(along) / (length / 2), 0.4, 1)
    hull = (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2 * taper)
    bright = rng.uniform(0.5, 0.9)
    # a few strong scatterers along the deck
    deck = 1 + 0.6 * np.cos(2 * np.pi * along / rng.uniform(6, 14) + rng.uniform(0, 6))
    mean[hull] = (bright * deck)[hull]
    ghost = ndimage.shift(hull.astype(float), (rng.choice([-1, 1]) * rng.uniform(70, 110), 0), order=0)
    mean += 0.03 * ghost
    rows, columns = np.flatnonzero(hull.any(axis=1)), np.flatnonzero(hull.any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def make_chip(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One chip.

    Returns:
        tuple: Amplitude uint8 (256, 256), and boxes (n, 4), x1, y1, x2, y2 in pixels. One chip in eight is empty, one in six
        crowded; one in three has land.
    """
    mean = _sea(rng)
    land = np.zeros((SIZE, SIZE), dtype=bool)
    if rng.random() < 1 / 3:
        land = _add_land(mean, rng, rng.uniform(0.1, 0.35))
    for _ in range(rng.integers(0, 3)):
        _islet(mean, rng)
    kind = rng.random()
    count = 0 if kind < 1 / 8 else rng.integers(6, 11) if kind < 1 / 8 + 1 / 6 else rng.integers(1, 4)
    near_land = ndimage.binary_dilation(land, iterations=4)
    boxes: list[tuple[float, ...]] = []
    taken: list[Any] = []
    for _ in range(20 * count):
        if len(boxes) == count:
            break
        length = rng.uniform(8, 60 if count < 6 else 30)
        cx, cy = rng.uniform(length / 2 + 2, SIZE - length / 2 - 2, 2)
        free = all(np.hypot(cx - x, cy - y) > (length + other) / 2 + 3 for x, y, other in taken)
        if not free or near_land[int(cy), int(cx)]:
            continue
        boxes.append(_ship(mean, cx, cy, length, max(3.5, length / rng.uniform(3, 6)), rng.uniform(0, np.pi), rng))
        taken.append((cx, cy, length))
    mean = ndimage.gaussian_filter(mean, 0.7)  # the sensor's resolution
    looks = 4
    intensity = mean * rng.gamma(looks, 1 / looks, mean.shape)
    return (255 * np.sqrt(intensity)).clip(0, 255).astype(np.uint8), np.array(boxes, dtype=float).reshape(-1, 4)


def make_toy_data(root: Path) -> None:
    """Write the chips, their txt files and ``train.txt``, ``val.txt`` and ``test.txt`` into ``root``. Deterministic."""
    rng = np.random.default_rng(20220523)
    for split, count in SPLITS.items():
        names = [f'{split}_{index:06d}' for index in range(count)]
        for name in names:
            image, boxes = make_chip(rng)
            cv2.imwrite(str(root / f'{name}.jpg'), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
            centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2 / SIZE, (boxes[:, 2:] - boxes[:, :2]) / SIZE
            rows = np.hstack([centres, sizes])
            (root / f'{name}.txt').write_text(''.join('0 ' + ' '.join(f'{v:.6f}' for v in row) + '\n' for row in rows))
        (root / f'{split}.txt').write_text('\n'.join(names) + '\n')
