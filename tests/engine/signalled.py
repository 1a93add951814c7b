"""Trains a config in which a ``SignalHook`` sends signals to the process: ``signalled.py CONFIG WORK_DIR [IGNORED SIGNAL]``.

``test_stop.py`` runs it in a process of its own. A signal that finds no handler, as before and after a training, and the second
one in it, end the process: a worker of the suite would be lost, and pytest-xdist would wait for it without end.
"""

import json
import multiprocessing
import os
import signal
import sys

from mmengine.hooks import Hook

from mmsight.engine import launch
from mmsight.engine.stop_hook import SIGNALS
from mmsight.errors import Stopped
from mmsight.registry import HOOKS
from tests.engine import conftest  # noqa: F401  (registers what the config names)


@HOOKS.register_module()
class SignalHook(Hook):
    """Send a signal to this process and to the loader's workers, as Slurm does, at an iteration or in a validation."""

    def __init__(self, at, number, times=1):
        self.at, self.number, self.times = at, number, times

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.at:
            self.send()

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == -self.at:
            self.send()

    def send(self):
        for _ in range(self.times):
            for child in multiprocessing.active_children():
                os.kill(child.pid, self.number)
            os.kill(os.getpid(), self.number)


def main(config, work_dir, ignored=0):
    """Print as JSON what the training said, if it was stopped, and whether all is as it was before."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has the suite ignore Ctrl-C in the background
    if int(ignored):
        signal.signal(int(ignored), signal.SIG_IGN)
    said, handlers = '', [signal.getsignal(number) for number in SIGNALS]
    try:
        launch.train(config, work_dir, resume='auto')
    except Stopped as stopped:
        said = str(stopped)
    restored = [signal.getsignal(number) for number in SIGNALS] == handlers
    print(json.dumps(dict(said=said, restored=restored, children=len(multiprocessing.active_children()))))


if __name__ == '__main__':
    main(*sys.argv[1:])
