"""A training that was interrupted ends with the weights of one that was not, bit for bit on a CPU."""

import random
from contextlib import nullcontext
from itertools import count

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import Dataset

from mmsight.configs import load_config
from mmsight.engine import launch
from mmsight.engine.loader import PlacedBatchSampler, SeededDataset
from mmsight.errors import InputError
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
    """Batch normalisation and dropout; with two optimizers, one for each layer."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.3)), nn.Linear(8, 1)

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
MIDDLE = 'default_hooks = dict(checkpoint=dict(type="CheckpointHook", interval=1, by_epoch=False))\n'
ITERATIONS = MIDDLE + 'train_cfg = dict(type="IterBasedTrainLoop", max_iters=20)\nparam_scheduler = param_scheduler[:1]\n'
VALIDATED = '''
val_dataloader = dict(batch_size=4, sampler=dict(type='DefaultSampler', shuffle=False),
                      collate_fn=dict(type='default_collate'), dataset=dict(type='NoisyPoints', length=4))
val_evaluator = dict(type='AnyMetric')
val_cfg = dict()
'''
CASES = dict(
    epochs='',
    middle=MIDDLE,
    workers=MIDDLE + 'train_dataloader.update(num_workers=2)\n',
    persistent='train_dataloader.update(num_workers=2, persistent_workers=True)\n',
    ema=MIDDLE + 'custom_hooks = [dict(type="EMAHook", momentum=0.1, update_buffers=True)]\n',
    accumulated=MIDDLE + 'optim_wrapper.update(accumulative_counts=3)\n',
    two_optimizers=MIDDLE + '''
optim_wrapper = dict(constructor='TwoOptimizers', first=optim_wrapper, second=optim_wrapper)
param_scheduler = dict(first=param_scheduler, second=param_scheduler[:1])
''',
    infinite=ITERATIONS + 'train_dataloader.update(sampler=dict(type="InfiniteSampler", shuffle=True))\n',
    iterations=ITERATIONS,
    no_seed=MIDDLE + 'randomness = dict(seed=None)\n')


@HOOKS.register_module(force=True)
class NoHook(Hook):
    """Nothing."""


def _register_constructor():
    from mmengine.optim import OptimWrapper, OptimWrapperDict
    from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS

    @OPTIM_WRAPPER_CONSTRUCTORS.register_module(force=True)
    class TwoOptimizers:
        """An optimizer for each layer."""

        def __init__(self, optim_wrapper_cfg, paramwise_cfg=None):
            self.cfg = optim_wrapper_cfg

        def __call__(self, model):
            return OptimWrapperDict(**{
                name: OptimWrapper(torch.optim.Adam(getattr(model, name).parameters(), lr=self.cfg[name].optimizer.lr))
                for name in ('first', 'second')})


_register_constructor()


@pytest.fixture
def train(tmp_path):
    """Train a config's text, killed at an iteration or not; returns the last weights and the log."""
    numbers = count()

    def call(name, text='', kill=None, resume='auto', **options):
        config = tmp_path / f'{name}.py'
        config.write_text(CONFIG + text)
        hooks = [dict(type='KillHook', at=kill)] if kill else []
        options = {'experiment_name': f'{tmp_path}{next(numbers)}', **options}
        if hooks:
            config.write_text(CONFIG + text + f'\ncustom_hooks = [*globals().get("custom_hooks", []), {hooks[0]}]\n')
        folder = tmp_path / name
        if kill:
            with pytest.raises(SystemError):
                launch.train(str(config), str(folder), resume=resume, options=options)
        else:
            launch.train(str(config), str(folder), resume=resume, amp=name.startswith('amp'), options=options)
        last = (folder / 'last_checkpoint').read_text()
        log = max(folder.glob('*/*.log'), key=lambda path: path.stat().st_mtime_ns).read_text()
        return torch.load(last, weights_only=False), log

    return call


def same(first, second):
    return all(torch.equal(first[key], second[key]) for key in first) and first.keys() == second.keys()


@pytest.mark.parametrize('case', CASES)
def test_weights_are_those_of_a_training_that_was_not_interrupted(train, case, tmp_path):
    text = CASES[case]
    if case == 'no_seed':
        train('killed', text, kill=3)
        wanted, _ = train('whole', text + f"randomness = dict(seed={train('killed', text, kill=4)[0]['meta']['seed']})\n")
    else:
        wanted, _ = train('whole', text)
    for kill in (7, 13):
        train('killed', text, kill=kill)
    found, _ = train('killed', text)
    assert found['meta']['iter'] == wanted['meta']['iter'] == 20
    assert same(found['state_dict'], wanted['state_dict'])
    if case == 'ema':
        assert same(found['ema_state_dict'], wanted['ema_state_dict'])


def test_samples_do_not_depend_on_what_was_loaded_before():
    data = SeededDataset(NoisyPoints(), 7)
    wanted = data[3, 5]['x']
    for place in ((3, 4), (2, 5), (5, 3)):
        assert not torch.equal(data[place]['x'][1:], wanted[1:])
    assert torch.equal(data[3, 5]['x'], wanted) and data.length == len(data) == 18
    data.length = 4
    assert data.dataset.length == 4


def test_the_loader_skips_without_loading():
    batches = PlacedBatchSampler(torch.utils.data.BatchSampler(range(7), 2, drop_last=False))
    batches.epoch, batches.start = 2, 3
    assert list(batches) == [[(2, 6)]] and len(list(batches)) == len(batches) == 4
    batches = PlacedBatchSampler(torch.utils.data.BatchSampler(range(3), 2, drop_last=False), endless=True)
    batches.start = 3
    found = iter(batches)
    assert [next(found) for _ in range(2)] == [[(3, 2)], [(4, 0), (4, 1)]]


def test_a_validation_that_was_cut_is_made_up_for(train):
    text = VALIDATED + 'train_cfg.update(val_interval=2)\n'
    train('killed', text, kill=-10)
    AnyMetric.count = 0
    _, log = train('killed', text)
    assert AnyMetric.count == 2 and 'validated, as was due' in log
    AnyMetric.count = 0
    train('killed', text, **{'train_cfg.max_epochs': 5})  # the end was validated, though not in the checkpoint
    assert AnyMetric.count == 2


@pytest.mark.slow
@pytest.mark.parametrize('toy', ['eas_unet_toy', 'larsd_toy', 's2net_toy', 'sar_shipnet_toy', 'super_resolution_toy'])
def test_toy_configs_go_on_exactly(toy, toy_data, tmp_path, monkeypatch):
    """Mixed precision, an average of the weights, and workers where it is interrupted."""
    monkeypatch.setenv('MMSIGHT_DATA', str(toy_data(load_config(toy).toy_data)))
    cfg = load_config(toy)
    dataset, key = cfg.train_dataloader.dataset, 'train_dataloader.dataset'
    while 'dataset' in dataset:
        dataset, key = dataset.dataset, f'{key}.dataset'
    options = {f'{key}.indices': 8, 'train_dataloader.batch_size': 4, 'train_cfg.max_epochs': 2, 'train_cfg.val_interval': 9,
               'val_dataloader': None, 'val_cfg': None, 'val_evaluator': None, 'default_hooks.checkpoint.save_best': None,
               'default_hooks.ema': dict(type='EMAHook', momentum=0.1), 'default_hooks.checkpoint.by_epoch': False,
               'default_hooks.checkpoint.interval': 1, 'train_dataloader.persistent_workers': False}
    if 'times' in cfg.train_dataloader.dataset:
        options['train_dataloader.dataset.times'] = 1
    found = []
    for workers, kills in ((0, ()), (2, (3, ))):
        for kill in (*kills, None):
            hooks = [*cfg.get('custom_hooks', []), *([dict(type='mmsight.KillHook', at=kill)] if kill else [])]
            with pytest.raises(SystemError) if kill else nullcontext():
                launch.train(toy, str(tmp_path / str(workers)), resume='auto', amp=True, options={
                    **options, 'custom_hooks': hooks, 'train_dataloader.num_workers': workers,
                    'experiment_name': f'{tmp_path}{workers}{kill}', 'visualizer.name': f'{tmp_path}{workers}{kill}'})
        found.append(torch.load(tmp_path / str(workers) / 'iter_4.pth', weights_only=False))
    assert same(found[0]['state_dict'], found[1]['state_dict'])
    assert same(found[0]['ema_state_dict'], found[1]['ema_state_dict'])


def rates(checkpoint):
    return [group['lr'] for group in checkpoint['optimizer']['param_groups']]


@pytest.mark.parametrize('resumed_at', ['epoch_2', 'iter_13'])
@pytest.mark.parametrize('change', [
    'train_cfg.update(max_epochs=6)\nparam_scheduler[1].update(T_max=6)\n',
    'optim_wrapper.optimizer.update(lr=0.01)\n',
    'param_scheduler = [dict(type="StepLR", step_size=1, gamma=0.5)]\n',
    'param_scheduler = []\n'])
def test_the_schedule_of_the_given_config_holds(train, change, resumed_at):
    text = MIDDLE if resumed_at.startswith('iter') else ''
    change = change.replace('optim_wrapper.optimizer.', "optim_wrapper['optimizer'].")
    wanted, _ = train('wanted', text + change)
    train('killed', text, kill=14)
    found, log = train('killed', text + change)
    assert rates(found) == rates(wanted) and found['meta']['iter'] == wanted['meta']['iter']
    assert 'CHANGED SINCE THE CHECKPOINT: ' in log and 'THE SCHEDULE OF THE CONFIG HOLDS' in log
    steps = [[scheduler['last_step'] for scheduler in checkpoint['param_schedulers']] for checkpoint in (found, wanted)]
    assert steps[0] == steps[1]


@pytest.mark.parametrize(('change', 'expected', 'iterations'), [
    ('train_dataloader.update(batch_size=2)', 'EPOCH 3 GOES ON AFTER 6 OF 9 BATCHES', 36),
    ('train_dataloader.update(batch_size=8)', 'EPOCH 3 GOES ON AFTER 1 OF 3 BATCHES', 12),
    ('train_dataloader["dataset"].update(length=26)', 'EPOCH 3 GOES ON AFTER 0 OF 7 BATCHES', 28)])
def test_another_batch_size_or_length_is_placed(train, change, expected, iterations):
    train('killed', MIDDLE, kill=13)
    found, log = train('killed', MIDDLE + change)
    assert expected in log and found['meta']['iter'] == iterations and found['meta']['epoch'] == 3


@pytest.mark.parametrize(('change', 'message'), [
    ('optim_wrapper["optimizer"] = dict(type="SGD", lr=0.1)', 'state of Adam, which SGD'),
    ('optim_wrapper.update(paramwise_cfg=dict(custom_keys=dict(first=dict(lr_mult=0.1)), bypass_duplicate=True))', 'groups'),
    ('train_cfg = dict(type="IterBasedTrainLoop", max_iters=20)', 'counts epochs, and the config counts iterations'),
    ('train_cfg.update(max_epochs=2)', 'raise train_cfg.max_epochs'),
    ('param_scheduler = [dict(type="ReduceOnPlateauLR", monitor="score", rule="less")]', 'follows from the validations')])
def test_what_cannot_be_reconciled_is_refused(train, change, message):
    train('killed', MIDDLE, kill=13)
    with pytest.raises(InputError, match=message):
        train('killed', MIDDLE + change)


def test_checkpoints_of_earlier_versions_go_on(train, tmp_path):
    wanted, _ = train('wanted', MIDDLE)
    train('killed', MIDDLE, kill=13)
    path = tmp_path / 'killed' / 'iter_13.pth'
    checkpoint = torch.load(path, weights_only=False)
    del checkpoint['meta']['run']
    torch.save(checkpoint, path)
    found, _ = train('killed', MIDDLE)
    assert same(found['state_dict'], wanted['state_dict']) and rates(found) == rates(wanted)
