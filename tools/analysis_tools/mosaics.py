"""Mosaics of real radar images on which several suites of ``benchmark.py`` measure detectors, and how these compare ships.

A suite imports it as ``mosaics``, since the folder of a script is on its path; any other process has to add the folder.
"""

import os
from pathlib import Path

import cv2
import numpy as np
import rasterio
import torch
from mmcv.ops import box_iou_rotated
from mmsight.projects.sar_shipnet import SSDDDataset
from rasterio.transform import from_origin

from mmsight.apis import DetectInferencer
from mmsight.rotated_iou import from_upright


def write_mosaic(path: Path, side: int) -> torch.Tensor:
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


def find_ships(detector: DetectInferencer, scene: Path, **options: object) -> torch.Tensor:
    """Boxes (N, 5) of the ships that a detector finds in a scene, with options of ``detect``."""
    sample, = detector(scene, return_datasamples=True, **options)['predictions']
    return sample.pred_instances.bboxes.float()


def shared(first: torch.Tensor, second: torch.Tensor) -> float:
    """Share of ships with exactly one partner above IoU 0.9, of both sets together."""
    pairs = box_iou_rotated(first, second) > 0.9
    return ((pairs.sum(0) == 1).sum() + (pairs.sum(1) == 1).sum()).item() / (len(first) + len(second))


def f1(boxes: torch.Tensor, truth: torch.Tensor) -> float:
    """Of ships matched at IoU 0.5; truth has no two ships so near that one box fits both."""
    pairs = box_iou_rotated(boxes, truth) > 0.5
    return (pairs.any(1).sum() + pairs.any(0).sum()).item() / (len(boxes) + len(truth))
