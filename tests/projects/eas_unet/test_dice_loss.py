"""The foreground Dice loss against a loop over pixels, and where it must be well defined."""

import numpy as np
import pytest
import torch
from mmsight.projects.eas_unet import ForegroundDiceLoss


def loop(logits, target, eps=1e-5):
    """Over classes and pixels; 255 counts nowhere."""
    losses = []
    for c in range(1, logits.shape[1]):
        shared = total = 0.0
        for n, *where in np.ndindex(*target.shape):
            label = int(target[(n, *where)])
            if label == 255:
                continue
            exponents = np.exp(logits[(n, slice(None), *where)])
            p = exponents[c] / exponents.sum()
            shared += p * (label == c)
            total += p + (label == c)
        losses.append(1 - (2 * shared + eps) / (total + eps))
    return np.mean(losses)


@pytest.mark.parametrize('shape, classes', [((3, 5, 4), 2), ((2, 3, 3), 4), ((2, 2, 3, 4), 2)])
def test_equals_a_loop(shape, classes):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (shape[0], classes, *shape[1:]))
    target = rng.integers(0, classes, shape)
    target[rng.random(shape) < 0.2] = 255
    loss = ForegroundDiceLoss(loss_weight=0.5)(torch.tensor(logits), torch.tensor(target))
    assert float(loss) == pytest.approx(0.5 * loop(logits, target), abs=1e-6)


def test_empty_batches():
    target = torch.zeros(2, 4, 4, dtype=torch.long)
    nothing, all_liver = (torch.stack([sign * torch.full((2, 4, 4), 30.0), torch.zeros(2, 4, 4)], dim=1) for sign in (1, -1))
    loss = ForegroundDiceLoss()
    assert float(loss(nothing, target)) == pytest.approx(0, abs=1e-4)
    assert float(loss(all_liver, target)) == pytest.approx(1, abs=1e-4)
    assert float(loss(all_liver, torch.full_like(target, 255))) == 0  # no pixel counts
    assert float(loss(all_liver, torch.ones_like(target))) == pytest.approx(0, abs=1e-4)


def test_an_empty_slice_adds_only_its_false_positives():
    """The sums run over the batch: a slice without liver, predicted empty, changes nothing."""
    torch.manual_seed(0)
    logits, target = torch.randn(1, 2, 8, 8), torch.randint(0, 2, (1, 8, 8))
    empty = torch.stack([torch.full((1, 8, 8), 40.0), torch.full((1, 8, 8), -40.0)], dim=1)
    loss = ForegroundDiceLoss()
    both = loss(torch.cat([logits, empty]), torch.cat([target, torch.zeros_like(target)]))
    torch.testing.assert_close(both, loss(logits, target))


def test_per_image_is_the_mean_over_images():
    """A small liver counts as much as a large one, until it is as small as eps."""
    torch.manual_seed(0)
    logits, target = torch.randn(3, 2, 6, 6), torch.randint(0, 2, (3, 6, 6))
    loss = ForegroundDiceLoss(per_image=True, eps=2.0)
    alone = [loop(logits[i:i + 1].double().numpy(), target[i:i + 1].numpy(), eps=2.0) for i in range(3)]
    assert float(loss(logits, target)) == pytest.approx(np.mean(alone), abs=1e-6)
    dot = torch.zeros(1, 6, 6, dtype=torch.long)
    dot[0, 2, 3] = 1
    nothing = torch.stack([torch.full((1, 6, 6), 40.0), torch.full((1, 6, 6), -40.0)], dim=1)
    assert float(loss(nothing, dot)) == pytest.approx(1 - 2 / 3)


def test_gradient_by_finite_differences_and_none_where_ignored():
    torch.manual_seed(0)
    logits = torch.randn(2, 2, 3, 3, dtype=torch.double, requires_grad=True)
    target = torch.randint(0, 2, (2, 3, 3))
    target[0, 0] = 255
    step, loss = 1e-3, ForegroundDiceLoss()
    gradient, = torch.autograd.grad(loss(logits, target), logits)
    assert not gradient[0, :, 0].any()
    for where in [(0, 0, 1, 1), (1, 1, 2, 0), (1, 0, 0, 0)]:
        shifted = [logits.detach().clone() for _ in range(2)]
        shifted[0][where] += step
        shifted[1][where] -= step
        slope = (float(loss(shifted[0], target)) - float(loss(shifted[1], target))) / (2 * step)
        assert float(gradient[where]) == pytest.approx(slope, abs=2e-4)


def test_half_precision_does_not_overflow():
    logits = torch.zeros(4, 2, 256, 256, dtype=torch.half)
    assert float(ForegroundDiceLoss()(logits, torch.ones(4, 256, 256, dtype=torch.long))) == pytest.approx(1 / 3, abs=1e-4)
