"""Ships of a mosaic of real radar images: the same in tiles of two sizes and at random offsets; and how many are right."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from mmcv.ops import box_iou_rotated
from mosaics import f1, find_ships, shared, write_mosaic

from mmsight.apis import DetectInferencer
from mmsight.engine.benchmark import Row

SIDES = (1024, 2048)


def rows(quick: bool = False) -> list[Row]:
    """All rows, of the models in the box on SSDD's test images; ``quick`` takes a smaller scene and two offsets."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder) / 'mosaic.tif'
        truth = write_mosaic(scene, 2300 if quick else 3000)
        offsets = 2 if quick else 8
        return [*_invariance('ships-sar', scene, 0.99, offsets), _accuracy('ships-sar', scene, truth),
                *_invariance('ships-sar-rotated', scene, 0.98, offsets)]


def _invariance(name: str, scene: Path, least: float, offsets: int) -> list[Row]:
    """Tiles of both sizes, the plan of ``detect`` itself, and random offsets, against one another."""
    detector, rng = DetectInferencer(name, show_progress=False), np.random.default_rng(0)
    small, large, planned = (find_ships(detector, scene, tile=side) for side in (*SIDES, None))
    moved = []
    for number in range(offsets):
        side = SIDES[number % 2]
        offset = tuple(rng.integers(32, side // 3, 2).tolist())
        moved.append((number % 2, find_ships(detector, scene, tile=side, offset=offset)))
    worst = min(shared(boxes, (small, large)[side]) for side, boxes in moved)
    doubles = sum(_doubles(boxes) for boxes in (small, large, planned, *(boxes for _, boxes in moved)))
    unit, theirs = dict(unit='share', bound=f'>= {least}'), f'the {len(large)} with {SIDES[1]}'
    return [
        Row(f'{name}: the same with tiles of {SIDES[0]}', shared(small, large), 1, theirs, **unit),
        Row(f'{name}: the same with the planned tiles', shared(planned, large), 1, theirs, **unit),
        Row(f'{name}: the same at {offsets} offsets, the worst', worst, 1, 'the same tiles without offset', **unit),
        Row(f'{name}: ships found twice, all runs', float(doubles), 1, 'a pair', 'pairs', '<= 0')
    ]


def _accuracy(name: str, scene: Path, truth: torch.Tensor) -> Row:
    """Against tiles of the size of the training images, over the whole of which the network pools, as in training."""
    detector = DetectInferencer(name, show_progress=False)
    ours = f1(find_ships(detector, scene), truth)
    side = detector.window
    for module in detector.model.modules():
        if getattr(module, 'window', None) is not None:
            module.window.side = 10**9
    theirs = f1(find_ships(detector, scene, tile=side, overlap=128), truth)
    return Row(f'{name}: F1 on the mosaic', ours, theirs, f'tiles of {side}, pooled whole', 'F1', '>= 1')


def _doubles(boxes: torch.Tensor) -> int:
    """Pairs of ships that overlap by more than IoU 0.5."""
    return int((box_iou_rotated(boxes, boxes) > 0.5).sum() - len(boxes)) // 2
