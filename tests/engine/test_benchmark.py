import time

import pytest

from mmsight.engine.benchmark import Row, interleave


@pytest.mark.parametrize(('ours', 'theirs', 'bound', 'speedup', 'ratio', 'ok'), [
    (2.0, 60.0, '>= 30', True, 30.0, True),
    (2.1, 60.0, '>= 30', True, 60 / 2.1, False),
    (5.0, 4.0, '<= 1.25', False, 1.25, True),
    (5.1, 4.0, '<= 1.25', False, 1.275, False),
])
def test_row(ours, theirs, bound, speedup, ratio, ok):
    row = Row('a', ours, theirs, 'b', 'ms', bound, speedup)
    assert row.ratio == pytest.approx(ratio)
    assert row.ok is ok
    assert list(row.record()) == ['name', 'ours', 'theirs', 'theirs_is', 'unit', 'ratio', 'bound', 'ok']


def test_interleave_alternates_and_drops_the_warm_up():
    order = []

    def slow():
        order.append('slow')
        time.sleep(0.2 if len(order) <= 2 else 0.02)

    times = interleave({'slow': slow, 'fast': lambda: order.append('fast')}, repeats=3, warmup=1)
    assert order == ['slow', 'fast'] * 4
    assert 0.02 <= times['slow'] < 0.15
    assert times['fast'] < 0.02
