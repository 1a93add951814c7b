"""Rows of the core: rotated NMS, the cost of the import, the command line."""

import math
import subprocess
import sys

import shapely
import torch
from mmcv.ops import nms_rotated
from shapely import affinity

from mmsight.engine.benchmark import Row, interleave


def _loop(boxes: list[list[float]], scores: list[float], threshold: float) -> list[int]:
    """Greedy suppression, one exact intersection a pair."""
    shapes = [
        affinity.rotate(shapely.box(x - w / 2, y - h / 2, x + w / 2, y + h / 2), angle, use_radians=True)
        for x, y, w, h, angle in boxes
    ]
    kept: list[int] = []
    for i in sorted(range(len(scores)), key=lambda k: -scores[k]):
        for j in kept:
            shared = shapes[i].intersection(shapes[j]).area
            if shared / (shapes[i].area + shapes[j].area - shared) > threshold:
                break
        else:
            kept.append(i)
    return kept


def _boxes(count: int, side: float) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    boxes = torch.rand(count, 5, generator=rng) * torch.tensor([side, side, 40, 40, math.pi]) + torch.tensor([0, 0, 5, 5, 0])
    return boxes, torch.randperm(count, generator=rng).float() / count


def _process(*args: str) -> None:
    subprocess.run([sys.executable, *args], check=True, capture_output=True)


def rows(quick: bool) -> list[Row]:
    """The rows of the suite."""
    count = 300 if quick else 2000
    boxes, scores = _boxes(count, 1000)
    if nms_rotated(boxes, scores, 0.1)[1].tolist() != _loop(boxes.tolist(), scores.tolist(), 0.1):
        raise AssertionError('rotated NMS and the per-pair loop keep different boxes')
    nms = interleave({'ours': lambda: nms_rotated(boxes, scores, 0.1),
                      'loop': lambda: _loop(boxes.tolist(), scores.tolist(), 0.1)}, repeats=1, warmup=0)
    # four times the boxes on four times the area: four times the overlapping pairs, where N^2 grows sixteenfold
    many = _boxes(4 * count, 2000)
    growth = interleave({'many': lambda: nms_rotated(*many, 0.1), 'few': lambda: nms_rotated(boxes, scores, 0.1)}, repeats=5)
    start = interleave({'mmsight': lambda: _process('-c', 'import mmsight'),
                        'mmengine': lambda: _process('-c', 'import mmengine'),
                        'list': lambda: _process('-m', 'mmsight.cli', 'list')}, repeats=2 if quick else 5, warmup=1)
    return [
        Row(f'rotated NMS of {count} boxes', nms['ours'], nms['loop'], 'per-pair loop', 's', '>= 20', speedup=True),
        Row('rotated NMS, 4 times the boxes and pairs', growth['many'], growth['few'], 'a quarter of them', 's', '<= 8'),
        Row('import mmsight beyond mmengine', start['mmsight'] - start['mmengine'], 1.0, 'the limit', 's', '<= 1'),
        Row('mmsight list', start['list'], 3.0, 'the limit', 's', '<= 1'),
    ]
