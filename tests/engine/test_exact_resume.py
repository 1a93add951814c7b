"""A training that was interrupted ends with the weights of one that was not, bit for bit on a CPU."""

from contextlib import nullcontext

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.runner import IterBasedTrainLoop

from mmsight.configs import load_config
from mmsight.engine import launch
from mmsight.engine.loader import PlacedBatchSampler, SeededDataset
from mmsight.errors import InputError
from mmsight.registry import DATASETS, METRICS

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


def same(first, second):
    return all(torch.equal(first[key], second[key]) for key in first) and first.keys() == second.keys()


@pytest.mark.parametrize('case', CASES)
def test_weights_are_those_of_a_training_that_was_not_interrupted(train_noisy, case, tmp_path):
    text = CASES[case]
    if case == 'no_seed':
        seed = train_noisy('killed', text, kill=3)[0]['meta']['seed']
        wanted, _ = train_noisy('whole', text + f'randomness = dict(seed={seed})\n')
    else:
        wanted, _ = train_noisy('whole', text)
    for kill in (7, 13):
        train_noisy('killed', text, kill=kill)
    found, _ = train_noisy('killed', text)
    assert found['meta']['iter'] == wanted['meta']['iter'] == 20
    assert same(found['state_dict'], wanted['state_dict'])
    if case == 'ema':
        assert same(found['ema_state_dict'], wanted['ema_state_dict'])


def test_samples_do_not_depend_on_what_was_loaded_before():
    data = SeededDataset(DATASETS.get('NoisyPoints')(), 7)
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


def test_a_validation_that_was_cut_is_made_up_for(train_noisy):
    text = VALIDATED + 'train_cfg.update(val_interval=2)\n'
    train_noisy('killed', text, kill=-10)
    metric = METRICS.get('AnyMetric')
    metric.count = 0
    _, log = train_noisy('killed', text)
    assert metric.count == 2 and 'validated, as was due' in log
    metric.count = 0
    train_noisy('killed', text, options={'train_cfg.max_epochs': 5})  # the end was validated, though not in the checkpoint
    assert metric.count == 2


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
def test_the_schedule_of_the_given_config_holds(train_noisy, change, resumed_at):
    text = MIDDLE if resumed_at.startswith('iter') else ''
    change = change.replace('optim_wrapper.optimizer.', "optim_wrapper['optimizer'].")
    wanted, _ = train_noisy('wanted', text + change)
    train_noisy('killed', text, kill=14)
    found, log = train_noisy('killed', text + change)
    assert rates(found) == rates(wanted) and found['meta']['iter'] == wanted['meta']['iter']
    assert 'CHANGED SINCE THE CHECKPOINT: ' in log and 'THE SCHEDULE OF THE CONFIG HOLDS' in log
    steps = [[scheduler['last_step'] for scheduler in checkpoint['param_schedulers']] for checkpoint in (found, wanted)]
    assert steps[0] == steps[1]


@pytest.mark.parametrize(('change', 'expected', 'iterations'), [
    ('train_dataloader.update(batch_size=2)', 'EPOCH 3 GOES ON AFTER 6 OF 9 BATCHES', 36),
    ('train_dataloader.update(batch_size=8)', 'EPOCH 3 GOES ON AFTER 1 OF 3 BATCHES', 12),
    ('train_dataloader["dataset"].update(length=26)', 'EPOCH 3 GOES ON AFTER 0 OF 7 BATCHES', 28)])
def test_another_batch_size_or_length_is_placed(train_noisy, change, expected, iterations):
    train_noisy('killed', MIDDLE, kill=13)
    found, log = train_noisy('killed', MIDDLE + change)
    assert expected in log and found['meta']['iter'] == iterations and found['meta']['epoch'] == 3


@pytest.mark.parametrize(('change', 'message'), [
    ('optim_wrapper["optimizer"] = dict(type="SGD", lr=0.1)', 'state of Adam, which SGD'),
    ('optim_wrapper.update(paramwise_cfg=dict(custom_keys=dict(first=dict(lr_mult=0.1)), bypass_duplicate=True))', 'groups'),
    ('train_cfg = dict(type="IterBasedTrainLoop", max_iters=20)', 'counts epochs, and the config counts iterations'),
    ('train_cfg.update(max_epochs=2)', 'raise train_cfg.max_epochs'),
    ('param_scheduler = [dict(type="ReduceOnPlateauLR", monitor="score", rule="less")]', 'follows from the validations')])
def test_what_cannot_be_reconciled_is_refused(train_noisy, change, message):
    train_noisy('killed', MIDDLE, kill=13)
    assert message in train_noisy('killed', MIDDLE + change, raises=InputError)


def test_checkpoints_of_earlier_versions_go_on(train_noisy, tmp_path):
    wanted, _ = train_noisy('wanted', MIDDLE)
    train_noisy('killed', MIDDLE, kill=13)
    path = tmp_path / 'killed' / 'iter_13.pth'
    checkpoint = torch.load(path, weights_only=False)
    del checkpoint['meta']['run']
    torch.save(checkpoint, path)
    found, _ = train_noisy('killed', MIDDLE)
    assert same(found['state_dict'], wanted['state_dict']) and rates(found) == rates(wanted)


@pytest.mark.parametrize('kind', [IterBasedTrainLoop, 'IterBasedTrainLoop', 'mmengine.IterBasedTrainLoop',
                                  'mmengine.runner.loops.IterBasedTrainLoop'])
def test_loops_of_mmengine_are_replaced_however_they_are_written(kind):
    cfg = Config(dict(train_cfg=dict(type=kind), custom_hooks=[], default_hooks=dict(checkpoint=dict(type=CheckpointHook))))
    launch._survive(cfg, 10, 'stop')
    assert cfg.train_cfg.type == 'mmsight.IterTrainLoop' and cfg.default_hooks.checkpoint.type == 'mmsight.CheckpointHook'
