"""R2D2's network, sampler, losses and detection against plain loops, SciPy and a network with real strides."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmsight.projects.s2net import R2D2, Pair
from mmsight.projects.s2net.average_precision import average_precision, soft_histogram
from mmsight.projects.s2net.geometry import homography_flow, pixel_grid
from mmsight.projects.s2net.r2d2 import STRIDES, quad_l2net
from mmsight.projects.s2net.r2d2_losses import cosine_similarity_loss, peakiness_loss, reliability_loss
from mmsight.projects.s2net.sampler import NeighbourhoodSampler, Samples
from scipy import ndimage
from torch import nn


def test_published_number_of_parameters():
    assert sum(p.numel() for p in R2D2().parameters()) == 484_387


def test_network_is_the_strided_one_at_every_pixel():
    torch.manual_seed(0)
    dense = quad_l2net((4, ) * 6, 5).eval()
    convolutions = [layer for layer in dense if isinstance(layer, nn.Conv2d)]
    dilations = [layer.dilation[0] for layer in convolutions]
    assert dilations == [1, 1, 1, 2, 2, 4, 4, 8, 16]
    image = torch.rand(1, 3, 90, 90)
    reach = sum(d * (c.kernel_size[0] - 1) for d, c in zip(dilations, convolutions, strict=True)) + 1
    before = sum(c.padding[0] for c in convolutions)
    y, x = 37, 44
    patch = image[..., y - before:y - before + reach, x - before:x - before + reach]
    strides = iter(STRIDES)
    for layer in dense:
        convolution = isinstance(layer, nn.Conv2d)
        patch = F.conv2d(patch, layer.weight, layer.bias, stride=next(strides)) if convolution else layer(patch)
    assert dense(image).shape[-2:] == (90, 90)
    assert torch.allclose(dense(image)[0, :, y, x], patch[0, :, 0, 0], atol=1e-5)


def test_maps_are_in_range_and_descriptors_of_unit_length():
    found = R2D2((4, ) * 6, 8).eval().extract(torch.rand(2, 3, 37, 41))
    assert torch.allclose(found['descriptors'].norm(dim=1), torch.ones(2, 37, 41), atol=1e-5)
    for name in ('reliability', 'repeatability'):
        assert found[name].shape == (2, 1, 37, 41) and found[name].min() >= 0 and found[name].max() <= 1


def loop_ap(similarity, positive, bins):
    """Triangular bins, one candidate and bin at a time."""
    right, every = np.zeros(bins), np.zeros(bins)
    for value, label in zip(similarity, positive, strict=True):
        for b in range(bins):
            centre = 1 - b / (bins - 1)
            weight = max(0, 1 - abs(value - centre) * (bins - 1))
            if (b == 0 and value > 1) or (b == bins - 1 and value < 0):
                weight = 1
            right[b] += weight * label
            every[b] += weight
    seen, total, ap = 0, 0, 0
    for b in range(bins):
        seen, total = seen + right[b], total + every[b]
        ap += right[b] / right.sum() * (seen / total if total else 0)
    return ap


@pytest.mark.parametrize('bins', [2, 20])
def test_average_precision_against_a_loop(bins):
    rng = np.random.default_rng(0)
    similarity, positive = rng.uniform(-0.5, 1.2, (6, 30)), rng.random((6, 30)) < 0.2
    positive[:, 0] = True
    found = average_precision(torch.from_numpy(similarity), torch.from_numpy(positive), bins)
    assert np.allclose(found, [loop_ap(s, p, bins) for s, p in zip(similarity, positive, strict=True)], atol=1e-6)


def test_average_precision_of_clear_rankings():
    positive = torch.zeros(1, 101)
    positive[0, 0] = 1
    perfect = torch.cat([torch.ones(1, 1), torch.zeros(1, 100)], dim=1)
    assert average_precision(perfect, positive).item() == pytest.approx(1)
    assert average_precision(1 - perfect, positive).item() == pytest.approx(1 / 101)
    assert average_precision(perfect, torch.zeros(1, 101)).item() == 0
    # many bins tend to the exact AP: of two positives at ranks 1 and 3
    exact = average_precision(torch.tensor([[0.9, 0.8, 0.7, 0.1]]).double(), torch.tensor([[1, 0, 1, 0]]), 2001)
    assert exact.item() == pytest.approx((1 + 2 / 3) / 2, abs=1e-3)


def test_gradients_of_average_precision_by_finite_differences():
    torch.manual_seed(0)
    similarity = torch.rand(3, 12, dtype=torch.double, requires_grad=True)
    positive = torch.zeros(3, 12, dtype=torch.double)
    positive[:, :2] = 1
    assert torch.autograd.gradcheck(lambda s: average_precision(s, positive, 7), (similarity, ), eps=1e-6)
    assert soft_histogram(similarity, torch.ones_like(similarity), 7).sum(dim=1).allclose(torch.tensor(12.).double())


def fixed_sampler(query, distractor, **kwargs):
    sampler = NeighbourhoodSampler(**kwargs)
    draws = iter([query, distractor])
    sampler.random_places = lambda *args: next(draws)
    return sampler


def test_sampler_against_a_loop():
    torch.manual_seed(0)
    count, dim, height, width = 2, 6, 40, 44
    first, second = (F.normalize(torch.randn(count, dim, height, width), dim=1) for _ in range(2))
    reliability = torch.rand(2, count, 1, height, width)
    matrix = torch.tensor([[1.02, 0.05, -3.], [-0.03, 0.98, 2.], [0, 0, 1]])
    flow = homography_flow(matrix, height, width).repeat(count, 1, 1, 1)
    flow[0, 5, 5] = torch.nan
    query = torch.stack([torch.randint(0, width, (count, 25)), torch.randint(0, height, (count, 25))], dim=-1)
    query[0, 0] = 5
    distractor = torch.stack([torch.randint(0, width, (count, 9)), torch.randint(0, height, (count, 9))], dim=-1)
    distractor[0, 0] = (flow[0, query[0, 1, 1], query[0, 1, 0]] + 0.5).long().clamp(0, 39)  # one that is too near
    found = fixed_sampler(query, distractor)(first, second, reliability, flow)

    rows, trusts = [], []
    for i in range(count):
        for x, y in query[i].tolist():
            place = flow[i, y, x]
            if torch.isnan(place).any():
                continue
            u, v = (int(np.floor(value + 0.5)) for value in place.tolist())
            if not (0 <= u < width and 0 <= v < height):
                continue
            best, negatives = (-2, None), []
            for dy in range(-7, 8):
                for dx in range(-7, 8):
                    a, b = min(max(u + dx, 0), width - 1), min(max(v + dy, 0), height - 1)
                    value = float(first[i, :, y, x] @ second[i, :, b, a])
                    radius = dx * dx + dy * dy
                    if radius <= 9 and value > best[0]:
                        best = (value, (a, b))
                    if 25 <= radius <= 49:
                        negatives.append(value)
            others = []
            for j in range(count):
                for a, b in distractor[j].tolist():
                    near = j == i and (a - u)**2 + (b - v)**2 < 25
                    others.append(0 if near else float(first[i, :, y, x] @ second[j, :, b, a]))
            rows.append([best[0], *sorted(negatives), *others])
            a, b = best[1]
            trusts.append(float(reliability[0, i, 0, y, x] + reliability[1, i, 0, b, a]) / 2)
    similarity = found.similarity.clone()
    ring = similarity.shape[1] - 1 - 18
    similarity[:, 1:1 + ring] = similarity[:, 1:1 + ring].sort(dim=1).values
    assert np.allclose(similarity, rows, atol=1e-5) and np.allclose(found.reliability, trusts, atol=1e-6)
    assert found.positive[:, 0].eq(1).all() and found.positive.sum() == len(rows)


def test_places_left_of_the_image_do_not_become_pixel_zero():
    flow = pixel_grid(40, 40)[None] - torch.tensor([20.9, 0])
    query = torch.tensor([[[20, 20], [21, 20]]])
    maps = F.normalize(torch.randn(1, 4, 40, 40), dim=1)
    found = fixed_sampler(query, query)(maps, maps, torch.rand(2, 1, 1, 40, 40), flow)
    assert len(found.reliability) == 1  # -0.9 rounds to -1, 0.1 to 0


def test_sampler_refuses_crops_without_room_and_odd_radii():
    with pytest.raises(ValueError, match='larger crops'):
        NeighbourhoodSampler().random_places(1, 32, 40, torch.device('cpu'))
    with pytest.raises(ValueError, match='positive_radius'):
        NeighbourhoodSampler(positive_radius=6)
    places = NeighbourhoodSampler().random_places(3, 192, 192, torch.device('cpu'))
    assert places.shape == (3, 400, 2) and places.min() >= 16 and places.max() < 176


@pytest.mark.parametrize('size', [(32, 32), (50, 77)])
def test_cosim_of_a_map_with_itself_is_zero_and_agrees_with_a_loop(size):
    torch.manual_seed(0)
    a, b = torch.rand(2, 1, *size), torch.rand(2, 1, *size)
    flow = pixel_grid(*size).repeat(2, 1, 1, 1)
    assert cosine_similarity_loss(a, a, flow).item() == pytest.approx(0, abs=1e-5)
    values = []
    for i in range(2):
        for y in range(0, size[0] - 15, 8):
            for x in range(0, size[1] - 15, 8):
                p, q = (m[i, 0, y:y + 16, x:x + 16].numpy().ravel() for m in (a, b))
                values.append(p @ q / np.linalg.norm(p) / np.linalg.norm(q))
    assert cosine_similarity_loss(a, b, flow).item() == pytest.approx(1 - np.mean(values), abs=1e-5)
    assert cosine_similarity_loss(a, b, torch.full_like(flow, torch.nan)).item() == 0


def test_cosim_leaves_out_pixels_without_a_place():
    torch.manual_seed(0)
    a, b = torch.rand(2, 1, 1, 24, 40)
    flow = pixel_grid(24, 40)[None]
    flow[0, torch.rand(24, 40) < 0.3] = torch.nan
    flow[0, :, :20] = torch.nan  # two patches in a row have no pixel left, and one the half
    known = flow[0].isfinite().all(dim=-1).numpy()
    total = weights = 0.
    for y in (0, 8):
        for x in range(0, 25, 8):
            p, q = (m[0, 0, y:y + 16, x:x + 16].numpy()[known[y:y + 16, x:x + 16]] for m in (a, b))
            if len(p):
                total += len(p) * (1 - p @ q / np.linalg.norm(p) / np.linalg.norm(q))
                weights += len(p)
    assert cosine_similarity_loss(a, b, flow).item() == pytest.approx(total / weights, abs=1e-5)


def test_peakiness_against_scipy():
    torch.manual_seed(0)
    score = torch.rand(1, 1, 30, 37)
    smooth = ndimage.uniform_filter(score[0, 0].double().numpy(), 3, mode='constant')
    gap = ndimage.maximum_filter(smooth, 17, mode='constant') - ndimage.uniform_filter(smooth, 17, mode='constant')
    assert peakiness_loss(score).item() == pytest.approx(1 - gap.mean(), abs=1e-5)


def test_reliability_loss_prefers_trust_where_ap_is_high():
    positive = torch.zeros(2, 11)
    positive[:, 0] = 1
    good = torch.cat([torch.ones(2, 1), torch.zeros(2, 10)], dim=1)
    loss = [reliability_loss(Samples(s, positive, torch.full((2, ), r))).item() for s in (good, 1 - good) for r in (0., 1.)]
    assert loss == pytest.approx([0.5, 0, 1 - 1 / 11, 1 - 1 / 11], abs=1e-5)


def test_reliability_of_bad_descriptors_does_not_collapse():
    positive = torch.zeros(2, 12)
    positive[:, 0] = 1
    similarity = torch.zeros(2, 12)
    similarity[1, :3] = 1  # the positive among three: AP 1/3, the other has 1/12
    trust = torch.full((2, ), 0.5, requires_grad=True)
    reliability_loss(Samples(similarity, positive, trust)).backward()
    pull = (1 / 3 - 1 / 12) / 4
    assert trust.grad.tolist() == pytest.approx([pull, -pull], abs=1e-5)  # relative to the mean, though both are below 0.5
    similarity[:, 0], similarity[:, 1:] = 1, 0
    trust.grad = None
    reliability_loss(Samples(similarity, positive, trust)).backward()
    assert trust.grad.tolist() == pytest.approx([-0.25, -0.25], abs=1e-5)  # (AP 1 - base 0.5) / 2: R2D2's loss


def test_batch_without_any_correspondence_is_reported_and_survived(monkeypatch):
    model = R2D2((4, ) * 6, 8)
    features = model.extract(torch.rand(2, 3, 48, 48))
    half = [{key: value[i:i + 1] for key, value in features.items()} for i in (0, 1)]
    said = []
    monkeypatch.setattr('mmsight.projects.s2net.r2d2.print_log', lambda text, *args: said.append(text))
    losses = model.loss(Pair(*half, torch.full((1, 48, 48, 2), torch.nan)))
    assert len(said) == 1 and 'no valid correspondence' in said[0]
    total = sum(losses.values())
    total.backward()
    assert losses['loss_ap'].item() == 0 and torch.isfinite(total)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


class Planted(R2D2):
    """Maps that are a function of the image alone: repeatability is its red, reliability its green channel."""

    def extract(self, images):
        return dict(descriptors=F.normalize(images + 0.1, dim=1), repeatability=images[:, :1], reliability=images[:, 1:2])


def test_detection_finds_planted_maxima_best_first():
    image = torch.zeros(3, 60, 80)
    for value, (x, y) in ((0.9, (10, 20)), (0.8, (70, 50)), (0.3, (40, 30))):
        image[0, y, x] = value
    image[1] = 0.9
    model = Planted((4, ) * 6, 8, sizes=(80, 80))
    found = model.detect(image, 3)
    assert found.points.tolist() == [[10, 20], [70, 50], [40, 30]]  # the third fills up although it is below the threshold
    assert found.scores.tolist() == pytest.approx([0.81, 0.72, 0.27])
    mask = torch.ones(60, 80, dtype=torch.bool)
    mask[:, :20] = False
    assert model.detect(image, 1, mask).points.tolist() == [[70, 50]]
    assert len(model.detect(image, 5, torch.zeros_like(mask)).points) == 0


def test_pyramid_sizes():
    model = R2D2((4, ) * 6, 8)
    sides = [level.shape[-1] for level in model._pyramid(torch.rand(3, 300, 512))]
    assert sides == [512, 431, 362, 304, 256]
    assert [level.shape[-1] for level in model._pyramid(torch.rand(3, 50, 60))] == [60]
    assert max(level.shape[-1] for level in model._pyramid(torch.rand(3, 64, 1500))) <= 1024
