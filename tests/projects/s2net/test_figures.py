"""What S2-Net's figures show, against records, correlations by hand and plain loops."""

import csv
import json

import numpy as np
import pytest
import torch
from mmsight.projects.s2net import ORB, RIFT, SIFT, figure_counts, figure_data, figure_matches

from mmsight.engine.figures import Inputs, find_plan
from mmsight.engine.tables import lines, load_tables, project_folder
from mmsight.errors import InputError

RECORDS = project_folder('s2net') / 'records'
SETTINGS = find_plan('s2net', '2').settings


def test_right_matches_are_those_that_the_record_counts(real_data):
    """Its scores of single pairs were written by the metric."""
    with (RECORDS / 'd2net_vgg16_roadscene_128_soft_seed0.csv').open(newline='') as file:
        row = next(row for row in csv.DictReader(file) if row['case'] == SETTINGS['pair'])
    sample = figure_matches.read_pair(Inputs(data=real_data / 'roadscene'), SETTINGS['pair'])
    for method in (RIFT(), SIFT(), ORB()):
        found = figure_matches.match(method, sample, 1024, 3.0)
        assert found.right.sum() == float(row[f'{type(method).__name__}/NCM@1024'])


def test_a_figure_has_each_method_with_its_numbers(real_data):
    settings = dict(SETTINGS, methods=['ORB', 'BRISK'], shown=20)
    figure = figure_matches.draw(Inputs(data=real_data / 'roadscene'), **settings)
    sample = figure_matches.read_pair(Inputs(data=real_data / 'roadscene'), SETTINGS['pair'])
    matched = figure_matches.match(ORB(), sample, settings['keypoints'], settings['threshold'])
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[0] == f'ORB: {matched.right.sum()} of {len(matched.right)} matches are right'
    assert titles[1].startswith('BRISK: ')
    assert sum(len(lines.get_segments()) for lines in figure.axes[0].collections) == 20


def test_right_lines_are_green_and_run_from_point_to_point(real_data):
    axes = figure_matches.Figure().add_subplot()
    first, second = np.array([[1, 2], [3, 4], [5, 6.]]), np.array([[1, 2], [9, 9], [5, 7.]])
    figure_matches.lines(axes, figure_matches.Matched(first, second, np.array([True, False, True])), 100, 9)
    wrong, right = axes.collections
    assert [np.asarray(ends).tolist() for ends in wrong.get_segments()] == [[[3, 4], [109, 9]]]
    assert [np.asarray(ends).tolist() for ends in right.get_segments()] == [[[1, 2], [101, 2]], [[5, 6], [105, 7]]]
    red, green = (lines.get_colors()[0] for lines in (wrong, right))
    assert red[0] > red[1] and green[1] > green[0]


def test_a_wrong_pair_is_one_sentence(real_data):
    with pytest.raises(InputError, match="no test pair 'FLIR_7209'; did you mean FLIR_07209"):
        figure_matches.read_pair(Inputs(data=real_data / 'roadscene'), 'FLIR_7209')


def test_curves_are_those_of_the_records_and_of_the_paper():
    plan = find_plan('s2net', 'ncm')
    measured, paper = figure_counts.draw(Inputs(), **plan.settings).axes
    drawn = {bars.get_label(): bars.lines[0].get_xydata().tolist() for bars in measured.containers}
    metrics = json.loads((RECORDS / 'd2net_vgg16_roadscene_128_soft_seed0.json').read_text())['metrics']
    assert drawn['RIFT'] == [[count, metrics[f'match/RIFT/NCM@{count}']] for count in (1024, 2048, 4096)]
    seeds = [json.loads((RECORDS / f'r2d2_w8_roadscene_64_seed{seed}.json').read_text())['metrics'] for seed in range(3)]
    means = [np.mean([values[f'match/NCM@{count}'] for values in seeds]) for count in (1024, 2048, 4096)]
    assert np.allclose(np.array(drawn['R2D2, quarter width'])[:, 1], means)
    stated = {bars.get_label(): bars.lines[0].get_ydata().tolist() for bars in paper.containers}
    assert stated['D2-Net + SSL'] == [92, 177, 233] and len(stated) == 7
    dashes = {bars.get_label(): bars.lines[0].get_linestyle() for bars in paper.containers}
    assert (dashes['R2D2'], dashes['R2D2 + SSL']) == ('--', '-')


def test_every_measured_row_has_a_colour_and_a_marker_of_its_own():
    rows = [line for line in lines(load_tables('s2net')['II']) if line.source == 'measured' and line.row.data == 'RoadScene']
    measured = figure_counts.draw(Inputs(), 'II', 'RoadScene').axes[0]
    curves = [bars.lines[0] for bars in measured.containers]
    looks = {(curve.get_color(), curve.get_marker(), curve.get_linestyle()) for curve in curves}
    assert len(looks) == len(rows) == len(curves)


def test_an_inverted_pair_has_a_correlation_of_minus_one():
    image = np.random.default_rng(0).integers(0, 256, (5, 9, 3)).astype(np.uint8)
    assert figure_data.measure(dict(visible=image, infrared=255 - image)) == (9, 5, pytest.approx(-1))
    other = np.random.default_rng(1).integers(0, 256, (5, 9, 3)).astype(np.uint8)
    a, b = (torch.from_numpy(part).double().mean(dim=2).flatten() for part in (image, other))
    expected = ((a - a.mean()) * (b - b.mean())).sum() / ((a - a.mean()).norm() * (b - b.mean()).norm())
    assert figure_data.measure(dict(visible=image, infrared=other))[2] == pytest.approx(float(expected))


def test_splits_are_shown_whole(real_data):
    figure = figure_data.draw(Inputs(data=real_data / 'roadscene'), **find_plan('s2net', 'data').settings)
    points = [len(part.get_offsets()) for part in figure.axes[0].collections]
    ids = (project_folder('s2net') / 'splits' / 'roadscene_test.txt').read_text().split()
    assert points == [len(list((real_data / 'roadscene' / 'cropinfrared').iterdir())) - len(ids), len(ids)]
    heights = [patch.get_height() for patch in figure.axes[1].patches if hasattr(patch, 'get_height')]
    assert sum(heights) == pytest.approx(100)


def test_a_wrong_baseline_is_one_sentence():
    with pytest.raises(InputError, match="no baseline 'SURF': methods are of RIFT, SIFT"):
        figure_matches.draw(Inputs(), **dict(SETTINGS, methods=['SURF']))


def test_a_third_of_the_networks_right_matches_lies_at_the_border_as_the_caption_says(real_data):
    inputs = Inputs(data=real_data / 'roadscene')
    sample = figure_matches.read_pair(inputs, SETTINGS['pair'])
    height, width = sample['images'].shape[-2:]
    network = figure_matches.MatchInferencer('keypoints-r2d2', show_progress=False).model
    shares = {}
    for name, method in dict(network=network, RIFT=RIFT()).items():
        found = figure_matches.match(method, sample, 1024, 3.0)
        x, y = found.first[found.right].T
        shares[name] = np.mean(np.minimum.reduce([x, y, width - 1 - x, height - 1 - y]) < 16)
    assert shares == dict(network=pytest.approx(1 / 3, abs=0.05), RIFT=0)
