"""The tiles of a scene through several processes of one machine, each with a model of its own."""

import dataclasses
import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

import torch

from mmsight.apis import patience
from mmsight.apis.tile_runner import Results, TileRunner
from mmsight.errors import InputError

AHEAD = 2
"""Batches that a worker has: while it computes one, it reads the next."""


def check_workers(count: int, device: str) -> None:
    """Refuse workers that could only be in each other's way.

    Raises:
        InputError: If there are more than processors, or if they would share a GPU.
    """
    if count > 1 and not str(device).startswith('cpu'):
        raise InputError(f'--workers shares the tiles among processes on CPUs, and the device is {device}: add --device cpu, '
                         'or leave it out; on a GPU a larger --batch-size is faster')
    if count > (most := os.cpu_count() or 1):
        raise InputError(f'--workers must be at most the number of processors of this machine, {most}, found {count}')


class TileWorkers:
    """Processes that detect in tiles, started when the first scene needs them and ended by :meth:`close`.

    A worker opens the scene itself, takes batches of tiles until none is left, and sends back what they hold; only this process
    writes. The processes are new ones, not forks: handles of torch, OpenVINO and GDAL do not survive a fork. Neither do they
    import the user's script again, as those of :mod:`multiprocessing` would.

    Args:
        inferencer (type): Class of the inferencer that each makes; it can be imported.
        arguments (Mapping[str, Any]): Of the inferencer.
        say (Callable): Takes a sentence for the user.

    Attributes:
        used (set[str]): What computed the network in the last run, see :func:`mmsight.engine.runtime.use_runtime`.
    """

    def __init__(self, inferencer: type, arguments: Mapping[str, Any], say: Callable[[str], None]) -> None:
        self.inferencer, self.arguments, self.say = inferencer, arguments, say
        self.used: set[str] = set()
        self._workers: list[_Worker] = []

    def run(self, runner: TileRunner, batches: Sequence[list[int]], count: int) -> Results:
        """Like :meth:`.TileRunner.run`, by ``count`` processes, in the order in which they finish.

        What a worker leaves that ends early is taken over by the others, or by ``runner`` in this process if none is left; a
        warning of the scene says so. It comes last, lest a tile that ends whoever takes it keep the others from being done. A
        worker that hangs is killed, see :class:`.patience.Patience`.
        """
        left, ended, said = deque(batches), [], set()
        waiting = patience.Patience()
        self.used.clear()
        self._start(count)
        working = self._workers[:count]
        try:
            job = dataclasses.replace(runner.job, journal=None, land=None, done={}, failed={})
            for worker in working:
                worker.send(job)
            while working and (left or any(worker.batches for worker in working)):
                _hand_out(left, working)
                pipes = {worker.pipe: worker for worker in working}
                ready = [pipes[pipe] for pipe in wait(list(pipes), patience.PAUSE)]  # type: ignore[index]
                waiting.look(worker for worker in working if worker.batches)
                for worker in ready:
                    kind, value = worker.receive()
                    waiting.hear(worker, kind == 'found')
                    if kind == 'found':
                        worker.batches.popleft()
                        results, used = value
                        self.used |= used
                        yield results
                    elif kind == 'say':
                        if value not in said:  # each worker says it
                            self.say(value)
                        said.add(value)
                    else:
                        how = self._lose(worker, working, left)
                        ended.append(value or how)
                for worker in [worker for worker in working if waiting.is_over(worker) and not worker.pipe.poll()]:
                    worker.kill(f'killed after {waiting.silence(worker):.0f} s without an answer')
                    ended.append(self._lose(worker, working, left))
            for worker in working:
                worker.send(None)
            if ended:
                runner.job.scene.warnings.append(
                    f"{runner.job.scene.path.name}: {len(ended)} of {count} workers ended early "
                    f"({'; '.join(dict.fromkeys(ended))}), and {'the others' if working else 'one process'} did their tiles")
            yield from runner.run(iter(left))
        except BaseException:  # what workers still send belongs to no other scene
            self.close()
            raise

    def close(self) -> None:
        """End the processes."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.wait()

    def _lose(self, worker: '_Worker', working: list['_Worker'], left: deque[list[int]]) -> str:
        """Take back the batches of a worker that can do no more; returns how it ended."""
        working.remove(worker)
        self._workers.remove(worker)
        left.extend(worker.batches)
        worker.stop()
        return worker.wait()

    def _start(self, count: int) -> None:
        """Have so many processes at least, each with its share of the threads."""
        if len(self._workers) < count:
            self.close()
            threads = max(1, torch.get_num_threads() // count)
            for _ in range(count):
                self._workers.append(_Worker())
            for worker in self._workers:
                worker.send((self.inferencer, dict(self.arguments), threads))


class _Worker:
    """A process, the pipe to it, the batches that it has and has not answered, and why it was killed, if it was."""

    def __init__(self) -> None:
        self.batches: deque[list[int]] = deque()
        self.why = ''
        self.pipe, other = multiprocessing.Pipe()
        command = f'from {__name__} import work; work({other.fileno()})'
        paths = os.pathsep.join(map(os.path.abspath, sys.path))
        # in a session of its own, so that Ctrl-C reaches this process alone, which ends the others
        self.process = subprocess.Popen([sys.executable, '-c', command], pass_fds=[other.fileno()], start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        env={**os.environ, 'PYTHONPATH': paths, 'PYTHONSAFEPATH': '1'})
        other.close()  # so that the end of the process is the end of the pipe
        _bound(self.pipe)

    def send(self, message: Any) -> None:
        """Send, unless the process has ended, which :meth:`receive` will tell."""
        try:
            self.pipe.send(message)
        except BlockingIOError:
            self.kill(f'killed after it took nothing in for {patience.FIRST} s')
        except OSError:
            pass

    def receive(self) -> tuple[str, Any]:
        """``'found'`` with what a batch holds and what computed it, ``'say'`` with a sentence, or ``'end'`` with why, if it
        could say that."""
        try:
            found: tuple[str, Any] = self.pipe.recv()
        except (EOFError, OSError):
            return 'end', ''
        return found

    def stop(self) -> None:
        """Tell the process to end: what it computes is not waited for."""
        self.pipe.close()
        if self.batches:
            self.process.terminate()

    def kill(self, why: str) -> None:
        """End a process that hangs."""
        self.why = why
        self.process.kill()

    def wait(self) -> str:
        """Wait until it has ended; returns how it did."""
        for _ in range(2):  # the second time in vain if it waits for a disk that does not answer
            try:
                self.process.wait(10)
                break
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.poll()
        if self.why or status is None:
            return self.why or 'not even SIGKILL ends it'
        if status >= 0:
            return f'exit status {status}'
        return 'SIGKILL, perhaps for lack of memory' if status == -signal.SIGKILL else signal.Signals(-status).name


def _bound(pipe: Connection) -> None:
    """Let no message wait for ever for the rest of it: the other process may be stopped in the middle."""
    with socket.socket(fileno=os.dup(pipe.fileno())) as end:
        for option, seconds in ((socket.SO_RCVTIMEO, patience.LEAST), (socket.SO_SNDTIMEO, patience.FIRST)):
            end.setsockopt(socket.SOL_SOCKET, option, struct.pack('ll', seconds, 0))


def _hand_out(left: deque[list[int]], workers: Sequence[_Worker]) -> None:
    """Give each worker what it lacks of :data:`AHEAD` batches, evenly."""
    for have in range(AHEAD):
        for worker in workers:
            if left and len(worker.batches) <= have:
                worker.batches.append(left.popleft())
                worker.send(worker.batches[-1])


def work(handle: int) -> None:
    """What a worker does until the other end of its pipe is closed.

    Args:
        handle (int): File descriptor of its end.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what a scene has unpacked is removed
    pipe: Connection = Connection(handle)
    try:
        inferencer, arguments, threads = pipe.recv()
        torch.set_num_threads(threads)
        detector = inferencer(**arguments, show_progress=False)
        used = detector.use_runtime(lambda text: pipe.send(('say', text)))
        while True:
            job = pipe.recv()
            with torch.no_grad(), closing(job.scene):
                for found in TileRunner(detector.model, job, detector.channels).run(iter(pipe.recv, None)):
                    pipe.send(('found', (found, used)))
                    used.clear()
    except BaseException as error:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with suppress(OSError):  # the other end is closed: there is no more to do
            pipe.send(('end', f'{type(error).__name__}: {error}'))
