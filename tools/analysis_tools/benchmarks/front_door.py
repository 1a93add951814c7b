"""The front door: a scene against bare batches of its tiles, two workers, memory of a large scene, start-up."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from mmsight.projects.sar_shipnet.toy import make_chip
from rasterio.transform import from_origin

from mmsight.apis import DetectInferencer
from mmsight.apis.tile_runner import TileRunner
from mmsight.apis.tile_workers import TileWorkers
from mmsight.engine.benchmark import Row, interleave, peak_memory
from mmsight.errors import InputError


def rows(quick: bool = False) -> list[Row]:
    """All rows; ``quick`` takes smaller scenes. Needs the toy SAR-ShipNet's checkpoint, which ``make demo`` leaves."""
    try:
        detector = DetectInferencer('sar_shipnet_toy', show_progress=False)
    except InputError as error:
        raise InputError(f'{error}; `make demo` trains it') from error
    with tempfile.TemporaryDirectory() as folder:
        scene = write_mosaic(Path(folder) / 'scene.tif', 1024 if quick else 2048)
        return [throughput(detector, scene, tile=512, overlap=128, batch_size=2), *_workers(detector, scene),
                *_memory(Path(folder), quick), *_start(Path(folder))]


def write_mosaic(path: Path, side: int, make_image: Callable[..., tuple] = make_chip) -> Path:
    """A scene of toy images, grey or BGR, side by side."""
    rng = np.random.default_rng(0)
    images = [make_image(rng)[0]]
    count = side // len(images[0])
    images += [make_image(rng)[0] for _ in range(count**2 - 1)]
    scene = np.concatenate([np.concatenate(images[i:i + count], axis=1) for i in range(0, count**2, count)])
    bands = scene.reshape(side, side, -1)[..., ::-1].transpose(2, 0, 1)
    with rasterio.open(path, 'w', driver='GTiff', count=len(bands), height=side, width=side, dtype='uint8', tiled=True,
                       crs='EPSG:32633', transform=from_origin(500000, 5000000, 10, 10)) as file:
        file.write(bands)
    return path


def throughput(detector: DetectInferencer, scene: Path, batch_size: int = 1, **options: Any) -> Row:
    """Tiles that are read, detected, merged and measured, against the network on the same tiles that lie ready."""
    options['batch_size'] = batch_size
    preprocess, *_ = detector._dispatch_kwargs(**detector.task.complete(options))
    job = detector.preprocess(scene, None, **preprocess)
    runner = TileRunner(detector.model, job, detector.channels)
    read = runner._read(range(len(job.tiles)))
    sizes: dict[torch.Size, list[torch.Tensor]] = {}
    for image, _ in (value for value in read.values() if isinstance(value, tuple)):  # the others do not pass the network
        sizes.setdefault(image.shape, []).append(image)
    ready = [images[i:i + batch_size] for images in sizes.values() for i in range(0, len(images), batch_size)]

    @torch.no_grad()
    def bare() -> None:
        for images in ready:
            runner._test(runner._batch(images))

    seconds = interleave(dict(ours=lambda: detector(scene, **options), theirs=bare), 3, 1)
    computed = ' and '.join(detector.computed_by)
    return Row(f'scene of {job.scene.width} x {job.scene.height}, share of the bare throughput', 1 / seconds['ours'],
               1 / seconds['theirs'], f'the same tiles through the network alone, by {computed}', 'scenes/s', '>= 0.85')


def _workers(detector: DetectInferencer, scene: Path) -> list[Row]:
    """Two workers, which have half of the threads each, against this process with all of them; both read, and neither merges.

    Then a call from its beginning, in which the workers start. None of this on a GPU, which they do not share.
    """
    if detector.arguments['device'] != 'cpu':
        return []
    options = dict(tile=512, overlap=128)
    preprocess, *_ = detector._dispatch_kwargs(**detector.task.complete(options))
    job = detector.preprocess(scene, None, **preprocess)
    runner, batches = TileRunner(detector.model, job, detector.channels), job.batches(1)

    @torch.no_grad()
    def one() -> None:
        list(runner.run(iter(batches)))

    with closing(TileWorkers(DetectInferencer, detector.arguments, print)) as workers:
        seconds = interleave(dict(ours=lambda: list(workers.run(runner, batches, 2)), theirs=one), 3, 1)
    calls = interleave(dict(ours=lambda: detector(scene, workers=2, **options), theirs=lambda: detector(scene, **options)), 1,
                       0)
    if job.scene.warnings:  # a worker has ended early
        raise RuntimeError(job.scene.warnings)
    threads = torch.get_num_threads()
    name, other = f'{len(batches)} tiles by --workers 2, {max(threads // 2, 1)} threads each', f'one process, {threads} threads'
    return [Row(f'{name}, once they run', 1 / seconds['ours'], 1 / seconds['theirs'], other, 'scenes/s', '>= 0.9'),
            Row(f'{name}, a call with their start less one of {other}', calls['ours'] - calls['theirs'], 20, 'the limit', 's',
                '<= 1')]


def detect(path: str) -> None:
    """Detect in a scene and print the peak memory of the process in MB; run by :func:`_memory`."""
    DetectInferencer('sar_shipnet_toy')(path, out_dir=Path(path).parent / 'out')
    print(peak_memory())


def _memory(folder: Path, quick: bool) -> list[Row]:
    """Peak memory of a process of its own; most of the scene is nodata, which costs reading but no network."""
    side = 4000 if quick else 20000
    path = folder / 'large.tif'
    chips = np.block([[make_chip(np.random.default_rng(i))[0] for i in range(4)]] * 2).astype(np.float32) / 255
    with rasterio.open(path, 'w', driver='GTiff', count=1, height=side, width=side, dtype='float32', tiled=True, nodata=0,
                       sparse_ok=True, compress='deflate', crs='EPSG:32633',
                       transform=from_origin(500000, 5000000, 10, 10)) as file:
        for place in np.linspace(0, side - 1024, 4).astype(int):
            file.write(chips, 1, window=rasterio.windows.Window(place, place, 1024, 512))
    command = 'import runpy, sys; import mmsight; runpy.run_path(sys.argv[1])["detect"](sys.argv[2])'
    done = subprocess.run([sys.executable, '-c', command, __file__, str(path)], check=True, capture_output=True, text=True)
    peak = float(done.stdout.split()[-1])
    return [Row(f'scene of {side} x {side} float32, peak of the process', peak, 3000, 'the limit', 'MB', '<= 1')]


def _start(folder: Path) -> list[Row]:
    """Cold processes."""
    image = np.tile(make_chip(np.random.default_rng(0))[0], (2, 2))
    path = folder / 'image.tif'
    with rasterio.open(path, 'w', driver='GTiff', count=1, height=512, width=512, dtype='uint8', crs='EPSG:32633',
                       transform=from_origin(500000, 5000000, 10, 10)) as file:
        file.write(image, 1)

    def seconds(*arguments: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, '-m', 'mmsight.cli', *arguments], check=True, capture_output=True)
        return time.perf_counter() - begin

    help_time = min(seconds('--help') for _ in range(3))
    first = seconds('detect', str(path), '-m', 'sar_shipnet_toy', '--out-dir', str(folder / 'first'))
    return [
        Row('mmsight --help', help_time, 1, 'the limit', 's', '<= 1'),
        Row('mmsight detect, first result of 512 x 512', first, 15, 'the limit', 's', '<= 1'),
    ]
