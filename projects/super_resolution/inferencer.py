"""Enlarge images with a trained super-resolution model."""

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from mmagic.structures import DataSample
from mmengine.config import Config
from PIL import ExifTags, Image, UnidentifiedImageError
from torch import nn

from mmsight.apis.base_inferencer import FileInferencer
from mmsight.errors import InputError
from mmsight.files import complete_file
from mmsight.images import decode_image, to_8_bits

from . import SuperResolver
from .enlarge import enlarge_image
from .task import TASK

OPAQUE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


@dataclass
class _Photo:
    """An image apart: colour RGB (H, W, 3) and alpha (H, W), uint8 or uint16; what PNG says beside the pixels."""

    source: Path
    colour: np.ndarray
    alpha: np.ndarray | None
    grey: bool
    chunks: list[tuple[bytes, bytes]]


class UpscaleInferencer(FileInferencer):
    """Images in, PNG files of ``scale`` times the size out, tile by tile: apart from both images, memory does not grow.

    Kept are 8 or 16 bits, grey or colour, alpha (enlarged bicubically), the colour profile and the EXIF orientation. The
    pixels stay as they are stored, and the file says how to turn them, as the input did.

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
        return read_photo(source)

    def forward(self, photo: _Photo, *, tile: int | None) -> DataSample:
        """Enlarge one image: ``pred_img`` (channels, H, W), RGB or grey, with alpha behind; uint8 or int32 of 16 bits."""
        enlarged = enlarge_image(self.model, photo.colour, tile, self.show_progress)
        if photo.grey:
            enlarged = cv2.cvtColor(enlarged, cv2.COLOR_RGB2GRAY)[..., None]
        if photo.alpha is not None:
            alpha = cv2.resize(photo.alpha, enlarged.shape[1::-1], interpolation=cv2.INTER_CUBIC)
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
                     bits=8 * image.itemsize, scale=self.model.scale)
        if out_dir is not None:
            path = self.result_paths(photo.source, out_dir)['image']
            # OpenCV writes no grey with alpha
            order = {1: [0], 2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[image.shape[2]]
            encoded = cv2.imencode('.png', np.ascontiguousarray(image[..., order]))[1].tobytes()
            with complete_file(path) as scratch:
                scratch.write_bytes(with_chunks(encoded, photo.chunks))
            found['file'] = str(path)
        return prediction if return_datasamples else found


def _pixels(photo: _Photo, prediction: DataSample) -> np.ndarray:
    return prediction.pred_img.permute(1, 2, 0).numpy().astype(photo.colour.dtype)


def read_photo(path: Path) -> _Photo:
    """Read an image with all that is to be kept of it.

    Raises:
        InputError: If it cannot be read, or its pixels are neither 8 nor 16 bits of integer.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f'{path}: the image cannot be read: {error.strerror}') from error
    image = decode_image(content, path)
    if image.dtype not in OPAQUE:
        raise InputError(f'{path}: the pixels are {image.dtype}; convert the image to 8 or 16 bits')
    image = image[..., None] if image.ndim == 2 else image
    channels = image.shape[2]
    grey = channels < 3
    colour = cv2.cvtColor(image[..., 0], cv2.COLOR_GRAY2RGB) if grey else cv2.cvtColor(image[..., :3], cv2.COLOR_BGR2RGB)
    if channels == 4 and content[:4] == b'\x89PNG' and content[25] & 3 == 0:  # grey with alpha, which OpenCV turns into BGRA
        grey = True
    return _Photo(path, colour, image[..., -1] if channels in (2, 4) else None, grey, _png_chunks(content))


def _png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Orientation and colour profile of an image file, as chunks of a PNG."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            turned, profile = image.getexif().get(ExifTags.Base.Orientation, 1), image.info.get('icc_profile')
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):  # OpenCV reads more formats than Pillow
        return []
    chunks = []
    if profile:
        chunks.append((b'iCCP', b'ICC profile\0\0' + zlib.compress(profile)))
    if turned != 1:
        # TIFF header, one entry: orientation, a short
        chunks.append((b'eXIf', b'MM\0*' + struct.pack('>IHHHIHHI', 8, 1, ExifTags.Base.Orientation, 3, 1, turned, 0, 0)))
    return chunks


def with_chunks(png: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG with further chunks behind its header."""
    added = b''.join(struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
                     for kind, data in chunks)
    header = 8 + 25  # signature, IHDR
    return png[:header] + added + png[header:]
