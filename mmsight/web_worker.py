"""Predictions of the web page, in a process of their own, which is ended when one takes too long."""

import functools
import multiprocessing
import re
import signal
import tempfile
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from mmsight.errors import InputError
from mmsight.memory import DEFAULT, GB, set_budget
from mmsight.reading import check_regular


class Answer(NamedTuple):
    """A result as the page shows it: sentences, the file of an HTML page, pictures uint8 RGB, a table, files to download."""

    text: str
    page: str
    pictures: list[Any]
    header: list[str]
    rows: list[list[Any]]
    files: list[str]


class WorkerError(Exception):
    """A fault of ours: the console has its trace, and the message its kind."""


class Worker:
    """One process, one prediction at a time. Reading a file is part of it, so nothing that a file brings takes longer.

    Args:
        device (str, optional): As for every inferencer.
        max_pixels (int): Most pixels of an image or voxels of a scan, and of an enlarged image.
        max_seconds (float): Longest prediction, with the time in which its model is loaded.
        trust (bool): See :func:`mmsight.engine.load_model.find_model`.
        max_memory (float): GB that a prediction may take beside its model; see :func:`bounded_memory`.
        runtime (str): What computes networks, see :mod:`mmsight.engine.runtime`.

    Raises:
        InputError: If the runtime cannot be used.
    """

    def __init__(self, device: str | None, max_pixels: int, max_seconds: float, trust: bool, max_memory: float = DEFAULT,
                 runtime: str = 'torch') -> None:
        if runtime != 'torch':  # the import takes seconds
            from mmengine.device import get_device

            from mmsight.engine.runtime import check_runtime
            check_runtime(runtime, device or get_device())
        self.max_seconds, self._settings = max_seconds, (device, max_pixels, trust, max_memory, runtime)
        self._process: Any = None
        self._pipe: Connection
        self._lock, self._closed = threading.Lock(), False

    def predict(self, task: str, model: str, files: Sequence[str], folder: str, options: Mapping[str, Any]) -> Answer:
        """Run a task.

        Args:
            task (str), model (str): Their names.
            files (Sequence[str]): One input.
            folder (str): Takes the results.
            options (Mapping[str, Any]): Of the task.

        Raises:
            InputError: If an input, an option or the model is wrong, or the time is up.
            WorkerError: For all else.
        """
        with self._lock:
            if self._process is None or not self._process.is_alive():
                self._start()
            try:
                self._pipe.send((task, model, files, folder, options))
                if not self._pipe.poll(self.max_seconds):
                    self._end()
                    raise InputError(f'the prediction took longer than {self.max_seconds:g} s, the limit of this page, and was '
                                     f'stopped: use `mmsight {task}`')
                answer = self._pipe.recv()
            except (EOFError, OSError):
                self._end()
                raise InputError('the system stopped the prediction, perhaps for lack of memory') from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End the process, and start none again."""
        self._closed = True
        self._end()

    def _start(self) -> None:
        if self._closed:
            raise InputError('the page is being closed')
        context = multiprocessing.get_context('spawn')  # a fork would copy locks that the page's threads hold
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_work, args=(other, tempfile.gettempdir(), *self._settings), daemon=True)
        self._process.start()
        other.close()  # so that the end of the process is the end of the pipe

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join()


@contextmanager
def bounded_memory(gigabytes: float) -> Iterator[None]:
    """Let this process take so much more memory while the block runs; whoever takes more gets a ``MemoryError`` or the like.

    Linux counts what a process may write to (``VmData``). Elsewhere, and once a GPU is in use, whose drivers reserve address
    space by the terabyte, there is no bound.
    """
    import torch
    status = Path('/proc/self/status')
    if not status.is_file() or torch.cuda.is_initialized():
        yield
        return
    import resource
    taken, = re.findall(r'VmData:\s*(\d+) kB', status.read_text())
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (int(taken) * 1024 + int(gigabytes * GB), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _lacks_memory(error: BaseException) -> bool:
    """Whether an error of Python, torch or OpenCV says that there was not enough memory."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in ('allocate memory', 'Insufficient memory'))


def _work(pipe: Connection, folder: str, device: str | None, max_pixels: int, trust: bool, max_memory: float,
          runtime: str) -> None:
    """What the process does until the page ends."""
    from mmsight.tasks import find_tasks
    set_budget(max_memory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the page's
    tempfile.tempdir = folder

    @functools.cache
    def load(task: str, model: str) -> Any:
        found = find_tasks()[task]
        has_network = found.network is not None and model.upper() not in found.methods
        return found.load_inferencer()(model, device=device, show_progress=False, trust=trust,
                                       runtime=runtime if has_network else 'torch')

    while True:
        try:
            name, model, files, out_dir, options = pipe.recv()
        except EOFError:
            return
        answer: Answer | Exception
        try:
            task, inferencer = find_tasks()[name], load(name, model)
            paths = [Path(file) for file in files]
            for path in paths:
                check_regular(path)
                if (count := inferencer.count_pixels(path)) > max_pixels:
                    raise InputError(f'{path.name}: {count / 1e6:.3g} million pixels, and {max_pixels / 1e6:.3g} million are '
                                     f'allowed on this page: use `mmsight {name}`')
            with bounded_memory(max_memory):
                found = inferencer(paths[0] if len(paths) == 1 else tuple(paths), out_dir=out_dir, return_vis=True, **options)
            answer = _shown(task.show(found['predictions'][0]), found['visualization'][0], task.page,
                            _maker(model, inferencer.computed_by))
        except InputError as error:
            answer = error
        except Exception as error:
            if _lacks_memory(error):
                answer = InputError(f'the prediction takes more than the {max_memory:g} GB of memory that this page allows: '
                                    f'use `mmsight {name}`')
            else:
                traceback.print_exc()
                answer = WorkerError(type(error).__name__)
        pipe.send(answer)


def _maker(model: str, computed_by: Sequence[str]) -> str:
    """A sentence on what made a result."""
    return f'Model: {Path(model).name}' + (f'; its network was computed by {" and ".join(computed_by)}' if computed_by else '')


def _shown(shown: Any, picture: Any, page: str, maker: str) -> Answer:
    from mmsight.pictures import read_image
    pictures = [picture, *(read_image(shown.files[name])[..., ::-1] for name in shown.pictures)]
    return Answer('\n\n'.join([shown.text, *shown.warnings, *shown.notes, maker]),
                  str(shown.files[page]) if page else '', pictures, list(shown.header),
                  [[_cell(value) for value in row] for row in shown.rows], list(shown.files.values()))


def _cell(value: Any) -> Any:
    return value if isinstance(value, (int, float, str)) or value is None else str(value)
