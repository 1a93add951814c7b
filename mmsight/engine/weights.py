"""Weights of a model in the box: one safetensors file, which holds no code, with the config and the facts of the model inside.

Its metadata are three texts: ``mmsight_format``, the version of this format; ``config``, the resolved config as mmengine prints
it, which is read as data; and ``facts``, a JSON object (see the reference in the documentation).
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mmsight.box import list_models
from mmsight.errors import InputError

FORMAT = 1
"""Version of the format that this package writes, and the newest that it reads."""


def write_weights(path: Path, state: Mapping[str, Tensor], parameters: Collection[str], config: str,
                  facts: Mapping[str, Any]) -> None:
    """Write a file.

    Args:
        path (Path): ``.safetensors`` file.
        state (Mapping[str, Tensor]): All weights and buffers.
        parameters (Collection[str]): Names of those that were learned. They are stored as float16, unless a value is beyond its
            range; buffers, such as the statistics of batch normalisation, keep their type.
        config (str): The resolved config as text.
        facts (Mapping[str, Any]): What JSON can hold.
    """
    largest = torch.finfo(torch.float16).max
    stored = {}
    for name, value in state.items():
        half = name in parameters and value.is_floating_point() and bool((value.abs() <= largest).all())
        stored[name] = value.detach().cpu().to(torch.float16 if half else value.dtype, copy=True).contiguous()
    metadata = dict(mmsight_format=str(FORMAT), config=config, facts=json.dumps(facts, ensure_ascii=False))
    save_file(stored, path, metadata=metadata)


@CheckpointLoader.register_scheme(prefixes=r'.*\.safetensors$')
def load_from_safetensors(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Read a file, as mmengine reads a checkpoint; it is registered with mmengine's loader.

    Args:
        filename (str): Path of a ``.safetensors`` file. One of the box is compared with the SHA-256 in its metafile.
        map_location (str | torch.device, optional): Where the tensors go. Defaults to the CPU.

    Returns:
        dict[str, Any]: ``state_dict``, float32 where float16 is stored, and ``meta``: ``cfg``, the config, and the facts.

    Raises:
        InputError: If the file is missing, cut, altered, of a newer format, or was not written by MMSight.
    """
    path = Path(filename)
    for model in list_models():
        if model.path.resolve() == path.resolve():
            model.check()
    if not path.is_file():
        raise InputError(f"checkpoint '{filename}' does not exist")
    try:
        with safe_open(path, framework='pt', device='cpu') as file:
            meta = _read_meta(path, file.metadata())
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
    except (SafetensorError, OSError) as error:
        raise InputError(f"checkpoint '{filename}' is truncated or damaged ({error}): download or publish it again") from error
    # a map_location may be a function, as for torch.load
    device = map_location if isinstance(map_location, (str, torch.device)) else 'cpu'
    state = {name: (value.float() if value.dtype == torch.float16 else value).to(device) for name, value in state.items()}
    return dict(state_dict=state, meta=meta)


def _read_meta(path: Path, metadata: dict[str, str] | None) -> dict[str, Any]:
    """The metadata of a file, in mmengine's form."""
    version = (metadata or {}).get('mmsight_format', '')
    if not version.isdecimal():
        raise InputError(f"checkpoint '{path}' was not published by MMSight: its metadata have no mmsight_format; use a "
                         'checkpoint of tools/train.py or a model of `mmsight models`')
    if int(version) > FORMAT:
        raise InputError(f"checkpoint '{path}' has format {version}, and this MMSight reads formats up to {FORMAT}: install a "
                         'newer MMSight')
    assert metadata is not None
    try:
        return dict(json.loads(metadata['facts']), cfg=metadata['config'])
    except (KeyError, ValueError) as error:
        raise InputError(f"checkpoint '{path}' has damaged metadata ({error}): download or publish it again") from error
