"""Detections of models beside the truth (paper, Fig. 8), with what is missed and what is false."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from mmsight.apis.judged_ships import Found, detect_all, draw_judged
from mmsight.engine.figures import Inputs, choose
from mmsight.engine.per_case import load_cases
from mmsight.errors import InputError

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


def draw_tested(inputs: Inputs, images: list[str], score: float) -> Figure:
    """A row an image: the truth, then what each test found there, from the boxes that it kept.

    Args:
        inputs (Inputs): Records of tests of rotated boxes; the folder of one of ``SPLITS``.
        images (list[str]): Ids of test images.
        score (float): Least score of the boxes that are shown.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, SPLITS[inputs.data.name][-1]), images)
    return draw_judged(shown, {path.stem.partition('_')[0]: read_boxes(path.with_suffix('.csv'), images, score)
                               for path in inputs.records})


def read_boxes(path: Path, images: Sequence[str], score: float) -> list[Found]:
    """Boxes that a test found in images.

    Args:
        path (Path): See :func:`mmsight.engine.per_case.load_cases`.
        images (Sequence[str]): Names of its cases.
        score (float): Least score.

    Raises:
        InputError: If the test kept no boxes.
    """
    cases = load_cases(path)
    found = cases.detections
    if found is None or found.box is None:
        raise InputError(f'{path}: the test kept no boxes: test the checkpoint again')
    hits = [(found.case == cases.names.index(image)) & (found.score >= score) for image in images]
    return [(found.box[hit].astype(float), found.score[hit]) for hit in hits]
