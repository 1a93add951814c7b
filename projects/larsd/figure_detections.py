"""Detections of models beside the truth (paper, Fig. 8), with what is missed and what is false."""

from matplotlib.figure import Figure

from mmsight.apis.judged_ships import detect_all, draw_judged
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


def draw_recorded(inputs: Inputs, images: list[str], configs: list[str], threshold: float) -> Figure:
    """A row an image: the truth, then what the tests of configs have kept.

    Args:
        inputs (Inputs): Records ``<config>_seed<k>`` with their cases; the folder of one of ``SPLITS``.
        images (list[str]): Ids of test images.
        configs (list[str]): In the order of the columns, each with one record.
        threshold (float): Least score of a detection.

    Raises:
        InputError: If a config has no record with boxes.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, SPLITS[inputs.data.name][-1]), images)
    cases = {path.stem.rpartition('_seed')[0]: load_cases(path) for path in inputs.records if path.suffix == '.csv'}
    found = {}
    for config in configs:
        kept = cases[config].detections if config in cases else None
        if kept is None or kept.box is None:
            raise InputError(f'{config}: no record of the figure has its boxes: test the config again, and keep its '
                             'per_case.csv and per_case.npz beside the record')
        numbers = choose({name: number for number, name in enumerate(cases[config].names)}, images).values()
        chosen = [(kept.case == number) & (kept.score >= threshold) for number in numbers]
        found[config.partition('_')[0]] = [(kept.box[part], kept.score[part]) for part in chosen]
    return draw_judged(shown, found)
