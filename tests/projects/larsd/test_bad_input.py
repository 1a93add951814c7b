"""Each fault of a file is one sentence that names it, from the reader, from the check of a whole set and from a worker."""

import math

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmsight.projects.larsd import LoadShipImage
from torch.utils.data import DataLoader

from mmsight.errors import InputError

from .ship_files import BOX, COCO, bow_stern, coco, dota, hrsc, hrsc_object, rbox, ssdd, text


def refuses(dataset, message):
    """The dataset cannot be loaded if it is strict, and its check says the same once."""
    dataset.strict = True
    with pytest.raises(InputError, match=message) as error:
        dataset.full_init()
    assert '\n' not in str(error.value)
    assert list(dataset.iter_faults()) == [str(error.value)]


def changed(index, value):
    return (*BOX[:index], value, *BOX[index + 1:])


@pytest.mark.parametrize('tag', ['cx', 'cy', 'w', 'h', 'ang'])
def test_hrsc_without_a_rotated_box(tmp_path, tag):
    item = hrsc_object().replace(f'mbox_{tag}>', f'box_{tag}>')
    refuses(hrsc(tmp_path, item), rf'100000001\.xml: <mbox_{tag}> is missing in <HRSC_Object>')


@pytest.mark.parametrize('box, message', [
    (changed(2, 0), 'not positive'), (changed(2, -3), 'not positive'), (changed(3, 0), 'not positive'),
    (changed(3, -1), 'not positive'), (changed(4, math.nan), 'not finite'), (changed(0, math.inf), 'not finite'),
    (changed(4, 30), 'must be in radians, within 2 pi; it looks like degrees'), (changed(4, -7), 'in radians'),
    (changed(0, 90), 'outside its image of 60 x 40'), (changed(1, -20), 'outside its image'),
    (changed(2, 'x'), "must be a number, found 'x'")])
def test_hrsc_boxes(tmp_path, box, message):
    refuses(hrsc(tmp_path, hrsc_object(), hrsc_object(box)), r'100000001\.xml: .*' + message)


def test_angles_within_two_pi_and_ships_over_the_border_are_fine(tmp_path):
    dataset = hrsc(tmp_path, hrsc_object(changed(4, -6.28)), hrsc_object(changed(0, 0)), hrsc_object(changed(1, 42)))
    assert list(dataset.iter_faults()) == [None]


def test_hrsc_unknown_class(tmp_path):
    refuses(hrsc(tmp_path, hrsc_object(class_id='100000021'), classwise=True), r"100000001\.xml: .*unknown class '100000021'")


def test_hrsc_missing_image_and_missing_xml(tmp_path):
    dataset = hrsc(tmp_path, hrsc_object())
    (tmp_path / 'FullDataSet/AllImages/100000001.bmp').unlink()
    assert 'AllImages/100000001.bmp: the file cannot be read: No such file' in next(dataset.iter_faults())
    (tmp_path / 'FullDataSet/Annotations/100000001.xml').unlink()
    refuses(dataset, r'100000001\.xml: the file cannot be read: No such file')


def test_hrsc_xml_of_another_format(tmp_path):
    dataset = hrsc(tmp_path)
    assert list(dataset.iter_faults()) == [None]  # an empty list of objects: no ships
    path = tmp_path / 'FullDataSet/Annotations/100000001.xml'
    path.write_text('<annotation><object><name>ship</name></object></annotation>')
    refuses(dataset, r"100000001\.xml: <HRSC_Objects> is missing in <annotation>: this is not an annotation in HRSC2016's")


PIXELS = ['nan', 'inf', '-60', '60.5']


@pytest.mark.parametrize('width', PIXELS)
def test_hrsc_sizes(tmp_path, width):
    size = f'<Img_SizeWidth>{width}</Img_SizeWidth><Img_SizeHeight>40</Img_SizeHeight>'
    refuses(hrsc(tmp_path, hrsc_object(), size=size),
            rf'100000001\.xml: <Img_SizeWidth> must be a positive whole number of pixels, found {float(width)}')


@pytest.mark.parametrize('height', PIXELS)
def test_ssdd_sizes(tmp_path, height):
    dataset = ssdd(tmp_path)
    path = tmp_path / 'Annotations/000001.xml'
    path.write_text(path.read_text().replace('>40</height>', f'>{height}</height>'))
    refuses(dataset, r'000001\.xml: <size/height> must be a positive whole number of pixels')


def test_image_of_another_size_than_its_annotation(tmp_path):
    size = '<Img_SizeWidth>40</Img_SizeWidth><Img_SizeHeight>60</Img_SizeHeight>'
    fault = next(hrsc(tmp_path, hrsc_object(), size=size).iter_faults())
    assert fault.endswith('AllImages/100000001.bmp: the image is 60 x 40 pixels (w x h), its annotation says 40 x 60: '
                          'one of the two belongs to another image')


@pytest.mark.slow
@pytest.mark.parametrize('fault', ['size', 'missing', 'damaged'])
def test_a_worker_says_one_sentence(tmp_path, fault):
    """While training, in a worker process: InputError drops the trace that the DataLoader puts before it."""
    init_default_scope('mmrotate')
    dataset = hrsc(tmp_path, hrsc_object())
    path = tmp_path / 'FullDataSet/AllImages/100000001.bmp'
    message = dict(size='the image is 50 x 40 pixels', missing='cannot be read', damaged='damaged, or not an image')[fault]
    if fault == 'size':
        cv2.imwrite(str(path), np.zeros((40, 50, 3), np.uint8))
    elif fault == 'missing':
        path.unlink()
    else:
        path.write_bytes(b'BM and no more')
    dataset.pipeline.transforms.append(LoadShipImage())
    with pytest.raises(InputError, match=message) as error:
        next(iter(DataLoader(dataset, num_workers=1, collate_fn=list)))
    assert '\n' not in str(error.value) and str(error.value).startswith(str(path))


@pytest.mark.parametrize('box, name, message', [(changed(4, math.nan), 'ship', 'not finite'), (changed(2, 0), 'ship', 'not po'),
                                                (BOX, 'boat', "class 'boat' is unknown"), (changed(0, 200), 'ship', 'outside'),
                                                (changed(4, -361), 'ship', 'angle -361 of the rotated box must be in degrees')])
def test_ssdd(tmp_path, box, name, message):
    refuses(ssdd(tmp_path, box, name), r'000001\.xml: object 1.*' + message)


def test_ssdd_without_rotated_boxes(tmp_path):
    dataset = ssdd(tmp_path)
    path = tmp_path / 'Annotations/000001.xml'
    path.write_text(path.read_text().replace('rotated_bndbox', 'other'))
    refuses(dataset, r'000001\.xml: <rotated_bndbox/rotated_bbox_cx> is missing')


@pytest.mark.parametrize('line, message', [
    ('1 1 9 1 9 9 1', 'found 7'), ('1 1 9 1 9 9 1 9', 'found 8'), ('1 1 9 1 9 9 1 9 ship 0 0', 'found 11'),
    ('1 1 9 1 1 9 9 9 ship 0', 'crosses itself'), ('1 1 9 9 5 5 3 3 ship 0', 'no area'),
    ('1 1 9 1 9 9 1 9 boat 0', "class 'boat' is unknown"),
    ('1 1 9 1 9 9 1 x ship 0', 'numbers are expected'), ('1 1 9 1 9 9 1 nan ship 0', 'not finite'),
    ('91 1 99 1 99 9 91 9 ship 0', 'outside'), ('1 1 9 1 9 9 1 9 ship hard', "class 'ship hard' is unknown")])
def test_dota_lines(tmp_path, line, message):
    refuses(dota(tmp_path, '1 1 9 1 9 9 1 9 ship 0', line), r'P1\.txt: line 4: .*' + message)


def test_dota_folders(tmp_path):
    dataset = dota(tmp_path, '1 1 9 1 9 9 1 9 ship 0')
    (tmp_path / 'images/P1.png').unlink()
    refuses(dataset, r'P1\.png: the file cannot be read: No such file')
    (tmp_path / 'labelTxt/P1.txt').unlink()
    with pytest.raises(InputError, match='labelTxt: there is no txt file'):
        dataset.full_init()


@pytest.mark.parametrize('line, message', [
    ('1 2 3 4 2', 'found 5'), ('5 5 5 5 2 5 5 1 1 9 9', r'bow and stern are the same point \(5, 5\)'),
    ('1 2 3 x 2 5 5 1 1 9 9', 'numbers are expected'), ('1 2 nan 4 2 5 5 1 1 9 9', 'not finite'),
    ('91 2 99 4 2 95 3 1 1 9 9', 'outside'), ('1 2 3 4 nan 5 5 1 1 9 9', "class 'nan' is unknown; known are 0 to 9"),
    ('1 2 3 4 99 5 5 1 1 9 9', "class '99' is unknown"), ('1 2 3 4 2.5 5 5 1 1 9 9', "class '2.5' is unknown"),
    ('1 2 3 4 -1 5 5 1 1 9 9', "class '-1' is unknown")])
def test_bow_stern_lines(tmp_path, line, message):
    dataset = bow_stern(tmp_path, '10 30 50 30 2 30 30 8 26 52 34', line)
    dataset.strict = True
    with pytest.raises(InputError, match=r'10\.txt: line 2: .*' + message):
        dataset.full_init()
    assert message.split('\\')[0] in next(dataset.iter_faults())


@pytest.mark.parametrize('line, message', [
    ('30 20 24 6 1', 'found 5'), ('30 20 24 6 1 45 0', 'found 7'), ('30 20 24 6 2 45', "class '2' is unknown"),
    ('30 20 24 -6 1 45', 'not positive'), ('30 20 24 6 1 nan', 'not finite'), ('30 20 a 6 1 4', 'numbers are expected'),
    ('30 20 24 6 1 400', 'the angle 400 of the rotated box must be in degrees')])
def test_rbox_lines(tmp_path, line, message):
    refuses(rbox(tmp_path, '30 20 24 6 1 45', line), r'a\.jpg\.rbox: line 2: .*' + message)


@pytest.mark.parametrize('split, message', [('a.jpg\n', 'an image and its rbox file are expected'), ('', 'the split is empty'),
                                            ('a.jpg b.rbox\n', "'b.rbox' is not the rbox file of 'a.jpg'")])
def test_rbox_splits(tmp_path, split, message):
    with pytest.raises(InputError, match=r'train\.txt: .*' + message):
        rbox(tmp_path, split=split).full_init()


@pytest.mark.parametrize('changes, message', [
    (dict(annotations=None), "'annotations' is missing"), (dict(images=[]), 'the split is empty'),
    (dict(images=COCO['images'] * 2), "'images' has the id 1 2 times"),
    (dict(images=[COCO['images'][0], dict(COCO['images'][0], id=2)]), "'images' has the file_name a.jpg 2 times"),
    (dict(images=[dict(id=1, file_name='a.jpg')]), "entry 0 of 'images' lacks the key 'width'"),
    (dict(annotations=[dict(id=1, image_id=1)]), "entry 0 of 'annotations' lacks the key 'category_id'"),
    (dict(annotations=[dict(COCO['annotations'][0], image_id=5)]), 'no image with the id 5')])
def test_coco_files(tmp_path, changes, message):
    with pytest.raises(InputError, match=r'annotations\.json: .*' + message):
        coco(tmp_path, **changes).full_init()


@pytest.mark.parametrize('changes, message', [
    (dict(bbox=[1, 2, 3, 4]), r"'bbox' must be \[cx, cy, w, h, angle\]"), (dict(category_id=9), "class '9' is unknown"),
    (dict(bbox=[30, 20, 0, 4, 0]), 'not positive'), (dict(bbox=[30, 20, 9, 4, math.nan]), 'not finite'),
    (dict(bbox=[30, 20, 9, 4, 400]), 'the angle 400 of the rotated box must be in degrees, within 360$'),
    (dict(bbox=[30, 90, 9, 4, 30]), r'the rotated box \[30, 90, 9, 4, 30\] lies outside')])
def test_coco_annotations(tmp_path, changes, message):
    refuses(coco(tmp_path, annotations=[dict(COCO['annotations'][0], **changes)]),
            r'annotations\.json: annotation 1: .*' + message)


@pytest.mark.parametrize('kind, changes, message', [
    ('images', dict(width='60'), "'width' must be a positive whole number of pixels, found '60'"),
    ('images', dict(height=None), "'height' must be a positive whole number of pixels, found None"),
    ('images', dict(width=math.nan), 'pixels, found nan'), ('images', dict(width=-60), 'pixels, found -60'),
    ('images', dict(id=[1]), r"'id' must be a whole number or text, found \[1\]"),
    ('images', dict(id={}), "'id' must be a whole number or text, found {}"),
    ('images', dict(file_name=1), "'file_name' must be text, found 1"), ('categories', dict(name=None), "'name' must be text"),
    ('categories', dict(id=[7]), "'id' must be a whole number"), ('annotations', dict(id=[1]), "'id' must be a whole number"),
    ('annotations', dict(image_id=[1]), "'image_id' must be"), ('annotations', dict(category_id=[7]), "'category_id' must be"),
    ('annotations', dict(iscrowd='no'), "'iscrowd' must be 0 or 1, found 'no'")])
def test_coco_types(tmp_path, kind, changes, message):
    with pytest.raises(InputError, match=rf"annotations\.json: entry 0 of '{kind}': .*" + message):
        coco(tmp_path, **{kind: [dict(COCO[kind][0], **changes)]}).full_init()


@pytest.mark.parametrize('kind', COCO)
def test_coco_entries_that_are_no_objects(tmp_path, kind):
    with pytest.raises(InputError, match=rf"entry 1 of '{kind}' must be an object with the keys id, .*, found 5"):
        coco(tmp_path, **{kind: [COCO[kind][0], 5]}).full_init()


def test_text_that_is_no_text(tmp_path):
    dataset = dota(tmp_path)
    (tmp_path / 'labelTxt/P1.txt').write_bytes(b'\xff\xfe\x00')
    refuses(dataset, r'P1\.txt: the file is not text')
    text(tmp_path / 'annotations.json', '{')
    with pytest.raises(InputError, match=r'annotations\.json'):
        other = coco(tmp_path)
        text(tmp_path / 'annotations.json', '{')
        other.full_init()
