"""Ships of a mosaic of real radar images: the same in tiles of two sizes and at random offsets; and how many are right."""

import os
import tempfile
from pathlib import Path

import cv2
import numpy as np
import rasterio
import torch
from mmcv.ops import box_iou_rotated
from mmsight.projects.sar_shipnet import SSDDDataset
from rasterio.transform import from_origin

from mmsight.apis import DetectInferencer
from mmsight.engine.benchmark import Row
from mmsight.rotated_iou import from_upright

SIDES = (1024, 2048)


def rows(quick: bool = False) -> list[Row]:
    """All rows, of the models in the box on SSDD's test images; ``quick`` takes a smaller scene and two offsets."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder) / 'mosaic.tif'
        truth = _write_mosaic(scene, 2300 if quick else 3000)
        offsets = 2 if quick else 8
        return [*_invariance('ships-sar', scene, 0.99, offsets), _accuracy('ships-sar', scene, truth),
                *_invariance('ships-sar-rotated', scene, 0.98, offsets)]


def _write_mosaic(path: Path, side: int) -> torch.Tensor:
    """SSDD's test images in rows, cut at the right and lower end; the boxes (N, 5) of the ships that are whole."""
    root = Path(os.environ.get('MMSIGHT_DATA', 'data')) / 'ssdd'
    dataset = SSDDDataset(
        data_root=str(root), ann_file='ImageSets/Main/test.txt', data_prefix=dict(img='JPEGImages', ann='Annotations'),
        pipeline=[], test_mode=True)
    scene, boxes = np.zeros((side, side), np.uint8), []
    x = y = depth = 0
    for number in np.random.default_rng(0).permutation(len(dataset)).tolist() * 9:
        entry = dataset.get_data_info(number)
        if x >= side:
            x, y, depth = 0, y + depth, 0
        if y >= side:
            break
        image = cv2.imread(entry['img_path'], cv2.IMREAD_GRAYSCALE)[:side - y, :side - x]
        height, width = image.shape
        scene[y:y + height, x:x + width] = image
        boxes += [np.add(part['bbox'], (x, y, x, y)) for part in entry['instances']
                  if part['bbox'][2] <= width and part['bbox'][3] <= height]
        depth, x = min(depth or height, height), x + width
    with rasterio.open(path, 'w', driver='GTiff', count=1, height=side, width=side, dtype='uint8', tiled=True, crs='EPSG:32633',
                       transform=from_origin(500000, 5000000, 3, 3)) as file:
        file.write(scene, 1)
    return torch.from_numpy(from_upright(np.array(boxes))).float()


def _invariance(name: str, scene: Path, least: float, offsets: int) -> list[Row]:
    """Tiles of both sizes, the plan of ``detect`` itself, and random offsets, against one another."""
    detector, rng = DetectInferencer(name, show_progress=False), np.random.default_rng(0)
    small, large, planned = (_boxes(detector, scene, tile=side) for side in (*SIDES, None))
    moved = []
    for number in range(offsets):
        side = SIDES[number % 2]
        moved.append((number % 2, _boxes(detector, scene, tile=side, offset=tuple(rng.integers(32, side // 3, 2).tolist()))))
    worst = min(_shared(boxes, (small, large)[side]) for side, boxes in moved)
    doubles = sum(_doubles(boxes) for boxes in (small, large, planned, *(boxes for _, boxes in moved)))
    unit, theirs = dict(unit='share', bound=f'>= {least}'), f'the {len(large)} with {SIDES[1]}'
    return [
        Row(f'{name}: the same with tiles of {SIDES[0]}', _shared(small, large), 1, theirs, **unit),
        Row(f'{name}: the same with the planned tiles', _shared(planned, large), 1, theirs, **unit),
        Row(f'{name}: the same at {offsets} offsets, the worst', worst, 1, 'the same tiles without offset', **unit),
        Row(f'{name}: ships found twice, all runs', float(doubles), 1, 'a pair', 'pairs', '<= 0')
    ]


def _accuracy(name: str, scene: Path, truth: torch.Tensor) -> Row:
    """Against tiles of the size of the training images, over the whole of which the network pools, as in training."""
    detector = DetectInferencer(name, show_progress=False)
    ours = _f1(_boxes(detector, scene), truth)
    side = detector.window
    for module in detector.model.modules():
        if getattr(module, 'window', None) is not None:
            module.window.side = 10**9
    theirs = _f1(_boxes(detector, scene, tile=side, overlap=128), truth)
    return Row(f'{name}: F1 on the mosaic', ours, theirs, f'tiles of {side}, pooled whole', 'F1', '>= 1')


def _boxes(detector: DetectInferencer, scene: Path, **options: object) -> torch.Tensor:
    sample, = detector(scene, return_datasamples=True, **options)['predictions']
    return sample.pred_instances.bboxes.float()


def _shared(first: torch.Tensor, second: torch.Tensor) -> float:
    """Share of ships with exactly one partner above IoU 0.9, of both sets together."""
    pairs = box_iou_rotated(first, second) > 0.9
    return ((pairs.sum(0) == 1).sum() + (pairs.sum(1) == 1).sum()).item() / (len(first) + len(second))


def _doubles(boxes: torch.Tensor) -> int:
    """Pairs of ships that overlap by more than IoU 0.5."""
    return int((box_iou_rotated(boxes, boxes) > 0.5).sum() - len(boxes)) // 2


def _f1(boxes: torch.Tensor, truth: torch.Tensor) -> float:
    """Of ships matched at IoU 0.5; truth has no two ships so near that one box fits both."""
    pairs = box_iou_rotated(boxes, truth) > 0.5
    return (pairs.any(1).sum() + pairs.any(0).sum()).item() / (len(boxes) + len(truth))
