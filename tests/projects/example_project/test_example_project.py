"""The example project through the command line: train, resume, test, and two processes for one."""

import json
import os
import subprocess
import sys

import pytest
import torch


@pytest.fixture(scope='module')
def trained(tmp_path_factory, root):
    """A work-dir with a finished training, and the environment it ran in."""
    work_dir = tmp_path_factory.mktemp('run')
    env = {**os.environ, 'PYTHONPATH': str(root), 'OMP_NUM_THREADS': '1', 'MMSIGHT_DATA': str(work_dir / 'data')}
    subprocess.run([sys.executable, 'tools/train.py', 'example_project', '--work-dir', str(work_dir)], cwd=root, env=env,
                   check=True, capture_output=True)
    return work_dir


def torchrun(run, port, *args, **env):
    return run('-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port', port, *args, '--launcher', 'pytorch',
               **env)


def metrics(work_dir):
    return json.loads((work_dir / 'result.json').read_text())['metrics']


def weights(path):
    state = torch.load(path, weights_only=False)['state_dict']
    return torch.cat([value.flatten() for value in state.values()])


def test_record(trained):
    record = json.loads((trained / 'result.json').read_text())
    assert record['config'] == 'example_project' and len(record['config_digest']) == 64 and record['seed'] == 0
    assert record['expected'][0]['pass'] is True
    assert {'git_commit', 'device', 'versions', 'wall_seconds', 'metrics'} <= record.keys()


def test_killed_and_resumed_is_the_same_run(run, trained, tmp_path):
    """Stopped after half the epochs, then continued: the weights are those of the run in one go."""
    env = dict(MMSIGHT_DATA=str(trained / 'data'))
    run('tools/train.py', 'example_project', '--work-dir', tmp_path, '--cfg-options', 'train_cfg.max_epochs=20', **env)
    run('tools/train.py', 'example_project', '--work-dir', tmp_path, '--resume', **env)
    assert torch.allclose(weights(tmp_path / 'epoch_40.pth'), weights(trained / 'epoch_40.pth'), atol=1e-6)


def test_test_says_pass_and_writes_predictions(run, trained, tmp_path):
    done = run('tools/test.py', 'example_project', trained / 'epoch_40.pth', '--work-dir', tmp_path, '--out',
               tmp_path / 'out.pkl', MMSIGHT_DATA=str(trained / 'data'))
    assert 'pass: example/mean_error' in done.stdout and (tmp_path / 'out.pkl').is_file()


def test_a_missed_expectation_fails(run, trained, tmp_path):
    done = run('tools/test.py', 'example_project', trained / 'epoch_40.pth', '--work-dir', tmp_path, '--cfg-options',
               'expected_results.0.max=-1', MMSIGHT_DATA=str(trained / 'data'), check=False)
    assert done.returncode == 1 and 'FAIL: example/mean_error' in done.stdout


def test_checkpoint_of_another_model(run, trained, tmp_path):
    torch.save(dict(state_dict={'other.weight': torch.zeros(3)}), tmp_path / 'other.pth')
    done = run('tools/test.py', 'example_project', tmp_path / 'other.pth', '--work-dir', tmp_path,
               MMSIGHT_DATA=str(trained / 'data'), check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert 'does not fit the model' in done.stderr and 'line.weight is missing' in done.stderr


@pytest.mark.slow
def test_two_processes_give_one_processs_metrics(run, trained, tmp_path):
    """Batches of 4 on each of two processes are the batches of 8 of one; 17 test points do not split evenly."""
    env = dict(MMSIGHT_DATA=str(trained / 'data'))
    torchrun(run, 29613, 'tools/train.py', 'example_project', '--work-dir', tmp_path / 'train', '--cfg-options',
             'train_dataloader.batch_size=4', 'train_cfg.max_epochs=20', **env)
    assert torch.allclose(weights(tmp_path / 'train' / 'epoch_20.pth'), weights(trained / 'epoch_20.pth'), atol=1e-4)
    torchrun(run, 29614, 'tools/test.py', 'example_project', trained / 'epoch_40.pth', '--work-dir', tmp_path / 'test', **env)
    assert metrics(tmp_path / 'test') == pytest.approx(metrics(trained), abs=1e-6)
