"""The stand-in ops, called through mmcv, against plain loops and other libraries."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmcv import ops
from shapely import affinity, box

from mmsight.compat.mmcv_ops import extension
from mmsight.rotated_iou import rotated_iou as exact_iou


def random_boxes(rng, count, size=100):
    corners = rng.uniform(0, size, (count, 2))
    return torch.from_numpy(np.hstack([corners, corners + rng.uniform(1, 40, (count, 2))])).float()


def random_rotated(rng, count, size=100):
    boxes = np.hstack([rng.uniform(0, size, (count, 2)), rng.uniform(2, 40, (count, 2)), rng.uniform(-4, 4, (count, 1))])
    return torch.from_numpy(boxes).float()


def iou(a, b, offset=0):
    w, h = min(a[2], b[2]) - max(a[0], b[0]) + offset, min(a[3], b[3]) - max(a[1], b[1]) + offset
    shared = max(w, 0) * max(h, 0)
    area = [(x[2] - x[0] + offset) * (x[3] - x[1] + offset) for x in (a, b)]
    return shared / (sum(area) - shared)


def greedy(overlap, scores, threshold):
    """Indices kept by plain greedy suppression."""
    kept = []
    for index in sorted(range(len(scores)), key=lambda k: -scores[k]):
        if all(overlap(index, other) <= threshold for other in kept):
            kept.append(index)
    return kept


def clip_area(a, b):
    """Intersection area of two convex polygons (n, 2) by Sutherland and Hodgman, without any library."""
    polygon = list(a)
    for i in range(len(b)):
        p, q = b[i], b[(i + 1) % len(b)]

        def side(r, p=p, q=q):
            return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

        clipped = []
        for j in range(len(polygon)):
            r, s = polygon[j], polygon[(j + 1) % len(polygon)]
            if side(r) >= 0:
                clipped.append(r)
            if side(r) * side(s) < 0:
                t = side(r) / (side(r) - side(s))
                clipped.append((r[0] + t * (s[0] - r[0]), r[1] + t * (s[1] - r[1])))
        polygon = clipped
        if not polygon:
            return 0.0
    x, y = np.array(polygon).T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def corners(rotated):
    cx, cy, w, h, angle = rotated
    c, s = math.cos(angle), math.sin(angle)
    return [(cx + x * c - y * s, cy + x * s + y * c)
            for x, y in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))]


def rotated_iou(a, b):
    shared = clip_area(corners(a), corners(b))
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


@pytest.mark.parametrize('offset', [0, 1])
def test_nms(offset):
    rng = np.random.default_rng(0)
    for _ in range(20):
        boxes, scores = random_boxes(rng, 100), torch.from_numpy(rng.permutation(100) / 100).float()
        dets, kept = ops.nms(boxes, scores, 0.3, offset)
        rows = boxes.tolist()
        assert kept.tolist() == greedy(lambda i, j, rows=rows: iou(rows[i], rows[j], offset), scores.tolist(), 0.3)
        assert torch.equal(dets, torch.cat([boxes[kept], scores[kept, None]], dim=1))


@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
def test_soft_nms(method):
    rng = np.random.default_rng(1)
    for _ in range(10):
        boxes, scores = random_boxes(rng, 60), torch.from_numpy(rng.permutation(60) / 60).float()
        dets, kept = ops.soft_nms(boxes, scores, iou_threshold=0.3, sigma=0.5, min_score=0.05, method=method)
        rows, left = boxes.tolist(), dict(enumerate(scores.tolist()))
        expected = []
        while left:
            best = max(left, key=left.get)
            expected.append((best, left.pop(best)))
            for other in list(left):
                overlap = iou(rows[best], rows[other])
                if method == 'gaussian':
                    left[other] *= math.exp(-overlap**2 / 0.5)
                elif overlap >= 0.3:
                    left[other] *= 1 - overlap if method == 'linear' else 0
                if left[other] < 0.05:
                    del left[other]
        assert kept.tolist() == [index for index, _ in expected]
        assert dets[:, 4].tolist() == pytest.approx([score for _, score in expected], abs=1e-5)


def test_rotated_iou_of_thousands():
    rng = np.random.default_rng(2)
    first, second = random_rotated(rng, 60, 60), random_rotated(rng, 50, 60)
    found = ops.box_iou_rotated(first, second)
    expected = [[rotated_iou(a, b) for b in second.tolist()] for a in first.tolist()]
    assert np.abs(found.numpy() - np.array(expected)).max() < 1e-4
    aligned = ops.box_iou_rotated(first[:50], second, aligned=True)
    assert torch.allclose(aligned, found[:50].diagonal(), atol=1e-6)


def test_rotated_iou_of_known_pairs():
    square = torch.tensor([[0., 0., 2., 2., 0.]])
    cases = {(0, 0, 2, 2, math.pi / 2): 1, (2, 0, 2, 2, 0): 0, (0, 0, 1, 1, 0.3): 0.25, (9, 9, 1, 1, 0): 0, (0, 0, 0, 0, 0): 0}
    for other, expected in cases.items():
        assert ops.box_iou_rotated(square, torch.tensor([other]).float()).item() == pytest.approx(expected, abs=1e-6)
    inner = torch.tensor([[0., 0., 1., 1., 0.3]])
    assert ops.box_iou_rotated(inner, square, mode='iof').item() == pytest.approx(1)


def test_the_clip_used_above_agrees_with_shapely():
    rng = np.random.default_rng(3)
    for a, b in zip(random_rotated(rng, 200, 30).tolist(), random_rotated(rng, 200, 30).tolist(), strict=True):
        shapes = [affinity.rotate(box(x - w / 2, y - h / 2, x + w / 2, y + h / 2), t, use_radians=True)
                  for x, y, w, h, t in (a, b)]
        assert clip_area(corners(a), corners(b)) == pytest.approx(shapes[0].intersection(shapes[1]).area, abs=1e-6)


@pytest.mark.parametrize('labelled', [False, True])
def test_nms_rotated(labelled):
    rng = np.random.default_rng(4)
    for _ in range(5):
        boxes, scores = random_rotated(rng, 80), torch.from_numpy(rng.permutation(80) / 80).float()
        labels = torch.from_numpy(rng.integers(0, 3, 80)) if labelled else None
        _, kept = ops.nms_rotated(boxes, scores, 0.1, labels)
        rows = boxes.tolist()

        def overlap(i, j, rows=rows, labels=labels):
            return rotated_iou(rows[i], rows[j]) if labels is None or labels[i] == labels[j] else 0

        assert kept.tolist() == greedy(overlap, scores.tolist(), 0.1)


def test_nms_rotated_of_one_box_and_of_equal_boxes():
    square = torch.tensor([[5., 5., 4., 2., 0.4]])
    assert ops.nms_rotated(square, torch.ones(1), 0.5)[1].tolist() == [0]
    assert ops.nms_rotated(square.repeat(4, 1), torch.tensor([.1, .4, .3, .2]), 0.5)[1].tolist() == [1]


def bilinear(image, y, x):
    height, width = image.shape
    if y < -1 or y > height or x < -1 or x > width:
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    y0, x0 = int(y), int(x)
    y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
    dy, dx = y - y0, x - x0
    return (image[y0, x0] * (1 - dy) * (1 - dx) + image[y0, x1] * (1 - dy) * dx + image[y1, x0] * dy * (1 - dx) +
            image[y1, x1] * dy * dx)


@pytest.mark.parametrize('ratio', [0, 2])
@pytest.mark.parametrize('clockwise', [True, False])
def test_roi_align_rotated(ratio, clockwise):
    """Each output cell is the mean of samples on a grid that turns with the box."""
    rng = np.random.default_rng(5)
    image = rng.standard_normal((9, 12))
    rois = [(0, 2., 2., 9., 5., 0.)] + [(0, *row) for row in rng.uniform((-4, -4, 1, 1, -4), (28, 22, 30, 30, 4), (300, 5))]
    found = ops.roi_align_rotated(torch.from_numpy(image)[None, None], torch.tensor(rois).double(), (3, 4), 0.5,
                                  ratio, True, clockwise)
    for k, (_, cx, cy, w, h, angle) in enumerate(rois):
        cx, cy, w, h = cx * 0.5 - 0.5, cy * 0.5 - 0.5, w * 0.5, h * 0.5
        angle = -angle if clockwise else angle
        ny, nx = (ratio, ratio) if ratio else (math.ceil(h / 3), math.ceil(w / 4))
        for i in range(3):
            for j in range(4):
                total = 0.0
                for a in range(ny):
                    for b in range(nx):
                        v = -h / 2 + (i + (a + .5) / ny) * h / 3
                        u = -w / 2 + (j + (b + .5) / nx) * w / 4
                        total += bilinear(image, v * math.cos(angle) - u * math.sin(angle) + cy,
                                          v * math.sin(angle) + u * math.cos(angle) + cx)
                assert found[k, 0, i, j].item() == pytest.approx(total / (ny * nx), abs=1e-4)


def test_roi_align():
    rng = np.random.default_rng(6)
    image = rng.standard_normal((9, 12))
    corners = rng.uniform(-4, 16, (1000, 2))
    rois = torch.from_numpy(np.hstack([np.zeros((1000, 1)), corners, corners + rng.uniform(0, 16, (1000, 2))])).float()
    found = ops.roi_align(torch.from_numpy(image).float()[None, None], rois, (3, 4), 0.5, 2, 'avg', True)
    for k, (_, x1, y1, x2, y2) in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (value * 0.5 - 0.5 for value in (x1, y1, x2, y2))
        for i in range(3):
            for j in range(4):
                samples = [bilinear(image, y1 + (i + (a + .5) / 2) * (y2 - y1) / 3, x1 + (j + (b + .5) / 2) * (x2 - x1) / 4)
                           for a in range(2) for b in range(2)]
                assert found[k, 0, i, j].item() == pytest.approx(np.mean(samples), abs=1e-4)


@pytest.mark.parametrize('op, roi', [(ops.roi_align, [0, 1., 1., 9., 7.]), (ops.roi_align_rotated, [0, 5., 4., 6., 5., 0.4])])
def test_roi_gradients(op, roi):
    x = torch.randn(1, 1, 6, 6, dtype=torch.double, requires_grad=True)
    args = ((2, 2), 0.5, 2, 'avg', True) if op is ops.roi_align else ((2, 2), 0.5, 2, True, True)
    assert torch.autograd.gradcheck(lambda v: op(v, torch.tensor([roi], dtype=torch.double), *args), (x, ))


def test_deformable_convolution_without_offset_is_convolution():
    x, weight = torch.randn(2, 4, 7, 9), torch.randn(6, 4, 3, 3)
    offset, mask = torch.zeros(2, 18, 7, 9), torch.ones(2, 9, 7, 9)
    expected = F.conv2d(x, weight, padding=1)
    assert torch.allclose(ops.deform_conv2d(x, offset, weight, 1, 1), expected, atol=1e-4)
    bias = torch.randn(6)
    found = ops.modulated_deform_conv2d(x, offset, mask * 0.5, weight, bias, 1, 1, 1, 1, 1)
    assert torch.allclose(found, expected * 0.5 + bias[:, None, None], atol=1e-4)


def test_deformable_convolution_with_whole_offsets_shifts_its_samples():
    """Offset (1, 2) at every tap reads the image one row down and two columns right."""
    x, weight = torch.randn(1, 2, 8, 8), torch.randn(3, 2, 3, 3)
    offset = torch.tensor([1., 2.]).repeat(9)[None, :, None, None].expand(1, 18, 8, 8).contiguous()
    shifted = F.pad(x, (0, 2, 0, 1))[..., 1:, 2:]
    inner = (..., slice(1, 6), slice(1, 5))
    found, expected = ops.deform_conv2d(x, offset, weight, 1, 1), F.conv2d(shifted, weight, padding=1)
    assert torch.allclose(found[inner], expected[inner], atol=1e-4)


def test_deformable_convolution_of_random_offsets():
    """Every output of a strided, dilated, grouped layer against a loop; outside the image there are zeros."""
    rng = np.random.default_rng(7)
    x, weight = rng.standard_normal((2, 4, 11, 10)), rng.standard_normal((6, 2, 3, 3))
    stride, padding, dilation, groups, offset_groups = 2, 1, 2, 2, 2
    height, width = 5, 4
    offset = rng.uniform(-3, 3, (2, offset_groups * 18, height, width))
    mask = rng.uniform(0, 1, (2, offset_groups * 9, height, width))

    def sample(image, y, x):
        y0, x0 = math.floor(y), math.floor(x)
        return sum(image[yy, xx] * (1 - abs(y - yy)) * (1 - abs(x - xx)) for yy in (y0, y0 + 1) for xx in (x0, x0 + 1)
                   if 0 <= yy < image.shape[0] and 0 <= xx < image.shape[1])

    plain, modulated = np.zeros((2, 6, height, width)), np.zeros((2, 6, height, width))
    for n, i, j, channel, tap in np.ndindex(2, height, width, 4, 9):
        moves = channel // 2 * 9 + tap  # two channels share one offset group
        y = i * stride - padding + tap // 3 * dilation + offset[n, 2 * moves, i, j]
        z = j * stride - padding + tap % 3 * dilation + offset[n, 2 * moves + 1, i, j]
        outputs = slice(channel // 2 * 3, channel // 2 * 3 + 3)  # and feed three outputs
        value = sample(x[n, channel], y, z) * weight[outputs, channel % 2, tap // 3, tap % 3]
        plain[n, outputs, i, j] += value
        modulated[n, outputs, i, j] += value * mask[n, moves, i, j]
    x, weight, offset, mask = map(torch.from_numpy, (x, weight, offset, mask))
    found = ops.deform_conv2d(x, offset, weight, stride, padding, dilation, groups, offset_groups)
    np.testing.assert_allclose(found.numpy(), plain, atol=1e-6)
    found = ops.modulated_deform_conv2d(x, offset, mask, weight, None, stride, padding, dilation, groups, offset_groups)
    np.testing.assert_allclose(found.numpy(), modulated, atol=1e-6)


def test_deformable_gradients():
    x, weight = (torch.randn(*shape, dtype=torch.double, requires_grad=True) for shape in ((1, 2, 4, 4), (2, 2, 3, 3)))
    offset = (torch.rand(1, 18, 4, 4, dtype=torch.double) * 0.6 + 0.2).requires_grad_()
    mask = torch.rand(1, 9, 4, 4, dtype=torch.double, requires_grad=True)
    bias = torch.randn(2, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *v: ops.deform_conv2d(*v, 1, 1), (x, offset, weight))
    assert torch.autograd.gradcheck(lambda x, o, m, w, b: ops.modulated_deform_conv2d(x, o, m, w, b, 1, 1, 1, 1, 1),
                                    (x, offset, mask, weight, bias))


def test_differentiable_rotated_iou():
    """Through mmcv's diff_iou_rotated_2d: values against shapely, of equal and of far boxes too, gradients by differences."""
    first, second = (random_rotated(np.random.default_rng(seed), 200, size=40).double() for seed in (5, 6))
    second[:20], second[20:40, :2] = first[:20], first[20:40, :2] + 500
    expected = torch.diagonal(torch.from_numpy(exact_iou(first.numpy(), second.numpy())))
    found = ops.diff_iou_rotated_2d(first[None], second[None])[0]
    assert torch.allclose(found, expected, atol=1e-6) and (found[20:40] == 0).all()
    assert (expected[40:] > 0.05).sum() > 50
    assert torch.autograd.gradcheck(lambda a: ops.diff_iou_rotated_2d(a[None], second[None, 40:60]),
                                    first[40:60].requires_grad_())


def test_sigmoid_focal_loss():
    """Of logits of three classes, background included, by loops; gradients by differences; its means and sums are mmcv's."""
    torch.manual_seed(0)
    logits = (torch.randn(20, 3, dtype=torch.double) * 4).requires_grad_()
    labels = torch.randint(4, (20, ))
    assert (labels == 3).any() and all((labels == label).any() for label in range(3))
    found = ops.sigmoid_focal_loss(logits, labels, 1.5, 0.3, None, 'none')
    for row, column in np.ndindex(20, 3):
        p = 1 / (1 + math.exp(-logits[row, column].item()))
        expected = -0.3 * (1 - p)**1.5 * math.log(p) if labels[row] == column else -0.7 * p**1.5 * math.log(1 - p)
        assert found[row, column].item() == pytest.approx(expected, rel=1e-9)
    assert ops.sigmoid_focal_loss(logits, labels, 1.5, 0.3, None, 'mean').item() == pytest.approx(found.sum().item() / 20)
    assert torch.autograd.gradcheck(lambda x: ops.sigmoid_focal_loss(x, labels, 1.5, 0.3, None, 'sum'), logits)


def test_active_rotated_filter():
    """Every entry of a filter at its place in every rotation, by loops; gradients by differences."""
    torch.manual_seed(0)
    weight = torch.randn(2, 3, 1, 3, 3, dtype=torch.double, requires_grad=True)
    indices = torch.stack([torch.randperm(9) + 1 for _ in range(4)], dim=-1).view(1, 3, 3, 4).to(torch.uint8)
    found = ops.active_rotated_filter(weight, indices).detach().view(2, 4, 3, 9)
    for out, rotation, channel, entry in np.ndindex(2, 4, 3, 9):
        place = indices.view(9, 4)[entry, rotation].item() - 1
        assert found[out, rotation, channel, place] == weight.detach().view(2, 3, 9)[out, channel, entry]
    assert torch.autograd.gradcheck(lambda w: ops.active_rotated_filter(w, indices), weight)


def test_a_missing_op_names_itself_and_the_command():
    with pytest.raises(NotImplementedError, match='carafe_forward.*pip install'):
        extension().carafe_forward()
