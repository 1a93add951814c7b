"""Commands of the documents name tools and options that exist; those of the first pages are executed, and every notebook."""

import contextlib
import functools
import io
import json
import re
import runpy
import shlex

import cv2
import numpy as np
import pytest
from mmsight.projects.eas_unet.toy import make_abdomen, write_pair
from mmsight.projects.s2net.toy import make_scene

from mmsight.cli import main
from mmsight.configs import source_root

ROOT = source_root()
PAGES = [ROOT / 'README.md', *sorted(ROOT.glob('docs/**/*.md')), *sorted(ROOT.glob('projects/*/*.md')),
         *sorted(ROOT.glob('tools/**/*.md'))]
PROGRAM = r'(?:[A-Z_]+=\S+ )*(?:mmsight|python|pip|make|torchrun|source|tools/[\w/]+\.(?:sh|py))'

FIRST = ('mmsight detect scene.tif', 'mmsight match visible.jpg thermal.jpg', 'mmsight segment scan.nii.gz',
         'mmsight upscale photo.jpg', 'mmsight table sar_shipnet', 'mmsight table sar_shipnet 2', 'mmsight list')
"""Executed below as they stand, in a folder with files of one's own."""
TASKS = ('detect', 'match', 'segment', 'upscale')


def commands(text):
    """Commands in indented and fenced blocks, and between backticks, without comments and repeated spaces."""
    blocks = re.findall(rf'^ {{4,}}({PROGRAM} .*)$', text, re.M)
    fenced = [line for block in re.findall(r'^```\w*\n(.*?)^```', text, re.M | re.S) for line in block.splitlines()
              if re.match(PROGRAM + r'\b', line)]
    inline = [hit.replace('\n', ' ') for hit in re.findall(rf'`({PROGRAM} [^`]+)`', text)]
    return [' '.join(re.sub(r'\s+#.*', '', command).split()) for command in (*blocks, *fenced, *inline)]


FOUND = {command: page for page in reversed(PAGES) for command in commands(page.read_text())}


OTHERS = ('make', 'pip', 'torchrun', 'source')


@functools.cache
def help_text(*program):
    """What ``mmsight COMMAND --help`` or ``python TOOL --help`` prints."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), pytest.raises(SystemExit) as left:
        if program[0] == 'mmsight':
            main([*program[1:], '--help'])
        else:
            patch.setattr('sys.argv', [*program, '--help'])
            runpy.run_path(str(ROOT / program[0]), run_name='__main__')
    assert left.value.code == 0, f"no such command: {' '.join(program)}"
    return out.getvalue()


def check_command(command):
    words = [word for word in command.split() if not re.fullmatch(r'[A-Z_]+=\S+', word)]
    if words[0] in OTHERS or words[:2] == ['python', '-m']:
        return
    program = words[1] if words[0] == 'python' else words[0]
    assert program == 'mmsight' or (ROOT / program).is_file(), f'no such tool: {program}'
    if program.endswith('.sh'):
        return
    names = words[1].split('|') if program == 'mmsight' and len(words) > 1 else ()
    if program.endswith('/analyze_logs.py'):
        names = words[2:3]  # it has commands too
    texts = [help_text(program, name) for name in names if not name.startswith('-')] or [help_text(program)]
    for option in re.findall(r'(?<!\S)(--?[a-z][a-z-]*)', command):
        assert all(re.search(rf'(?<![\w-]){option}(?![\w-])', text) for text in texts), f'no such option: {option}'


@pytest.mark.parametrize('command', FOUND)
def test_program_and_options_exist(command):
    """A tool that moved, a task or an option that was renamed: the page still names the old one."""
    check_command(command)


@pytest.mark.parametrize('command', ['mmsight infer detect scene.tif', 'mmsight detect scene.tif --tiles 512',
                                     'python tools/no_tool.py', 'python tools/train.py CONFIG --epochs 3',
                                     'mmsight match a.jpg b.jpg -k 5'])
def test_what_does_not_exist_is_found(command):
    with pytest.raises(AssertionError, match='no such'):
        check_command(command)


def test_first_commands_stand_in_the_documents():
    assert set(FIRST) <= set(FOUND)


@pytest.fixture
def own_files(tmp_path, monkeypatch):
    """Work in a folder with files of one's own."""
    monkeypatch.chdir(tmp_path)
    hu, label, spacing = make_abdomen(np.random.default_rng(0))
    write_pair(tmp_path, 0, 'RAS', hu[:3], label[:3], spacing, np.zeros(3))
    (tmp_path / 'volume-0.nii.gz').rename('scan.nii.gz')
    image = (255 * make_scene(np.random.default_rng(0))).astype(np.uint8)
    for name in ('scene.tif', 'visible.jpg', 'thermal.jpg'):
        cv2.imwrite(name, image)
    cv2.imwrite('photo.jpg', image[:48, :64])


@pytest.mark.parametrize('command', FIRST)
def test_first_command(command, own_files, tmp_path):
    with pytest.raises(SystemExit) as left:
        main(shlex.split(command)[1:])
    assert left.value.code == 0
    expected = dict(detect='scene.geojson', match='visible_thermal_registered.png', segment='scan_liver.nii.gz',
                    upscale='photo_x4.png')
    task = command.split()[1]
    assert task not in TASKS or (tmp_path / 'work_dirs' / task / expected[task]).is_file()


@pytest.mark.slow
@pytest.mark.parametrize('task', TASKS)
def test_notebook(task, tmp_path, monkeypatch):
    """All cells in order, in one namespace; they are plain Python."""
    monkeypatch.chdir(tmp_path)
    content = json.loads((ROOT / 'docs' / 'notebooks' / f'{task}.ipynb').read_text())
    assert content['nbformat'] == 4 and not any(cell.get('outputs') for cell in content['cells'])
    names = {}
    for cell in content['cells']:
        if cell['cell_type'] == 'code':
            exec(compile(''.join(cell['source']), f"{task}.ipynb, {cell['id']}", 'exec'), names)
    assert len(names['found']['predictions']) == len(names['found']['visualization']) == 1
