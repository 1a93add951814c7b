"""What figures of detections call found, missed and false, against boxes by hand."""

import numpy as np
import pytest

from mmsight.apis.judged_ships import draw_judged, judge
from mmsight.apis.labelled_ships import STYLES, Labelled, read_labelled
from mmsight.rotated_iou import from_upright


def labelled(ships, ignored=(), path=None):
    return Labelled(path, (100, 80), *(np.array(boxes, dtype=float).reshape(-1, 5) for boxes in (ships, ignored)))


@pytest.fixture
def drawn(write_scene, tmp_path):
    """An image with a ship and another vessel, and its figure with a model that finds both and something else."""
    image = labelled([(20, 20, 20, 4, 0)], [(60, 20, 20, 4, 0)], write_scene(tmp_path / 's.tif', np.zeros((80, 100), np.uint8)))
    boxes = np.array([(20, 21, 20, 4, 0), (60, 20, 20, 4, 0), (50, 60, 9, 4, 0)], dtype=float)
    return draw_judged({'s': image}, {'m': [(boxes, np.ones(3))]})


def test_found_missed_false_and_ignored():
    image = labelled([(20, 20, 20, 4, 0.3), (50, 50, 20, 4, 0)], [(80, 20, 20, 4, 1)])
    boxes = np.array([(20, 20, 20, 4, 0.3), (21, 20, 20, 4, 0.3), (50, 50, 4, 20, 0), (80, 20, 20, 4, 1), (90, 70, 4, 4, 0)])
    result = judge((boxes, np.array([0.7, 0.9, 0.8, 0.5, 0.6])), image, upright=False)
    # the better one of two on a ship; one across a ship; what lies on another vessel counts neither way
    assert result.found.tolist() == boxes[1:2].tolist() and result.false.tolist() == boxes[[0, 2, 4]].tolist()
    assert result.missed.tolist() == image.ships[1:].tolist()


@pytest.mark.parametrize('upright', [False, True])
@pytest.mark.parametrize('ships, boxes', [(0, 2), (2, 0), (0, 0)])
def test_images_without_ships_or_detections(ships, boxes, upright):
    image = labelled([(20, 20, 20, 4, 0), (60, 20, 20, 4, 0)][:ships])
    found = np.array([(20, 60, 9, 4, 0), (60, 60, 9, 4, 0)], dtype=float)[:boxes]
    assert [len(part) for part in judge((found, np.ones(boxes)), image, upright)] == [0, boxes, ships]


def test_where_labels_are_upright_a_rotated_box_is_judged_by_the_upright_one_around_it():
    box, half = np.array([[50, 50, 40, 4, np.pi / 4]]), (40 + 4) / 2 / np.sqrt(2)
    image = labelled(from_upright(np.array([[50 - half, 50 - half, 50 + half, 50 + half]])))
    found = judge((box, np.ones(1)), image, upright=True).found
    assert found.tolist() == box.tolist()  # it is drawn as it is
    assert len(judge((box, np.ones(1)), image, upright=False).false) == 1


def test_the_figure_counts_and_colours_what_is_judged(drawn):
    truth, model = drawn.axes
    assert truth.get_title() == 'truth, s: 1 ships' and model.get_title() == 'm: 1 found, 0 missed, 1 false'
    colours = [[patch.get_edgecolor()[:3] for patch in axes.patches] for axes in (truth, model)]
    expected = [['labelled ship', 'other vessel'], ['found', 'false alarm']]
    assert [[tuple(round(255 * value) for value in colour) for colour in part] for part in colours] == [
        [tuple(bytes.fromhex(STYLES[kind]['edgecolor'][1:])) for kind in part] for part in expected]
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == list(STYLES)


@pytest.mark.parametrize('boxes, expected', [([[0, 0, 4, 16]], [[2, 8, 4, 16, 0]]), ([[5, 5, 4, 2, 1.5]], [[5, 5, 4, 2, 1.5]])])
def test_upright_and_rotated_labels_are_read(boxes, expected, tmp_path):
    class Data:
        def __len__(self):
            return 2

        def get_data_info(self, index):
            instances = [dict(bbox=box, ignore_flag=0) for box in boxes] + [dict(bbox=boxes[0], ignore_flag=1)]
            return dict(img_id=f'i{index}', img_path=str(tmp_path / f'{index}.png'), width=9, height=7,
                        instances=instances if index else [])

    found = read_labelled(Data())
    assert list(found) == ['i0', 'i1'] and len(found['i0'].ships) == len(found['i0'].ignored) == 0
    assert found['i1'].ships.tolist() == expected and found['i1'].ignored.tolist() == expected
    assert found['i1'].size == (9, 7) and found['i1'].path == tmp_path / '1.png'
