"""Detect ships in images and in whole scenes."""

from collections.abc import Sequence
from contextlib import closing
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import TRANSFORMS, init_default_scope
from mmengine.structures import InstanceData
from rich.progress import Progress
from torch import nn

from mmsight.apis.base_inferencer import FileInferencer
from mmsight.apis.detect_task import DETECT, THRESHOLD, USUAL
from mmsight.apis.expectations import check_metainfo, colour_warnings, size_warnings
from mmsight.apis.land_mask import AUTO, LandMask
from mmsight.apis.land_shapes import world_coasts
from mmsight.apis.scene import Scene, Stretch, count_pixels
from mmsight.apis.scene_files import ENDINGS, draw, write_crops, write_results
from mmsight.apis.scene_job import MOST_BOXES, Found, SceneJob
from mmsight.apis.ships import describe, notes
from mmsight.apis.tile_runner import TileRunner, to_found, with_channels
from mmsight.apis.tile_workers import TileWorkers, check_workers
from mmsight.apis.tiles import STRIDE, plan_sizes, plan_tiles
from mmsight.errors import InputError
from mmsight.memory import return_free_memory
from mmsight.models.local_statistics import use_local_statistics
from mmsight.sentinel1 import POLARISATIONS

TILE = 512
"""Least side of a usual tile, in pixels of the network."""
LIMITS = dict(topk=MOST_BOXES, max_per_img=MOST_BOXES, nms_pre=3 * MOST_BOXES)
"""Least values in ``test_cfg``; ``nms_pre`` counts candidates of a level, of which several fall on a ship."""


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
    forward_kwargs = {'batch_size', 'workers'}
    postprocess_kwargs = {'format', 'crops'}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        side = self.network_side
        self.window = side if side and use_local_statistics(self.model, side) else 0
        self._workers = TileWorkers(type(self), self.arguments, self.say)

    def __call__(self, *args: Any, **kwargs: Any) -> dict:
        """See :meth:`.FileInferencer.__call__`; ``workers`` serve all scenes of a call."""
        try:
            return super().__call__(*args, **kwargs)
        finally:
            self._workers.close()

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
        check_workers(options['workers'], self.arguments['device'])
        Stretch.parse(options['stretch'])
        bands, tile, overlap, land = (options[name] for name in ('bands', 'tile', 'overlap', 'land'))
        for band in bands or ():
            if not (band.upper() in POLARISATIONS if isinstance(band, str) else isinstance(band, Integral) and int(band) > 0):
                raise InputError(f"--bands must be numbers above 0, or polarisations ({', '.join(POLARISATIONS)}), found "
                                 f'{band}')
        if bands and len(bands) not in ((1, ) if self.grey else (1, 3)):
            wanted = 'one band' if self.grey else 'one band, or three'
            raise InputError(f"--bands {' '.join(map(str, bands))}: the model reads {wanted}")
        if tile is not None and overlap is not None and overlap >= tile:
            raise InputError(f'--overlap must be less than --tile, found {overlap} and {tile}')
        if land is not None and str(land) == AUTO:
            world_coasts()
        elif land is not None and not Path(land).is_file():
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
                   overlap: int | None, scale: float | None, gsd: float | None, bands: Sequence[int | str] | None, stretch: str,
                   nodata: float | None, land: str | Path | None, land_buffer: float,
                   offset: tuple[int, int] = (0, 0)) -> SceneJob:
        """Open one image and plan its tiles.

        Args:
            source (Path): The image.
            out_dir (Path, optional): Folder of the results.
            threshold (float, optional): Least score. None takes the ``score_threshold`` of the model, else :data:`THRESHOLD`.
            tile (int, optional), overlap (int, optional): In pixels of the scene; see :func:`mmsight.apis.tiles.plan_sizes`.
            scale (float, optional): Enlarge the scene by this before the network.
            gsd (float, optional): Metres a pixel, where the file does not say it.
            bands (Sequence[int | str], optional), stretch (str), nodata (float, optional): See
                :class:`mmsight.apis.scene.Scene`.
            land (str | Path, optional), land_buffer (float): See :class:`mmsight.apis.land_mask.LandMask`.
            offset (tuple[int, int]): See :func:`mmsight.apis.tiles.plan_tiles`.
        """
        scene = Scene(source, self.grey, bands, stretch, nodata)
        if scene.georeference is None:
            scene.gsd = gsd
        chosen = self.training_scale() if scale is None else scale
        usual = round(max(TILE, self.network_side or 0) / chosen)
        window = round(self.window / chosen)
        side, shared = plan_sizes(scene.gsd, usual, tile, overlap, window)
        whole = scale is None and scene.georeference is None and max(scene.width, scene.height) <= (tile or usual)
        tiles = plan_tiles(scene.width, scene.height, side, shared, STRIDE / chosen, offset)
        self._check_gsd(scene, chosen)
        if len(tiles) > 1 and side < 2 * window:
            scene.warnings.append(
                f'{source.name}: tiles of {side} pixels are less than twice as wide as the windows of {window} that the '
                'network pools over, so that ships may differ from those of larger tiles: leave --tile and --overlap out')
        trained = self.model.dataset_meta
        scene.warnings += size_warnings(source.name, scene.width, scene.height, trained)
        scene.warnings += colour_warnings(source.name, scene.coloured, self.grey, trained)
        least = trained.get('score_threshold', THRESHOLD) if threshold is None else threshold
        mask = None if land is None else LandMask(Path(land), scene, land_buffer)
        job = SceneJob(scene, tiles, chosen, whole, least, None, mask)
        if out_dir is not None and len(tiles) > 1:
            stat = source.stat()
            job.resume(out_dir / f'{self.name_of(source)}.tiles.jsonl',
                       [source.name, stat.st_size, stat.st_mtime_ns, Path(self.checkpoint).stat().st_mtime_ns, self.checkpoint,
                        scene.limits, scene.nodata, scene.bands])
            if job.done:
                self.say(f'continuing: {len(job.done)} of {len(tiles)} tiles are done')
        return job

    def result_paths(self, file: Path, folder: Path) -> dict[str, Path]:
        return {name: folder / f'{self.name_of(file)}{ending}' for name, ending in ENDINGS.items()}

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

    @torch.no_grad()
    def forward(self, job: SceneJob, *, batch_size: int, workers: int) -> DetDataSample:
        """Detect in all tiles and merge.

        Args:
            job (SceneJob): See :meth:`preprocess`.
            batch_size (int): Most tiles of a batch.
            workers (int): Most processes that share the batches.

        Returns:
            DetDataSample: ``pred_instances`` with ``bboxes`` (N, 5), ``scores``, ``labels`` and ``bow_probabilities``, in the
            scene's pixels: see :class:`mmsight.apis.scene_job.Found`; ``rotated``, and ``failed``: number of a tile to the
            reason.
        """
        batches = job.batches(batch_size)
        if workers > (count := min(workers, len(batches))) > 0:
            self.say(f'workers used: {count} of {workers}, one for each batch of tiles that is left')
        if job.whole:
            job.done[0] = self._detect_whole(job)
        else:
            self._detect_tiles(job, batches, count)
        found = job.merged()
        instances = InstanceData(bboxes=torch.from_numpy(found.boxes), scores=torch.from_numpy(found.scores),
                                 labels=torch.from_numpy(found.labels), bow_probabilities=torch.from_numpy(found.bows))
        facts = dict(img_path=str(job.scene.path), ori_shape=(job.scene.height, job.scene.width), rotated=found.rotated,
                     failed=job.failed)
        return DetDataSample(pred_instances=instances, metainfo=facts)

    def _detect_tiles(self, job: SceneJob, batches: list[list[int]], workers: int) -> None:
        """Go through batches of tiles, in this process or in others, and keep what they hold."""
        runner = TileRunner(self.model, job, self.channels)
        results = self._workers.run(runner, batches, workers) if workers > 1 else runner.run(iter(batches))
        with Progress(disable=not self.show_progress) as bar, closing(results):
            task = bar.add_task('tiles', total=len(job.tiles), completed=len(job.done))
            for found in results:
                job.keep(found)
                bar.advance(task, len(found))
        return_free_memory()  # before the files are written, which takes some too
        if workers > 1 and self._used is not None:
            self._used |= self._workers.used

    def _detect_whole(self, job: SceneJob) -> Found:
        """A small image, as the config tests it."""
        scene = job.scene
        image, _ = scene.read(0, 0, scene.width, scene.height)
        packed = self.pipeline(dict(img=with_channels(image, self.channels), img_shape=image.shape[:2],
                                    ori_shape=image.shape[:2], img_id=0, img_path=str(scene.path), instances=[]))
        sample, = self.model.test_step(pseudo_collate([packed]))
        return to_found(sample, job.threshold)

    def visualize(self, job: SceneJob, prediction: DetDataSample) -> np.ndarray:
        """See :func:`mmsight.apis.scene_files.draw`."""
        instances = prediction.pred_instances
        return draw(job, instances.bboxes.numpy(), instances.bow_probabilities.numpy())

    def postprocess(self, job: SceneJob, prediction: DetDataSample, picture: np.ndarray | None, return_datasamples: bool,
                    out_dir: Path | None, *, format: Sequence[str] | None, crops: bool) -> dict | DetDataSample:
        """Drop ships on land, measure the rest, write the files.

        Args:
            format (Sequence[str], optional): See :data:`mmsight.apis.detect_task.FORMATS`.
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
        boxes, scores, labels, bows = (instances[name].numpy() for name in ('bboxes', 'scores', 'labels', 'bow_probabilities'))
        ships = describe(boxes, scores, labels, rotated, classes, scene, bows)
        suspects = sum(bool(ship['suspect_ambiguity']) for ship in ships)
        if suspects:
            scene.warnings.append(f'{scene.path.name}: {suspects} of the ships may be azimuth ambiguities of brighter ones: '
                                  'see suspect_ambiguity')
        report: dict[str, Any] = dict(
            source=str(scene.path), checkpoint=self.checkpoint, width=scene.width, height=scene.height, gsd_m=scene.gsd,
            threshold=job.threshold, scale=job.scale, tiles=len(job.tiles), ships=len(ships), on_land=ashore,
            failed_tiles=[dict(x=tile.x, y=tile.y, width=tile.width, height=tile.height, reason=job.failed[number])
                          for number, tile in enumerate(job.tiles) if number in job.failed],
            warnings=scene.warnings, boxes='oriented' if rotated else 'upright',
            notes=[*scene.notes, *notes(scene, rotated, ships)])
        if out_dir is not None and picture is not None:
            stem = out_dir / self.name_of(scene.path)
            write_crops(scene, ships, stem.with_name(f'{stem.name}_crops'), crops)
            write_results(scene, ships, report, picture, classes, format or USUAL, stem)
            job.close_journal()
        scene.close()
        return prediction if return_datasamples else dict(report, detections=ships)


def _raise_limits(config: dict) -> None:
    """Let a model return :data:`MOST_BOXES` an image, from enough candidates."""
    for name, value in config.items():
        if isinstance(value, dict):
            _raise_limits(value)
        elif name in LIMITS and isinstance(value, int) and value >= 0:  # None or below 0: no limit
            config[name] = max(value, LIMITS[name])
