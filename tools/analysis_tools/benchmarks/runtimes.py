"""Networks by ONNX Runtime and OpenVINO against torch, through the inferencers of the models in the box; do they agree?"""

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from mosaics import f1, find_ships, shared, write_mosaic

from mmsight.apis import DetectInferencer
from mmsight.engine.benchmark import Row, interleave
from mmsight.engine.runtime import check_runtime
from mmsight.errors import InputError
from mmsight.tasks import find_tasks


def rows(quick: bool = False) -> list[Row]:
    """All rows, with as many threads as torch has; ``quick`` takes smaller inputs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = folder / 'mosaic.tif'
        truth = write_mosaic(scene, 1100 if quick else 2048)
        image = folder / 'astronaut.png'
        cv2.imwrite(str(image), skimage.data.astronaut()[128:256, 128:256, ::-1])
        scan, = find_tasks()['segment'].examples[0].make(folder)
        return [*_detection('ships-sar', scene, truth), *_detection('ships-sar-rotated', scene, truth),
                *_other('segment', 'liver', scan), *_other('upscale', 'upscale-res16', image)]


def _runtimes() -> list[str]:
    """Those that this machine has."""
    found = []
    for name in ('onnx', 'openvino', 'openvino-bf16'):
        try:
            check_runtime(name, 'cpu')
        except InputError as error:
            print(error)
        else:
            found.append(name)
    return found


def _detection(model: str, scene: Path, truth: Any) -> list[Row]:
    """Whole scenes, with reading and merging, in turn; and the ships of each runtime against those of torch."""
    made = []
    detectors = {name: DetectInferencer(model, device='cpu', show_progress=False, runtime=name)
                 for name in ('torch', *_runtimes())}
    seconds = interleave({name: lambda detector=detector: detector(scene) for name, detector in detectors.items()}, 3, 1)
    boxes = {name: find_ships(detector, scene) for name, detector in detectors.items()}
    right = {name: f1(found, truth) for name, found in boxes.items()}
    for name in list(detectors)[1:]:
        bound = '>= 3' if name == 'openvino-bf16' else '>= 1.2'
        made += [
            Row(f'{model} by {name}, scenes', 1 / seconds[name], 1 / seconds['torch'], 'torch', 'scenes/s', bound),
            Row(f'{model} by {name}, the same ships', shared(boxes[name], boxes['torch']), 1,
                f"the {len(boxes['torch'])} by torch", 'share', '>= 0.99'),
            Row(f'{model} by {name}, F1', right[name], right['torch'], 'torch', 'F1', '>= 0.998')
        ]
    return made


def _other(task: str, model: str, path: Path) -> list[Row]:
    """A scan or an image, in turn; and the mean difference of the pictures, of 255 grey levels."""
    inferencers = {name: find_tasks()[task].load_inferencer()(model, device='cpu', show_progress=False, runtime=name)
                   for name in ('torch', *_runtimes())}
    seconds = interleave({name: lambda run=run: run(path) for name, run in inferencers.items()}, 3, 1)
    pictures = {name: run(path, return_vis=True)['visualization'][0].astype(float) for name, run in inferencers.items()}
    made = []
    for name in list(inferencers)[1:]:
        apart = float(np.abs(pictures[name] - pictures['torch']).mean())
        made += [
            Row(f'{model} by {name}', 1 / seconds[name], 1 / seconds['torch'], 'torch', 'inputs/s',
                '>= 2' if name == 'openvino-bf16' else '>= 1.2'),
            Row(f'{model} by {name}, mean difference of the picture', apart, 1, 'one grey level', 'grey levels', '<= 0.5')
        ]
    return made
