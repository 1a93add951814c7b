"""No test reaches the network, a home cache or the user's data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# one thread a test process: several run side by side, and small tensors gain nothing from more
os.environ.setdefault('OMP_NUM_THREADS', '1')

import mmsight  # noqa: F401  (registers the import work-arounds before any host is imported)

ROOT = Path(__file__).resolve().parents[1]
REAL_DATA = Path(os.environ.get('MMSIGHT_DATA', ROOT.parent / 'shared' / 'data'))


@pytest.fixture(autouse=True)
def _no_home_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path_factory.getbasetemp() / 'torch'))
    monkeypatch.setenv('MPLBACKEND', 'Agg')


@pytest.fixture(scope='session')
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def real_data() -> Path:
    """The folder of real datasets; the test is skipped where there is none."""
    if not REAL_DATA.is_dir():
        pytest.skip(f'no real data in {REAL_DATA}')
    return REAL_DATA


@pytest.fixture
def run():
    """Run a Python script of the checkout as a user does; returns the finished process with its output as text."""

    def call(*args, cwd=ROOT, check=True, **env):
        environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', **env}
        done = subprocess.run([sys.executable, *map(str, args)], cwd=cwd, env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=900, check=False)
        if check:
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    return call
