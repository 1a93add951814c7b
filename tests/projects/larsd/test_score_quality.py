"""The score quality tool: its statistics by a plain loop, and the scores and locations that it takes from the heads."""

import importlib.util
import math

import numpy as np
import pytest
import torch
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmrotate.registry import MODELS
from mmsight.projects.larsd.lasa import LASA
from scipy.stats import spearmanr
from shapely import Point, Polygon

from mmsight.configs import load_config
from mmsight.rotated_iou import corners


@pytest.fixture(scope='module')
def tool(root):
    spec = importlib.util.spec_from_file_location('score_quality', root / 'projects' / 'larsd' / 'tools' / 'score_quality.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_place_on_ship(tool):
    """Below 1 just where shapely finds the point inside; 1 on the box's corners, 0 at its centre."""
    rng = np.random.default_rng(0)
    ships = np.stack([*rng.uniform(20, 40, (2, 300)), *rng.uniform(5, 40, (2, 300)), rng.uniform(-2, 2, 300)], axis=1)
    points = rng.uniform(10, 50, (300, 2))
    inside = [Polygon(outline).contains(Point(point)) for outline, point in zip(corners(ships), points, strict=True)]
    found = tool.place_on_ship(points, ships)
    assert (found < 1).tolist() == inside and 20 < sum(inside) < 280
    assert tool.place_on_ship(corners(ships)[:, 0], ships) == pytest.approx(1)
    assert tool.place_on_ship(ships[:, :2], ships) == pytest.approx(0)
    assert tool.place_on_ship(np.array([[10, 15.]]), np.array([[10., 10, 40, 20, math.pi / 2]])) == pytest.approx(0.25)


def test_summary_by_a_loop(tool):
    """Twelve ships with candidates, two without, and candidates on no ship, the best scored of all among them."""
    rng = np.random.default_rng(1)
    ship, place = rng.integers(-1, 12, 200), rng.random(200) * 2
    iou = np.where(ship < 0, 0, rng.random(200))
    place[ship < 0] = np.nan
    scores = {name: rng.random(200) + (ship < 0) for name in tool.SCORINGS}
    found = tool.summarise(scores, iou, ship, place, ships=14)
    assert found['candidates'] == 200 and found['ships'] == 14
    for name, values in scores.items():
        right = [iou[ship == number][values[ship == number].argmax()] >= 0.5 for number in range(12)]
        rim = [place[ship == number][values[ship == number].argmax()] >= 0.8 for number in range(12)]
        assert found['metrics'][f'best_is_right/{name}'] == pytest.approx(sum(right) / 14)
        assert found['metrics'][f'best_from_rim/{name}'] == pytest.approx(sum(rim) / 12)
        assert found['metrics'][f'rank_correlation/{name}'] == pytest.approx(spearmanr(values, iou)[0])
    for row in found['places']:
        members = [i for i in range(200) if row['place'][0] <= place[i] < row['place'][1]]
        assert row['candidates'] == len(members)
        assert row['iou'] == pytest.approx(np.mean(iou[members]))
        assert row['raw'] == pytest.approx(np.mean(scores['raw'][members]))
    assert sum(row['candidates'] for row in found['places']) == (place < tool.PLACES[-1]).sum()


HEADS = ['larsd_toy', 'rotated-retinanet_r18w16_toy_128_lasa', 'rotated-fcos_r18w16_toy_128_lasa',
         'rtmdet-r_w24_toy_128_lasa']


@pytest.mark.parametrize('name', HEADS)
def test_scores_are_those_of_the_head(tool, name):
    """Candidate by candidate, with the config of each scoring; of FCOS with its centerness."""
    cfg = load_config(name)
    init_default_scope('mmrotate')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).eval()
    head = model.bbox_head
    for module in head.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.normal_(module.weight, std=0.1)
            torch.nn.init.zeros_(module.bias) if module.bias is not None else None
    metas, options = [dict(img_shape=(128, 128), scale_factor=(1, 1))], dict(rescale=False, with_nms=False)
    with torch.no_grad():
        outputs = head([torch.randn_like(level) for level in model.extract_feat(torch.randn(1, 3, 128, 128))])

        def predict(lasa):
            test_cfg = ConfigDict(head.test_cfg, lasa=lasa, min_bbox_size=-1, score_thr=0.0)
            return head.predict_by_feat(*outputs, batch_img_metas=metas, cfg=test_cfg, **options)[0], test_cfg

        (raw, test_cfg), settings = predict(None), dict(pattern='rect9')
        maps = [level[0].sigmoid() for level in outputs[0]]
        found = tool.all_scores(head, LASA(**settings, raw_weight=0.3), maps, raw, head.origins(maps, raw.labels, test_cfg))
        assert len(raw) > 100 and torch.equal(found['raw'], raw.scores)
        for kind, weight in (('aligned', 0), ('blended', 0.3)):
            expected, _ = predict(dict(settings, raw_weight=weight))
            assert torch.equal(get_box_tensor(expected.bboxes), get_box_tensor(raw.bboxes))
            assert torch.allclose(found[kind], expected.scores, rtol=1e-4)
            assert not torch.allclose(found[kind], raw.scores, rtol=1e-3)


@pytest.mark.parametrize('name', HEADS)
def test_locations_are_the_centres_of_the_priors(name):
    """Of every candidate, the head's own prior at its level and cell."""
    cfg = load_config(name)
    init_default_scope('mmrotate')
    head = MODELS.build(cfg.model).bbox_head
    generator = torch.Generator().manual_seed(0)
    sizes = [(9, 13), (5, 7), (3, 4), (2, 3)][:len(head.prior_generator.strides)]
    ours = hasattr(head.prior_generator, 'num_anchors')
    anchors = head.prior_generator.num_anchors if ours else head.prior_generator.num_base_priors[0]
    maps = [torch.rand(anchors * head.num_classes, *size, generator=generator) for size in sizes]
    count = sum(m.numel() for m in maps)
    levels, cells, channels = head.origins(maps, torch.zeros(count).long(), ConfigDict(score_thr=-1, nms_pre=10_000))
    priors = torch.cat([getattr(level, 'tensor', level)[:, :2]
                        for level in head.prior_generator.grid_priors(sizes, device='cpu')])
    starts = torch.tensor([0, *(anchors * math.prod(size) for size in sizes)]).cumsum(0)
    index = starts[levels] + cells * anchors + channels
    assert torch.equal(index.sort()[0], torch.arange(count))
    assert torch.equal(head.locations(maps, (levels, cells, channels)), priors[index])
