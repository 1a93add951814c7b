"""Detections of models beside the truth (paper, Fig. 8), with what is missed and what is false."""

from matplotlib.figure import Figure

from mmsight.apis.judged_ships import detect_all, draw_judged
from mmsight.engine.figures import Inputs, choose

from .figure_ships import SPLITS, read_images


def draw(inputs: Inputs, images: list[str]) -> Figure:
    """A row an image: the truth, then each model at its own score threshold.

    Args:
        inputs (Inputs): Detectors of rotated boxes; the folder of one of ``SPLITS``.
        images (list[str]): Ids of test images.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, SPLITS[inputs.data.name][-1]), images)
    return draw_judged(shown, detect_all(inputs.models, shown))
