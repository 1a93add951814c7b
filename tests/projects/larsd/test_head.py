"""The head: loss by hand, learning, predictions; LASA in each head without touching its checkpoint."""

import math

import pytest
import torch
from mmdet.models.utils import unpack_gt_instances
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.hub import get_config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmrotate.registry import MODELS
from mmrotate.structures import RotatedBoxes
from mmsight.projects.larsd.assigner import ShipAssigner
from mmsight.projects.larsd.head import LARSDHead
from mmsight.projects.larsd.lasa import LASA

TEST_CFG = dict(nms_pre=200, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms_rotated', iou_threshold=0.1), max_per_img=50)
ANCHORS = [[(20, 6), (6, 20)], [(50, 12), (12, 50)]]
META = dict(img_shape=(75, 101), ori_shape=(150, 202), scale_factor=(0.5, 0.5))


def head(classes=1, anchors=ANCHORS, **kwargs):
    torch.manual_seed(0)
    limits = () if anchors else (300., )
    module = LARSDHead(classes, 8, dict(type='mmsight.ShipPriors', strides=(4, 8), anchors=anchors, area_limits=limits),
                       feat_channels=8, test_cfg=TEST_CFG, **kwargs)
    module.init_weights()
    return module


def features(images=2, seed=1):
    torch.manual_seed(seed)
    return tuple(torch.randn(images, 8, *size) for size in ((19, 26), (10, 13)))


def ships(boxes, labels=None):
    boxes = torch.tensor(boxes, dtype=torch.float).reshape(-1, 5)
    return InstanceData(bboxes=RotatedBoxes(boxes), labels=torch.tensor(labels or [0] * len(boxes), dtype=torch.long))


BATCH = [ships([[40, 30, 30, 8, 0.3], [70, 50, 12, 44, 0.2], [30, 60, 20, 6, -0.9]], [0, 1, 0]), ships([])]


@pytest.mark.parametrize('anchors', [ANCHORS, None])
def test_loss_equals_eq_2_by_hand(anchors):
    """Focal loss over all that is not ignored, the two regression losses over the positives, each one at a time."""
    module = head(2, anchors)
    cls_scores, bbox_preds = module(features())
    losses = module.loss_by_feat(cls_scores, bbox_preds, BATCH, [META] * 2)
    shapes = [(19, 26), (10, 13)]
    assigned = ShipAssigner()([gt.bboxes.tensor for gt in BATCH], module.prior_generator, shapes)
    priors = torch.cat(module.prior_generator.grid_priors(shapes)).tolist()
    count, cls, distance, angle = 0, 0.0, 0.0, 0.0
    for image in range(2):
        rows = [(scores[image, 2 * k:2 * k + 2, r, c].tolist(), preds[image, 5 * k:5 * k + 5, r, c].tolist())
                for scores, preds, (h, w) in zip(cls_scores, bbox_preds, shapes, strict=True)
                for r in range(h) for c in range(w) for k in range(len(anchors[0]) if anchors else 1)]
        for place, ((logits, t), (x, y, w, h)) in enumerate(zip(rows, priors, strict=True)):
            index = assigned[image, place].item()
            for label, logit in enumerate(logits if index >= 0 else []):
                p = 1 / (1 + math.exp(-logit))
                truth = index > 0 and BATCH[image].labels[index - 1] == label
                cls -= 0.25 * (1 - p)**2 * math.log(p) if truth else 0.75 * p**2 * math.log(1 - p)
            if index > 0:
                count += 1
                cx, cy, bw, bh, a = BATCH[image].bboxes.tensor[index - 1].tolist()
                if a <= -math.pi / 4:
                    bw, bh, a = bh, bw, a + math.pi / 2
                u = (x - cx) * math.cos(a) + (y - cy) * math.sin(a)
                v = (y - cy) * math.cos(a) - (x - cx) * math.sin(a)
                target = [max(0, d) for d in (bh / 2 + v, bw / 2 - u, bh / 2 - v, bw / 2 + u)]
                d = [e / 2 * math.exp(value) for e, value in zip((h, w, h, w), t, strict=False)]
                low = [min(pair) for pair in zip(d, target, strict=True)]
                inter = (low[0] + low[2]) * (low[1] + low[3])
                areas = [(q[0] + q[2]) * (q[1] + q[3]) for q in (d, target)]
                distance -= math.log((inter + 1) / (sum(areas) - inter + 1))
                angle += 10 * (1 - math.cos((2 / (1 + math.exp(-t[4])) - 1) * math.pi / 4 - a))
    assert count > 20
    assert losses['loss_cls'].item() == pytest.approx(cls / count, rel=1e-4)
    assert losses['loss_distance'].item() == pytest.approx(distance / count, rel=1e-4)
    assert losses['loss_angle'].item() == pytest.approx(angle / count, rel=1e-4)


def test_ignored_ships_are_not_learnt_as_background():
    """By data sample, as the training loop hands them: high scores inside an ignored box cost nothing, outside they do."""
    module = head(1)
    sample = DetDataSample(metainfo=META, gt_instances=ships([[20, 20, 30, 8, 0.3]]))
    ignoring = DetDataSample(metainfo=META, gt_instances=sample.gt_instances, ignored_instances=ships([[70, 50, 40, 16, 0.]]))
    cells = [scores.clone().requires_grad_() for scores in module(features(1))[0]]
    regressions = module(features(1))[1]

    def gradient(data_sample):
        instances, ignored, metas = unpack_gt_instances([data_sample])
        loss = module.loss_by_feat(cells, regressions, instances, metas, ignored)['loss_cls']
        return torch.autograd.grad(loss, cells)[0][0].abs().sum(dim=0)  # at stride 4

    assert (gradient(sample) > 0).any(dim=0).any()
    changed = (gradient(sample) > 0) & (gradient(ignoring) == 0)
    x, y = (torch.arange(26) + .5) * 4, (torch.arange(19) + .5) * 4
    inside = (abs(y - 50) <= 8)[:, None] & (abs(x - 70) <= 20)[None]
    assert torch.equal(changed, inside)


@pytest.mark.parametrize('batch', [BATCH, [ships([]), ships([])],
                                   [ships([[-50, -50, 20, 5, 0]]), ships([[1, 1, 0.5, 0.5, 1]])]])
def test_finite_losses_and_a_gradient_everywhere(batch):
    module = head(2, norm_cfg=dict(type='GN', num_groups=4))
    total = sum(module.loss_by_feat(*module(features()), batch, [META] * 2).values())
    total.backward()
    assert torch.isfinite(total)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())


def test_overfits_one_batch_and_finds_its_ships():
    """The whole path: after 150 steps the decoded boxes are the ships, in the original image's pixels."""
    module, x = head(2, norm_cfg=dict(type='GN', num_groups=4)), features()
    # positions are what random features lack
    x = tuple(torch.cat([level[:, :4], torch.stack(torch.meshgrid(
        *(torch.linspace(-1, 1, n) for n in level.shape[-2:]), indexing='ij'))[None].repeat(2, 2, 1, 1)], dim=1) for level in x)
    optimizer = torch.optim.Adam(module.parameters(), lr=2e-2)
    for _ in range(150):
        loss = sum(module.loss_by_feat(*module(x), BATCH, [META] * 2).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.3
    found, empty = module.predict_by_feat(*module(x), batch_img_metas=[META] * 2, rescale=True)
    from mmsight.rotated_iou import rotated_iou
    sure = found[found.scores > 0.5]
    truth = BATCH[0].bboxes.tensor.clone()
    truth[:, :4] *= 2  # scale_factor is a half
    iou = rotated_iou(truth.numpy(), sure.bboxes.tensor.detach().numpy())
    assert len(sure) == 3 and (iou.max(axis=1) > 0.8).all()
    assert sure.labels[iou.argmax(axis=1)].tolist() == [0, 1, 0]
    assert (empty.scores < 0.5).all()


def test_no_batch_norm_over_several_levels():
    with pytest.raises(ValueError, match='running statistics would mix .* GN'):
        head(norm_cfg=dict(type='BN'))


@pytest.mark.parametrize('weight', [0, 0.3])
def test_scores_with_lasa_by_hand(weight):
    """Each candidate of any level, anchor and class: the module at its decoded box, or the mean of that and its own."""
    module = head(2)
    torch.manual_seed(3)
    maps = [torch.randn(1, 4, 19, 26), torch.randn(1, 4, 10, 13)]
    preds = [torch.randn(1, 10, 19, 26) * 0.3, torch.randn(1, 10, 10, 13) * 0.3]
    lasa = dict(pattern='rect9', spread=0.7)
    cfg = ConfigDict(TEST_CFG, lasa=dict(lasa, raw_weight=weight), nms_pre=10_000, score_thr=0.0)
    found, = module.predict_by_feat(maps, preds, batch_img_metas=[META], cfg=cfg, with_nms=False)
    priors = torch.cat(module.prior_generator.grid_priors([(19, 26), (10, 13)]))
    flat = torch.cat([p[0].permute(1, 2, 0).reshape(-1, 5) for p in preds])
    boxes = module.bbox_coder.decode(priors, flat).tensor
    count = len(boxes)
    cells = [19 * 26, 10 * 13]
    level = torch.cat([torch.full((2 * n, ), i) for i, n in enumerate(cells)])
    raw = torch.cat([m[0].sigmoid().permute(1, 2, 0).reshape(-1, 2) for m in maps])
    expected = []
    for label in range(2):
        channel = (torch.arange(count) % 2) * 2 + label
        aligned = LASA(**lasa)([m[0].sigmoid() for m in maps], boxes, level, channel, (4, 8), 2)
        expected.append((weight * raw[:, label].log() + (1 - weight) * aligned.log()).exp())
    # by box and label: a box with another's score would pass a comparison of sorted scores
    expected = {(label, place): score for label in range(2) for place, score in enumerate(expected[label].tolist())}
    nearest = torch.cdist(found.bboxes.tensor, boxes, compute_mode='donot_use_mm_for_euclid_dist').min(dim=1)
    assert len(found) == len(expected) and nearest.values.max() < 1e-3
    places = list(zip(found.labels.tolist(), nearest.indices.tolist(), strict=True))
    assert sorted(places) == sorted(expected)
    assert found.scores.tolist() == pytest.approx([expected[place] for place in places], abs=1e-5)


def rival(name):
    """A head of mmrotate's own configs, narrow, for two classes."""
    path = {'RotatedRetinaHead': 'rotated_retinanet/rotated-retinanet-rbox-le90_r50_fpn_1x_dota.py',
            'RotatedFCOSHead': 'rotated_fcos/rotated-fcos-le90_r50_fpn_1x_dota.py'}.get(
                name, 'rotated_rtmdet/rotated_rtmdet_tiny-3x-dota.py')
    cfg = get_config(f'mmrotate::{path}').model.bbox_head
    cfg.update(num_classes=2, in_channels=8, feat_channels=8, test_cfg=ConfigDict(TEST_CFG))
    cfg.pop('type')
    if 'FCOS' in name:
        cfg.update(strides=[4, 8], regress_ranges=((-1, 64), (64, 1e8)))
    else:
        cfg.anchor_generator.strides = [4, 8]
    if name == 'RotatedRTMDetHead':
        [cfg.pop(key) for key in ('share_conv', 'exp_on_reg')]
    cfg.norm_cfg = dict(type='BN')
    return cfg


def scores_of_a_half(module):
    """Random weights whose scores scatter about 0.5: many candidates, none saturated."""
    for part in module.modules():
        if isinstance(part, torch.nn.Conv2d):
            torch.nn.init.normal_(part.weight, std=0.1)
            if part.bias is not None:
                torch.nn.init.zeros_(part.bias)


RIVALS = ['RotatedRetinaHead', 'RotatedFCOSHead', 'RotatedRTMDetHead', 'RotatedRTMDetSepBNHead']


@pytest.mark.parametrize('name', RIVALS)
def test_drop_in(name):
    """Same checkpoint; without `lasa` the host's predictions, with it others."""
    init_default_scope('mmrotate')
    torch.manual_seed(0)
    theirs = MODELS.build(dict(type=name, **rival(name))).eval()
    ours = MODELS.build(dict(type=f'mmsight.LASA{name}', **rival(name))).eval()
    torch.manual_seed(5)
    scores_of_a_half(theirs)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    with torch.no_grad():
        outs = theirs(features())
        plain = theirs.predict_by_feat(*outs, batch_img_metas=[META] * 2, cfg=theirs.test_cfg, rescale=True)
        same = ours.predict_by_feat(*outs, batch_img_metas=[META] * 2, cfg=ours.test_cfg, rescale=True)
        aligned = ours.predict_by_feat(*outs, batch_img_metas=[META] * 2, cfg=ConfigDict(TEST_CFG, lasa=dict()), rescale=True)
    for a, b, c in zip(plain, same, aligned, strict=True):
        assert torch.equal(a.bboxes.tensor, b.bboxes.tensor) and torch.equal(a.scores, b.scores)
        assert len(a) and len(c) and torch.isfinite(c.scores).all() and (c.scores[:-1] >= c.scores[1:]).all()
        assert not torch.equal(a.scores[:5], c.scores[:5])


@pytest.mark.slow
def test_the_readmes_config_for_other_detectors(root, run, tmp_path):
    """Below one of mmrotate's own configs, in a process that has imported nothing of ours but what the config names."""
    text = (root / 'projects' / 'larsd' / 'README.md').read_text()
    snippet = text[text.index('## Use LASA with other detectors'):].partition('```python\n')[2].partition('```')[0]
    config = tmp_path / 'config.py'
    base = 'mmrotate::rotated_retinanet/rotated-retinanet-rbox-le90_r50_fpn_1x_dota.py'
    config.write_text(f"_base_ = '{base}'\n{snippet}")
    code = '''
import sys
import mmsight
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
cfg = Config.fromfile(sys.argv[1])
init_default_scope(cfg.default_scope)
cfg.model.backbone.init_cfg = None
head = MODELS.build(cfg.model).bbox_head
print(type(head).__name__, head.test_cfg.lasa.pattern)
'''
    assert run('-c', code, config).stdout.splitlines()[-1] == 'LASARotatedRetinaHead diamond9'


def test_softmax_scores_are_refused():
    init_default_scope('mmrotate')
    cfg = rival('RotatedRetinaHead')
    cfg.loss_cls = dict(type='mmdet.CrossEntropyLoss')
    module = MODELS.build(dict(type='mmsight.LASARotatedRetinaHead', **cfg)).eval()
    with torch.no_grad(), pytest.raises(ValueError, match='needs a head with sigmoid scores'):
        module.predict_by_feat(*module(features()), batch_img_metas=[META] * 2, cfg=ConfigDict(TEST_CFG, lasa=dict()))


@pytest.mark.parametrize('name', RIVALS)
def test_drop_in_finds_the_map_that_scored_each_box(name, monkeypatch):
    """With LASA reading the score at the cell of each candidate, the host's own scores come out."""
    init_default_scope('mmrotate')
    torch.manual_seed(0)
    ours = MODELS.build(dict(type=f'mmsight.LASA{name}', **rival(name))).eval()
    torch.manual_seed(5)
    scores_of_a_half(ours)
    found = []

    def at_the_cell(self, score_maps, boxes, levels, channels, strides, num_classes, offset):
        assert num_classes == 2 and offset == (0.5 if name == 'RotatedFCOSHead' else 0)
        values = [scores.flatten(1)[channel, cell] for scores, channel, cell in zip(
            [score_maps[level] for level in levels], channels, cells, strict=True)]
        return torch.stack(values)

    origins = type(ours).origins

    def spy(self, score_maps, labels, cfg):
        nonlocal cells
        result = origins(self, score_maps, labels, cfg)
        cells = result[1]
        found.append(result)
        return result

    cells = None
    monkeypatch.setattr(type(ours), 'origins', spy)
    monkeypatch.setattr(LASA, '__call__', at_the_cell)
    with torch.no_grad():
        outs = ours(features())
        plain = ours.predict_by_feat(*outs, batch_img_metas=[META] * 2, cfg=ours.test_cfg, rescale=True)
        again = ours.predict_by_feat(*outs, batch_img_metas=[META] * 2, cfg=ConfigDict(TEST_CFG, lasa=dict()), rescale=True)
    assert len(found) == 2
    for a, b in zip(plain, again, strict=True):
        assert torch.allclose(a.scores, b.scores) and torch.allclose(a.bboxes.tensor, b.bboxes.tensor)
        assert torch.equal(a.labels, b.labels)
