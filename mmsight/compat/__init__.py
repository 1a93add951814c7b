"""Every work-around for a third-party package, one file each: what breaks, in which versions, when it can go.

Importing this package only registers two import hooks and one name; nothing heavy is imported until a host asks.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from . import mmagic, mmengine_log, mmseg_configs

__all__ = ['has_compiled_ops']


class _OpsLoader(Loader):
    """Hands out :mod:`mmsight.compat.mmcv_ops` under the name ``mmcv._ext``."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return importlib.import_module('mmsight.compat.mmcv_ops').extension()

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do: the functions are there already."""


class _OpsFinder(MetaPathFinder):
    """Asked last: it finds ``mmcv._ext`` only where no compiled one exists."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, _OpsLoader()) if fullname == 'mmcv._ext' else None


def has_compiled_ops() -> bool:
    """Whether mmcv's own compiled ops are installed, so that :mod:`~mmsight.compat.mmcv_ops` stays idle."""
    if importlib.util.find_spec('mmcv') is None:
        return False
    spec = importlib.util.find_spec('mmcv._ext')
    return spec is not None and not isinstance(spec.loader, _OpsLoader)


if not any(isinstance(finder, _OpsFinder) for finder in sys.meta_path):
    sys.meta_path.append(_OpsFinder())
mmengine_log.apply()
mmseg_configs.apply()
mmagic.install()
