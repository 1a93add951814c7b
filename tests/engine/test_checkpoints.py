"""Checkpoints are whole, noticed when they are not, saved by the clock and deleted only after newer ones."""

import errno
import os
from pathlib import Path

import pytest
import torch

from mmsight.engine.checkpoint_file import find_damage, save_checkpoint
from mmsight.engine.resume import find_fault
from mmsight.engine.safe_load import load_weights
from mmsight.errors import InputError
from mmsight.files import scratch_prefix

EVERY = 'default_hooks = dict(checkpoint=dict(type="CheckpointHook", interval=1, by_epoch=False, max_keep_ckpts={}))\n'
CONTENT = dict(state_dict=dict(a=torch.arange(50.)), message_hub={}, meta=dict(iter=3))


def names(folder):
    return sorted(path.name for path in folder.glob('*.pth'))


def test_every_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / 'a.pth'
    save_checkpoint(CONTENT, path)
    assert torch.equal(torch.load(path)['state_dict']['a'], torch.arange(50.)) and find_fault(path) is None
    content = path.read_bytes()
    for place in range(0, len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        assert find_damage(path), place
    with pytest.raises(InputError, match='a.pth.* is damaged'):
        load_weights(str(path))


@pytest.mark.parametrize('length', [0, 1, 100, -1, -79, -80, -200])
def test_a_cut_file_is_noticed(tmp_path, length):
    path = tmp_path / 'a.pth'
    save_checkpoint(CONTENT, path)
    path.write_bytes(path.read_bytes()[:length])
    assert 'damaged' in find_fault(path)


def test_checkpoints_of_others_are_checked_by_part(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(CONTENT, path)
    assert find_fault(path) is None
    content = bytearray(path.read_bytes())
    content[content.index(torch.arange(50.).numpy().tobytes()) + 17] ^= 4
    path.write_bytes(content)
    assert 'checksum' in find_fault(path)
    torch.save(CONTENT, path, _use_new_zipfile_serialization=False)
    assert load_weights(str(path))['meta'] == dict(iter=3)


def test_a_write_that_fails_leaves_the_file_before(tmp_path, full_disk):
    path = tmp_path / 'a.pth'
    save_checkpoint(CONTENT, path)
    before = path.read_bytes()
    with full_disk(500), pytest.raises(InputError, match='a.pth: the file cannot be written: File too large'):
        save_checkpoint(CONTENT, path)
    assert [file.name for file in tmp_path.iterdir()] == ['a.pth'] and path.read_bytes() == before


def test_a_quota_leaves_the_file_before(tmp_path, monkeypatch):
    """Network disks tell of it when bytes are to be on the disk."""
    path = tmp_path / 'a.pth'
    save_checkpoint(CONTENT, path)
    before = path.read_bytes()

    def exceeded(descriptor):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, 'fsync', exceeded)
    with pytest.raises(InputError, match='a.pth: the file cannot be written: Disk quota exceeded'):
        save_checkpoint(CONTENT, path)
    assert [file.name for file in tmp_path.iterdir()] == ['a.pth'] and path.read_bytes() == before


def test_bytes_are_on_the_disk_before_the_name(tmp_path, monkeypatch):
    steps = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, 'fsync', lambda fd: (steps.append(Path(os.readlink(f'/proc/self/fd/{fd}')).name), fsync(fd)))
    monkeypatch.setattr(Path, 'replace', lambda self, target: (steps.append('renamed'), replace(self, target))[1])
    save_checkpoint(CONTENT, tmp_path / 'a.pth')
    assert steps[0].endswith('-a.pth') and steps[1:] == ['renamed', tmp_path.name]


@pytest.mark.parametrize(('keep', 'kept'), [(1, 2), (3, 3), (-1, 20)])
def test_two_are_kept_at_least(train_noisy, tmp_path, keep, kept):
    train_noisy('run', EVERY.format(keep), kill=7)
    train_noisy('run', EVERY.format(keep))
    assert len(names(tmp_path / 'run')) == kept and (tmp_path / 'run' / 'iter_20.pth').is_file()


def test_none_is_deleted_before_a_newer_one_is_complete(train_noisy, tmp_path, monkeypatch):
    from mmsight.compat import mmengine_save
    there = []
    save = mmengine_save.save_checkpoint
    monkeypatch.setattr(mmengine_save, 'save_checkpoint',
                        lambda content, path: (there.append(len(names(tmp_path / 'run'))), save(content, path)))
    train_noisy('run', EVERY.format(2))
    assert there == [0, 1] + 18 * [2]


def test_checkpoints_by_the_clock(train_noisy, tmp_path):
    wanted, _ = train_noisy('wanted')
    train_noisy('run', kill=13, checkpoint_minutes=1e-9)
    assert names(tmp_path / 'run') == ['epoch_1.pth', 'epoch_2.pth', 'resume_12.pth', 'resume_13.pth']
    found, log = train_noisy('run', checkpoint_minutes=0)
    assert 'resume_13.pth' in log and 'resumed epoch: 2, iter: 13' in log
    assert all(torch.equal(found['state_dict'][name], value) for name, value in wanted['state_dict'].items())
    assert names(tmp_path / 'run') == [f'epoch_{number}.pth' for number in (1, 2, 3, 4)]


def test_a_killed_process_leaves_nothing_to_the_next(train_noisy, tmp_path):
    (tmp_path / 'run').mkdir()
    left = scratch_prefix().replace(f'-{os.getpid()}-', '-999999999-')
    (tmp_path / 'run' / f'{left}iter_1.pth').touch()
    train_noisy('run', EVERY.format(2), options={'train_cfg.max_epochs': 1})
    assert not list((tmp_path / 'run').glob('.*'))


def test_the_pointer_is_put_right(train_noisy, tmp_path):
    """A kill between the last checkpoint and what points to it."""
    train_noisy('run', EVERY.format(3))
    pointer = tmp_path / 'run' / 'last_checkpoint'
    pointer.write_text(str(tmp_path / 'run' / 'iter_18.pth'))
    train_noisy('run', EVERY.format(3))
    assert pointer.read_text() == str(tmp_path / 'run' / 'iter_20.pth')


def test_a_full_disk_ends_a_training_with_a_sentence(train_noisy, tmp_path, full_disk, capfd):
    train_noisy('run', EVERY.format(2), kill=5)
    wanted = names(tmp_path / 'run')
    with full_disk(2000):
        said = train_noisy('run', EVERY.format(2), raises=InputError)
    assert 'File too large; the newest complete checkpoint is' in said and 'iter_5.pth' in said
    assert names(tmp_path / 'run') == wanted and not list((tmp_path / 'run').glob('.*'))
    assert 'Traceback' not in capfd.readouterr().err
    found, _ = train_noisy('run', EVERY.format(2))
    assert found['meta']['iter'] == 20


def test_a_negative_time_is_refused(train_noisy):
    assert '--checkpoint-minutes must be 0 or more' in train_noisy('run', checkpoint_minutes=-1, raises=InputError)
