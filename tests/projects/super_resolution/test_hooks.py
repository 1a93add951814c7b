"""The warning about a discriminator that has won, and the epochs whose samples are drawn."""

from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.logging import MessageHub
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmsight.projects.super_resolution import DiscriminatorWatchHook, SampleGridHook, hooks

from mmsight.configs import load_config


@pytest.mark.parametrize(('accuracies', 'warnings'), [
    ([0.5] * 40, 0),
    ([0.5] * 10 + [1.0] * 30, 1),  # said once
    ([1.0] * 10 + [0.5] * 10 + [1.0] * 20, 2),  # said again after it had lost
    ([1.0] * 9, 0),  # the window is not full
])
def test_a_discriminator_that_wins_is_warned_about_once(accuracies, warnings, request):
    said = []
    hub = MessageHub.get_instance(request.node.name)
    runner = SimpleNamespace(message_hub=hub, logger=SimpleNamespace(warning=said.append), iter=0)
    hook = DiscriminatorWatchHook(window=10)
    for runner.iter, accuracy in enumerate(accuracies):
        hub.update_scalar('train/discriminator_accuracy', accuracy)
        hook.after_train_iter(runner, 0)
    assert len(said) == warnings
    assert all('accuracy was 1.000 over the last 10 steps' in text for text in said)


@pytest.mark.parametrize('config, names', [
    ('srgan-mse_w128_div2k_x4', ['epoch_00050', 'epoch_00100', 'epoch_00150', 'epoch_00200']),
    ('srgan-mse_w128_div2k_x4_code', ['iter_000050', 'iter_000100', 'iter_000150', 'iter_000200'])])
@pytest.mark.parametrize('start', [0, 60])
def test_samples_are_drawn_at_the_epochs_of_the_report(config, names, start, tmp_path, monkeypatch):
    """The report's appendices show 50, 100, 150 and 200; so does a training that was resumed in between."""
    monkeypatch.setattr(hooks, 'comparison', lambda sample, side: np.zeros((2, 2, 3), np.uint8))
    cfg = load_config(config)
    loop = IterBasedTrainLoop if 'max_iters' in cfg.train_cfg else EpochBasedTrainLoop
    runner = SimpleNamespace(log_dir=str(tmp_path), train_loop=object.__new__(loop))
    hook = SampleGridHook(**{key: value for key, value in cfg.default_hooks.visualization.items() if key != 'type'})
    every = cfg.train_cfg.val_interval
    for done in range(every, 202, every):
        runner.epoch = runner.iter = done
        if done > start:
            hook.after_val_iter(runner, 0, outputs=[None] * 2)
            hook.after_val_epoch(runner)
    found = [path.stem for path in sorted(tmp_path.glob('vis_data/grids/*.png'))]
    assert found == [name for name in names if int(name[-3:]) > start]
