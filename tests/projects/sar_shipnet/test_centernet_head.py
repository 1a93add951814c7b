"""Loss by hand, decoding as the inverse of encoding, and no need for `border`."""

import math

import pytest
import torch
from mmengine.structures import InstanceData
from mmsight.projects.sar_shipnet import GaussianCenterNetHead

META = dict(img_shape=(64, 96), ori_shape=(32, 48), scale_factor=(2., 2.))


def head(**kwargs):
    torch.manual_seed(0)
    module = GaussianCenterNetHead(**{'in_channels': 8, 'feat_channels': 8, 'num_classes': 1, **kwargs})
    module.init_weights()
    return module.eval()


def instances(boxes, labels=None):
    boxes = torch.tensor(boxes, dtype=torch.float).reshape(-1, 4)
    return InstanceData(bboxes=boxes, labels=torch.tensor(labels if labels is not None else [0] * len(boxes), dtype=torch.long))


def test_starts_near_a_tenth():
    heatmap, _, _ = head()((torch.zeros(1, 8, 5, 7), ))
    assert torch.allclose(heatmap, torch.tensor(0.1), atol=1e-3)


def test_last_weights_start_apart():
    """From 0, Adam makes all of them equally negative on real images: no score then exceeds the sigmoid of the bias."""
    last = head(in_channels=64, feat_channels=64).heatmap_head[-1].weight
    assert last.min() < -0.05 and last.max() > 0.05


def test_loss_equals_eq_5_by_hand():
    """Two centres in two images; the sums over both channels are divided by the number of centres."""
    torch.manual_seed(1)
    heatmap, wh, offset = torch.rand(2, 1, 16, 24) * 0.8 + 0.1, torch.randn(2, 2, 16, 24), torch.rand(2, 2, 16, 24)
    gts = [instances([[10, 12, 34, 30]]), instances([[40, 8, 90, 60]])]
    losses = head(gaussian=dict(shape='elliptic', alpha=0.01)).loss_by_feat(heatmap, wh, offset, gts, [META] * 2)
    cells = [((10 + 34) / 8, (12 + 30) / 8, 24 / 4, 18 / 4), ((40 + 90) / 8, (8 + 60) / 8, 50 / 4, 52 / 4)]
    focal = l1_wh = l1_offset = 0.0
    for i, (cx, cy, w, h) in enumerate(cells):
        x, y = int(cx), int(cy)
        for row in range(16):
            for column in range(24):
                p = heatmap[i, 0, row, column].item()
                focal -= (1 - p)**2 * math.log(p) if (row, column) == (y, x) else p * p * math.log(1 - p)
        l1_wh += abs(wh[i, 0, y, x].item() - w) + abs(wh[i, 1, y, x].item() - h)
        l1_offset += abs(offset[i, 0, y, x].item() - (cx - x)) + abs(offset[i, 1, y, x].item() - (cy - y))
    assert losses['loss_center_heatmap'].item() == pytest.approx(focal / 2, rel=1e-5)
    assert losses['loss_wh'].item() == pytest.approx(0.1 * l1_wh / 2, rel=1e-5)
    assert losses['loss_offset'].item() == pytest.approx(l1_offset / 2, rel=1e-5)


def test_ignored_ships_are_not_background():
    """What the map says inside a difficult ship costs nothing, unless another ship's Gaussian claims the cell."""
    torch.manual_seed(1)
    heatmap, maps = torch.rand(2, 1, 16, 24) * 0.8 + 0.1, torch.zeros(2, 2, 16, 24)
    gts, ignored = [instances([[8, 8, 40, 40]]), instances([])], [instances([[30, 30, 62, 58]]), None]

    def loss(values):
        return head().loss_by_feat(values, maps, maps, gts, [META] * 2, ignored)['loss_center_heatmap'].item()

    changed = {}
    for name, (i, x, y) in dict(inside=(0, 12, 12), edge=(0, 15, 14), claimed=(0, 8, 8), outside=(0, 17, 12),
                                other=(1, 12, 12)).items():
        values = heatmap.clone()
        values[i, 0, y, x] = 0.95
        changed[name] = loss(values) != pytest.approx(loss(heatmap))
    assert changed == dict(inside=False, edge=False, claimed=True, outside=True, other=True)


@pytest.mark.parametrize('gts', [[instances([]), instances([])], [instances([]), instances([[1, 1, 9, 9]])],
                                 [instances([[200, 200, 210, 210]]), instances([[63, 60, 64, 64]])]])
def test_empty_images_and_boxes_off_the_map_give_finite_losses(gts):
    module = head(num_classes=3).train()
    losses = module.loss_by_feat(*module((torch.randn(2, 8, 16, 24), )), gts, [META] * 2)
    total = sum(losses.values())
    total.backward()
    assert torch.isfinite(total)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())


@pytest.mark.parametrize('shape', ['elliptic', 'circular'])
@pytest.mark.parametrize('rescale', [True, False])
def test_decoding_inverts_encoding(shape, rescale):
    module = head(num_classes=3, gaussian=dict(shape=shape), test_cfg=dict(topk=50, score_thr=0.99))
    gt = [instances([[8, 10, 31, 22], [50, 3, 71, 40], [60, 50, 95, 63]], [2, 0, 1]), instances([[5, 5, 17, 55]], [1])]
    target = module.get_targets([g.bboxes for g in gt], [g.labels for g in gt], (2, 3, 16, 24))
    wh, offset = torch.zeros(2, 2, 16, 24), torch.zeros(2, 2, 16, 24)
    x, y = target['centre'].unbind(1)
    wh[target['image'], :, y, x], offset[target['image'], :, y, x] = target['wh'], target['offset']
    decoded = module.predict_by_feat(target['heatmap'], wh, offset, [META] * 2, rescale=rescale)
    for found, expected in zip(decoded, gt, strict=True):
        order = found.labels.argsort()
        wanted = expected.labels.argsort()
        boxes = expected.bboxes[wanted] / (2 if rescale else 1)
        assert found.labels[order].tolist() == expected.labels[wanted].tolist()
        assert torch.allclose(found.bboxes[order], boxes, atol=1e-4)


def test_nms_threshold_and_limit():
    heatmap = torch.zeros(1, 1, 16, 24)
    heatmap[0, 0, 5, 5], heatmap[0, 0, 5, 8], heatmap[0, 0, 12, 18] = 0.9, 0.8, 0.3
    maps = (heatmap, torch.full((1, 2, 16, 24), 8.), torch.zeros(1, 2, 16, 24), [META])
    nms = dict(type='nms', iou_threshold=0.3)
    assert len(head(test_cfg=dict(score_thr=0.1)).predict_by_feat(*maps)[0]) == 3
    assert head(test_cfg=dict(score_thr=0.1, nms=nms)).predict_by_feat(*maps)[0].scores.tolist() == pytest.approx([0.9, 0.3])
    assert len(head(test_cfg=dict(score_thr=0.5)).predict_by_feat(*maps)[0]) == 2
    assert len(head(test_cfg=dict(score_thr=0.1, max_per_img=1)).predict_by_feat(*maps)[0]) == 1


def test_unknown_shape():
    with pytest.raises(ValueError, match='elliptic'):
        head(gaussian=dict(shape='square'))


def test_the_boxes_that_the_code_base_of_repo_circles_drops():
    """Its loop: clip to the cells' indices, then go on where both sides are above 0; other Gaussians keep half a cell."""
    boxes = [[8, 8, 40, 40], [93, 10, 96, 20], [10, 61, 20, 64], [93, 61, 96, 64], [88, 50, 96, 64], [-9, 4, 0, 20]]
    width, height, kept = 24, 16, []
    for x1, y1, x2, y2 in boxes:
        x1, x2 = (min(max(x / 4, 0), width - 1) for x in (x1, x2))
        y1, y2 = (min(max(y / 4, 0), height - 1) for y in (y1, y2))
        if x2 - x1 > 0 and y2 - y1 > 0:
            kept.append([x1, y1, x2, y2])
    assert len(kept) == 2
    gts = instances(boxes)
    for gaussian, count in ((dict(shape='circular'), 2), (dict(shape='circular', radius='mmdet'), 5),
                            (dict(shape='elliptic'), 5)):
        target = head(gaussian=gaussian).get_targets([gts.bboxes], [gts.labels], (1, 1, height, width))
        assert len(target['image']) == len(target['gaussians'].centres) == len(target['wh']) == count
        assert (target['heatmap'] == 1).sum() == count
