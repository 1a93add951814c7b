"""Another layout of the same numbers: with and without, across a resume, and in two processes."""

import pytest
import torch

# a network and images of its own, for a config that mmsight trains from any folder
MODULE = '''
import torch
from mmengine.model import BaseModel
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, HOOKS, MODELS
from torch import nn


@DATASETS.register_module()
class Images(torch.utils.data.Dataset):
    def __len__(self):
        return 16

    def __getitem__(self, index):
        return dict(images=torch.randn(4, 9, 9, generator=torch.Generator().manual_seed(index)))


@MODELS.register_module()
class Tiny(BaseModel):
    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.net = nn.Sequential(nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 5, 3), nn.Flatten(),
                                 nn.Linear(125, 2))

    def forward(self, images, mode='tensor'):
        features = self.net[:4](images)
        self.fast = features.is_contiguous(memory_format=torch.channels_last)
        return dict(loss=self.net[4:](features).square().mean())


@HOOKS.register_module()
class Report(Hook):
    def after_train(self, runner):
        model = getattr(runner.model, 'module', runner.model)
        if runner.rank == 0:
            print('channels last', model.fast, type(runner.model).__name__)
'''
CONFIG = '''
custom_imports = dict(imports=['tiny'])
model = dict(type='Tiny')
train_dataloader = dict(batch_size=4, sampler=dict(type='DefaultSampler', shuffle=False),
                        collate_fn=dict(type='default_collate'), dataset=dict(type='Images'))
train_cfg = dict(by_epoch=True, max_epochs=1)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=0.01, fused=True))
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
custom_hooks = [dict(type='Report')]
env_cfg = dict(dist_cfg=dict(backend='gloo'))
randomness = dict(seed=0)
'''


@pytest.fixture
def train(tmp_path, root, run):
    """Train the config above in ``tmp_path / name``; returns the weights and what was printed."""
    (tmp_path / 'tiny.py').write_text(MODULE)
    (tmp_path / 'tiny_config.py').write_text(CONFIG)

    def call(name, *args, processes=1, epochs=1):
        launcher = ['--launcher', 'pytorch'] if processes > 1 else []
        done = run('tools/train.py', tmp_path / 'tiny_config.py', '--work-dir', tmp_path / name, *launcher, *args,
                   '--cfg-options', f'train_cfg.max_epochs={epochs}', PYTHONPATH=f'{root}:{tmp_path}', ranks=processes)
        checkpoint = torch.load(tmp_path / name / f'epoch_{epochs}.pth', weights_only=False)
        return checkpoint['state_dict'], next(line for line in done.stdout.splitlines() if line.startswith('channels last'))

    return call


def assert_same(first, second):
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.slow
def test_same_numbers_and_a_resume_in_the_other_layout(train, tmp_path):
    """The fused optimizer reads memory in order: a state of another layout than the weight's would move wrong weights."""
    plain, layout = train('plain')
    assert 'False' in layout
    fast, layout = train('fast', '--channels-last')
    assert 'True' in layout
    assert_same(plain, fast)
    longer, _ = train('plain', '--resume', epochs=2)
    changed, layout = train('changed', '--channels-last', '--resume', str(tmp_path / 'plain' / 'epoch_1.pth'), epochs=2)
    assert 'True' in layout
    assert_same(longer, changed)


@pytest.mark.slow
def test_in_two_processes(train):
    """Distributed training copies gradients in the order of memory, too."""
    plain, layout = train('plain', processes=2)
    assert 'False' in layout
    fast, layout = train('fast', '--channels-last', processes=2)
    assert 'True' in layout and 'DistributedDataParallel' in layout
    assert_same(plain, fast)
