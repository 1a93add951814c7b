"""Commands of the documents name tools and options that exist; those of the first pages are executed, and every notebook."""

import json
import re
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


SOURCES = ''.join(path.read_text() for folder in ('mmsight', 'projects', 'tools') for path in (ROOT / folder).rglob('*.py'))
OTHERS = ('make', 'pip', 'torchrun', 'source')


@pytest.mark.parametrize('command', FOUND)
def test_program_and_options_exist(command):
    """A tool that moved, a task or an option that was renamed: the page still names the old one."""
    words = [word for word in command.split() if not re.fullmatch(r'[A-Z_]+=\S+', word)]
    if words[0] in OTHERS or words[:2] == ['python', '-m']:
        return
    program = words[1] if words[0] == 'python' else words[0]
    if program == 'mmsight':
        assert len(words) == 1 or all(f"'{name}'" in SOURCES for name in words[1].split('|')), f'no such command: {words[1]}'
    else:
        assert (ROOT / program).is_file(), f'no such tool: {program}'
    if program.endswith('.sh'):
        return
    for option in re.findall(r'(?<!\S)--([a-z][a-z-]*)', command):
        assert re.search(rf"['\"](--)?{option}['\"]|\b{option.replace('-', '_')}\b", SOURCES), f'no such option: --{option}'


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
