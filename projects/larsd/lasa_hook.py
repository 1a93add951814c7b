"""Pictures of what LASA does: boxes coloured by score before and after, with the points where the score map was read."""

from collections.abc import Sequence

import cv2
import matplotlib
import numpy as np
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import ConfigDict
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmengine.structures import InstanceData

from mmsight.apis.scene import read_8_bits
from mmsight.registry import HOOKS
from mmsight.rotated_iou import corners

from .lasa import LASA


@HOOKS.register_module()
class LASAPictureHook(Hook):
    """While testing, hand pictures of the first images to the visualizer, which by default keeps them below ``vis_data``.

    Left the detections without LASA, right with it: dark red for scores near 0, yellow near 1. Detectors without a
    ``bbox_head``, or whose head has no LASA, are left alone.

    Args:
        number (int): How many images.
        score_thr (float): Boxes below are not drawn.
    """

    def __init__(self, number: int = 4, score_thr: float = 0.2) -> None:
        self.number, self.score_thr = number, score_thr

    def before_test_epoch(self, runner: Runner) -> None:
        """Count from the first image again."""
        self.drawn = 0

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                        outputs: Sequence[DetDataSample] | None = None) -> None:
        """Predict the batch once more without LASA, and draw."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        head = getattr(model, 'bbox_head', None)  # a sliding window has none
        if self.drawn >= self.number or head is None or head.test_cfg.get('lasa') is None:
            return
        cfg = head.test_cfg
        head.test_cfg = ConfigDict(cfg, lasa=None)
        try:
            before = model.test_step(data_batch)
        finally:
            head.test_cfg = cfg
        for raw, aligned in list(zip(before, outputs or (), strict=True))[:self.number - self.drawn]:
            image = read_8_bits(aligned.img_path, grey=False)
            halves = [self._draw(image, raw.pred_instances, None), self._draw(image, aligned.pred_instances, LASA(**cfg.lasa))]
            runner.visualizer.add_image(f'lasa_{self.drawn}', np.hstack(halves)[..., ::-1])
            self.drawn += 1

    def _draw(self, image: np.ndarray, found: InstanceData, lasa: LASA | None) -> np.ndarray:
        """A BGR picture, twice the size of the image."""
        picture = cv2.resize(image, None, fx=2, fy=2)
        found = found[found.scores > self.score_thr]
        boxes = get_box_tensor(found.bboxes).cpu()
        colours = (255 * matplotlib.colormaps['hot'](0.3 + 0.5 * found.scores.cpu().numpy())[:, 2::-1]).tolist()
        points = lasa.sampling_points(boxes).numpy() if lasa else np.zeros((len(boxes), 0, 2))
        for outline, dots, colour in zip(corners(boxes.numpy()), points, colours, strict=True):
            cv2.polylines(picture, [np.round(2 * outline).astype(np.int32)], True, colour, 2, cv2.LINE_AA)
            for x, y in dots:
                cv2.circle(picture, (round(2 * x), round(2 * y)), 2, colour, -1, cv2.LINE_AA)
        return picture
