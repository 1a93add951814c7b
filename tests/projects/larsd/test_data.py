"""Readers on what is right, and on the real sets where they are at hand."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmsight.projects.larsd import (
    BowSternDataset,
    DOTAShipDataset,
    HRSC2016Dataset,
    LoadShipImage,
    RBoxDataset,
    RotatedCocoDataset,
    RotatedSSDDDataset,
)
from mmsight.projects.larsd.boxes import fit_rotated_box
from shapely import Polygon

from mmsight.annotations import read_xml
from mmsight.errors import InputError
from mmsight.rotated_iou import corners, rotated_iou

from .ship_files import BOX, bow_stern, coco, dota, hrsc, hrsc_object, image, rbox, ssdd


def only(dataset):
    """The one instance of the one image of a dataset without faults."""
    assert list(dataset.iter_faults()) == [None]
    dataset.full_init()
    entry = dataset.get_data_info(0)
    assert (entry['width'], entry['height'], len(entry['instances'])) == (60, 40, 1) and Path(entry['img_path']).is_file()
    return entry['instances'][0]


def test_hrsc(tmp_path):
    found = only(hrsc(tmp_path, hrsc_object()))
    assert found == dict(bbox=list(BOX), bbox_label=0, ignore_flag=0)
    dataset = hrsc(tmp_path, hrsc_object(), classwise=True)
    assert dataset.metainfo['classes'][only(dataset)['bbox_label']] == 'Kuznetsov'
    assert only(hrsc(tmp_path, hrsc_object(), size='')) == found  # the image says its size
    assert HRSC2016Dataset.METAINFO['classes'] == ('ship', )


def test_hrsc_image_without_ships(tmp_path):
    dataset = hrsc(tmp_path, filter_cfg=dict(filter_empty_gt=True))
    assert dataset.load_data_list()[0]['instances'] == []
    with pytest.raises(InputError, match='train.txt: no image contains a ship'):
        dataset.full_init()
    dataset = hrsc(tmp_path)
    dataset.full_init()
    assert len(dataset) == 1


def test_ssdd(tmp_path):
    assert only(ssdd(tmp_path, (*BOX[:4], 90.0)))['bbox'] == [*BOX[:4], pytest.approx(math.pi / 2)]


def test_dota(tmp_path):
    points = corners(np.array(BOX))[0]
    line = ' '.join(f'{value:.9f}' for value in points.ravel())
    found = only(dota(tmp_path, f'{line} ship 1', '1 1 9 1 9 9 1 9 harbor 0', skip_classes=('harbor', )))
    assert found['bbox'] == pytest.approx(BOX, abs=1e-6) and found['ignore_flag'] == 0
    assert only(dota(tmp_path, f'{line} ship 2'))['ignore_flag'] == 1
    assert only(dota(tmp_path, f'{line} ship'))['ignore_flag'] == 0  # the difficulty may be missing
    assert only(dota(tmp_path, f'{line} ship 1', diff_thr=0))['ignore_flag'] == 1
    assert dota(tmp_path).load_data_list()[0]['instances'] == []


def test_bow_stern(tmp_path):
    found = only(bow_stern(tmp_path, '10 30 50 30 2 30 30 8 26 52 34', ''))
    assert found == dict(bbox=[30, 30, 40, 40 / 8.8, pytest.approx(math.pi)], bbox_label=0, ignore_flag=0)
    assert only(bow_stern(tmp_path, '10 30 50 30 1 30 30 8 26 52 34'))['ignore_flag'] == 1
    dataset = bow_stern(tmp_path, '10 30 50 30 2 30 15 8 26 52 34')
    assert list(dataset.iter_faults()) == [None]
    assert len(dataset.notes) == 1 and '10.txt: line 1: the labelled middle is 15 pixels off' in dataset.notes[0]


def test_rbox(tmp_path):
    assert only(rbox(tmp_path, '30 20 24 6 1 45'))['bbox'] == [30, 20, 24, 6, pytest.approx(-math.pi / 4)]


def test_coco(tmp_path):
    assert only(coco(tmp_path))['bbox'] == [*BOX[:4], pytest.approx(math.pi / 6)]


def test_fit_rotated_box_is_exact_for_rectangles():
    """Against the rectangles themselves, in any order of corners, of any size and angle, with ties at 45 degrees."""
    rng = np.random.default_rng(0)
    boxes = np.column_stack([rng.uniform(0, 7000, (500, 2)), rng.uniform(20, 300, 500), rng.uniform(2, 20, 500),
                             rng.choice([0, math.pi / 4, -math.pi / 4, math.pi / 2, .3], 500) + rng.normal(0, .1, 500).round()])
    fitted = np.array([fit_rotated_box(np.roll(points, k % 4, axis=0)[::1 - 2 * (k % 2)])
                       for k, points in enumerate(corners(boxes))])
    assert np.abs(fitted[:, :4] - boxes[:, :4]).max() < 1e-6
    turned = (fitted[:, 4] - boxes[:, 4] + math.pi / 2) % math.pi - math.pi / 2
    assert np.abs(turned).max() < 1e-9
    assert (fitted[:, 4] >= -math.pi / 2).all() and (fitted[:, 4] < math.pi / 2).all()


def test_fit_rotated_box_of_any_quadrilateral_has_the_least_area():
    """Against all directions in steps of a hundredth of a degree."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        points = rng.uniform(0, 50, (4, 2))
        turns = np.radians(np.arange(0, 90, 0.01))
        x, y = points[:, :1] * np.cos(turns) + points[:, 1:] * np.sin(turns), \
            points[:, 1:] * np.cos(turns) - points[:, :1] * np.sin(turns)
        least = (np.ptp(x, axis=0) * np.ptp(y, axis=0)).min()
        box = fit_rotated_box(points)
        assert box[2] * box[3] <= least * (1 + 1e-9)
        assert Polygon(corners(np.array(box))[0]).buffer(1e-6).covers(Polygon(points).convex_hull)


def test_load_ship_image(tmp_path):
    for name, channels in (('grey', 1), ('colour', 3), ('alpha', 4)):
        image(tmp_path / f'{name}.png', channels=channels)
        results = LoadShipImage().transform(dict(img_path=str(tmp_path / f'{name}.png'), width=60, height=40))
        assert results['img'].shape == (40, 60, 3) and (results['img'] == 90).all()
        assert results['img_shape'] == results['ori_shape'] == (40, 60)
    cv2.imwrite(str(tmp_path / 'blue.png'), np.tile(np.array([200, 0, 0], np.uint8), (8, 9, 1)))
    assert LoadShipImage(grey=True).transform(dict(img_path=str(tmp_path / 'blue.png')))['img'][0, 0].tolist() == [23, 23, 23]


@pytest.mark.parametrize('config, images, size', [('larsd-10_r18w16_ssdd_256', (928, 116), 256),
                                                  ('larsd-10_r18w16_inshore_512', (60, 12), 512)])
def test_real_data_through_their_configs(real_data, monkeypatch, config, images, size):
    """Every box of the loaded samples is the annotation's, in the original image's pixels at test."""
    from mmengine.registry import DATASETS

    from mmsight.configs import load_config
    if not (real_data / 'ssdd').is_dir() or not (real_data / 'optical_inshore').is_dir():
        pytest.skip(f'no SSDD or no harbour ships in {real_data}')
    monkeypatch.setenv('MMSIGHT_DATA', str(real_data))
    init_default_scope('mmrotate')
    cfg = load_config(config)
    train, test = (DATASETS.build(cfg[f'{split}_dataloader'].dataset) for split in ('train', 'test'))
    assert (len(train), len(test)) == images
    assert all(train[index]['inputs'].shape == (3, size, size) for index in range(5))
    sample = test[3]['data_samples']
    instances = test.get_data_info(3)['instances']
    kept = torch.tensor([item['bbox'] for item in instances if not item['ignore_flag']])
    assert torch.allclose(sample.gt_instances.bboxes.tensor, kept)
    assert len(sample.gt_instances) + len(sample.ignored_instances) == len(instances)


def test_real_ssdd_boxes_are_those_of_its_corners(real_data):
    folder = real_data / 'ssdd'
    if not folder.is_dir():
        pytest.skip(f'no SSDD in {real_data}')
    dataset = RotatedSSDDDataset(data_root=str(folder), ann_file='ImageSets/Main/test.txt', lazy_init=True, pipeline=[],
                                 data_prefix=dict(img='JPEGImages', ann='Annotations'))
    assert set(dataset.iter_faults()) == {None}
    distances = []
    for entry in dataset.load_data_list():
        root = read_xml(folder / 'Annotations' / f"{entry['img_id']}.xml")
        for item, instance in zip(root.iter('object'), entry['instances'], strict=True):
            stored = [[float(item.findtext(f'rotated_bndbox/{axis}{k}')) for axis in 'xy'] for k in (1, 2, 3, 4)]
            ours = Polygon(corners(np.array(instance['bbox']))[0])
            distances.append(ours.hausdorff_distance(Polygon(stored)))
    assert len(distances) == 252 and max(distances) < 3


def test_real_harbour_ships(real_data):
    folder = real_data / 'optical_inshore'
    if not folder.is_dir():
        pytest.skip(f'no harbour ships in {real_data}')
    counts = {}
    for split in ('train', 'validate'):
        dataset = BowSternDataset(data_root=str(folder), data_prefix=dict(img=split), lazy_init=True, pipeline=[])
        flags = [item['ignore_flag'] for entry in dataset.load_data_list() for item in entry['instances']]
        assert not any(dataset.iter_faults())
        faults = list(dataset.notes)
        assert all('the labelled middle' in fault for fault in faults)
        counts[split] = (flags.count(0), flags.count(1), len(faults))
    assert counts == dict(train=(496, 102, 13), validate=(67, 17, 1))


def test_real_rbox_angles_point_along_the_ships(real_data):
    """Radar chips are bright inside the boxes, and darker where the sign of the angle is wrong."""
    folder = real_data / 'sar_gf3_rotated'
    if not folder.is_dir():
        pytest.skip(f'no GF-3 chips in {real_data}')
    for split, count in (('train', 100), ('test', 1)):
        dataset = RBoxDataset(data_root=str(folder), ann_file=f'{split}.txt', data_prefix=dict(img=split), lazy_init=True,
                              pipeline=[])
        entries = dataset.load_data_list()
        assert len(entries) == count and set(dataset.iter_faults()) == {None}
        for entry in entries:
            pixels = cv2.imread(entry['img_path'], cv2.IMREAD_GRAYSCALE)
            for box in (np.array(item['bbox']) for item in entry['instances']):
                if abs(math.sin(2 * box[4])) < 0.5:
                    continue
                means = []
                for sign in (1, -1):
                    mask = np.zeros_like(pixels)
                    cv2.fillPoly(mask, [np.round(corners(box * (1, 1, 1, 1, sign))[0]).astype(int)], 1)
                    means.append(pixels[mask > 0].mean())
                assert means[0] > means[1]


def test_real_aircraft(real_data):
    folder = real_data / 'rotated_aircraft'
    if not folder.is_dir():
        pytest.skip(f'no aircraft in {real_data}')
    dataset = RotatedCocoDataset(data_root=str(folder), ann_file='annotations.json', data_prefix=dict(img='images'),
                                 metainfo=dict(classes=('aircraft', )), lazy_init=True, pipeline=[])
    assert set(dataset.iter_faults()) == {None}
    assert sum(len(entry['instances']) for entry in dataset.load_data_list()) == 131


def test_real_marina(real_data, tmp_path):
    """P0706's quadrilaterals lie within their boxes, whose extra area is small."""
    folder = real_data / 'dota_samples'
    if not folder.is_dir():
        pytest.skip(f'no DOTA samples in {real_data}')
    (tmp_path / 'ids.txt').write_text('P0706\n')
    dataset = DOTAShipDataset(data_root=str(folder), ann_file=str(tmp_path / 'ids.txt'), skip_classes=('harbor', ),
                              data_prefix=dict(img='images', ann='labelTxt'), lazy_init=True, pipeline=[])
    assert list(dataset.iter_faults()) == [None]
    boxes = [item['bbox'] for item in dataset.load_data_list()[0]['instances']]
    lines = [line.split() for line in (folder / 'labelTxt/P0706.txt').read_text().splitlines()[2:]]
    stored = [Polygon(np.array(line[:8], float).reshape(4, 2)) for line in lines if line[8] == 'ship']
    assert len(boxes) == len(stored) == 531
    for box, quadrilateral in zip(boxes, stored, strict=True):
        fitted = Polygon(corners(np.array(box))[0])
        assert fitted.buffer(1e-6).covers(quadrilateral) and quadrilateral.area > 0.6 * fitted.area


def test_real_hrsc_annotation(real_data):
    """The one xml at hand; its upright box is roughly that of the rotated one, and its bow lies at one end."""
    path = real_data / 'dota_samples/hrsc_annotation_only/100000006.xml'
    if not path.is_file():
        pytest.skip(f'no HRSC2016 xml in {real_data}')
    dataset = HRSC2016Dataset(data_root=str(path.parent), ann_file='ids.txt', data_prefix=dict(img='', ann=''), lazy_init=True,
                              pipeline=[], classwise=True)
    entry = dataset.entry('100000006')
    box = np.array(entry['instances'][0]['bbox'])
    assert (entry['width'], entry['height']) == (1172, 816)
    points = corners(box)[0]
    assert np.abs(np.concatenate([points.min(axis=0), points.max(axis=0)]) - (119, 75, 587, 789)).max() < 50
    ends = box[:2] + np.outer([.5, -.5], [math.cos(box[4]), math.sin(box[4])]) * box[2]
    assert np.hypot(*(ends - (143, 776)).T).min() < 40
    assert rotated_iou(box[None], box[None])[0, 0] == pytest.approx(1)
