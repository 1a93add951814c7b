"""Pictures and pages from a run's work-dir: loss curves and one index over several runs."""

import base64
import io
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from mmsight.pictures import read_image


def training_log(work_dir: Path) -> list[dict[str, Any]]:
    """Lines of the newest training run's log in ``work_dir``, mmengine's ``scalars.json``; none without a training run."""
    logs = [log for log in sorted(Path(work_dir).glob('*/vis_data/scalars.json')) if '"loss"' in log.read_text()]
    return [json.loads(line) for line in logs[-1].read_text().splitlines()] if logs else []


def read_scalars(work_dir: Path) -> dict[str, list[tuple[float, float]]]:
    """Logged values of the newest training run in ``work_dir``: name to (step, value)."""
    series: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in training_log(work_dir):
        for name, value in row.items():
            if name not in ('step', 'iter', 'epoch') and 'step' in row and isinstance(value, (int, float)):
                series[name].append((row['step'], value))
    return dict(series)


def draw_losses(work_dir: Path, path: Path) -> bool:
    """Draw the losses of the newest training run into the PNG ``path``; False if none was logged."""
    losses = {name: points for name, points in read_scalars(work_dir).items() if 'loss' in name}
    if not losses:
        return False
    draw_curves(losses, 'loss', yscale='log').savefig(path, dpi=120)
    return True


def draw_curves(series: dict[str, list[tuple[float, float]]], ylabel: str, xlabel: str = 'iteration',
                **axes_options: Any) -> Any:
    """A matplotlib figure of values over steps."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(6, 4), layout='constrained')
    axes = figure.add_subplot(xlabel=xlabel, ylabel=ylabel, **axes_options)
    for name, points in sorted(series.items()):
        axes.plot(*zip(*points, strict=True), label=name, linewidth=2 if name == 'loss' else 1,
                  marker='.' if len(points) < 30 else None)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return figure


@dataclass
class Entry:
    """One run of the index: a paper, its ``result.json`` (None if a step failed), its pictures with a caption, its report."""

    paper: str
    config: str
    record: dict | None
    plots: Sequence[Path] = field(default_factory=list)
    pictures: Sequence[Path] = field(default_factory=list)
    caption: str = ''
    report: Path | None = None

    def rows(self) -> list[tuple[str, str, str, str, str, bool]]:
        """Paper, config, metric, value, expected and pass, a row for each expected result."""
        if self.record is None:
            return [(self.paper, self.config, 'run', 'failed', 'to finish', False)]
        rows = []
        for item in self.record['expected']:
            bounds = ' and '.join(f'{sign} {item[key]:g}' for key, sign in (('min', '>='), ('max', '<=')) if key in item)
            value = 'absent' if item['value'] is None else f"{item['value']:.4f}"
            rows.append((self.paper, self.config, item['metric'], value, bounds, item['pass']))
        return rows


_STYLE = ('body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222}'
          'table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3rem .7rem;text-align:left}'
          '.pass{color:#176a2c}.fail{color:#b00020;font-weight:bold}img{max-width:100%}'
          'figure{margin:0}pre{overflow:auto}h1{overflow-wrap:anywhere}'
          '.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:.6rem}')


def write_page(path: Path, title: str, *body: str) -> None:
    """Write a page in the house's style; the parts of its body follow each other."""
    head = ('<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>')
    with path.open('w') as file:
        file.writelines([head, *body, '</html>\n'])


def inline_figure(figure: Any, alt: str) -> str:
    """A matplotlib figure as an image inside the page."""
    png = io.BytesIO()
    figure.savefig(png, format='png', dpi=110)
    return _inline(png.getvalue(), 'png', alt)


def inline_picture(path: Path, alt: str, width: int = 900) -> str:
    """A picture inside the page; one wider than ``width`` pixels is made smaller."""
    import cv2
    image = read_image(path)
    if image.shape[1] > width:
        size = (width, max(round(image.shape[0] * width / image.shape[1]), 1))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    kind = 'png' if path.suffix == '.png' and image.shape[1] < width else 'jpeg'
    return _inline(cv2.imencode('.jpg' if kind == 'jpeg' else '.png', image)[1].tobytes(), kind, alt)


def _inline(content: bytes, kind: str, alt: str) -> str:
    return f'<img src="data:image/{kind};base64,{base64.b64encode(content).decode()}" alt="{escape(alt)}">'


def write_index(entries: Sequence[Entry], path: Path) -> None:
    """Write a page with one table of all expected results, and each run's plots and pictures, by relative links."""

    def image(file: Path) -> str:
        link = escape(file.resolve().relative_to(path.parent.resolve()).as_posix())
        return f'<a href="{link}"><img loading="lazy" src="{link}" alt="{escape(file.stem)}"></a>'

    table = ''.join('<tr>' + ''.join(f'<td>{escape(cell)}</td>' for cell in row[:5]) +
                    f'<td class="{"pass" if row[5] else "fail"}">{"pass" if row[5] else "FAIL"}</td></tr>'
                    for entry in entries for row in entry.rows())
    sections = []
    for entry in entries:
        record = entry.record or {}
        facts = ', '.join(f'{key} {record[key]}' for key in ('git_commit', 'seed', 'device', 'wall_seconds') if key in record)
        link = '' if entry.report is None else (
            f' <a href="{escape(entry.report.resolve().relative_to(path.parent.resolve()).as_posix())}">Report</a>')
        sections.append(f'<h2>{escape(entry.paper)}</h2><p>{escape(facts)}{link}</p>' +
                        ''.join(image(plot) for plot in entry.plots) +
                        f'<h3>Predictions: {escape(entry.caption)}</h3><div class="pictures">' +
                        ''.join(image(picture) for picture in entry.pictures) + '</div>')
    write_page(path, 'MMSight demo', '<table><tr><th>paper</th><th>config</th><th>metric</th><th>value</th><th>expected</th>'
               f'<th></th></tr>{table}</table>{"".join(sections)}')
