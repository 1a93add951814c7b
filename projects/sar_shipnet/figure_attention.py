"""Where Bidirectional Coordinate Attention, or any layer, is strong over an image."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmsight.apis.detect import DetectInferencer
from mmsight.apis.labelled_ships import STYLES, Labelled, outline, show
from mmsight.engine.figures import Inputs, choose
from mmsight.engine.layer_maps import gain, watch_layers
from mmsight.rotated_iou import extents

from .figure_ships import read_images

ACROSS = 2
"""Pictures in a row."""


def draw(inputs: Inputs, image: str, layers: list[str]) -> Figure:
    """The image, and a map of each layer over it, of the last of the models.

    Of a layer that keeps the shape of its input, such as an attention, the map is its output by its input
    (:func:`mmsight.engine.layer_maps.gain`); of another one the mean magnitude of its output.

    Args:
        inputs (Inputs): A detector; the folder of SSDD.
        image (str): Id of a test image.
        layers (list[str]): Names of layers, see :func:`mmsight.engine.layer_maps.watch_layers`.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, 'test'), [image])[image]
    name, checkpoint = list(inputs.models.items())[-1]
    detector = DetectInferencer(checkpoint, show_progress=False)
    watched = watch_layers(detector.model, layers,
                           lambda: detector(shown.path, tile=max(shown.size), return_datasamples=True))
    width, height = shown.size
    down = -(-(1 + len(layers)) // ACROSS)
    figure = Figure(figsize=(4.4 * ACROSS, down * (4 * height / width + 0.8)), layout='constrained')
    places = figure.subplots(down, ACROSS, squeeze=False).ravel()
    first, *others = places[:1 + len(layers)]
    for axes in places[1 + len(layers):]:
        axes.set_axis_off()
    for axes in (first, *others):
        show(axes, shown)
        axes.set(xlim=(0, width), ylim=(height, 0))
        outline(axes, shown.ships, **STYLES['labelled ship'])
    first.set_title(f'SSDD {image}, labelled ships', fontsize=9)
    for axes, (layer, (before, after)) in zip(others, watched.items(), strict=True):
        kept = before.shape == after.shape
        values = (gain(before, after) if kept else after.abs().mean(dim=1))[0].numpy()
        pixels = to_pixels(values, shown.size)
        inside = covered(shown)
        drawn = axes.imshow(pixels, cmap='inferno', alpha=0.75, extent=(0, width, height, 0))
        axes.set_title(f"{name}, {layer}\n{'output / input' if kept else 'mean magnitude'}: mean in ships "
                       f'{pixels[inside].mean():.3g}, elsewhere {pixels[~inside].mean():.3g}', fontsize=9)
        bar = figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02, location='bottom', ticks=MaxNLocator(5))
        bar.ax.tick_params(labelsize=8)
    return figure


def to_pixels(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map at every pixel of an image of ``size`` (w, h): (h, w).

    The network's input is a square with the image in its upper left corner, so that the map's width is that of the longer side.
    """
    columns, rows = (((np.arange(count) + 0.5) * values.shape[1] / max(size)).astype(int) for count in size)
    return values[np.ix_(rows, columns)]


def covered(image: Labelled) -> np.ndarray:
    """Which pixels (h, w) lie in the box of a ship."""
    width, height = image.size
    mask = np.zeros((height, width), dtype=bool)
    for x1, y1, x2, y2 in extents(image.ships).round().astype(int):
        mask[max(y1, 0):y2, max(x1, 0):x2] = True
    return mask
