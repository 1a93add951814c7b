"""Phase congruency (Kovesi, 1999) with log-Gabor filters, as RIFT computes it; all filters in one batch."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

SCALES, ORIENTATIONS = 4, 6
MIN_WAVELENGTH, MULTIPLIER, SIGMA_ON_F = 3.0, 1.6, 0.75
NOISE_K, CUT_OFF, GAIN, EPSILON = 1.0, 0.5, 3.0, 1e-4


class PhaseCongruency(NamedTuple):
    """``maximum`` and ``minimum`` moment (H, W): edges and corners; ``amplitude`` (6, H, W), summed over scales."""

    maximum: Tensor
    minimum: Tensor
    amplitude: Tensor


@lru_cache(maxsize=8)
def log_gabor_filters(height: int, width: int) -> Tensor:
    """Filters in the frequency domain, (orientations, scales, H, W)."""
    fy, fx = np.meshgrid(_frequencies(height), _frequencies(width), indexing='ij')
    radius = np.fft.ifftshift(np.hypot(fx, fy))
    angle = np.fft.ifftshift(np.arctan2(-fy, fx))
    low_pass = 1 / (1 + (radius / 0.45)**30)  # Butterworth of order 15
    radius[0, 0] = 1
    wavelengths = MIN_WAVELENGTH * MULTIPLIER**np.arange(SCALES)
    radial = np.exp(-np.log(radius * wavelengths[:, None, None])**2 / (2 * np.log(SIGMA_ON_F)**2)) * low_pass
    radial[:, 0, 0] = 0
    orientations = np.arange(ORIENTATIONS)[:, None, None] * np.pi / ORIENTATIONS
    away = np.abs(np.arctan2(np.sin(angle - orientations), np.cos(angle - orientations)))
    spread = (np.cos(np.minimum(away * ORIENTATIONS / 2, np.pi)) + 1) / 2
    return torch.from_numpy((radial * spread[:, None]).astype(np.float32))


def _frequencies(size: int) -> np.ndarray:
    """Cycles per pixel, zero in the middle; an odd size divides by size - 1, as the published code does."""
    return (np.arange(size) - size // 2) / (size - size % 2)


def phase_congruency(image: Tensor) -> PhaseCongruency:
    """Phase congruency of a grey image.

    Args:
        image (Tensor): (H, W) in 0..255: the small constants in the denominators are absolute.

    Source: the equations of Kovesi's phasecong3 with RIFT's parameters: 4 scales, 6 orientations, wavelengths 3 x 1.6^s,
    noise from the median amplitude of the smallest scale (k = 1).
    """
    filters = log_gabor_filters(*image.shape)
    # (orientations, scales, H, W), complex: even in the real part, odd in the imaginary one
    responses = torch.fft.ifft2(torch.fft.fft2(image.float()) * filters.to(image.device))
    even, odd = responses.real, responses.imag
    amplitude = responses.abs()
    total = amplitude.sum(dim=1)
    sum_even, sum_odd = even.sum(dim=1), odd.sum(dim=1)
    length = torch.hypot(sum_even, sum_odd) + EPSILON
    mean_even, mean_odd = (sum_even / length)[:, None], (sum_odd / length)[:, None]
    energy = (even * mean_even + odd * mean_odd - (even * mean_odd - odd * mean_even).abs()).sum(dim=1)

    # noise: Rayleigh amplitudes, whose scale follows from the median of the smallest filter's
    tau = amplitude[:, 0].flatten(1).median(dim=1).values / np.sqrt(np.log(4))
    tau = tau * (1 - (1 / MULTIPLIER)**SCALES) / (1 - 1 / MULTIPLIER)
    threshold = tau * np.sqrt(np.pi / 2) + NOISE_K * tau * np.sqrt((4 - np.pi) / 2)
    energy = (energy - threshold[:, None, None]).clamp(min=0)

    width = (total / (amplitude.amax(dim=1) + EPSILON) - 1) / (SCALES - 1)
    congruency = torch.sigmoid(GAIN * (width - CUT_OFF)) * energy / (total + EPSILON)
    angle = torch.arange(ORIENTATIONS, device=image.device) * np.pi / ORIENTATIONS
    x, y = congruency * angle.cos()[:, None, None], congruency * angle.sin()[:, None, None]
    xx, yy = x.square().sum(dim=0) / (ORIENTATIONS / 2), y.square().sum(dim=0) / (ORIENTATIONS / 2)
    xy = 4 * (x * y).sum(dim=0) / ORIENTATIONS
    root = torch.sqrt(xy.square() + (xx - yy).square()) + EPSILON
    return PhaseCongruency((yy + xx + root) / 2, (yy + xx - root) / 2, total)
