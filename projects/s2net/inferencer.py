"""Match two images of different modality, and register the second to the first, or say that it cannot be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import rasterio
import torch
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from mmengine.structures import BaseDataElement
from torch import nn

from mmsight.apis.base_inferencer import FileInferencer, write_picture
from mmsight.apis.expectations import size_warnings
from mmsight.apis.georeference import Place
from mmsight.apis.scene import Scene, count_pixels, is_raster_file
from mmsight.errors import InputError
from mmsight.files import complete_file
from mmsight.json_files import write_json
from mmsight.registry import TASK_UTILS

from . import DetectDescribe
from .homography import Reliability, check_homography
from .match_images import THRESHOLD, Matches, match_images
from .match_visualization_hook import checkerboard, draw_matches
from .matching import move_points
from .task import TASK

LARGEST = 32766
"""Longest side that OpenCV warps."""
BLANK = 0.5
"""Standard deviation, in grey levels, below which an image shows nothing."""
MARGIN = 5
"""Pixels around nodata without keypoints: its edge draws them."""
SMALL = 600
"""Longer side, in pixels, to about which smaller images are enlarged in the picture."""
SHOWN = 150
"""Matches drawn of those that agree, and of those that do not."""
COORDINATES = ('homography maps (x, y) in pixels of the first file to pixels of the second, both at their original resolution, '
               'the centre of the first pixel at (0, 0)')


class Pair(NamedTuple):
    """Two image files."""

    first: Path
    second: Path

    def __str__(self) -> str:
        return f'{self.first} and {self.second}'


@dataclass
class _Views:
    """Both files, and what is matched of them: uint8 RGB (h, w, 3) and where they are data, or None for everywhere."""

    pair: Pair
    scenes: list[Scene]
    images: list[np.ndarray]
    masks: list[np.ndarray | None]


class MatchInferencer(FileInferencer):
    """Pairs of images in; matches, the homography and the second image on the first one's pixels out.

    Images are matched at a longer side of ``max_side``, and all results are given at the original resolution of both files.
    A homography that is not reliable is not returned: the prediction then has ``homography`` None and the ``reason``; see
    :mod:`mmsight.projects.s2net.homography`.

    Files may be images or rasters (GeoTIFF) of one or three bands, 8 or 16 bits or float. The registered image keeps the
    values of the second file and takes the georeference of the first; outside the second it is 0, and masked in a GeoTIFF.

    Call it with a pair ``(first, second)`` or a list of pairs. It writes ``<name>_matches.npz`` (``first`` and ``second``
    (n, 2), ``inlier`` (n, ), and with a homography ``homography`` (3, 3) and ``residual`` (n, ) in pixels of the second file),
    ``<name>_match.json``, ``<name>_matches.png`` (those that agree green), and with a homography ``<name>_checkerboard.png``
    and ``<name>_registered.png``, or ``.tif`` where the first file is georeferenced.

    Args:
        model (str): Of S2-Net as for every inferencer, or one of the task's ``methods``.
        weights (str, optional), device (str, optional), show_progress (bool), trust (bool), runtime (str): As for every
            inferencer.
    """

    task = TASK
    preprocess_kwargs = {'max_side', 'bands'}
    forward_kwargs = {'keypoints', 'transform'}

    def __init__(self, model: str = 'SIFT', weights: str | None = None, device: str | None = None,
                 show_progress: bool = True, trust: bool = False, runtime: str = 'torch') -> None:
        if model.upper() not in TASK.methods:
            super().__init__(model, weights, device, show_progress, trust, runtime)
            return
        if runtime != 'torch':
            raise InputError(f'{model.upper()} has no network: leave out --runtime')
        if weights is not None:
            raise InputError(f"{model.upper()} is not trained: '{weights}' cannot be its weights")
        self.checkpoint = model.upper()
        # a baseline has neither a config of its own nor weights
        BaseInferencer.__init__(self, Config(dict(model=dict(type=f'mmsight.{model.upper()}'))), None, 'cpu', 'mmsight',
                                show_progress)

    def _init_model(self, cfg: Config, weights: str | None, device: str = 'cpu') -> nn.Module:
        if weights is None:
            return TASK_UTILS.build(cfg.model)
        model = super()._init_model(cfg, weights, device)
        if not isinstance(model, DetectDescribe):
            raise InputError(f'{cfg.filename}: matching needs a model of S2-Net, or one of {", ".join(TASK.methods)}, found '
                             f'{type(model).__name__}')
        return model

    def list_inputs(self, inputs: Sequence) -> list[Pair]:
        """One pair, or several."""
        pairs = [inputs] if inputs and isinstance(inputs[0], (str, Path)) else inputs
        found = []
        for pair in pairs:
            if len(pair) != 2:
                raise InputError(f'two images are matched, found {len(pair)}')
            files = super().list_inputs([pair[0]]) + super().list_inputs([pair[1]])
            if len(files) != 2:
                raise InputError(f'two images are matched, and {pair[0]} and {pair[1]} are {len(files)} files')
            found.append(Pair(*files))
        return found

    def count_pixels(self, path: Path) -> int:
        return count_pixels(path)

    def files_of(self, item: Pair) -> Sequence[Path]:
        return item

    @staticmethod
    def name_of(path: Pair) -> str:
        first, second = path.first.stem, path.second.stem
        return first if first == second else f'{first}_{second}'

    def result_paths(self, file: Pair, folder: Path) -> dict[str, Path]:
        endings = dict(matches='_matches.npz', report='_match.json', picture='_matches.png', checkerboard='_checkerboard.png',
                       registered='_registered.png', geotiff='_registered.tif')
        return {name: folder / f'{self.name_of(file)}{ending}' for name, ending in endings.items()}

    def preprocess(self, pair: Pair, out_dir: Path | None, *, max_side: int, bands: Sequence | None) -> _Views:
        """Read both images, reduced so that no side is longer than ``max_side``.

        ``bands`` are numbers for both rasters, or two texts, one for each file: see :func:`parse_bands`.
        """
        views = _Views(pair, [], [], [])
        for path, chosen in zip(pair, parse_bands(bands, pair), strict=True):
            scene = _open(path, chosen)
            factor = min(1.0, max_side / max(scene.width, scene.height))
            size = max(1, round(scene.height * factor)), max(1, round(scene.width * factor))
            image, valid = scene.read(0, 0, scene.width, scene.height, None if factor == 1 else size)
            scene.warnings += size_warnings(path.name, scene.width, scene.height, getattr(self.model, 'dataset_meta', {}))
            views.scenes.append(scene)
            views.images.append(np.ascontiguousarray(image[..., ::-1]))
            side = 2 * MARGIN + 1
            views.masks.append(None if valid.all() else cv2.erode(
                valid.astype(np.uint8), np.ones((side, side), np.uint8), borderValue=1) > 0)
        return views

    def forward(self, views: _Views, *, keypoints: int, transform: str | None) -> BaseDataElement:
        """Match both images, with the ``transform`` that is asked for, or the simplest that explains the matches.

        Returns:
            BaseDataElement: ``first`` and ``second`` (n, 2), ``inlier`` (n, ) and, where it is reliable, ``homography`` (3, 3)
            and ``residual`` (n, ), at the files' resolution; ``reason`` and the other numbers of :class:`.Reliability`.
        """
        first_size, second_size = ((image.shape[0], image.shape[1]) for image in views.images)
        # where nothing is seen, a network matches the borders of both images
        blank = [path.name for path, image in zip(views.pair, views.images, strict=True) if image.std() < BLANK]
        if blank:
            found = Matches(np.zeros((0, 2)), np.zeros((0, 2)), None, np.zeros(0, bool))
            reliability = Reliability(f'{blank[0]} shows nothing, its pixels are all alike')
        else:
            (first, second), (mask, other) = views.images, views.masks
            with torch.no_grad():
                found = match_images(self.model, first, second, keypoints, (mask, other), transform)
            reliability = check_homography(found.homography, found.first, found.second, found.inlier, first_size, second_size,
                                           THRESHOLD, found.kind, found.correction)
        # from the files' pixels to those that were matched
        reduced = [_reduction(scene, image) for scene, image in zip(views.scenes, views.images, strict=True)]
        first, second = (move_points(points, np.linalg.inv(matrix)) for points, matrix in zip(found[:2], reduced, strict=True))
        scale = reduced[1][0, 0]
        facts = dict(reliability._asdict(), drift=reliability.drift / scale, accuracy=reliability.accuracy / scale,
                     disagreement=reliability.disagreement / scale, transform=found.kind,
                     correlation=None if found.correction is None else found.correction.correlation)
        sample = BaseDataElement(metainfo=facts, first=torch.from_numpy(first), second=torch.from_numpy(second),
                                 inlier=torch.from_numpy(found.inlier))
        if reliability.reason is None:
            homography = np.linalg.inv(reduced[1]) @ found.homography @ reduced[0]
            sample.homography = torch.from_numpy(homography / homography[2, 2])
            sample.residual = torch.from_numpy(np.linalg.norm(move_points(first, homography) - second, axis=1))
        return sample

    def visualize(self, views: _Views, prediction: BaseDataElement) -> np.ndarray:
        """Both images with their matches, those that agree on a homography green."""
        inlier = prediction.inlier.numpy()
        order = np.random.default_rng(0).permutation(len(inlier))
        shown = np.concatenate([order[inlier[order] == agree][:SHOWN] for agree in (False, True)])
        # lines are a pixel wide
        factor = max(1, round(SMALL / max(max(image.shape) for image in views.images)))
        images = [cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST) for image in views.images]
        points = [move_points(points.numpy()[shown], _reduction(scene, image)) for points, scene, image in zip(
            (prediction.first, prediction.second), views.scenes, images, strict=True)]
        return draw_matches(images[0], images[1], points[0], points[1], inlier[shown])

    def postprocess(self, views: _Views, prediction: BaseDataElement, picture: np.ndarray | None, return_datasamples: bool,
                    out_dir: Path | None) -> dict | BaseDataElement:
        """Measure the residuals, write the files."""
        first, second = views.scenes
        reliable = prediction.reason is None
        report: dict[str, Any] = dict(
            first=str(first.path), second=str(second.path), model=self.checkpoint,
            homography=prediction.homography.tolist() if reliable else None, reason=prediction.reason, note=COORDINATES,
            first_size=[first.width, first.height], second_size=[second.width, second.height],
            matches=len(prediction.inlier), inliers=int(prediction.inlier.sum()), distinct_inliers=prediction.inliers,
            log10_false_alarms=_finite(prediction.log_nfa), overlap=_finite(prediction.overlap),
            transform=prediction.transform if reliable else None, drift_px=_finite(prediction.drift),
            accuracy_px=_finite(prediction.accuracy),
            correlation=None if prediction.correlation is None else round(prediction.correlation, 4),
            notes=[*first.notes, *second.notes], warnings=[*first.warnings, *second.warnings])
        if reliable:
            residual = prediction.residual[prediction.inlier].numpy()
            report['residual_px'] = {name: round(float(value), 3) for name, value in dict(
                median=np.median(residual), rms=np.sqrt(np.mean(residual**2)), largest=residual.max()).items()}
            if second.georeference is not None and first.georeference is None:
                report['warnings'].append(f'{first.path.name} has no georeference, so the registered image has none either: '
                                          f"swap both to keep that of {second.path.name}")
        if out_dir is not None and picture is not None:
            self._write(views, prediction, report, picture, out_dir)
        for scene in views.scenes:
            scene.close()
        return prediction if return_datasamples else report

    def _write(self, views: _Views, prediction: BaseDataElement, report: dict, picture: np.ndarray, out_dir: Path) -> None:
        paths, (first, second) = self.result_paths(views.pair, out_dir), views.scenes
        for path in paths.values():  # a refused pair keeps nothing of an earlier run
            path.unlink(missing_ok=True)
        written = ['matches', 'picture']
        with complete_file(paths['matches']) as scratch:
            np.savez(scratch, **{name: value.numpy() for name, value in prediction.items()})
        write_picture(picture, paths['picture'])
        if prediction.reason is None:
            homography = prediction.homography.numpy()
            sizes = [_reduction(scene, image) for scene, image in zip(views.scenes, views.images, strict=True)]
            reduced = sizes[1] @ homography @ np.linalg.inv(sizes[0])
            write_picture(checkerboard(views.images[0], views.images[1], reduced), paths['checkerboard'])
            image, valid = register(first, second, homography)
            place = first.georeference
            if place is None and image.dtype in (np.uint8, np.uint16) and len(image) in (1, 3):
                kind = 'registered'
                write_picture(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)), paths[kind])
            else:
                kind = 'geotiff'
                write_geotiff(image, valid, place, paths[kind])
            written += ['checkerboard', kind]
        report['files'] = {'registered' if name == 'geotiff' else name: str(paths[name]) for name in [*written, 'report']}
        write_json(paths['report'], report, indent=2)


def parse_bands(bands: Sequence | None, pair: Pair) -> list[list[int] | None]:
    """What is read of each file, None for what the file itself says.

    Args:
        bands (Sequence, optional): Of one or three numbers, or of one text such as ``'4'`` or ``'3,2,1'``, for both files,
            where images that are no rasters are read as they are; of two texts or lists of numbers, one for each file.
        pair (Pair): The files.

    Raises:
        InputError: If it is none of these.
    """
    given = [str(item).strip('()[]').replace(' ', '') for item in bands or ['auto']]
    if len(given) == 3 and all(item.isdigit() for item in given):
        given = [','.join(given)]
    found = [None if item == 'auto' else item.split(',') for item in given]
    wrong = len(given) > 2 or any(item is not None and (len(item) not in (1, 3) or not all(map(str.isdecimal, item)))
                                  for item in found)
    if wrong:
        raise InputError(f"--bands {' '.join(map(str, bands or ()))}: expected one band, or three with commas, for both files, "
                         'or one of these for each, e.g. --bands 3,2,1 1 or --bands 4 auto')
    numbers = [None if item is None else list(map(int, item)) for item in found]
    return numbers if len(numbers) == 2 else [numbers[0] if is_raster_file(path) else None for path in pair]


def _open(path: Path, bands: Sequence[int] | None) -> Scene:
    """A file with colour or grey values."""
    scene = Scene(path, grey=False, bands=bands)
    if max(scene.width, scene.height) > LARGEST:
        raise InputError(f'{path}: the image is {scene.width} x {scene.height} pixels, and at most {LARGEST} a side can be '
                         'registered: cut the part that the other one shows')
    return scene


def _reduction(scene: Scene, image: np.ndarray) -> np.ndarray:
    """The matrix (3, 3) from pixels of a file to those of its reduced image (h, w, 3)."""
    x, y = image.shape[1] / scene.width, image.shape[0] / scene.height
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


def _finite(value: float) -> float | None:
    """JSON knows no infinity."""
    return round(float(value), 4) if np.isfinite(value) else None


def register(first: Scene, second: Scene, homography: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The second image on the pixels of the first: its own values (bands, H, W), 0 outside it, and where it is (H, W)."""
    values, valid = second.values(0, 0, second.width, second.height)

    def warp(image: np.ndarray) -> np.ndarray:
        size = first.width, first.height
        return cv2.warpPerspective(image, homography, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)

    there = warp(valid.astype(np.float32)) > 0.999
    # OpenCV warps neither 32-bit integers nor signed bytes
    plain = values.dtype if values.dtype in (np.uint8, np.uint16, np.int16, np.float32, np.float64) else np.dtype(np.float64)
    moved = [np.where(there, warp(np.where(valid, band, 0).astype(plain)), 0) for band in values]
    return np.stack([band if plain == values.dtype else band.round() for band in moved]).astype(values.dtype), there


def write_geotiff(image: np.ndarray, valid: np.ndarray, place: Place | None, path: Path) -> None:
    """Write bands (n, H, W) with a mask (H, W), whole or not at all."""
    where = {} if place is None else place.stored_as()
    # through memory: GDAL only logs that a disk is full when it closes a file
    with complete_file(path) as scratch, rasterio.MemoryFile() as memory:
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), memory.open(
                driver='GTiff', width=image.shape[2], height=image.shape[1], count=len(image), dtype=image.dtype,
                compress='deflate', tiled=True, **where) as file:
            file.write(image)
            file.write_mask(valid)
        scratch.write_bytes(memory.getbuffer())
