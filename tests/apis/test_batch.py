"""Several inputs at a time: one that fails does not end the others, options are judged first, equal names keep folders."""

import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from mmsight.projects.example_project.inferencer import ToneInferencer
from mmsight.projects.s2net.fitting import FREEDOM

from mmsight.apis import MatchInferencer
from mmsight.apis.batch import BatchError, place_results
from mmsight.cli import main
from mmsight.errors import InputError, OutputError
from mmsight.tasks import Option, find_tasks


def picture(path, level=80):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 9), level, np.uint8))
    return path


@pytest.fixture
def tone(untrained, monkeypatch):
    """An inferencer, and the names of what its network saw."""
    seen = []
    forward = ToneInferencer.forward
    monkeypatch.setattr(ToneInferencer, 'forward', lambda self, data, **options: (
        seen.append(data[0].name), forward(self, data, **options))[1])
    return ToneInferencer(untrained('example_project'), device='cpu', show_progress=False), seen


@pytest.fixture
def images(tmp_path):
    """Three images, the second of which is damaged."""
    for name in 'abc':
        picture(tmp_path / 'in' / f'{name}.png')
    (tmp_path / 'in/b.png').write_bytes(b'no image')
    return tmp_path / 'in'


def test_the_others_are_done_and_the_same_call_does_what_is_missing(tone, images, tmp_path):
    inferencer, seen = tone
    with pytest.raises(BatchError, match='1 of 3 inputs failed: .*b.png: ') as failed:
        inferencer(images, out_dir=tmp_path / 'out')
    assert seen == ['a.png', 'c.png'] and list(failed.value.failures) == [str(images / 'b.png')]
    assert [item['source'][-5:] for item in failed.value.results['predictions']] == ['a.png', 'c.png']
    picture(images / 'b.png')
    found = inferencer(images, out_dir=tmp_path / 'out')
    assert seen == ['a.png', 'c.png', 'b.png'] and len(found['predictions']) == 3
    inferencer(images, out_dir=tmp_path / 'out', overwrite=True)
    assert len(seen) == 6


def test_the_command_lists_what_failed_at_the_end(untrained, images, tmp_path, capsys):
    command = ['tone', str(images), '-m', untrained('example_project'), '--out-dir', str(tmp_path / 'out')]
    for done in (0, 2):
        with pytest.raises(SystemExit) as left:
            main(command)
        said = capsys.readouterr()
        assert left.value.code == 1 and said.out.count('finished by an earlier run') == done
        assert said.err.splitlines()[0] == '1 of 3 inputs failed; the same command tries them again:'
        assert said.err.splitlines()[1].startswith(f'error: {images}/b.png: ') and 'Traceback' not in said.err
    assert sorted(path.name for path in (tmp_path / 'out').glob('*.png')) == ['a_tone.png', 'c_tone.png']


def test_a_fault_of_ours_does_not_end_the_others_either(tone, images, monkeypatch, capsys):
    inferencer, seen = tone
    preprocess = ToneInferencer.preprocess

    def broken(self, source, out_dir):
        if source.name == 'b.png':
            raise KeyError('x')
        return preprocess(self, source, out_dir)

    monkeypatch.setattr(ToneInferencer, 'preprocess', broken)
    with pytest.raises(BatchError, match="b.png: KeyError: 'x' .a fault in MMSight"):
        inferencer(images)
    assert seen == ['a.png', 'c.png'] and 'Traceback' in capsys.readouterr().err


def test_one_input_raises_what_it_says_itself(tone, images):
    with pytest.raises(InputError) as error:
        tone[0](images / 'b.png')
    assert not isinstance(error.value, BatchError)


def test_a_full_disk_ends_the_batch_at_once(tone, images, tmp_path, monkeypatch):
    inferencer, seen = tone
    picture(images / 'b.png')

    def full(*args):
        raise OutputError('no space')

    monkeypatch.setattr('mmsight.projects.example_project.inferencer.write_picture', full)
    with pytest.raises(OutputError, match='no space'):
        inferencer(images, out_dir=tmp_path / 'out')
    assert seen == ['a.png']


@pytest.mark.parametrize('task, options, message', [
    ('detect', dict(threshold=1.5), '--threshold must be from 0 to 1, found 1.5'),
    ('detect', dict(tile=0), '--tile must be above 0, found 0'),
    ('detect', dict(tile=20.5), '--tile must be a whole number, found 20.5'),
    ('detect', dict(scale='x'), '--scale must be a number, found x'), ('detect', dict(gsd=float('nan')), 'a finite number'),
    ('detect', dict(land_buffer=-1), '--land-buffer must be at least 0'),
    ('detect', dict(batch_size=0), '--batch-size must be above 0'), ('match', dict(keypoints=3), 'must be at least 4, found 3'),
    ('match', dict(max_side=0), '--max-side must be above 0'),
    ('match', dict(transform='shear'), '--transform must be one of similarity, affine, homography, found shear'),
    ('segment', dict(batch_size=True), '--batch-size must be a whole number'),
    ('upscale', dict(tile=-1), '--tile must be above 0')])
def test_values_of_options(task, options, message):
    with pytest.raises(InputError, match=message):
        find_tasks()[task].complete(options)


def test_values_that_options_take():
    found = find_tasks()['detect'].complete(dict(tile=np.int64(64), scale=2, nodata=float('nan'), bands=[1, 2, 3]))
    assert found['tile'] == 64
    assert next(option for option in find_tasks()['match'].options if option.name == 'transform').choices == tuple(FREEDOM)
    Option('x', 'y', type=int).check(None)


def test_options_are_judged_before_any_input_is_read(make_detector, tmp_path):
    detector = make_detector()
    picture(tmp_path / 'a.png')
    detector.preprocess = None  # not to be called
    for options, message in ((dict(stretch='wide'), "stretch 'wide'"), (dict(bands=[0]), '--bands must be numbers above 0'),
                             (dict(bands=['XX']), 'or polarisations .VV, VH, HH, HV., found XX'),
                             (dict(bands=[1, 2]), 'the model reads one band'),
                             (dict(tile=64, overlap=64), '--overlap must be less than --tile'),
                             (dict(land=tmp_path / 'no.geojson'), 'no.geojson: the land mask does not exist')):
        with pytest.raises(InputError, match=message):
            detector(tmp_path / 'a.png', out_dir=tmp_path / 'out', **options)
    assert not (tmp_path / 'out').exists()


def test_results_of_another_call_are_refused_before_any_work(tone, images, tmp_path):
    inferencer, seen = tone
    picture(tmp_path / 'out/c_tone.png')
    with pytest.raises(InputError, match='c_tone.png exists already: '):
        inferencer(images, out_dir=tmp_path / 'out')
    picture(tmp_path / 'out/a_tone.png')
    with pytest.raises(InputError, match='a_tone.png exists already: .*so do results of 1 more inputs'):
        inferencer(images, out_dir=tmp_path / 'out')
    assert seen == []


def test_names_that_cannot_be_written_are_refused_before_any_work(tone, images, tmp_path):
    inferencer, seen = tone
    shutil.copy(images / 'a.png', images / 'b.png')
    picture(images / 'a_tone.png')
    with pytest.raises(InputError, match='a_tone.png: this result of .*a.png would replace an input'):
        inferencer(images, out_dir=images, overwrite=True)
    (tmp_path / 'out/a_tone.png').mkdir(parents=True)
    with pytest.raises(InputError, match='a_tone.png: a result of .*a.png is to be written here, and a folder has this name'):
        inferencer(images, out_dir=tmp_path / 'out', overwrite=True)
    with pytest.raises(InputError, match='the name is too long for its results'):
        inferencer(picture(tmp_path / f"{'x' * 240}.png"), out_dir=tmp_path / 'other')
    (tmp_path / 'file').touch()
    with pytest.raises(OutputError, match='the folder cannot be made'):
        inferencer(images, out_dir=tmp_path / 'file')
    assert seen == []


def test_equal_names_keep_their_folders(tone, tmp_path):
    inferencer, seen = tone
    files = [picture(tmp_path / name, level) for level, name in ((10, 'in/x/1/a.png'), (90, 'in/y/a.png'), (50, 'in/b.png'))]
    for _ in range(2):
        found = inferencer(files, out_dir=tmp_path / 'out')['predictions']
        assert [os.path.relpath(item['file'], tmp_path / 'out') for item in found] == [
            'x/1/a_tone.png', 'y/a_tone.png', 'b_tone.png']
    assert len(seen) == 3  # the second call has skipped them
    means = [cv2.imread(str(tmp_path / 'out' / name / 'a_tone.png'), 0).mean() for name in ('x/1', 'y')]
    assert means[0] != means[1]
    with pytest.raises(InputError, match='a.bmp and .*a.png have the same name'):
        inferencer([files[1], picture(tmp_path / 'in/y/a.bmp')], out_dir=tmp_path / 'out2')
    assert len(inferencer([files[1], tmp_path / 'in/y/a.bmp'])['predictions']) == 2  # nothing is written


def test_pairs_of_equal_names_keep_their_folders(tmp_path):
    pairs = [(picture(tmp_path / f'{kind}/{day}/1.png'), picture(tmp_path / f'ir/{day}/1.png'))
             for kind, day in (('vis', 'mon'), ('vis', 'tue'))]
    MatchInferencer('SIFT', show_progress=False)(pairs, out_dir=tmp_path / 'out')
    assert sorted(path.parent.name for path in (tmp_path / 'out').glob('*/1_match.json')) == ['mon', 'tue']


def test_places():
    def places(*folders, names=None):
        items = list(range(len(folders)))
        found = place_results(items, names or ['a'] * len(folders), folders)
        return [str(place) for place in found]

    assert places(['x'], ['y'], names=['a', 'b']) == ['.', '.']
    assert places(['x'], ['x/y']) == ['.', 'y']
    assert places(['v/1', 'i'], ['v/2', 'i']) == ['1', '2']
    assert places(['r', 'i/1'], ['r', 'i/2']) == ['1', '2']
    assert places(['v/1', 'i/2'], ['v/2', 'i/1']) == ['1/2', '2/1']


@pytest.mark.slow
def test_a_failure_in_one_process_of_torchrun_leaves_the_others_alone(root, untrained, images, tmp_path):
    """The first process fails at once, the second still has work to do: the first waits, and both are done."""
    for name in 'defg':
        picture(images / f'{name}.png')
    picture(images / 'b.png')
    (images / 'a.png').write_bytes(b'no image')
    shutil.copy(images / 'a.png', images / 'c.png')
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2', '-m', 'mmsight.cli',
               'tone', images, '-m', untrained('example_project'), '--out-dir', tmp_path / 'out']
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False,
                          env={**os.environ, 'PYTHONPATH': str(root), 'OMP_NUM_THREADS': '1'})
    assert done.returncode == 1 and '2 of 4 inputs failed' in done.stderr, done.stderr[-3000:]
    assert sorted(path.name[0] for path in (tmp_path / 'out').glob('*.png')) == list('bdefg')
    assert all(json.loads(path.read_text())['prediction'] for path in (tmp_path / 'out/.mmsight').iterdir())
