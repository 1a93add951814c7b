"""Curves of trainings: means over epochs of what was logged, as a CSV and back."""

import json

import pytest

from mmsight.engine.curves import epoch_means, read_curve, write_curve
from mmsight.errors import InputError

LOG = [dict(val_loss=9.0, step=0), dict(loss=4.0, epoch=1, step=20), dict(loss=2.0, epoch=1, step=40),
       dict(loss=1.0, epoch=2, step=71), dict(val_loss=3.0, step=2), dict(loss=0.5, epoch=3, step=122)]


@pytest.fixture
def log(tmp_path):
    def write(rows):
        path = tmp_path / '20260101_000000' / 'vis_data' / 'scalars.json'
        path.parent.mkdir(parents=True)
        path.write_text(''.join(json.dumps(row) + '\n' for row in rows))
        return tmp_path

    return write


def test_a_validation_belongs_to_the_epoch_before_it(log):
    """Whether its own step counts iterations or epochs, which the log does not say."""
    assert epoch_means(log(LOG), ['val_loss', 'loss']) == dict(val_loss=[(0, 9.0), (2, 3.0)],
                                                               loss=[(1, 3.0), (2, 1.0), (3, 0.5)])


def test_there_and_back(log, tmp_path):
    curve = epoch_means(log(LOG), ['loss', 'val_loss'])
    path = tmp_path / 'trainings' / 'mine.csv'
    write_curve(curve, path)
    assert path.read_text().splitlines() == ['epoch,loss,val_loss', '0,,9', '1,3,', '2,1,3', '3,0.5,']
    assert read_curve(path) == curve


@pytest.mark.parametrize('rows, sentence', [
    (LOG, "no logged 'los'; it has epoch, loss, step, val_loss"), ([dict(loss=1.0, step=3)], 'no log of a training by epochs'),
    (LOG[3:], 'begins in epoch 2: a curve is kept of a training without a break')])
def test_what_is_not_in_the_log_is_one_sentence(log, rows, sentence):
    with pytest.raises(InputError, match=sentence):
        epoch_means(log(rows), ['los'])


@pytest.mark.parametrize('text', ['', 'loss\n1\n', 'epoch,loss\n1,a\n', 'epoch,loss\n1\n'])
def test_another_file_is_one_sentence(tmp_path, text):
    path = tmp_path / 'mine.csv'
    path.write_text(text)
    with pytest.raises(InputError, match='mine.csv is no curve of a training'):
        read_curve(path)
