"""A photograph beside what its small copy is enlarged to (report, Fig. 16 and 17), with a part of it enlarged."""

from pathlib import Path

import numpy as np
import skimage.data
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmsight.engine.figures import Inputs
from mmsight.errors import InputError

from .enlarge import enlarge_image
from .inferencer import UpscaleInferencer, read_photo
from .metric import compare, enlarge
from .resize import resize_bicubic
from .super_resolver import SuperResolver

COLOUR = '#ff2d55'
PHOTOGRAPHS = ('astronaut', 'chelsea', 'coffee', 'rocket')
"""In colour, and in every installation of scikit-image."""


def draw(inputs: Inputs, image: str, part: list[int]) -> Figure:
    """The original, bicubic interpolation and the models: whole, with PSNR and SSIM in Y, and a part below.

    Args:
        inputs (Inputs): Models, all of one factor.
        image (str): A colour photograph: a file, or one of ``PHOTOGRAPHS``.
        part (list[int]): Left, top and side in pixels of what is enlarged.

    Raises:
        InputError: If there is no such photograph, the part lies outside, or the models differ in their factor.
    """
    models = {name: UpscaleInferencer(checkpoint, show_progress=False).model for name, checkpoint in inputs.models.items()}
    scale, *others = {model.scale for model in models.values()}
    if others:
        raise InputError(f"the models enlarge by {', '.join(f'{model.scale} ({name})' for name, model in models.items())}: "
                         'a figure shows those of one factor')
    original = read_original(image, scale)
    left, top, side = part
    height, width = original.shape[:2]
    if min(left, top) < 0 or side < 1 or left + side > width or top + side > height:
        raise InputError(f'part={left},{top},{side}: left, top and side must lie inside the {width} x {height} pixels')
    shown = enlargements(original, models, scale)
    figure = Figure(figsize=(2.5 * len(shown), 2.5 * (height / width + 1) + 0.7), layout='constrained')
    places = figure.subplots(2, len(shown), height_ratios=(height / width, 1))
    for (whole, detail), (name, picture) in zip(places.T, shown.items(), strict=True):
        whole.imshow(picture)
        whole.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, fill=False, edgecolor=COLOUR, linewidth=1.2))
        detail.imshow(picture[top:top + side, left:left + side])
        whole.set_title(name, fontsize=10)
        if picture is not original:
            found = compare(picture, original, scale)
            detail.set_xlabel(f"PSNR {found['PSNR_Y']:.2f} dB, SSIM {found['SSIM_Y']:.3f}", fontsize=9)
        for axes in (whole, detail):
            axes.set(xticks=[], yticks=[])
        for spine in detail.spines.values():
            spine.set(edgecolor=COLOUR, linewidth=1.2)
    return figure


def read_original(image: str, scale: int) -> np.ndarray:
    """A photograph (H, W, 3), uint8 RGB, without the last rows and columns that ``scale`` does not divide.

    Raises:
        InputError: If there is none, or it is not of 8 bits and in colour.
    """
    if Path(image).is_file():
        values = read_photo(Path(image)).values
    elif image in PHOTOGRAPHS:
        values = getattr(skimage.data, image)()
    else:
        raise InputError(f"image={image}: neither a file nor one of scikit-image's {', '.join(PHOTOGRAPHS)}")
    if values.dtype != np.uint8 or values.ndim != 3 or values.shape[2] != 3:
        raise InputError(f'image={image}: a colour photograph of 8 bits is needed')
    height, width = (length // scale * scale for length in values.shape[:2])
    return np.ascontiguousarray(values[:height, :width])


def enlargements(original: np.ndarray, models: dict[str, SuperResolver], scale: int) -> dict[str, np.ndarray]:
    """Name to image of the original, and of what its bicubic reduction by ``scale`` is enlarged to."""
    small = resize_bicubic(original, (original.shape[0] // scale, original.shape[1] // scale))
    made = {name: enlarge_image(model, small) for name, model in models.items()}
    return dict(original=original, bicubic=enlarge(small, 'bicubic', scale), **made)
