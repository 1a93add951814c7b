"""The warning about a discriminator that has won, the epochs whose samples are drawn, and what the grids consist of."""

from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.logging import MessageHub
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, LogProcessor
from mmsight.projects.super_resolution import DiscriminatorWatchHook, SampleGridHook, ValidateFirstHook, hooks

from mmsight.configs import load_config
from mmsight.errors import InputError


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


@pytest.mark.parametrize('config, unit', [
    ('srgan-mse_w128_div2k_x4', 'epoch'), ('srgan-mse_w128_div2k_x4_code', 'iter'), ('srcnn-mse_w32_t91_x4_201e', 'epoch')])
@pytest.mark.parametrize('start', [0, 60])
def test_samples_are_drawn_at_the_epochs_of_the_report(config, unit, start, tmp_path, monkeypatch):
    """The report's appendices show 0, 50, 100, 150 and 200; so does a training that was resumed in between."""
    monkeypatch.setattr(hooks, 'comparison', lambda sample, side: np.zeros((2, 2, 3), np.uint8))
    cfg = load_config(config)
    loop = IterBasedTrainLoop if 'max_iters' in cfg.train_cfg else EpochBasedTrainLoop
    hook = SampleGridHook(**{key: value for key, value in cfg.default_hooks.visualization.items() if key != 'type'})

    def validate():
        hook.after_val_iter(runner, 0, outputs=[None] * 2)
        hook.after_val_epoch(runner)

    runner = SimpleNamespace(log_dir=str(tmp_path), train_loop=object.__new__(loop), epoch=start, iter=start,
                             val_loop=SimpleNamespace(run=validate))
    assert cfg.default_hooks.validate_first.type == 'mmsight.ValidateFirstHook'
    ValidateFirstHook().before_train(runner)
    every = cfg.train_cfg.val_interval
    for done in range(every, 202, every):
        runner.epoch = runner.iter = done
        if done > start:
            validate()
    found = [path.stem.split('_') for path in sorted(tmp_path.glob('vis_data/grids/*.png'))]
    assert {name for name, _ in found} == {unit}
    assert [int(number) for _, number in found] == [done for done in (0, 50, 100, 150, 200) if done > start or not start]


def test_a_grid_is_taken_apart_as_it_was_put_together(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    images = [dict(input=rng.integers(0, 256, (16, 24, 3)), gt_img=rng.integers(0, 256, (64, 96, 3)),
                   pred_img=rng.integers(0, 256, (64, 96, 3))) for _ in range(3)]
    monkeypatch.setattr(hooks, 'to_image', lambda value: value.astype(np.uint8))
    grid = np.vstack([hooks.comparison(SimpleNamespace(input=image['input'], gt_img=image['gt_img'],
                                                       output=SimpleNamespace(pred_img=image['pred_img'])), 48)
                      for image in images])
    parts = hooks.panels_of_grid(grid)
    assert parts.shape == (3, 4, 48, 48, 3)
    middle = (slice(8, 56), slice(24, 72))
    for row, image in zip(parts, images, strict=True):
        assert (row[2] == image['pred_img'][middle]).all() and (row[3] == image['gt_img'][middle]).all()
    for shape in ((70, 191, 3), (71, 192, 3)):
        with pytest.raises(InputError, match='no grid of equal squares'):
            hooks.panels_of_grid(np.zeros(shape, np.uint8))


@pytest.mark.parametrize('config', ['srcnn-mse_w64_t91_x4', 'srcnn-mse_w32_t91_x4_201e', 'srcnn-mse_w128_div2k_x4_code'])
def test_a_validation_logs_its_own_loss(config, request):
    """Not the mean over the last ones, as mmengine does by default."""
    hub = MessageHub.get_instance(request.node.name)
    for value in (4.0, 2.0):
        hub.update_scalar('val/val_loss', value)
    runner = SimpleNamespace(message_hub=hub, _train_loop={}, val_loop=SimpleNamespace(dataloader=[0]), val_dataloader=[0])
    tag, _ = LogProcessor(**load_config(config).log_processor).get_log_after_epoch(runner, 1, 'val')
    assert tag['val_loss'] == 2
