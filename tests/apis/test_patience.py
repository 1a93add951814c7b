"""How long a silent worker is waited for."""

import pytest

from mmsight.apis import patience


@pytest.fixture
def wait(monkeypatch):
    """Let seconds pass, in steps of one, in which workers are to answer; and in one step."""
    now = [100.0]
    monkeypatch.setattr(patience.time, 'monotonic', lambda: now[0])

    def wait(waiting, seconds, *workers, step=1.0):
        for _ in range(round(seconds / step)):
            now[0] += step
            waiting.look(workers)

    return wait


def test_ten_times_the_longest_answer_but_a_minute_at_least(wait):
    waiting = patience.Patience()
    wait(waiting, 2, 'a', 'b')
    waiting.hear('a', answer=True)
    wait(waiting, 60, 'a', 'b')
    assert waiting.silence('a') == 60 and not waiting.is_over('a')
    wait(waiting, 1, 'a', 'b')
    assert waiting.is_over('a') and not waiting.is_over('b')  # which has not answered yet, and may still be starting
    wait(waiting, 20, 'b')
    waiting.hear('b', answer=True)
    assert waiting.longest == 83 and not waiting.is_over('a')
    wait(waiting, 831, 'b')
    assert waiting.is_over('b')


def test_a_first_answer_has_ten_minutes_from_the_last_sign_of_life(wait):
    waiting = patience.Patience()
    wait(waiting, 599, 'a')
    waiting.hear('a', answer=False)
    wait(waiting, 600, 'a')
    assert not waiting.is_over('a') and waiting.longest == 0
    wait(waiting, 1, 'a')
    assert waiting.is_over('a')


def test_who_has_nothing_to_answer_is_not_silent(wait):
    waiting = patience.Patience()
    wait(waiting, 10_000, 'a')
    waiting.hear('a', answer=True)
    wait(waiting, 10_000)
    assert waiting.silence('a') == waiting.silence('b') == 0


def test_time_in_which_this_process_was_stopped_too_does_not_count(wait):
    waiting = patience.Patience()
    wait(waiting, 3600, 'a', step=3600)
    assert waiting.silence('a') == 2
