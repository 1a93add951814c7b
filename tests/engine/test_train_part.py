"""Training a part: what is frozen stays to the last bit, with decay, momentum and batch statistics about."""

import copy

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from mmsight.engine import TrainPartHook
from mmsight.errors import InputError


class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.part = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))

    def forward(self, inputs, mode):
        return dict(loss=(self.part(self.body(inputs)) - 3).square().mean())


def train(tmp_path, part):
    torch.manual_seed(0)
    model = Net()
    before = copy.deepcopy(model.state_dict())
    loader = DataLoader([dict(inputs=torch.randn(3, 8, 8)) for _ in range(6)], batch_size=2)
    Runner(model, str(tmp_path), train_dataloader=loader, train_cfg=dict(by_epoch=True, max_epochs=2),
           optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1, weight_decay=0.5)), custom_hooks=[TrainPartHook(part)],
           default_hooks=dict(checkpoint=None), log_level='ERROR', experiment_name=tmp_path.name).train()
    return before, model


def test_only_the_part_changes(tmp_path):
    before, model = train(tmp_path, 'part')
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.split('.')[0] for name in changed} == {'part'}
    assert {'part.0.weight', 'part.1.weight', 'part.1.running_mean'} <= changed


def test_an_unknown_part_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no module 'tail'; its own are data_preprocessor, body, part"):
        train(tmp_path, 'tail')
