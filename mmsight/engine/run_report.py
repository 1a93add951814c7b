"""One page on a run that needs no other file: what was run, where, its curves, measures and predictions."""

import json
import random
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from mmsight.engine.per_case import read_per_case
from mmsight.engine.report import draw_curves, inline_figure, inline_picture, read_scalars, write_page
from mmsight.errors import InputError

SUFFIXES = ('.png', '.jpg', '.bmp')


def write_report(work_dir: Path, number: int = 3) -> Path:
    """Write ``report.html`` into a work-dir, from what train and test runs have left there.

    Predictions are those of the newest ``--show-dir``; ``per_case.csv`` says which are best and worst, if the metric wrote it.

    Args:
        work_dir (Path): Of ``tools/train.py`` and ``tools/test.py``.
        number (int): Best, worst and random predictions of each.

    Raises:
        InputError: If no run has ended there.
    """
    record = work_dir / 'result.json'
    if not record.is_file():
        raise InputError(f"{work_dir} has no result.json: give the work-dir of a run that has ended")
    content = json.loads(record.read_text())
    parts = [_summary(content), _curves(work_dir, content), _metrics(content), _plots(work_dir),
             _predictions(work_dir, number), _config(work_dir)]
    page = work_dir / 'report.html'
    write_page(page, f"{Path(content['config']).stem}, seed {content['seed']}", ''.join(parts))
    return page


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    titles = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr>" if head else ''
    cells = ''.join('<tr>' + ''.join(f'<td>{escape(str(cell))}</td>' for cell in row) + '</tr>' for row in rows)
    return f'<table>{titles}{cells}</table>'


def _summary(content: dict) -> str:
    facts = [('config', content['config']), ('commit', content['git_commit'] or 'unknown'), ('device', content['device']),
             ('seconds', content['wall_seconds']), ('config digest', content['config_digest'][:16]),
             ('versions', ', '.join(f'{name} {version}' for name, version in content['versions'].items()))]
    expected = [(row['metric'], 'absent' if row['value'] is None else f"{row['value']:.4f}", row.get('min', ''),
                 row.get('max', ''), 'pass' if row['pass'] else 'FAIL') for row in content['expected']]
    return '<h2>Run</h2>' + _table((), facts) + (
        '<h2>Expected results</h2>' + _table(('metric', 'value', 'at least', 'at most', ''), expected) if expected else '')


def _curves(work_dir: Path, content: dict) -> str:
    scalars = read_scalars(work_dir)
    wanted = [row['metric'] for row in content['expected'] if row['metric'] in scalars] or \
        [name for name in scalars if name in content['metrics']][:5]
    groups = [('loss', {name: points for name, points in scalars.items() if 'loss' in name and 'val' not in name},
               'iteration', dict(yscale='log')),
              ('validation', {name: scalars[name] for name in wanted}, 'epoch or iteration', {}),
              ('learning rate', {name: points for name, points in scalars.items() if name.rsplit('.')[-1] == 'lr'},
               'iteration', {})]
    figures = [inline_figure(draw_curves(series, title, axis, **options), title)
               for title, series, axis, options in groups if series]
    return f"<h2>Curves</h2><div class=\"pictures\">{''.join(figures)}</div>" if figures else ''


def _metrics(content: dict) -> str:
    rows = [(name, 'not finite' if value is None else f'{value:.4f}') for name, value in content['metrics'].items()]
    return '<h2>Measures</h2>' + _table(('name', 'value'), rows)


def _plots(work_dir: Path) -> str:
    """Plots of the metric, of the newest run that drew any, and the last grid of samples of a training."""
    drawn = sorted({path.parent for path in work_dir.glob('*/vis_data/vis_image/*') if path.suffix in SUFFIXES})
    plots = sorted(drawn[-1].iterdir()) if drawn else []
    plots += sorted(work_dir.glob('*/vis_data/grids/*.png'))[-1:]
    figures = [f'<figure>{inline_picture(path, path.stem)}<figcaption>{escape(path.stem)}</figcaption></figure>'
               for path in plots if path.suffix in SUFFIXES]
    return f"<h2>Plots</h2><div class=\"pictures\">{''.join(figures)}</div>" if figures else ''


def _predictions(work_dir: Path, number: int) -> str:
    pictures = [path for path in work_dir.glob('*/*/**/*') if path.suffix in SUFFIXES and 'vis_data' not in path.parts]
    if not pictures:
        return '<h2>Predictions</h2><p>None: test with <code>--show-dir pictures</code> to have some here.</p>'
    run = max(path.relative_to(work_dir).parts[0] for path in pictures)
    by_name = {path.stem: path for path in sorted(pictures) if path.relative_to(work_dir).parts[0] == run}
    scored = work_dir / run / 'per_case.csv'
    score, scores = read_per_case(scored) if scored.is_file() else ('', {})
    ranked = [name for name in scores if name in by_name]
    picked = random.Random(0).sample(sorted(by_name), min(number, len(by_name)))
    groups = [('Best', ranked[:number]), ('Worst', ranked[::-1][:number])] if ranked else []
    sections = []
    for title, names in [*groups, ('Random', picked)]:
        figures = ''.join(f'<figure>{inline_picture(by_name[name], name)}<figcaption>{escape(name)}'
                          + (f', {score} {scores[name]:.4f}' if name in scores else '') + '</figcaption></figure>'
                          for name in names)
        sections.append(f'<h3>{title}</h3><div class="pictures">{figures}</div>')
    return f"<h2>Predictions</h2>{''.join(sections)}"


def _config(work_dir: Path) -> str:
    configs = sorted(work_dir.glob('*/vis_data/config.py'))
    if not configs:
        return ''
    return f'<h2>Config</h2><details><summary>all of it</summary><pre>{escape(configs[-1].read_text())}</pre></details>'
