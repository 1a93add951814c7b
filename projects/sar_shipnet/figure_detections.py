"""Detections of models beside the truth (paper, Fig. 1), with what is missed and what is false."""

from matplotlib.figure import Figure

from mmsight.apis.judged_ships import detect_all, draw_judged
from mmsight.engine.figures import Inputs, choose

from .figure_ships import read_images


def draw(inputs: Inputs, images: list[str]) -> Figure:
    """A row an image: the truth, then each model at its own score threshold.

    Args:
        inputs (Inputs): Detectors of upright or of rotated boxes; the folder of SSDD.
        images (list[str]): Ids of test images.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, 'test'), images)
    return draw_judged(shown, detect_all(inputs.models, shown), upright=True)
