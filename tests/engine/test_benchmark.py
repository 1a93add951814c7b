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


def test_interleave_alternates_and_drops_the_warm_up(monkeypatch):
    order, now = [], [0.0]
    monkeypatch.setattr(time, 'perf_counter', lambda: now[0])

    def work(name, first, later):
        now[0] += later if name in order else first
        order.append(name)

    times = interleave({'slow': lambda: work('slow', 50, 2), 'fast': lambda: work('fast', 30, 1)}, repeats=3, warmup=1)
    assert order == ['slow', 'fast'] * 4
    assert times == {'slow': 2, 'fast': 1}
