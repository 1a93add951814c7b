"""A trained model on images of any size: in memory, or from file to file."""

import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from rich.progress import track

from mmsight.files import complete_file

from .super_resolver import SuperResolver
from .tiling import Window, enlarge_window, plan_windows, super_resolve_tiled

EDGE = 4
"""Low-resolution pixels around a tile that the bicubic enlargement of its transparency sees, or more."""


def enlarge_image(model: SuperResolver, image: np.ndarray, tile: int | None = None, progress: bool = False) -> np.ndarray:
    """Enlarge an image tile by tile: apart from input and output, memory does not grow with it.

    Args:
        model (SuperResolver): See :func:`mmsight.engine.load_model.load_model`.
        image (np.ndarray): uint8 or uint16 (H, W, 3), RGB.
        tile (int, optional): Side of a tile in pixels of ``image``. Defaults to the config's ``test_cfg.tile``, else 64.
        progress (bool): Show a bar.

    Returns:
        np.ndarray: (scale * H, scale * W, 3), RGB, of the dtype of ``image``.
    """
    tile = _prepare(model, tile)
    height, width = image.shape[:2]
    low = _to_network(model, image)
    enlarged = torch.empty(1, 3, model.scale * height, model.scale * width, dtype=_dtype(image.dtype))
    super_resolve_tiled(model.generator, low, model.scale, tile, model.halo, enlarged, progress)
    return enlarged[0].permute(1, 2, 0).numpy()


def enlarge_file(model: SuperResolver, raster: Any, path: Path, tile: int | None = None, progress: bool = False) -> None:
    """Enlarge an image that need not fit into memory, nor its result: read and written tile by tile.

    The values are those of :func:`enlarge_image`. The result is a tiled BigTIFF of the same bits and bands, with the
    georeference, if the image has an affine one, at the finer pixels.

    Args:
        model (SuperResolver): See :func:`mmsight.engine.load_model.load_model`.
        raster (Raster): uint8 or uint16; see :mod:`mmsight.raster_values`.
        path (Path): Of the result.
        tile (int, optional): Side of a tile in pixels of the image. Defaults to the config's ``test_cfg.tile``, else 64.
        progress (bool): Show a bar.

    Raises:
        InputError: If a part of the image is damaged.
        OutputError: If the file cannot be written.
    """
    import rasterio  # few images need it
    from rasterio.errors import NotGeoreferencedWarning

    from mmsight.rasters import raster_options
    tile, scale = _prepare(model, tile), model.scale
    clear = not raster.opaque
    block = tile * scale if tile * scale % 16 == 0 else 256
    facts = dict(width=scale * raster.width, height=scale * raster.height, count=raster.channels + clear, dtype=raster.dtype,
                 photometric='RGB' if raster.channels == 3 else 'MINISBLACK', alpha='NON-PREMULTIPLIED' if clear else 'NO',
                 BIGTIFF='YES', tiled=True, blockxsize=block, blockysize=block, compress='DEFLATE', predictor=2)
    if raster.file.crs is not None and raster.orientation == 1:
        facts |= dict(crs=raster.file.crs, transform=raster.file.transform @ rasterio.Affine.scale(1 / scale))
    with complete_file(path) as scratch, raster_options(), warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(scratch, 'w', driver='GTiff', **facts) as file:
            for window in track(plan_windows(raster.height, raster.width, tile, max(model.halo, EDGE)), 'tiles',
                                disable=not progress):
                layers = _enlarge_part(model, raster, window)
                file.write(layers.transpose(2, 0, 1), window=rasterio.windows.Window(
                    scale * window.left, scale * window.top, layers.shape[1], layers.shape[0]))
        _check_written(scratch)


def _enlarge_part(model: SuperResolver, raster: Any, window: Window) -> np.ndarray:
    """A window of an image, enlarged (h, w, bands), with alpha behind if not all of the image is data."""
    scale, part = model.scale, (window.x0, window.y0, window.x1 - window.x0, window.y1 - window.y0)
    values, valid = raster.read(*part)
    image = values.transpose(1, 2, 0)
    image = image if raster.channels == 3 else np.repeat(image, 3, axis=2)
    made = enlarge_window(model.generator, _to_network(model, image), window, scale, _dtype(raster.dtype))
    layers = made[0].permute(1, 2, 0).cpu().numpy()
    if raster.channels == 1:
        layers = cv2.cvtColor(layers, cv2.COLOR_RGB2GRAY)[..., None]
    if raster.opaque:
        return layers
    alpha = raster.alpha(*part)
    if alpha is None:
        alpha = np.where(valid, np.iinfo(raster.dtype).max, 0).astype(raster.dtype)
    alpha = cv2.resize(alpha, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    top, left = scale * (window.top - window.y0), scale * (window.left - window.x0)
    return np.dstack([layers, alpha[top:top + layers.shape[0], left:left + layers.shape[1]]])


def _check_written(path: Path) -> None:
    """GDAL keeps to itself what it could not write while it closed the file."""
    import rasterio
    size = path.stat().st_size
    with rasterio.open(path) as file:
        for (row, column), _ in file.block_windows(1):
            offset, length = (int(file.get_tag_item(f'BLOCK_{what}_{column}_{row}', 'TIFF', 1) or 0)
                              for what in ('OFFSET', 'SIZE'))
            if not 0 < offset <= size - length:
                raise OSError('a part of it is missing; the disk may be full')


def _prepare(model: SuperResolver, tile: int | None) -> int:
    """Lay out the weights for speed; the side of a tile."""
    model.generator.to(memory_format=torch.channels_last)  # with few channels, twice as fast on a CPU
    return tile or model.test_cfg.get('tile') or 64


def _to_network(model: SuperResolver, image: np.ndarray) -> torch.Tensor:
    """(H, W, 3) as (1, 3, H, W) in [-1, 1], where the model is."""
    device = next(model.parameters()).device
    low = torch.from_numpy(image.astype(np.float32)).to(device).permute(2, 0, 1)[None]
    return low / (np.iinfo(image.dtype).max / 2) - 1


def _dtype(dtype: np.dtype) -> torch.dtype:
    return torch.uint8 if dtype == np.uint8 else torch.uint16
