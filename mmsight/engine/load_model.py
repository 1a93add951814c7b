"""A trained model outside the runner, for prediction on a user's files."""

import tempfile
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import CheckpointLoader, load_checkpoint
from torch import nn

from mmsight import box
from mmsight.configs import config_from_data, find_config, load_config
from mmsight.engine.safe_load import parse_config
from mmsight.errors import InputError

SUFFIXES = ('.pth', '.pt', '.safetensors')


def load_model(model: str, weights: str | None = None, device: str = 'cpu') -> tuple[Config, nn.Module]:
    """A config and its trained model, ready to predict: :func:`find_model`, then :func:`build_model`."""
    cfg, checkpoint = find_model(model, weights)
    return cfg, build_model(cfg, checkpoint, device)


def find_model(model: str, weights: str | None = None, trust: bool = False) -> tuple[Config, str]:
    """The config and the checkpoint that a user means.

    Args:
        model (str): Name of a model in the box; a checkpoint that ``tools/train.py`` wrote, or a published one, which both hold
            their config; or path or name of a config.
        weights (str, optional): Checkpoint of a config: a path, or the name of a model in the box. None takes the last one that
            the config's training left in ``work_dirs/<config>``, or ``make demo`` in ``work_dirs/demo``.
        trust (bool): Run the config inside a checkpoint as the Python program that it may be. Defaults to False: it is read
            as data, and refused if it is more.

    Returns:
        tuple[Config, str]: The config and the path of the checkpoint.

    Raises:
        InputError: If one cannot be found or read.
    """
    boxed = None if Path(model).is_file() else box.find_model(model)
    if boxed is not None:
        model = str(boxed.path)
    if model.endswith(SUFFIXES):
        if weights is not None:
            raise InputError(f"'{model}' is a checkpoint already, and '{weights}' was given too: name a config and a "
                             'checkpoint, or only a checkpoint')
        return _config_of(model, trust), model
    try:
        find_config(model)
    except InputError as error:
        near = box.near_names(model)
        raise InputError(f"'{model}' is neither a model in the box nor a checkpoint nor a config; {near}`mmsight models` lists "
                         'the models in the box') if near else error from None
    cfg = load_config(model)
    return cfg, box.find_checkpoint(weights) if weights is not None else _last_checkpoint(cfg, model)


def build_model(cfg: Config, checkpoint: str, device: str = 'cpu') -> nn.Module:
    """The model of a config with the weights of a checkpoint, ready to predict.

    The model gets ``dataset_meta``: what the checkpoint, or else the test dataset's class, says of classes and images.

    Args:
        cfg (Config): See :func:`find_model`.
        checkpoint (str): Path of a checkpoint. It is read as data, see :mod:`mmsight.engine.safe_load`.
        device (str): e.g. ``'cuda'``.

    Raises:
        InputError: If the checkpoint is missing, damaged or of another model.
    """
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model)
    if not Path(checkpoint).is_file():
        raise InputError(f"checkpoint '{checkpoint}' does not exist")
    try:
        content = load_checkpoint(model, checkpoint, map_location='cpu', strict=True, logger='silent')
    except InputError:
        raise
    except Exception as error:  # what the loader raises for a checkpoint of another shape
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"checkpoint '{checkpoint}' cannot be loaded into the model of {cfg.filename} ({reason}); use the "
                         'config that it was trained with') from error
    for name, value in model.state_dict().items():
        if value.is_floating_point() and not value.isfinite().all():
            raise InputError(f"checkpoint '{checkpoint}' holds weights that are not finite, in {name}: the training that wrote "
                             'it has failed; use an earlier one')
    model.dataset_meta = dataset_meta(cfg, content)
    try:
        return model.to(device).eval()
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device '{device}' cannot be used: {str(error).splitlines()[0]}") from error


def dataset_meta(cfg: Config, checkpoint: dict) -> dict:
    """What a checkpoint, or else the class of the config's test dataset, says of classes and images."""
    dataset = cfg.test_dataloader.dataset
    described = dict(getattr(DATASETS.get(dataset.type), 'METAINFO', {}), **dataset.get('metainfo', {}))
    return {**described, **checkpoint.get('meta', {}).get('dataset_meta', {})}


def _config_of(checkpoint: str, trust: bool) -> Config:
    """The config that a checkpoint holds."""
    try:
        text = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu', logger='silent')['meta']['cfg']
    except FileNotFoundError:
        raise InputError(f"checkpoint '{checkpoint}' does not exist") from None
    except (KeyError, TypeError, IndexError):
        text = None
    if not isinstance(text, str):
        raise InputError(f"checkpoint '{checkpoint}' contains no config: name the config, and the checkpoint with --weights")
    if not trust:
        return config_from_data(parse_config(text, checkpoint), text, checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f'config_of_{Path(checkpoint).stem}.py'
        path.write_text(text)
        return Config(load_config(str(path)).to_dict(), cfg_text=text, filename=checkpoint)


def _last_checkpoint(cfg: Config, model: str) -> str:
    """The checkpoint that training a config left behind."""
    config = Path(cfg.filename)
    folders = [Path('work_dirs') / config.stem]
    if config.stem == f'{config.parent.name}_toy':
        folders.append(Path('work_dirs') / 'demo' / config.parent.name)
    for folder in folders:
        pointer = folder / 'last_checkpoint'
        # the path in it may be that of another machine
        if pointer.is_file() and (found := folder / Path(pointer.read_text().strip()).name).is_file():
            print(f'weights: {found}', flush=True)
            return str(found)
    raise InputError(f"'{model}' has no checkpoint in {' or '.join(map(str, folders))}: name one with --weights, or train "
                     'the config')
