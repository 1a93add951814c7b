"""verify_dataset lists every fault of a set in one run."""

import importlib.util
import random
import shutil
import sys

import numpy as np
import pytest

TOY = 'configs/sar_shipnet/sar_shipnet_toy.py'


@pytest.fixture
def tool(monkeypatch, root, toy_data):
    """The tool as a module, about to check the toy."""
    monkeypatch.setenv('MMSIGHT_DATA', str(toy_data('sar_shipnet')))
    monkeypatch.setattr(sys, 'argv', ['verify_dataset.py', TOY])
    spec = importlib.util.spec_from_file_location('verify_dataset', root / 'tools/misc/verify_dataset.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_fault_of_ours_does_not_end_the_check(tool, monkeypatch, capsys):
    """The other data sets are checked all the same; the fault is told as ours, with its traceback."""
    def faults(dataset):
        yield None
        yield from {}['key'] if 'val' in dataset.ann_file else ['a.jpg: is bad']

    monkeypatch.setattr('mmsight.projects.sar_shipnet.SARShipDataset.iter_faults', faults)
    with pytest.raises(SystemExit, match='1'):
        tool.main()
    said = capsys.readouterr()
    assert said.out.count('a.jpg: is bad') == 2 and '5 samples checked, 3 faults' in said.out
    assert "KeyError: 'key'" in said.err and 'val: a fault in MMSight ended the check of this data set' in said.out


def test_random_pipelines_give_the_same_list_twice(tool, monkeypatch, capsys):
    """A transform that fails at random fails for the same samples whenever the same data are checked."""
    monkeypatch.setattr('mmsight.projects.sar_shipnet.SARShipDataset.iter_faults',
                        lambda dataset: iter([f'drawn: {np.random.rand()}, {random.random()}', None]))
    said = []
    for _ in range(2):
        with pytest.raises(SystemExit, match='1'):
            tool.main()
        said.append([line for line in capsys.readouterr().out.splitlines() if 'drawn: ' in line])  # logs hold the time
    assert said[0] == said[1] and len(said[0]) == 3


@pytest.mark.slow
def test_clean_and_faulty(run, toy_data, tmp_path):
    shutil.copytree(toy_data('sar_shipnet') / 'toy/sar_shipnet', tmp_path / 'toy/sar_shipnet')
    env = dict(MMSIGHT_DATA=str(tmp_path))
    assert '240 samples checked, 0 faults' in run('tools/misc/verify_dataset.py', TOY, **env).stdout
    root = tmp_path / 'toy' / 'sar_shipnet'
    (root / 'train_000003.txt').write_text('0 .5 .5\n')
    (root / 'train_000004.jpg').write_bytes(b'')
    (root / 'val_000001.jpg').unlink()
    (root / 'test.txt').write_text('')
    done = run('tools/misc/verify_dataset.py', TOY, check=False, **env)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    for name in ('train_000003.txt: line 1', 'train_000004.jpg', 'val_000001.jpg', 'test.txt: the split is empty'):
        assert name in done.stdout.replace('\n', ' ')
    assert 'warning: train: ' in done.stdout and '3 faults, 1 warnings' in done.stdout  # one bad box leaves one box out


@pytest.mark.slow
def test_a_worker_error_reaches_the_user_as_one_sentence(run, tmp_path):
    env = dict(MMSIGHT_DATA=str(tmp_path))
    run('tools/misc/make_toy_data.py', 'sar_shipnet', **env)
    for path in (tmp_path / 'toy' / 'sar_shipnet').glob('train_*.jpg'):
        path.write_bytes(path.read_bytes()[:300])
    done = run('tools/train.py', TOY, '--work-dir', tmp_path / 'run', check=False, **env)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert 'error: ' in done.stderr and 'is damaged or cut' in done.stderr
