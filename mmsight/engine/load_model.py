"""A trained model outside the runner, for prediction on files of one's own."""

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn

from mmsight.configs import load_config
from mmsight.errors import InputError


def load_model(config: str, checkpoint: str, device: str = 'cpu') -> tuple[Config, nn.Module]:
    """The model of a config with the weights of a checkpoint, ready to predict.

    Args:
        config (str): Path or name of a config.
        checkpoint (str): Path of a checkpoint, as ``tools/train.py`` writes it. It is unpickled: take it from whom you trust.
        device (str): e.g. ``'cuda'``.

    Raises:
        InputError: If the config cannot be read, or the checkpoint is missing, damaged or of another model.
    """
    cfg = load_config(config)
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model)
    if not Path(checkpoint).is_file():
        raise InputError(f"checkpoint '{checkpoint}' does not exist")
    try:
        load_checkpoint(model, checkpoint, map_location='cpu', strict=True)
    except Exception as error:  # unpickling raises whatever the bytes lead it to
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"checkpoint '{checkpoint}' cannot be loaded into the model of {config} ({reason}); use the config "
                         'that it was trained with') from error
    return cfg, model.to(device).eval()
