"""What mmengine reads is data.

What breaks: mmengine loads a checkpoint that ``weights_only=True`` refuses once more without it, and allows the bare
``getattr`` with it: both run code that the file brings. And a ``type`` that no registry knows is imported as a path, so that
``mmengine.load`` is as good as the name of a class.
In which versions: onedl-mmengine 0.10.12. It can go once mmengine does none of these.
"""

import functools
import re
from typing import Any

from mmengine.registry import registry
from mmengine.runner import checkpoint

from mmsight.engine.safe_load import PACKAGES, load_weights

_IN_A_REGISTRY = re.compile(rf"(({'|'.join(PACKAGES)})\.)?\w+")


def _load(file: Any, map_location: Any = None, weights_only: bool | None = None) -> Any:
    content = load_weights(file, map_location)
    if isinstance(content, dict) and isinstance(content.get('meta'), dict):
        content['meta'].pop('config', None)  # which mmengine's runner would execute when it resumes
    return content


def _object(name: str, find: Any = registry.get_object_from_string) -> Any:
    """A name that can only be one of a registry is not looked for anywhere else."""
    return None if _IN_A_REGISTRY.fullmatch(name) else find(name)


def apply() -> None:
    """Put our readers in place of mmengine's."""
    checkpoint._safe_torch_load = _load
    if not isinstance(checkpoint.load_url, functools.partial):
        checkpoint.load_url = functools.partial(checkpoint.load_url, weights_only=True)
    registry.get_object_from_string = _object
