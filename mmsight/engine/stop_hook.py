"""A signal ends a training after the step in progress, whose state is saved."""

import functools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner

from mmsight.errors import Stopped
from mmsight.registry import HOOKS

from .checkpoint_hook import CheckpointHook

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


@HOOKS.register_module()
class StopHook(Hook):
    """On SIGTERM, SIGUSR1 or Ctrl-C finish the step, save a checkpoint and raise :class:`Stopped`; the second signal kills.

    Slurm and Kubernetes send SIGTERM, or what was asked for, some time before they kill. With several processes all stop after
    the same step if one of them got a signal, and a validation is finished first; one process leaves it off. Workers of the
    loaders, which get the signals too, go on.
    """

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.received = 0
        self.group: Any = None

    def before_train(self, runner: Runner) -> None:
        """Listen."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as a shell asks for background jobs
                    signal.signal(number, self._receive)
        if get_world_size() > 1:
            self.group = torch.distributed.new_group(backend='gloo')  # waits for no GPU
        for loop in (runner.train_loop, runner.val_loop):
            if loader := getattr(loop, 'dataloader', None):
                loader.worker_init_fn = functools.partial(_work_on, then=loader.worker_init_fn)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        for each in SIGNALS:
            if signal.getsignal(each) == self._receive:
                signal.signal(each, signal.SIG_DFL)
        self.received = number
        os.write(2, f'{signal.Signals(number).name}: the step is finished and saved; a second signal stops at once\n'.encode())

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stop if any process is to."""
        number = self.received
        if self.group is not None:
            found = torch.tensor(number)
            torch.distributed.all_reduce(found, torch.distributed.ReduceOp.MAX, self.group)
            number = int(found)
        if number:
            self._stop(runner, number, runner.epoch, runner.iter + 1)

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Leave off: the training makes up for the validation when it goes on."""
        if self.received and self.group is None:
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):
                    hook.after_val_epoch(runner)  # puts the weights back in place of their averages
            self._stop(runner, self.received, runner.epoch, runner.iter)

    def _stop(self, runner: Runner, number: int, epoch: int, iterations: int) -> None:
        name, said = signal.Signals(number).name, 'nothing is saved: the config has no CheckpointHook'
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook):
                hook.save_now(runner, epoch, iterations)
                said = f'--resume goes on from {hook.last_ckpt}'
        if self.group is not None:
            torch.distributed.barrier(self.group)  # the first process that ends has the others killed
        raise Stopped(f'stopped by {name} after {iterations} iterations; {said}')


@contextmanager
def own_signals() -> Iterator[None]:
    """Put back the handlers of signals after a training."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _work_on(worker: int, then: Callable | None = None) -> None:
    """Start a worker that no signal ends but its own process's: schedulers send signals to all processes of a job."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if hasattr(signal, 'sigwaitinfo'):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        threading.Thread(target=_end_with_parent, daemon=True).start()
    if then is not None:
        then(worker)


def _end_with_parent() -> None:
    while signal.sigwaitinfo([signal.SIGTERM]).si_pid != os.getppid():
        pass
    os._exit(0)
