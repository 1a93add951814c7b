"""The page on a run holds everything itself, and the right predictions."""

import json
import re

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from mmsight.engine.per_case import read_per_case, write_per_case
from mmsight.engine.run_report import write_report
from mmsight.errors import InputError

RECORD = dict(config='configs/p/<toy>.py', config_digest='0' * 64, git_commit='abc', seed=3, device='cpu', wall_seconds=1.5,
              versions=dict(torch='2'), metrics={'m/score': 0.5, 'm/none': None},
              expected=[{'metric': 'm/score', 'min': 0.4, 'value': 0.5, 'pass': True}])


@pytest.fixture
def work_dir(tmp_path):
    """A trained and tested run with five pictures, of which four are scored."""
    (tmp_path / 'result.json').write_text(json.dumps(RECORD))
    train, test = tmp_path / '20260101_000000', tmp_path / '20260102_000000'
    (train / 'vis_data').mkdir(parents=True)
    rows = [dict(loss=2.0, lr=0.1, step=1), dict(loss=1.0, lr=0.1, step=2), {'m/score': 0.5, 'step': 1}]
    (train / 'vis_data' / 'scalars.json').write_text(''.join(json.dumps(row) + '\n' for row in rows))
    for folder in (test / 'pictures', test / 'vis_data' / 'vis_image'):
        folder.mkdir(parents=True)
    (test / 'vis_data' / 'config.py').write_text("a = '<secret>'")
    cv2.imwrite(str(test / 'vis_data' / 'vis_image' / 'precision_recall_0.png'), np.zeros((9, 9, 3), np.uint8))
    for name in 'abcde':
        cv2.imwrite(str(test / 'pictures' / f'{name}.jpg'), np.full((20, 2000, 3), 90, np.uint8))
    (test / 'per_case.csv').write_text('case,f1,ships\na,0.3,1\nb,0.9,1\nc,0.1,1\nd,,1\nz,1.0,1\n')
    return tmp_path


def test_everything_is_inside(work_dir):
    page = write_report(work_dir, number=2).read_text()
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert page.count('<img src="data:image/') == 3 + 1 + 6  # curves, plots, predictions
    for text in ('&lt;toy&gt;', '&lt;secret&gt;', 'm/score', '0.5000', 'not finite', 'precision_recall_0', 'seed 3', 'abc'):
        assert text in page
    assert '<toy>' not in page


def test_best_and_worst_by_the_scores_of_pictures(work_dir):
    page = write_report(work_dir, number=2).read_text()
    captions = re.findall(r'<h3>(\w+)</h3>|<figcaption>(\w(?:, f1 [\d.]+)?)</figcaption>', page)
    words = [first or second for first, second in captions]
    assert words[:6] == ['Best', 'b, f1 0.9000', 'a, f1 0.3000', 'Worst', 'c, f1 0.1000', 'a, f1 0.3000']
    assert words[6] == 'Random' and len(words) == 9


def test_a_run_without_pictures_says_how_to_get_them(tmp_path):
    (tmp_path / 'result.json').write_text(json.dumps(RECORD))
    assert '--show-dir' in write_report(tmp_path).read_text()


def test_no_run(tmp_path):
    with pytest.raises(InputError, match='has no result.json'):
        write_report(tmp_path)


def test_scores_go_through_the_file(tmp_path, monkeypatch):
    logger = MMLogger('per_case', 'per_case', log_file=str(tmp_path / 'run.log'))
    monkeypatch.setattr(MMLogger, 'get_current_instance', classmethod(lambda cls: logger))
    write_per_case([dict(case='a', other=1, s=0.25), dict(case='b', other=2, s=0.75)], 's')
    assert (tmp_path / 'per_case.csv').read_text().splitlines()[0] == 'case,s,other'
    assert read_per_case(tmp_path / 'per_case.csv') == ('s', dict(b=0.75, a=0.25))
