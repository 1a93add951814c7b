"""What all readers of boxes share: they read files as people have them; training and verify_dataset check alike."""

import copy
import json
import logging
import unicodedata

import cv2
import numpy as np
import pytest
from mmsight.projects.larsd import LoadShipImage
from mmsight.projects.sar_shipnet import HRSIDDataset, LoadSARImage, SARShipDataset, SSDDDataset

from mmsight.errors import InputError

from .ship_files import bow_stern, coco, dota, hrsc, hrsc_object, image, rbox, ssdd, text

OBJECT = '<object><name>ship</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>'
SIZE = '<size><width>60</width><height>40</height></size>'


def voc(root, *boxes, name='000001', suffix='.jpg', size=SIZE, **kwargs):
    image(root / f'JPEGImages/{name}{suffix}')
    text(root / f'Annotations/{name}.xml', f"<annotation>{size}{''.join(OBJECT.format(*box) for box in boxes)}</annotation>")
    text(root / 'train.txt', f'{name}\n')
    return SSDDDataset(data_root=str(root), ann_file='train.txt', data_prefix=dict(img='JPEGImages', ann='Annotations'),
                       lazy_init=True, pipeline=[LoadSARImage()], **kwargs)


def chips(root):
    cv2.imwrite(str(root / 'a.png'), np.zeros((256, 256), np.uint8))
    text(root / 'a.txt', '0 .5 .5 .1 .1\n0 .5 .6 .1 .1\n')
    text(root / 'train.txt', 'a\n')
    return SARShipDataset(data_root=str(root), ann_file='train.txt', lazy_init=True, pipeline=[LoadSARImage()])


def hrsid(root, width=9):
    image(root / 'a.jpg')
    item = dict(id=1, image_id=1, category_id=7, bbox=[3, 4, 10, 9], iscrowd=0)
    text(root / 'a.json', json.dumps(dict(
        images=[dict(id=1, file_name='a.jpg', width=60, height=40)], categories=[dict(id=7, name='ship')],
        annotations=[item, dict(item, id=2, bbox=[50, 4, width, 9])])))
    return HRSIDDataset(data_root=str(root), ann_file='a.json', data_prefix=dict(img=''), lazy_init=True,
                        pipeline=[LoadSARImage()])


READERS = dict(
    voc=lambda root: voc(root, (3, 4, 20, 15), (50, 5, 60, 30)), chips=chips, hrsid=hrsid,
    hrsc=lambda root: hrsc(root, hrsc_object(), hrsc_object()), ssdd=ssdd,
    dota=lambda root: dota(root, '1 1 9 1 9 9 1 9 ship 0', '1 1 9 1 9 9 1 9 ship 1'),
    bow_stern=lambda root: bow_stern(root, '10 30 50 30 2 30 30 8 26 52 34'), rbox=lambda root: rbox(root, '30 20 24 6 1 45'),
    coco=coco)


def train(dataset):
    """What training says of a set: a sentence if it refuses it, and what it left out or changed."""
    try:
        dataset.full_init()
        for index in range(len(dataset)):
            dataset[index]
    except InputError as error:
        return str(error), None
    return None, list(dataset.notes)


def verify(dataset):
    """What verify_dataset says of it."""
    try:
        return [fault for fault in dataset.iter_faults() if fault is not None], list(dataset.notes)
    except InputError as error:
        return [str(error)], None


def check_alike(dataset):
    """Training refuses what verify_dataset lists, and nothing else; both change the same."""
    refused, changed = train(copy.deepcopy(dataset))
    faults, notes = verify(copy.deepcopy(dataset))
    assert (refused is None) == (faults == []), (refused, faults)
    if refused is None:
        assert changed == notes
    else:
        assert refused in faults
    return refused, changed


def damages(content, rng):
    """A file missing, empty, cut, with a mark, with other ends of lines, of other bytes, and with some bytes changed."""
    yield from (None, b'', content[:len(content) // 2], b'\xff\xfe\x00')
    yield from (b'\xef\xbb\xbf' + content, content.replace(b'\n', b'\r'))
    digits = [place for place, byte in enumerate(content) if chr(byte).isdigit()]
    for wanted in (digits, range(len(content)), digits):
        changed = bytearray(content)
        place = rng.choice(list(wanted) or range(len(content)))
        changed[place] = rng.choice(list(b'0179-. xn')) if wanted is digits else rng.integers(256)
        yield bytes(changed)


@pytest.mark.parametrize('strict', [False, True])
@pytest.mark.parametrize('reader', READERS)
def test_training_and_verify_dataset_make_the_same_checks(reader, strict, tmp_path):
    """Each file of a small set, damaged in many ways."""
    rng, dataset = np.random.default_rng(0), READERS[reader](tmp_path)
    dataset.strict = strict
    if not dataset.pipeline.transforms:
        dataset.pipeline.transforms.append(LoadShipImage())
    outcomes = set()
    for path in sorted(path for path in tmp_path.rglob('*') if path.is_file()):
        content = path.read_bytes()
        for damaged in damages(content, rng):
            if damaged is None:
                path.unlink()
            else:
                path.write_bytes(damaged)
            refused, changed = check_alike(dataset)
            outcomes.add('refused' if refused else 'changed' if changed else 'read')
            path.write_bytes(content)
    assert {'refused', 'read'} <= outcomes


def test_one_bad_box_leaves_one_box_out(tmp_path, caplog):
    dataset = voc(tmp_path, (3, 4, 20, 15), (9, 2, 3, 4), (1, 'x', 3, 4), (50, 5, 64, 30))
    refused, changed = check_alike(dataset)
    assert refused is None and [entry['bbox'] for entry in dataset.load_data_list()[0]['instances']] == [
        [3, 4, 20, 15], [50, 5, 60, 30]]
    assert [sentence.partition('000001.xml: ')[2] for sentence in changed] == [
        'object 2: the box [9.0, 2.0, 3.0, 4.0] is reversed (x1 > x2 or y1 > y2): this box is left out',
        "<bndbox/ymin> must be a number, found 'x': this box is left out",
        'object 4: the box [50.0, 5.0, 64.0, 30.0] reaches over its image of 60 x 40 pixels: it is clipped']
    dataset.strict = True
    refused, _ = check_alike(dataset)
    assert refused.endswith('is reversed (x1 > x2 or y1 > y2)')


def test_a_log_shows_the_first_of_many(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('mmsight.box_dataset.print_log', lambda text, logger, level: said.append((text, level)))
    voc(tmp_path, (3, 4, 20, 15), *[(9, 2, 3, 4)] * 5).full_init()
    assert len(said) == 4 and {level for _, level in said} == {logging.WARNING}
    assert said[-1][0] == '2 more changes to the annotations; tools/misc/verify_dataset.py lists them'


def test_more_bad_boxes_than_slips_are_a_misread_format(tmp_path):
    dataset = voc(tmp_path, *[(9, 2, 3, 4)] * 11, *[(3, 4, 20, 15)] * 11)
    assert check_alike(dataset)[0] is None
    refused, _ = check_alike(voc(tmp_path, *[(9, 2, 3, 4)] * 11, *[(3, 4, 20, 15)] * 10))
    assert 'train.txt: 11 of 21 boxes are at fault, which is more than single slips, for example: ' in refused


@pytest.mark.parametrize('suffix', ['.jpg', '.JPG', '.png', '.PNG', '.tif', '.bmp', '.Jpeg', '.webp'])
def test_any_suffix(suffix, tmp_path):
    dataset = voc(tmp_path, (3, 4, 20, 15), suffix=suffix)
    assert check_alike(dataset) == (None, [])
    assert dataset.load_data_list()[0]['img_path'].endswith(f'000001{suffix}')
    (tmp_path / 'Annotations/000001.xml').rename(tmp_path / 'Annotations/000001.XML')
    assert check_alike(dataset) == (None, [])


def test_two_images_of_one_id(tmp_path):
    dataset = voc(tmp_path, (3, 4, 20, 15), suffix='.PNG')
    image(tmp_path / 'JPEGImages/000001.tif')
    assert "the id '000001' has another file, 000001.tif: remove one, or set img_suffix" in check_alike(dataset)[0]
    dataset.img_suffix = '.tif'
    assert check_alike(dataset) == (None, [])


@pytest.mark.parametrize('name', ['day 1/ship 2', '\u6e2f\u53e3/\u8239', 'Mu\u0308ller', 'a.b.c', "O'Neil #1"])
def test_folders_spaces_and_letters_of_all_kinds(name, tmp_path):
    dataset = voc(tmp_path, (3, 4, 20, 15), name=name)
    assert check_alike(dataset) == (None, [])
    for other in (name.replace('/', '\\'), unicodedata.normalize('NFC', name)):
        text(tmp_path / 'train.txt', f'{other}\n')
        assert check_alike(dataset) == (None, [])


@pytest.mark.parametrize('size', ['', '<size/>', '<size><width>0</width><height>0</height></size>',
                                  '<size><width></width><height>40</height></size>'])
def test_the_image_says_its_size_where_the_annotation_does_not(size, tmp_path):
    dataset = voc(tmp_path, (3, 4, 20, 15), size=size)
    refused, changed = check_alike(dataset)
    assert refused is None and len(changed) == 1 and changed[0].endswith('is missing or 0: the size of the image is taken')
    entry = dataset.load_data_list()[0]
    assert (entry['width'], entry['height']) == (60, 40)


def test_flags_of_ids(tmp_path):
    dataset = voc(tmp_path, (3, 4, 20, 15))
    text(tmp_path / 'train.txt', '000001  1\n000002 -1\n')
    refused, changed = check_alike(dataset)
    assert refused is None and changed == [f'{tmp_path}/train.txt: 1 of 2 images have the flag -1 and are left out']


def test_folders_below_those_of_dota_and_lines_with_commas(tmp_path):
    dataset = dota(tmp_path, '1,1,9,1,9,9,1,9,ship,0')
    image(tmp_path / 'images/harbour/P2.JPG')
    text(tmp_path / 'labelTxt/harbour/P2.TXT', '\ufeff1 1 9 1 9 9 1 9 ship 0\r\n')
    assert check_alike(dataset) == (None, [])
    assert [(entry['img_id'], len(entry['instances'])) for entry in dataset.load_data_list()] == [('P1', 1), ('harbour/P2', 1)]


def test_names_with_spaces_in_lists_of_rbox(tmp_path):
    dataset = rbox(tmp_path, '30 20 24 6 1 45', split='a b.jpg a b.jpg.rbox\n')
    for name in ('a.jpg', 'a.jpg.rbox'):
        (tmp_path / 'train' / name).rename(tmp_path / 'train' / name.replace('a', 'a b', 1))
    assert check_alike(dataset) == (None, [])


def test_a_coco_file_with_one_box_outside(tmp_path):
    dataset = hrsid(tmp_path, width=14)
    refused, changed = check_alike(dataset)
    assert refused is None and len(changed) == 1 and changed[0].endswith('it is clipped')
    assert [item['bbox'] for item in dataset.load_data_list()[0]['instances']] == [[3, 4, 13, 13], [50, 4, 60, 13]]


@pytest.mark.parametrize('facts, message', [(dict(gsd=10), "'gsd'. must be the smallest and the largest metres a pixel"),
                                            (dict(gsd=(15, 1)), 'found .15, 1.'), (dict(image_side='512'), "found '512'"),
                                            (dict(image_side=0), "'image_side'. must be the longer side")])
def test_facts_on_the_images(facts, message, tmp_path):
    with pytest.raises(InputError, match=f'SSDDDataset: metainfo.*{message}'):
        voc(tmp_path, metainfo=facts)
