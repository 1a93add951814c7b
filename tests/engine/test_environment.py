"""Where a number was measured."""

import subprocess

import pytest

from mmsight.engine import environment


@pytest.fixture
def foreign(tmp_path):
    """Somebody else's repository with a commit."""
    for command in (['init', '-q'], ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'x']):
        subprocess.run(['git', '-C', tmp_path, *command], check=True)
    return tmp_path


def test_the_commit_is_of_the_checkout_itself(foreign, monkeypatch):
    """An installed package inside a foreign repository, e.g. in its virtual environment, has no commit."""
    installed = foreign / '.venv' / 'site-packages' / 'mmsight' / 'engine' / 'environment.py'
    monkeypatch.setattr(environment, '__file__', str(installed))
    installed.parent.mkdir(parents=True)
    assert environment.git_commit() is None
    monkeypatch.setattr(environment, '__file__', str(foreign / 'mmsight' / 'engine' / 'environment.py'))
    assert len(environment.git_commit()) == 40
