"""When checkpoints are saved and deleted, and which of them fit a model."""

import time
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook as Base
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmsight.errors import InputError
from mmsight.files import complete_file
from mmsight.registry import HOOKS


@HOOKS.register_module()
class CheckpointHook(Base):
    """mmengine's, and by the clock as well; a checkpoint is deleted only after a newer one is complete.

    The two newest are always kept. Those by the clock, ``resume_<iterations>.pth``, are not kept beyond that.

    Args:
        minutes (float): Between checkpoints; 0 saves none by the clock.
        max_keep_ckpts (int): At least 2; -1 keeps all.
        **kwargs: See mmengine's ``CheckpointHook``.

    *Deviation*: mmengine deletes the old checkpoint before it writes the new one, and writes ``last_checkpoint`` in place.
    """

    def __init__(self, minutes: float = 10, max_keep_ckpts: int = -1, **kwargs: Any) -> None:
        super().__init__(max_keep_ckpts=max(max_keep_ckpts, 2) if max_keep_ckpts > 0 else -1, **kwargs)
        self.seconds = 60 * minutes
        self.kept: list[str] = []
        self.saved_iterations, self.saved_at = -1, 0.0

    def before_train(self, runner: Runner) -> None:
        """Find out which checkpoints the training has saved so far."""
        earlier = [self.filename_tmpl.format(step) for step in runner.message_hub.runtime_info.get('keep_ckpt_ids', [])]
        super().before_train(runner)
        self.kept = runner.message_hub.runtime_info.get('kept_checkpoints', earlier)
        self.saved_iterations, self.saved_at = runner.iter, time.monotonic()
        if runner.cfg.get('resume') and '://' not in runner.cfg.load_from:
            self._point_to(runner, runner.cfg.load_from)  # a kill between the two left the pointer behind

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Save if it is time."""
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        if 0 < self.seconds <= time.monotonic() - self.saved_at:
            self.save_now(runner, runner.epoch, runner.iter + 1)

    def save_now(self, runner: Runner, epoch: int, iterations: int) -> None:
        """Save the state after so many complete epochs and iterations, unless it is saved."""
        if iterations != self.saved_iterations:
            self._save(runner, f'resume_{iterations}.pth', dict(epoch=epoch, iter=iterations))

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        self._save(runner, self.filename_tmpl.format(step), meta)

    def _save(self, runner: Runner, name: str, meta: dict) -> None:
        """The checkpoint, then what points to it, then those that are not needed any more."""
        self.kept = [*(kept for kept in self.kept if kept != name), name]
        self.last_ckpt = path = self.file_backend.join_path(self.out_dir, name)
        # a training that is killed before it deletes goes on with this list
        runner.message_hub.update_info_dict(dict(last_ckpt=self.last_ckpt, kept_checkpoints=self.kept))
        runner.save_checkpoint(
            self.out_dir, name, self.file_client_args, save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler, meta=meta, by_epoch=self.by_epoch, backend_args=self.backend_args,
            **self.args)
        self.saved_iterations, self.saved_at = meta['iter'], time.monotonic()
        regular = [kept for kept in self.kept if not kept.startswith('resume_')]
        wanted = {*self.kept[-2:], *(regular[-self.max_keep_ckpts:] if self.max_keep_ckpts > 0 else regular)}
        old = [kept for kept in self.kept if kept not in wanted]
        self.kept = [kept for kept in self.kept if kept in wanted]
        self._point_to(runner, path)
        for kept in old if is_main_process() else []:
            path = self.file_backend.join_path(self.out_dir, kept)
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)

    def _point_to(self, runner: Runner, path: str) -> None:
        self.last_ckpt = path
        if is_main_process():
            with complete_file(Path(runner.work_dir) / 'last_checkpoint') as scratch:
                scratch.write_text(path)


@HOOKS.register_module()
class CheckCheckpointHook(Hook):
    """Refuse a checkpoint of another model, where mmengine only warns and tests random weights.

    Raises :class:`InputError` when a loaded checkpoint does not hold every weight of the model in its shape.

    ``tools/test.py`` and resuming add it; fine-tuning with ``load_from`` may replace layers and does not.
    """

    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        wanted, found = model.state_dict(), checkpoint.get('state_dict', checkpoint)
        faults = [f'{name} is missing' for name in wanted if name not in found]
        faults += [
            f'{name} has shape {tuple(found[name].shape)}, not {tuple(value.shape)}' for name, value in wanted.items()
            if name in found and found[name].shape != value.shape
        ]
        if faults:
            raise InputError(
                f'the checkpoint does not fit the model of {runner.cfg.filename}: {len(faults)} of {len(wanted)} weights '
                f'disagree (first: {faults[0]}); use the config that the checkpoint was trained with')
