"""Whole scenes of real radar images with ``detect``: time and memory against area, a runtime against torch, and SAHI."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rasterio
import torch
from benchmarks.front_door import throughput
from mmcv.ops import box_iou_rotated
from mosaics import find_ships, write_mosaic
from rasterio.transform import from_origin
from rasterio.windows import Window

from mmsight.apis import DetectInferencer
from mmsight.engine.benchmark import Row, interleave, peak_memory
from mmsight.engine.load_model import find_model
from mmsight.rotated_iou import from_upright

MODEL, RUNTIME = 'ships-sar', 'openvino-bf16'
PART = 3000
"""Side of the mosaic of SSDD's test images that scenes repeat, turned at random."""


def rows(quick: bool = False) -> list[Row]:
    """All rows, with as many threads as torch has; ``quick`` takes smaller scenes. Needs the extra ``fast`` and SSDD."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = write_mosaic(folder / 'part.tif', PART)
        return [*_areas(folder, quick), *_sentinel1(folder, quick), *_sparse(folder, quick), _throughput(folder),
                *_sahi(folder, truth, quick)]


def _write_scene(path: Path, width: int, height: int, dtype: str, count: int = 1) -> Path:
    """The mosaic beside itself, in 16 bits with noise, or as float32."""
    with rasterio.open(path.with_name('part.tif')) as file:
        part = file.read(1)
    rng = np.random.default_rng(0)
    with rasterio.open(path, 'w', driver='GTiff', count=count, height=height, width=width, dtype=dtype, tiled=True,
                       blockxsize=512, blockysize=512, crs='EPSG:32633',
                       transform=from_origin(500000, 5000000, 10, 10)) as file:
        for y in range(0, height, PART):
            for x in range(0, width, PART):
                h, w = min(PART, height - y), min(PART, width - x)
                values = np.rot90(part, rng.integers(4))[:h, :w] * 40.0 + rng.integers(0, 40, (h, w))
                file.write(np.stack([values / (band + 1) for band in range(count)]).astype(dtype), window=Window(x, y, w, h))
    return path


def measure(options: str) -> None:
    """Detect in scenes and print the seconds of each and the peak memory of the process in MB; run by :func:`_measure`.

    The scenes of ``first`` are not timed: they load the network.
    """
    wanted = json.loads(options)
    detector = DetectInferencer(MODEL, device='cpu', show_progress=False, runtime=wanted['runtime'])
    seconds = []
    for path in [*wanted['first'], *wanted['paths']]:
        begin = time.perf_counter()
        detector(path, out_dir=Path(path).parent / 'out', overwrite=True, bands=[1])
        seconds.append(time.perf_counter() - begin)
    print(json.dumps(dict(seconds=seconds[len(wanted['first']):], peak=peak_memory())))


def _measure(runtime: str, *paths: Path, twice: bool = True) -> tuple[list[float], float]:
    """Seconds of each scene, and the peak, in a process of its own. ``twice``: the first comes once before, not timed."""
    command = ('import sys; import mmsight; sys.path.append(sys.argv[1]); from benchmarks.scenes import measure; '
               'measure(sys.argv[2])')
    names = list(map(str, paths))
    options = json.dumps(dict(runtime=runtime, paths=names, first=names[:1] if twice else []))
    done = subprocess.run([sys.executable, '-c', command, str(Path(__file__).parents[1]), options], check=True,
                          stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return found['seconds'], found['peak']


def _areas(folder: Path, quick: bool) -> list[Row]:
    """Float32 scenes of growing sides, each in a process of its own; the first by torch as well."""
    sides, part = (2500, 5000) if quick else (5000, 10000, 20000), folder / 'part.tif'
    seconds, peaks = {}, {}
    for side in sides:
        scene = _write_scene(folder / f'{side}.tif', side, side, 'float32')
        if side == sides[0]:
            (_, by_torch), _ = _measure('torch', part, scene)
        (_, seconds[side]), peaks[side] = _measure(RUNTIME, part, scene)
        scene.unlink()
    each = {side: taken / side**2 * 1e6 for side, taken in seconds.items()}
    name = f'{sides[0]} x {sides[0]} float32'
    return [Row(f'{name}, {RUNTIME}', seconds[sides[0]], by_torch, 'torch', 's', '>= 3', speedup=True),
            *(Row(f'{side} x {side} float32, time for a million pixels', each[side], each[sides[0]], name, 's', '<= 1.2')
              for side in sides[1:]),
            *(Row(f'{side} x {side} float32, peak of the process', peaks[side], 2000, 'the limit', 'MB', '<= 1')
              for side in sides)]


def _sentinel1(folder: Path, quick: bool) -> list[Row]:
    """A scene of the size of a product of Sentinel-1, of which one of two bands is read."""
    width, height = (5000, 3400) if quick else (25000, 17000)
    scenes = [_write_scene(folder / f'{side}.tif', *side, 'uint16', 2) for side in ((3000, 3000), (width, height))]
    (_, seconds), peak = _measure(RUNTIME, *scenes)
    name = f'{width} x {height}, 2 bands of 16 bits'
    return [Row(f'{name}, {RUNTIME}', seconds, 240, 'the limit', 's', '<= 1'),
            Row(f'{name}, peak of the process', peak, 2000, 'the limit', 'MB', '<= 1')]


def _sparse(folder: Path, quick: bool) -> list[Row]:
    """A huge image that is written in three places only, to its end."""
    side, path = 20000 if quick else 200000, folder / 'sparse.tif'
    with rasterio.open(folder / 'part.tif') as file:
        part = file.read(1)[:600, :600]
    with rasterio.open(path, 'w', driver='GTiff', count=1, height=side, width=side, dtype='uint8', tiled=True, SPARSE_OK='TRUE',
                       BIGTIFF='YES', compress='deflate', crs='EPSG:32633',
                       transform=from_origin(500000, 5000000, 3, 3)) as file:
        for place in (512, side // 2, side - 1024):
            file.write(part, 1, window=Window(place, place, 600, 600))
    (seconds, ), peak = _measure('torch', path, twice=False)
    name = f'sparse scene of {side} x {side}'
    return [Row(f'{name}, peak of the process', peak, 2000, 'the limit', 'MB', '<= 1'),
            Row(f'{name}, to its end', seconds, 600, 'the limit', 's', '<= 1')]


def _throughput(folder: Path) -> Row:
    """Of the runtime, whose networks are there after a first call."""
    detector = DetectInferencer(MODEL, device='cpu', show_progress=False, runtime=RUNTIME)
    detector(folder / 'part.tif')
    return throughput(detector, folder / 'part.tif')


def _sahi(folder: Path, truth: torch.Tensor, quick: bool) -> list[Row]:
    """SAHI with the same weights and tiles by torch, on the mosaic as a picture; ``detect`` as it comes, by the runtime."""
    from sahi.models.mmdet import MmdetDetectionModel
    from sahi.predict import get_sliced_prediction
    with rasterio.open(folder / 'part.tif') as file:
        side = 1100 if quick else 2000  # which both cut into as many tiles
        image = file.read(1)[:side, :side]
    path = folder / 'scene.png'
    cv2.imwrite(str(path), image)
    truth = truth[(truth[:, :2] < image.shape[0] - 60).all(dim=1)]
    config, checkpoint = find_model(MODEL)
    weights = folder / 'weights.pth'
    detector = DetectInferencer(MODEL, device='cpu', show_progress=False)
    least = detector.model.dataset_meta['score_threshold']
    torch.save(dict(state_dict=detector.model.state_dict(), meta=dict(dataset_meta=detector.model.dataset_meta)), weights)
    config.test_dataloader.dataset.pipeline[0] = dict(type='LoadImageFromFile')
    peer = MmdetDetectionModel(model_path=str(weights), config_path=config, device='cpu', confidence_threshold=least)
    fast = DetectInferencer(MODEL, device='cpu', show_progress=False, runtime=RUNTIME)
    options: dict[str, Any] = dict(tile=512, overlap=128)

    def by_sahi() -> Any:
        return get_sliced_prediction(str(path), peer, 512, 512, 0.25, 0.25, perform_standard_pred=False, verbose=0)

    calls: dict[str, Callable] = dict(sahi=by_sahi, torch=lambda: detector(path, **options),
                                      fast=lambda: fast(path, **options))
    seconds = interleave(calls, 3, 2)
    found = [item.bbox.to_xyxy() + [item.score.value] for item in by_sahi().object_prediction_list]
    theirs = torch.from_numpy(from_upright(np.array(found)[:, :4])).float()
    ours = find_ships(fast, path, **options)
    right = [int((box_iou_rotated(boxes, truth) > 0.5).any(0).sum()) for boxes in (ours, theirs)]
    scene = f'mosaic of {image.shape[0]} x {image.shape[0]}, tiles of 512'
    return [Row(f'{scene}, {RUNTIME}', 1 / seconds['fast'], 1 / seconds['sahi'], 'SAHI', 'scenes/s', '>= 2.5'),
            Row(f'{scene}, torch', 1 / seconds['torch'], 1 / seconds['sahi'], 'SAHI', 'scenes/s', '>= 1'),
            Row(f'{scene}, true ships of {len(truth)}', right[0], right[1], 'SAHI', 'ships', '>= 1')]
