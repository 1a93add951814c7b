"""A run that was killed goes on when the command is given again: what is finished is skipped, the rest is done."""

import json
import os
import shutil

import cv2
import numpy as np
import pytest
from mmsight.projects.example_project.inferencer import ToneInferencer

from mmsight.apis.finished import FOLDER
from mmsight.cli import main
from mmsight.errors import InputError


@pytest.fixture
def images(tmp_path):
    """Three images in a folder."""
    folder = tmp_path / 'in'
    folder.mkdir()
    for number, name in enumerate('abc'):
        cv2.imwrite(str(folder / f'{name}.png'), np.full((8, 9), 80 * number, np.uint8))
    return folder


@pytest.fixture
def tone(untrained, tmp_path):
    """Make an inferencer that notes which images its network saw; ``kill`` ends it behind the files of one of them."""

    def make(kill=None):
        weights = tmp_path / 'weights.pth'
        if not weights.exists():
            shutil.copy(untrained('example_project'), weights)

        class Watched(ToneInferencer):
            seen = []

            def forward(self, data, **options):
                self.seen.append(data[0].stem)
                return super().forward(data, **options)

            def postprocess(self, data, *args):
                made = super().postprocess(data, *args)
                if data[0].stem == kill:
                    raise KeyboardInterrupt
                return made

        Watched.seen = []
        return Watched(str(weights), device='cpu', show_progress=False)

    return make


def test_finished_inputs_are_skipped_and_the_killed_one_goes_on(images, tone, tmp_path):
    out = tmp_path / 'out'
    with pytest.raises(KeyboardInterrupt):
        tone(kill='b')(images, out_dir=out)
    assert (out / 'b_tone.png').is_file()  # its file was written, and nothing says that it was the last one
    again = tone()
    found = again(images, out_dir=out)
    assert again.seen == ['b', 'c'] and [item['source'][-5:] for item in found['predictions']] == ['a.png', 'b.png', 'c.png']
    third = tone()
    assert third(images, out_dir=out) == found and third.seen == []
    (out / 'c_tone.png').unlink()
    third(images, out_dir=out)
    assert third.seen == ['c']
    third(images, out_dir=out, overwrite=True)
    assert third.seen == ['c', 'a', 'b', 'c']


@pytest.mark.parametrize('change', ['input', 'time of the input', 'checkpoint', 'option', 'record', 'no record'])
def test_results_of_another_job_are_refused(images, tone, tmp_path, change):
    out, options = tmp_path / 'out', {}
    tone()(images, out_dir=out)
    if change == 'input':
        cv2.imwrite(str(images / 'a.png'), np.zeros((20, 20), np.uint8))
    elif change == 'time of the input':
        os.utime(images / 'a.png', (1, 1))
    elif change == 'checkpoint':
        os.utime(tmp_path / 'weights.pth', (1, 1))
    elif change == 'option':
        options = dict(strength=0.5)
    elif change == 'record':
        (out / FOLDER / 'a.tone.json').write_text('{"job": ')
    else:
        shutil.rmtree(out / FOLDER)
    with pytest.raises(InputError, match='a_tone.png exists already: .*--overwrite'):
        tone()(images, out_dir=out, **options)


def test_the_folder_may_be_moved(images, tone, tmp_path):
    tone()(images, out_dir=tmp_path / 'out')
    (tmp_path / 'out').rename(tmp_path / 'moved')
    again = tone()
    again(images, out_dir=tmp_path / 'moved')
    assert again.seen == []


def test_a_refused_match_keeps_its_exit_status(tmp_path, capsys):
    for name, level in (('a', 0), ('b', 200)):
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.full((30, 40), level, np.uint8))
    command = ['match', str(tmp_path / 'a.png'), str(tmp_path / 'b.png'), '-m', 'SIFT', '--out-dir', str(tmp_path / 'out')]
    said = []
    for _ in range(2):
        with pytest.raises(SystemExit) as left:
            main(command)
        assert left.value.code == 2
        said.append(capsys.readouterr())
    assert 'finished by an earlier run' in said[1].out and said[0].err == said[1].err
    assert json.loads((tmp_path / 'out' / FOLDER / 'a_b.match.json').read_text())['prediction']['homography'] is None
