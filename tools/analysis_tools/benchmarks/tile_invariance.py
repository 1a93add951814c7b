"""Ships of a mosaic of real radar images: the same in tiles of three sizes and at random offsets; and how many are right."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from mmcv.ops import box_iou_rotated
from mosaics import f1, find_ships, shared, write_mosaic

from mmsight.apis import DetectInferencer
from mmsight.engine.benchmark import Row
from mmsight.rotated_iou import extents, from_upright

SIDES = (512, 1024, 2048)


def rows(quick: bool = False) -> list[Row]:
    """All rows, of the models in the box on SSDD's test images; ``quick`` takes a smaller scene and two offsets."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder) / 'mosaic.tif'
        truth = write_mosaic(scene, 2300 if quick else 3000)
        offsets = 2 if quick else 8
        return [row for name, least in (('ships-sar', 0.99), ('ships-sar-rotated', 0.98))
                for row in (*_invariance(name, scene, least, offsets), _accuracy(name, scene, truth))]


def _invariance(name: str, scene: Path, least: float, offsets: int) -> list[Row]:
    """Tiles of all sizes, the plan of ``detect`` itself, and random offsets, against one another."""
    detector, rng = DetectInferencer(name, show_progress=False), np.random.default_rng(0)
    found = {f'tiles of {side}': find_ships(detector, scene, tile=side) for side in SIDES}
    found['the planned tiles'] = find_ships(detector, scene)
    moved: dict[int, list[torch.Tensor]] = {side: [] for side in SIDES}
    for number in range(offsets):
        side = SIDES[number % len(SIDES)]
        offset = tuple(rng.integers(32, side // 3, 2).tolist())
        moved[side].append(find_ships(detector, scene, tile=side, offset=offset))
    worst = {side: min(shared(boxes, found[f'tiles of {side}']) for boxes in runs) for side, runs in moved.items() if runs}
    doubles = sum(map(_doubles, (*found.values(), *(boxes for runs in moved.values() for boxes in runs))))
    largest = found.pop(f'tiles of {SIDES[-1]}')
    unit, theirs = dict(unit='share', bound=f'>= {least}'), f'the {len(largest)} with tiles of {SIDES[-1]}'
    return [
        *(Row(f'{name}: the same with {tiles}', shared(boxes, largest), 1, theirs, **unit) for tiles, boxes in found.items()),
        *(Row(f'{name}: the same with tiles of {side} at {len(moved[side])} offsets, the worst', share, 1,
              'the same tiles without offset', **unit) for side, share in worst.items()),
        Row(f'{name}: ships found twice, all runs', float(doubles), 1, 'a pair', 'pairs', '<= 0')
    ]


def _accuracy(name: str, scene: Path, truth: torch.Tensor) -> Row:
    """Against tiles of the size of the training images, over the whole of which the network pools, as in training.

    The truth is upright: a rotated box is judged by the upright one around it.
    """
    detector = DetectInferencer(name, show_progress=False)
    ours = f1(_upright(find_ships(detector, scene)), truth)
    side = detector.window
    for module in detector.model.modules():
        if getattr(module, 'window', None) is not None:
            module.window.side = 10**9
    theirs = f1(_upright(find_ships(detector, scene, tile=side, overlap=128)), truth)
    return Row(f'{name}: F1 on the mosaic', ours, theirs, f'tiles of {side}, pooled whole', 'F1', '>= 1')


def _upright(boxes: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(from_upright(extents(boxes.numpy()))).float()


def _doubles(boxes: torch.Tensor) -> int:
    """Pairs of ships that overlap by more than IoU 0.5."""
    return int((box_iou_rotated(boxes, boxes) > 0.5).sum() - len(boxes)) // 2
