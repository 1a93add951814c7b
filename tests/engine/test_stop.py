"""Signals and losses that are not finite end a training in order."""

import json
import math
import signal

import pytest
import torch
from mmengine.hooks import Hook

from mmsight.cli import friendly
from mmsight.engine.stop_hook import SIGNALS
from mmsight.errors import InputError, Stopped
from mmsight.registry import HOOKS
from tests.engine.conftest import CONFIG

WORKERS = 'train_dataloader.update(num_workers=2)\n'


@pytest.fixture
def signalled(run, tmp_path):
    """Train a config's text in a process of its own, see ``signalled.py``; returns that process when it has ended."""

    def call(name, text, at, number, times=1, ignored=0):
        config = tmp_path / f'{name}.py'
        hook = f'dict(type="SignalHook", at={at}, number={int(number)}, times={times})'
        config.write_text(f'{CONFIG}{text}custom_hooks = [*globals().get("custom_hooks", []), {hook}]\n')
        return run('tests/engine/signalled.py', config, tmp_path / name, int(ignored), check=times == 1)

    return call


def answer(process):
    return json.loads(process.stdout.splitlines()[-1])


def same(first, second):
    return all(torch.equal(first[name], value) for name, value in second.items())


@pytest.mark.parametrize('number', SIGNALS)
def test_a_signal_ends_it_after_the_step(train_noisy, signalled, tmp_path, number):
    wanted, _ = train_noisy('wanted')
    process, path = signalled('run', WORKERS, 6, number), tmp_path / 'run' / 'resume_7.pth'
    said = f'stopped by {number.name} after 7 iterations; --resume goes on from {path}'
    assert answer(process) == dict(said=said, restored=True, children=0) and path.is_file()
    assert 'a second signal stops at once' in process.stderr
    found, _ = train_noisy('run', WORKERS)
    assert same(found['state_dict'], wanted['state_dict'])


def test_signals_that_are_ignored_stay_ignored(signalled, tmp_path):
    process = signalled('run', '', 6, signal.SIGINT, ignored=signal.SIGINT)
    assert answer(process) == dict(said='', restored=True, children=0)
    found = torch.load((tmp_path / 'run' / 'last_checkpoint').read_text(), weights_only=False)
    assert found['meta']['iter'] == 20


def test_a_validation_is_left_off_and_made_up_for(train_noisy, signalled, tmp_path):
    text = """
val_dataloader = dict(batch_size=4, sampler=dict(type='DefaultSampler', shuffle=False),
                      collate_fn=dict(type='default_collate'), dataset=dict(type='NoisyPoints', length=4))
val_evaluator, val_cfg = dict(type='AnyMetric'), dict()
train_cfg.update(val_interval=2)
default_hooks['checkpoint'].update(interval=4)
custom_hooks = [dict(type="EMAHook", momentum=0.1)]
"""
    wanted, _ = train_noisy('wanted', text)
    said = answer(signalled('run', text, -10, signal.SIGTERM))['said']
    assert 'after 10 iterations' in said and (tmp_path / 'run' / 'resume_10.pth').is_file()
    found, log = train_noisy('run', text)
    assert 'validated, as was due' in log
    assert same(found['state_dict'], wanted['state_dict']) and same(found['ema_state_dict'], wanted['ema_state_dict'])


def test_the_second_signal_kills(signalled):
    assert signalled('run', '', 0, signal.SIGTERM, times=2).returncode == -signal.SIGTERM


def test_the_exit_status_says_that_it_goes_on(capsys):
    @friendly
    def main():
        raise Stopped('stopped by SIGTERM')

    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 75 and capsys.readouterr().err == 'stopped by SIGTERM\n'


@HOOKS.register_module(force=True)
class SpoilHook(Hook):
    """Spoil the images at some iterations."""

    def __init__(self, at, value):
        self.at, self.value = at, value

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter in self.at:
            data_batch['x'].fill_(self.value)


def spoiled(at, value):
    return f'custom_hooks = [dict(type="SpoilHook", at={at}, value=float("{value}"))]\n'


@pytest.mark.parametrize(('value', 'message'), [
    ('nan', 'iteration 8, epoch 2: loss is nan'), ('inf', 'iteration 8, epoch 2: loss is nan'),
    ('1e15', 'the training diverged, the loss is')])
def test_a_loss_that_is_not_finite_stops_it(train_noisy, tmp_path, value, message):
    text = 'model.update(normalised=False)\n' if value == '1e15' else ''
    said = train_noisy('run', text + spoiled([7], value), raises=InputError)
    assert message in said and 'epoch_1.pth, from which --resume goes on' in said
    assert [path.name for path in (tmp_path / 'run').glob('*.pth')] == ['epoch_1.pth']


def test_a_spoiled_weight_is_not_saved(train_noisy, tmp_path):
    text = 'default_hooks = dict(checkpoint=dict(type="CheckpointHook", interval=1, by_epoch=False, max_keep_ckpts=2))\n'
    said = train_noisy('run', text + 'custom_hooks = [dict(type="SpoilWeightHook")]\n', raises=InputError)
    assert 'the weight second.weight is not finite, and is not saved' in said
    assert sorted(path.name for path in (tmp_path / 'run').glob('*.pth')) == ['iter_1.pth', 'iter_2.pth']


@HOOKS.register_module(force=True)
class SpoilWeightHook(Hook):
    """After the third step."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == 2:
            runner.model.second.weight.data[0, 3] = math.nan


def test_such_steps_can_be_left_out(train_noisy):
    found, log = train_noisy('run', spoiled([7, 8, 12], 'nan'), on_nan='skip')
    assert all(torch.isfinite(value).all() for value in found['state_dict'].values())
    assert log.count('the step is left out') == 3 and found['state_dict']['first.1.num_batches_tracked'] == 17
    assert found['optimizer']['state'][0]['step'] == 17


def test_too_many_in_a_row_stop_it(train_noisy, monkeypatch):
    monkeypatch.setattr('mmsight.engine.finite_hook._IN_A_ROW', 4)
    said = train_noisy('run', spoiled([3, 4, 5, 6, 7], 'nan'), on_nan='skip', raises=InputError)
    assert 'iteration 8, epoch 2: the gradients of 4 steps in a row are not finite' in said
