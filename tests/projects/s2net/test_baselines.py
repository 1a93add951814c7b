"""Phase congruency, RIFT's descriptors and OpenCV's detectors against plain loops over filters, cells and bits."""

import cv2
import numpy as np
import pytest
import torch
from mmsight.projects.s2net import AKAZE, BRISK, ORB, RIFT, SIFT
from mmsight.projects.s2net.matching import mutual_nearest
from mmsight.projects.s2net.phase_congruency import phase_congruency
from mmsight.projects.s2net.rift import maximum_index_descriptors


def texture(height, width, seed=0):
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width))
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX)


def loop_phase_congruency(image):
    """Kovesi's equations, one filter at a time, in double precision."""
    height, width = image.shape
    fy = np.array([(i - height // 2) / (height - height % 2) for i in range(height)])
    fx = np.array([(i - width // 2) / (width - width % 2) for i in range(width)])
    radius = np.fft.ifftshift(np.sqrt(fx[None]**2 + fy[:, None]**2))
    theta = np.fft.ifftshift(np.arctan2(-fy[:, None], fx[None]))
    low = 1 / (1 + (radius / 0.45)**30)
    radius[0, 0] = 1
    spectrum = np.fft.fft2(image)
    xx = yy = xy = 0
    amplitudes = []
    for o in range(6):
        angle = o * np.pi / 6
        ds = np.sin(theta) * np.cos(angle) - np.cos(theta) * np.sin(angle)
        dc = np.cos(theta) * np.cos(angle) + np.sin(theta) * np.sin(angle)
        spread = (np.cos(np.clip(np.abs(np.arctan2(ds, dc)) * 3, 0, np.pi)) + 1) / 2
        even = odd = total = strongest = 0
        responses = []
        for s in range(4):
            gabor = np.exp(-np.log(radius * 3 * 1.6**s)**2 / (2 * np.log(0.75)**2)) * low
            gabor[0, 0] = 0
            response = np.fft.ifft2(spectrum * gabor * spread)
            responses.append(response)
            amplitude = np.abs(response)
            if s == 0:
                tau = np.median(amplitude) / np.sqrt(np.log(4))
            even, odd, total = even + response.real, odd + response.imag, total + amplitude
            strongest = np.maximum(strongest, amplitude)
        length = np.sqrt(even**2 + odd**2) + 1e-4
        energy = sum(r.real * even / length + r.imag * odd / length - np.abs(r.real * odd / length - r.imag * even / length)
                     for r in responses)
        noise = tau * (1 - (1 / 1.6)**4) / (1 - 1 / 1.6)
        energy = np.maximum(energy - noise * np.sqrt(np.pi / 2) - noise * np.sqrt((4 - np.pi) / 2), 0)
        weight = 1 / (1 + np.exp((0.5 - (total / (strongest + 1e-4) - 1) / 3) * 3))
        pc = weight * energy / (total + 1e-4)
        cx, cy = pc * np.cos(angle), pc * np.sin(angle)
        xx, yy, xy = xx + cx**2, yy + cy**2, xy + cx * cy
        amplitudes.append(total)
    xx, yy, xy = xx / 3, yy / 3, 4 * xy / 6
    root = np.sqrt(xy**2 + (xx - yy)**2) + 1e-4
    return (yy + xx + root) / 2, (yy + xx - root) / 2, np.stack(amplitudes)


@pytest.mark.parametrize('size', [(40, 48), (41, 47)])
def test_phase_congruency_against_a_loop(size):
    image = texture(*size)
    found = phase_congruency(torch.from_numpy(image))
    for ours, theirs in zip(found, loop_phase_congruency(image), strict=True):
        assert np.abs(ours.numpy() - theirs).max() < 2e-4 * max(np.abs(theirs).max(), 1)


def test_descriptors_against_a_loop():
    rng = np.random.default_rng(0)
    index = rng.integers(0, 6, (60, 70))
    points = np.array([[12, 12], [58, 48], [30, 25]])
    found = maximum_index_descriptors(torch.from_numpy(index), torch.from_numpy(points), patch=24)
    for (x, y), ours in zip(points, found.numpy(), strict=True):
        expected = []
        for row in range(6):
            for column in range(6):
                cell = index[y - 12 + 4 * row:y - 8 + 4 * row, x - 12 + 4 * column:x - 8 + 4 * column]
                expected += [int((cell == value).sum()) for value in range(6)]
        assert np.allclose(ours, np.array(expected) / np.linalg.norm(expected), atol=1e-6)


@pytest.mark.parametrize('baseline, dim', [(RIFT(), 216), (SIFT(), 128), (ORB(), 256), (AKAZE(), 488), (BRISK(), 512)],
                         ids=['rift', 'sift', 'orb', 'akaze', 'brisk'])
def test_keypoints_of_a_baseline(baseline, dim):
    image = np.repeat(texture(150, 180).astype(np.uint8)[..., None], 3, axis=2)
    found = baseline(image, 40)
    assert 10 < len(found.points) <= 40 and found.descriptors.shape == (len(found.points), dim)
    assert (found.scores.diff() <= 0).all() and found.points.dtype == found.descriptors.dtype == torch.float32
    mask = np.zeros((150, 180), bool)
    mask[:, 90:] = True
    assert (baseline(image, 40, mask).points[:, 0] >= 89).all()
    for nothing in (baseline(image, 40, np.zeros_like(mask)), baseline(np.full_like(image, 90), 40)):
        assert nothing.points.shape == (0, 2) and nothing.descriptors.shape == (0, dim)


def test_rift_sees_through_an_inversion_where_sift_does_not():
    image = np.repeat(texture(260, 260).astype(np.uint8)[..., None], 3, axis=2)
    right = {}
    for baseline in (RIFT(), SIFT()):
        first, second = baseline(image, 300), baseline(255 - image, 300)
        pairs = mutual_nearest(first.descriptors, second.descriptors)
        gap = (first.points[pairs[:, 0]] - second.points[pairs[:, 1]]).norm(dim=1)
        right[type(baseline).__name__] = (gap < 3).float().mean().item()
    assert right['RIFT'] > 0.9 > 0.5 > right['SIFT']
