"""Detection of ships, with SAR-ShipNet as its model."""

from dataclasses import replace
from pathlib import Path

from mmsight.apis.detect_task import DETECT
from mmsight.tasks import Example


def make_scene(folder: Path) -> list[Path]:
    """Write a radar image with ships."""
    import cv2
    import numpy as np

    from .toy import make_chip
    rng = np.random.default_rng(1)
    path = folder / 'ships.png'
    cv2.imwrite(str(path), np.block([[make_chip(rng)[0] for _ in range(2)] for _ in range(2)]))
    return [path]


TASK = replace(DETECT, toy_model='sar_shipnet_toy', examples=(
    Example('Ships in a radar image, drawn by the project', make_scene), ))
