"""Where Bidirectional Coordinate Attention, or any layer, is strong over an image."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmsight.apis.detect import DetectInferencer
from mmsight.apis.scene import read_8_bits
from mmsight.engine.figures import Inputs
from mmsight.engine.layer_maps import gain, watch_layers

from .figure_ships import choose, read_images


def draw(inputs: Inputs, image: str, layers: list[str]) -> Figure:
    """The image, and a map of each layer over it, of the last of the models.

    Of a layer that keeps the shape of its input, such as an attention, the map is the share that it lets through
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
    watched = watch_layers(detector.model, layers, lambda: detector(shown.path, return_datasamples=True))
    width, height = shown.size
    figure = Figure(figsize=(3.3 * (1 + len(layers)), 3.3 * height / width + 0.6), layout='constrained')
    places = figure.subplots(1, 1 + len(layers))
    for axes in places:
        axes.imshow(read_8_bits(shown.path, grey=True), cmap='gray', extent=(0, width, height, 0))
        axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
        for x1, y1, x2, y2 in shown.ships:
            axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor='#70e000', linewidth=1))
    places[0].set_title(f'SSDD {image}, labelled ships', fontsize=9)
    for axes, (layer, (before, after)) in zip(places[1:], watched.items(), strict=True):
        kept = before.shape == after.shape
        values = (gain(before, after) if kept else after.abs().mean(dim=1))[0].numpy()
        cells = values.shape[1] / max(shown.size)  # a pixel; the map also covers the padding of the shorter side
        extent = np.array([0, values.shape[1], values.shape[0], 0]) / cells
        drawn = axes.imshow(values, cmap='inferno', alpha=0.75, extent=extent)
        axes.set_title(f"{layer}\n{'share let through' if kept else 'mean magnitude'}", fontsize=9)
        figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02, location='bottom').ax.tick_params(labelsize=7)
    figure.suptitle(name, fontsize=10)
    return figure
