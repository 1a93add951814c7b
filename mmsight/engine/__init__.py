"""Hooks and run logic that no host toolbox has. Imports no host."""

from .cached import Cached
from .checkpoint_hook import CheckCheckpointHook
from .result_hook import ResultHook

__all__ = ['Cached', 'CheckCheckpointHook', 'ResultHook']
