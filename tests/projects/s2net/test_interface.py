"""The contract of detect-and-describe methods and the self-supervision hook, with a third, small method."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmsight.projects.s2net import R2D2, D2Net, DetectDescribe, Keypoints, SelfSupervisedMatchingHook
from mmsight.projects.s2net.geometry import pixel_grid
from torch import nn


class TinyPoint(DetectDescribe):
    """A SuperPoint-like method in one class: cells of 4 pixels with one score and a descriptor, a contrastive loss."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(3, 9, 4, stride=4)
        self.batches = []

    def extract(self, images):
        self.batches.append(len(images))
        raw = self.backbone(self.normalise(images))
        return dict(descriptors=F.normalize(raw[:, :8], dim=1), scores=raw[:, 8:].sigmoid())

    def loss(self, pair):
        first, second, flow = pair
        known = torch.isfinite(flow[:, 2::4, 2::4]).all(dim=-1)
        distance = (first['descriptors'] - second['descriptors']).square().sum(dim=1)
        return dict(loss_contrast=(distance * known).mean())

    def detect(self, image, max_keypoints, mask=None):
        found = self.extract(image[None])
        scores, best = found['scores'].flatten().topk(max_keypoints)
        width = found['scores'].shape[3]
        points = torch.stack([best % width, best // width], dim=1) * 4 + 1.5
        return Keypoints(points, found['descriptors'][0].flatten(1).T[best], scores)


def batch(side=32, count=2):
    torch.manual_seed(0)
    return torch.randint(0, 256, (count, 2, 3, side, side), dtype=torch.uint8), pixel_grid(side, side).expand(count, -1, -1, -1)


def runner(model, iteration=0):
    return SimpleNamespace(model=model, iter=iteration, message_hub=MessageHub.get_instance('test_interface'))


@pytest.mark.parametrize('build', [lambda: R2D2((8, ) * 6, 16), lambda: D2Net('random', min_correspondences=8)])
def test_mixed_precision_is_for_the_network_alone(build, monkeypatch):
    torch.manual_seed(0)
    model = build()
    images, flow = batch(64)
    flow = flow + 0.25  # places that bfloat16 does not hold
    seen = []
    loss = model.loss
    monkeypatch.setattr(model, 'loss', lambda pair: seen.append((pair, torch.is_autocast_enabled('cpu'))) or loss(pair))
    model.guidance = SelfSupervisedMatchingHook(0.4)
    for enabled in (False, True):
        torch.manual_seed(1)
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            found = model(images, flow, mode='loss')
        assert not any(inside for _, inside in seen)
        assert all(value.dtype == torch.float32 for pair, _ in seen for value in (*pair.first.values(), pair.flow))
        if enabled:
            for (pair, _), (exact, _) in zip(seen[3:], seen[:3], strict=True):
                assert torch.equal(pair.flow.nan_to_num(), exact.flow.nan_to_num())
                norm = pair.first['descriptors'].norm(dim=1)
                assert torch.allclose(norm, torch.ones_like(norm), atol=1e-5)
    sum(found.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


METHODS = dict(
    third=(TinyPoint, 32), r2d2=(lambda: R2D2((4, ) * 6, 8), 64), d2net=(lambda: D2Net('random', min_correspondences=8), 64))


@pytest.mark.parametrize('build, side', METHODS.values(), ids=METHODS)
def test_hook_adds_two_weighted_pairs_in_the_same_batch(build, side):
    torch.manual_seed(0)
    model = build()
    images, flow = batch(side)
    plain = model(images, flow, mode='loss')
    assert {name.split('_')[0] for name in plain} == {'supervised'}
    hook = SelfSupervisedMatchingHook(0.4)
    hook.before_train(runner(model))
    if isinstance(model, TinyPoint):
        model.batches.clear()
    torch.manual_seed(1)
    found = model(images, flow, mode='loss')
    if isinstance(model, TinyPoint):
        assert model.batches == [8]  # visible, infrared and a transform of each, of two samples
    torch.manual_seed(1)
    visible, infrared = (images[:, side_] / 255 for side_ in (0, 1))
    pairs = hook(visible, infrared)
    assert list(pairs) == ['visible', 'infrared'] and torch.equal(pairs['visible'].first, visible)
    assert not torch.equal(pairs['visible'].flow.nan_to_num(), pairs['infrared'].flow.nan_to_num())  # drawn apart
    if isinstance(model, TinyPoint):  # the others sample at random in the loss
        for name, pair in pairs.items():
            expected = model.loss((model.extract(pair.first), model.extract(pair.second), pair.flow))['loss_contrast']
            assert found[f'{name}_loss_contrast'].item() == pytest.approx(0.4 * expected.item(), rel=1e-5)
        assert found['supervised_loss_contrast'].item() == pytest.approx(plain['supervised_loss_contrast'].item(), rel=1e-5)
    loss, logged = model.parse_losses(found)
    loss.backward()
    assert torch.isfinite(loss) and {name.split('_')[0] for name in logged} == {'loss', 'supervised', 'visible', 'infrared'}
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_weight_follows_its_schedule():
    model = TinyPoint()
    hook = SelfSupervisedMatchingHook([(100, 0.0), (200, 0.8)])
    for iteration, weight in ((0, 0.0), (100, 0.0), (150, 0.4), (200, 0.8), (999, 0.8)):
        hook.before_train_iter(runner(model, iteration), 0)
        assert hook.weight == pytest.approx(weight)
    with pytest.raises(ValueError, match='weight'):
        SelfSupervisedMatchingHook(-1)


def test_hook_needs_a_detect_and_describe_model():
    with pytest.raises(TypeError, match='DetectDescribe'):
        SelfSupervisedMatchingHook(0.4).before_train(runner(nn.Linear(1, 1)))


def test_prediction_of_a_pair():
    model = TinyPoint()
    model.max_keypoints = 5
    images, _ = batch()
    found = model([images[0], images[1]], mode='predict')
    assert len(found) == 2 and all(len(keypoints.points) == 5 for keypoints in found[0]['keypoints'])
    assert model(images, mode='tensor')['descriptors'].shape[0] == 4
