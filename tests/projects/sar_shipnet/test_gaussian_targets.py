"""Targets against plain loops over boxes and cells."""

import math

import numpy as np
import pytest
import torch
from mmsight.projects.sar_shipnet.gaussian_targets import circular_gaussians, draw_heatmaps, elliptic_gaussians

W, H = 37, 29


def random_boxes(count, seed=0):
    """Boxes in cells, some across the border, some far smaller than a cell."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-1, [W + 1, H + 1], (count, 2))
    sizes = rng.choice([0.3, 3, 20], (count, 1)) * rng.uniform(0.5, 1.5, (count, 2))
    return torch.from_numpy(np.hstack([centres - sizes / 2, centres + sizes / 2]))


def elliptic_reference(box, alpha, mode):
    """Sheet, section 5."""
    x1, y1, x2, y2 = box
    w = min(max(x2, 0), W - 1) - min(max(x1, 0), W - 1)
    h = min(max(y2, 0), H - 1) - min(max(y1, 0), H - 1)
    rx, ry = int(w / 2 * alpha), int(h / 2 * alpha)
    if mode == 'kernel':
        return rx, ry, (2 * rx + 1) / 6, (2 * ry + 1) / 6
    return rx, ry, max(alpha * w / 6, 1e-3), max(alpha * h / 6, 1e-3)


def circular_reference(box, radius):
    x1, y1, x2, y2 = box
    if radius == 'cornernet':
        w = math.ceil(min(max(x2, 0), W - 1) - min(max(x1, 0), W - 1))
        h = math.ceil(min(max(y2, 0), H - 1) - min(max(y1, 0), H - 1))
        o = 0.7
    else:
        w, h, o = x2 - x1, y2 - y1, 0.3
    quadratics = [(1, h + w, w * h * (1 - o) / (1 + o)), (4, 2 * (h + w), (1 - o) * w * h),
                  (4 * o, -2 * o * (h + w), (o - 1) * w * h)]
    radii = []
    for i, (a, b, c) in enumerate(quadratics):
        root = math.sqrt(b * b - 4 * a * c)
        if radius == 'cornernet':
            radii.append((b + root) / 2)
        else:
            radii.append((b - root if i < 2 else b + root) / (2 * a))
    r = max(0, int(min(radii)))
    return r, r, (2 * r + 1) / 6, (2 * r + 1) / 6


def draw_reference(gaussians, planes, shape):
    heat = np.zeros(shape)
    for (cx, cy, rx, ry, sx, sy), plane in zip(gaussians, planes, strict=True):
        for y in range(max(0, cy - ry), min(shape[1], cy + ry + 1)):
            for x in range(max(0, cx - rx), min(shape[2], cx + rx + 1)):
                value = math.exp(-(x - cx)**2 / (2 * sx * sx) - (y - cy)**2 / (2 * sy * sy))
                heat[plane, y, x] = max(heat[plane, y, x], value)
    return heat


def centre(box):
    x1, y1, x2, y2 = box
    return min(max(int((x1 + x2) / 2), 0), W - 1), min(max(int((y1 + y2) / 2), 0), H - 1)


@pytest.mark.parametrize('mode', ['kernel', 'continuous'])
@pytest.mark.parametrize('alpha', [0.1, 0.54, 0.8, 1.0])
def test_elliptic(alpha, mode):
    boxes, planes = random_boxes(80), torch.arange(80) % 6
    heat = draw_heatmaps(elliptic_gaussians(boxes, W, H, alpha, mode), planes, (6, H, W), max_cells=500)
    expected = [(*centre(box), *elliptic_reference(box, alpha, mode)) for box in boxes.tolist()]
    assert np.abs(heat.numpy() - draw_reference(expected, planes.tolist(), (6, H, W))).max() < 1e-6


@pytest.mark.parametrize('radius', ['cornernet', 'mmdet'])
def test_circular(radius):
    boxes, planes = random_boxes(80, seed=1), torch.arange(80) % 6
    heat = draw_heatmaps(circular_gaussians(boxes, W, H, radius), planes, (6, H, W))
    expected = [(*centre(box), *circular_reference(box, radius)) for box in boxes.tolist()]
    assert np.abs(heat.numpy() - draw_reference(expected, planes.tolist(), (6, H, W))).max() < 1e-6


def test_circular_mmdet_is_mmdets_radius():
    from mmdet.models.utils.gaussian_target import gaussian_radius
    boxes = random_boxes(200, seed=2)
    radii = circular_gaussians(boxes, W, H, 'mmdet').radii
    for (rx, ry), (x1, y1, x2, y2) in zip(radii.tolist(), boxes.tolist(), strict=True):
        assert rx == ry == max(0, int(gaussian_radius((torch.tensor(y2 - y1), torch.tensor(x2 - x1)), min_overlap=0.3)))


def test_peaks_are_one_and_small_alpha_is_one_hot():
    boxes = torch.tensor([[3., 4., 11., 9.], [20., 10., 35., 28.]])
    heat = draw_heatmaps(elliptic_gaussians(boxes, W, H, alpha=0.01), torch.tensor([0, 1]), (2, H, W))
    assert heat.sum() == 2 and heat[0, 6, 7] == 1 and heat[1, 19, 27] == 1


def test_no_boxes():
    none = elliptic_gaussians(torch.zeros(0, 4), W, H)
    assert draw_heatmaps(none, torch.zeros(0, dtype=torch.long), (2, H, W)).sum() == 0
    assert circular_gaussians(torch.zeros(0, 4), W, H).radii.shape == (0, 2)


def test_unknown_options():
    with pytest.raises(ValueError, match='continuous'):
        elliptic_gaussians(torch.zeros(0, 4), W, H, sigma_mode='other')
    with pytest.raises(ValueError, match='mmdet'):
        circular_gaussians(torch.zeros(0, 4), W, H, radius='other')
