"""What LARSD's figures show, against records, boxes by hand and the network's own scores."""

import csv
import math

import numpy as np
import pytest
from mmdet.evaluation.functional import average_precision
from mmengine.config import ConfigDict
from mmsight.projects.larsd import (
    figure_anchors,
    figure_data,
    figure_detections,
    figure_lasa,
    figure_samples,
    figure_sampling,
)
from mmsight.projects.larsd.figure_ships import read_images
from mmsight.projects.larsd.lasa import LASA

from mmsight.annotations import LISTS, read_ids
from mmsight.apis.detect import DetectInferencer
from mmsight.apis.labelled_ships import Labelled
from mmsight.box import get_model
from mmsight.engine.figures import Inputs, choose, find_plan
from mmsight.engine.runs import load_run
from mmsight.engine.tables import project_folder
from mmsight.errors import InputError

RECORD = project_folder('larsd') / 'records' / 'larsd-10_lite0_ssdd_512_seed0.npz'


def inputs(number, data):
    plan = find_plan('larsd', number)
    return Inputs({name: str(get_model(name).path) for name in plan.models}, [], data / plan.data), plan.settings


def test_detections_are_those_of_the_record(real_data):
    """The record was made by the metric, in a test of its own."""
    given, settings = inputs('8-sar', real_data)
    titles = [axes.get_title() for axes in figure_detections.draw(given, **settings).axes]
    record = np.load(RECORD)
    with RECORD.with_suffix('.csv').open(newline='') as file:
        cases = [row['case'] for row in csv.DictReader(file)]
    threshold = DetectInferencer(given.models['ships-sar-rotated'], show_progress=False).model.dataset_meta['score_threshold']
    for name, truth, found in zip(settings['images'], titles[::2], titles[1::2], strict=True):
        case = cases.index(name)
        states = record['state'][0, (record['case'] == case) & (record['score'] >= threshold)]
        ships, true, false = int(record['ships'][case].sum()), int((states == 1).sum()), int((states == 0).sum())
        assert truth == f'truth, {name}: {ships} ships'
        assert found == f'ships-sar-rotated: {true} found, {ships - true} missed, {false} false'


def test_boxes_of_a_test_are_shown_as_it_kept_them(real_data, tmp_path):
    """One of the labelled boxes, another that scores too little, and one far from all."""
    data = real_data / 'optical_inshore'
    images = read_images(data, 'validate')
    ships = images['16'].ships
    record, kept = tmp_path / 'larsd-x_r18_seed0.json', (tmp_path / 'larsd-x_r18_seed0.csv').write_text
    kept('case,image_f1\n7,0\n16,0.5\n')
    found = dict(case=np.ones(3, int), label=np.zeros(3, int), score=np.array([0.9, 0.2, 0.5]), state=np.zeros((1, 3), int),
                 ships=np.array([[3], [len(ships)]]))
    np.savez(record.with_suffix('.npz'), box=[ships[0], ships[1], [4, 4, 3, 2, 0]], **found)
    figure = figure_detections.draw_tested(Inputs({}, [record], data), images=['16', '7'], score=0.3)
    assert [axes.get_title() for axes in figure.axes[1::2]] == [
        f'larsd-x: 1 found, {len(ships) - 1} missed, 1 false', f'larsd-x: 0 found, {len(images["7"].ships)} missed, 0 false']
    np.savez(record.with_suffix('.npz'), **found)
    with pytest.raises(InputError, match='larsd-x_r18_seed0.csv: the test kept no boxes: test the checkpoint again'):
        figure_detections.draw_tested(Inputs({}, [record], data), images=['16'], score=0.3)


def test_images_are_read_and_named(real_data):
    images = read_images(real_data / 'optical_inshore', 'validate')
    lines = [line.split() for line in (real_data / 'optical_inshore/validate/16.txt').read_text().splitlines()]
    ships = [list(map(float, line[:4])) for line in lines if line[4] == '2']
    assert len(images['16'].ships) == len(ships) and len(images['16'].ignored) == len(lines) - len(ships)
    for (bow_x, bow_y, stern_x, stern_y), (cx, cy, w, _, angle) in zip(ships, images['16'].ships, strict=True):
        ends = cx + np.cos(angle) * w / 2, cy + np.sin(angle) * w / 2, cx - np.cos(angle) * w / 2, cy - np.sin(angle) * w / 2
        assert ends == pytest.approx((bow_x, bow_y, stern_x, stern_y))
    with pytest.raises(InputError, match="no image '166'; did you mean 16"):
        choose(images, ['166'])
    with pytest.raises(InputError, match="optical_inshore, ssdd, found 'liver_slices'"):
        read_images(real_data / 'liver_slices', 'train')


def test_sampling_shows_the_score_that_the_network_gives(real_data):
    """The best candidate with its raw score, and the aligned score, are among the detections without and with LASA."""
    given, settings = inputs('6', real_data)
    image = read_images(given.data, 'validate')[settings['image']]
    detector = DetectInferencer(given.models['ships-harbour'], show_progress=False)
    maps = figure_sampling.score_maps(detector, image)
    head = detector.model.bbox_head
    best = figure_sampling.best_candidate(head, *maps, image.ships[settings['ship']:settings['ship'] + 1])

    def score(**lasa):
        every = dict(max_per_img=10**6, nms=dict(type='nms_rotated', iou_threshold=1))
        head.test_cfg = ConfigDict(head.test_cfg, lasa=lasa or None, **every)
        found, = head.predict_by_feat(*maps, batch_img_metas=[dict(img_shape=(768, 1024))], rescale=False)
        boxes = found.bboxes.tensor
        return float(found.scores[(boxes - best.box).abs().sum(dim=1).argmin()])

    assert best.score == pytest.approx(score(), abs=1e-6)
    for pattern in settings['patterns']:
        found = figure_sampling.aligned(head, LASA(pattern, settings['spread']), maps[0], best)
        assert found == pytest.approx(score(pattern=pattern, spread=settings['spread']), abs=1e-5)
    with pytest.raises(InputError, match='has ships 0 to 6, found 7'):
        figure_sampling.draw(given, **{**settings, 'ship': 7})


def test_anchors_stand_at_a_location_and_are_the_models(real_data):
    given, settings = inputs('anchors', real_data)
    figure = figure_anchors.draw(given, **settings)
    anchors = DetectInferencer(given.models['ships-sar-rotated'], show_progress=False).model.bbox_head.prior_generator.anchors
    image = read_images(given.data, 'test')[settings['image']]
    scale = 512 / max(image.size)
    for axes, level, stride in zip(figure.axes, anchors, (4, 8, 16), strict=False):
        drawn = [patch for patch in axes.patches if hasattr(patch, 'get_width')]
        sizes = np.array([(patch.get_width(), patch.get_height()) for patch in drawn])
        assert sizes * scale == pytest.approx(level.numpy(), rel=1e-5)
        x, y = (part * scale / stride for part in drawn[0].get_center())
        assert (x % 1, y % 1) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize('point, expected', [((0, 0), (4, 4)), ((7.9, 8.1), (4, 12)), ((20, 28), (20, 28))])
def test_the_nearest_location(point, expected):
    assert figure_anchors.nearest_location(np.array(point), 8, 0.5).tolist() == list(expected)


def test_sizes_in_the_ships_frame():
    ships = np.array([(50, 50, 20, 4, 0), (50, 50, 20, 4, math.pi / 2), (50, 50, 20, 4, math.radians(170))])
    found = figure_anchors.ships_in_frame(ships, 200, (100, 80))
    assert found == pytest.approx(np.array([(40, 8), (8, 40), (40, 8)]))


def test_lengths_aspects_directions_and_ships_an_image():
    found = figure_data.measure([Labelled(None, (100, 80), np.array(ships).reshape(-1, 5), np.zeros((0, 5)))
                                 for ships in ([(9, 9, 12, 3, 0.5), (9, 9, 2, 8, 0.5)], [])])
    assert found['length'].tolist() == [12, 8] and found['aspect'].tolist() == [4, 4] and found['ships'].tolist() == [2, 0]
    assert found['angle'].tolist() == [0.5, 0.5 + math.pi / 2]


def test_directions_fall_into_sectors():
    angles = np.radians([1, -1, 100])
    headings, both = figure_data.sectors(angles, True), figure_data.sectors(angles, False)
    assert np.flatnonzero(headings).tolist() == [0, 6, 23] and headings.sum() == pytest.approx(1)
    assert np.flatnonzero(both).tolist() == [0, 6, 11, 12, 18, 23] and both == pytest.approx(np.roll(both, 12))


def test_a_square_is_where_most_ships_are():
    points = np.array([(0, 0), (100, 100), (104, 96), (96, 104), (300, 0)])
    assert figure_samples.densest(points, 10).tolist() == [100, 100]


def test_bars_are_shares_of_all_ships(real_data):
    for number in ('data', 'data-sar'):
        *bars, _ = figure_data.draw(*inputs(number, real_data)[:1]).axes
        for axes in bars:
            assert sum(bar.get_height() for bar in axes.patches if hasattr(bar, 'get_height')) == pytest.approx(100)


def test_groups_of_images():
    ratios = dict(a=2.9, b=3.0, c=3.9, d=4.0, e=7.5)
    assert figure_lasa.by_aspect(ratios, [3.0, 4.0]) == {'below 3': {'a'}, '3 to 4': {'b', 'c'}, '4 or more': {'d', 'e'}}
    assert figure_lasa.by_aspect(ratios, [1.0, 3.0]) == {'1 to 3': {'a'}, '3 or more': set('bcde')}
    counts = figure_lasa.by_count(load_run(RECORD.with_suffix('.json')), [2, 4])
    with RECORD.with_suffix('.csv').open(newline='') as file:
        ships = {row['case']: int(row['ships']) for row in csv.DictReader(file)}
    assert counts['1'] == {case for case, count in ships.items() if count == 1}
    assert counts['2 to 3'] == {case for case, count in ships.items() if count in (2, 3)}
    assert sum(map(len, counts.values())) == sum(count > 0 for count in ships.values())


def test_what_lasa_changes_is_the_difference_of_two_records(real_data):
    plan = find_plan('larsd', 'lasa')
    figure = figure_lasa.draw(Inputs({}, plan.find_records(), real_data / 'ssdd'), **plan.settings)
    by_land = figure.axes[2]
    assert [label.get_text() for label in by_land.get_xticklabels()] == ['inshore\n21 images', 'offshore\n95 images']
    drawn = by_land.containers[0].lines[0].get_ydata()
    records = [RECORD.with_name(RECORD.name.replace('larsd-10', name)) for name in ('larsd-11', 'larsd-10')]
    cases = [row['case'] for row in csv.DictReader(RECORD.with_suffix('.csv').open(newline=''))]
    for part, change in zip(('inshore', 'offshore'), drawn, strict=True):
        chosen = [cases.index(name) for name in read_ids(LISTS / f'ssdd_test_{part}.txt')]
        aligned, raw = (host_ap(np.load(record), chosen) for record in records)
        assert change == pytest.approx(100 * (aligned - raw), abs=1e-3)


def host_ap(record, chosen):
    """AP50 (VOC12) of some images by mmdet."""
    inside = np.isin(record['case'], chosen) & (record['state'][0] >= 0)
    order = np.argsort(-record['score'][inside], kind='stable')
    scores, hits = record['score'][inside][order], record['state'][0, inside][order] == 1
    last = np.append(np.diff(scores) != 0, True)  # equal scores count at once
    found, false = hits.cumsum()[last], (~hits).cumsum()[last]
    return average_precision(found / record['ships'][chosen].sum(), found / (found + false), 'area')
