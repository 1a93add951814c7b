"""Detect ships in images and in whole scenes."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import TRANSFORMS, init_default_scope
from mmengine.structures import InstanceData
from rich.progress import Progress
from torch import nn

from mmsight.apis.base_inferencer import FileInferencer, write_picture
from mmsight.apis.detect_task import DETECT, THRESHOLD
from mmsight.apis.expectations import check_metainfo, colour_warnings, size_warnings
from mmsight.apis.land_mask import LandMask
from mmsight.apis.scene import Scene, Stretch, count_pixels, to_rgb
from mmsight.apis.ships import describe, notes, write_coco, write_csv, write_geojson
from mmsight.apis.tiles import STRIDE, Tile, cut_by_tile, in_core, merge, network_begin, plan_sizes, plan_tiles, resample, slack
from mmsight.errors import InputError, OutputError
from mmsight.files import complete_file
from mmsight.json_files import write_json
from mmsight.models.local_statistics import use_local_statistics
from mmsight.rotated_iou import corners, from_upright

TILE = 512
"""Least side of a usual tile, in pixels of the network."""
MOST_BOXES = 1000
"""Boxes that a model may return for a tile; configs say 100, for small chips."""
LIMITS = dict(topk=MOST_BOXES, max_per_img=MOST_BOXES, nms_pre=3 * MOST_BOXES)
"""Least values in ``test_cfg``; ``nms_pre`` counts candidates of a level, of which several fall on a ship."""
RED, ORANGE = (255, 64, 64), (255, 160, 0)


@dataclass
class Found:
    """What a tile, or a whole scene, holds: boxes (N, 5) in pixels of the scene, scores and labels (N, )."""

    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 5)))
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0))
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    rotated: bool = False

    def __getitem__(self, chosen: np.ndarray) -> 'Found':
        return Found(self.boxes[chosen], self.scores[chosen], self.labels[chosen], self.rotated)


@dataclass
class _Job:
    """A scene, how it is cut into tiles, and what is done already."""

    scene: Scene
    tiles: list[Tile]
    scale: float
    whole: bool
    threshold: float
    journal: Path | None
    land: LandMask | None
    done: dict[int, Found] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)


class DetectInferencer(FileInferencer):
    """Images, folders and whole scenes in; the ships out, as GeoJSON, CSV, COCO json and a picture.

    An image without georeference that is no larger than a tile goes through the config's own test pipeline. Everything else is
    cut into tiles, at the scale at which the training images reached the network (``METAINFO['image_side']``,
    or 1 if it is absent), and ships at the seams are merged. Layers that pool over their whole input pool over windows of the
    size of the training images instead, so that a ship is the same in every tile: see :mod:`mmsight.models.local_statistics`. A
    journal beside the results keeps what is done, so that an interrupted run resumes, and tiles that failed are tried again.

    Works with any mmdet model and with models that predict rotated boxes.

    It writes ``<name>.geojson``, ``<name>.csv``, ``<name>_coco.json``, ``<name>_preview.jpg``, ``<name>_report.json`` and, with
    ``crops``, ``<name>_crops/<id>.png``.
    """

    task = DETECT
    preprocess_kwargs = {'tile', 'overlap', 'offset', 'scale', 'gsd', 'bands', 'stretch', 'nodata', 'threshold',
                         'land', 'land_buffer'}
    forward_kwargs = {'batch_size'}
    postprocess_kwargs = {'crops'}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        side = self.network_side
        self.window = side if side and use_local_statistics(self.model, side) else 0

    def _init_model(self, cfg: Config, weights: str, device: str = 'cpu') -> nn.Module:
        init_default_scope(cfg.default_scope)
        loader = TRANSFORMS.build(cfg.test_dataloader.dataset.pipeline[0])
        self.grey = getattr(loader, 'grey', False) or getattr(loader, 'color_type', '') == 'grayscale'
        self.channels = getattr(loader, 'channels', 3)
        _raise_limits(cfg.model.get('test_cfg') or {})
        return super()._init_model(cfg, weights, device)

    def _init_pipeline(self, cfg: Config) -> Compose:
        """The test pipeline without what reads files."""
        steps = cfg.test_dataloader.dataset.pipeline[1:]
        return Compose([step for step in steps if not step['type'].endswith(('LoadAnnotations', 'ConvertBoxType'))])

    def check_options(self, options: dict) -> None:
        check_metainfo(self.model.dataset_meta, self.checkpoint)
        Stretch.parse(options['stretch'])
        bands, tile, overlap, land = (options[name] for name in ('bands', 'tile', 'overlap', 'land'))
        if bands and len(bands) not in ((1, ) if self.grey else (1, 3)):
            wanted = 'one band' if self.grey else 'one band, or three'
            raise InputError(f"--bands {' '.join(map(str, bands))}: the model reads {wanted}")
        if tile is not None and overlap is not None and overlap >= tile:
            raise InputError(f'--overlap must be less than --tile, found {overlap} and {tile}')
        if land is not None and not Path(land).is_file():
            raise InputError(f'{land}: the land mask does not exist')

    def count_pixels(self, path: Path) -> int:
        return count_pixels(path)

    @property
    def network_side(self) -> int | None:
        """Side to which the test pipeline resizes images."""
        scales = [step.scale for step in self.pipeline.transforms if getattr(step, 'scale', None)]
        return max(scales[0]) if scales else None

    def training_scale(self) -> float:
        """Factor between the training images' files and what the network saw of them; 1 where it is not known."""
        side = self.model.dataset_meta.get('image_side')
        return self.network_side / side if side and self.network_side else 1.0

    def preprocess(self, source: Path, out_dir: Path | None, *, threshold: float | None, tile: int | None,
                   overlap: int | None, scale: float | None, gsd: float | None, bands: Sequence[int] | None, stretch: str,
                   nodata: float | None, land: str | Path | None, land_buffer: float,
                   offset: tuple[int, int] = (0, 0)) -> _Job:
        """Open one image and plan its tiles.

        Args:
            source (Path): The image.
            out_dir (Path, optional): Folder of the results.
            threshold (float, optional): Least score. None takes the ``score_threshold`` of the model, else :data:`THRESHOLD`.
            tile (int, optional), overlap (int, optional): In pixels of the scene; see :func:`mmsight.apis.tiles.plan_sizes`.
            scale (float, optional): Enlarge the scene by this before the network.
            gsd (float, optional): Metres a pixel, where the file does not say it.
            bands (Sequence[int], optional), stretch (str), nodata (float, optional): See :class:`mmsight.apis.scene.Scene`.
            land (str | Path, optional), land_buffer (float): See :class:`mmsight.apis.land_mask.LandMask`.
            offset (tuple[int, int]): See :func:`mmsight.apis.tiles.plan_tiles`.
        """
        scene = Scene(source, self.grey, bands, stretch, nodata)
        if scene.georeference is None:
            scene.gsd = gsd
        chosen = self.training_scale() if scale is None else scale
        usual = round(max(TILE, self.network_side or 0) / chosen)
        side, shared = plan_sizes(scene.gsd, usual, tile, overlap, round(self.window / chosen))
        whole = scale is None and scene.georeference is None and max(scene.width, scene.height) <= (tile or usual)
        tiles = plan_tiles(scene.width, scene.height, side, shared, STRIDE / chosen, offset)
        self._check_gsd(scene, chosen)
        trained = self.model.dataset_meta
        scene.warnings += size_warnings(source.name, scene.width, scene.height, trained)
        scene.warnings += colour_warnings(source.name, scene.coloured, self.grey, trained)
        least = trained.get('score_threshold', THRESHOLD) if threshold is None else threshold
        mask = None if land is None else LandMask(Path(land), scene, land_buffer)
        job = _Job(scene, tiles, chosen, whole, least, None, mask)
        if out_dir is not None and len(tiles) > 1:
            job.journal = out_dir / f'{self.name_of(source)}.tiles.jsonl'
            self._continue(job)
        return job

    def result_paths(self, file: Path, folder: Path) -> dict[str, Path]:
        endings = dict(geojson='.geojson', csv='.csv', coco='_coco.json', preview='_preview.jpg', report='_report.json')
        return {name: folder / f'{self.name_of(file)}{ending}' for name, ending in endings.items()}

    def _check_gsd(self, scene: Scene, scale: float) -> None:
        """Warn if the network sees ships at other sizes than in training."""
        trained, given = self.model.dataset_meta.get('gsd'), scene.gsd
        if trained and given:
            seen = given * self.training_scale() / scale
            if not trained[0] <= seen <= trained[1]:
                fitting = self.training_scale() * given / (trained[0] * trained[1])**0.5
                scene.warnings.append(
                    f'{scene.path.name}: {given:.3g} m a pixel are outside the {trained[0]:g} to {trained[1]:g} m that the '
                    f'model was trained on, and so are the sizes of ships; --scale {fitting:.2g} brings them there')

    def _continue(self, job: _Job) -> None:
        """Take over what an earlier run of the same job has done, or begin its journal."""
        assert job.journal is not None
        stat = job.scene.path.stat()
        facts = [job.scene.path.name, stat.st_size, stat.st_mtime_ns, Path(self.checkpoint).stat().st_mtime_ns, self.checkpoint,
                 job.scale, job.threshold, job.scene.limits, job.scene.nodata, getattr(job.scene, 'bands', None),
                 [(tile.x, tile.y, tile.width, tile.height) for tile in job.tiles]]
        key = hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()
        lines = job.journal.read_text().split('\n')[:-1] if job.journal.is_file() else []  # the last may be half a line
        if lines and json.loads(lines[0]) == dict(job=key):
            for line in map(json.loads, lines[1:]):
                job.done[line['tile']] = Found(np.array(line['boxes']).reshape(-1, 5), np.array(line['scores']),
                                               np.array(line['labels'], int), line['rotated'])
            self.say(f'continuing: {len(job.done)} of {len(job.tiles)} tiles are done')
            # without the half line
            lines = [line + '\n' for line in lines]
        else:
            lines = [json.dumps(dict(job=key)) + '\n']
        with complete_file(job.journal) as scratch:
            scratch.write_text(''.join(lines))

    @torch.no_grad()
    def forward(self, job: _Job, *, batch_size: int) -> DetDataSample:
        """Detect in all tiles and merge.

        Returns:
            DetDataSample: ``pred_instances`` with ``bboxes`` (N, 5), ``scores`` and ``labels``, in the scene's pixels;
            ``rotated``, and ``failed``: number of a tile to the reason.
        """
        if job.whole:
            job.done[0] = self._detect_whole(job)
        else:
            self._detect_tiles(job, batch_size)
        found = self._merged(job)
        instances = InstanceData(bboxes=torch.from_numpy(found.boxes), scores=torch.from_numpy(found.scores),
                                 labels=torch.from_numpy(found.labels))
        facts = dict(img_path=str(job.scene.path), ori_shape=(job.scene.height, job.scene.width), rotated=found.rotated,
                     failed=job.failed)
        return DetDataSample(pred_instances=instances, metainfo=facts)

    def _detect_whole(self, job: _Job) -> Found:
        """A small image, as the config tests it."""
        scene = job.scene
        image, _ = scene.read(0, 0, scene.width, scene.height)
        packed = self.pipeline(dict(img=self._channels(image), img_shape=image.shape[:2], ori_shape=image.shape[:2], img_id=0,
                                    img_path=str(scene.path), instances=[]))
        sample, = self.model.test_step(pseudo_collate([packed]))
        return _to_found(sample, job.threshold)

    def _channels(self, image: np.ndarray) -> np.ndarray:
        return np.repeat(image, self.channels, axis=2) if image.shape[2] == 1 else image

    def _detect_tiles(self, job: _Job, batch_size: int) -> None:
        """All tiles that are left, in batches of one size, the next being read meanwhile."""
        with Progress(disable=not self.show_progress) as bar, ThreadPoolExecutor(1) as reader:
            task = bar.add_task('tiles', total=len(job.tiles), completed=len(job.done))
            batches = _batches(job, batch_size)
            coming = [reader.submit(self._read, job, numbers) for numbers in batches[:1]]
            for position in range(len(batches)):
                read = coming.pop().result()
                if position + 1 < len(batches):
                    coming.append(reader.submit(self._read, job, batches[position + 1]))
                self._finish(job, self._detect_batch(job, read))
                bar.advance(task, len(batches[position]))

    def _read(self, job: _Job, numbers: Sequence[int]) -> dict[int, tuple[torch.Tensor, np.ndarray] | Exception | None]:
        """Images (3, h, w) of tiles, as the network takes them, and where they are data; None for a tile without any."""
        found: dict[int, tuple[torch.Tensor, np.ndarray] | Exception | None] = {}
        for number in numbers:
            tile = job.tiles[number]
            try:
                image, valid = job.scene.read(tile.x, tile.y, tile.width, tile.height)
            except Exception as error:  # a tile that cannot be read is reported, whatever the reason
                found[number] = error
                continue
            if not valid.any():
                found[number] = None
                continue
            if job.scale != 1:
                image = resample(image, tile, job.scale)
            found[number] = torch.from_numpy(self._channels(image)).permute(2, 0, 1), valid
        return found

    def _detect_batch(self, job: _Job, read: dict) -> Iterator[tuple[int, Found | str]]:
        """What each tile holds, or why it failed."""
        ready = {number: value for number, value in read.items() if isinstance(value, tuple)}
        for number, value in read.items():
            if value is None:
                yield number, Found()
            elif isinstance(value, Exception):
                yield number, f'{type(value).__name__}: {value}'
        if not ready:
            return
        try:
            samples = self._test([image for image, _ in ready.values()])
        except Exception as error:  # one tile may have failed the batch
            if len(ready) > 1:
                for number, value in ready.items():
                    yield from self._detect_batch(job, {number: value})
            else:
                yield next(iter(ready)), f'{type(error).__name__}: {error}'
            return
        for (number, (_, valid)), sample in zip(ready.items(), samples, strict=True):
            yield number, self._in_scene(job, job.tiles[number], _to_found(sample, job.threshold), valid)

    def _test(self, images: Sequence[torch.Tensor]) -> list[DetDataSample]:
        samples = [DetDataSample(metainfo=dict(img_id=0, img_path='', ori_shape=image.shape[1:], img_shape=image.shape[1:],
                                               pad_shape=image.shape[1:], scale_factor=(1.0, 1.0))) for image in images]
        return self.model.test_step(dict(inputs=list(images), data_samples=samples))

    @staticmethod
    def _in_scene(job: _Job, tile: Tile, found: Found, valid: np.ndarray) -> Found:
        """From the tile's pixels to the scene's, without what lies in nodata or far outside the core."""
        boxes = found.boxes.copy()
        boxes[:, :2] += [network_begin(begin, job.scale) for begin in (tile.x, tile.y)]
        boxes[:, :4] /= job.scale
        x, y = ((boxes[:, i] - (tile.x, tile.y)[i]).astype(int).clip(0, valid.shape[1 - i] - 1) for i in (0, 1))
        on_data = valid[y, x]
        found = Found(boxes, found.scores, found.labels, found.rotated)
        return found[on_data & in_core(boxes, tile, slack(tile))]

    def _finish(self, job: _Job, results: Iterator[tuple[int, Found | str]]) -> None:
        """Keep the results of a batch, also in the journal."""
        lines = []
        for number, found in results:
            if isinstance(found, str):
                job.failed[number] = found
                continue
            job.done[number] = found
            lines.append(json.dumps(dict(tile=number, boxes=found.boxes.tolist(), scores=found.scores.tolist(),
                                         labels=found.labels.tolist(), rotated=found.rotated)) + '\n')
        if job.journal is not None:
            try:
                with job.journal.open('a') as file:
                    file.writelines(lines)
            except OSError as error:
                raise OutputError(f'{job.journal}: the file cannot be written: {error.strerror}') from error

    def _merged(self, job: _Job) -> Found:
        """The ships of the scene, best first."""
        numbers = sorted(job.done)
        parts = [job.done[number] for number in numbers]
        if not parts:
            return Found()
        found = Found(np.concatenate([part.boxes for part in parts]), np.concatenate([part.scores for part in parts]),
                      np.concatenate([part.labels for part in parts]), any(part.rotated for part in parts))
        if len(job.tiles) > 1:
            size, name = (job.scene.width, job.scene.height), job.scene.path.name
            cut = np.concatenate([cut_by_tile(part.boxes, job.tiles[number], *size)
                                  for number, part in zip(numbers, parts, strict=True)])
            origin = np.repeat(numbers, [len(part.boxes) for part in parts])
            keep = merge(found.boxes, found.scores, found.labels, origin, cut)
            if cut[keep].any():
                job.scene.warnings.append(f'{name}: {cut[keep].sum()} boxes reach the edge of their tile and may be cut: raise '
                                          '--overlap')
            full = [number for number, part in job.done.items() if len(part.boxes) >= MOST_BOXES]
            if full:
                job.scene.warnings.append(f'{name}: {len(full)} tiles hold as many boxes as the model may return: lower --tile')
            found = found[keep]
        return found[np.argsort(-found.scores, kind='stable')]

    def visualize(self, job: _Job, prediction: DetDataSample) -> np.ndarray:
        """The scene with its ships in red; tiles that failed are crossed out in orange."""
        picture = job.scene.thumbnail()
        if max(picture.shape[:2]) < 800:
            picture = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
        factor = picture.shape[1] / job.scene.width
        for number in job.failed:
            tile = job.tiles[number]
            (x0, y0), (x1, y1) = ((round(x * factor), round(y * factor)) for x, y in (
                (tile.x, tile.y), (tile.x + tile.width, tile.y + tile.height)))
            cv2.rectangle(picture, (x0, y0), (x1, y1), ORANGE, 2)
            cv2.line(picture, (x0, y0), (x1, y1), ORANGE, 2)
            cv2.line(picture, (x0, y1), (x1, y0), ORANGE, 2)
        outlines = (corners(prediction.pred_instances.bboxes.numpy()) * factor).round().astype(np.int32)
        cv2.polylines(picture, list(map(np.ascontiguousarray, outlines)), True, RED, 1 if factor == 1 else 2, cv2.LINE_AA)
        return picture

    def postprocess(self, job: _Job, prediction: DetDataSample, picture: np.ndarray | None, return_datasamples: bool,
                    out_dir: Path | None, *, crops: bool) -> dict | DetDataSample:
        """Drop ships on land, measure the rest, write the files.

        Args:
            crops (bool): Write a picture of each ship.
        """
        scene, rotated = job.scene, prediction.rotated
        instances, ashore = prediction.pred_instances, 0
        if job.land is not None:
            hit = job.land.covers(instances.bboxes[:, :2].numpy())
            ashore = int(hit.sum())
            prediction.pred_instances = instances = instances[torch.from_numpy(~hit)]
            if picture is not None and ashore:
                picture = self.visualize(job, prediction)
        classes = self.model.dataset_meta['classes']
        ships = describe(instances.bboxes.numpy(), instances.scores.numpy(), instances.labels.numpy(), rotated, classes, scene)
        report: dict[str, Any] = dict(
            source=str(scene.path), checkpoint=self.checkpoint, width=scene.width, height=scene.height, gsd_m=scene.gsd,
            threshold=job.threshold, scale=job.scale, tiles=len(job.tiles), ships=len(ships), on_land=ashore,
            failed_tiles=[dict(x=tile.x, y=tile.y, width=tile.width, height=tile.height, reason=job.failed[number])
                          for number, tile in enumerate(job.tiles) if number in job.failed],
            warnings=scene.warnings, boxes='oriented' if rotated else 'upright', notes=[*scene.notes, *notes(scene, rotated)])
        if out_dir is not None and picture is not None:
            self._write(job, ships, report, picture, out_dir, crops)
        scene.close()
        return prediction if return_datasamples else dict(report, detections=ships)

    def _write(self, job: _Job, ships: list[dict], report: dict, picture: np.ndarray, out_dir: Path, crops: bool) -> None:
        scene, paths = job.scene, self.result_paths(job.scene.path, out_dir)
        write_geojson(ships, scene, report['boxes'] == 'oriented', paths['geojson'])
        write_csv(ships, paths['csv'])
        write_coco(ships, self.model.dataset_meta['classes'], scene, paths['coco'])
        write_picture(picture, paths['preview'])
        folder = out_dir / f'{self.name_of(scene.path)}_crops'
        shutil.rmtree(folder, ignore_errors=True)
        if crops:
            folder.mkdir()
            for ship in ships:
                write_picture(_crop(scene, ship), folder / f"{ship['id']:05d}.png")
        report['files'] = {name: str(path) for name, path in paths.items()}
        write_json(paths['report'], report, indent=2)
        if job.journal is not None and not job.failed:
            job.journal.unlink(missing_ok=True)


def _raise_limits(config: dict) -> None:
    """Let a model return :data:`MOST_BOXES` an image, from enough candidates."""
    for name, value in config.items():
        if isinstance(value, dict):
            _raise_limits(value)
        elif name in LIMITS and isinstance(value, int) and value >= 0:  # None or below 0: no limit
            config[name] = max(value, LIMITS[name])


def _batches(job: _Job, batch_size: int) -> list[list[int]]:
    """Numbers of the tiles that are left, row by row, in batches of one size."""
    found: list[list[int]] = []
    for number, tile in enumerate(job.tiles):
        if number in job.done:
            continue
        same = found and len(found[-1]) < batch_size and all(
            getattr(job.tiles[found[-1][0]], name) == getattr(tile, name) for name in ('width', 'height'))
        if same:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def _to_found(sample: DetDataSample, threshold: float) -> Found:
    """Boxes of a data sample, upright or rotated, above the threshold."""
    instances = sample.pred_instances
    boxes = get_box_tensor(instances.bboxes).detach().cpu().double().numpy()
    rotated = boxes.shape[-1] == 5
    scores = instances.scores.detach().cpu().double().numpy()
    return Found(from_upright(boxes), scores, instances.labels.detach().cpu().numpy().astype(int), rotated)[scores >= threshold]


def _crop(scene: Scene, ship: dict) -> np.ndarray:
    """A ship with half its length of water around it, at least 32 pixels."""
    half = max(16, round(ship['length_px']))
    x0, y0 = max(int(ship['x']) - half, 0), max(int(ship['y']) - half, 0)
    x1, y1 = min(int(ship['x']) + half, scene.width), min(int(ship['y']) + half, scene.height)
    image, _ = scene.read(x0, y0, x1 - x0, y1 - y0)
    return to_rgb(image)
