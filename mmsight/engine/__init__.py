"""Hooks and run logic that no host toolbox has. Imports no host."""

from .checkpoint_hook import CheckCheckpointHook
from .result_hook import ResultHook

__all__ = ['CheckCheckpointHook', 'ResultHook']
