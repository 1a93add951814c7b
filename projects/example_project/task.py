"""The smallest task: the fitted line changes the tones of an image. The command line, the page and the export read it here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsight.files import IMAGES
from mmsight.tasks import Example, Export, Option, Shown, Task

if TYPE_CHECKING:
    from torch import Tensor


def show(found: dict) -> Shown:
    """Tell the mean grey level."""
    return Shown(f"{found['source']}: mean grey level {found['mean']:.1f}", {} if found['file'] is None else dict(
        image=found['file']), rows=[['mean', found['mean']]])


def export(model: Any, image: Tensor) -> dict[str, Tensor]:
    """``tones`` (N, 1, H, W)."""
    return dict(tones=model(image))


def make_ramp(folder: Path) -> list[Path]:
    """Write a ramp of grey."""
    import cv2
    import numpy as np
    cv2.imwrite(str(folder / 'ramp.png'), np.tile(np.arange(256, dtype=np.uint8), (64, 1)))
    return [folder / 'ramp.png']


TASK = Task(
    name='tone',
    title='Change tones',
    summary='change the tones of images (the example project)',
    inputs=dict(INPUT='images'),
    suffixes=IMAGES,
    options=(Option('strength', 'share of the change', 1.0, float, 'SHARE', page=(0, 1, 0.1)), ),
    inferencer='mmsight.projects.example_project.inferencer:ToneInferencer',
    show=show,
    usage='photo.jpg',
    toy_model='example_project',
    examples=(Example('A ramp of grey, drawn by the project', make_ramp), ),
    export=Export(export, peak=1.0, channels=1),
    listed=False)
