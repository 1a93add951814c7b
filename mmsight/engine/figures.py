"""Figures of papers, drawn from models in the box, records and data sets, as PNG and SVG.

A project's ``figures.yml`` lists them, and functions of its modules ``figure_<what>.py`` draw them. A picture holds a digest of
all that it was drawn from, so that what is unchanged is not drawn again. ``docs/figures/<paper>`` has a copy of each PNG.
"""

import hashlib
import importlib
import inspect
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from PIL import Image, PngImagePlugin

import mmsight
from mmsight.box import digest, get_model
from mmsight.configs import source_root
from mmsight.engine.tables import project_folder
from mmsight.errors import InputError, did_you_mean
from mmsight.files import complete_file, make_folder
from mmsight.images import figure_to_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar('T')

DPI = 110
"""Dots per inch of a PNG."""


@dataclass(frozen=True)
class Inputs:
    """What a figure is drawn from.

    Attributes:
        models (dict[str, str]): Name to a checkpoint that holds its config, as :func:`mmsight.engine.load_model.find_model` and
            every inferencer take it.
        records (list[Path]): Files of the project, sorted.
        data (Path | None): Folder of the data set.
    """

    models: dict[str, str] = field(default_factory=dict)
    records: list[Path] = field(default_factory=list)
    data: Path | None = None


@dataclass(frozen=True)
class Plan:
    """A figure as ``figures.yml`` describes it.

    Attributes:
        paper (str): Name of the project.
        number (str): Of the paper's figure, or a name for one beyond the paper.
        title (str): What it shows, in a few words.
        draw (str): ``<module>.<function>`` of the project, or ``mmsight.<...>.<function>`` that projects share. The function
            gets :class:`Inputs` and the settings by name, and returns a matplotlib figure. Its module is part of the digest.
        caption (str): What the paper's figure shows, and what this one shows.
        missing (str): What is lacking to draw it, for a figure of the paper that has no ``draw``.
        models (list[str]): Models in the box.
        records (list[str]): Patterns of files below the project, e.g. ``'records/*_seed0.json'``.
        data (str): Folder of a data set below ``MMSIGHT_DATA``.
        settings (dict[str, Any]): Numbers, texts and lists of them, which ``--set`` changes.
    """

    paper: str
    number: str
    title: str
    caption: str
    draw: str = ''
    missing: str = ''
    models: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    data: str = ''
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def picture(self) -> Path:
        """The PNG in the documentation."""
        return source_root() / 'docs' / 'figures' / self.paper / f'{self.number}.png'

    def needs(self) -> str:
        """What it is drawn from, or what is missing, in a line."""
        if self.missing:
            return f'not drawn: {self.missing}'
        parts = (('models', self.models), ('records', self.records), ('the data set', [self.data] if self.data else []))
        return 'from ' + ('; '.join(f"{name} {', '.join(items)}" for name, items in parts if items) or 'nothing')

    def function(self) -> Callable[..., 'Figure']:
        """What draws it, to be called with :class:`Inputs`.

        Raises:
            InputError: If the module has no such function, or the function other settings.
        """
        module, _, name = self.draw.rpartition('.')
        package = '' if self.is_shared else f'mmsight.projects.{self.paper}.'
        found = getattr(importlib.import_module(package + module), name, None)
        if found is None:
            raise InputError(f"{self._where()}: {self.code()} has no function '{name}'")
        try:
            inspect.signature(found).bind(Inputs(), **self.settings)
        except TypeError as error:
            raise InputError(f'{self._where()}: settings do not fit {self.draw}: {error}') from error
        return partial(found, **self.settings)

    @property
    def is_shared(self) -> bool:
        """Whether the core draws it, not the project."""
        return self.draw.startswith('mmsight.')

    def code(self) -> Path:
        """The file of the module that draws it."""
        *packages, module, _ = self.draw.split('.')
        folder = Path(mmsight.__file__).parents[1] if self.is_shared else project_folder(self.paper)
        return folder.joinpath(*packages, f'{module}.py')

    def find_records(self) -> list[Path]:
        """The files that ``records`` names.

        Raises:
            InputError: If a pattern matches none.
        """
        folder, found = project_folder(self.paper), set()
        for pattern in self.records:
            hits = list(folder.glob(pattern))
            if not hits:
                raise InputError(f"{self._where()}: no file in {folder} matches '{pattern}'")
            found.update(hits)
        return sorted(found)

    def find_data(self) -> Path | None:
        """The folder of its data set.

        Raises:
            InputError: If it is not there.
        """
        if not self.data:
            return None
        path = Path(os.environ.get('MMSIGHT_DATA', 'data')) / self.data
        if not path.is_dir():
            raise InputError(f"figure {self.number} of {self.paper} needs the data set '{self.data}', and {path} does not "
                             'exist: get it as tools/dataset_converters/README.md says, and name the folder above it in '
                             'MMSIGHT_DATA')
        return path

    def _where(self) -> str:
        return f"{project_folder(self.paper) / 'figures.yml'}: figure {self.number}"


def choose(images: Mapping[str, T], names: Sequence[str]) -> dict[str, T]:
    """The images of these ids, in this order.

    Raises:
        InputError: If there is none of an id; the sentence names similar ones.
    """
    for name in names:
        if name not in images:
            raise InputError(f"the split has no image '{name}'; {did_you_mean(name, list(images))}it has "
                             f"{', '.join(list(images)[:12])}{', ...' if len(images) > 12 else ''}")
    return {name: images[name] for name in names}


def load_plans(paper: str) -> dict[str, Plan]:
    """Number to figure of a project's ``figures.yml``; none without that file.

    Raises:
        InputError: If there is no such project, or an entry is wrong.
    """
    path = project_folder(paper) / 'figures.yml'
    plans = {}
    for number, content in yaml.safe_load(path.read_text()).items() if path.is_file() else ():
        try:
            plan = Plan(paper, str(number), **content)
        except TypeError as error:
            raise InputError(f'{path}: figure {number}: {error}') from error
        if bool(plan.draw) == bool(plan.missing):
            raise InputError(f"{path}: figure {number}: give 'draw', or else 'missing', what is lacking to draw it")
        if plan.draw and not plan.code().is_file():
            raise InputError(f"{path}: figure {number}: 'draw' must be <module>.<function> of {path.parent}, "
                             f"or of mmsight, found '{plan.draw}'")
        plans[plan.number] = plan
    return plans


def find_plan(paper: str, number: str) -> Plan:
    """A figure by its number.

    Raises:
        InputError: If the project has none of that number; the sentence names similar ones.
    """
    plans = load_plans(paper)
    if number not in plans:
        known = f"only {', '.join(plans)}" if plans else 'it has none at all'
        raise InputError(f"{paper} has no figure '{number}'; {did_you_mean(number, list(plans))}{known}")
    return plans[number]


def with_settings(plan: Plan, changes: Sequence[str]) -> Plan:
    """A figure with settings of the command line.

    Args:
        plan (Plan): The figure.
        changes (Sequence[str]): ``KEY=VALUE``, of the type that the setting has; items of a list are parted by commas.

    Raises:
        InputError: If it has no such setting, or the value is of another type.
    """
    settings = dict(plan.settings)
    for change in changes:
        key, equals, text = change.partition('=')
        if not equals or key not in settings:
            known = ', '.join(f'{name}={_shown(value)}' for name, value in plan.settings.items()) or 'nothing'
            raise InputError(f"--set '{change}': figure {plan.number} of {plan.paper} has KEY=VALUE for "
                             f'{known}; {did_you_mean(key, list(settings))}'.rstrip('; '))
        before = plan.settings[key]
        try:
            settings[key] = [type(before[0])(item) for item in text.split(',')] if isinstance(before, list) \
                else type(before)(text)
        except ValueError as error:
            raise InputError(f"--set '{change}': a value such as {_shown(before)} is expected") from error
    return replace(plan, settings=settings)


def _shown(value: Any) -> str:
    return ','.join(map(str, value)) if isinstance(value, list) else str(value)


def parse_checkpoints(plan: Plan, items: Sequence[str]) -> dict[str, str]:
    """Name to file of ``NAME=FILE`` on the command line: further models, or others than those in the box.

    Raises:
        InputError: If the figure is not of models, or a file does not exist.
    """
    if items and not plan.models:
        raise InputError(f'figure {plan.number} of {plan.paper} is not drawn from models: leave --checkpoint out')
    found = dict(item.partition('=')[::2] for item in items)
    for name, file in found.items():
        if not name or not Path(file).is_file():
            raise InputError(f"--checkpoint '{name}={file}': NAME=FILE is expected, where FILE is a checkpoint that holds its "
                             'config')
    return found


def inputs_digest(plan: Plan, checkpoints: Mapping[str, str] | None = None) -> str:
    """SHA-256 of all that a figure is drawn from but its data set: settings, weights, records and the code that draws it."""
    models = {name: get_model(name).sha256 for name in plan.models}
    models.update({name: digest(Path(file)) for name, file in (checkpoints or {}).items()})
    folder = project_folder(plan.paper)
    records = {path.relative_to(folder).as_posix(): digest(path) for path in plan.find_records()}
    return _sha256([plan.draw, plan.settings, plan.data, models, records, digest(plan.code())])


def _data_digest(folder: Path | None) -> str:
    """Of names, sizes and times: reading a data set would take longer than most figures."""
    files = [] if folder is None else sorted(path for path in folder.rglob('*') if path.is_file())
    return _sha256([[path.as_posix(), path.stat().st_size, path.stat().st_mtime_ns] for path in files])


def _sha256(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def draw_figure(plan: Plan, out_dir: Path, checkpoints: Mapping[str, str] | None = None) -> tuple[Path, bool]:
    """Write ``<out_dir>/<paper>/<number>.png`` and ``.svg``, unless they are there, drawn from the same.

    Args:
        plan (Plan): The figure.
        out_dir (Path): Folder of all papers' figures.
        checkpoints (Mapping[str, str], optional): See :func:`parse_checkpoints`.

    Returns:
        tuple[Path, bool]: The PNG, and whether it was drawn.

    Raises:
        InputError: If something that it is drawn from is missing.
    """
    if plan.missing:
        raise InputError(f'figure {plan.number} of {plan.paper} cannot be drawn: {plan.missing}')
    data = plan.find_data()
    facts = dict(inputs=inputs_digest(plan, checkpoints), data=_data_digest(data))
    path = out_dir / plan.paper / f'{plan.number}.png'
    vectors = path.with_suffix('.svg')
    if vectors.is_file() and read_facts(path) == facts:
        return path, False
    models = {**{name: str(get_model(name).path) for name in plan.models}, **(checkpoints or {})}
    figure = plan.function()(Inputs(models, plan.find_records(), data))
    make_folder(path.parent)
    with complete_file(vectors) as scratch:
        figure.savefig(scratch, metadata=dict(Date=None))
    with complete_file(path) as scratch:  # last, since it says that both are complete
        figure.set_dpi(DPI)
        _write_png(figure, scratch, facts)
    return path, True


def _write_png(figure: 'Figure', path: Path, facts: Mapping[str, str]) -> None:
    """With a table of 256 colours, a third of the size."""
    notes = PngImagePlugin.PngInfo()
    for name, value in facts.items():
        notes.add_text(name, value)
    image = Image.fromarray(figure_to_array(figure)).quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    image.save(path, pnginfo=notes, optimize=True)


def read_facts(path: Path) -> dict[str, str]:
    """The digests in a PNG: ``inputs``, see :func:`inputs_digest`, and ``data``; empty if it has none or does not exist."""
    try:
        with Image.open(path) as image:
            return {name: image.info[name] for name in ('inputs', 'data')}
    except (OSError, KeyError):
        return {}


def is_stale(plan: Plan) -> bool:
    """Whether the documentation's copy is missing, or drawn from other inputs than there are now; needs no data set."""
    return not plan.missing and read_facts(plan.picture).get('inputs') != inputs_digest(plan)
