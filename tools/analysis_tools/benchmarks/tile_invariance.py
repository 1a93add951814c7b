"""Ships of a scene in tiles of two sizes, at random offsets, and in one pass."""

import runpy
import tempfile
from pathlib import Path

import numpy as np
import torch
from mmcv.ops import box_iou_rotated
from mmsight.projects.larsd.toy import make_scene
from mmsight.projects.sar_shipnet import BidirectionalCoordinateAttention

from mmsight.apis import DetectInferencer
from mmsight.engine.benchmark import Row
from mmsight.errors import InputError


def rows(quick: bool = False) -> list[Row]:
    """All rows; ``quick`` takes smaller scenes. Needs the toy detectors' checkpoints, which ``make demo`` leaves."""
    try:
        radar, optical = (DetectInferencer(name, show_progress=False) for name in ('sar_shipnet_toy', 'larsd_toy'))
    except InputError as error:
        raise InputError(f'{error}; `make demo` trains it') from error
    write_mosaic = runpy.run_path(str(Path(__file__).with_name('front_door.py')))['write_mosaic']
    with tempfile.TemporaryDirectory() as folder:
        scene = write_mosaic(Path(folder) / 'radar.tif', 1024 if quick else 2048)
        measured = _invariance(radar, scene, quick, 'SAR-ShipNet')
        _freeze_attention(radar, scene)
        measured += _invariance(radar, scene, quick, 'its attention frozen')
        scene = write_mosaic(Path(folder) / 'optical.tif', 512, make_scene)  # of images of 128
        return measured + _invariance(optical, scene, quick, 'LARSD', tile=128, overlap=64)


def _boxes(detector: DetectInferencer, scene: Path, **options: object) -> torch.Tensor:
    found, = detector(scene, return_datasamples=True, **options)['predictions']
    return found.pred_instances.bboxes.float()


def _shared(first: torch.Tensor, second: torch.Tensor) -> float:
    """Share of ships with exactly one partner above IoU 0.9, of both sets together."""
    pairs = box_iou_rotated(first, second) > 0.9
    return ((pairs.sum(0) == 1).sum() + (pairs.sum(1) == 1).sum()).item() / (len(first) + len(second))


def _doubles(boxes: torch.Tensor) -> int:
    """Pairs of ships that overlap by more than IoU 0.5."""
    return int((box_iou_rotated(boxes, boxes) > 0.5).sum() - len(boxes)) // 2


def _freeze_attention(detector: DetectInferencer, scene: Path) -> None:
    """Replace each attention by the mean gain of each channel on one tile.

    BCA pools over the rows and columns of a whole tile, so that its network sees a ship differently in tiles of another size.
    Without that the network is made of convolutions, and what remains of a difference is the tiling's.
    """
    attention = [module for module in detector.model.modules() if isinstance(module, BidirectionalCoordinateAttention)]

    def measure(module: BidirectionalCoordinateAttention, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        module.gain = output.sum(dim=(0, 2, 3), keepdim=True) / inputs[0].sum(dim=(0, 2, 3), keepdim=True).clamp(min=1e-6)

    hooks = [module.register_forward_hook(measure) for module in attention]
    detector(scene, tile=4096)
    for hook in hooks:
        hook.remove()
    for module in attention:
        module.forward = lambda x, gain=module.gain: x * gain


def _invariance(detector: DetectInferencer, scene: Path, quick: bool, name: str, tile: int = 512,
                overlap: int = 128) -> list[Row]:
    """Tiles of ``tile`` and of twice that at eight offsets, against one another and against one pass."""
    rng = np.random.default_rng(0)

    def found(side: int, **options: object) -> torch.Tensor:
        return _boxes(detector, scene, tile=side, overlap=overlap, **options)

    first, large, whole = found(tile), found(2 * tile), found(4 * tile)
    moved = []
    for number in range(2 if quick else 8):
        side = (tile, 2 * tile)[number % 2]
        offset = tuple(int(value) for value in rng.integers(overlap // 2, side - overlap, 2))
        moved.append((side, found(side, offset=offset)))
    worst = min(_shared(boxes, first if side == tile else large) for side, boxes in moved)
    doubles = sum(_doubles(boxes) for boxes in (first, large, *(boxes for _, boxes in moved)))
    unit = dict(unit='share', bound='>= 0.99')
    return [
        Row(f'{name}: the same with tiles of {2 * tile}', _shared(first, large), 1, f'the {len(first)} with {tile}', **unit),
        Row(f'{name}: the same at {len(moved)} offsets, the worst', worst, 1, 'the same tiles without offset', **unit),
        Row(f'{name}: the same in one pass', _shared(large, whole), 1, f'tiles of {2 * tile}', **unit),
        Row(f'{name}: ships found twice, all runs', float(doubles), 1, 'a pair', 'pairs', '<= 0'),
    ]
