"""Synthetic high-resolution images of edges, gratings, text and noise, in DIV2K's published layout with its bicubic x4."""

import string
from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage

from .resize import resize_bicubic

SIZE = 144
SPLITS = {'train': range(1, 49), 'valid': range(801, 813)}
FINE = 4  # drawn this much finer, then averaged: edges are antialiased like a camera's


def _colour(rng: np.random.Generator) -> np.ndarray:
    """A grey with a tint: as in photographs, most of the contrast is in Y."""
    return (rng.uniform(15, 240) + rng.uniform(-40, 40, 3)).clip(15, 240)


def _background(rng: np.random.Generator, side: int) -> np.ndarray:
    """A smooth ramp from one colour to another."""
    y, x = np.mgrid[:side, :side] / side
    angle = rng.uniform(0, 2 * np.pi)
    ramp = ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) + 0.7) / 1.4
    return _colour(rng) * ramp[..., None] + _colour(rng) * (1 - ramp[..., None])


def _edges(image: np.ndarray, rng: np.random.Generator) -> None:
    """A polygon or an ellipse."""
    side = len(image)
    centre, radius = rng.uniform(0, side, 2), rng.uniform(0.08, 0.3) * side
    if rng.random() < 0.5:
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
        corners = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(image, [corners.astype(np.int32)], _colour(rng).tolist())
    else:
        axes = (int(radius), int(radius * rng.uniform(0.3, 1)))
        cv2.ellipse(image, centre.astype(int).tolist(), axes, rng.uniform(0, 180), 0, 360, _colour(rng).tolist(), -1)


def _grating(image: np.ndarray, rng: np.random.Generator) -> None:
    """Stripes in a disc, of a period that the low-resolution image can still tell."""
    side = len(image)
    y, x = np.mgrid[:side, :side]
    angle, period = rng.uniform(0, np.pi), rng.uniform(12, 28) * FINE
    stripes = ((x * np.cos(angle) + y * np.sin(angle)) % period < period / 2)[..., None]
    cx, cy = rng.uniform(0, side, 2)
    disc = np.hypot(x - cx, y - cy) < rng.uniform(0.1, 0.25) * side
    image[disc] = (_colour(rng) * stripes + _colour(rng) * ~stripes)[disc]


def _text(image: np.ndarray, rng: np.random.Generator) -> None:
    """A short word."""
    side = len(image)
    word = ''.join(rng.choice(list(string.ascii_letters + string.digits), rng.integers(2, 6)))
    place = rng.integers([0, side // 6], [side // 2, side])
    size = rng.uniform(0.8, 1.6) * FINE
    cv2.putText(image, word, place.tolist(), cv2.FONT_HERSHEY_DUPLEX, size, _colour(rng).tolist(), int(2 * FINE), cv2.LINE_AA)


def make_image(rng: np.random.Generator) -> np.ndarray:
    """One image, uint8 (144, 144, 3) RGB."""
    image = _background(rng, SIZE * FINE)
    for paint in (*((_edges, _grating)[i] for i in rng.choice(2, 7, p=[0.75, 0.25])), _text, _text):
        paint(image, rng)
    image = image.reshape(SIZE, FINE, SIZE, FINE, 3).mean(axis=(1, 3))
    texture = ndimage.gaussian_filter(rng.standard_normal((SIZE, SIZE, 1)), (1, 1, 0)) * rng.uniform(0, 4)
    noise = rng.standard_normal(image.shape) * rng.uniform(0, 1.5)
    return np.rint(image + texture + noise).clip(0, 255).astype(np.uint8)


def make_toy_data(root: Path) -> None:
    """Write ``DIV2K_{train,valid}_HR/0001.png`` and ``DIV2K_{train,valid}_LR_bicubic/X4/0001x4.png``. Deterministic."""
    rng = np.random.default_rng(1609)
    for split, numbers in SPLITS.items():
        high, low = root / f'DIV2K_{split}_HR', root / f'DIV2K_{split}_LR_bicubic' / 'X4'
        high.mkdir(parents=True)
        low.mkdir(parents=True)
        for number in numbers:
            image = make_image(rng)
            cv2.imwrite(str(high / f'{number:04d}.png'), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
            small = resize_bicubic(image, (SIZE // 4, SIZE // 4))
            cv2.imwrite(str(low / f'{number:04d}x4.png'), cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
