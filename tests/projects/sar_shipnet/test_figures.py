"""What SAR-ShipNet's figures show, against records, boxes by hand and plain loops."""

import csv
import json

import numpy as np
import pytest
from mmsight.projects.sar_shipnet import figure_attention, figure_curves, figure_data, figure_detections, figure_targets
from mmsight.projects.sar_shipnet.figure_ships import read_images

from mmsight.apis.labelled_ships import Labelled
from mmsight.box import get_model
from mmsight.engine.figures import Inputs, choose, find_plan
from mmsight.engine.tables import load_tables, project_folder
from mmsight.errors import InputError
from mmsight.rotated_iou import extents

RECORD = project_folder('sar_shipnet') / 'records' / 'sar-shipnet_r18w32_ssdd_512_dense_seed0'


def test_figure_1_counts_what_the_record_counts(real_data):
    """The record was made by the metric, in a test of its own."""
    with RECORD.with_suffix('.csv').open(newline='') as file:
        rows = {row['case']: row for row in csv.DictReader(file)}
    names = find_plan('sar_shipnet', '1').settings['images']
    figure = figure_detections.draw(Inputs({'ships-sar': str(get_model('ships-sar').path)}, [], real_data / 'ssdd'), names)
    titles = [axes.get_title() for axes in figure.axes]
    for name, (truth, found) in zip(names, zip(titles[::2], titles[1::2], strict=True), strict=True):
        true, false, ships = (int(rows[name][key]) for key in ('true', 'false', 'ships'))
        assert truth == f'truth, {name}: {ships} ships'
        assert found == f'ships-sar: {true} found, {ships - true} missed, {false} false'


def test_images_are_read_and_named(real_data):
    images = read_images(real_data / 'ssdd', 'test')
    text = (real_data / 'ssdd' / 'Annotations' / '001111.xml').read_text()
    assert len(images['001111'].ships) == text.count('<object>') and images['001111'].path.name == '001111.jpg'
    assert list(choose(images, ['001131', '000631'])) == ['001131', '000631']
    with pytest.raises(InputError, match="no image '01111'; did you mean 001111"):
        choose(images, ['01111'])


def test_targets_show_the_heads_heatmaps(real_data):
    settings = find_plan('sar_shipnet', 'targets').settings
    figure = figure_targets.draw(Inputs(data=real_data / 'ssdd'), **settings)
    image = read_images(real_data / 'ssdd', 'test')[settings['image']]
    scale = settings['side'] / max(image.size) / 4
    circular, elliptic = (axes.images[0].get_array() for axes in figure.axes[1:3])
    for x1, y1, x2, y2 in extents(image.ships) * scale:
        x, y = int((x1 + x2) / 2), int((y1 + y2) / 2)
        assert circular[y, x] == elliptic[y, x] == 1
        reach = [int((x2 - x1) / 2 * settings['alpha']), int((y2 - y1) / 2 * settings['alpha'])]
        assert elliptic[y, x + reach[0]] > 0 and elliptic[y + reach[1], x] > 0
        assert elliptic[y, x + reach[0] + 1] == 0 and elliptic[y + reach[1] + 1, x] == 0


def test_sizes_aspects_and_ships_an_image(tmp_path):
    images = [Labelled(tmp_path, (99, 99), np.array(boxes).reshape(-1, 5), np.zeros((0, 5)))
              for boxes in ([[2, 8, 4, 16, 0], [7, 7, 5, 5, 0]], [])]
    found = figure_data.measure(images)
    assert found['side'].tolist() == [8, 5] and found['aspect'].tolist() == [4, 1] and found['ships'].tolist() == [2, 0]


def test_bars_are_shares_of_all_ships(real_data):
    figure = figure_data.draw(Inputs(data=real_data / 'ssdd'))
    for axes in figure.axes:
        assert sum(bar.get_height() for bar in axes.patches if hasattr(bar, 'get_height')) == pytest.approx(100)


def test_the_curve_has_the_records_ap_and_best_point():
    plan = find_plan('sar_shipnet', 'precision-recall')
    figure = figure_curves.draw_precision_recall(Inputs(records=plan.find_records()), **plan.settings)
    metrics = json.loads(RECORD.with_suffix('.json').read_text())['metrics']
    name = RECORD.name.removesuffix('_seed0')
    curve = next(line for line in figure.axes[0].lines if str(line.get_label()).startswith(f'{name}, AP'))
    assert curve.get_label().endswith(f", AP {100 * metrics['ship/AP50_voc12']:.1f}")
    best = (metrics['ship/best_f1_recall'], metrics['ship/best_f1_precision'])
    assert np.abs(curve.get_xydata() - best).sum(axis=1).min() < 1e-6
    rows = [row for row in load_tables('sar_shipnet')['1'].rows if row.data == 'SSDD' and row.paper]
    stated = {line.get_label(): line.get_xydata()[0].tolist() for line in figure.axes[0].lines}
    for row in rows:
        assert stated[f'{row.model} (paper)'] == [row.paper[1] / 100, row.paper[0] / 100]


@pytest.mark.parametrize('size', [(20, 10), (10, 20), (7, 5)])
def test_maps_lie_over_their_pixels(size):
    """Of a square input of 16 cells: a pixel shows the cell that holds its centre."""
    values = np.arange(256.0).reshape(16, 16)
    found = figure_attention.to_pixels(values, size)
    side = max(size) / 16
    assert found.shape == size[::-1]
    assert all(found[y, x] == values[int((y + 0.5) / side), int((x + 0.5) / side)]
               for x in range(size[0]) for y in range(size[1]))


def test_pixels_in_boxes(tmp_path):
    ships = np.array([[2, 3.5, 2, 3, 0], [0, 0.5, 2, 1, 0]])
    mask = figure_attention.covered(Labelled(tmp_path, (8, 6), ships, np.zeros((0, 5))))
    assert mask.sum() == 7 and mask[2:5, 1:3].all() and mask[0, 0]
