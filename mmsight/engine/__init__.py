"""Hooks and run logic that no host toolbox has. Imports no host."""

from .checkpoint_hook import CheckCheckpointHook
from .result_hook import ResultHook
from .weights import load_from_safetensors

__all__ = ['CheckCheckpointHook', 'ResultHook', 'load_from_safetensors']
