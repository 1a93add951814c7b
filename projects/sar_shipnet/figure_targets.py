"""The heatmap that the network is to learn: circular Gaussians of CenterNet and elliptic ones (paper, section 2.3)."""

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmsight.apis.scene import read_8_bits
from mmsight.engine.figures import Inputs, choose
from mmsight.rotated_iou import extents

from .figure_ships import read_images
from .gaussian_targets import Gaussians, circular_gaussians, draw_heatmaps, elliptic_gaussians

STRIDE = 4


def draw(inputs: Inputs, image: str, side: int, alpha: float, radius: str) -> Figure:
    """The ships of an image, and both heatmaps around them.

    Args:
        inputs (Inputs): The folder of SSDD.
        image (str): Id of a test image.
        side (int): Pixels of the longer side of the network's input.
        alpha (float): Of the elliptic Gaussian.
        radius (str): Formula of the circular one: ``'cornernet'`` or ``'mmdet'``.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, 'test'), [image])[image]
    scale = side / max(shown.size) / STRIDE
    width, height = (round(size * scale) for size in shown.size)
    boxes = torch.from_numpy(extents(shown.ships) * scale)
    maps = {f'circular ({radius})': heatmap(circular_gaussians(boxes, width, height, radius), width, height),
            f'elliptic (alpha {alpha:g})': heatmap(elliptic_gaussians(boxes, width, height, alpha), width, height)}
    low = np.maximum(boxes[:, :2].numpy().min(axis=0) - 4, 0)
    high = np.minimum(boxes[:, 2:].numpy().max(axis=0) + 4, (width, height))
    wide, tall = high - low
    figure = Figure(figsize=(10, 10 / 3.3 * tall / wide + 0.5), layout='constrained')
    places = figure.subplots(1, 3)
    extent = (0, width, height, 0)  # edges of cells, for the image and the maps alike
    places[0].imshow(read_8_bits(shown.path, grey=True), cmap='gray', extent=extent)
    places[0].set_title(f'SSDD {image}, labelled ships', fontsize=10)
    for axes, (title, values) in zip(places[1:], maps.items(), strict=True):
        drawn = axes.imshow(values, cmap='magma', vmin=0, vmax=1, extent=extent)
        axes.set_title(f'{title}: {int((values > 0).sum())} cells above 0', fontsize=10)
    figure.colorbar(drawn, ax=places, fraction=0.02, pad=0.01, shrink=0.9)
    for axes in places:
        for x1, y1, x2, y2 in boxes.tolist():
            axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor='#70e000', linewidth=1.2))
        axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]), xticks=[], yticks=[])
    return figure


def heatmap(gaussians: Gaussians, width: int, height: int) -> np.ndarray:
    """Target (height, width) of one image and class."""
    return draw_heatmaps(gaussians, torch.zeros(len(gaussians.centres), dtype=torch.long), (1, height, width))[0].numpy()
