"""How long the answer of another process is waited for."""

import time
from collections.abc import Hashable, Iterable

PAUSE = 1.0
"""Seconds after which this process looks again at who is silent."""
FIRST, LEAST, TIMES = 600, 60, 10
"""Seconds for the first answer of a worker, which has to start; seconds for any other one at least, and how often the longest
answer so far."""


class Patience:
    """Which workers are silent for so long that they hang.

    An answer may take :data:`TIMES` the longest that any worker has taken, and :data:`LEAST` seconds in any case, or
    :data:`FIRST` if it is a worker's first. What counts is time that this process has seen pass in small steps: a job that was
    suspended with all its processes goes on as if nothing had been.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._waited: dict[Hashable, float] = {}
        self._known: set[Hashable] = set()
        self._before = time.monotonic()

    def look(self, asked: Iterable[Hashable]) -> None:
        """Let those who are to answer have been silent for the time since the last look."""
        now = time.monotonic()
        passed, self._before = min(now - self._before, 2 * PAUSE), now
        for worker in asked:
            self._waited[worker] = self.silence(worker) + passed

    def hear(self, worker: Hashable, answer: bool) -> None:
        """Note a sign of life, which may be an answer."""
        silence = self._waited.pop(worker, 0)
        if answer:
            self.longest = max(self.longest, silence)
            self._known.add(worker)

    def silence(self, worker: Hashable) -> float:
        """Seconds since the last sign of life, as far as there was something to answer."""
        return self._waited.get(worker, 0)

    def is_over(self, worker: Hashable) -> bool:
        """Whether no answer is to be expected."""
        return self.silence(worker) > max(LEAST if worker in self._known else FIRST, TIMES * self.longest)
