"""What LASA changes in which images: its change of AP in images of few and many, short and slim ships, inshore and offshore."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmsight.annotations import LISTS, read_ids
from mmsight.engine.comparison import compare
from mmsight.engine.figures import Inputs
from mmsight.engine.runs import Run, load_run
from mmsight.errors import InputError

from .figure_data import measure
from .figure_ships import SPLITS, read_images

METRIC = 'rotated/AP50_voc12'
Groups = dict[str, frozenset[str]]
"""Name of a group to its images."""


def draw(inputs: Inputs, raw: list[str], scorings: dict[str, list[str]], ships: list[list[int]],
         aspects: list[float]) -> Figure:
    """The change of AP50 that a scoring makes, in groups of test images, with 95 % intervals over images.

    Args:
        inputs (Inputs): Records with the scores of their cases, and SSDD.
        raw (list[str]): Configs of raw scores, on SSDD and in the harbours.
        scorings (dict[str, list[str]]): Name to the configs of the same weights with aligned scores, in the same order.
        ships (list[list[int]]): Least number of ships of an image of the second, third, ... group, on SSDD and in the harbours.
        aspects (list[float]): Least mean ratio of length to width of the second, third, ... group.
    """
    assert inputs.data is not None
    paths = {path.stem.rpartition('_seed')[0]: path for path in inputs.records}
    sar, harbour = (by_count(load_run(_path(paths, name)), limits) for name, limits in zip(raw, ships, strict=True))
    images = read_images(inputs.data, SPLITS[inputs.data.name][-1])
    ratios = {name: float(measure([image])['aspect'].mean()) for name, image in images.items() if len(image.ships)}
    shore = {part: frozenset(read_ids(LISTS / f'ssdd_test_{part}.txt')) for part in ('inshore', 'offshore')}
    panels = [('SSDD, by ships in an image', 0, sar), ('SSDD, by mean length : width', 0, by_aspect(ratios, aspects)),
              ('SSDD, by land in the image', 0, shore), ('harbours, by ships in an image', 1, harbour)]
    figure = Figure(figsize=(13, 3.9), layout='constrained')
    places = figure.subplots(1, len(panels), sharey=True, width_ratios=[len(groups) for *_, groups in panels])
    for axes, (title, number, groups) in zip(places, panels, strict=True):
        for index, (name, configs) in enumerate(scorings.items()):
            shift = 0.22 * (index - (len(scorings) - 1) / 2)
            changes(axes, _path(paths, configs[number]), _path(paths, raw[number]), groups, shift, name)
        axes.set_title(title, fontsize=10)
        axes.axhline(0, color='#555555', linewidth=1)
        axes.grid(axis='y', alpha=0.3)
        axes.tick_params(labelsize=8)
    places[0].set_ylabel('change of AP50 (VOC12), points')
    figure.legend(*places[0].get_legend_handles_labels(), loc='outside upper center', ncols=len(scorings), frameon=False)
    return figure


def changes(axes: Axes, aligned: Path, raw: Path, groups: Groups, shift: float, name: str) -> None:
    """A point with its interval for each group, ``shift`` beside its place."""
    found = [compare([load_run(aligned, chosen)], [load_run(raw, chosen)], METRIC).scaled(100) for chosen in groups.values()]
    middle = np.array([part.first - part.second for part in found])
    ends = np.array([part.interval or (value, value) for part, value in zip(found, middle, strict=True)])
    axes.errorbar(np.arange(len(groups)) + shift, middle, np.abs(ends.T - middle), fmt='o', capsize=3, markersize=5, label=name)
    axes.set_xticks(range(len(groups)), [f'{group}\n{len(chosen)} images' for group, chosen in groups.items()])
    axes.set_xlim(-0.6, len(groups) - 0.4)


def by_count(run: Run, limits: list[int]) -> Groups:
    """Images with ships by how many there are."""
    if run.cases is None:
        raise InputError(f'{run.path} has no scores of single images: test the model again')
    counts = {name: int(count) for name, count in zip(run.cases.names, run.cases.columns['ships'], strict=True) if count}
    middle = [str(low) if high == low + 1 else f'{low} to {high - 1}' for low, high in pairwise([1, *limits])]
    return by_limits(counts, limits, [*middle, f'{limits[-1]} or more'])


def by_aspect(ratios: Mapping[str, float], limits: list[float]) -> Groups:
    """Images by a ratio of length to width."""
    middle = [f'{low:g} to {high:g}' for low, high in pairwise(limits)]
    return by_limits(ratios, limits, [f'below {limits[0]:g}', *middle, f'{limits[-1]:g} or more'])


def by_limits(values: Mapping[str, float], limits: list, names: list[str]) -> Groups:
    """Images below the first limit, from each limit to the next, and from the last one on, under these names; none empty."""
    parts = np.searchsorted(limits, list(values.values()), side='right')
    groups = {name: frozenset(key for key, part in zip(values, parts, strict=True) if part == index)
              for index, name in enumerate(names)}
    return {name: chosen for name, chosen in groups.items() if chosen}


def _path(paths: Mapping[str, Path], config: str) -> Path:
    if config not in paths:
        raise InputError(f'there is no record of {config} among those of the figure')
    return paths[config]
