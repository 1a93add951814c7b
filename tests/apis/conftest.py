"""A detector that finds bright ships, upright or rotated, and scenes to find them in."""

import cv2
import numpy as np
import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmrotate.structures import RotatedBoxes
from scipy import ndimage

from mmsight.apis import DetectInferencer


class BrightShips(torch.nn.Module):
    """Each bright region is a ship, as large as the tile shows it; its score is its brightness."""

    def __init__(self, rotated):
        super().__init__()
        self.rotated, self.seen, self.fault = rotated, [], None
        self.dataset_meta = dict(classes=('ship', ), gsd=(1, 15))

    def data_preprocessor(self, data, training):
        return data

    def forward(self, inputs, data_samples, mode):
        if self.fault:
            self.fault(dict(inputs=inputs))
        self.seen += [tuple(image.shape) for image in inputs]
        for image, sample in zip(inputs, data_samples, strict=True):
            grey = image[0].numpy()
            labels, count = ndimage.label(grey > 128, np.ones((3, 3)))
            boxes, scores = [], []
            for number in range(1, count + 1):
                ys, xs = np.nonzero(labels == number)
                if self.rotated:
                    (x, y), (w, h), angle = cv2.minAreaRect(np.stack([xs, ys], axis=1).astype(np.float32))
                    boxes.append([x + 0.5, y + 0.5, w + 1, h + 1, np.radians(angle)])
                else:
                    boxes.append([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
                scores.append(grey[ys, xs].mean() / 255)
            kind, width = (RotatedBoxes, 5) if self.rotated else (HorizontalBoxes, 4)
            sample.pred_instances = InstanceData(bboxes=kind(torch.tensor(boxes).reshape(-1, width).float()),
                                                 scores=torch.tensor(scores), labels=torch.zeros(count, dtype=torch.long))
        return data_samples

    def test_step(self, data):
        return self(**data, mode='predict')


@pytest.fixture
def make_detector(root, tmp_path):
    """A :class:`DetectInferencer` around :class:`BrightShips`."""

    def make(rotated=True, grey=True):
        class Stub(DetectInferencer):
            def _init_model(self, cfg, weights, device='cpu'):
                self.grey, self.channels = grey, 3
                init_default_scope(cfg.default_scope)
                return BrightShips(rotated)

        weights = tmp_path / 'stub.pth'
        weights.touch()
        return Stub(str(root / 'configs/sar_shipnet/sar_shipnet_toy.py'), str(weights), 'cpu', show_progress=False)

    return make


def draw_ships(height, width, count, seed=0, longest=60):
    """A dark image uint8 with bright ships apart from each other; and their boxes (n, 5)."""
    rng = np.random.default_rng(seed)
    image, taken, boxes = np.full((height, width), 10, np.uint8), np.zeros((height, width), np.uint8), []
    for _ in range(20 * count):
        if len(boxes) == count:
            break
        length, angle = rng.uniform(20, longest), rng.uniform(0, 180)
        box = ((rng.uniform(0, width), rng.uniform(0, height)), (length, length / rng.uniform(2.5, 5)), angle)
        points = cv2.boxPoints(box).round().astype(np.int32)
        inside = points.min() >= 0 and (points.max(axis=0) < (width, height)).all()
        hull = cv2.fillPoly(np.zeros_like(image), [points], 1)
        if not inside or (taken & hull).any():
            continue
        taken |= cv2.dilate(hull, np.ones((5, 5), np.uint8))
        image[hull > 0] = rng.integers(160, 250)
        boxes.append([*box[0], *box[1], np.radians(angle)])
    return image, np.array(boxes)


@pytest.fixture
def ships():
    """See :func:`draw_ships`."""
    return draw_ships
