"""The loss on every cell against a loop over ships and cells, and what must not count."""

import math

import pytest
import torch
from mmengine.structures import InstanceData
from mmsight.projects.sar_shipnet import DenseCenterNetHead, GaussianCenterNetHead

META = dict(img_shape=(64, 96), ori_shape=(32, 48), scale_factor=(2., 2.))
ALPHA = 0.8


def head(**kwargs):
    torch.manual_seed(0)
    module = DenseCenterNetHead(num_classes=kwargs.pop('num_classes', 1), in_channels=8, feat_channels=8,
                                gaussian=dict(shape='elliptic', alpha=ALPHA), **kwargs)
    module.init_weights()
    return module


def instances(boxes, labels=None):
    boxes = torch.tensor(boxes, dtype=torch.float).reshape(-1, 4)
    return InstanceData(bboxes=boxes, labels=torch.tensor(labels if labels is not None else [0] * len(boxes), dtype=torch.long))


def gaussian(box, x, y):
    """Value of a ship's Gaussian (its whole box inside the map) at a cell, 0 outside its kernel."""
    x1, y1, x2, y2 = (value / 4 for value in box)
    rx, ry = int((x2 - x1) / 2 * ALPHA), int((y2 - y1) / 2 * ALPHA)
    dx, dy = x - int((x1 + x2) / 2), y - int((y1 + y2) / 2)
    if abs(dx) > rx or abs(dy) > ry:
        return 0.
    return math.exp(-dx**2 / (2 * ((2 * rx + 1) / 6)**2) - dy**2 / (2 * ((2 * ry + 1) / 6)**2))


def ciou(a, b):
    """Zheng et al., 2020, of two boxes that overlap by any amount."""
    iw, ih = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    inter = max(iw, 0) * max(ih, 0)
    wa, ha, wb, hb = a[2] - a[0], a[3] - a[1], b[2] - b[0], b[3] - b[1]
    iou = inter / (wa * ha + wb * hb - inter)
    diagonal = (max(a[2], b[2]) - min(a[0], b[0]))**2 + (max(a[3], b[3]) - min(a[1], b[1]))**2
    distance = ((a[0] + a[2] - b[0] - b[2])**2 + (a[1] + a[3] - b[1] - b[3])**2) / 4
    v = 4 / math.pi**2 * (math.atan(wb / hb) - math.atan(wa / ha))**2
    return iou - distance / diagonal - v * v / (1 - iou + v)


@pytest.mark.parametrize('dtype, tolerance', [(torch.float, 1e-4), (torch.bfloat16, 1e-4)])
def test_loss_equals_a_loop(dtype, tolerance):
    """Ships of two classes, two of one class overlapping, an ignored box over a part of one, and an image without ships."""
    torch.manual_seed(1)
    ships = [[([8, 8, 60, 36], 0), ([36, 12, 84, 48], 0), ([40, 40, 90, 60], 1)], [([20, 20, 34, 30], 1)], []]
    ignored = [[], [[30, 24, 70, 50]], []]
    heatmap, wh = torch.rand(3, 2, 16, 24) * 0.9 + 0.05, torch.rand(3, 2, 16, 24) * 12 + 1
    heatmap, wh, offset = (part.to(dtype) for part in (heatmap, wh, torch.randn(3, 2, 16, 24)))
    with torch.autocast('cpu', torch.bfloat16, enabled=dtype == torch.bfloat16):
        losses = head(num_classes=2).loss_by_feat(
            heatmap, wh, offset, [instances([b for b, _ in part], [k for _, k in part]) for part in ships], [META] * 3,
            [instances(part) if part else None for part in ignored])
    focal = iou = l1_wh = l1_offset = 0.
    for i, part in enumerate(ships):
        sums = [0.] * len(part)
        terms = [[] for _ in part]
        for y in range(16):
            for x in range(24):
                values = [gaussian(box, x, y) for box, _ in part]
                for k in range(2):
                    target = max((v for v, (_, label) in zip(values, part, strict=True) if label == k), default=0.)
                    p = heatmap[i, k, y, x].item()
                    covered = any(x1 / 4 < x + 1 and x < x2 / 4 and y1 / 4 < y + 1 and y < y2 / 4
                                  for x1, y1, x2, y2 in ignored[i])
                    if target or not covered:
                        focal -= abs(target - p)**2 * (target * math.log(p) + (1 - target) * math.log(1 - p))
                    for n, (box, label) in enumerate(part):
                        if label == k and values[n] and values[n] == target:
                            w, h = wh[i, :, y, x].tolist()
                            ox, oy = offset[i, :, y, x].tolist()
                            real = [value / 4 for value in box]
                            cx, cy = (real[0] + real[2]) / 2, (real[1] + real[3]) / 2
                            predicted = [x + ox - w / 2, y + oy - h / 2, x + ox + w / 2, y + oy + h / 2]
                            sums[n] += values[n]
                            terms[n].append((values[n], 1 - ciou(predicted, real),
                                             abs(w - real[2] + real[0]) + abs(h - real[3] + real[1]),
                                             abs(x + ox - cx) + abs(y + oy - cy)))
        for total, rows in zip(sums, terms, strict=True):
            iou += sum(v * a for v, a, _, _ in rows) / total
            l1_wh += sum(v * b for v, _, b, _ in rows) / total
            l1_offset += sum(v * c for v, _, _, c in rows) / total
    assert losses['loss_center_heatmap'].item() == pytest.approx(focal / 4, rel=tolerance)
    assert losses['loss_iou'].item() == pytest.approx(iou / 4, rel=tolerance)
    assert losses['loss_wh'].item() == pytest.approx(0.1 * l1_wh / 4, rel=tolerance)
    assert losses['loss_offset'].item() == pytest.approx(0.1 * l1_offset / 4, rel=tolerance)
    assert all(value.dtype == torch.float for value in losses.values())


def test_perfect_maps_cost_nothing_and_decode_to_the_ships():
    boxes = [[8, 10, 31, 22], [50, 3, 71, 40], [60, 46, 90, 59]]
    module = head(test_cfg=dict(topk=50, score_thr=0.99)).eval()
    target = module.get_targets([torch.tensor(boxes).float()], [torch.zeros(3, dtype=torch.long)], (1, 1, 16, 24))
    wh, offset = torch.zeros(1, 2, 16, 24), torch.zeros(1, 2, 16, 24)
    for box in boxes:
        x1, y1, x2, y2 = (value / 4 for value in box)
        for y in range(16):
            for x in range(24):
                if gaussian(box, x, y):
                    wh[0, :, y, x] = torch.tensor([x2 - x1, y2 - y1])
                    offset[0, :, y, x] = torch.tensor([(x1 + x2) / 2 - x, (y1 + y2) / 2 - y])
    losses = module.loss_by_feat(target['heatmap'], wh, offset, [instances(boxes)], [META])
    assert {key: value.item() for key, value in losses.items()} == pytest.approx(dict.fromkeys(losses, 0), abs=1e-5)
    found, = module.predict_by_feat(target['heatmap'], wh, offset, [META], rescale=False)
    assert torch.allclose(found.bboxes[found.bboxes[:, 0].argsort()], torch.tensor(boxes).float(), atol=1e-4)


@pytest.mark.parametrize('gts', [[[], []], [[], [[1, 1, 9, 9]]], [[[200, 200, 210, 210]], [[63, 60, 64, 64]]]])
def test_empty_images_and_boxes_off_the_map_give_finite_losses(gts):
    module = head(num_classes=3).train()
    torch.nn.init.normal_(module.heatmap_head[-1].weight, std=0.01)  # starts at 0, which stops the gradient behind it
    total = sum(module.loss_by_feat(*module((torch.randn(2, 8, 16, 24), )), [instances(part) for part in gts],
                                    [META] * 2).values())
    total.backward()
    assert torch.isfinite(total)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())


def test_weights_are_those_of_the_paper_s_head():
    paper = GaussianCenterNetHead(num_classes=1, in_channels=8, feat_channels=8)
    head().load_state_dict(paper.state_dict())
