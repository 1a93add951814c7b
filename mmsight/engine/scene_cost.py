"""Time and memory of a scene against its area, from the record of the suite ``scenes``."""

import re
from collections.abc import Sequence
from typing import Any

_SCENE = re.compile(r'(?P<side>\d+) x \d+ float32(?:, (?P<what>.*))?')


def scene_cost(rows: Sequence[dict]) -> tuple[dict[float, float], dict[float, float]]:
    """Million pixels of the float32 scenes of a record to seconds, and to peaks of the process in MB."""
    seconds, peaks = {}, {}
    for row in rows:
        scene, other = _SCENE.fullmatch(row['name']), _SCENE.fullmatch(row['theirs_is'])
        if scene and scene['what'] == 'peak of the process':
            peaks[_area(scene)] = row['ours']
        elif scene and other and scene['what'] == 'time for a million pixels':
            seconds.update({_area(scene): row['ours'] * _area(scene), _area(other): row['theirs'] * _area(other)})
    return seconds, peaks


def _area(scene: re.Match) -> float:
    return float(scene['side'])**2 / 1e6


def draw_scene_cost(rows: Sequence[dict]) -> Any:
    """Two plots side by side as a matplotlib figure; the dotted line is a time that grows with the area."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(9, 3.2), layout='constrained')
    for place, found, what in zip((1, 2), scene_cost(rows), ('time in s', 'peak of the process in MB'), strict=True):
        areas, values = sorted(found), [found[area] for area in sorted(found)]
        axes = figure.add_subplot(1, 2, place, xlabel='million pixels', ylabel=what, xlim=(0, areas[-1] * 1.05),
                                  ylim=(0, max(values) * 1.15))
        axes.plot(areas, values, 'o-', color='#2f6fb2')
        if place == 1:
            axes.plot([0, areas[-1]], [0, values[0] / areas[0] * areas[-1]], ':', color='grey')
        axes.grid(alpha=0.3)
    return figure
