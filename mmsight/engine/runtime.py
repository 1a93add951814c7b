"""The network of a loaded model by ONNX Runtime or OpenVINO, which are faster than torch on a CPU.

What comes before and after the network stays as it is. The network of a model is exported once, kept in a cache, and compared
with torch before it is used.
"""

import copy
import fcntl
import functools
import hashlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmsight.errors import InputError
from mmsight.files import make_folder
from mmsight.memory import return_free_memory, return_large_blocks
from mmsight.models.local_statistics import Window, note_size
from mmsight.tasks import RUNTIMES, Network, task_of
from mmsight.version import __version__

TOLERANCE = 1e-4
"""Largest difference to torch, as a share of an output's largest magnitude."""
BF16_TOLERANCE = 0.05
"""In bfloat16, which has three digits: the root mean square of the difference, as a share of that of an output."""
Run = Callable[[Tensor], dict[str, Tensor]]
_CANDIDATES = {'auto': ('onnx', 'openvino'), 'openvino-bf16': ('openvino-bf16', 'openvino')}
"""What is tried for a name beside itself: the fastest is taken, or the first that agrees with torch."""


def check_runtime(name: str, device: str) -> None:
    """Refuse a runtime that is unknown, not installed, or not for this device.

    Raises:
        InputError: If it is one.
    """
    if name not in RUNTIMES:
        raise InputError(f"--runtime must be one of {', '.join(RUNTIMES)}, found {name}")
    if name == 'torch':
        return
    if not str(device).startswith('cpu'):
        raise InputError(f'--runtime {name} computes on a CPU, and the device is {device}: add --device cpu, or leave it out')
    if not _installed(name):
        raise InputError(f"--runtime {name} needs a package that is not installed: run `pip install 'mmsight[fast]'`")
    if name == 'openvino-bf16' and not _has_bf16():
        raise InputError('--runtime openvino-bf16: this processor does not compute in bfloat16; use openvino')


def use_runtime(cfg: Config, model: nn.Module, name: str, say: Callable[[str], None]) -> set[str]:
    """Let a runtime compute the network of a model.

    Args:
        cfg (Config): Of the model.
        model (nn.Module): Ready to predict, on the CPU. It is changed.
        name (str): One of :data:`mmsight.tasks.RUNTIMES`. ``'auto'`` takes the fastest that is installed and agrees with torch.
        say (Callable): Takes a sentence for the user. Where a runtime cannot be used it says why, and torch computes.

    Returns:
        set[str]: Takes the name of what computes the network, each time that it does; empty where nothing is to be done.

    Raises:
        InputError: If the task's models have no network that a runtime could compute.
    """
    if name == 'torch':
        return set()
    network = task_of(cfg).network
    if network is None:
        raise InputError(f'{cfg.filename}: models of `mmsight {task_of(cfg).name}` run in torch alone: leave out --runtime')
    return_large_blocks()
    computer = _Runtime(cfg, copy.deepcopy(model), network, name, say)
    network.replace(model, computer)
    return computer.used


class _Runtime:
    """Computes the outputs of a network, by a graph for each kind of input."""

    def __init__(self, cfg: Config, model: nn.Module, network: Network, name: str, say: Callable[[str], None]) -> None:
        self.model, self.network, self.name, self.say = model, network, name, say
        windows = [window for part in model.modules() if isinstance(window := getattr(part, 'window', None), Window)]
        self.window = windows[0].side if windows else 0
        self.digest = _digest(cfg, model)
        self.runs: dict[str, tuple[str, Run]] = {}
        self.used: set[str] = set()

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        kind = self._kind(image)
        if kind not in self.runs:
            self.runs[kind] = self._choose(image[:1], kind)
            return_free_memory()  # of compiling the graph
        name, run = self.runs[kind]
        self.used.add(name)
        return run(image)

    def _kind(self, image: Tensor) -> str:
        """Which graph computes an image: layers that pool over windows pool over the whole of one that is no larger."""
        if not self.window:
            return 'any'
        tall, wide = (side > self.window for side in image.shape[2:])
        return 'large' if tall and wide else 'tall' if tall else 'wide' if wide else 'small'

    def torch(self, image: Tensor) -> dict[str, Tensor]:
        """The outputs by torch."""
        note_size(self.model, image)
        with torch.no_grad():
            return self.network.outputs(self.model, image)

    def _choose(self, like: Tensor, kind: str) -> tuple[str, Run]:
        """What computes images of the kind of ``like`` (1, C, H, W), and its name."""
        height, width = like.shape[2:]
        if kind != 'any':  # of the same graph, whatever the first image is
            small, large = max(self.window // 64 * 32, 32), self.window + 128
            height = large if kind in ('tall', 'large') else small
            width = 32 + (large if kind in ('wide', 'large') else small)  # no square: its axes would be taken for one
        random = torch.randn(1, like.shape[1], height, width, generator=torch.Generator().manual_seed(0))
        top, left = (max((have - want) // 2, 0) for have, want in zip(like.shape[2:], (height, width), strict=True))
        part = like[..., top:top + height, left:left + width].contiguous()
        wanted = [(image, self.torch(image)) for image in (part, random)]
        found: dict[str, Run] = {}
        for name in _CANDIDATES.get(self.name, (self.name, )):
            if not _installed(name):
                continue
            coarse = name == 'openvino-bf16'
            try:
                names = list(wanted[0][1])
                run = _SESSIONS[name](self._graph(random, kind, names), names)
                difference = max((_mean_difference if coarse else _difference)(run(image), values) for image, values in wanted)
            except Exception as error:  # an exporter and two runtimes raise many kinds, and torch does without them
                self.say(f'{name} is not used: {type(error).__name__}: {str(error).strip().splitlines()[0]}')
                continue
            if difference <= (BF16_TOLERANCE if coarse else TOLERANCE):
                found[name] = run
                if self.name != 'auto':
                    break
            else:
                self.say(f'{name} is not used: its values differ from those of torch by {difference:.1g} of the '
                         f'{"mean" if coarse else "largest"} magnitude')
        if self.name == 'auto':
            from mmsight.engine.benchmark import interleave
            calls = dict(torch=self.torch, **found)
            times = interleave({name: functools.partial(run, random) for name, run in calls.items()}, 3)
            chosen = min(times, key=lambda name: times[name])
            self.say(f'{chosen} computes the network')
            return chosen, calls[chosen]
        chosen = next(iter(found), 'torch')
        if chosen != self.name:
            self.say(f'{chosen} computes the network')
        return chosen, found.get(chosen, self.torch)

    def _graph(self, image: Tensor, kind: str, names: list[str]) -> Path:
        """The exported network, from the cache where it is there whole."""
        path = cache_folder() / f'{self.digest}_{kind}.onnx'
        with _alone(path.parent):
            if not _is_whole(path):
                self.say(f'exporting the network once to {path}')
                from mmsight.engine.export import write_onnx
                pair = image.expand(2, -1, -1, -1).clone()  # an axis of one place would be fixed
                note_size(self.model, pair)
                write_onnx(_Outputs(self.model, self.network), pair, names, {0: 'batch', 2: 'height', 3: 'width'}, path)
        return path


class _Outputs(nn.Module):
    """A network whose outputs have no names."""

    def __init__(self, model: nn.Module, network: Network) -> None:
        super().__init__()
        self.model, self.network = model, network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network.outputs(self.model, image).values())


def cache_folder() -> Path:
    """Where exported networks are kept: ``$MMSIGHT_CACHE``, or ``mmsight`` in the user's folder of caches."""
    home = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(os.environ.get('MMSIGHT_CACHE') or Path(home) / 'mmsight') / 'graphs'


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let other processes of this machine wait that want to write in a folder: they find there what this one has written."""
    descriptor = os.open(make_folder(folder), os.O_RDONLY)
    try:
        with suppress(OSError):  # where a file system has no locks, each writes its own
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _digest(cfg: Config, model: nn.Module) -> str:
    """Of all that the graph follows from but the size of the input."""
    digest = hashlib.sha256(repr((__version__, torch.__version__, cfg.model.to_dict(), str(model))).encode())
    for module in model.modules():
        digest.update(str(getattr(getattr(module, 'window', None), 'side', None)).encode())
    for name, value in model.state_dict().items():
        digest.update(name.encode() + value.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()[:24]


def _is_whole(path: Path) -> bool:
    """Whether a graph is there and can be read."""
    import onnx
    try:
        onnx.checker.check_model(str(path))
    except Exception:  # protobuf and onnx raise many kinds for a damaged file
        return False
    return True


def _difference(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> float:
    """The largest, as a share of an output's largest magnitude, which counts as 1 where it is smaller."""
    return max(float((found[name] - value).abs().max() / value.abs().max().clamp(min=1)) for name, value in wanted.items())


def _mean_difference(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> float:
    """The root mean square, as a share of an output's own, the largest of all outputs."""
    return max(float((found[name] - value).norm() / value.norm().clamp(min=1e-12)) for name, value in wanted.items())


def _onnx(path: Path, names: list[str]) -> Run:
    from mmsight.engine.export import session
    opened = session(path)

    def run(image: Tensor) -> dict[str, Tensor]:
        return dict(zip(names, map(torch.from_numpy, opened.run(names, {'image': image.numpy()})), strict=True))

    return run


def _openvino(path: Path, names: list[str], precision: str = 'f32') -> Run:
    import openvino
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(str(path)), 'CPU', dict(
        PERFORMANCE_HINT='LATENCY', INFERENCE_NUM_THREADS=torch.get_num_threads(), INFERENCE_PRECISION_HINT=precision))

    def run(image: Tensor) -> dict[str, Tensor]:
        found = compiled([np.ascontiguousarray(image.numpy())])
        return {name: torch.from_numpy(found[name]) for name in names}

    return run


_SESSIONS: dict[str, Callable[[Path, list[str]], Run]] = {
    'onnx': _onnx, 'openvino': _openvino, 'openvino-bf16': lambda path, names: _openvino(path, names, 'bf16')}


def _installed(name: str) -> bool:
    needed = ['onnx', 'onnxscript', *(['onnxruntime'] if name == 'onnx' else ['openvino'] if name != 'auto' else [])]
    return all(importlib.util.find_spec(package) is not None for package in needed)


def _has_bf16() -> bool:
    import openvino
    return 'BF16' in openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
