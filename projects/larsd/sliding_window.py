"""Detection in images of any size by a sliding window, in constant memory beyond the image itself."""

from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseTTAModel
from mmengine.structures import InstanceData
from mmrotate.structures.bbox import RotatedBoxes
from rich.progress import track
from torch import Tensor

from mmsight.apis.tiles import STRIDE, cut_by_tile, in_core, merge, plan_sizes, plan_tiles, slack
from mmsight.registry import MODELS

VALUES = ('scores', 'labels', 'bow_probabilities')
"""Of a box, beside itself; not all detectors have the last."""


@torch.no_grad()
def detect_by_tiles(detector: Any, image: Tensor, tile: int = 800, overlap: int = 200, batch_size: int = 4,
                    max_per_img: int = 2000, progress: bool | None = None) -> InstanceData:
    """Rotated boxes in an image of any size; tiles and their merging are those of ``mmsight detect``.

    Equal to the detector's own result on the whole image as far as the detector is local: it sees a ship, and what its score
    depends on, whole in one tile. Longest ships of 3/4 of the overlap are safe. Norms over the whole tile, as the GN in LARSD's
    towers, are not local: results shift a little with the tile's size.

    Args:
        detector (nn.Module): Any detector of mmrotate or mmdet that predicts rotated boxes, in evaluation mode.
        image (Tensor): uint8 (3, H, W), as the detector's data preprocessor expects it.
        tile (int): Side of the tiles in pixels, best the size that the detector was trained at.
        overlap (int): Least overlap of neighbours.
        batch_size (int): Tiles at a time: what memory grows with.
        max_per_img (int): Detections kept, the best.
        progress (bool, optional): Show a bar. Defaults to images of more than 16 tiles.

    Returns:
        InstanceData: ``bboxes`` (n, 5), ``scores`` (n, ) and ``labels`` (n, ), by falling score, on the CPU; and
        ``bow_probabilities`` (n, ) of a detector that has them.

    Raises:
        InputError: Unless 0 <= overlap < tile, and the tile is larger by at least the stride of 32.
    """
    tile, overlap = plan_sizes(None, tile, tile, overlap)
    height, width = image.shape[1:]
    tiles = plan_tiles(width, height, tile, overlap, STRIDE)
    batches = [tiles[begin:begin + batch_size] for begin in range(0, len(tiles), batch_size)]
    found: list[Any] = []
    shown = len(tiles) > 16 if progress is None else progress
    for batch in track(batches, 'tiles', disable=not shown):
        parts = [image[:, part.y:part.y + part.height, part.x:part.x + part.width].contiguous() for part in batch]
        shapes = [tuple(part.shape[1:]) for part in parts]
        samples = [DetDataSample(metainfo=dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0))) for shape in shapes]
        for part, sample in zip(batch, detector.test_step(dict(inputs=parts, data_samples=samples)), strict=True):
            pred = sample.pred_instances
            boxes = getattr(pred.bboxes, 'tensor', pred.bboxes).cpu().double().numpy() + (part.x, part.y, 0, 0, 0)
            keep = in_core(boxes, part, slack(part))
            values = {name: pred[name].cpu().numpy()[keep] for name in VALUES if name in pred}
            boxes, number = boxes[keep], np.full(keep.sum(), len(found))
            found.append(dict(values, bboxes=boxes, number=number, cut=cut_by_tile(boxes, part, width, height),
                              outside=~in_core(boxes, part)))
    whole = {name: np.concatenate([values[name] for values in found]) for name in found[0]}
    boxes, scores = whole['bboxes'], whole['scores']
    keep = merge(boxes, scores, whole['labels'], *(whole.pop(name) for name in ('number', 'cut', 'outside')))
    best = keep[np.argsort(-scores[keep], kind='stable')][:max_per_img]
    whole['bboxes'] = boxes.astype(np.float32)
    return InstanceData(**{name: torch.from_numpy(values[best]) for name, values in whole.items()})


@MODELS.register_module()
class SlidingWindowDetector(BaseTTAModel):
    """A detector that tests images of any size by :func:`detect_by_tiles`; its checkpoints fit unchanged.

    In a config: ``model = dict(_delete_=True, type='mmsight.SlidingWindowDetector', module=_base_.model, tile=512)``, with a
    test pipeline that does not pad. Where it resizes, tiles are cut from the resized image. Training is the detector's own, on
    what the train pipeline gives.

    Args:
        module (dict): The detector.
        **tiles: Keyword arguments of :func:`detect_by_tiles`.
    """

    def __init__(self, module: dict, **tiles: Any) -> None:
        super().__init__(module)
        self.data_preprocessor = self.module.data_preprocessor  # distributed training asks the outer model for it
        self.tiles = tiles

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The detector's own."""
        return self.module(*args, **kwargs)

    def train_step(self, data: dict, optim_wrapper: Any) -> dict[str, Tensor]:
        """The detector's own."""
        return self.module.train_step(data, optim_wrapper)

    def test_step(self, data: dict) -> list[DetDataSample]:
        """Predict the images of a batch one after the other, in the original images' pixels."""
        for image, sample in zip(data['inputs'], data['data_samples'], strict=True):
            found = detect_by_tiles(self.module, image, **self.tiles)
            scale_x, scale_y = sample.metainfo.get('scale_factor', (1.0, 1.0))
            boxes = RotatedBoxes(found.bboxes)
            boxes.rescale_((1 / scale_x, 1 / scale_y))
            found.bboxes = boxes.tensor
            sample.pred_instances = found
        return data['data_samples']

    val_step = test_step

    def merge_preds(self, data_samples_list: list) -> list[DetDataSample]:
        """Not used: tiles are merged image by image in :meth:`test_step`."""
        raise NotImplementedError
