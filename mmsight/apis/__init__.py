"""Inferencers: a trained model on files of one's own, one class a task. Each imports its host when it is first asked for."""

import importlib
from typing import Any

_MODULES = {'DetectInferencer': 'detect', 'MatchInferencer': 'match', 'SegmentInferencer': 'segment',
            'UpscaleInferencer': 'upscale'}

__all__ = ['DetectInferencer', 'MatchInferencer', 'SegmentInferencer', 'UpscaleInferencer']  # noqa: F822  (found by __getattr__)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(f'{__name__}.{_MODULES[name]}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
