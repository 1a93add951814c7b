"""Expected results and the digest of a config."""

import math

from mmengine.config import Config

from mmsight.engine.result_hook import check_expected, config_digest


def test_check_expected():
    expected = [dict(metric='a', min=0.5), dict(metric='a', max=0.5), dict(metric='b', min=0, max=1), dict(metric='c', min=0)]
    rows = check_expected(expected, dict(a=0.6, b=math.nan))
    assert [row['pass'] for row in rows] == [True, False, False, False]
    assert rows[0]['value'] == 0.6 and rows[3]['value'] is None


def test_digest_ignores_where_a_run_was_started_and_sees_what_it_computes():
    base = dict(model=dict(type='A', width=3), work_dir='x')
    digest = config_digest(Config(base))
    assert digest == config_digest(Config(dict(base, work_dir='y', resume=True)))
    assert digest != config_digest(Config(dict(base, model=dict(type='A', width=4))))
