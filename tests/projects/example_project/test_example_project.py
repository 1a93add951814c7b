"""The example project through the command line: train, resume, test, and two processes for one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch


@pytest.fixture(scope='module')
def trained(tmp_path_factory, run):
    """A work-dir with a finished training, and the environment it ran in."""
    work_dir = tmp_path_factory.mktemp('run')
    run('tools/train.py', 'example_project', '--work-dir', work_dir, MMSIGHT_DATA=str(work_dir / 'data'))
    return work_dir


def script(root, name, *args, cwd, **env):
    """Run a shell script of ``tools/`` from a user's folder; ``python`` is the one that runs the tests."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])
    env = {**os.environ, 'PATH': path, 'OMP_NUM_THREADS': '1', **env}
    done = subprocess.run([root / 'tools' / name, *map(str, args)], cwd=cwd, env=env, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


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


KILLER = """
import os, signal
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmsight.registry import HOOKS

@HOOKS.register_module()
class KillerHook(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        ends = {('0', 21): signal.SIGTERM, ('1', 35): signal.SIGKILL}
        number = ends.get((os.environ['TORCHELASTIC_RESTART_COUNT'], runner.iter))
        if number and get_rank() == 1:
            os.kill(os.getpid(), number)
"""


@pytest.mark.slow
def test_two_processes_give_one_processs_metrics(root, trained, tmp_path):
    """Batches of 4 on each of two processes are the batches of 8 of one; 17 test points do not split evenly.

    One of the two is stopped, and later killed: both start again, and go on.
    """
    (tmp_path / 'killer.py').write_text(KILLER)
    (tmp_path / 'config.py').write_text(
        f"_base_ = '{root}/configs/example_project/example_project.py'\n"
        "custom_imports = dict(imports=['mmsight.projects.example_project', 'killer'], allow_failed_imports=False)\n"
        "custom_hooks = [dict(type='KillerHook')]\ntrain_cfg = dict(max_epochs=20)\n"
        "train_dataloader = dict(batch_size=4)\ndefault_hooks = dict(checkpoint=dict(interval=1))\n")
    env = dict(MMSIGHT_DATA=str(trained / 'data'), PYTHONPATH=str(tmp_path))
    script(root, 'dist_train.sh', 'config.py', 2, '--work-dir', 'train', cwd=tmp_path, RESTARTS='2', **env)
    assert torch.allclose(weights(tmp_path / 'train' / 'epoch_20.pth'), weights(trained / 'epoch_20.pth'), atol=1e-4)
    logs = ''.join(path.read_text() for path in (tmp_path / 'train').glob('*/*.log'))
    assert all(f"GOES ON FROM {tmp_path / 'train' / name}" in logs for name in ('resume_22.pth', 'epoch_4.pth'))
    script(root, 'dist_test.sh', 'example_project', trained / 'epoch_40.pth', 2, '--work-dir', 'test', cwd=tmp_path, **env)
    assert metrics(tmp_path / 'test') == pytest.approx(metrics(trained), abs=1e-6)


@pytest.mark.parametrize(('name', 'positional'), [('slurm_train.sh', []), ('slurm_test.sh', ['run/last.pth'])])
def test_slurm_scripts_ask_for_the_tasks_and_pass_options_on(root, tmp_path, name, positional):
    srun = tmp_path / 'srun'
    srun.write_text('#!/usr/bin/env bash\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ['PATH']])
    env = {**os.environ, 'PATH': path, 'GPUS': '4', 'GPUS_PER_NODE': '2'}
    out = subprocess.check_output([root / 'tools' / name, 'gpus', 'job', 'a config.py', *positional, '--amp'], cwd=tmp_path,
                                  env=env, text=True)
    options, command = out.split('python\n')
    assert options.split() == ['-p', 'gpus', '--job-name=job', '--gres=gpu:2', '--ntasks=4', '--ntasks-per-node=2',
                               '--cpus-per-task=5', '--kill-on-bad-exit=1']
    tool = root / 'tools' / name.replace('slurm_', '').replace('.sh', '.py')
    unbuffered, script_path, *rest = command.splitlines()
    assert unbuffered == '-u' and Path(script_path) == tool
    assert rest == ['a config.py', *positional, '--amp', '--launcher', 'slurm']


def ramp(folder):
    """An image of all grey levels, and its path."""
    image = np.tile(np.arange(256, dtype=np.uint8), (32, 1))
    cv2.imwrite(str(folder / 'ramp.png'), image)
    return image, folder / 'ramp.png'


@pytest.mark.slow
def test_its_task_is_a_command(run, trained, tmp_path):
    """The line that was learned, y = 1 - x, makes a negative."""
    image, path = ramp(tmp_path)
    command = ('-m', 'mmsight.cli', 'tone', path, '-m', trained / 'epoch_40.pth', '--out-dir', tmp_path / 'out')
    text = run(*command).stdout
    made = cv2.imread(str(tmp_path / 'out' / 'ramp_tone.png'), cv2.IMREAD_UNCHANGED)
    assert abs(made.astype(int) - (255 - image)).max() <= 6 and f'mean: {made.mean():.2f}'[:9] in text
    assert f'{path}: finished by an earlier run' in run(*command).stdout
    assert 'exists already' in run(*command, '--strength', '0', check=False).stderr
    run(*command, '--overwrite', '--strength', '0')
    assert (cv2.imread(str(tmp_path / 'out' / 'ramp_tone.png'), cv2.IMREAD_UNCHANGED) == image).all()
    assert 'tone' not in run('-m', 'mmsight.cli', '--help').stdout.split()


@pytest.mark.slow
def test_its_task_is_a_tab_of_the_page(trained, tmp_path):
    pytest.importorskip('gradio')
    from mmsight.serve import Runner, build_page
    from mmsight.tasks import find_tasks
    from mmsight.web_pages import ResultPages
    task, (image, path) = find_tasks()['tone'], ramp(tmp_path)
    runner = Runner(dict(tone=str(trained / 'epoch_40.pth')), ResultPages(tmp_path / 'results'), 'cpu')
    (tmp_path / 'examples').mkdir()
    page = build_page(runner, [task], tmp_path / 'examples')
    labels = {getattr(block, 'label', None) for block in page.blocks.values()}
    assert {'Change tones', 'strength: share of the change'} <= labels
    text, inner, pictures, table, files = next(results := runner.run(task, str(path), 'epoch_40.pth', 1.0))
    results.close()
    runner.worker.close()
    assert text.startswith('ramp.png: mean grey level ') and inner == '' and table['data'][0][0] == 'mean'
    assert abs(pictures[0][..., 0].astype(int) - (255 - image)).max() <= 6 and Path(files[0]).name == 'ramp_tone.png'


@pytest.mark.slow
def test_its_task_is_exported(run, trained, tmp_path):
    import onnxruntime
    out = tmp_path / 'line.onnx'
    done = run('tools/deployment/export_onnx.py', 'example_project', trained / 'epoch_40.pth', '--out', out, '--random-only',
               '--shape', 16, 24)
    assert 'FAIL' not in done.stdout and done.stdout.count('pass') == 2
    ramp = np.linspace(0, 1, 20, dtype=np.float32).reshape(1, 1, 4, 5)
    made, = onnxruntime.InferenceSession(str(out)).run(['tones'], {'image': ramp})
    assert abs(made - (1 - ramp)).max() <= 0.02


@pytest.mark.parametrize(('status', 'asked'), [(75, 'requeue 7\n'), (138, 'requeue 7\n'), (1, ''), (0, '')])
def test_a_job_that_was_stopped_is_queued_again(root, tmp_path, status, asked):
    """sbatch runs the job at once, srun ends with the status of a training."""
    for name, text in (('sbatch', 'printf "%s\\n" "$@" > submitted; exec bash -c "${@: -1}"'),
                       ('srun', f'printf "%s\\n" "$@" > started; exit {status}'), ('scontrol', 'echo "$@" > asked')):
        (tmp_path / name).write_text(f'#!/usr/bin/env bash\n{text}\n')
        (tmp_path / name).chmod(0o755)
    env = {**os.environ, 'PATH': os.pathsep.join([str(tmp_path), os.environ['PATH']]), 'GPUS': '4', 'SLURM_JOB_ID': '7'}
    done = subprocess.run([root / 'tools' / 'slurm_train.sh', '--requeue', 'gpus', 'job', 'a config.py', '--amp'], cwd=tmp_path,
                          env=env, check=False)
    assert done.returncode == status and {'--requeue', '--signal=USR1@120'} <= set((tmp_path / 'submitted').read_text().split())
    assert (tmp_path / 'started').read_text().splitlines()[-5:] == ['a config.py', '--amp', '--launcher', 'slurm', '--resume']
    assert ((tmp_path / 'asked').read_text() if (tmp_path / 'asked').is_file() else '') == asked
