"""Tables of papers: what the paper states beside what records measured, as Markdown, CSV and HTML.

A project's ``tables.yml`` describes a table; measured numbers come only from its ``records/*.json``.
"""

import csv
import functools
import io
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from mmsight import projects
from mmsight.annotations import LISTS, read_ids
from mmsight.configs import load_config
from mmsight.engine.report import inline_figure, write_page
from mmsight.engine.runs import load_run
from mmsight.errors import InputError, did_you_mean

Records = dict[str, dict[int, dict[str, Any]]]
"""Config's name to seed to record; each record has its ``path``, and the name of that file as ``file``."""


@dataclass(frozen=True)
class Column:
    """A measure: its ``metric`` in the records times ``scale``, with so many digits.

    ``metric`` may hold ``{key}`` for a row's ``keys``; ``'parameters'`` is counted from the config. ``only`` is a list of test
    cases in ``mmsight/splits``, over which alone the measure is taken.
    """

    name: str
    metric: str
    scale: float = 1.0
    digits: int = 2
    only: str = ''

    @cached_property
    def cases(self) -> frozenset[str] | None:
        """Names of the cases in ``only``; None without it."""
        return frozenset(read_ids(LISTS / self.only)) if self.only else None

    def value(self, row: 'Row', record: Mapping[str, Any]) -> float | None:
        """Of one run; None where it has no such metric."""
        metric = self.metric.format(**row.keys)
        if metric == 'parameters':
            value: float | None = _parameters(row.config)
        else:
            value = load_run(record['path'], self.cases).value(metric) if self.only else record['metrics'].get(metric)
        return None if value is None else self.scale * float(value)


@dataclass(frozen=True)
class Row:
    """A model of a table.

    Attributes:
        model, data (str): What it is called, and what it is measured on.
        config (str): Name of the config behind it; empty for a method without one.
        paper (Sequence[float | None]): The paper's values, a value a column; empty without any.
        weights (str): Config whose trained weights ``config`` is tested with. Defaults to ``config``.
        records (str): Folder below the project that holds its records. Only the default one's runs can be repeated by
            :mod:`~mmsight.engine.table_runs`: another one's had options of their own.
        learns (bool): False for a method without weights, whose values do not vary with the seed.
        missing (str): What it takes to measure it, such as data and hours. Defaults to the table's ``not_reproduced``.
        keys (dict[str, str]): See :class:`Column`.
    """

    model: str
    data: str = ''
    config: str = ''
    paper: Sequence[float | None] = ()
    weights: str = ''
    records: str = 'records'
    learns: bool = True
    missing: str = ''
    keys: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """One table of a paper; ``not_reproduced`` says why rows without a reason of their own have no measured values."""

    paper: str
    number: str
    title: str
    columns: list[Column]
    rows: list[Row]
    not_reproduced: str = ''


class Value(NamedTuple):
    """What stands in a cell: the mean over ``seeds`` runs, and the standard deviation where there are several."""

    mean: float
    spread: float | None = None
    seeds: int = 1


@dataclass(frozen=True)
class Line:
    """A printed line: a row's values of one source, None in a column without one."""

    row: Row
    source: str
    values: list[Value | None]
    seeds: dict[int, str] = field(default_factory=dict)


def project_folder(paper: str) -> Path:
    """Where a project lies, in a checkout or in an installed wheel."""
    if paper not in projects.names():
        near = did_you_mean(paper, projects.names())
        raise InputError(f"there is no paper '{paper}'; {near}the papers are {', '.join(projects.names())}")
    return projects.folder(paper)


def load_tables(paper: str) -> dict[str, Table]:
    """Number to table of a project's ``tables.yml``.

    Raises:
        InputError: If there is no such project or file, or an entry is wrong.
    """
    path = project_folder(paper) / 'tables.yml'
    if not path.is_file():
        raise InputError(f'{paper} has no tables: {path} does not exist')
    tables = {}
    for number, content in yaml.safe_load(path.read_text()).items():
        try:
            columns = [Column(name, **settings) for name, settings in content['columns'].items()]
            rows = [Row(**settings) for settings in content['rows']]
            tables[str(number)] = Table(paper, str(number), content['title'], columns, rows, content.get('not_reproduced', ''))
        except (KeyError, TypeError) as error:
            raise InputError(f'{path}: table {number}: {error}') from error
        if any(row.paper and len(row.paper) != len(columns) for row in rows):
            raise InputError(f"{path}: table {number}: 'paper' must be a value, or null, for each of {len(columns)} columns")
    return tables


def find_table(paper: str, number: str) -> Table:
    """A table by its number.

    Raises:
        InputError: Also if the project has none of that number.
    """
    found = load_tables(paper)
    if number not in found:
        raise InputError(f"{paper} has no table '{number}', only {', '.join(found)}")
    return found[number]


def find_row(table: Table, name: str) -> Row:
    """The row with this model, ``'model, data'``, or config, unless it only tests what needs no training beside that.

    Raises:
        InputError: If there is no such row, or several.
    """
    found = [row for row in table.rows if name in (row.model, f'{row.model}, {row.data}', row.config if row.learns else None)]
    if len(found) == 1:
        return found[0]
    where = f'table {table.number} of {table.paper}'
    if found:
        raise InputError(f"'{name}' names {len(found)} rows of {where}: write '{found[0].model}, {found[0].data}'")
    raise InputError(f"{where} has no row '{name}': name one by its model or config as it is printed")


def read_records(*folders: Path) -> Records:
    """Records of folders, ``<config>_seed<N>.json``; those of a later folder replace equal ones of an earlier.

    The file's name says which config: the ``config`` inside is what the file was called when it was run.

    Raises:
        InputError: If a file has another name or is no record.
    """
    found: Records = {}
    for folder in folders:
        for path in sorted(folder.glob('*.json')):
            config, _, seed = path.stem.rpartition('_seed')
            if not config or not seed.isdecimal():
                raise InputError(f'{path}: a record must be named <config>_seed<N>.json')
            try:
                record = json.loads(path.read_text())
                if record['seed'] != int(seed):
                    raise InputError(f"{path}: the record is of seed {record['seed']}")
                found.setdefault(config, {})[int(seed)] = dict(
                    record, metrics=dict(record['metrics']), file=path.name, path=path)
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f'{path} is not a record of a run as `mmsight test` writes it: {error!r}') from error
    return {config: dict(sorted(seeds.items())) for config, seeds in found.items()}


def lines(table: Table, extra: Path | None = None) -> list[Line]:
    """What is printed: for each row the paper's values and the measured ones, as far as there are any.

    Args:
        table (Table): See :func:`load_tables`.
        extra (Path, optional): A folder of further records, which replace the project's of the same config and seed.
    """
    folder = project_folder(table.paper)
    cache = {name: read_records(folder / name) for name in {row.records for row in table.rows}}
    if extra is not None:
        cache['records'] = read_records(folder / 'records', extra)
    made = []
    for row in table.rows:
        if row.paper:
            made.append(Line(row, 'paper', [None if value is None else Value(value) for value in row.paper]))
        runs = cache[row.records].get(row.config, {})
        if runs:
            values = [_summary([column.value(row, run) for run in runs.values()], row.learns and column.metric != 'parameters')
                      for column in table.columns]
            made.append(Line(row, 'measured', values, {seed: f"{row.records}/{run['file']}" for seed, run in runs.items()}))
        elif not row.paper:
            made.append(Line(row, 'not reproduced', [None] * len(table.columns)))
    return made


def markdown(table: Table, made: Sequence[Line]) -> str:
    """A table of one line a source, with links to records, and why rows are missing."""
    with_data = any(row.data for row in table.rows)
    head = ['model', *(['data'] if with_data else []), 'source', *(column.name for column in table.columns), 'config']
    out = ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head)]
    for line in made:
        links = ', '.join(f'[{seed}]({file})' for seed, file in line.seeds.items())
        count = f'n = {len(line.seeds)}, seeds' if len(line.seeds) > 1 else 'seed'
        source = line.source + (f' ({count} {links})' if links else '')
        config = f'`{line.row.config}`' if line.row.config else ''
        cells = [line.row.model, *([line.row.data] if with_data else []), source, *_texts(table, line), config]
        out.append('| ' + ' | '.join(cells) + ' |')
    reasons = _why_missing(table, made)
    if reasons:
        out += ['', 'Not reproduced:', '', *(f'- {", ".join(models)}: {reason}.' for reason, models in reasons.items())]
    return '\n'.join(out)


def to_csv(table: Table, made: Sequence[Line]) -> str:
    """One line a source; a measured column has its spread beside it, empty for one seed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    names = [name for column in table.columns for name in (column.name, f'{column.name} spread')]
    writer.writerow(['table', 'model', 'data', 'config', 'source', 'seeds', *names])
    for line in made:
        values = [part for value in line.values for part in (value[:2] if value else (None, None))]
        seeds = ' '.join(map(str, line.seeds))
        writer.writerow([table.number, line.row.model, line.row.data, line.row.config, line.source, seeds, *values])
    return out.getvalue()


def draw(table: Table, made: Sequence[Line]) -> Any:
    """A matplotlib figure of the models that were measured: a chart of bars a column, with the spread over seeds.

    Returns:
        Figure | None: None where nothing was measured.
    """
    from matplotlib.figure import Figure
    measured = {line.row.config for line in made if line.seeds}
    shown = [line for line in made if line.row.config in measured]
    columns = [index for index in range(len(table.columns)) if any(line.values[index] for line in shown)]
    if not columns:
        return None
    across = min(3, len(columns))
    down = -(-len(columns) // across)
    figure = Figure(figsize=(3.2 + 2.6 * across, down * (1 + 0.26 * len(shown))), layout='constrained')
    places = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes, index in zip(places, columns, strict=False):
        values = [line.values[index] or Value(0.0) for line in shown]
        axes.barh(range(len(shown)), [value.mean for value in values],
                  xerr=[math.nan if value.spread is None else value.spread for value in values],
                  color=['#b0b7c3' if line.source == 'paper' else '#2f6fb2' for line in shown], capsize=3)
        axes.set_title(table.columns[index].name, fontsize=10, pad=10)
        axes.grid(axis='x', alpha=0.3)
    for axes in places[len(columns):]:
        axes.set_axis_off()
    places[0].set_yticks(range(len(shown)), [' '.join(filter(None, (
        line.row.model, line.row.data, f'({line.source})'))) for line in shown])
    for axes in places:
        axes.tick_params(labelsize=8)
    places[0].invert_yaxis()
    return figure


def write_html(table: Table, made: Sequence[Line], path: Path) -> None:
    """A page of its own: the table and its charts."""
    head = ['model', 'data', 'source', *(column.name for column in table.columns), 'config']
    body = ''.join('<tr>' + ''.join(f'<td>{escape(cell)}</td>' for cell in (
        line.row.model, line.row.data, line.source + (f', n = {len(line.seeds)} seeds' if len(line.seeds) > 1 else ''),
        *_texts(table, line), line.row.config)) + '</tr>' for line in made)
    figure = draw(table, made)
    reasons = [f"<li>{escape(', '.join(models))}: {escape(reason)}.</li>"
               for reason, models in _why_missing(table, made).items()]
    note = f"<p>Not reproduced:</p><ul>{''.join(reasons)}</ul>" if reasons else ''
    write_page(path, f'{table.paper}: {table.title}',
               f"<table><tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr>{body}</table>{note}"
               '<p>± is the standard deviation over seeds. Bars: grey for the paper, blue for what was measured.</p>'
               f"{'' if figure is None else inline_figure(figure, table.title)}")


def _why_missing(table: Table, made: Sequence[Line]) -> dict[str, list[str]]:
    """Reason to the models that have no measured row for it."""
    measured = {id(line.row) for line in made if line.seeds}
    reasons: dict[str, list[str]] = {}
    for row in table.rows:
        reason = row.missing or table.not_reproduced
        if reason and id(row) not in measured:
            reasons.setdefault(reason, []).append(f'{row.model} on {row.data}' if row.data else row.model)
    return reasons


def _texts(table: Table, line: Line) -> list[str]:
    texts = []
    for column, value in zip(table.columns, line.values, strict=True):
        if value is None:
            texts.append('')
        elif line.source == 'paper':  # with the paper's own digits
            texts.append(str(value.mean) if isinstance(value.mean, int) else f'{value.mean:.{column.digits}f}')
        else:
            spread = '' if value.spread is None else f' ± {value.spread:.{column.digits}f}'
            fewer = f' (n = {value.seeds})' if value.seeds < len(line.seeds) else ''
            texts.append(f'{value.mean:.{column.digits}f}{spread}{fewer}')
    return texts


def _summary(values: Sequence[float | None], varies: bool) -> Value | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Value(statistics.mean(known), statistics.stdev(known) if varies and len(known) > 1 else None, len(known))


@functools.cache
def _parameters(config: str) -> int:
    import torch
    from mmengine.registry import MODELS, init_default_scope
    cfg = load_config(config)
    init_default_scope(cfg.default_scope)
    with torch.device('meta'):
        return sum(part.numel() for part in MODELS.build(cfg.model).parameters())
