"""What passes through chosen layers of a network, by forward hooks."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from mmsight.errors import InputError, did_you_mean


def watch_layers(model: nn.Module, layers: Sequence[str], run: Callable[[], Any]) -> dict[str, tuple[Tensor, Tensor]]:
    """Run a network and keep what goes into layers and what comes out.

    Args:
        model (nn.Module): The network.
        layers (Sequence[str]): Names as ``named_modules`` has them, e.g. ``'backbone.attentions.2'``.
        run (Callable): Calls the network once.

    Returns:
        dict[str, tuple[Tensor, Tensor]]: Layer to its first input and its output, both (N, C, H, W), on the CPU; of a layer
            that is called several times those of the last call.

    Raises:
        InputError: If the network has no such layer, or it is not called, or does not make a map.
    """
    modules = dict(model.named_modules())
    for name in layers:
        if name not in modules:
            raise InputError(f"the network has no layer '{name}'; {did_you_mean(name, list(modules))}its parts are "
                             f"{', '.join(dict(model.named_children()))}")
    kept: dict[str, tuple[Any, Any]] = {}

    def keeper(name: str) -> Callable[..., None]:
        def keep(_: nn.Module, inputs: tuple, output: Any) -> None:
            kept[name] = inputs[0] if inputs else None, output
        return keep

    handles = [modules[name].register_forward_hook(keeper(name)) for name in layers]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    for name in layers:
        if not all(isinstance(value, Tensor) and value.ndim == 4 for value in kept.get(name, (None, ))):
            raise InputError(f"layer '{name}' turns no map into a map (N, C, H, W) when the network predicts: choose another "
                             'one')
    return {name: (kept[name][0].detach().cpu(), kept[name][1].detach().cpu()) for name in layers}


def gain(before: Tensor, after: Tensor) -> Tensor:
    """Output by input of a layer at each place: the sums of magnitudes over channels, (N, H, W) in [0, inf).

    Args:
        before (Tensor): Input (N, C, H, W).
        after (Tensor): Output (N, C, H, W).

    Of a layer that weighs its input it is the mean of its weights, each counted by the strength of its channel.
    """
    return after.abs().sum(dim=1) / before.abs().sum(dim=1).clamp(min=1e-12)
