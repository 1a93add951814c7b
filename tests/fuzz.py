"""Mutations of good files, by a seed, and the readers that take them; see ``test_fuzz.py``."""

import functools
import gzip
import io
import json
import random
import tempfile
from pathlib import Path

import cv2
import nibabel as nib
import numpy as np
import pydicom
import rasterio
import torch
from mmsight.projects.eas_unet.cache import open_case, read_index
from mmsight.projects.eas_unet.ct import read_volume
from mmsight.projects.larsd import DOTAShipDataset
from mmsight.projects.s2net.loading import read_matrix
from mmsight.projects.sar_shipnet import SARShipDataset, SSDDDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from safetensors.torch import save
from shapely.geometry import Point, mapping

from mmsight.annotations import read_coco, read_ids
from mmsight.apis.land_mask import LandMask
from mmsight.apis.scene import Scene
from mmsight.engine.safe_load import load_weights, parse_config
from mmsight.engine.weights import load_from_safetensors
from mmsight.pictures import image_size, read_picture

_WORDS = (b'\0', b'\xff', b'\x7f', b'\x80', b'\0\0\0\0', b'\xff\xff\xff\xff', b'\x7f\xff\xff\xff', b'\xff\xff\xff\x7f', b'NaN',
          b'-1', b'1e999', b'9' * 30, b'[', b']', b'{', b'"', b'<', b'>', b'&', b'\n', b'\xe2\x80\xa8', b'null', b' ')
"""What lengths, counts, types and texts are spoiled with."""


def mutate(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """A file with one to four faults: bits, words, pieces left out, doubled, or taken from another file, or an end."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place, size = chance.randrange(len(made) + 1), min(2**chance.randint(0, 9), len(made))
        if chance.random() < 0.5:  # headers decide more than pixels
            place = min(place, chance.randrange(400))
        kind = chance.randrange(7)
        if kind == 0 and place < len(made):
            made[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            word = chance.choice(_WORDS)
            made[place:place + len(word)] = word
        elif kind == 2:
            made[place:place] = chance.choice(_WORDS)
        elif kind == 3:
            del made[place:place + size]
        elif kind == 4:
            made[place:place] = made[place:place + size]
        elif kind == 5:
            made[place:place + size] = other[place:place + size]
        elif kind == 6 and chance.random() < 0.3:
            del made[place:]
    return bytes(made)


def _image() -> np.ndarray:
    return cv2.resize(np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8), (56, 40))


def _encoded(suffix: str, *options: int) -> bytes:
    return cv2.imencode(suffix, _image(), list(options))[1].tobytes()


def _raster(driver: str = 'GTiff', place: bool = True, dtype: str = 'uint8', **options: object) -> bytes:
    where = dict(crs='EPSG:32633', transform=rasterio.Affine(10, 0, 500000, 0, -10, 5000000)) if place else {}
    with rasterio.MemoryFile() as memory:
        with memory.open(driver=driver, width=56, height=40, count=3, dtype=dtype, **where, **options) as file:
            file.write(_image().transpose(2, 0, 1).astype(dtype))
        return memory.read()


def _nifti() -> bytes:
    values = (np.arange(6 * 5 * 4).reshape(6, 5, 4) * 20 - 1000).astype(np.int16)
    return nib.Nifti1Image(values, np.diag([1, 1.5, 2, 1])).to_bytes()


def _dicom() -> bytes:
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=['a'])
    made = pydicom.Dataset()
    made.file_meta = meta
    made.SOPClassUID, made.SOPInstanceUID, made.SeriesInstanceUID, made.Modality = CTImageStorage, '1.2.4', '1.2.3', 'CT'
    made.ImagePositionPatient, made.ImageOrientationPatient, made.PixelSpacing = [0, 0, 0], [1, 0, 0, 0, 1, 0], [1, 1]
    made.SliceThickness, made.RescaleSlope, made.RescaleIntercept, made.SeriesNumber = 2, 1, -1024, 4
    made.Rows, made.Columns, made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 5, 6, 16, 12, 11, 0
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, 'MONOCHROME2'
    made.PixelData = (np.arange(30, dtype=np.uint16) * 100).tobytes()
    file = io.BytesIO()
    pydicom.dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def _checkpoint(new: bool) -> bytes:
    file = io.BytesIO()
    torch.save(dict(state_dict=dict(a=torch.ones(3, 4)), meta=dict(epoch=3, cfg='a = 1')), file,
               _use_new_zipfile_serialization=new)
    return file.getvalue()


COCO = json.dumps(dict(
    images=[dict(id=1, file_name='a.jpg', width=60, height=50)], categories=[dict(id=1, name='ship')],
    annotations=[dict(id=1, image_id=1, category_id=1, bbox=[1, 2, 9, 8.5], area=76, iscrowd=0)])).encode()
LAND = json.dumps(dict(type='FeatureCollection', features=[dict(
    type='Feature', properties={}, geometry=mapping(Point(15.003, 45.15).buffer(0.01, 4)))])).encode()
VOC = (b'<annotation><size><width>60</width><height>50</height><depth>3</depth></size><object><name>ship</name><difficult>0'
       b'</difficult><bndbox><xmin>3</xmin><ymin>4</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object></annotation>')
INDEX = json.dumps(dict(a=dict(shape=[4, 5, 6], spacing=[2, 1, 1], source_affine=np.eye(4).tolist(), sha256='ab',
                               liver_share=[0, 0.5, 0.5, 0]))).encode()
CONFIG = b"a = dict(type='mmdet.ResNet', b=[1, (2.5, None)])\nc = 'text'\ncustom_imports = dict(imports=['mmsight'])\n"


@functools.cache
def _scene() -> Scene:
    folder = Path(tempfile.mkdtemp())
    (folder / 'a.tif').write_bytes(_raster())
    return Scene(folder / 'a.tif', grey=False)


def _read_scene(path: Path) -> None:
    scene = Scene(path, grey=False)
    scene.read(0, 0, min(scene.width, 64), min(scene.height, 64))
    scene.thumbnail(50)
    scene.close()


def _read_picture(path: Path) -> None:
    image_size(path)
    read_picture(path)


def _read_case(path: Path) -> None:
    open_case.cache_clear()
    open_case(str(path))


def _read_boxes(dataset: type, path: Path) -> None:
    (path.parent / 'a.jpg').write_bytes(_encoded('.jpg'))
    folder = str(path.parent)
    dataset(data_root=folder, data_prefix=dict(img='', ann=''), lazy_init=True).entry('a')


def _read_land(path: Path) -> None:
    LandMask(path, _scene(), 20.0).covers(np.array([[5.0, 5.0], [30.0, 20.0]]))


READERS = {
    'PNG': ('.png', lambda: [_encoded('.png')], _read_picture),
    'JPEG': ('.jpg', lambda: [_encoded('.jpg'), _encoded('.jpg', cv2.IMWRITE_JPEG_PROGRESSIVE, 1)], _read_picture),
    'BMP': ('.bmp', lambda: [_encoded('.bmp')], _read_picture),
    'WebP': ('.webp', lambda: [_encoded('.webp'), _encoded('.webp', cv2.IMWRITE_WEBP_QUALITY, 101)], _read_picture),
    'TIFF': ('.tif', lambda: [_encoded('.tif'), _raster(place=False, compress='lzw', predictor=2)], _read_picture),
    'scene, GeoTIFF': ('.tif', lambda: [_raster(), _raster(dtype='float32', compress='deflate', tiled=True, blockxsize=16,
                                                           blockysize=16)], _read_scene),
    'scene, JPEG 2000': ('.jp2', lambda: [_raster('JP2OpenJPEG')], _read_scene),
    'scene, PNG and JPEG': ('.png', lambda: [_encoded('.png'), _encoded('.jpg')], _read_scene),
    'land, GeoJSON': ('.geojson', lambda: [LAND], _read_land),
    'land, GeoTIFF': ('.tif', lambda: [_raster()], _read_land),
    'NIfTI': ('.nii', lambda: [_nifti()], read_volume),
    'NIfTI, packed': ('.nii.gz', lambda: [gzip.compress(_nifti(), mtime=0)], read_volume),
    'DICOM': ('.dcm', lambda: [_dicom()], read_volume),
    'cached case': ('.npy', lambda: [_npy(np.zeros((3, 4, 5), np.uint16))], _read_case),
    'cache index': ('/index.json', lambda: [INDEX], lambda path: read_index(path.parent)),
    'matrix': ('.npy', lambda: [_npy(np.eye(3)), _npy(np.zeros((40, 56, 2), np.float32))],
               lambda path: read_matrix(str(path), 40, 56)),
    'xml': ('.xml', lambda: [VOC], functools.partial(_read_boxes, SSDDDataset)),
    'COCO': ('.json', lambda: [COCO], read_coco),
    'text of boxes': ('.txt', lambda: [b'0 0.5 0.5 0.1 0.2\n0 0.3 0.4 0.1 0.1\n'],
                      functools.partial(_read_boxes, SARShipDataset)),
    'text of quadrilaterals': ('.txt', lambda: [b'gsd:0.5\n4 5 30 5 30 20 4 20 ship 0\n9 9 20 9 20 14 9 14 ship 1\n'],
                               functools.partial(_read_boxes, DOTAShipDataset)),
    'list of ids': ('.txt', lambda: [b'000001\n000002\n'], read_ids),
    'checkpoint': ('.pth', lambda: [_checkpoint(True), _checkpoint(False)], lambda path: load_weights(str(path))),
    'safetensors': ('.safetensors', lambda: [save(dict(a=torch.ones(3, 4)), dict(
        mmsight_format='1', config='a = 1', facts='{"classes": ["ship"]}'))], lambda path: load_from_safetensors(str(path))),
    'config in a checkpoint': ('.py', lambda: [CONFIG], lambda path: parse_config(
        path.read_text(errors='surrogateescape'), 'a.pth')),
}
"""Kind of file to its suffix, what makes good ones, and what reads one."""


def fuzz(kind: str, count: int, folder: Path, seed: int = 0):
    """Read ``count`` mutated files of a kind; yields the seed of each, and what its reader raised, or None."""
    suffix, make, read = READERS[kind]
    goods = make()
    path = folder / suffix.lstrip('/') if suffix.startswith('/') else folder / f'a{suffix}'
    for content in goods:
        path.write_bytes(content)
        read(path)
    for number in range(seed, seed + count):
        chance = random.Random(f'{kind} {number}')
        path.write_bytes(mutate(chance.choice(goods), chance.choice(goods), chance))
        try:
            read(path)
        except Exception as error:
            yield number, error
        else:
            yield number, None
