"""D2-Net's scores, loss, detection and weights against plain loops and closed forms."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmsight.projects.s2net import D2Net, Pair
from mmsight.projects.s2net.d2_loss import corresponding_cells, margin_loss, soft_scores
from mmsight.projects.s2net.d2net import local_maxima, localise
from mmsight.projects.s2net.geometry import homography_flow, pixel_grid
from torchvision.models import vgg

from mmsight.errors import InputError

SAID = 'mmsight.projects.s2net.d2net.print_log'


def test_published_number_of_parameters():
    assert sum(p.numel() for p in D2Net('random').parameters()) == 7_635_264


def test_soft_scores_against_a_loop():
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 5, 6, dtype=torch.double)
    for image, found in zip(maps.numpy(), soft_scores(maps).numpy(), strict=True):
        f = np.maximum(image, 0)
        e = np.exp(f / f.max())
        padded = np.pad(e, ((0, 0), (1, 1), (1, 1)), constant_values=1)
        score = np.zeros((5, 6))
        for y in range(5):
            for x in range(6):
                alpha = e[:, y, x] / padded[:, y:y + 3, x:x + 3].sum(axis=(1, 2))
                beta = f[:, y, x] / max(f[:, y, x].max(), 1e-8)
                score[y, x] = (alpha * beta).max()
        assert np.allclose(found[0], score / score.sum()) and found.sum() == pytest.approx(1)


def test_scores_where_no_channel_is_positive():
    maps = torch.randn(2, 3, 4, 4)
    maps[0] = -1  # a whole image
    maps[1, :, 2, 2] = -1  # one cell
    maps.requires_grad_()
    found = soft_scores(maps)
    found.square().sum().backward()
    assert (found[0] == 0).all() and found[1, 0, 2, 2] == 0 and torch.isfinite(maps.grad).all()


def test_cells_against_a_loop():
    matrix = torch.tensor([[1.1, 0.1, -9.2], [-0.1, 0.95, 12.], [1e-4, 0, 1]], dtype=torch.double)
    flow = homography_flow(matrix, 64, 80)
    found = corresponding_cells(flow, 8, 10)
    expected = []
    for j in range(8):
        for i in range(10):
            place = matrix.numpy() @ [8 * i + 3.5, 8 * j + 3.5, 1]
            u, v = place[:2] / place[2]
            # the authors interpolate a map of 80x64 pixels there: all four neighbours must exist
            if np.floor(u) >= 0 and np.ceil(u) <= 79 and np.floor(v) >= 0 and np.ceil(v) <= 63:
                expected.append((j * 10 + i, i, j, round((u - 3.5) / 8), round((v - 3.5) / 8)))
    ours = torch.cat([found.cell[:, None], found.first, found.second], dim=1)
    assert len(expected) > 30 and ours.tolist() == [list(row) for row in expected]


def test_cells_at_the_border_of_the_second_image():
    shift = torch.tensor([[1, 0, -3.5], [0, 1, 4.2], [0, 0, 1]], dtype=torch.double)
    found = corresponding_cells(homography_flow(shift, 32, 32), 4, 4)
    # 3.5 in x goes to 0, the centre of the first pixel, and belongs to cell 0; 27.5 in y goes beyond the last pixel's, 31
    assert found.first.tolist() == [[x, y] for y in range(3) for x in range(4)]
    assert found.second.tolist() == [[x, y + 1] for y in range(3) for x in range(4)]


def soft_mean(distances):
    return -0.1 * np.log(np.mean(np.exp(-np.array(distances) / 0.1)))


@pytest.mark.parametrize('negatives, choose', [('hardest', min), ('soft', soft_mean)])
def test_margin_loss_against_a_loop(negatives, choose):
    torch.manual_seed(0)
    first, second = (F.normalize(torch.randn(6, 12, 13, dtype=torch.double), dim=0) for _ in range(2))
    scores = torch.rand(2, 1, 12, 13, dtype=torch.double)
    flow = homography_flow(torch.tensor([[1, 0.02, 5.], [0, 1, -3], [0, 0, 1]], dtype=torch.double), 96, 104)
    cells = corresponding_cells(flow, 12, 13)
    total = weights = 0
    for (x, y), (u, v) in zip(cells.first.tolist(), cells.second.tolist(), strict=True):
        def distance(a, b):
            return float((a - b).square().sum())
        positive, others, back = distance(first[:, y, x], second[:, v, u]), [], []
        for j in range(12):
            for i in range(13):
                if max(abs(i - u), abs(j - v)) > 4:
                    others.append(distance(first[:, y, x], second[:, j, i]))
                if max(abs(i - x), abs(j - y)) > 4:
                    back.append(distance(second[:, v, u], first[:, j, i]))
        weight = float(scores[0, 0, y, x] * scores[1, 0, v, u])
        negative = min(choose(others), choose(back))
        total, weights = total + weight * max(0, 1 + positive - negative), weights + weight
    assert margin_loss(first, second, tuple(scores), cells, negatives=negatives).item() == pytest.approx(total / weights)


@pytest.mark.parametrize('negatives', ['hardest', 'soft'])
def test_maps_without_a_negative_have_a_finite_loss(negatives):
    torch.manual_seed(0)
    maps = torch.randn(2, 6, 4, 4, requires_grad=True)
    first, second = F.normalize(maps, dim=1)
    scores = torch.ones(1, 4, 4), torch.ones(1, 4, 4)
    loss = margin_loss(first, second, scores, corresponding_cells(pixel_grid(32, 32), 4, 4), negatives=negatives)
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(maps.grad).all()


def test_identical_images_have_no_positive_distance():
    torch.manual_seed(0)
    model = D2Net('random', margin=0.0, safe_radius=0, min_correspondences=1)
    features = model.extract(torch.rand(1, 3, 48, 48))
    assert model.loss(Pair(features, features, pixel_grid(48, 48)[None]))['loss_margin'].item() == pytest.approx(0, abs=1e-5)


def test_pair_without_correspondences_is_reported_and_survived(monkeypatch):
    said = []
    monkeypatch.setattr(SAID, lambda text, *args: said.append(text))
    model = D2Net('random')
    features = model.extract(torch.rand(1, 3, 48, 48))
    loss = model.loss(Pair(features, features, torch.full((1, 48, 48, 2), torch.nan)))['loss_margin']
    loss.backward()
    assert loss.item() == 0 and len(said) == 1 and '128 corresponding cells' in said[0]
    assert all(p.grad.eq(0).all() for p in model.parameters())


def test_loss_stuck_at_the_margin_is_reported_once(monkeypatch):
    said = []
    monkeypatch.setattr(SAID, lambda text, *args: said.append(text))
    model = D2Net('random', min_correspondences=1)
    flat = dict(descriptors=torch.ones(1, 4, 16, 16) / 2, scores=torch.ones(1, 1, 16, 16) / 256)
    for _ in range(150):
        model.loss(Pair(flat, flat, pixel_grid(128, 128)[None]))
    assert len(said) == 1 and 'all descriptors are alike' in said[0]


def test_detection_against_a_loop():
    torch.manual_seed(0)
    maps = F.avg_pool2d(torch.rand(1, 4, 14, 17), 3, stride=1)[0].double()
    maps[:, 3, 3] = 0
    found, places, sharp = localise(maps, local_maxima(maps))
    m, expected = np.pad(maps.numpy(), ((0, 0), (1, 1), (1, 1))), []
    for y in range(12):
        for x in range(15):
            c = int(maps[:, y, x].argmax())
            w = m[c, y:y + 3, x:x + 3]
            inner = maps[c, max(y - 1, 0):y + 2, max(x - 1, 0):x + 2].numpy()
            hessian = np.array([[w[1, 2] + w[1, 0] - 2 * w[1, 1], (w[2, 2] + w[0, 0] - w[0, 2] - w[2, 0]) / 4], [0, 0]])
            hessian[1] = hessian[0, 1], w[2, 1] + w[0, 1] - 2 * w[1, 1]
            det = np.linalg.det(hessian)
            if w[1, 1] <= 0 or w[1, 1] < inner.max() or det <= 0 or np.trace(hessian)**2 / det > 36 / 5:
                continue
            step = -np.linalg.solve(hessian, [(w[1, 2] - w[1, 0]) / 2, (w[2, 1] - w[0, 1]) / 2])
            kept = (abs(step) < 0.5).all() and 0 <= x + step[0] <= 14 and 0 <= y + step[1] <= 11
            expected.append((c, y, x, *(step + [x, y]), kept))
    assert len(expected) > 5 and found.tolist() == [list(row[:3]) for row in expected]
    assert np.allclose(places, [row[3:5] for row in expected]) and sharp.tolist() == [row[5] for row in expected]


def test_newton_step_finds_the_top_of_a_parabola():
    y, x = np.mgrid[:9, :9]
    maps = torch.from_numpy(50 - (x - 4.3)**2 - 1.5 * (y - 3.8)**2 + 0.2 * (x - 4.3) * (y - 3.8))[None]
    found, place, sharp = localise(maps, torch.tensor([[0, 4, 4]]))
    assert sharp.all() and torch.allclose(place, torch.tensor([[4.3, 3.8]]).double())


def test_test_time_maps_have_stride_four_with_the_same_weights():
    torch.manual_seed(0)
    model = D2Net('random').eval()
    assert model.extract(torch.rand(1, 3, 64, 96))['descriptors'].shape == (1, 512, 15, 23)
    # where the pooled values agree the dilated convolutions are the plain ones: on a constant image, away from the border
    image = torch.full((1, 3, 112, 112), 0.3)
    dense = model.extract(image)['descriptors'][0, :, 13, 13]
    assert torch.allclose(dense, model.train().extract(image)['descriptors'][0, :, 6, 6], atol=1e-4)


@pytest.mark.parametrize('scales', [(1.0, ), (0.5, 1.0, 2.0)])
def test_detect(scales):
    torch.manual_seed(0)
    model = D2Net('random', scales=scales).eval()
    image = torch.rand(3, 64, 80)
    found = model.detect(image, 30)
    assert 0 < len(found.points) <= 30 and (found.scores.diff() <= 0).all()
    assert torch.allclose(found.descriptors.norm(dim=1), torch.ones(len(found.points)), atol=1e-5)
    mask = torch.zeros(64, 80, dtype=torch.bool)
    assert len(model.detect(image, 30, mask).points) == 0
    mask[:, 40:] = True
    assert (model.detect(image, 30, mask).points[:, 0] >= 39.5).all()


def test_image_without_any_keypoint():
    model = D2Net('random').eval()
    torch.nn.init.constant_(model.features[21].bias, -1e3)
    found = model.detect(torch.rand(3, 48, 48), 100)
    assert found.points.shape == (0, 2) and found.descriptors.shape == (0, 512)


def test_weights_from_a_file(tmp_path):
    torch.manual_seed(0)
    features = vgg.make_layers(vgg.cfgs['D'])
    state = {f'features.{name}': value for name, value in features.state_dict().items()}
    torch.save(state, tmp_path / 'vgg.pth')
    model = D2Net(str(tmp_path / 'vgg.pth'))
    model.init_weights()
    assert torch.equal(model.features[21].weight, features[21].weight)
    numbered = {f'dense_feature_extraction.model.{name}': value for name, value in features[:22].state_dict().items()}
    torch.save(dict(model=numbered), tmp_path / 'd2.pth')
    other = D2Net(str(tmp_path / 'd2.pth'), preprocessing='caffe')
    other.init_weights()
    assert torch.equal(other.features[0].weight, features[0].weight)
    pixel = other.normalise(torch.tensor([1., 0.5, 0.]).view(1, 3, 1, 1)).flatten()
    assert torch.allclose(pixel, torch.tensor([0 - 103.939, 127.5 - 116.779, 255 - 123.68]))


def test_weights_that_do_not_fit(tmp_path, monkeypatch):
    with pytest.raises(InputError, match='does not exist'):
        D2Net(str(tmp_path / 'absent.pth')).init_weights()
    (tmp_path / 'text.pth').write_text('no weights')
    with pytest.raises(InputError, match='cannot be read'):
        D2Net(str(tmp_path / 'text.pth')).init_weights()
    torch.save({'features.0.weight': torch.zeros(3)}, tmp_path / 'other.pth')
    with pytest.raises(InputError, match=r'0\.weight is missing or of another shape'):
        D2Net(str(tmp_path / 'other.pth')).init_weights()
    said = []
    monkeypatch.setattr(SAID, lambda text, *args: said.append(text))
    D2Net('random').init_weights()
    assert len(said) == 1 and 'random weights' in said[0]
    with pytest.raises(ValueError, match='preprocessing'):
        D2Net('random', preprocessing='tf')
