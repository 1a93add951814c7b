"""Inferencers: a trained model on files of one's own, one class a task. Each imports its host when it is first asked for."""

import importlib
from typing import Any

_MODULES = {'DetectInferencer': 'mmsight.apis.detect', 'MatchInferencer': 'mmsight.projects.s2net.inferencer',
            'SegmentInferencer': 'mmsight.projects.eas_unet.inferencer',
            'UpscaleInferencer': 'mmsight.projects.super_resolution.inferencer'}

__all__ = ['DetectInferencer', 'MatchInferencer', 'SegmentInferencer', 'UpscaleInferencer']  # noqa: F822  (found by __getattr__)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
