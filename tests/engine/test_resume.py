"""``--resume`` loses nothing: the newest whole checkpoint, or what the config says, and never earlier files."""

import json
import os

import pytest
import torch

from mmsight.engine import launch
from mmsight.engine.resume import Resumable, find_resumable, set_aside
from mmsight.errors import InputError

TOY = 'example_project'


def save(path, iterations=0):
    torch.save(dict(state_dict=dict(a=torch.zeros(1000)), message_hub={}, meta=dict(iter=iterations)), path)
    return path


def cut(path):
    path.write_bytes(path.read_bytes()[:-300])


@pytest.mark.parametrize('pointer', [None, '', 'epoch_1.pth', '/gone/epoch_7.pth', 'a\0b', '\n', '\udcff' * 3, 'x' * 5000])
def test_the_newest_is_found_whatever_the_pointer_says(tmp_path, pointer):
    for name in ('epoch_1.pth', 'epoch_2.pth', 'epoch_10.pth'):
        save(tmp_path / name)
    save(tmp_path / 'best_epoch_10.pth')
    if pointer is not None:
        (tmp_path / 'last_checkpoint').write_bytes(pointer.encode(errors='surrogateescape'))
    assert find_resumable(tmp_path) == Resumable(tmp_path / 'epoch_10.pth', {})


def test_the_newest_has_most_iterations_whatever_its_age(tmp_path):
    """As in a folder that was copied: times say nothing."""
    for age, (name, iterations) in enumerate(dict(epoch_2=20, iter_25=25, epoch_1=10, epoch_3=30).items()):
        os.utime(save(tmp_path / f'{name}.pth', iterations), (9 - age, 9 - age))
    assert find_resumable(tmp_path).checkpoint == tmp_path / 'epoch_3.pth'
    cut(tmp_path / 'epoch_3.pth')
    found = find_resumable(tmp_path)
    assert found.checkpoint == tmp_path / 'iter_25.pth' and found.damaged.keys() == {tmp_path / 'epoch_3.pth'}


def test_checkpoints_of_other_names_are_found_by_the_pointer(tmp_path):
    save(tmp_path / 'step7.pth')
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/step7.pth')
    assert find_resumable(tmp_path).checkpoint == tmp_path / 'step7.pth'


def test_damaged_ones_are_skipped_and_named(tmp_path):
    first, *rest = [save(tmp_path / f'iter_{number}.pth') for number in range(1, 7)]
    cut(rest[0])
    rest[1].write_bytes(b'')
    rest[2].write_text('garbage')
    content = bytearray(rest[3].read_bytes())
    content[content.index(bytes(1000)) + 500] ^= 1
    rest[3].write_bytes(content)
    torch.save(torch.zeros(3), rest[4])
    found = find_resumable(tmp_path)
    assert found.checkpoint == first and found.damaged.keys() == set(rest)
    assert 'checksum' in found.damaged[rest[3]] and 'no state of a training' in found.damaged[rest[4]]
    first.unlink()
    assert find_resumable(tmp_path).checkpoint is None


def test_setting_aside_loses_nothing(tmp_path):
    for text in ('one', 'two'):
        (tmp_path / 'epoch_1.pth').write_text(text)
        set_aside(tmp_path / 'epoch_1.pth')
    assert sorted((path.name, path.read_text()) for path in tmp_path.iterdir()) == [
        ('epoch_1.pth.damaged', 'one'), ('epoch_1.pth.damaged-2', 'two')]


@pytest.fixture
def train(tmp_path, toy_data, monkeypatch):
    """Train the example project for some epochs; returns the last weights and what was logged."""
    monkeypatch.setenv('MMSIGHT_DATA', str(toy_data(TOY)))
    count = iter(range(9))

    def call(epochs, resume='auto', work_dir=tmp_path / 'run', **options):
        options = {'experiment_name': f'{tmp_path}{next(count)}', 'train_cfg.max_epochs': epochs, 'train_cfg.val_interval': 1,
                   'default_hooks.checkpoint.interval': 1, **options}
        launch.train(TOY, str(work_dir), resume=resume, options=options)
        log = max(work_dir.glob('*/*.log'), key=lambda path: path.stat().st_mtime_ns).read_text()
        return torch.load(work_dir / f'epoch_{epochs}.pth', weights_only=False)['state_dict'], log

    return call


def test_nothing_to_resume_starts_from_load_from_and_says_so(train, tmp_path):
    weights, _ = train(1, resume=None, work_dir=tmp_path / 'first')
    found, log = train(1, load_from=str(tmp_path / 'first' / 'epoch_1.pth'), **{'optim_wrapper.optimizer.lr': 0.0})
    assert all(torch.equal(found[name], weights[name]) for name in weights)
    assert f"NOTHING TO RESUME: {tmp_path / 'run'} HOLDS NO WHOLE CHECKPOINT. THE TRAINING STARTS FROM THE WEIGHTS OF" in log


def test_a_cut_checkpoint_is_kept_and_the_one_before_it_is_taken(train, tmp_path):
    wanted, _ = train(3, work_dir=tmp_path / 'whole')
    _, log = train(2)
    assert 'THE TRAINING STARTS FROM THE BEGINNING' in log
    cut(tmp_path / 'run' / 'epoch_2.pth')
    (tmp_path / 'run' / 'last_checkpoint').write_text('')
    kept = (tmp_path / 'run' / 'epoch_2.pth').read_bytes()
    found, log = train(3)
    assert 'epoch_2.pth is damaged and skipped' in log and 'THE TRAINING GOES ON FROM' in log and 'resumed epoch: 1' in log
    assert (tmp_path / 'run' / 'epoch_2.pth.damaged').read_bytes() == kept
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_a_finished_training_is_validated_and_recorded(train, tmp_path):
    train(2)
    result = tmp_path / 'run' / 'result.json'
    metrics = json.loads(result.read_text())['metrics']
    result.unlink()
    _, log = train(2)
    assert metrics and json.loads(result.read_text())['metrics'] == metrics and 'The training was already complete' in log


def test_a_training_over_another_moves_it_away(train, tmp_path):
    run = tmp_path / 'run'
    train(2, resume=None)
    kept = {name: (run / name).read_bytes() for name in ('epoch_1.pth', 'epoch_2.pth', 'result.json')}
    _, log = train(1, resume=None, **{'optim_wrapper.optimizer.lr': 0.0})
    folder, = run.glob('earlier_*')
    assert f'HOLDS 2 CHECKPOINTS OF AN EARLIER TRAINING, which are moved to {folder}' in log
    assert {name: (folder / name).read_bytes() for name in kept} == kept
    assert not (run / 'epoch_2.pth').exists() and (run / 'epoch_1.pth').read_bytes() != kept['epoch_1.pth']
    with pytest.raises(InputError, match='load_from .* is a checkpoint of the work-dir'):
        train(1, resume=None, load_from=str(run / 'epoch_1.pth'))


def test_going_on_from_an_older_checkpoint_keeps_the_newer_ones(train, tmp_path):
    run = tmp_path / 'run'
    train(3, resume=None)
    kept = (run / 'epoch_2.pth').read_bytes()
    _, log = train(2, resume=str(run / 'epoch_1.pth'))
    folder, = run.glob('earlier_*')
    assert (folder / 'epoch_2.pth').read_bytes() == kept and (folder / 'epoch_3.pth').is_file()
    assert (run / 'epoch_1.pth').is_file() and (run / 'epoch_2.pth').is_file() and 'resumed epoch: 1' in log


def test_a_named_checkpoint_must_be_whole(train, tmp_path):
    path = save(tmp_path / 'a.pth')
    cut(path)
    with pytest.raises(InputError, match='a.pth'):
        train(1, resume=str(path))


def test_a_process_that_torchrun_starts_again_goes_on(train, monkeypatch):
    train(1, resume=None)
    monkeypatch.setenv('TORCHELASTIC_RESTART_COUNT', '1')
    _, log = train(2, resume=None)
    assert 'resumed epoch: 1' in log and 'THE TRAINING GOES ON FROM' in log
