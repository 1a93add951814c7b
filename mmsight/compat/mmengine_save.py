"""Checkpoints are written whole or not at all.

What breaks: mmengine writes a checkpoint under its name, so that a kill or a full disk leaves a part of it there, perhaps in
place of a good one.
In which versions: onedl-mmengine 0.10.12. It can go once mmengine writes a file beside it and renames that.
"""

import functools
from typing import Any

from mmengine import runner as package
from mmengine.runner import checkpoint as module
from mmengine.runner import runner

from mmsight.engine.checkpoint_file import save_checkpoint


def _save(checkpoint: dict, filename: str, file_client_args: Any = None, backend_args: Any = None, *, remote: Any) -> None:
    if file_client_args or backend_args or '://' in filename:
        remote(checkpoint, filename, file_client_args, backend_args)
    else:
        save_checkpoint(checkpoint, filename)


def apply() -> None:
    """Put our writer in place of mmengine's, for files of this machine."""
    if not isinstance(module.save_checkpoint, functools.partial):
        written = functools.partial(_save, remote=module.save_checkpoint)
        for place in (module, package, runner):
            place.save_checkpoint = written
