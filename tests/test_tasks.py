"""Tasks: declared by projects, read by the command line and by Python, without torch until one runs."""

import importlib.util
import math
import re

import cv2
import numpy as np
import pytest

from mmsight import projects
from mmsight.cli import main
from mmsight.configs import load_config
from mmsight.errors import InputError
from mmsight.tasks import find_tasks, task_of

NAMES = ('detect', 'match', 'segment', 'upscale')


def test_the_core_names_no_project(root):
    """Neither an import nor a string nor a comment: a further paper needs no line of ``mmsight/``."""
    words = re.compile(rf"\b({'|'.join(projects.names())})(_toy)?\b")
    found = [f'{path.relative_to(root)}: {hit[0]}' for path in sorted((root / 'mmsight').rglob('*.py'))
             for hit in words.finditer(path.read_text())]
    assert not found


@pytest.mark.parametrize('task', NAMES)
def test_help_shows_every_option_and_an_example(task, capsys):
    with pytest.raises(SystemExit, match='0'):
        main([task, '--help'])
    text = ' '.join(capsys.readouterr().out.split())
    assert f'example: mmsight {task} ' in text and '--overwrite' in text and '-m NAME|CONFIG|CHECKPOINT' in text
    for option in find_tasks()[task].options:
        assert f"--{option.name.replace('_', '-')}" in text
        assert option.default is None or option.type is bool or f'(default {option.default})' in text


@pytest.mark.parametrize('task', [task for task in find_tasks().values() if not task.missing()], ids=lambda task: task.name)
def test_examples_say_where_they_are_from_and_can_be_made(task, tmp_path):
    assert task.examples and task.ready_examples() == list(task.examples)
    for example in task.examples:
        assert len(example.label) <= 60  # the web page cuts what is longer
        assert re.search(r'drawn by the project|\((CC0|public domain), scikit-image\)$', example.label)
        files = example.make(tmp_path)
        assert len(files) == len(task.inputs) and all(file.name.endswith(tuple(task.suffixes)) for file in files)
        assert all(file.parent == tmp_path and file.stat().st_size for file in files)


def test_an_example_whose_package_is_missing_is_not_offered(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None if name == 'skimage' else real(name))
    assert [example.label for example in find_tasks()['match'].ready_examples()] == [
        'Visible and infrared, drawn by the project']


def test_alone_the_command_says_in_ten_lines_what_it_can_do(run):
    """Without torch, which takes seconds."""
    code = 'import sys\nfrom mmsight.cli import main\nmain([])\nassert "torch" not in sys.modules'
    lines = run('-c', code).stdout.splitlines()
    assert len(lines) <= 10 and all(any(f'mmsight {name} ' in line for line in lines) for name in (*NAMES, 'serve', 'train'))


def test_options_have_one_default(untrained, tmp_path):
    """Python, like the command line, takes it from the task; an option that a task lacks is refused."""
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((9, 9, 3), np.uint8))
    from mmsight.apis import UpscaleInferencer
    inferencer = UpscaleInferencer(untrained('super_resolution_toy'), device='cpu', show_progress=False)
    seen = []
    forward = inferencer.forward
    inferencer.forward = lambda photo, **options: seen.append(options) or forward(photo, **options)
    inferencer(tmp_path / 'a.png')
    inferencer(tmp_path / 'a.png', tile=32)
    assert seen == [dict(tile=None), dict(tile=32)]
    with pytest.raises(ValueError, match='tiles'):
        inferencer(tmp_path / 'a.png', tiles=32)


def test_every_option_is_taken_by_its_inferencer():
    for task in find_tasks().values():
        kind = task.load_inferencer()
        taken = [*kind.preprocess_kwargs, *kind.forward_kwargs, *kind.postprocess_kwargs]
        assert {option.name for option in task.options} <= set(taken) and len(taken) == len(set(taken))


def test_every_inferencer_is_exported():
    from mmsight import apis
    for name in ('DetectInferencer', 'MatchInferencer', 'SegmentInferencer', 'UpscaleInferencer'):
        assert name in dir(apis) and getattr(apis, name).__name__ == name
    with pytest.raises(AttributeError, match='no attribute .Nothing'):
        _ = apis.Nothing


def test_a_missing_extra_hides_its_task_alone(monkeypatch, capsys, tmp_path):
    """As if neither mmseg nor mmagic were installed."""
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None if name in ('mmseg', 'mmagic') else real(name))
    with pytest.raises(SystemExit, match='0'):
        main(['--help'])
    commands, missing = capsys.readouterr().out.split('options:')
    assert 'detect ' in commands and 'match ' in commands and 'upscale ' not in commands and 'segment ' not in commands
    assert "`mmsight segment` needs mmseg, which is not installed: run `pip install 'mmsight[seg]'`" in missing
    with pytest.raises(SystemExit, match=r'^error: `mmsight upscale` needs mmagic, which is not installed: run `pip install '):
        main(['upscale', 'photo.jpg'])
    with pytest.raises(InputError, match='needs mmseg'):
        from mmsight.apis import SegmentInferencer  # noqa: F401
    for name in ('a', 'b'):
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.zeros((20, 20), np.uint8))
    with pytest.raises(SystemExit, match='2'):
        main(['match', str(tmp_path / 'a.png'), str(tmp_path / 'b.png'), '-m', 'SIFT', '--out-dir', str(tmp_path / 'out')])


def test_a_config_names_its_task():
    assert task_of(load_config('larsd_toy')).name == 'detect'
    cfg = load_config('example_project')
    cfg.task = 'nothing'
    with pytest.raises(InputError, match="says task = 'nothing': set it to one of detect, match"):
        task_of(cfg)
    cfg.pop('task')
    with pytest.raises(InputError, match='has no key `task`'):
        task_of(cfg)


def test_every_file_of_a_task_is_read_without_torch(run):
    code = ('import sys\nfrom mmsight.tasks import find_tasks\nassert len(find_tasks()) >= 4\n'
            'assert not {"torch", "cv2", "rasterio"} & set(sys.modules)')
    run('-c', code)


@pytest.mark.slow
def test_two_processes_give_what_one_gives(run, untrained, tmp_path):
    rng = np.random.default_rng(0)
    for number in range(5):
        cv2.imwrite(str(tmp_path / f'{number}.png'), rng.integers(0, 256, (20 + number, 30, 3)).astype(np.uint8))
    command = ('-m', 'mmsight.cli', 'upscale', tmp_path, '-m', untrained('super_resolution_toy'), '--device', 'cpu')
    done = run(*command, '--out-dir', tmp_path / 'two', ranks=2)
    assert '[1/3]' in done.stdout and '[1/2]' in done.stdout  # each had its share
    run(*command, '--out-dir', tmp_path / 'one')
    one, two = ({file.name: file.read_bytes() for file in (tmp_path / name).glob('*.png')} for name in ('one', 'two'))
    assert len(one) == 5 and one == two


def test_processes_share_series_and_files(untrained, tmp_path, monkeypatch):
    from mmsight.apis import SegmentInferencer
    from mmsight.apis.batch import share_of
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
    for name in ('c.nii', 'd.nii.gz'):
        (tmp_path / name).touch()
    inferencer = SegmentInferencer(untrained('eas_unet_toy'), device='cpu')
    names = ['a', 'b', 'c.nii', 'd.nii.gz']
    shares = []
    for rank in ('0', '1'):
        monkeypatch.setenv('RANK', rank)
        monkeypatch.setenv('WORLD_SIZE', '2')
        shares.append({path.name for path in share_of(inferencer.list_inputs([tmp_path / name for name in names]))})
    assert not shares[0] & shares[1] and shares[0] | shares[1] == set(names) and len(shares[0]) == 2


@pytest.mark.parametrize('value', ['nan', 'inf', '-inf'])
def test_options_are_finite_numbers(value):
    task = find_tasks()['detect']
    for name in ('threshold', 'scale', 'gsd', 'land_buffer'):
        with pytest.raises(InputError, match=f"--{name.replace('_', '-')} must be a finite number, found {value}"):
            task.complete({name: float(value)})
    assert math.isnan(task.complete(dict(nodata=math.nan))['nodata'])
