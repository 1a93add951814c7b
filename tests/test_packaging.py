"""The wheel, in an environment of its own, trains a config from an empty folder."""

import subprocess
import sys
import sysconfig
import zipfile

import pytest


@pytest.mark.slow
def test_wheel_trains_from_an_empty_folder(run, root, tmp_path):
    run('-m', 'pip', 'wheel', '-q', root, '--no-deps', '-w', tmp_path, '--disable-pip-version-check')
    wheel, = tmp_path.glob('mmsight-*.whl')
    names = zipfile.ZipFile(wheel).namelist()
    for name in ('mmsight/.mim/configs/sar_shipnet/sar_shipnet_toy.py', 'mmsight/.mim/tools/train.py', 'mmsight/py.typed',
                 'mmsight/apis/scene_page.js',
                 'mmsight/projects/sar_shipnet/bca.py', 'mmsight/projects/example_project/toy.py'):
        assert name in names
    # the models in the box, their cards and pictures
    assert {f'mmsight/{path.relative_to(root)}' for path in root.glob('projects/*/weights/*')} == {
        name for name in names if '/weights/' in name}
    assert not any(name.startswith(('tests/', 'projects/')) for name in names)
    # a clean environment that borrows the dependencies, and nothing of the checkout
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', tmp_path / 'env'], check=True)
    python = tmp_path / 'env' / 'bin' / 'python'
    site = subprocess.run([python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], check=True,
                          capture_output=True, text=True).stdout.strip()
    zipfile.ZipFile(wheel).extractall(site)
    empty = tmp_path / 'empty'
    empty.mkdir()
    env = dict(PATH='/usr/bin:/bin', PYTHONPATH=f'{site}:{sysconfig.get_path("purelib")}', HOME=str(tmp_path))
    code = ('import atexit, runpy, sys\n'
            "atexit.register(lambda: print(sys.modules['mmsight.projects.example_project'].__file__))\n"
            "runpy.run_module('mmsight.cli', run_name='__main__', alter_sys=True)")
    done = subprocess.run([python, '-c', code, 'train', 'example_project'], cwd=empty, env=env, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (empty / 'work_dirs' / 'example_project' / 'result.json').is_file()
    assert done.stdout.splitlines()[-1].startswith(site)
    toy = subprocess.run([python, '-m', 'mmsight.cli', 'train', 'sar_shipnet_toy', '--cfg-options', 'train_cfg.max_epochs=1',
                          'train_dataloader.dataset.indices=8', 'train_dataloader.num_workers=0',
                          'train_dataloader.persistent_workers=False', 'train_cfg.val_interval=2'],
                         cwd=empty, env=env, capture_output=True, text=True, check=False)
    assert toy.returncode == 0, toy.stderr[-3000:]
    assert (empty / 'data' / 'toy' / 'sar_shipnet' / 'train.txt').is_file()
