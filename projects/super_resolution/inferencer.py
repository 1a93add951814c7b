"""Enlarge images with a trained super-resolution model."""

import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from mmagic.structures import DataSample
from mmengine.config import Config
from torch import nn

from mmsight.apis.base_inferencer import FileInferencer
from mmsight.errors import InputError
from mmsight.files import complete_file
from mmsight.images import to_8_bits
from mmsight.pictures import Picture, read_picture

from . import SuperResolver
from .enlarge import enlarge_image
from .task import TASK


class _Photo(NamedTuple):
    """An image and its file."""

    source: Path
    picture: Picture

    @property
    def grey(self) -> bool:
        """Whether it has no colours."""
        return self.picture.values.ndim == 2


class UpscaleInferencer(FileInferencer):
    """Images in, PNG files of ``scale`` times the size out, tile by tile: apart from both images, memory does not grow.

    Kept are 8 or 16 bits, grey or colour, alpha (enlarged bicubically) and the colour profile; what else the file says of its
    values is resolved as :mod:`mmsight.pictures` does it, and the result stands upright.

    It writes ``<name>_x<scale>.png``.
    """

    task = TASK
    forward_kwargs = {'tile'}

    def _init_model(self, cfg: Config, weights: str, device: str = 'cpu') -> nn.Module:
        model = super()._init_model(cfg, weights, device)
        if not isinstance(model, SuperResolver):
            raise InputError(f'{cfg.filename}: upscaling needs a mmsight.SuperResolver, found {type(model).__name__}')
        return model

    def result_paths(self, file: Path, folder: Path) -> dict[str, Path]:
        return dict(image=folder / f'{file.stem}_x{self.model.scale}.png')

    def count_pixels(self, path: Path) -> int:
        """Of the enlarged image."""
        return super().count_pixels(path) * self.model.scale**2

    def preprocess(self, source: Path, out_dir: Path | None) -> _Photo:
        """Read one image."""
        return _Photo(source, read_photo(source))

    def forward(self, photo: _Photo, *, tile: int | None) -> DataSample:
        """Enlarge one image: ``pred_img`` (channels, H, W), RGB or grey, with alpha behind; uint8 or int32 of 16 bits."""
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

    def visualize(self, photo: _Photo, prediction: DataSample) -> np.ndarray:
        """The result as 8-bit RGB, without alpha."""
        image = to_8_bits(_pixels(photo, prediction))
        return np.repeat(image[..., :1], 3, axis=2) if photo.grey else image[..., :3]

    def postprocess(self, photo: _Photo, prediction: DataSample, picture: np.ndarray | None, return_datasamples: bool,
                    out_dir: Path | None) -> dict | DataSample:
        """Write the file, say what it is."""
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


def _pixels(photo: _Photo, prediction: DataSample) -> np.ndarray:
    return prediction.pred_img.permute(1, 2, 0).numpy().astype(photo.picture.values.dtype)


def read_photo(path: Path) -> Picture:
    """Read an image with all that is to be kept of it.

    Raises:
        InputError: If it cannot be read, or its pixels are neither 8 nor 16 bits of integer.
    """
    picture = read_picture(path, convert=False)
    if picture.values.dtype not in (np.uint8, np.uint16):
        raise InputError(f'{path}: the pixels are {picture.values.dtype}; convert the image to 8 or 16 bits')
    return picture


def _with_profile(png: bytes, profile: bytes | None) -> bytes:
    """A PNG with a colour profile behind its header."""
    if profile is None:
        return png
    data = b'ICC profile\0\0' + zlib.compress(profile)
    header = 8 + 25  # signature, IHDR
    chunk = struct.pack('>I', len(data)) + b'iCCP' + data + struct.pack('>I', zlib.crc32(b'iCCP' + data))
    return png[:header] + chunk + png[header:]
