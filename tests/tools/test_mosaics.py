"""The mosaic that several suites of benchmarks share."""

from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
import rasterio


@pytest.fixture
def mosaics(root, monkeypatch):
    monkeypatch.syspath_prepend(root / 'tools' / 'analysis_tools')
    import mosaics
    return mosaics


def test_a_mosaic_holds_images_and_the_boxes_of_their_ships(mosaics, real_data, monkeypatch, tmp_path):
    monkeypatch.setenv('MMSIGHT_DATA', str(real_data))
    truth = mosaics.write_mosaic(tmp_path / 'a.tif', 900).double().numpy()
    with rasterio.open(tmp_path / 'a.tif') as file:
        scene = file.read(1)
    lower, upper = truth[:, :2] - truth[:, 2:4] / 2, truth[:, :2] + truth[:, 2:4] / 2
    assert (lower >= 0).all() and (upper <= 900).all()
    for path in sorted((real_data / 'ssdd' / 'JPEGImages').iterdir()):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        width = image.shape[1]
        if np.array_equal(scene[:150, :width], image[:150]):  # the next row may hide what lies lower
            break
    else:
        pytest.fail('no image lies in the first corner')
    root = ElementTree.parse(real_data / 'ssdd' / 'Annotations' / f'{path.stem}.xml').getroot()
    boxes = np.array([[float(box.findtext(tag)) for tag in ('xmin', 'ymin', 'xmax', 'ymax')] for box in root.iter('bndbox')])
    boxes, found = (part[(part[:, 2] <= width) & (part[:, 3] < 140)] for part in (boxes, np.hstack([lower, upper])))
    assert len(boxes)
    np.testing.assert_allclose(found[np.lexsort(found.T)], boxes[np.lexsort(boxes.T)], atol=1.01)  # VOC counts from 1


def test_how_ships_are_compared(mosaics):
    import torch
    boxes = torch.tensor([[20.0, 20, 30, 10, 0.3], [80, 80, 30, 10, 0], [200, 80, 30, 10, 1]])
    moved = boxes + torch.tensor([[0.0], [8], [0]]) * torch.tensor([1.0, 0, 0, 0, 0])
    assert mosaics.shared(boxes, boxes) == mosaics.f1(boxes, boxes) == 1
    assert mosaics.shared(boxes, moved) == pytest.approx(2 / 3)  # IoU 22 / 38 of the one that moved
    assert mosaics.f1(boxes, moved) == 1 and mosaics.f1(boxes[:2], boxes[1:]) == 0.5


@pytest.mark.slow
def test_a_suite_measures_in_a_process_of_its_own(mosaics, write_scene, tmp_path):
    from benchmarks import scenes
    path = write_scene(tmp_path / 'a.tif', np.eye(80, dtype=np.uint8))
    (seconds, ), peak = scenes._measure('torch', path, twice=False)
    assert seconds > 0 and peak > 100  # MB, as torch is loaded
