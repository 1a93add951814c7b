"""What earlier runs did with an input, so that a run that was killed goes on when the same command is given again."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmsight.files import make_folder
from mmsight.json_files import write_json

FOLDER = '.mmsight'
"""Folder of the records, in the folder of the results."""


class InputRecord:
    """A small file beside the results of one input: which job was started on it, and, once that is finished, its prediction.

    Args:
        folder (Path): Folder of the results.
        name (str): Of the input and its task, as its results are named.
        facts (Any): All that decides the results. A record of other facts, or a damaged one, counts as none.
    """

    def __init__(self, folder: Path, name: str, facts: Any) -> None:
        self.folder = folder
        self.path = folder / FOLDER / f'{name}.json'
        self.job = hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()
        try:
            found = json.loads(self.path.read_text())
            same = found['job'] == self.job
        except (OSError, ValueError, LookupError, TypeError):
            same = False
        self.started: bool = same
        self.prediction: Any = found.get('prediction') if same else None

    def holds(self, paths: Sequence[str]) -> bool:
        """Whether files of these names are in the folder, wherever it is now."""
        return all((self.folder / Path(path).name).is_file() for path in paths)

    def write(self, prediction: Any = None) -> None:
        """Say that the job was started; with a prediction, that it is finished."""
        make_folder(self.path.parent)
        write_json(self.path, dict(job=self.job, prediction=prediction))


def describe(value: Any) -> Any:
    """A value for the facts of a job: of files, and of the files of a folder, their sizes and times too."""
    if isinstance(value, (list, tuple)):
        return [describe(part) for part in value]
    if not isinstance(value, (str, Path)) or not os.path.exists(value):
        return value
    path = Path(value).resolve()
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [str(path), [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]]
