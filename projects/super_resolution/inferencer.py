"""Enlarge images with a trained super-resolution model."""

import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmagic.structures import DataSample
from mmengine.config import Config
from torch import nn

from mmsight.apis.base_inferencer import FileInferencer
from mmsight.errors import InputError
from mmsight.files import complete_file
from mmsight.image_header import is_image, read_header
from mmsight.images import MOST_PIXELS, WORKING, to_8_bits
from mmsight.memory import GB, budget
from mmsight.pictures import Picture, read_picture
from mmsight.reading import reading

from . import SuperResolver
from .enlarge import enlarge_file, enlarge_image
from .task import TASK

COPIES = 3
"""Copies of the enlarged image that are held at once, one of them to be encoded."""
MIDDLE = 1000
"""Longest side of what is shown of a large result, in pixels."""


class _Photo(NamedTuple):
    """An image and its file."""

    source: Path
    picture: Picture

    @property
    def grey(self) -> bool:
        """Whether it has no colours."""
        return self.picture.values.ndim == 2


class _Large(NamedTuple):
    """An image that is read, and its result written, window by window, and its files."""

    source: Path
    raster: Any
    path: Path


class UpscaleInferencer(FileInferencer):
    """Images in, PNG files of ``scale`` times the size out, tile by tile: apart from both images, memory does not grow.

    Kept are 8 or 16 bits, grey or colour, alpha (enlarged bicubically) and the colour profile; what else the file says of its
    values is resolved as :mod:`mmsight.pictures` does it, and the result stands upright.

    An image that would take more memory than is allowed (:mod:`mmsight.memory`), with its result, is read and written in
    windows, if it is a TIFF, JPEG 2000, PNG or JPEG; its colours become sRGB.

    It writes ``<name>_x<scale>.png``, or ``<name>_x<scale>.tif``, a tiled BigTIFF, in windows.
    """

    task = TASK
    forward_kwargs = {'tile'}

    def _init_model(self, cfg: Config, weights: str, device: str = 'cpu') -> nn.Module:
        model = super()._init_model(cfg, weights, device)
        if not isinstance(model, SuperResolver):
            raise InputError(f'{cfg.filename}: upscaling needs a mmsight.SuperResolver, found {type(model).__name__}')
        return model

    def result_paths(self, file: Path, folder: Path) -> dict[str, Path]:
        return dict(image=folder / f'{file.stem}_x{self.model.scale}{".tif" if self._is_large(file) else ".png"}')

    def _is_large(self, path: Path) -> bool:
        """Whether image and result together take more memory than is allowed, or than can be decoded at once."""
        try:
            pixels, pixel_bytes, windows = _size(path)
        except InputError:  # its reader will say it
            return False
        in_memory = WORKING * pixels * pixel_bytes + COPIES * pixels * self.model.scale**2 * pixel_bytes
        return windows and (pixels > MOST_PIXELS or in_memory > budget())

    def count_pixels(self, path: Path) -> int:
        """Of the enlarged image."""
        return super().count_pixels(path) * self.model.scale**2

    def preprocess(self, source: Path, out_dir: Path | None) -> _Photo | _Large:
        """Read one image, or open it if it is large."""
        if not self._is_large(source):
            return _Photo(source, read_photo(source))
        if out_dir is None:
            raise InputError(f'{source}: the enlarged image takes more memory than is allowed: give an output folder, where it '
                             'is written in windows')
        from mmsight.raster_values import Raster  # GDAL is needed for large images alone
        raster = Raster(source)
        _check_bits(source, raster.dtype)
        return _Large(source, raster, self.result_paths(source, out_dir)['image'])

    def forward(self, photo: _Photo | _Large, *, tile: int | None) -> DataSample:
        """Enlarge one image: ``pred_img`` (channels, H, W), RGB or grey, with alpha behind; uint8 or int32 of 16 bits.

        A large one is written at once, and has no ``pred_img``.
        """
        if isinstance(photo, _Large):
            enlarge_file(self.model, photo.raster, photo.path, tile, self.show_progress)
            return DataSample(metainfo=dict(img_path=str(photo.source)))
        values, alpha = photo.picture.values, photo.picture.alpha
        colour = cv2.cvtColor(values, cv2.COLOR_GRAY2RGB) if photo.grey else values
        enlarged = enlarge_image(self.model, colour, tile, self.show_progress)
        if photo.grey:
            enlarged = cv2.cvtColor(enlarged, cv2.COLOR_RGB2GRAY)[..., None]
        if alpha is not None:
            alpha = cv2.resize(alpha, enlarged.shape[1::-1], interpolation=cv2.INTER_CUBIC)
            enlarged = np.dstack([enlarged, alpha])
        image = torch.from_numpy(enlarged if enlarged.dtype == np.uint8 else enlarged.astype(np.int32))
        return DataSample(pred_img=image.permute(2, 0, 1), metainfo=dict(img_path=str(photo.source)))

    def visualize(self, photo: _Photo | _Large, prediction: DataSample) -> np.ndarray:
        """The result as 8-bit RGB, without alpha; the middle of a large one."""
        if isinstance(photo, _Large):
            return _middle(photo.path)
        image = to_8_bits(_pixels(photo, prediction))
        return np.repeat(image[..., :1], 3, axis=2) if photo.grey else image[..., :3]

    def postprocess(self, photo: _Photo | _Large, prediction: DataSample, picture: np.ndarray | None, return_datasamples: bool,
                    out_dir: Path | None) -> dict | DataSample:
        """Write the file, unless that is done, and say what it is."""
        if isinstance(photo, _Large):
            found = self._describe_large(photo)
            photo.raster.close()
            return prediction if return_datasamples else found
        image = _pixels(photo, prediction)
        found = dict(source=str(photo.source), file=None, width=image.shape[1], height=image.shape[0], channels=image.shape[2],
                     bits=8 * image.itemsize, scale=self.model.scale, notes=photo.picture.notes(photo.source.name),
                     warnings=photo.picture.warnings(photo.source.name))
        if out_dir is not None:
            path = self.result_paths(photo.source, out_dir)['image']
            # OpenCV writes no grey with alpha
            order = {1: [0], 2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[image.shape[2]]
            encoded = cv2.imencode('.png', np.ascontiguousarray(image[..., order]))[1].tobytes()
            with complete_file(path) as scratch:
                scratch.write_bytes(_with_profile(encoded, photo.picture.profile))
            found['file'] = str(path)
        return prediction if return_datasamples else found

    def _describe_large(self, photo: _Large) -> dict:
        raster, scale, name = photo.raster, self.model.scale, photo.source.name
        notes = [*raster.done, 'read and written in windows, as it takes more memory than the '
                               f'{budget() / GB:.3g} GB that are allowed']
        return dict(source=str(photo.source), file=str(photo.path), width=scale * raster.width, height=scale * raster.height,
                    channels=raster.channels + (not raster.opaque), bits=8 * raster.dtype.itemsize, scale=scale,
                    notes=[f'{name}: {"; ".join(notes)}'], warnings=[f'{name}: {doubt}' for doubt in raster.doubts])


def _size(path: Path) -> tuple[int, int, bool]:
    """Pixels of an image, bytes of each, and whether it can be read in windows.

    Raises:
        InputError: If its header cannot be read.
    """
    with reading(path, 'an image'), path.open('rb') as file:
        if not is_image(file.read(12)):  # JPEG 2000
            from mmsight.rasters import open_raster
            with open_raster(path) as raster:
                return raster.width * raster.height, raster.count * np.dtype(raster.dtypes[0]).itemsize, True
        file.seek(0)
        header = read_header(file)
    return header.width * header.height, header.pixel_bytes, header.format in ('TIFF', 'PNG', 'JPEG')


def _middle(path: Path) -> np.ndarray:
    """The middle of a TIFF that this module has written, uint8 RGB."""
    from mmsight.raster_values import Raster
    raster = Raster(path)
    width, height = min(MIDDLE, raster.width), min(MIDDLE, raster.height)
    image = to_8_bits(raster.read((raster.width - width) // 2, (raster.height - height) // 2, width, height)[0])
    raster.close()
    return np.repeat(image.transpose(1, 2, 0), 3 // len(image), axis=2)


def _pixels(photo: _Photo, prediction: DataSample) -> np.ndarray:
    return prediction.pred_img.permute(1, 2, 0).numpy().astype(photo.picture.values.dtype, copy=False)


def read_photo(path: Path) -> Picture:
    """Read an image with all that is to be kept of it.

    Raises:
        InputError: If it cannot be read, or its pixels are neither 8 nor 16 bits of integer.
    """
    picture = read_picture(path, convert=False)
    _check_bits(path, picture.values.dtype)
    return picture


def _check_bits(path: Path, dtype: np.dtype) -> None:
    if dtype not in (np.uint8, np.uint16):
        raise InputError(f'{path}: the pixels are {dtype}; convert the image to 8 or 16 bits')


def _with_profile(png: bytes, profile: bytes | None) -> bytes:
    """A PNG with a colour profile behind its header."""
    if profile is None:
        return png
    data = b'ICC profile\0\0' + zlib.compress(profile)
    header = 8 + 25  # signature, IHDR
    chunk = struct.pack('>I', len(data)) + b'iCCP' + data + struct.pack('>I', zlib.crc32(b'iCCP' + data))
    return png[:header] + chunk + png[header:]
