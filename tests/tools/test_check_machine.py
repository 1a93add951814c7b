"""`make setup` says in one sentence that Python or the disk will not do, before it installs anything."""

import runpy
import shutil
import sys
from types import SimpleNamespace

import pytest

TOOL = 'tools/misc/check_machine.py'


@pytest.fixture
def problem(root, tmp_path, monkeypatch):
    """The tool's verdict on a machine with so much room (GB) under ``tmp_path``, and so much for temporary files."""
    def on(venv='venv', room=100.0, temporary=None):
        other = tmp_path / 'temporary'
        other.mkdir(exist_ok=True)
        monkeypatch.setattr('tempfile.gettempdir', lambda: str(other))
        disks = {str(tmp_path): room, str(other): room if temporary is None else temporary}
        monkeypatch.setattr(shutil, 'disk_usage', lambda path: SimpleNamespace(free=disks[str(path)] * 1e9))
        found = runpy.run_path(str(root / TOOL))['problem']
        if temporary is not None:
            monkeypatch.setitem(found.__globals__, 'same_disk', lambda *folders: False)
        return found(str(tmp_path / venv))
    return on


def test_room_enough(problem):
    assert problem() is None
    assert problem(room=12.1) is None
    assert problem('not/yet/made', room=9.6, temporary=4.1) is None


@pytest.mark.parametrize('machine, says', [
    (dict(room=11.9), 'has 11.9 GB free, setting up needs 12: make room, or run make with VENV='),
    (dict(room=8.0, temporary=50.0), 'has 8.0 GB free, setting up needs 9.5: make room, or run make with VENV='),
    (dict(room=50.0, temporary=2.0), 'temporary has 2.0 GB free, setting up needs 4: make room, or run make with TMPDIR='),
])
def test_full_disk(problem, machine, says):
    assert says in problem(**machine)


def test_environment_that_exists_needs_no_room(problem, tmp_path):
    (tmp_path / 'venv').mkdir()
    (tmp_path / 'venv' / 'pyvenv.cfg').touch()
    assert problem(room=0.5) is None


@pytest.mark.parametrize('version', [(3, 9, 1), (3, 13, 0)])
def test_other_python(problem, monkeypatch, version):
    monkeypatch.setattr(sys, 'version_info', version)
    monkeypatch.setattr(sys, 'version', '.'.join(map(str, version)) + ' (main)')
    assert problem() == (f"Python 3.10, 3.11 or 3.12 is needed, found {'.'.join(map(str, version))}: "
                         'run make PYTHON=/path/to/python3.11')
