"""Bow and stern: labels through the augmentation, the comparison of both ends, learning from images with known directions."""

import math

import cv2
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmrotate.structures import RotatedBoxes
from mmsight.projects.larsd import DirectedBoxes, RotatedShipMetric
from mmsight.projects.larsd.bow import PLACES, bow_logits, bow_loss
from mmsight.projects.larsd.metric import judge_headings

from .test_head import META, features, head


def test_the_label_stays_at_the_bow_through_the_augmentation():
    """A white dot is painted at the bow; the transforms of the config move it, and the box's angle must still point to it."""
    init_default_scope('mmrotate')
    rng, kept = np.random.default_rng(0), 0
    np.random.seed(0)
    steps = Compose([
        dict(type='mmdet.RandomFlip', prob=[.25, .25, .25], direction=['horizontal', 'vertical', 'diagonal']),
        dict(type='mmsight.RandomQuarterTurn'),
        dict(type='RandomResize', resize_type='mmdet.Resize', scale=(240, 240), ratio_range=(.75, 1.33), keep_ratio=True,
             clip_object_border=False),
        dict(type='mmdet.RandomCrop', crop_size=(180, 180), allow_negative_crop=True, bbox_clip_border=False),
        dict(type='mmdet.Pad', size=(200, 200)), dict(type='RandomRotate', prob=.5, angle_range=45)])
    for _ in range(60):
        cx, cy, angle = *rng.uniform(80, 120, 2), rng.uniform(-math.pi, math.pi)
        image = np.zeros((200, 240, 3), np.uint8)
        dot = round(cx + math.cos(angle) * 30), round(cy + math.sin(angle) * 30)
        cv2.circle(image, dot, 4, (255, 255, 255), -1)
        found = steps(dict(img=image, img_shape=image.shape[:2], gt_bboxes=DirectedBoxes([[cx, cy, 60, 8, angle]]),
                           gt_bboxes_labels=np.zeros(1, int), gt_ignore_flags=np.zeros(1, bool)))
        rows, columns = np.nonzero(found['img'][..., 0] > 128)
        if len(found['gt_bboxes']) and len(rows) > 20:
            kept += 1
            x, y, w, _, a = found['gt_bboxes'].tensor[0].tolist()
            bow = x + math.cos(a) * w / 2, y + math.sin(a) * w / 2
            assert math.dist(bow, (columns.mean() + .5, rows.mean() + .5)) < 5
    assert kept > 30 and type(found['gt_bboxes']) is DirectedBoxes


def test_flips_give_the_rectangles_of_the_host():
    boxes = torch.tensor([[40.0, 30, 30, 8, 2.5], [20, 10, 12, 9, -0.3]])
    for direction in ('horizontal', 'vertical', 'diagonal'):
        ours, theirs = DirectedBoxes(boxes), RotatedBoxes(boxes)
        ours.flip_((60, 80), direction)
        theirs.flip_((60, 80), direction)
        turned = (ours.tensor - theirs.tensor)[:, 4]
        torch.testing.assert_close(ours.tensor[:, :4], theirs.tensor[:, :4])
        torch.testing.assert_close(turned.sin(), torch.zeros(2), atol=1e-5, rtol=0)


def test_logits_are_the_difference_of_both_ends():
    """On maps that are linear in x and y, what is read between cells is known."""
    def value(x, y, level):
        return (0.03 if level else 0.1) * x - 0.02 * y + level

    strides, sizes = (4, 8), ((30, 40), (15, 20))
    maps = []
    for level, ((height, width), stride) in enumerate(zip(sizes, strides, strict=True)):
        y, x = np.mgrid[:height, :width] * stride + stride / 2
        maps.append(torch.from_numpy(value(x, y, level)).float()[None, None].repeat(2, 1, 1, 1))
        maps[-1][1] *= -1  # the second image
    boxes = [[80, 60, 50, 8, 0.4], [80, 60, 50, 8, 0.4 + math.pi], [70, 55, 10, 40, 0.4], [80, 60, 50, 8, 0.4]]
    image, expected = torch.tensor([0, 0, 0, 1]), []
    for (cx, cy, w, h, a), number in zip(boxes, image.tolist(), strict=True):
        a, half = (a, w / 2) if w >= h else (a + math.pi / 2, h / 2)
        dx, dy = math.cos(a) * half, math.sin(a) * half
        reads = [[value(cx + side * p * dx, cy + side * p * dy, level) for p in PLACES for level in (0, 1)] for side in (1, -1)]
        expected.append((1 - 2 * number) * (sum(reads[0]) - sum(reads[1])) / len(PLACES))
    logits = bow_logits(maps, torch.tensor(boxes), image, strides)
    torch.testing.assert_close(logits, torch.tensor(expected), rtol=1e-4, atol=1e-4)
    assert expected[0] > 0.5 and logits[1] == pytest.approx(-logits[0].item(), rel=1e-4)
    # the third reaches over the border, and says nothing
    boxes = torch.tensor([boxes[0], boxes[1], [155, 60, 50, 8, 0]])
    p = 1 / (1 + math.exp(-expected[0]))
    loss = bow_loss(maps, boxes, torch.tensor([0, 0, 0]), strides).item()
    assert loss == pytest.approx(-(math.log(p) + math.log(1 - p)) / 2, rel=1e-3)
    assert bow_loss(maps, boxes[2:], torch.tensor([0]), strides) == 0


def test_the_tower_changes_no_box_and_learns_from_directed_boxes_alone():
    plain, module = head(), head(with_bow=True)
    module.load_state_dict(plain.state_dict(), strict=False)
    with torch.no_grad():
        plain.cls_tower[-1].bias.fill_(0)
        module.cls_tower[-1].bias.fill_(0)
    samples = [DetDataSample(metainfo=META) for _ in range(2)]
    before, after = plain.eval().predict(features(), samples, True), module.eval().predict(features(), samples, True)
    unscaled = module.predict(features(), samples, False)
    for ours, theirs, inner in zip(after, before, unscaled, strict=True):
        assert len(ours) == len(theirs) > 10
        for name in ('bboxes', 'scores', 'labels'):
            values = [getattr(getattr(part, name), 'tensor', getattr(part, name)) for part in (ours, theirs)]
            assert torch.equal(*values), name
        assert ((ours.bow_probabilities > 0) & (ours.bow_probabilities < 1)).all()
        # boxes in the pixels of the file are compared where the network saw them
        torch.testing.assert_close(ours.bow_probabilities, inner.bow_probabilities)
    assert 'bow_probabilities' not in before[0]
    box = torch.tensor([[40.0, 30, 30, 8, 0.3]])
    for kind, taught in ((DirectedBoxes, True), (RotatedBoxes, False)):
        for sample in samples:
            sample.gt_instances = InstanceData(bboxes=kind(box), labels=torch.zeros(1, dtype=torch.long))
            sample.ignored_instances = InstanceData(bboxes=kind(box[:0]), labels=torch.zeros(0, dtype=torch.long))
        loss = module.loss(features(), samples)['loss_bow']
        assert (loss > 0.1) == taught
        loss.backward()
    assert set(plain.loss(features(), samples)) == {'loss_cls', 'loss_distance', 'loss_angle'}


def test_learns_the_bright_end():
    """Ships of which one end is bright in a channel: the tower finds out which, also where they point elsewhere."""
    module, rng = head(with_bow=True), np.random.default_rng(0)
    optimizer = torch.optim.Adam(module.bow_tower.parameters(), 1e-2)

    def draw():
        boxes = np.stack([rng.uniform(35, 65, 8), rng.uniform(30, 45, 8), rng.uniform(30, 50, 8), np.full(8, 8.0),
                          rng.uniform(-math.pi, math.pi, 8)], axis=1).astype(np.float32)
        maps = [rng.normal(0, .1, (8, 8, *size)).astype(np.float32) for size in ((19, 26), (10, 13))]
        for level, stride in zip(maps, (4, 8), strict=True):
            y, x = np.mgrid[:level.shape[2], :level.shape[3]] * stride + stride / 2
            for number, (cx, cy, length, _, angle) in enumerate(boxes):
                bow = cx + math.cos(angle) * length / 2, cy + math.sin(angle) * length / 2
                level[number, 3] += np.hypot(x - bow[0], y - bow[1]) < 10
        return [torch.from_numpy(level) for level in maps], torch.from_numpy(boxes)

    for _ in range(60):
        maps, boxes = draw()
        loss = bow_loss([module.bow_tower(level) for level in maps], boxes, torch.arange(8), (4, 8))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    maps, boxes = draw()
    boxes[:4, 4] += math.pi  # these point to the stern
    found = bow_logits([module.bow_tower(level) for level in maps], boxes, torch.arange(8), (4, 8)) > 0
    assert found.tolist() == [False] * 4 + [True] * 4


def test_metric_of_headings():
    """Three ships: found with the right end, found with the wrong one, and missed; one detection is below the threshold."""
    gt = torch.tensor([[50.0, 50, 40, 8, 2.0], [150, 50, 40, 8, -1.0], [250, 50, 40, 8, 0.0]])
    found = torch.tensor([[50, 50, 40, 8, 2.0 - math.pi], [150, 50, 8, 40, -1.0 + math.pi / 2], [250, 50, 40, 8, 0]])
    sample = dict(gt_instances=dict(bboxes=gt, labels=torch.zeros(3, dtype=torch.long)), pred_instances=dict(
        bboxes=RotatedBoxes(found), scores=torch.tensor([.9, .8, .1]), labels=torch.zeros(3, dtype=torch.long),
        bow_probabilities=torch.tensor([.2, .7, .9])))
    metric = RotatedShipMetric(headings=True)
    metric.dataset_meta = dict(classes=('ship', ))
    metric.process({}, [sample])
    # the first points to the stern, and it is sure of that; the long side of the second is h, a quarter turn further
    values = metric.evaluate(1)
    assert values['rotated/heading_count'] == 2 and values['rotated/heading_accuracy'] == 0.5
    assert values['rotated/heading_probability'] == pytest.approx(0.75)
    metric.headings = False
    metric.process({}, [sample])
    assert 'rotated/heading_count' not in metric.evaluate(1)
    assert math.isnan(judge_headings(np.zeros((0, 3)), 0.5)['heading_accuracy'])


def test_interval_is_wilsons():
    right, count, z = 52, 60, 1.959964
    found = np.stack([np.ones(count), np.arange(count) < right, np.full(count, .9)], axis=1)
    values = judge_headings(found, 0.5)
    p = right / count
    centre = (p + z**2 / 2 / count) / (1 + z**2 / count)
    reach = z / (1 + z**2 / count) * math.sqrt(p * (1 - p) / count + z**2 / 4 / count**2)
    assert (values['heading_low'], values['heading_high']) == pytest.approx((centre - reach, centre + reach), abs=1e-6)


def test_a_sliding_window_keeps_bows():
    """Each tile says of each ship how far it is right; the merged ships must say it, too."""
    from mmsight.projects.larsd.sliding_window import detect_by_tiles
    image = torch.zeros(3, 96, 224, dtype=torch.uint8)
    for x in (30, 100, 180):
        image[:, 40:48, x - 15:x + 15] = x

    class Model:
        def test_step(self, data):
            for part, sample in zip(data['inputs'], data['data_samples'], strict=True):
                found = [(value.item(), np.flatnonzero((part[0] == value).any(0))) for value in part[0].unique() if value]
                found = [(value, columns.mean() + .5) for value, columns in found if len(columns) == 30]
                boxes = torch.tensor([[x, 44, 30, 8, 0] for _, x in found]).reshape(-1, 5)
                values = torch.tensor([value / 255 for value, _ in found])
                sample.pred_instances = InstanceData(bboxes=RotatedBoxes(boxes.float()), scores=1 - values,
                                                     labels=torch.zeros(len(boxes), dtype=torch.long), bow_probabilities=values)
            return data['data_samples']

    found = detect_by_tiles(Model(), image, tile=128, overlap=64)
    assert found.bboxes[:, 0].tolist() == [30, 100, 180]
    torch.testing.assert_close(found.bow_probabilities, torch.tensor([30, 100, 180]) / 255)
