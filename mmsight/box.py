"""The models in the box: trained weights that come with MMSight, one file each beside their project. Needs no torch."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from mmsight import projects
from mmsight.errors import InputError, did_you_mean

_LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)  # the former is ten times as fast: every command reads metafiles


@dataclass(frozen=True)
class BoxModel:
    """A model in the box, as its project's ``metafile.yml`` describes it.

    Attributes:
        name (str): What the user calls it.
        paper (str): Name of its project.
        task (str): Name of the task that it does, e.g. ``'detect'``.
        default (bool): Whether its task uses it when no model is named.
        path (Path): The weights, a ``.safetensors`` file (:mod:`mmsight.engine.weights`).
        sha256 (str): Of that file.
        license (str): Of the training data, as their source states it.
        data (str): What it was trained on.
        metrics (dict[str, float]): ``<test set>/<measure>`` to the value of the test.
    """

    name: str
    paper: str
    task: str
    default: bool
    path: Path
    sha256: str
    license: str
    data: str
    metrics: dict[str, float]

    @property
    def card(self) -> Path:
        """The Markdown page that says what the model is for, and what it is not for."""
        return self.path.with_suffix('.md')

    @property
    def megabytes(self) -> float:
        """Size of the weights in MB (10^6 bytes); 0 where the file is missing."""
        return round(self.path.stat().st_size / 1e6, 2) if self.path.is_file() else 0.0

    def to_dict(self) -> dict[str, Any]:
        """What ``mmsight models --json`` prints."""
        facts = {name: value for name, value in asdict(self).items() if name != 'path'}
        return dict(facts, megabytes=self.megabytes)

    def check(self) -> None:
        """Raise :class:`InputError` if the file is missing or is not the one that was published."""
        if not self.path.is_file():
            raise InputError(f'{self.path}: the weights of {self.name} are missing: install MMSight again')
        found = digest(self.path)
        if found != self.sha256:
            raise InputError(f'{self.path}: the weights of {self.name} were truncated or altered (SHA-256 {found[:12]}..., the '
                             f'metafile says {self.sha256[:12]}...): install MMSight again')


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def list_models() -> list[BoxModel]:
    """All models in the box, sorted by task; the default of a task comes first."""
    found = [model for name in projects.names() for model in _of_project(name)]
    return sorted(found, key=lambda model: (model.task, not model.default, model.name))


def _of_project(paper: str) -> Iterator[BoxModel]:
    folder = projects.folder(paper)
    if not (folder / 'weights').is_dir():
        return
    for entry in yaml.load((folder / 'metafile.yml').read_text(), Loader=_LOADER)['Models']:
        if 'Weights' not in entry:
            continue
        # a file that is missing is no reason to leave its model out: the task would then take another one in silence
        path = folder / 'weights' / f"{entry['Name']}.safetensors"
        facts = entry['Metadata']
        metrics = {f"{result['Dataset']}/{measure}": value for result in entry['Results']
                   for measure, value in result['Metrics'].items()}
        yield BoxModel(entry['Name'], paper, facts['Command'], facts['Default'], path, facts['SHA-256'], facts['Data License'],
                       facts['Training Data'], metrics)


def find_model(name: str) -> BoxModel | None:
    """The model of that name, None if the box has none."""
    return next((model for model in list_models() if model.name == name), None)


def get_model(name: str) -> BoxModel:
    """The model of that name.

    Raises:
        InputError: If the box has none; the sentence names similar ones.
    """
    found = find_model(name)
    if found is None:
        raise InputError(f"there is no model '{name}' in the box; {near_names(name)}`mmsight models` lists them")
    return found


def near_names(name: str) -> str:
    """See :func:`mmsight.errors.did_you_mean`."""
    return did_you_mean(name, [model.name for model in list_models()])


def default_model(task: str) -> BoxModel | None:
    """The model that a task uses when the user names none; None if the box has no model for it."""
    return next((model for model in list_models() if model.task == task and model.default), None)


def find_checkpoint(name: str) -> str:
    """What a user names where weights are expected, as a path or an address that mmengine loads.

    Args:
        name (str): Path or address of a checkpoint, or the name of a model in the box.

    Raises:
        InputError: If it is neither a file nor an address nor a model in the box, or if its weights were altered.
    """
    if '://' in name or Path(name).is_file():
        return name
    model = find_model(name)
    if model is None:
        raise InputError(f"checkpoint '{name}' does not exist, and no model in the box has that name; {near_names(name)}"
                         '`mmsight models` lists them')
    return str(model.path)
