"""What a slice costs: parameters, multiply-adds and time of networks, side by side in one process."""

from collections.abc import Callable, Sequence

import torch
from mmengine.registry import MODELS, init_default_scope
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmsight.configs import load_config
from mmsight.engine.benchmark import check_device, interleave
from mmsight.errors import InputError


def build(config: str) -> nn.Module:
    """The network of a config, untrained, as it predicts."""
    return MODELS.build(load_config(config).model).eval()


def count(config: str, side: int) -> tuple[int, int]:
    """Parameters, and multiply-adds for a square slice of one channel."""
    with torch.device('meta'):
        model = build(config)
        with FlopCounterMode(display=False) as counter:
            model(torch.empty(1, 1, side, side))
    return sum(part.numel() for part in model.parameters()), counter.get_total_flops() // 2


def one_slice(config: str, side: int, device: str = 'cpu') -> Callable[[], object]:
    """A call that takes a square slice of noise through the network."""
    model, image = build(config).to(device), torch.rand(1, 1, side, side, device=device)
    return torch.no_grad()(lambda: model(image))


def measure(configs: Sequence[str], side: int = 256, device: str = 'cpu', repeats: int = 5) -> dict[str, dict[str, float]]:
    """Cost of networks with untrained weights, timed in turn.

    Args:
        configs (Sequence[str]): Names of configs of 2D networks.
        side (int): Of a slice, in pixels.
        device (str): Where they run.
        repeats (int): Rounds, of which the median counts.

    Returns:
        dict: Config to ``parameters``, ``multiply_adds`` and ``seconds`` of one slice.

    Raises:
        InputError: If a config is not of a 2D network, the side is not a positive multiple of 16, or there is no GPU to run on.
    """
    check_device(device)
    if side <= 0 or side % 16:
        raise InputError(f'the side of a slice must be a positive multiple of 16, which is halved four times; found {side}')
    for config in configs:
        if (cfg := load_config(config)).model.type != 'EncoderDecoder':
            raise InputError(f"{config}: 2D networks of mmseg are compared here, and this config's model is {cfg.model.type}")
    init_default_scope('mmseg')
    seconds = interleave({config: one_slice(config, side, device) for config in configs}, repeats, 1)
    counted = {config: count(config, side) for config in configs}
    return {config: dict(parameters=counted[config][0], multiply_adds=counted[config][1], seconds=seconds[config])
            for config in configs}
