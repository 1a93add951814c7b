"""Losses against the formulas by hand, shapely and finite differences."""

import math

import pytest
import shapely
import torch
from mmsight.projects.larsd.coder import EdgeDistanceCoder
from mmsight.projects.larsd.losses import CosineAngleLoss, DistanceIoULoss

from mmsight.rotated_iou import corners


def test_distance_loss_is_the_rotated_iou_when_the_angle_is_right():
    torch.manual_seed(0)
    coder, priors = EdgeDistanceCoder(), torch.tensor([[50., 60., 40., 12.]]).double()
    for _ in range(20):
        t = torch.randn(2, 5).double() * 0.5
        t[1, 4] = t[0, 4]
        polygons = shapely.polygons(corners(coder.decode(priors.expand(2, -1), t).tensor.numpy()))
        iou = polygons[0].intersection(polygons[1]).area / polygons[0].union(polygons[1]).area
        d, _ = coder.distances(priors.expand(2, -1), t)
        assert DistanceIoULoss(smooth=0)(d[:1], d[1:], 1).item() == pytest.approx(-math.log(iou), rel=1e-6)


def test_values_by_hand():
    d = torch.tensor([[1., 2., 3., 4.], [1., 1., 1., 1.]])
    target = torch.tensor([[3., 4., 1., 2.], [1., 1., 1., 1.]])
    # areas 24 and 24, shared 2 * 4: IoU 8 / 40; the second is exact
    assert DistanceIoULoss(smooth=0)(d, target, 2).item() == pytest.approx(math.log(5) / 2)
    assert DistanceIoULoss(loss_weight=3)(d, target, 1).item() == pytest.approx(3 * math.log(41 / 9))
    angle = CosineAngleLoss(loss_weight=10)(torch.tensor([0.3, math.radians(10)]), torch.tensor([0.3, 0.]), 1)
    assert angle.item() == pytest.approx(10 * (1 - math.cos(math.radians(10))), rel=1e-5)


def test_gradients_and_no_positives():
    torch.manual_seed(1)
    pred, target = torch.rand(4, 4).double().requires_grad_(), torch.rand(4, 4).double()
    assert torch.autograd.gradcheck(lambda p: DistanceIoULoss()(p, target, 3), pred)
    angle = torch.randn(5).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: CosineAngleLoss()(p, torch.zeros(5).double(), 2), angle)
    none = torch.zeros(0, 4, requires_grad=True)
    loss = DistanceIoULoss()(none, none.detach(), 1)
    loss.backward()
    assert loss.item() == 0 and none.grad is not None
