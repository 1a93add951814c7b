"""Rotation, flip, crop and resize of the pipelines keep rotated boxes exact, against an affine map of their corners."""

import cv2
import numpy as np
import pytest
import torch
from mmdet.datasets.transforms import RandomCrop, RandomFlip, Resize
from mmengine.registry import init_default_scope
from mmrotate.datasets.transforms import Rotate
from mmrotate.structures.bbox import RotatedBoxes
from shapely import Polygon, affinity

from mmsight.rotated_iou import corners

W, H = 301, 200


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmrotate')


def results(boxes, image=None):
    image = np.zeros((H, W, 3), np.uint8) if image is None else image
    return dict(img=image, img_shape=(H, W), ori_shape=(H, W), gt_bboxes=RotatedBoxes(torch.tensor(boxes)),
                gt_bboxes_labels=np.arange(len(boxes)), gt_ignore_flags=np.zeros(len(boxes), bool))


@pytest.fixture
def boxes():
    rng = np.random.default_rng(0)
    count = 200
    return np.column_stack([rng.uniform(0, W, count), rng.uniform(0, H, count), rng.uniform(10, 90, count),
                            rng.uniform(4, 20, count), rng.uniform(-4, 4, count)])


def agree(found, polygons):
    """Boxes of an output and expected polygons are the same, to a thousandth of a pixel."""
    assert len(found['gt_bboxes']) == len(polygons)
    for points, polygon in zip(corners(found['gt_bboxes'].tensor.numpy()), polygons, strict=True):
        assert Polygon(points).hausdorff_distance(polygon) < 1e-3


@pytest.mark.parametrize('angle', [-170.0, -45.0, 13.7, 90.0, 180.0])
def test_rotation(boxes, angle):
    """Clockwise around the image's middle; a ship whose centre leaves the image is left out, the others stay whole."""
    found = Rotate(rotate_angle=angle).transform(results(boxes))
    turned = [affinity.rotate(Polygon(points), angle, origin=(W / 2, H / 2)) for points in corners(boxes)]
    inside = [polygon for polygon in turned if 0 <= polygon.centroid.x <= W and 0 <= polygon.centroid.y <= H]
    agree(found, inside)


@pytest.mark.parametrize('direction, factor', [('horizontal', (-1, 1)), ('vertical', (1, -1)), ('diagonal', (-1, -1))])
def test_flip(boxes, direction, factor):
    found = RandomFlip(prob=1.0, direction=direction).transform(results(boxes))
    agree(found, [affinity.scale(Polygon(points), *factor, origin=(W / 2, H / 2)) for points in corners(boxes)])


def test_crop(boxes):
    crop = RandomCrop(crop_size=(0.75, 0.75), crop_type='relative_range', allow_negative_crop=True, bbox_clip_border=False)
    for seed in range(5):
        np.random.seed(seed)
        image = np.stack([*np.meshgrid(np.arange(W) % 256, np.arange(H)), np.arange(W * H).reshape(H, W) % W // 256], axis=-1)
        found = crop.transform(results(boxes, image.astype(np.uint8)))
        x, y = int(found['img'][0, 0, 0]) + 256 * int(found['img'][0, 0, 2]), int(found['img'][0, 0, 1])
        height, width = found['img_shape'][:2]
        assert (height, width) == found['img'].shape[:2] and (height < H or width < W)
        moved = [affinity.translate(Polygon(points), -x, -y) for points in corners(boxes)]
        agree(found, [polygon for polygon in moved if 0 <= polygon.centroid.x <= width and 0 <= polygon.centroid.y <= height])


def test_resize_with_one_factor(boxes):
    found = Resize(scale=(2 * W, 2 * H), keep_ratio=True).transform(results(boxes))
    assert found['scale_factor'] == (2.0, 2.0)
    agree(found, [affinity.scale(Polygon(points), 2, 2, origin=(0, 0)) for points in corners(boxes)])


@pytest.mark.parametrize('transform, factor', [
    (lambda r: Rotate(rotate_angle=31.0).transform(r), 1), (lambda r: RandomFlip(prob=1.0).transform(r), 1),
    (lambda r: Resize(scale=(2 * W, 2 * H), keep_ratio=True).transform(r), 2)])
def test_pixels_move_with_their_boxes(transform, factor):
    """A painted ship stays in its box: the middle and the spread of its pixels are those of the box."""
    box = np.array([140.0, 90.0, 70.0, 16.0, 0.6])
    image = np.zeros((H, W, 3), np.uint8)
    large = cv2.fillPoly(np.zeros((8 * H, 8 * W), np.uint8), [np.round(8 * corners(box)[0] - .5).astype(int)], 255)
    image[:] = cv2.resize(large, (W, H), interpolation=cv2.INTER_AREA)[..., None]
    found = transform(results(box[None], image))
    cx, cy, w, h, angle = found['gt_bboxes'].tensor[0].tolist()
    weights = found['img'][..., 0] / 255.0
    y, x = np.mgrid[:weights.shape[0], :weights.shape[1]] + 0.5
    assert abs((weights * x).sum() / weights.sum() - cx) < 0.1 and abs((weights * y).sum() / weights.sum() - cy) < 0.1
    along = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
    across = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
    for distance, side in ((along, w), (across, h)):  # a uniform bar has the standard deviation side / sqrt(12)
        spread = np.sqrt((weights * distance**2).sum() / weights.sum())
        assert abs(spread * 12**.5 / side - 1) < 0.03
