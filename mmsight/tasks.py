"""What a task declares once for the command line, the web page, Python and the ONNX export; and where tasks are found.

A project that owns a task has a ``task.py`` with a :class:`Task` named ``TASK``. The file is read without the project's
package, whose import would load torch: at its top it imports only the standard library and modules of MMSight without torch.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import importlib.util
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsight import box, projects
from mmsight.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from mmengine.config import Config
    from torch import Tensor

    from mmsight.apis.base_inferencer import FileInferencer


@dataclass(frozen=True)
class Option:
    """An option of a task: ``max_side`` in Python is ``--max-side`` on the command line.

    Args:
        name (str): Its name in Python.
        help (str): What it does, in a few words.
        default (Any): Its value when it is not given. None lets the inferencer choose.
        type (type): ``int``, ``float``, ``str``, or ``bool`` for a switch, which is off by default.
        metavar (str, optional): Its value in the help, e.g. ``'PIXELS'``.
        many (bool): It takes one or more values.
        page (tuple): What the web page offers: nothing if empty, (lowest, highest, step) of a slider, whose lowest position
            means None where that is the default, or (False, True) of a box to check.
        cost (bool): It changes time and memory, and not the results: a run goes on with another value.
        finite (bool): A number must be finite.
        positive (bool): A number must be above 0.
        within (tuple): Smallest and largest number.
        choices (Sequence[str]): The values that there are.
    """

    name: str
    help: str
    default: Any = None
    type: Callable[[str], Any] = str
    metavar: str | None = None
    many: bool = False
    page: tuple = ()
    cost: bool = False
    finite: bool = True
    positive: bool = False
    within: tuple[float, float] | None = None
    choices: Sequence[str] = ()

    def check(self, value: Any) -> None:
        """Refuse a value of another kind or range than the option takes; None, which lets the inferencer choose, is taken.

        Raises:
            InputError: If it is one.
        """
        for part in value if isinstance(value, (list, tuple)) else (value, ):
            if part is not None and (expected := self._expected(part)):
                raise InputError(f'{self.flag} must be {expected}, found {part}')

    def _expected(self, value: Any) -> str:
        """What a value should be; nothing if it is that."""
        if self.choices and value not in self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.type not in (int, float):
            return ''
        kind, words = (Integral, 'a whole number') if self.type is int else (Real, 'a number')
        if not isinstance(value, kind) or isinstance(value, bool):
            return words
        number = float(value)
        if self.finite and not math.isfinite(number):
            return 'a finite number'
        if self.positive and not number > 0:
            return 'above 0'
        if self.within and not self.within[0] <= number <= self.within[1]:
            low, high = self.within
            return f'at least {low:g}' if high == math.inf else f'from {low:g} to {high:g}'
        return ''

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Add it to a command's options."""
        if self.type is bool:
            parser.add_argument(self.flag, action='store_true', help=self.help)
            return
        text = self.help if self.default is None else f'{self.help} (default {self.default})'
        parser.add_argument(self.flag, type=self.type, default=self.default, nargs='+' if self.many else None,
                            metavar=self.metavar, help=text.replace('%', '%%'))

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return f"--{self.name.replace('_', '-')}"


RUNTIMES = ('torch', 'onnx', 'openvino', 'openvino-bf16', 'auto')
"""What can compute a network; see :mod:`mmsight.engine.runtime`."""
SHARED = (
    Option('weights', 'checkpoint of the config; by default the last one that its training, or `make demo`, left in work_dirs',
           metavar='CHECKPOINT'),
    Option('out_dir', 'folder for the results; by default work_dirs/ and the name of the task', metavar='DIR'),
    Option('overwrite', 'replace results that exist', False, bool),
    Option('device', 'cpu, cuda, cuda:1, ...; by default a GPU if there is one', metavar='DEVICE'),
    Option('runtime', f"what computes the network on a CPU: {', '.join(RUNTIMES)}, the fastest that is installed "
           "(pip install 'mmsight[fast]')", 'torch', metavar='NAME'),
    Option('max_memory', 'memory that one input may take; what would take more is refused by its header; by default 4, or what '
           'MMSIGHT_MAX_MEMORY says', type=float, metavar='GB'),
    Option('trust', 'run the config inside a checkpoint even if it contains code', False, bool),
    Option('show', 'open a window with each picture', False, bool))
"""Options of every task, beside its model."""


@dataclass(frozen=True)
class Shown:
    """One result, for the command line to print and for the web page to lay out.

    Attributes:
        text (str): What was found, in one sentence.
        files (Mapping[str, str]): What each written file is, and its path.
        warnings (Sequence[str]): Sentences on what may be wrong.
        notes (Sequence[str]): Sentences on how to read the result.
        rows (Sequence[Sequence]): A table.
        header (Sequence[str]): Its columns. Only a table of measures, two columns, is printed.
        pictures (Sequence[str]): Keys of ``files`` that the page shows beside the inferencer's picture.
        status (int): Exit status of the command: 0, 1 if a part failed, 2 if there is no result that can be relied on.
    """

    text: str
    files: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    header: Sequence[str] = ('measure', 'value')
    pictures: Sequence[str] = ()
    status: int = 0


@dataclass(frozen=True)
class Export:
    """How a task's networks become a graph; see :mod:`mmsight.engine.export`.

    Args:
        outputs (Callable): ``outputs(model, image)`` names what the graph returns of an image (N, C, H, W).
        peak (float): Largest value of the image where the model's data preprocessor does not normalise it.
        rgb (bool): The test pipeline hands over RGB; hosts hand over BGR.
        channels (int, optional): Of the image. None takes those of the network's first convolution.
    """

    outputs: Callable[[Any, Tensor], dict[str, Tensor]]
    peak: float = 255.0
    rgb: bool = False
    channels: int | None = None


@dataclass(frozen=True)
class Network:
    """What of a task's models another runtime can compute; see :mod:`mmsight.engine.runtime`.

    Args:
        outputs (Callable): ``outputs(model, image)`` names what the network makes of an image (N, C, H, W), normalised.
        replace (Callable): ``replace(model, run)`` lets the model take these outputs from ``run(image)``.
    """

    outputs: Callable[[Any, Tensor], dict[str, Tensor]]
    replace: Callable[[Any, Callable[[Tensor], dict[str, Tensor]]], None]


@dataclass(frozen=True)
class Example:
    """An input to try a task with, which needs no file of the user.

    Args:
        label (str): What it shows and where it is from, its licence or that the project drew it; at most 60 characters.
        make (Callable): ``make(folder)`` writes its files; returns their paths, in the order of the task's ``inputs``.
        needs (Sequence[str]): Packages without which it cannot be made, beside those of the task.
    """

    label: str
    make: Callable[[Path], list[Path]]
    needs: Sequence[str] = ()


@dataclass(frozen=True)
class Task:
    """What MMSight does with a user's files: a command, a tab of the web page, an inferencer, a graph.

    Args:
        name (str): The command's name. Configs of the task's models say ``task = '<name>'``.
        title (str): Of its tab.
        summary (str): What it does, in a few words.
        inputs (Mapping[str, str]): Name of an argument to its help, which says what one file is. One argument takes any number
            of files, folders and patterns; of several, each is one file, and all together make one input.
        suffixes (Sequence[str]): Endings of its files, lower-case.
        options (Sequence[Option]): Its own, beside :data:`SHARED`.
        inferencer (str): ``'module:Class'`` of a :class:`mmsight.apis.base_inferencer.FileInferencer`.
        show (Callable): ``show(prediction)`` describes a prediction of the inferencer as a :class:`Shown`.
        usage (str): Files in the example of its help.
        reads (Sequence[str]): Families of its files in :data:`mmsight.forms.FORMS`, for the documents.
        needs (Sequence[str]): Packages without which it cannot run.
        install (str): The command that installs them.
        toy_model (str): Config of its toy model, whose weights ``make demo`` leaves.
        methods (Sequence[str]): Further models, which need no training.
        default_method (str): Which of them is used where the box has no model; by default the toy model.
        page (str): Which of a result's ``files`` is an HTML page that the web page shows in place of pictures and table.
        examples (Sequence[Example]): What ``make demo`` runs and the web page offers, the best one first.
        export (Export, optional): None if there is nothing to export.
        network (Network, optional): None if torch alone computes its networks.
        draw_sample (Callable, optional): ``draw_sample(item)`` is a picture, uint8 RGB (H, W, 3), of an item of its datasets,
            with the truth on it. None if they hold no pictures.
        listed (bool): Whether the help and the web page name it.
    """

    name: str
    title: str
    summary: str
    inputs: Mapping[str, str]
    suffixes: Sequence[str]
    options: Sequence[Option]
    inferencer: str
    show: Callable[[dict], Shown]
    usage: str
    reads: Sequence[str] = ()
    needs: Sequence[str] = ()
    install: str = ''
    toy_model: str = ''
    methods: Sequence[str] = ()
    default_method: str = ''
    page: str = ''
    examples: Sequence[Example] = ()
    export: Export | None = None
    network: Network | None = None
    draw_sample: Callable[[dict], np.ndarray] | None = None
    listed: bool = True

    @property
    def class_name(self) -> str:
        """Name of its inferencer in :mod:`mmsight.apis`."""
        return self.inferencer.partition(':')[2]

    @property
    def default_model(self) -> str:
        """The model that is used when none is named: its model in the box; without one, a method or its toy model."""
        boxed = box.default_model(self.name)
        return (self.default_method or self.toy_model) if boxed is None else boxed.name

    def missing(self) -> str | None:
        """One sentence on the package that it needs and that is not installed; None if all are."""
        absent = _absent(self.needs)
        return f'`mmsight {self.name}` needs {absent[0]}, which is not installed: run `{self.install}`' if absent else None

    def ready_examples(self) -> list[Example]:
        """Its examples, without those whose packages are not installed."""
        return [example for example in self.examples if not _absent(example.needs)]

    def complete(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options with the defaults of those that are not given.

        Raises:
            InputError: If one has a value that it does not take; see :meth:`Option.check`.
        """
        made = {**{option.name: option.default for option in self.options}, **options}
        for option in self.options:
            option.check(made[option.name])
        return made

    def load_inferencer(self) -> type[FileInferencer]:
        """Import its inferencer, and with it torch and the host.

        Raises:
            InputError: If a package is missing or cannot be imported.
        """
        if sentence := self.missing():
            raise InputError(sentence)
        module, _, name = self.inferencer.partition(':')
        try:
            found: type[FileInferencer] = getattr(importlib.import_module(module), name)
        except ImportError as error:
            raise InputError(f'`mmsight {self.name}` cannot run: {error}; `mmsight doctor` checks the stack') from error
        return found


def _absent(packages: Sequence[str]) -> list[str]:
    return [package for package in packages if importlib.util.find_spec(package) is None]


@functools.cache
def find_tasks() -> dict[str, Task]:
    """All tasks of all projects, by name, also those whose packages are missing."""
    found: dict[str, Task] = {}
    for project in projects.names():
        path = projects.folder(project) / 'task.py'
        if path.is_file():
            task: Task = _read(f'{projects.__name__}.{project}.task', path).TASK
            if task.name in found:
                raise ValueError(f'{path}: another project has a task named {task.name} already')
            found[task.name] = task
    return dict(sorted(found.items()))


def task_of(cfg: Config) -> Task:
    """The task that a config's models are for.

    Raises:
        InputError: If the config does not name one.
    """
    name = cfg.get('task')
    if name not in find_tasks():
        found = 'has no key `task`' if name is None else f"says task = '{name}'"
        raise InputError(f"{cfg.filename} {found}: set it to one of {', '.join(find_tasks())}")
    return find_tasks()[name]


def _read(name: str, path: Path) -> Any:
    """A module of a package that is not imported; when the package is imported later, it is this same module."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
