"""Pictures of networks, drawn from the built model: its parts, what comes out of them, and what they read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from mmengine.config import Config
from torch import Tensor, nn

from mmsight.engine.export import Graph
from mmsight.engine.figures import Inputs
from mmsight.engine.load_model import load_model
from mmsight.errors import InputError, did_you_mean

WIDTH, HEIGHT = 1.75, 0.82
"""Inches of a place for a box."""
HALF_WIDTH, HALF_HEIGHT = 0.45, 0.36
"""Of a box, in places."""
COLOURS = ('#dbeafe', '#dcfce7', '#fef3c7', '#fce7f3', '#ede9fe', '#e5e7eb')
"""Of the parts of the model: backbone, neck, head, ..."""


@dataclass
class Part:
    """A module as a picture shows it.

    Attributes:
        name (str): As ``named_modules`` has it.
        kind (str): Its class, see :func:`kind_of`.
        parameters (int): How many it has.
        shapes (list[tuple[int, ...]]): Of the first tensor that comes out, without the batch, for each call.
        sources (list[str]): Parts whose outputs it reads, ``'image'`` for the network's input, in the order of their calls.
    """

    name: str
    kind: str
    parameters: int
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)


def draw_architecture(inputs: Inputs, opened: Sequence[str], side: int) -> Figure:
    """The network of a model, from top to bottom in the order in which parts depend on one another; small maps are right.

    Args:
        inputs (Inputs): A model; of several the last one counts.
        opened (Sequence[str]): See :func:`find_parts`.
        side (int): Height and width of the image, in pixels.
    """
    cfg, model = load_model(list(inputs.models.values())[-1])
    graph, image = image_of(cfg, model, side)
    return draw_parts(trace(graph, opened, image), tuple(image.shape[1:]))


def image_of(cfg: Config, model: nn.Module, side: int) -> tuple[Graph, Tensor]:
    """What the export of a model runs, and an image (1, C, side, side) for it."""
    graph = Graph(cfg, model)
    return graph, torch.rand(1, graph.channels, side, side) * graph.peak


def find_parts(model: nn.Module, opened: Sequence[str]) -> dict[str, nn.Module]:
    """Name to module of the parts that a picture shows: those with parameters, opened down to where they are wanted.

    Args:
        model (nn.Module): The network.
        opened (Sequence[str]): Modules to show by their children. Lists and dictionaries of modules are always opened, since
            they are never called themselves.

    Raises:
        InputError: If the network has no such module.
    """
    known = dict(model.named_modules())
    for name in opened:
        if name not in known:
            raise InputError(f"the network has no part '{name}' to open; {did_you_mean(name, list(known))}its parts are "
                             f"{', '.join(dict(model.named_children()))}")
    found = {}

    def visit(module: nn.Module, name: str) -> None:
        if not name or name in opened or isinstance(module, nn.ModuleList | nn.ModuleDict):
            for key, child in module.named_children():
                visit(child, f'{name}.{key}' if name else key)
        elif any(True for _ in module.parameters()):
            found[name] = module

    visit(model, '')
    return found


def trace(graph: Graph, opened: Sequence[str], image: Tensor) -> dict[str, Part]:
    """Run the network once, and see which part reads what: name to part, in the order of their last calls.

    Between parts, the way of a tensor is that of its gradient, so that sums, concatenations and resizing need no box.

    Args:
        graph (Graph): See :func:`image_of`.
        opened (Sequence[str]): See :func:`find_parts`.
        image (Tensor): (1, C, H, W).
    """
    made: dict[Any, str] = {}  # what computed a tensor to the part that it came from
    parts: dict[str, Part] = {}
    handles = []
    for name, module in find_parts(graph.model, opened).items():

        def before(_: nn.Module, args: tuple, name: str = name, module: nn.Module = module) -> None:
            count = sum(values.numel() for values in module.parameters())
            part = parts[name] = parts.pop(name, Part(name, kind_of(module), count))
            found = {source for tensor in tensors(args) for source in _sources(tensor, made)}
            part.sources += [source for source in ('image', *parts) if source in found - {name, *part.sources}]

        def after(_: nn.Module, args: tuple, output: Any, name: str = name) -> None:
            produced = tensors(output)
            parts[name].shapes.append(tuple(produced[0].shape[1:]))
            made.update({tensor.grad_fn: name for tensor in produced})

        handles += [module.register_forward_pre_hook(before), module.register_forward_hook(after)]
    try:
        with torch.enable_grad():
            start = image.clone().requires_grad_() * 1
            made[start.grad_fn] = 'image'
            graph.outputs(start)
    finally:
        for handle in handles:
            handle.remove()
    return parts


def kind_of(module: nn.Module) -> str:
    """Class of a module; of an ``nn.Sequential`` those of its children but norms and what has no weights: ``'2 x DSConv'``."""
    if not isinstance(module, nn.Sequential):
        return type(module).__name__
    inside = Counter(type(child).__name__ for child in module if any(values.ndim > 1 for values in child.parameters()))
    kinds = [f'{count} x {kind}' if count > 1 else kind for kind, count in inside.items()]
    return ', '.join([*kinds[:2], *['...'] * (len(kinds) > 2)])


def tensors(value: Any) -> list[Tensor]:
    """All tensors in nested lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [tensor for item in items for tensor in tensors(item)]


def _sources(tensor: Tensor, made: dict[Any, str]) -> set[str]:
    """The parts that a tensor was computed from, without others between."""
    found, seen, waiting = set(), set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node in made:
            found.add(made[node])
        else:
            waiting += [source for source, _ in node.next_functions]
    return found


def places(parts: dict[str, Part], image: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """Column and row of each part, from 0, and of ``'image'`` (C, H, W): a row below all that it reads, but for loops.

    A column holds maps of one height; of several in a row the later ones are to the right.
    """
    rows, heights = {'image': 0}, {'image': image[-2]}
    for name, part in parts.items():
        rows[name] = 1 + max((rows[source] for source in part.sources if source in rows), default=0)
        maps = [shape[-2] for shape in part.shapes if len(shape) == 3]
        heights[name] = max(maps) if maps else min(heights.values())
    found, column = {}, 0
    for height in sorted(set(heights.values()), reverse=True):
        used: Counter = Counter()
        for name in (name for name in rows if heights[name] == height):
            found[name] = column + used[rows[name]], rows[name]
            used[rows[name]] += 1
        column += max(used.values())
    return found


def draw_parts(parts: dict[str, Part], image: tuple[int, ...]) -> Figure:
    """Boxes and arrows of :func:`trace`'s parts; ``image`` is (C, H, W)."""
    at = places(parts, image)
    size = 1 + max(column for column, _ in at.values()), 1 + max(row for _, row in at.values())
    figure = Figure(figsize=(WIDTH * (size[0] + 0.2), HEIGHT * size[1]))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-0.6, size[0] - 0.4), ylim=(size[1] - 0.5, -0.5))
    axes.set_axis_off()
    groups = list(dict.fromkeys(name.partition('.')[0] for name in parts))
    for name, part in {'image': Part('image', '', 0, [image]), **parts}.items():
        x, y = at[name]
        colour = 'white' if name == 'image' else COLOURS[groups.index(name.partition('.')[0]) % len(COLOURS)]
        axes.add_patch(FancyBboxPatch((x - HALF_WIDTH, y - HALF_HEIGHT), 2 * HALF_WIDTH, 2 * HALF_HEIGHT, facecolor=colour,
                                      boxstyle='round,pad=0,rounding_size=0.05', edgecolor='#374151', linewidth=0.8, zorder=2))
        axes.text(x, y, '\n'.join(lines(part)), ha='center', va='center', fontsize=6.8, linespacing=1.2, zorder=3)
        for source in part.sources:
            _arrow(axes, at[source], at[name], set(at.values()))
    return figure


def _arrow(axes: Any, start: tuple[int, int], end: tuple[int, int], taken: set[tuple[int, int]]) -> None:
    """From the bottom of a box to the top of another one; past the right sides of what is between them in a column."""
    blocked = start[0] == end[0] and any((end[0], row) in taken for row in range(start[1] + 1, end[1]))
    bend = 2 * (HALF_WIDTH + 0.07) * WIDTH / (HEIGHT * (end[1] - start[1] - 2 * HALF_HEIGHT)) if blocked else 0
    axes.add_patch(FancyArrowPatch((start[0], start[1] + HALF_HEIGHT), (end[0], end[1] - HALF_HEIGHT), arrowstyle='-|>',
                                   mutation_scale=8, shrinkA=0, shrinkB=0, color='#6b7280', linewidth=0.9, zorder=1,
                                   connectionstyle=f'arc3,rad={-bend}'))


def lines(part: Part) -> list[str]:
    """Text of a box: name, class, parameters, and the maps that come out, of several calls the first and the last one."""
    count = f'{part.parameters / 1e3:,.0f} k' if part.parameters >= 1000 else str(part.parameters)
    shapes = [' x '.join(map(str, shape)) for shape in dict.fromkeys(part.shapes)]
    kept = ' to '.join([shapes[0], *shapes[1:][-1:]])
    return [part.name, part.kind, f'{count} parameters', kept] if part.kind else [part.name, kept]
