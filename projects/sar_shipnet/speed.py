"""How fast detectors are, side by side in one process: the last three columns of Table 1."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.registry import init_default_scope

from mmsight.configs import load_config
from mmsight.engine.benchmark import check_device, interleave
from mmsight.errors import InputError


def one_image(model: Any, side: int, device: str = 'cpu') -> Callable[[], None]:
    """A call that takes a square image of noise, ``side`` pixels wide, through one of mmdet's detectors, up to boxes."""
    image = torch.randn(1, 3, side, side, device=device)
    shape = (side, side)
    sample = DetDataSample(metainfo=dict(
        img_shape=shape, ori_shape=shape, pad_shape=shape, batch_input_shape=shape, scale_factor=(1., 1.)))

    @torch.no_grad()
    def call() -> None:
        model.predict(image, [sample])

    return call


def measure(configs: Sequence[str], device: str = 'cpu', repeats: int = 10) -> dict[str, dict[str, float]]:
    """Speed and size of detectors with untrained weights, timed in turn.

    Args:
        configs (Sequence[str]): Names of configs of mmdet's detectors.
        device (str): Where they run.
        repeats (int): Rounds, of which the median counts.

    Returns:
        dict: Config to ``images_per_second``, one image at a time; ``megabytes`` (MiB) of its parameters in float32; and
        ``input_side`` in pixels.

    Raises:
        InputError: If a config is not of mmdet's detectors, or there is no GPU to run on.
    """
    check_device(device)
    init_default_scope('mmdet')
    torch.set_flush_denormal(True)  # untrained activations fade to denormal numbers, on which a CPU is several times slower
    calls, sizes = {}, {}
    for config in configs:
        cfg = load_config(config)
        if cfg.default_scope != 'mmdet':
            raise InputError(f"{config}: detectors of mmdet are compared, and this config's toolbox is {cfg.default_scope}")
        model = MODELS.build(cfg.model).eval().to(device)
        side = next(step.scale[0] for step in cfg.test_dataloader.dataset.pipeline if step.type == 'Resize')
        calls[config] = one_image(model, side, device)
        sizes[config] = dict(megabytes=sum(part.numel() for part in model.parameters()) * 4 / 2**20, input_side=side)
    seconds = interleave(calls, repeats)
    return {config: dict(images_per_second=1 / seconds[config], **sizes[config]) for config in configs}
