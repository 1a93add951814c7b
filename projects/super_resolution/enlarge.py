"""A trained model on images of any size."""

import numpy as np
import torch

from .super_resolver import SuperResolver
from .tiling import super_resolve_tiled


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
    device = next(model.parameters()).device
    model.generator.to(memory_format=torch.channels_last)  # with few channels, twice as fast on a CPU
    tile = tile or model.test_cfg.get('tile') or 64
    height, width = image.shape[:2]
    peak, dtype = (255, torch.uint8) if image.dtype == np.uint8 else (65535, torch.uint16)
    low = torch.from_numpy(image.astype(np.float32)).to(device).permute(2, 0, 1)[None] / (peak / 2) - 1
    enlarged = torch.empty(1, 3, model.scale * height, model.scale * width, dtype=dtype)
    super_resolve_tiled(model.generator, low, model.scale, tile, model.halo, enlarged, progress)
    return enlarged[0].permute(1, 2, 0).numpy()
