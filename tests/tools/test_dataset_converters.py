"""The converters as subprocesses; what they write is read back by pycocotools."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

pytestmark = pytest.mark.slow  # each starts a process

XML = """<annotation><size><width>60</width><height>40</height></size><object><name>ship</name><bndbox><xmin>{0}</xmin>
<ymin>5</ymin><xmax>{1}</xmax><ymax>20</ymax></bndbox></object></annotation>"""


@pytest.mark.parametrize('name', ['ssdd', 'sar_ship', 'hrsid'])
def test_help_shows_an_example(run, name):
    text = ' '.join(run(f'tools/dataset_converters/{name}.py', '--help').stdout.split())
    assert f'example: python tools/dataset_converters/{name}.py' in text


def make_ssdd(root, suffix='jpg'):
    for folder in ('Annotations', 'JPEGImages'):
        (root / folder).mkdir(parents=True)
    for number in range(1, 13):
        name = f'{number:06d}'
        # 000001 (test) and 000002 (train) are the same file
        cv2.imwrite(str(root / 'JPEGImages' / f'{name}.{suffix}'), np.full((40, 60), 20 * max(2, number), np.uint8))
        (root / 'Annotations' / f'{name}.xml').write_text(XML.format(number, number + 30))


def test_ssdd(run, tmp_path):
    make_ssdd(tmp_path)
    text = run('tools/dataset_converters/ssdd.py', tmp_path).stdout
    assert '1 groups of byte-identical images, 1 of them across splits\n  000001 (test), 000002 (train)' in text
    assert (tmp_path / 'ImageSets/Main/test.txt').read_text().split() == ['000001', '000009', '000011']
    test = COCO(str(tmp_path / 'annotations/test.json'))
    assert [image['file_name'] for image in test.imgs.values()] == ['000001.jpg', '000009.jpg', '000011.jpg']
    for image in test.imgs.values():
        root = ElementTree.parse(tmp_path / 'Annotations' / image['file_name'].replace('jpg', 'xml')).getroot()
        left, right = (float(root.findtext(f'object/bndbox/{side}')) for side in ('xmin', 'xmax'))
        annotation, = test.imgToAnns[image['id']]
        assert annotation['bbox'] == [left, 5, right - left, 15] and annotation['area'] == 450
    assert len(COCO(str(tmp_path / 'annotations/train.json')).imgs) == 9


def test_ssdd_of_any_suffix_and_all_its_faults(run, tmp_path):
    make_ssdd(tmp_path / 'upper', 'JPG')
    assert 'train.json: 9 images, 9 ships' in run('tools/dataset_converters/ssdd.py', tmp_path / 'upper').stdout
    root = tmp_path / 'bad'
    make_ssdd(root, 'png')
    image = root / 'JPEGImages/000003.png'
    image.write_bytes(image.read_bytes()[:60])
    (root / 'Annotations/000004.xml').unlink()
    (root / 'Annotations/000009.xml').write_text('<annotation>')
    before = sorted(root.rglob('*'))
    done = run('tools/dataset_converters/ssdd.py', root, check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stderr and sorted(root.rglob('*')) == before
    assert 'error: 3 faults, which the lines above name; nothing was written' in done.stderr
    named = [Path(line.split(':')[0]).name for line in done.stdout.splitlines() if line.startswith(str(root))]
    assert named == ['000003.png', '000004.xml', '000009.xml']


def test_sar_ship(run, toy_data, tmp_path):
    chips = toy_data('sar_shipnet') / 'toy/sar_shipnet'
    run('tools/dataset_converters/sar_ship.py', chips, '--out', tmp_path / 'out')
    sizes = []
    for split in ('train', 'val', 'test'):
        ids = (tmp_path / 'out' / f'{split}.txt').read_text().split()
        content = COCO(str(tmp_path / 'out/annotations' / f'{split}.json'))
        assert [image['file_name'] for image in content.imgs.values()] == [f'{name}.jpg' for name in ids]
        for number, image in content.imgs.items():
            lines = (chips / image['file_name']).with_suffix('.txt').read_text().splitlines()
            boxes = [[(cx - w / 2) * 256, (cy - h / 2) * 256, w * 256, h * 256]
                     for _, cx, cy, w, h in (map(float, line.split()) for line in lines)]
            found = [item['bbox'] for item in content.imgToAnns[number]]
            np.testing.assert_allclose(np.reshape(found, (-1, 4)), np.reshape(boxes, (-1, 4)), atol=1e-6)
        sizes.append(len(ids))
    assert sizes == [168, 24, 48]


def test_hrsid(run, tmp_path):
    images = [dict(id=7 * number, file_name=f'{number}.jpg', width=50, height=50) for number in range(10)]
    annotations = [dict(id=number, image_id=image['id'], category_id=1, bbox=[1, 2, 3, 4], area=12, iscrowd=0)
                   for number, image in enumerate(images * 2)]
    whole = dict(images=images, annotations=annotations, categories=[dict(id=1, name='ship')])
    (tmp_path / 'all.json').write_text(json.dumps(whole))
    run('tools/dataset_converters/hrsid.py', tmp_path / 'all.json')
    parts = [json.loads((tmp_path / 'annotations' / f'{split}.json').read_text()) for split in ('train', 'val', 'test')]
    assert [len(part['images']) for part in parts] == [7, 1, 2]
    for key in ('images', 'annotations'):
        assert sorted((item for part in parts for item in part[key]), key=lambda item: item['id']) == whole[key]
    for part in parts:
        assert {item['image_id'] for item in part['annotations']} == {image['id'] for image in part['images']}


@pytest.mark.parametrize('name, found, message', [('ssdd', None, 'the folder has no image, or does not exist'),
                                                  ('sar_ship', None, 'the folder has no image, or does not exist'),
                                                  ('hrsid', {}, "the key 'images' is missing, or not a list")])
def test_a_wrong_folder_is_one_sentence(run, tmp_path, name, found, message):
    path: Path = tmp_path
    if found is not None:
        path = tmp_path / 'a.json'
        path.write_text(json.dumps(found))
    done = run(f'tools/dataset_converters/{name}.py', path, check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert f': {message}' in done.stderr and str(path) in done.stderr
