"""Which files an input names; what killed processes leave."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmsight import files
from mmsight.errors import InputError
from mmsight.files import complete_file, list_files, remove_leftovers, scratch_prefix


def test_patterns_follow_no_links_and_end(tmp_path):
    """Two links to their root: whoever follows them visits 2**40 folders."""
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    image = tmp_path / 'a' / 'b' / 'x.tif'
    image.touch()
    for name in ('a/loop', 'a/other', 'a/b/loop'):
        (tmp_path / name).symlink_to(tmp_path)
    for pattern in ('**/*.tif', 'a/?/[x].tif'):
        assert list_files([tmp_path / pattern], ['.tif']) == [image]


@pytest.mark.parametrize('name', ['none*', '**x', 'a\0b', 'a' * 5000])
def test_a_pattern_that_names_nothing_is_told(name, tmp_path):
    with pytest.raises(InputError, match='no such file or folder|cannot be listed'):
        list_files([tmp_path / name], ['.tif'])


def test_the_number_of_files_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'MOST_FILES', 2)
    for name in 'abc':
        (tmp_path / f'{name}.tif').touch()
    with pytest.raises(InputError, match='more than 2 files match this pattern'):
        list_files([tmp_path / '*.tif'], ['.tif'])


def test_a_pipe_is_told_before_it_is_read(tmp_path):
    os.mkfifo(tmp_path / 'a.tif')
    with pytest.raises(InputError, match='it is a pipe'):
        list_files([tmp_path / 'a.tif'], ['.tif'])


def test_what_a_killed_process_left_is_removed_by_the_next_run(tmp_path):
    code = f'''
import os, tempfile
from pathlib import Path
from mmsight.files import complete_file, scratch_prefix
folder = Path({str(tmp_path)!r})
tempfile.mkdtemp(prefix=scratch_prefix(), dir=folder)
with complete_file(folder / 'a.png') as scratch:
    scratch.write_text('half')
    os.kill(os.getpid(), 9)
'''
    subprocess.run([sys.executable, '-c', code], check=False, cwd=Path(__file__).parents[1])
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / '.0badcafe-1-b.png').touch()  # of another machine
    (tmp_path / '.hidden').touch()
    with complete_file(tmp_path / 'mine.png') as scratch:
        scratch.touch()
        remove_leftovers(tmp_path)
        assert scratch.name.startswith(scratch_prefix())
    assert {path.name for path in tmp_path.iterdir()} == {'.0badcafe-1-b.png', '.hidden', 'mine.png'}
