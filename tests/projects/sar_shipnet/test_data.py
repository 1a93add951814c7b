"""Readers on what is right, on every kind of fault, and on the real sets where they are at hand."""

import hashlib
import json

import cv2
import numpy as np
import pytest
from mmsight.projects.sar_shipnet import HRSIDDataset, LoadSARImage, SARShipDataset, SSDDDataset
from mmsight.projects.sar_shipnet.splits import duplicate_images, split_7_1_2, split_ssdd, write_splits
from mmsight.projects.sar_shipnet.toy import make_toy_data

from mmsight.errors import InputError
from mmsight.pictures import read_image

BOX = '<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>'
XML = '<annotation><size><width>60</width><height>40</height></size>{}</annotation>'
SHIP = '<object><name>ship</name>{}</object>'


def ssdd(root, *objects, xml=None, ids='000001\n'):
    for folder in ('Annotations', 'JPEGImages', 'ImageSets/Main'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / 'Annotations/000001.xml').write_text(xml if xml is not None else XML.format(''.join(objects)))
    cv2.imwrite(str(root / 'JPEGImages/000001.jpg'), np.full((40, 60, 3), 90, np.uint8))
    (root / 'ImageSets/Main/train.txt').write_text(ids)
    return SSDDDataset(data_root=str(root), ann_file='ImageSets/Main/train.txt', lazy_init=True, pipeline=[],
                       strict=True, data_prefix=dict(img='JPEGImages', ann='Annotations'))


def ship(*box):
    return SHIP.format(BOX.format(*box))


def test_ssdd(tmp_path):
    dataset = ssdd(tmp_path, ship(3, 4, 20, 15), ship(30, 5, 60, 40).replace('<bndbox>', '<difficult>1</difficult><bndbox>'))
    dataset.full_init()
    entry = dataset.get_data_info(0)
    assert [item['bbox'] for item in entry['instances']] == [[3, 4, 20, 15], [30, 5, 60, 40]]
    assert [item['ignore_flag'] for item in entry['instances']] == [0, 1]
    assert (entry['width'], entry['height'], entry['img_id']) == (60, 40, '000001')
    assert list(dataset.iter_faults()) == [None]


@pytest.mark.parametrize('objects, message', [
    ([SHIP.format('')], 'bndbox/xmin> is missing'),
    ([ship(1, 2, 'x', 4)], "must be a number, found 'x'"),
    ([ship(1, 2, 3, 4).replace('ship', 'boat')], "class 'boat' is unknown"),
    ([ship(50, 2, 90, 4)], 'lies outside its image of 60 x 40'),
    ([ship(1, 2, 90, 4)], 'reaches over its image of 60 x 40'),
    ([ship(9, 2, 3, 4)], 'is reversed'),
    ([ship(3, 2, 3, 4)], 'has no area'),
    ([ship(1, 2, 'nan', 4)], 'is not finite'),
])
def test_ssdd_objects(tmp_path, objects, message):
    dataset = ssdd(tmp_path, ship(1, 1, 9, 9), *objects)
    with pytest.raises(InputError, match='000001.xml.*' + message):
        dataset.full_init()
    faults = list(dataset.iter_faults())
    assert len(faults) == 1 and message in faults[0]


BOMB = '<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><annotation>&y;</annotation>'


@pytest.mark.parametrize('xml, message', [(BOMB, 'declares entities'), ('<annotation><size>', 'not well-formed xml'),
                                          ('', 'not well-formed xml'), ('<annotation/>', 'size/width> is missing')])
def test_ssdd_files(tmp_path, xml, message):
    with pytest.raises(InputError, match='000001.xml.*' + message):
        ssdd(tmp_path, xml=xml).full_init()


@pytest.mark.parametrize('width', ['nan', 'inf', '-60', '60.5'])
def test_ssdd_sizes(tmp_path, width):
    xml = XML.replace('60', width).format(ship(1, 1, 9, 9))
    with pytest.raises(InputError, match='000001.xml: <size/width> must be a positive whole number of pixels'):
        ssdd(tmp_path, xml=xml).full_init()


@pytest.mark.parametrize('ids, message', [('', 'the split is empty'), ('000001\n000001\n', 'is listed more than once'),
                                          ('000002\n', '000002.xml: the file cannot be read')])
def test_split_files(tmp_path, ids, message):
    with pytest.raises(InputError, match=message):
        ssdd(tmp_path, ids=ids).full_init()


def test_missing_split_file(tmp_path):
    dataset = ssdd(tmp_path)
    (tmp_path / 'ImageSets/Main/train.txt').unlink()
    with pytest.raises(InputError, match='train.txt: the split file does not exist: .*MMSIGHT_DATA'):
        dataset.full_init()


def test_image_of_another_size_than_its_xml(tmp_path):
    dataset = ssdd(tmp_path)
    cv2.imwrite(str(tmp_path / 'JPEGImages/000001.jpg'), np.zeros((41, 60), np.uint8))
    assert 'the image is 60 x 41 pixels (w x h), its annotation says 60 x 40' in next(dataset.iter_faults())


def chips(root, text):
    cv2.imwrite(str(root / 'a.jpg'), np.zeros((256, 256), np.uint8))
    (root / 'a.txt').write_text(text)
    (root / 'train.txt').write_text('a\n')
    return SARShipDataset(data_root=str(root), ann_file='train.txt', lazy_init=True, pipeline=[], strict=True)


def test_sar_ship(tmp_path):
    dataset = chips(tmp_path, '0 0.5 0.25 0.25 0.125\n\n')
    dataset.full_init()
    assert dataset.get_data_info(0)['instances'][0]['bbox'] == [96, 48, 160, 80]
    assert list(dataset.iter_faults()) == [None]
    assert chips(tmp_path, '').load_data_list()[0]['instances'] == []


@pytest.mark.parametrize('line, message', [('0 .5 .5 .1', 'found 4'), ('0 .5 .5 .1 .1 1', 'found 6'),
                                           ('0 .5 .5 .1 x', 'numbers are expected'), ('3 .5 .5 .1 .1', "class '3' is unknown"),
                                           ('0 .5 .5 .1 0', 'no area'), ('0 .5 .5 -.1 .1', 'reversed'),
                                           ('0 .99 .5 .1 .1', 'reaches over'), ('0 1.1 .5 .1 .1', 'outside'),
                                           ('0 nan .5 .1 .1', 'not finite')])
def test_sar_ship_lines(tmp_path, line, message):
    with pytest.raises(InputError, match='a.txt: line 2: .*' + message):
        chips(tmp_path, f'0 .5 .5 .1 .1\n{line}\n').full_init()


COCO = dict(images=[dict(id=1, file_name='a.jpg', width=60, height=40)], categories=[dict(id=7, name='ship')],
            annotations=[dict(id=1, image_id=1, category_id=7, bbox=[3, 4, 10, 9], area=90, iscrowd=0)])


def coco(root, **changes):
    cv2.imwrite(str(root / 'a.jpg'), np.zeros((40, 60), np.uint8))
    content = {key: value for key, value in {**COCO, **changes}.items() if value is not None}
    (root / 'a.json').write_text(json.dumps(content))
    return HRSIDDataset(data_root=str(root), ann_file='a.json', data_prefix=dict(img=''), lazy_init=True, pipeline=[],
                        strict=True)


def test_coco(tmp_path):
    dataset = coco(tmp_path)
    dataset.full_init()
    assert dataset.get_data_info(0)['instances'][0]['bbox'] == [3, 4, 13, 13]
    assert list(dataset.iter_faults()) == [None]


def test_coco_with_the_ids_of_a_table(tmp_path):
    """pandas writes whole numbers as 1.0 where a column has had a gap."""
    dataset = coco(tmp_path, annotations=[dict(COCO['annotations'][0], image_id=1.0, category_id=7.0)])
    dataset.full_init()
    assert len(dataset.get_data_info(0)['instances']) == 1


@pytest.mark.parametrize('changes, message', [
    (dict(annotations=None), "'annotations' is missing"),
    (dict(images=[]), 'the split is empty'),
    (dict(images=[5]), "entry 0 of 'images' must be an object with the keys id, file_name"),
    (dict(images=[dict(COCO['images'][0], id=[1])]), r"'id' must be a whole number or text, found \[1\]"),
    (dict(images=[dict(COCO['images'][0], width='60')]), "'width' must be a positive whole number of pixels, found '60'"),
    (dict(categories=[dict(id=7)]), "entry 0 of 'categories' lacks the key 'name'"),
    (dict(images=COCO['images'] * 2), "'images' has the id 1 2 times"),
    (dict(categories=[dict(id=7, name='ship'), dict(id=7, name='boat')]), "'categories' has the id 7 2 times"),
    (dict(images=[dict(COCO['images'][0], id=1.5)]), "'id' must be a whole number or text, found 1.5"),
    (dict(annotations=[dict(COCO['annotations'][0], category_id=9)]), "class '9' is unknown"),
    (dict(annotations=[dict(COCO['annotations'][0], image_id=5)]), 'no image with the id 5'),
    (dict(annotations=[dict(COCO['annotations'][0], bbox=[1, 2, 3])]), r'must be \[x, y, w, h\]'),
    (dict(annotations=[dict(COCO['annotations'][0], bbox=[1, 2, 99, 3])]), 'reaches over'),
])
def test_coco_faults(tmp_path, changes, message):
    with pytest.raises(InputError, match='a.json.*' + message):
        coco(tmp_path, **changes).full_init()


def load(path, **kwargs):
    return LoadSARImage(**kwargs).transform(dict(img_path=str(path)))['img']


def test_grey_colour_and_channels(tmp_path):
    colour = np.zeros((8, 9, 3), np.uint8)
    colour[..., 1] = 100
    cv2.imwrite(str(tmp_path / 'c.png'), colour)
    image = load(tmp_path / 'c.png')
    assert image.shape == (8, 9, 3) and (image == image[..., :1]).all() and image[0, 0, 0] == round(0.587 * 100)
    cv2.imwrite(str(tmp_path / 'g.png'), np.full((8, 9), 7, np.uint8))
    assert load(tmp_path / 'g.png', channels=1).shape == (8, 9, 1) and load(tmp_path / 'g.png').max() == 7


def test_16_bits_and_floats(tmp_path):
    values = np.arange(10000, dtype=np.uint16).reshape(100, 100)
    cv2.imwrite(str(tmp_path / 'w.png'), values)
    low, high = np.percentile(values, [0.5, 99.5])
    expected = np.clip((values - low) / (high - low), 0, 1) * 255
    assert np.abs(load(tmp_path / 'w.png')[..., 0] - expected).max() <= 0.5 + 1e-6
    floats = values.astype(np.float32)
    floats[0, 0] = np.nan
    cv2.imwrite(str(tmp_path / 'f.tiff'), floats)
    assert load(tmp_path / 'f.tiff').max() == 255


@pytest.mark.parametrize('suffix', ['jpg', 'png'])
def test_unreadable_images(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    with pytest.raises(InputError, match='No such file'):
        read_image(path)
    path.write_bytes(b'')
    with pytest.raises(InputError, match='0 bytes'):
        read_image(path)
    path.write_bytes(b'no image at all')
    with pytest.raises(InputError, match='damaged, or not an image'):
        read_image(path)
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError, match='damaged or cut'):
        read_image(path)


def test_splits(tmp_path):
    ids = [f'{i:04d}' for i in range(103)]
    splits = split_7_1_2(reversed(ids))
    assert splits == split_7_1_2(ids) and [len(splits[s]) for s in ('train', 'val', 'test')] == [72, 10, 21]
    assert sorted(sum(splits.values(), [])) == ids
    assert split_ssdd(['000011', '000019', '000020']) == dict(train=['000020'], test=['000011', '000019'])
    digest = write_splits(splits, tmp_path)['val']
    assert hashlib.sha256((tmp_path / 'val.txt').read_bytes()).hexdigest() == digest
    assert (tmp_path / 'val.txt.sha256').read_text().split() == [digest, 'val.txt']


def test_duplicate_images(tmp_path):
    for name, content in dict(a=b'1', b=b'2', c=b'1', d=b'1').items():
        (tmp_path / f'{name}.jpg').write_bytes(content)
    assert duplicate_images(tmp_path.glob('*.jpg')) == [['a', 'c', 'd']]


@pytest.mark.slow
def test_toy_data_is_deterministic_and_clean(toy_data, tmp_path):
    first = toy_data('sar_shipnet') / 'toy' / 'sar_shipnet'
    make_toy_data(tmp_path)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert len(files) == 2 * 240 + 3
    assert all((first / name).read_bytes() == (tmp_path / name).read_bytes() for name in files)
    dataset = SARShipDataset(data_root=str(tmp_path), ann_file='train.txt', pipeline=[], lazy_init=True)
    assert set(dataset.iter_faults()) == {None}
    counts = [len(entry['instances']) for entry in dataset.load_data_list()]
    assert min(counts) == 0 and max(counts) >= 6


def test_real_ssdd(real_data):
    """Counts of the 2021 release at hand; every file is clean but those named."""
    images = real_data / 'ssdd' / 'JPEGImages'
    prefix = dict(img='JPEGImages', ann='Annotations')
    ids, ships = {}, {}
    for split in ('train', 'test'):
        dataset = SSDDDataset(data_root=str(real_data / 'ssdd'), ann_file=f'ImageSets/Main/{split}.txt', data_prefix=prefix,
                              pipeline=[], lazy_init=True)
        entries = dataset.load_data_list()
        ids[split], ships[split] = {entry['img_id'] for entry in entries}, sum(len(entry['instances']) for entry in entries)
        assert [fault for fault in dataset.iter_faults() if fault] == []
    assert {split: len(names) for split, names in ids.items()} == dict(train=928, test=116)
    assert sum(ships.values()) > 2000
    groups = duplicate_images(images.glob('*.jpg'))
    leaked = {name for group in groups if ids['train'] & set(group) for name in group} & ids['test']
    assert len(groups) == 20
    assert leaked == {'000001', '000011', '000501', '000631', '000641', '001121'}


def test_real_hrsid(real_data):
    dataset = HRSIDDataset(data_root=str(real_data / 'sar_hrsid'), ann_file='boxes_coco.json', data_prefix=dict(img='images'),
                           pipeline=[], lazy_init=True)
    entries = dataset.load_data_list()
    assert len(entries) == 28 and all(entry['instances'] for entry in entries)
