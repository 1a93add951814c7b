"""What each model makes of one image as its training goes on (report, Fig. 5 to 12 and appendices B to E)."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mmsight.engine.figures import Inputs
from mmsight.errors import InputError
from mmsight.pictures import read_image

from .metric import compare, enlarge
from .resize import resize_bicubic

SCALE = 4


def draw(inputs: Inputs, epochs: list[int]) -> Figure:
    """A row for each model: after each of the epochs, and the original; with the PSNR of RGB below.

    Args:
        inputs (Inputs): Files of ``tools/keep_samples.py``, whose names begin with that of the model.
        epochs (list[int]): Those that the files show.
    """
    figure = Figure(figsize=(1.2 * (len(epochs) + 1) + 0.3, 1.45 * len(inputs.records) + 0.2), layout='constrained')
    places = figure.subplots(len(inputs.records), len(epochs) + 1, squeeze=False)
    for row, path in zip(places, inputs.records, strict=True):
        *made, original = squares(path, len(epochs) + 1)
        small = resize_bicubic(original, (len(original) // SCALE, ) * 2)
        for axes, image in zip(row, [*made, original], strict=True):
            axes.imshow(image, interpolation='nearest')
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel(f"{compare(image, original, SCALE)['PSNR_RGB']:.1f} dB", fontsize=8)
        plain = compare(enlarge(small, 'bicubic', SCALE), original, SCALE)
        row[-1].set_xlabel(f"bicubic {plain['PSNR_RGB']:.1f} dB", fontsize=8)
        row[0].set_ylabel(path.stem.partition('_')[0].upper(), fontsize=9)
    for axes, title in zip(places[0], [*(f'{epoch} epochs' for epoch in epochs), 'original'], strict=True):
        axes.set_title(title, fontsize=9)
    return figure


def squares(path: Path, count: int) -> list[np.ndarray]:
    """The ``count`` squares, uint8 (side, side, 3), RGB, that a file shows side by side.

    Raises:
        InputError: If it shows another number of them.
    """
    strip = read_image(path)
    if strip.shape[1] != count * strip.shape[0]:
        raise InputError(f'{path} is no row of {count} squares, as many as epochs and the original: see tools/keep_samples.py')
    return np.split(strip[..., ::-1], count, axis=1)
