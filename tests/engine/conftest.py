"""A training with random numbers everywhere, which tests interrupt."""

import random
from contextlib import nullcontext
from itertools import count

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn
from torch.utils.data import Dataset

from mmsight.engine import launch
from mmsight.registry import DATASETS, HOOKS, METRICS, MODELS


@DATASETS.register_module(force=True)
class NoisyPoints(Dataset):
    """Samples with random numbers of all three generators, as augmentations draw them."""

    def __init__(self, length=18):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        if index >= self.length:
            raise IndexError
        return dict(x=torch.tensor([index / 10, random.random(), np.random.random(), float(torch.rand(()))]))


@MODELS.register_module(force=True)
class NoisyModel(BaseModel):
    """Batch normalisation, if ``normalised``, and dropout; with two optimizers, one for each layer."""

    def __init__(self, normalised=True):
        super().__init__()
        norm = nn.BatchNorm1d(8) if normalised else nn.Identity()
        self.first, self.second = nn.Sequential(nn.Linear(4, 8), norm, nn.Dropout(0.3)), nn.Linear(8, 1)

    def forward(self, x, mode='tensor'):
        loss = (self.second(self.first(x)) - 1).square().mean()
        return dict(loss=loss) if mode == 'loss' else [loss]

    def train_step(self, data, optim_wrapper):
        if 'second' not in getattr(optim_wrapper, 'optim_wrappers', ()):
            return super().train_step(data, optim_wrapper)
        for wrapper in optim_wrapper.values():
            loss = self(**data, mode='loss')['loss']
            wrapper.update_params(loss)
        return dict(loss=loss)


@HOOKS.register_module(force=True)
class KillHook(Hook):
    """Ends the training as a kill does: what is not in a checkpoint is lost."""

    priority = 'LOWEST'

    def __init__(self, at):
        self.at = at

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.at:
            raise SystemError('killed')

    def before_val_epoch(self, runner):
        if runner.iter == -self.at:
            raise SystemError('killed')


@METRICS.register_module(force=True)
class AnyMetric:
    """Counts validations."""

    dataset_meta = None
    count = 0

    def process(self, data_samples, data_batch):
        pass

    def evaluate(self, size):
        AnyMetric.count += 1
        return dict(score=1.0 / AnyMetric.count)


CONFIG = '''
default_scope = 'mmsight'
model = dict(type='NoisyModel')
train_dataloader = dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
                        collate_fn=dict(type='default_collate'), dataset=dict(type='NoisyPoints'))
optim_wrapper = dict(optimizer=dict(type='Adam', lr=0.05))
param_scheduler = [dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=3),
                   dict(type='CosineAnnealingLR', T_max=4, by_epoch=True)]
train_cfg = dict(max_epochs=4)
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
randomness = dict(seed=0)
'''


@OPTIM_WRAPPER_CONSTRUCTORS.register_module(force=True)
class TwoOptimizers:
    """One for each layer."""

    def __init__(self, optim_wrapper_cfg, paramwise_cfg=None):
        self.cfg = optim_wrapper_cfg

    def __call__(self, model):
        return OptimWrapperDict(**{
            name: OptimWrapper(torch.optim.Adam(getattr(model, name).parameters(), lr=self.cfg[name].optimizer.lr))
            for name in ('first', 'second')})


@pytest.fixture
def train_noisy(tmp_path):
    """Train a config's text, killed after an iteration or not; returns the last checkpoint and the log, or what was raised."""
    numbers = count()

    def call(name, text='', kill=None, raises=None, options=(), **arguments):
        config, folder = tmp_path / f'{name}.py', tmp_path / name
        text += '\ncustom_hooks = globals().get("custom_hooks", [])\n'
        text += f'custom_hooks += [dict(type="KillHook", at={kill})]\n' if kill else ''
        config.write_text(CONFIG + text)
        raises = SystemError if kill else raises
        with pytest.raises(raises) if raises else nullcontext() as caught:
            launch.train(str(config), str(folder), **{'resume': 'auto', **arguments},
                         options={'experiment_name': f'{tmp_path}{next(numbers)}', **dict(options)})
        if caught and not kill:
            return str(caught.value)
        last = (folder / 'last_checkpoint').read_text()
        log = max(folder.glob('*/*.log'), key=lambda path: path.stat().st_mtime_ns).read_text()
        return torch.load(last, weights_only=False), log

    return call
