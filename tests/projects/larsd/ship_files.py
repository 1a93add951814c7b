"""Tiny files in each format, one image of 60x40 with one ship or what a test puts there."""

import json

import cv2
import numpy as np
from mmsight.projects.larsd import (
    BowSternDataset,
    DOTAShipDataset,
    HRSC2016Dataset,
    RBoxDataset,
    RotatedCocoDataset,
    RotatedSSDDDataset,
)

BOX = (30.0, 20.0, 24.0, 6.0, 0.5)  # cx, cy, w, h, angle


def image(path, width=60, height=40, channels=3):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, channels), 90, np.uint8))


def text(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def hrsc_object(box=BOX, class_id='100000013'):
    tags = ''.join(f'<mbox_{tag}>{value}</mbox_{tag}>' for tag, value in zip(('cx', 'cy', 'w', 'h', 'ang'), box, strict=True))
    return f'<HRSC_Object><Class_ID>{class_id}</Class_ID><box_xmin>1</box_xmin>{tags}</HRSC_Object>'


def hrsc(root, *objects, size='<Img_SizeWidth>60</Img_SizeWidth><Img_SizeHeight>40</Img_SizeHeight>', **kwargs):
    image(root / 'FullDataSet/AllImages/100000001.bmp')
    text(root / 'FullDataSet/Annotations/100000001.xml',
         f"<HRSC_Image>{size}<HRSC_Objects>{''.join(objects)}</HRSC_Objects></HRSC_Image>")
    text(root / 'ImageSets/train.txt', '100000001\n')
    return HRSC2016Dataset(data_root=str(root), ann_file='ImageSets/train.txt', lazy_init=True, pipeline=[],
                           data_prefix=dict(img='FullDataSet/AllImages', ann='FullDataSet/Annotations'), **kwargs)


def ssdd(root, box=BOX, name='ship'):
    image(root / 'JPEGImages/000001.jpg')
    parts = zip(('cx', 'cy', 'w', 'h', 'theta'), box, strict=True)
    tags = ''.join(f'<rotated_bbox_{tag}>{value}</rotated_bbox_{tag}>' for tag, value in parts)
    text(root / 'Annotations/000001.xml',
         '<annotation><size><width>60</width><height>40</height></size><object>'
         f'<name>{name}</name><difficult>0</difficult><bndbox><xmin>1</xmin></bndbox>'
         f'<rotated_bndbox>{tags}<x1>1</x1></rotated_bndbox></object></annotation>')
    text(root / 'ImageSets/Main/train.txt', '000001\n')
    return RotatedSSDDDataset(data_root=str(root), ann_file='ImageSets/Main/train.txt', lazy_init=True, pipeline=[],
                              data_prefix=dict(img='JPEGImages', ann='Annotations'))


def dota(root, *lines, **kwargs):
    image(root / 'images/P1.png', channels=4)
    text(root / 'labelTxt/P1.txt', 'imagesource:GoogleEarth\ngsd:0.25\n' + ''.join(f'{line}\n' for line in lines))
    return DOTAShipDataset(data_root=str(root), data_prefix=dict(img='images', ann='labelTxt'), lazy_init=True, pipeline=[],
                           **kwargs)


def bow_stern(root, *lines):
    image(root / 'train/10.jpg')
    text(root / 'train/10.txt', ''.join(f'{line}\n' for line in lines))
    return BowSternDataset(data_root=str(root), data_prefix=dict(img='train'), lazy_init=True, pipeline=[])


def rbox(root, *lines, split='a.jpg a.jpg.rbox\n'):
    image(root / 'train/a.jpg')
    text(root / 'train/a.jpg.rbox', ''.join(f'{line}\n' for line in lines))
    text(root / 'train.txt', split)
    return RBoxDataset(data_root=str(root), ann_file='train.txt', data_prefix=dict(img='train'), lazy_init=True, pipeline=[])


COCO = dict(images=[dict(id=1, file_name='a.jpg', width=60, height=40)], categories=[dict(id=7, name='ship')],
            annotations=[dict(id=1, image_id=1, category_id=7, bbox=[*BOX[:4], 30.0], iscrowd=0)])


def coco(root, **changes):
    image(root / 'images/a.jpg')
    content = {key: value for key, value in {**COCO, **changes}.items() if value is not None}
    text(root / 'annotations.json', json.dumps(content))
    return RotatedCocoDataset(data_root=str(root), ann_file='annotations.json', data_prefix=dict(img='images'), lazy_init=True,
                              pipeline=[])
