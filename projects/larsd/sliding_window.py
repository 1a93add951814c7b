"""Detection in images of any size by a sliding window, in constant memory beyond the image itself."""

import torch
from mmcv.ops import batched_nms
from mmdet.structures import DetDataSample
from mmengine.model import BaseTTAModel
from mmengine.structures import InstanceData
from mmrotate.structures.bbox import RotatedBoxes
from rich.progress import track
from torch import Tensor, nn

from mmsight.registry import MODELS

from .tiling import tile_windows


def inside_core(centers: Tensor, window: tuple[int, ...], size: tuple[int, int], overlap: int) -> Tensor:
    """Which detections of a tile are not left to its neighbours, bool (n, ).

    A tile keeps a detection unless its centre is nearer than 3/8 of the overlap to a border that the tile does not share with
    the image. What the border leaves of a ship of up to 3/4 overlap has its centre there, and is dropped; the whole ship has
    its centre farther inside in at least one tile. The kept parts of neighbours overlap by 1/4 overlap or more, so that no
    ship is lost to a small error of its centre; those found twice are merged by NMS.

    Args:
        centers (Tensor): (n, 2), x and y in the tile.
        window (tuple[int, ...]): x1, y1, x2, y2 of the tile.
        size (tuple[int, int]): (w, h) of the image.
        overlap (int): Least overlap of neighbours.
    """
    margin = 3 / 8 * overlap
    keep = torch.ones(len(centers), dtype=torch.bool, device=centers.device)
    for axis in (0, 1):
        low, high = window[axis], window[axis + 2]
        if low > 0:
            keep &= centers[:, axis] >= margin
        if high < size[axis]:
            keep &= centers[:, axis] < high - low - margin
    return keep


@torch.no_grad()
def detect_by_tiles(detector: nn.Module, image: Tensor, tile: int = 800, overlap: int = 200, batch_size: int = 4,
                    iou_threshold: float = 0.1, max_per_img: int = 2000, progress: bool | None = None) -> InstanceData:
    """Rotated boxes in an image of any size.

    Equal to the detector's own result on the whole image as far as the detector is local: it sees a ship of up to 3/4 of the
    overlap, and what its score depends on, in one tile.

    Args:
        detector (nn.Module): Any detector of mmrotate or mmdet that predicts rotated boxes, in evaluation mode.
        image (Tensor): uint8 (3, H, W), as the detector's data preprocessor expects it.
        tile (int): Side of the tiles in pixels, best the size that the detector was trained at.
        overlap (int): Least overlap of neighbours; 4/3 of the longest ship or more.
        batch_size (int): Tiles at a time: what memory grows with.
        iou_threshold (float): Of the NMS, within each class, that merges what neighbours both found: the detector's own.
        max_per_img (int): Detections kept, the best.
        progress (bool, optional): Show a bar. Defaults to images of more than 16 tiles.

    Returns:
        InstanceData: ``bboxes`` (n, 5), ``scores`` (n, ) and ``labels`` (n, ), by falling score, on the CPU.
    """
    height, width = image.shape[1:]
    windows = tile_windows(width, height, tile, overlap).tolist()
    batches = [windows[begin:begin + batch_size] for begin in range(0, len(windows), batch_size)]
    found = []
    shown = len(windows) > 16 if progress is None else progress
    for batch in track(batches, 'tiles', disable=not shown):
        tiles = [image[:, y1:y2, x1:x2].contiguous() for x1, y1, x2, y2 in batch]
        shapes = [tuple(part.shape[1:]) for part in tiles]
        samples = [DetDataSample(metainfo=dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0))) for shape in shapes]
        for window, sample in zip(batch, detector.test_step(dict(inputs=tiles, data_samples=samples)), strict=True):
            part = sample.pred_instances
            boxes = getattr(part.bboxes, 'tensor', part.bboxes)
            keep = inside_core(boxes[:, :2], window, (width, height), overlap)
            shift = boxes.new_tensor([*window[:2], 0, 0, 0])
            found.append((boxes[keep] + shift, part.scores[keep], part.labels[keep]))
    boxes, scores, labels = (torch.cat(values).cpu() for values in zip(*found, strict=True))
    if len(boxes):
        _, keep = batched_nms(boxes, scores, labels, dict(type='nms_rotated', iou_threshold=iou_threshold))
    else:
        keep = labels
    keep = keep[:max_per_img]
    return InstanceData(bboxes=boxes[keep], scores=scores[keep], labels=labels[keep])


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

    def __init__(self, module: dict, **tiles) -> None:
        super().__init__(module)
        self.data_preprocessor = self.module.data_preprocessor  # distributed training asks the outer model for it
        self.tiles = tiles

    def forward(self, *args, **kwargs):
        """The detector's own."""
        return self.module(*args, **kwargs)

    def train_step(self, data: dict, optim_wrapper) -> dict[str, Tensor]:
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
