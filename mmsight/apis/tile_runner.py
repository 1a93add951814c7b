"""The tiles of a scene through a network, in batches, the next being read meanwhile."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import get_box_tensor

from mmsight.apis.scene_job import Found, SceneJob
from mmsight.apis.tiles import Tile, in_core, network_begin, resample, slack
from mmsight.rotated_iou import from_upright

Results = Generator[list[tuple[int, Found | str]], None, None]
"""Of batches: number of a tile, and what it holds or why it failed."""


class TileRunner:
    """Detect in tiles of a job.

    Args:
        model (Any): A detector of mmdet or mmrotate.
        job (SceneJob): The scene and its tiles.
        channels (int): Of the network's input.
    """

    def __init__(self, model: Any, job: SceneJob, channels: int) -> None:
        self.model, self.job, self.channels = model, job, channels

    def run(self, batches: Iterator[list[int]]) -> Results:
        """What the tiles of each batch hold.

        Args:
            batches (Iterator[list[int]]): Numbers of tiles of one size. The next is asked for while one is computed.
        """
        # the thread computes nothing with torch, which would start a second pool of threads for it: that one's threads wait
        # actively, on the cores of the network
        reader = ThreadPoolExecutor(1)
        try:
            coming = reader.submit(self._next, batches)
            while (read := coming.result()) is not None:
                coming = reader.submit(self._next, batches)
                yield list(self._detect(read))
        finally:
            reader.shutdown(wait=False)  # after an error it may still wait for a batch

    def _next(self, batches: Iterator[list[int]]) -> dict | None:
        """The next batch as :meth:`_read` gives it; None at the end."""
        numbers = next(batches, None)
        return None if numbers is None else self._read(numbers)

    def _read(self, numbers: Sequence[int]) -> dict[int, tuple[torch.Tensor, np.ndarray] | Exception | None]:
        """Images (3, h, w) of tiles, as the network takes them, and where they are data; None for a tile without any,
        or of one value all over, in which nothing can be seen."""
        found: dict[int, tuple[torch.Tensor, np.ndarray] | Exception | None] = {}
        for number in numbers:
            tile = self.job.tiles[number]
            try:
                image, valid = self.job.scene.read(tile.x, tile.y, tile.width, tile.height)
            except Exception as error:  # a tile that cannot be read is reported, whatever the reason
                found[number] = error
                continue
            if not valid.any() or image.min() == image.max():
                found[number] = None
                continue
            if self.job.scale != 1:
                image = resample(image, tile, self.job.scale)
            # a view: grey values are not copied for each channel
            found[number] = torch.from_numpy(image).permute(2, 0, 1).expand(self.channels, -1, -1), valid
        return found

    def _detect(self, read: dict) -> Iterator[tuple[int, Found | str]]:
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
            samples = self._test(self._batch([image for image, _ in ready.values()]))
        except Exception as error:  # one tile may have failed the batch
            if len(ready) > 1:
                for number, value in ready.items():
                    yield from self._detect({number: value})
            else:
                yield next(iter(ready)), f'{type(error).__name__}: {error}'
            return
        for (number, (_, valid)), sample in zip(ready.items(), samples, strict=True):
            yield number, self._in_scene(self.job.tiles[number], to_found(sample, self.job.threshold), valid)

    def _batch(self, images: Sequence[torch.Tensor]) -> dict:
        samples = [DetDataSample(metainfo=dict(img_id=0, img_path='', ori_shape=image.shape[1:], img_shape=image.shape[1:],
                                               pad_shape=image.shape[1:], scale_factor=(1.0, 1.0))) for image in images]
        return self.model.data_preprocessor(dict(inputs=torch.stack(list(images)), data_samples=samples), False)

    def _test(self, data: dict) -> list[DetDataSample]:
        return self.model(**data, mode='predict')

    def _in_scene(self, tile: Tile, found: Found, valid: np.ndarray) -> Found:
        """From the tile's pixels to the scene's, without what lies in nodata or far outside the core."""
        boxes, scale = found.boxes.copy(), self.job.scale
        boxes[:, :2] += [network_begin(begin, scale) for begin in (tile.x, tile.y)]
        boxes[:, :4] /= scale
        x, y = ((boxes[:, i] - (tile.x, tile.y)[i]).astype(int).clip(0, valid.shape[1 - i] - 1) for i in (0, 1))
        on_data = valid[y, x]
        found = Found(boxes, found.scores, found.labels, found.rotated, found.bows)
        return found[on_data & in_core(boxes, tile, slack(tile))]


def with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """An image (H, W, 1 or 3) for a network of so many channels."""
    return np.repeat(image, channels, axis=2) if image.shape[2] == 1 else image


def to_found(sample: DetDataSample, threshold: float) -> Found:
    """Boxes of a data sample, upright or rotated, above the threshold."""
    instances = sample.pred_instances
    boxes = get_box_tensor(instances.bboxes).detach().cpu().double().numpy()
    rotated = boxes.shape[-1] == 5
    scores = instances.scores.detach().cpu().double().numpy()
    labels = instances.labels.detach().cpu().numpy().astype(int)
    found = Found(from_upright(boxes), scores, labels, rotated)
    if 'bow_probabilities' in instances:
        found.bows = instances.bow_probabilities.detach().cpu().double().numpy()
    return found[scores >= threshold]
