"""The warning about a discriminator that has won."""

from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub
from mmsight.projects.super_resolution import DiscriminatorWatchHook


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
