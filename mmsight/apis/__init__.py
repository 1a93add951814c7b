"""Inferencers: a trained model on a user's files, one class per task. Each imports its host when it is first used."""

from typing import Any

from mmsight.tasks import find_tasks


def __getattr__(name: str) -> Any:
    for task in find_tasks().values():
        if task.class_name == name:
            return task.load_inferencer()
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return [*globals(), *(task.class_name for task in find_tasks().values())]
