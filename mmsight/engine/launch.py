"""What ``tools/train.py`` and ``tools/test.py`` do: complete a config from the command line and hand it to the runner."""

import atexit
import errno
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import is_main_process
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmsight.box import find_checkpoint
from mmsight.configs import load_config
from mmsight.engine.resume import find_fault, find_resumable, iterations, list_checkpoints, put_away, set_aside
from mmsight.engine.safe_load import load_weights
from mmsight.engine.stop_hook import own_signals
from mmsight.engine.toy import ensure_toy_data, toy_root
from mmsight.errors import InputError
from mmsight.files import remove_leftovers

_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO)
_LOOPS = dict(EpochBasedTrainLoop='mmsight.EpochTrainLoop', IterBasedTrainLoop='mmsight.IterTrainLoop')


def train(config: str,
          work_dir: str | None = None,
          resume: str | None = None,
          amp: bool = False,
          channels_last: bool = False,
          auto_scale_lr: bool = False,
          options: dict | None = None,
          launcher: str = 'none',
          checkpoint_minutes: float = 10,
          on_nan: str = 'stop') -> None:
    """Train a config.

    Args:
        config (str): Path or name of a config.
        work_dir (str, optional): Defaults to the config's, else ``work_dirs/<config name>``.
        resume (str, optional): A checkpoint's path, or ``'auto'`` for the newest checkpoint of the work-dir that is whole;
            with none, the training starts as the config says. None starts it too, unless torchrun starts it again. Checkpoints
            of an earlier training, and those behind the one that is resumed, are moved to a folder in the work-dir: nothing is
            written over.
        amp (bool): Mixed precision, see :class:`.AutocastOptimWrapper`.
        channels_last (bool): Faster convolutions, see :class:`.ChannelsLastHook`.
        auto_scale_lr (bool): Scale the learning rate to the real batch size.
        options (dict, optional): Config keys to override.
        launcher (str): ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        checkpoint_minutes (float): See :class:`.CheckpointHook`.
        on_nan (str): See :class:`.FiniteHook`.

    Raises:
        InputError: If the config, the data or the checkpoint are at fault, a loss is not finite, or a file cannot be written.
        Stopped: If a signal ended the training after its state was saved.
    """
    if checkpoint_minutes < 0:
        raise InputError(f'--checkpoint-minutes must be 0 or more, found {checkpoint_minutes:g}')
    if int(os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)):  # torchrun starts all processes again because one failed
        resume = 'auto'
    cfg = _prepare(config, work_dir, options, launcher)
    if amp:
        use_amp(cfg)
    if channels_last:
        cfg.default_hooks.channels_last = dict(type='mmsight.ChannelsLastHook')
    if auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise InputError(f'{config} has no auto_scale_lr.base_batch_size, which --auto-scale-lr needs')
        cfg.auto_scale_lr.enable = True
    checkpoint, notes = _choose(Path(cfg.work_dir), resume, cfg.get('load_from'))
    if checkpoint is not None:
        cfg.resume = True
        cfg.load_from = checkpoint
        cfg.custom_hooks.append(dict(type='mmsight.CheckCheckpointHook'))
        notes += _keep_seed(cfg, checkpoint)
    _survive(cfg, checkpoint_minutes, on_nan)
    try:
        with own_signals(), _quiet_logging():
            _run(cfg, 'train', notes)
    except InputError as error:
        raise _where_to_go_on(cfg, str(error)) from error
    except OSError as error:
        if error.errno not in _STORAGE:
            raise
        raise _where_to_go_on(cfg, f'{error.filename or cfg.work_dir}: {error.strerror}') from error


@contextmanager
def _quiet_logging() -> Iterator[None]:
    """A full disk ends the training with a sentence: no stack trace for each line that cannot be logged."""
    before, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        yield
    finally:
        logging.raiseExceptions = before


def _survive(cfg: Config, minutes: float, on_nan: str) -> None:
    """Replace those parts of mmengine that lose something when a training is interrupted, and add what keeps it."""
    by_epoch = cfg.train_cfg.pop('by_epoch', True)
    kind = cfg.train_cfg.get('type', 'EpochBasedTrainLoop' if by_epoch else 'IterBasedTrainLoop')
    cfg.train_cfg.type = _LOOPS.get(_mmengine_name(kind), kind)
    hooks = cfg.setdefault('default_hooks', ConfigDict())
    saves = hooks.setdefault('checkpoint', ConfigDict(type='CheckpointHook', interval=1))
    if saves is not None and _mmengine_name(saves.get('type')) == 'CheckpointHook':
        saves.update(type='mmsight.CheckpointHook', minutes=minutes)
    cfg.custom_hooks += [dict(type='mmsight.ResumeHook'), dict(type='mmsight.FiniteHook', on_nan=on_nan),
                         dict(type='mmsight.StopHook')]


def _mmengine_name(kind: Any) -> str:
    """The bare name of a type of mmengine, which configs write as a class or a name, perhaps with its scope or module."""
    name = f'{kind.__module__}.{kind.__name__}' if isinstance(kind, type) else str(kind)
    return name.rpartition('.')[2] if name.startswith('mmengine.') else name


def _where_to_go_on(cfg: Config, sentence: str) -> InputError:
    """A sentence on what ended a training, with its newest checkpoint if there is one."""
    pointer = Path(cfg.work_dir) / 'last_checkpoint'
    newest = pointer.read_text() if pointer.is_file() else ''
    hint = f'; the newest complete checkpoint is {newest}, from which --resume goes on' if newest else ''
    return InputError(sentence + hint)


def _keep_seed(cfg: Config, checkpoint: str) -> list[str]:
    """The order of the data follows from the seed, so that the checkpoint's holds; returns what the log says of it."""
    if '://' in checkpoint:
        return []
    kept, given = load_weights(checkpoint, 'cpu', mmap=True)['meta'].get('seed'), cfg.get('randomness', {}).get('seed')
    if kept is None or kept == given:
        return []
    cfg.randomness = {**cfg.get('randomness', {}), 'seed': kept}
    return [] if given is None else [f'THE SEED OF THE CHECKPOINT HOLDS: {kept}, not {given}']


def _choose(work_dir: Path, resume: str | None, load_from: str | None) -> tuple[str | None, list[str]]:
    """The checkpoint to go on from, if there is one, and what the log says of the choice."""
    # all processes make the same choice; one of them moves files
    first = int(os.environ.get('RANK', os.environ.get('SLURM_PROCID', 0))) == 0
    if resume != 'auto':
        checkpoint = None if resume is None else find_checkpoint(resume)
        if checkpoint is not None and '://' not in checkpoint and (fault := find_fault(Path(checkpoint))):
            raise InputError(f"--resume '{resume}': {fault}")
        earlier = _written_over(work_dir, checkpoint)
        if load_from and Path(load_from).resolve() in earlier:
            raise InputError(f'load_from {load_from} is a checkpoint of the work-dir {work_dir}, whose checkpoints are moved '
                             'away for the training: name another --work-dir')
        if not earlier or not first:
            return checkpoint, []
        return checkpoint, [f'{work_dir} HOLDS {len(earlier)} CHECKPOINTS OF AN EARLIER TRAINING, which are moved to '
                            f'{put_away(work_dir, earlier)}; --resume alone would have gone on from the newest']
    found = find_resumable(work_dir)
    notes = []
    for path, fault in found.damaged.items():
        kept = set_aside(path) if first else path
        notes.append(f'checkpoint {path} is damaged and skipped ({fault}); it is kept as {kept.name}')
    if found.checkpoint is not None:
        notes.append(f'THE TRAINING GOES ON FROM {found.checkpoint}')
        return str(found.checkpoint), notes
    start = f'FROM THE WEIGHTS OF load_from, {load_from}' if load_from else 'FROM THE BEGINNING'
    notes.append(f'NOTHING TO RESUME: {work_dir} HOLDS NO WHOLE CHECKPOINT. THE TRAINING STARTS {start}, AS THE CONFIG SAYS')
    return None, notes


def _written_over(work_dir: Path, resumed: str | None) -> set[Path]:
    """Checkpoints of a work-dir that a training would save again: all, or those behind the one of them that is resumed."""
    # best_* and last_checkpoint's would be replaced too
    there = {path for path in list_checkpoints(work_dir) if path.parent == work_dir.resolve()}
    there |= {path.resolve() for path in work_dir.glob('best_*.pth')}
    if resumed is None or Path(resumed).resolve() not in there:
        return there
    done = iterations(Path(resumed))
    return {path for path in there if iterations(path) > done}


def test(config: str,
         checkpoint: str,
         work_dir: str | None = None,
         out: str | None = None,
         show_dir: str | None = None,
         options: dict | None = None,
         launcher: str = 'none') -> list[dict]:
    """Test a checkpoint.

    Args:
        config (str): Path or name of a config.
        checkpoint (str): Path of a checkpoint, or the name of a model in the box.
        work_dir (str, optional): As in :func:`train`.
        out (str, optional): A ``.pkl`` file that takes all predictions.
        show_dir (str, optional): A folder, below the run's time stamp if relative, that takes painted predictions.
        options (dict, optional): Config keys to override.
        launcher (str): As in :func:`train`.

    Returns:
        list[dict]: The config's expected results, each with ``value`` and ``pass``.
    """
    cfg = _prepare(config, work_dir, options, launcher)
    cfg.load_from = find_checkpoint(checkpoint)
    cfg.custom_hooks.append(dict(type='mmsight.CheckCheckpointHook'))
    if show_dir is not None:
        if 'visualization' not in cfg.default_hooks:
            raise InputError(f'{config} has no default_hooks.visualization, which --show-dir needs')
        cfg.default_hooks.visualization.update(draw=True, test_out_dir=show_dir)
    if out is not None:
        if not out.endswith(('.pkl', '.pickle')):
            raise InputError(f"--out must end in .pkl, found '{out}'")
        evaluators = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
        cfg.test_evaluator = [*evaluators, ConfigDict(type='mmengine.DumpResults', out_file_path=out)]
    runner = _run(cfg, 'test')
    record = next(hook for hook in runner.hooks if type(hook).__name__ == 'ResultHook')
    return record.expected


def use_amp(cfg: Config) -> None:
    """Train the networks of a config in mixed precision; a GAN has a wrapper for each."""
    wrappers = [cfg.optim_wrapper] if 'optimizer' in cfg.optim_wrapper else [
        wrapper for wrapper in cfg.optim_wrapper.values() if isinstance(wrapper, dict)]
    for wrapper in wrappers:
        wrapper.update(type='mmsight.AutocastOptimWrapper')


def _prepare(config: str, work_dir: str | None, options: dict | None, launcher: str) -> Config:
    cfg = load_config(config, options)
    cfg.launcher = launcher
    if cfg.get('load_from'):
        cfg.load_from = find_checkpoint(cfg.load_from)
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(cfg.filename).stem)
    try:
        Path(cfg.work_dir).mkdir(parents=True, exist_ok=True)
        probe = Path(cfg.work_dir) / f'.writable-{os.getpid()}'
        probe.touch()
        probe.unlink()
        remove_leftovers(Path(cfg.work_dir))
    except OSError as error:
        raise InputError(f"work-dir '{cfg.work_dir}' cannot be written: {error.strerror}") from error
    cfg.custom_hooks = [*cfg.get('custom_hooks', []), dict(type='mmsight.ResultHook', config_name=config)]
    if 'toy_data' in cfg:
        ensure_toy_data(cfg.toy_data, toy_root(cfg.toy_data))
    if launcher != 'none' and not torch.cuda.is_available():
        _distribute_on_cpu(cfg, launcher)
    return cfg


def _distribute_on_cpu(cfg: Config, launcher: str) -> None:
    """mmengine's own set-up selects a CUDA device and passes it to DDP; on a CPU the processes join through gloo."""
    if launcher != 'pytorch':
        raise InputError(f"--launcher {launcher} needs a GPU, and none was found; on CPUs use torchrun and --launcher pytorch")
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
        atexit.register(torch.distributed.destroy_process_group)  # gloo's threads sometimes abort a process that leaves it
    cfg.setdefault('model_wrapper_cfg', dict(
        type='mmengine.MMDistributedDataParallel', device_ids=None, broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False)))


def _run(cfg: Config, phase: str, notes: Sequence[str] = ()) -> Runner:
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    for note in notes:
        runner.logger.warning(note)
    try:
        getattr(runner, phase)()
    finally:
        _end_workers(runner)
    if is_main_process():
        print(f"result: {Path(cfg.work_dir) / 'result.json'}", flush=True)
    return runner


def _end_workers(runner: Runner) -> None:
    """End the workers that persist between epochs: the garbage collector would do it at some time, and wait 5 s for each."""
    for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
        iterator = getattr(getattr(loop, 'dataloader', None), '_iterator', None)
        if iterator is not None:
            iterator._shutdown_workers()
