"""A trained model on images of any size."""

import numpy as np
import torch
from mmagic.registry import MODELS
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmsight.configs import load_config
from mmsight.errors import InputError

from .super_resolver import SuperResolver
from .tiling import super_resolve_tiled


def load_model(config: str, checkpoint: str, device: str = 'cpu') -> SuperResolver:
    """The model of a config with the weights of a checkpoint, ready to predict.

    Args:
        config (str): Path or name of a config.
        checkpoint (str): Path of a checkpoint, as ``tools/train.py`` writes it. It is unpickled: take it from whom you trust.
        device (str): e.g. ``'cuda'``.

    Raises:
        InputError: If the checkpoint is missing, damaged or of another model.
    """
    cfg = load_config(config)
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model)
    try:
        load_checkpoint(model, checkpoint, map_location='cpu', strict=True)
    except FileNotFoundError as error:
        raise InputError(f"checkpoint '{checkpoint}' does not exist") from error
    except Exception as error:  # unpickling raises whatever the bytes lead it to
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"checkpoint '{checkpoint}' cannot be loaded into the model of {config} ({reason}); use the config "
                         'that it was trained with') from error
    return model.to(device).eval()


def enlarge_image(model: SuperResolver, image: np.ndarray, tile: int | None = None, progress: bool = False) -> np.ndarray:
    """Enlarge an image tile by tile: apart from input and output, memory does not grow with it.

    Args:
        model (SuperResolver): See :func:`load_model`.
        image (np.ndarray): uint8 (H, W, 3), RGB.
        tile (int, optional): Side of a tile in pixels of ``image``. Defaults to the config's ``test_cfg.tile``, else 64.
        progress (bool): Show a bar.

    Returns:
        np.ndarray: uint8 (scale * H, scale * W, 3), RGB.
    """
    device = next(model.parameters()).device
    tile = tile or model.test_cfg.get('tile') or 64
    height, width = image.shape[:2]
    low = torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
    enlarged = torch.empty(1, 3, model.scale * height, model.scale * width, dtype=torch.uint8)
    super_resolve_tiled(model.generator, low, model.scale, tile, model.halo, enlarged, progress)
    return enlarged[0].permute(1, 2, 0).numpy()
