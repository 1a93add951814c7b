"""Generated parts of the documents: tables, claims, benchmarks, options of tasks, models; and the plots of `make docs`.

A part is between ``<!-- table N -->``, ``<!-- figure N -->``, ``<!-- claims -->``, ``<!-- benchmarks -->``, ``<!-- kills -->``,
``<!-- hostile -->``, ``<!-- results -->``, ``<!-- models -->``, ``<!-- options TASK -->`` or ``<!-- files TASK -->`` and
``<!-- end -->``.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmsight import projects
from mmsight.box import list_models
from mmsight.configs import source_root
from mmsight.engine import claims
from mmsight.engine.figures import Plan, draw_figure, find_plan, is_stale, load_plans
from mmsight.engine.scene_cost import draw_scene_cost
from mmsight.engine.tables import draw, lines, load_tables, markdown
from mmsight.errors import InputError
from mmsight.files import make_folder
from mmsight.forms import FORMS
from mmsight.tasks import SHARED, Option, Task, find_tasks

_PART = re.compile(r'(?P<begin><!-- (?P<kind>table|figure|claims|benchmarks|kills|hostile|results|options|models|files)'
                   r'(?: (?P<name>\S+))? -->)\n.*?<!-- end -->', re.DOTALL)
_PLOT = re.compile(r'<!-- plot (?P<name>\S+) -->')


def pages() -> list[Path]:
    """Documents with a generated part."""
    root = source_root()
    found = [path for pattern in ('README.md', 'projects/*/README.md', 'docs/**/*.md') for path in sorted(root.glob(pattern))]
    return [path for path in found if _PART.search(path.read_text())]


def filled(page: Path) -> str:
    """A document's text with its generated parts up to date.

    Raises:
        InputError: If it names a table or a task that does not exist.
    """
    paper = page.parent.name
    kinds: dict[str, Callable[[str], str]] = dict(
        table=lambda number: _table(page, paper, number), figure=lambda number: _figure(page, paper, number),
        claims=lambda _: claims.markdown(projects.names()),
        benchmarks=lambda _: _benchmarks(), kills=lambda _: _kills(), hostile=lambda _: _hostile(),
        results=lambda _: _results(), options=lambda name: _options(page, name), models=lambda _: _models(),
        files=lambda name: _files(page, name))
    return _PART.sub(lambda part: f"{part['begin']}\n{kinds[part['kind']](part['name'])}\n<!-- end -->", page.read_text())


def with_plots(text: str, folder: Path, link: str) -> str:
    """Draw each ``<!-- plot NAME -->`` of a document into ``folder``, and show it below ``link``."""
    for name in dict.fromkeys(_PLOT.findall(text)):
        folder.mkdir(parents=True, exist_ok=True)
        _plot(name).savefig(folder / f'{name}.svg')
    return _PLOT.sub(rf'![\g<name>]({link}/\g<name>.svg)', text)


def _table(page: Path, paper: str, number: str) -> str:
    tables = load_tables(paper)
    if number not in tables:
        raise InputError(f"{page}: {paper} has no table {number}, only {', '.join(tables)}")
    return markdown(tables[number], lines(tables[number]))


def _figure(page: Path, paper: str, number: str) -> str:
    plan = find_plan(paper, number)
    if plan.missing:
        return f'{plan.caption}\n\nNot drawn: {plan.missing}.'
    link = Path(os.path.relpath(plan.picture, page.parent)).as_posix()
    return f'![{plan.title}]({link})\n\n{plan.caption}'


def stale_figures() -> list[Plan]:
    """Figures whose copy in ``docs/figures`` is out of date."""
    return [plan for paper in projects.names() for plan in load_plans(paper).values() if is_stale(plan)]


def draw_stale(plan: Plan) -> None:
    """Bring the copy of a figure in ``docs/figures`` up to date.

    Raises:
        InputError: If its data set is not at hand.
    """
    drawn, _ = draw_figure(plan, Path('work_dirs/figures'))
    shutil.copyfile(drawn, make_folder(plan.picture.parent) / plan.picture.name)


def _options(page: Path, name: str) -> str:
    """The options of a task, or those of every task under the name ``every``, as the command line has them."""
    options = SHARED if name == 'every' else _task(page, name).options
    return '\n'.join(['| option | value | default | what it does |', '|---|---|---|---|', *map(_option, options)])


def _files(page: Path, name: str) -> str:
    """The forms of files that a task reads, family by family."""
    parts = []
    for family in _task(page, name).reads:
        rows = '\n'.join(f'| {form.what} | {form.read} |' for form in FORMS[family])
        parts.append(f'| {family[0].lower()}{family[1:]} | how they are read |\n|---|---|\n{rows}')
    return '\n\n'.join(parts)


def _task(page: Path, name: str) -> Task:
    if name not in find_tasks():
        raise InputError(f"{page}: there is no task '{name}', only {', '.join(find_tasks())}")
    return find_tasks()[name]


def _option(option: Option) -> str:
    value = '' if option.type is bool else f"`{option.metavar}{'...' if option.many else ''}`".replace('|', r'\|')
    default = 'off' if option.type is bool else '' if option.default is None else f'`{option.default}`'
    return f"| `{option.flag}` | {value} | {default} | {option.help.replace('|', chr(92) + '|')} |"


def _models() -> str:
    """The models in the box, each with its card and its tests."""
    root = source_root()
    rows = []
    for model in list_models():
        task = f"`mmsight {model.task}`{', its default' if model.default else ''}"
        tests: dict[str, list[str]] = {}
        for name, value in model.metrics.items():
            dataset, _, measure = name.partition('/')
            tests.setdefault(dataset, []).append(f'{measure} {value:g}')
        results = '; '.join(f"{dataset}: {', '.join(found)}" for dataset, found in tests.items())
        card = model.card.relative_to(root)
        rows.append(f'| [{model.name}]({card}) | {task} | {model.data} | {results} | {model.megabytes:g} |')
    return '\n'.join(['| model | task | trained on | test results | MB |', '|---|---|---|---|---|', *rows])


def _benchmarks() -> str:
    """The records of ``docs/benchmarks``."""
    parts = []
    for content in _suites():
        rows = '\n'.join(
            f"| {row['name']} | {row['theirs_is']} | {row['ours']:.4g} | {row['theirs']:.4g} | {row['unit']} | "
            f"{row['ratio']:.3g} | {row['bound']} | {'ok' if row['ok'] else 'missed'} |" for row in content['rows'])
        suite = content['suite']
        parts.append(f"### {suite}\n\n[Record](benchmarks/{suite}.json), {content['device']}.\n\n<!-- plot {suite} -->\n\n"
                     f"| what | compared with | ours | theirs | unit | ratio | bound | |\n|{'---|' * 8}\n{rows}")
    return '\n\n'.join(parts)


def _kills() -> str:
    """The records of ``tools/misc/kill_test.py``."""
    root, rows = source_root() / 'docs' / 'benchmarks' / 'kills', []
    for path in sorted(root.glob('*.json')):
        record = json.loads(path.read_text())
        moments = ', '.join(f'{count} {moment}' for moment, count in record['moments'].items())
        rows.append(f"| [{record['config']}](benchmarks/kills/{path.name}) | {record['kills']} | {moments} | "
                    f"{record['identical']} of {record['trainings']} |")
    return '\n'.join(['| config | kills | moments | trainings that ended identically |', '|---|---|---|---|', *rows])


def _hostile() -> str:
    """The record of ``tests/hostile/corpus.py``."""
    record, rows = json.loads((source_root() / 'docs' / 'benchmarks' / 'hostile' / 'corpus.json').read_text()), []
    for row in record['kinds']:
        faults = ', '.join(f'{count} {fault}' for fault, count in row['faults'].items()) or 'none'
        rows.append(f"| {row['kind']} | {row['files']} | {row['refused']} | {row['read']} | {faults} | {row['seconds']:g} | "
                    f"{row['gigabytes']:g} |")
    total = sum(row['files'] for row in record['kinds'])
    return '\n'.join([f'| kind of file ({total} files) | files | refused | read | faults | longest, s | most memory, GB |',
                      '|---|---|---|---|---|---|---|', *rows])


def _results() -> str:
    """The tables of which something was measured, paper by paper."""
    parts = []
    for paper in projects.names():
        folder = projects.folder(paper)
        if not (folder / 'tables.yml').is_file():
            continue
        measured = [table for table in load_tables(paper).values() if any(line.seeds for line in lines(table))]
        if measured:
            title = (folder / 'README.md').read_text().splitlines()[0].removeprefix('# ')
            parts.append(f'### {title}\n\n[All rows, and what they show](../projects/{paper}/README.md).')
            parts += [f'**{table.title}**\n\n<!-- plot {paper}-{table.number} -->' for table in measured]
    return '\n\n'.join(parts)


def _suites() -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted((source_root() / 'docs' / 'benchmarks').glob('*.json'))]


def _plot(name: str) -> Any:
    """The matplotlib figure of a suite of benchmarks, or of a table, whose name is the paper's, a hyphen and its number."""
    records = {content['suite']: content['rows'] for content in _suites()}
    if name == 'scene-cost':
        return draw_scene_cost(records['scenes'])
    paper, _, number = name.partition('-')
    if number:
        table = load_tables(paper)[number]
        return draw(table, lines(table))
    return draw_benchmarks(records[name])


def draw_benchmarks(rows: Sequence[dict]) -> Any:
    """A bar a row: how much of its bound it uses, above 1 where it is missed."""
    from matplotlib.figure import Figure
    used = []
    for row in rows:
        sign, bound = row['bound'].split()
        ratio, limit = float(row['ratio']), float(bound)
        used.append(float(not row['ok']) if limit == 0 else ratio / limit if sign == '<=' else limit / ratio)
    figure = Figure(figsize=(9, 0.8 + 0.3 * len(rows)), layout='constrained')
    axes = figure.add_subplot(xlabel='share of the bound that is used (less is better)')
    axes.barh(range(len(rows)), used, color=['#2f6fb2' if row['ok'] else '#c0392b' for row in rows])
    axes.axvline(1, color='#c0392b', linewidth=1)
    axes.set_yticks(range(len(rows)), [f"{row['name']}\nvs. {row['theirs_is']}" for row in rows], fontsize=7)
    axes.invert_yaxis()
    axes.grid(axis='x', alpha=0.3)
    return figure
