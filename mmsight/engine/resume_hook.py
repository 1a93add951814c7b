"""A training that goes on from a checkpoint computes what it would have computed without the interruption."""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn

from mmsight.errors import InputError
from mmsight.registry import HOOKS

from .loader import seed_all
from .train_loops import EpochTrainLoop

RUN = 'run'
"""Key of a checkpoint's ``meta`` that holds :func:`run_settings`."""
_SCHEDULE = ('optim_wrapper', 'param_scheduler', 'auto_scale_lr')


@HOOKS.register_module()
class ResumeHook(Hook):
    """Make resuming exact, and tell what changed if the training is not the same.

    Each step's random numbers follow from seed, iteration and process; those of the data from the loops of
    :mod:`mmsight.engine.train_loops`. Gradients that were accumulated but not applied, in one process, are part of the
    checkpoint. If the training's settings changed, the schedule and the optimizer's settings of the given config hold, as if
    they had held from the first step; the place within the data follows from the number of images that were seen. A validation
    that was due at the checkpoint is made up for.

    *Deviation*: mmengine restores the old schedule with its old end, and starts an epoch from its first batch.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.validated = -1  # iterations before the last validation
        self.resumed = False

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed the step."""
        seed_all(runner.seed, runner.iter, get_rank(), 1)
        if torch.cuda.is_available():
            torch.cuda.manual_seed_all(torch.initial_seed())

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Remember it."""
        self.validated = runner.iter

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save what the training's place and schedule depend on."""
        meta = checkpoint['meta']
        meta[RUN] = dict(run_settings(runner), validated=self.validated == meta['iter'])
        gradients = {name: value.grad.cpu() for name, value in _model(runner).named_parameters() if value.grad is not None}
        if gradients and 'optimizer' in checkpoint:
            checkpoint['gradients'] = gradients

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Place the training.

        Raises:
            InputError: If the checkpoint and the config cannot be reconciled.
        """
        if not runner.cfg.get('resume'):
            return
        meta, now = checkpoint['meta'], run_settings(runner)
        before = meta.get(RUN)
        old = now if before is None else before
        changed = {key: (old.get(key), now.get(key)) for key in sorted(old.keys() | now.keys() - {'validated'})
                   if old.get(key) != now.get(key) and key != 'validated'}
        _refuse(runner, checkpoint, changed)
        for key, (was, is_now) in changed.items():
            runner.logger.warning(f'CHANGED SINCE THE CHECKPOINT: {key} was {was} and is {is_now}')
        if isinstance(runner.train_loop, EpochTrainLoop):
            meta['iter'] = _iteration(runner, meta, old, now)
        if meta['iter'] > runner.max_iters:
            raise InputError(f"the checkpoint was saved after {meta['iter']} iterations, and the config ends after "
                             f'{runner.max_iters}: raise train_cfg.max_epochs or train_cfg.max_iters')
        if changed or before is None:
            _place_schedule(runner, checkpoint, changed)
        for name, value in _model(runner).named_parameters():
            if name in checkpoint.get('gradients', {}):
                value.grad = checkpoint['gradients'][name].to(value)
        self.resumed = not old.get('validated', False)

    def before_train_epoch(self, runner: Runner) -> None:
        """Make up for the validation at the checkpoint, which a kill may have cut short."""
        if self.resumed and _validation_due(runner):
            runner.logger.info('The model is validated, as was due at the checkpoint')
            runner.val_loop.run()
        self.resumed = False


def run_settings(runner: Runner) -> dict[str, Any]:
    """What the schedule and the order of the data depend on, as numbers and text."""
    loader = runner.train_dataloader
    iterations = isinstance(runner.train_loop, IterBasedTrainLoop)
    found = dict(loop='iterations' if iterations else 'epochs', processes=get_world_size(),
                 batch_size=runner.cfg.train_dataloader.get('batch_size'), images=len(loader.dataset),
                 batches=len(loader))
    found |= dict(max_iters=runner.max_iters) if iterations else dict(max_epochs=runner.max_epochs)
    found |= {f'optimizer{name}': type(wrapper.optimizer).__name__ for name, wrapper in _wrappers(runner)}
    for key in _SCHEDULE:
        found |= _flat(runner.cfg.get(key), key)
    return found


def _flat(value: Any, key: str) -> dict[str, str]:
    """A config's settings by their full keys."""
    if isinstance(value, dict):
        return {name: text for part in value for name, text in _flat(value[part], f'{key}.{part}').items()}
    if isinstance(value, (list, tuple)) and any(isinstance(part, dict) for part in value):
        return {name: text for number, part in enumerate(value) for name, text in _flat(part, f'{key}.{number}').items()}
    return {key: str(value)}


def _refuse(runner: Runner, checkpoint: dict, changed: dict[str, tuple]) -> None:
    """What has no right continuation."""
    fresh = 'start anew from its weights, with --cfg-options load_from=CHECKPOINT and another --work-dir'
    if 'loop' in changed:
        was, now = changed['loop']
        raise InputError(f'the checkpoint counts {was}, and the config counts {now}: {fresh}')
    for name, wrapper in _wrappers(runner):
        saved = _state(checkpoint, name)
        if saved is None:
            raise InputError(f'the checkpoint has no state of the optimizer{name}: {fresh}')
        groups = wrapper.optimizer.param_groups
        was, now = changed.get(f'optimizer{name}', (None, None))
        if was != now and set(groups[0]) != set(saved['param_groups'][0]):
            raise InputError(f'the checkpoint holds the state of {was}, which {now} of the config cannot go on with: {fresh}')
        sizes = [[len(group['params']) for group in kept] for kept in (saved['param_groups'], groups)]
        if sizes[0] != sizes[1]:
            raise InputError(f'the optimizer{name} of the checkpoint has {len(sizes[0])} groups of {sum(sizes[0])} parameters, '
                             f'and that of the config {len(sizes[1])} of {sum(sizes[1])}: {fresh}')
    waits = [type(scheduler).__name__ for scheduler in _schedulers(runner) if getattr(scheduler, 'need_val_args', False)]
    keys = [key for key in changed if key.startswith(_SCHEDULE)]
    if waits and keys:
        raise InputError(f'{keys[0]} changed, and {waits[0]} follows from the validations that were, so that it cannot be '
                         f'placed at the resumed step: {fresh}')


def _iteration(runner: Runner, meta: dict, old: dict, now: dict) -> int:
    """The iteration at which as many images of the epoch were seen as before the checkpoint."""
    batches, done = now['batches'], meta['iter'] - meta['epoch'] * old['batches']
    if done and any(old[key] != now[key] for key in ('processes', 'batch_size', 'images', 'batches')):
        if done == old['batches']:
            done = batches
        elif old['images'] == now['images'] and old['batch_size'] and now['batch_size']:
            done = min(done * old['processes'] * old['batch_size'] // (now['processes'] * now['batch_size']), batches)
        else:
            done = 0  # the order is another one
        runner.logger.warning(f"EPOCH {meta['epoch'] + 1} GOES ON AFTER {done} OF {batches} BATCHES")
    return meta['epoch'] * batches + done


def _place_schedule(runner: Runner, checkpoint: dict, changed: dict) -> None:
    """Step the config's schedulers up to the resumed step, and keep what they make of the config's optimizer."""
    schedulers, meta = list(_schedulers(runner)), checkpoint['meta']
    if any(getattr(scheduler, 'need_val_args', False) for scheduler in schedulers):
        return
    epochs = meta['epoch'] if isinstance(runner.train_loop, EpochTrainLoop) else 0
    batches = len(runner.train_dataloader)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that no optimizer stepped in between
        for iteration in range(1, meta['iter'] + 1):
            for scheduler in schedulers:
                if not scheduler.by_epoch:
                    scheduler.step()
            if iteration % batches == 0 and iteration // batches <= epochs:
                for scheduler in schedulers:
                    if scheduler.by_epoch:
                        scheduler.step()
    checkpoint.pop('param_schedulers', None)
    for name, wrapper in _wrappers(runner):
        state = _state(checkpoint, name)
        assert state is not None
        for saved, group in zip(state['param_groups'], wrapper.optimizer.param_groups, strict=True):
            saved.update({key: value for key, value in group.items() if key != 'params'})
        if wrapper.base_param_settings is not None:
            state['base_param_settings'] = wrapper.base_param_settings
        if changed:
            rate = wrapper.optimizer.param_groups[0]['lr']
            runner.logger.warning(f'THE SCHEDULE OF THE CONFIG HOLDS: the learning rate{name} goes on at {rate:.6g}')


def _validation_due(runner: Runner) -> bool:
    """Whether the loop would have validated after its last step."""
    loop: Any = runner.train_loop
    by_epoch = isinstance(loop, EpochTrainLoop)
    count = loop.epoch if by_epoch else loop.iter
    complete = not by_epoch or loop.iter == loop.epoch * len(loop.dataloader)
    return runner.val_loop is not None and complete and count >= max(loop.val_begin, 1) and count % loop.val_interval == 0


def _model(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _wrappers(runner: Runner) -> Iterator[tuple[str, OptimWrapper]]:
    """Optimizers, with `` of NAME`` if there are several."""
    wrapper: Any = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        yield from ((f' of {name}', part) for name, part in wrapper.items())
    else:
        yield '', wrapper


def _state(checkpoint: dict, name: str) -> dict | None:
    """An optimizer's state in a checkpoint."""
    state = checkpoint.get('optimizer', {})
    state = state.get(name.removeprefix(' of ')) if name else state
    return state if state and 'param_groups' in state else None


def _schedulers(runner: Runner) -> Iterator[Any]:
    """All of them, in the order of their steps."""
    found: Any = runner.param_schedulers or []
    return itertools.chain(*found.values()) if isinstance(found, dict) else iter(found)
