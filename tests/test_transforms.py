"""Quarter turns against pixels, intensities within their table."""

import numpy as np
import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmrotate.structures.bbox import RotatedBoxes

from mmsight.rotated_iou import corners
from mmsight.transforms import RandomIntensity, RandomQuarterTurn


@pytest.mark.parametrize('turns', range(4))
def test_a_quarter_turn_moves_boxes_with_their_pixels(monkeypatch, turns):
    image = np.zeros((20, 30, 3), np.uint8)
    image[4:7, 10:22] = 255
    box = [10., 4., 22., 7.]
    turn = RandomQuarterTurn()
    monkeypatch.setattr(turn, '_turns', lambda: turns)
    upright = turn(dict(img=image, img_shape=(20, 30), gt_bboxes=HorizontalBoxes(torch.tensor([box]))))
    rotated = turn(dict(img=image, img_shape=(20, 30), gt_bboxes=RotatedBoxes(torch.tensor([[16., 5.5, 12., 3., 0.]]))))
    rows, columns = np.nonzero(upright['img'][..., 0])
    bright = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.array_equal(upright['img'], np.rot90(image, -turns)) and upright['img_shape'] == upright['img'].shape[:2]
    assert np.allclose(upright['gt_bboxes'].tensor[0], bright, atol=1e-4)
    points = corners(rotated['gt_bboxes'].tensor.double().numpy())[0]
    assert np.allclose([*points.min(axis=0), *points.max(axis=0)], bright, atol=1e-4)


def test_intensity_keeps_black_and_clips():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    assert np.array_equal(RandomIntensity((1, 1), (1, 1))(dict(img=image))['img'], image)
    found = RandomIntensity((2, 2), (0.5, 0.5))(dict(img=image))['img']
    wanted = np.minimum(255, np.round(255 * 2 * np.sqrt(image / 255))).astype(np.uint8)
    assert np.array_equal(found, wanted)
