"""Slices, and the outlines of the liver on them (paper, Figs. 8 and 9)."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmsight.engine.figures import Inputs

from .drawing import GREEN, RED, draw_contours
from .figure_slices import segment
from .metric import overlap

HEIGHT = 256
"""Rows of a picture."""


def draw(inputs: Inputs, images: list[str]) -> Figure:
    """A column a slice: as it is on top, then the outlines of the truth and of each model.

    Args:
        inputs (Inputs): Models of this project; the folder of the 8-bit slices.
        images (list[str]): Names of test slices, without suffix.
    """
    assert inputs.data is not None
    found = {name: list(segment(checkpoint, inputs.data, images)) for name, checkpoint in inputs.models.items()}
    figure = Figure(figsize=(2.3 * len(images), 2.6 * (1 + len(found)) + 0.4), layout='constrained')
    rows = figure.subplots(1 + len(found), len(images), squeeze=False)
    for axes in rows.flat:
        axes.set_axis_off()
    for axes, part in zip(rows[0], next(iter(found.values())), strict=True):
        axes.imshow(draw_contours(part.image, None, None, HEIGHT))
        axes.set_title(f'{part.name}\nliver: {100 * part.truth.mean():.1f} % of the slice', fontsize=8)
    for row, (model, parts) in zip(rows[1:], found.items(), strict=True):
        for axes, part in zip(row, parts, strict=True):
            axes.imshow(draw_contours(part.image, part.truth, part.predicted, HEIGHT))
            axes.set_title(f"{model}: DSC {100 * overlap(part.predicted, part.truth)['DSC']:.1f} %", fontsize=9)
    lines = [Line2D([], [], linewidth=2, label=label, color='#' + bytes(colour).hex())
             for label, colour in (('labelled liver', GREEN), ('predicted liver', RED))]
    figure.legend(handles=lines, loc='outside lower center', ncols=2, frameon=False)
    return figure
