"""The command line: help, names, and one sentence for each mistake."""

import os
import subprocess
import sys

import pytest

from mmsight.cli import friendly, main
from mmsight.errors import InputError

TOY = 'configs/sar_shipnet/sar_shipnet_toy.py'


@pytest.mark.parametrize('command', ['tools/train.py', 'tools/test.py'])
def test_help_has_an_example(run, command):
    assert 'example:' in run(command, '--help').stdout


def test_list_names_every_config(run, root):
    listed = dict(line.split(maxsplit=1) for line in run('-m', 'mmsight.cli', 'list').stdout.splitlines())
    assert listed['sar_shipnet/sar_shipnet_toy'].startswith('SAR-ShipNet at half width')
    assert len(listed) == len([p for p in (root / 'configs').glob('*/*.py') if p.parent.name != '_base_'])


def test_list_into_a_closed_pipe_has_no_trace(root):
    with subprocess.Popen([sys.executable, '-m', 'mmsight.cli', 'list'], cwd=root, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ''


def test_doctor_is_clean(run, root):
    """And it says where the tools of the documents are, which lie elsewhere where a wheel is installed."""
    out = run('-m', 'mmsight.cli', 'doctor').stdout
    assert 'no problems found' in out and str(root / 'tools') in out


def sentence(done):
    """The one line of an error."""
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith('error: ')]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_unknown_command(capsys):
    with pytest.raises(SystemExit, match="there is no command 'detct'; did you mean detect[?] `mmsight --help` lists them"):
        main(['detct', 'scene.tif'])


def test_unknown_config(run):
    assert "'no_such'" in sentence(run('tools/train.py', 'no_such', check=False))


def test_config_with_a_syntax_error(run, tmp_path):
    (tmp_path / 'bad.py').write_text('model = dict(')
    assert 'bad.py' in sentence(run('tools/train.py', tmp_path / 'bad.py', check=False))


def test_config_whose_base_is_missing(run, tmp_path):
    (tmp_path / 'bad.py').write_text("_base_ = 'nothing.py'")
    assert 'nothing.py' in sentence(run('tools/train.py', tmp_path / 'bad.py', check=False))


def test_missing_checkpoint(run, tmp_path):
    assert 'none.pth' in sentence(run('tools/test.py', 'example_project', tmp_path / 'none.pth', '--work-dir', tmp_path,
                                      check=False, MMSIGHT_DATA=str(tmp_path)))


def test_damaged_checkpoint(run, tmp_path):
    (tmp_path / 'bad.pth').write_bytes(b'not a checkpoint')
    assert 'bad.pth' in sentence(run('tools/test.py', 'example_project', tmp_path / 'bad.pth', '--work-dir', tmp_path,
                                     check=False, MMSIGHT_DATA=str(tmp_path)))


def test_work_dir_that_cannot_be_written(run, tmp_path):
    (tmp_path / 'file').write_text('')
    done = run('tools/train.py', 'example_project', '--work-dir', tmp_path / 'file' / 'x', check=False,
               MMSIGHT_DATA=str(tmp_path))
    assert str(tmp_path / 'file') in sentence(done)


@pytest.mark.slow
def test_config_whose_host_is_not_installed(run, tmp_path):
    """A stand-in finder hides mmdet, as if it had never been installed."""
    script = tmp_path / 'hide.py'
    script.write_text(
        'import importlib.util, sys\n'
        'from mmsight.cli import main\n'
        'real = importlib.util.find_spec\n'
        'class Hide:\n'
        '    def find_spec(self, name, path=None, target=None):\n'
        "        if name.split('.')[0] == 'mmdet':\n"
        "            raise ModuleNotFoundError('No module named mmdet', name='mmdet')\n"
        'sys.meta_path.insert(0, Hide())\n'
        "importlib.util.find_spec = lambda name, *a: None if name.split('.')[0] == 'mmdet' else real(name, *a)\n"
        f"main(['train', '{TOY}'])\n")
    line = sentence(run(script, check=False))
    assert 'mmdet' in line and 'mmsight[det]' in line


@pytest.mark.parametrize('option', ['abc', 'a.b=dict(c=1,d=2)', 'a=(1,2', 'a=[1,2'])
def test_an_option_that_cannot_be_read(option, capsys):
    with pytest.raises(SystemExit):
        main(['train', 'example_project', '--cfg-options', 'b=1', option])
    assert f"--cfg-options '{option}': KEY=VALUE is expected" in capsys.readouterr().err


def test_a_process_of_a_distributed_run_ends_at_once(monkeypatch):
    """With its status, and without what the interpreter does at its end."""
    import torch.distributed
    ended = []
    monkeypatch.setattr(torch.distributed, 'is_initialized', lambda: True)
    monkeypatch.setattr(torch.distributed, 'get_backend', lambda: 'gloo')
    monkeypatch.setattr(torch.distributed, 'destroy_process_group', lambda: ended.append('group'))
    monkeypatch.setattr(os, '_exit', ended.append)
    for status in (0, 3):
        with pytest.raises(SystemExit):
            friendly(lambda status=status: sys.exit(status))()
    assert ended == ['group', 0, 'group', 3]
    with pytest.raises(SystemExit, match='error: bad'):
        friendly(lambda: (_ for _ in ()).throw(InputError('bad')))()
    assert len(ended) == 4
