"""Pictures of LASA: as many as asked, whatever the batch; of models in a wrapper too; none where there is no LASA."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.model import MMDistributedDataParallel
from mmengine.structures import InstanceData
from mmrotate.structures import RotatedBoxes
from mmsight.projects.larsd.lasa_hook import LASAPictureHook

BOX = [32, 24, 30, 10, 0.4]


class Detector(torch.nn.Module):
    """Finds one ship in every image: its score is 0.9 with LASA, 0.3 without."""

    def __init__(self, head=True, lasa=True):
        super().__init__()
        if head:
            self.bbox_head = torch.nn.Identity()
            self.bbox_head.test_cfg = ConfigDict(lasa=dict(pattern='rect9') if lasa else None)

    def test_step(self, paths):
        score = 0.9 if hasattr(self, 'bbox_head') and self.bbox_head.test_cfg.lasa else 0.3
        found = InstanceData(bboxes=RotatedBoxes(torch.tensor([BOX])), scores=torch.tensor([score]), labels=torch.tensor([0]))
        return [DetDataSample(metainfo=dict(img_path=path), pred_instances=found) for path in paths]


class Wrapped(MMDistributedDataParallel):
    """A wrapper as of distributed testing, without processes."""

    def __init__(self, module):
        torch.nn.Module.__init__(self)
        self.module = module


@pytest.fixture
def pictures(tmp_path):
    """Test six images in batches with a hook that draws three: names and pictures that reach the visualizer."""
    paths = [str(tmp_path / f'{number}.png') for number in range(6)]
    for path in paths:
        cv2.imwrite(path, np.full((48, 64, 3), 100, np.uint8))

    def test(model, batch_size):
        found = {}
        runner = SimpleNamespace(model=model, visualizer=SimpleNamespace(add_image=found.__setitem__))
        hook = LASAPictureHook(number=3)
        for _ in range(2):  # a second test draws them again
            hook.before_test_epoch(runner)
            for number, begin in enumerate(range(0, 6, batch_size)):
                batch = paths[begin:begin + batch_size]
                inner = model.module if isinstance(model, Wrapped) else model
                hook.after_test_iter(runner, number, batch, inner.test_step(batch))
        return found
    return test


@pytest.mark.parametrize('wrap', [lambda model: model, Wrapped])
@pytest.mark.parametrize('batch_size', [1, 2, 4])
def test_three_pictures(pictures, wrap, batch_size):
    model = wrap(Detector())
    found = pictures(model, batch_size)
    assert list(found) == ['lasa_0', 'lasa_1', 'lasa_2']
    for picture in found.values():
        assert picture.shape == (96, 256, 3)
        raw, aligned = picture[:, :128].astype(int), picture[:, 128:].astype(int)
        drawn = [(half != 100).any(axis=2) for half in (raw, aligned)]
        assert drawn[0].any() and (drawn[1] & ~drawn[0]).any()  # the points are drawn on the right alone
        assert raw[drawn[0]].sum(axis=1).mean() < aligned[drawn[1]].sum(axis=1).mean()  # darker for the lower score
    detector = model.module if isinstance(model, Wrapped) else model
    assert detector.bbox_head.test_cfg.lasa  # as it was


def test_no_lasa_no_pictures(pictures):
    assert pictures(Detector(lasa=False), 1) == {}
    assert pictures(Detector(head=False), 1) == {}
