"""Hooks and run logic that no host toolbox has. Imports no host."""

from mmsight.compat import mmengine_load

from .checkpoint_hook import CheckCheckpointHook
from .result_hook import ResultHook

__all__ = ['CheckCheckpointHook', 'ResultHook']

mmengine_load.apply()
