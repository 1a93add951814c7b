"""A checkpoint of another model is refused, where mmengine only warns and tests random weights."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmsight.errors import InputError
from mmsight.registry import HOOKS


@HOOKS.register_module()
class CheckCheckpointHook(Hook):
    """Raise :class:`InputError` when a loaded checkpoint does not hold every weight of the model in its shape.

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
