"""What Efficient Channel Attention weighs: each channel, and where in a slice."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from mmengine.dataset import pseudo_collate
from rich.progress import track
from torch import Tensor

from mmsight.engine.figures import Inputs
from mmsight.engine.layer_maps import gain, watch_layers
from mmsight.engine.load_model import load_model
from mmsight.errors import InputError

from .eca import ECA
from .figure_slices import build_dataset, predict


def draw(inputs: Inputs, image: str, layer: str) -> Figure:
    """A slice, the attention's output by its input over it, and the weight of each channel over all test slices.

    Args:
        inputs (Inputs): A model of this project, the last of the models; the folder of the 8-bit slices.
        image (str): Name of a test slice, without suffix.
        layer (str): Name of an :class:`.eca.ECA`, as ``named_modules`` has it.

    Raises:
        InputError: If the layer is something else.
    """
    assert inputs.data is not None
    name, checkpoint = list(inputs.models.items())[-1]
    cfg, loaded = load_model(checkpoint)
    model: Any = loaded
    kinds = {key: module for key, module in model.named_modules() if isinstance(module, ECA)}
    if layer not in kinds:
        raise InputError(f"{name} has no ECA '{layer}': it has {', '.join(kinds) or 'none at all'}")
    data = build_dataset(cfg, inputs.data)
    part, = predict(model, data, [image])
    files = [Path(data.get_data_info(index)['img_path']).stem for index in range(len(data))]
    rows = []
    for index, file in enumerate(track(files, 'reading weights')):
        batch = pseudo_collate([data[index]])
        before, after = watch_layers(model, [layer], partial(model.test_step, batch))[layer]
        rows.append(weights(kinds[layer], before)[0].numpy())
        if file == image:
            shown = gain(before, after)[0].numpy()
    values = np.stack(rows)
    figure = Figure(figsize=(12, 3.6), layout='constrained')
    first, second, third = figure.subplots(1, 3, width_ratios=[1, 1.15, 2])
    height, width = part.image.shape
    for axes in (first, second):
        axes.imshow(part.image, cmap='gray', vmin=0, vmax=255, extent=(0, width, height, 0))
        axes.contour(np.arange(width) + 0.5, np.arange(height) + 0.5, part.truth, [0.5], colors='#70e000', linewidths=1.2)
        axes.set_axis_off()
    first.set_title(f'{image},\nlabelled liver', fontsize=9)
    drawn = second.imshow(shown, cmap='inferno', alpha=0.75, extent=(0, width, height, 0))
    second.set_title(f'{layer}:\noutput / input', fontsize=9)
    figure.colorbar(drawn, ax=second, fraction=0.05, pad=0.02).ax.tick_params(labelsize=8)
    order = values.mean(axis=0).argsort()
    low, middle, high = (part[order] for part in (values.min(axis=0), values.mean(axis=0), values.max(axis=0)))
    third.bar(range(len(order)), middle, color='#9fc5e8')
    third.vlines(range(len(order)), low, high, color='#c2410c', linewidth=1.2)
    third.set(xlabel=f'{len(order)} channels, by rising mean', xticks=[], ylabel='weight', ylim=(0, 1), xlim=(-1, len(order)))
    third.set_title(f'{name}: mean (bar) and range (line) of the weights\nover {len(values)} test slices', fontsize=9)
    third.grid(axis='y', alpha=0.3)
    return figure


def weights(layer: ECA, before: Tensor) -> Tensor:
    """Weights (N, C) in (0, 1) that an ECA gives the channels of its input (N, C, H, W)."""
    return layer.conv(before.mean(dim=(2, 3))[:, None]).sigmoid()[:, 0].detach()
