"""Images of any size through a network in constant memory, with the values of one pass over the whole image."""

import copy
from collections.abc import Iterator
from typing import NamedTuple

import torch
from rich.progress import track
from torch import Tensor, nn


def receptive_radius(generator: nn.Module, scale: int, limit: int = 64) -> int:
    """Low-resolution pixels around a pixel that its ``scale`` x ``scale`` output depends on.

    It is measured on a copy whose convolutions average with positive weights, so that no path cancels and no ReLU is closed:
    the gradient of the central output is non-zero exactly inside the receptive field.

    Args:
        generator (nn.Module): Any fully convolutional network.
        scale (int): Its factor.
        limit (int): Largest radius looked for.

    Raises:
        ValueError: If the field is larger than ``limit``, as with attention or pooling over the whole image.
    """
    probe = copy.deepcopy(generator).float().cpu().eval()
    vars(probe).pop('forward', None)  # that of a runtime has no gradient
    for module in probe.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    margin = min(16, limit)
    while (reached := _reach(probe, scale, margin)) >= margin:
        if margin >= limit:
            raise ValueError(f'the receptive field is larger than {limit} pixels around, or the whole image: '
                             'tiles cannot match it')
        margin = min(2 * margin, limit)
    return reached


def _reach(probe: nn.Module, scale: int, margin: int) -> int:
    """How far from the centre of a (2 * ``margin`` + 1)^2 image its output's gradient is not zero."""
    side = 2 * margin + 1
    # positive, so that every ReLU passes it; tiny, so that no tanh saturates after many residual blocks
    image = torch.full((1, 3, side, side), 1e-9, requires_grad=True)
    with torch.enable_grad():
        output = probe(image)
        centre = output[..., scale * margin:scale * (margin + 1), scale * margin:scale * (margin + 1)]
        # scaled up, because tens of averaging layers reduce the corner's gradient to nearly the smallest float
        field, = torch.autograd.grad(centre.sum() * 1e20, image)
    return int((torch.nonzero(field[0].abs().amax(0)) - margin).abs().max())


class Window(NamedTuple):
    """A tile of a low-resolution image: ``top:bottom``, ``left:right``, and the same with its surroundings."""

    top: int
    bottom: int
    left: int
    right: int
    y0: int
    y1: int
    x0: int
    x1: int


def plan_windows(height: int, width: int, tile: int, halo: int) -> list[Window]:
    """Tiles of side ``tile`` that cover an image row by row, each with ``halo`` pixels around it, inside the image."""
    rows, columns = (list(_spans(length, tile, halo)) for length in (height, width))
    return [Window(top, bottom, left, right, y0, y1, x0, x1)
            for top, bottom, y0, y1 in rows for left, right, x0, x1 in columns]


def _spans(length: int, tile: int, halo: int) -> Iterator[tuple[int, int, int, int]]:
    """Along one axis: where each tile begins and ends, and the same with its surroundings."""
    for begin in range(0, length, tile):
        end = min(begin + tile, length)
        yield begin, end, max(begin - halo, 0), min(end + halo, length)


@torch.no_grad()
def enlarge_window(generator: nn.Module, image: Tensor, window: Window, scale: int, dtype: torch.dtype) -> Tensor:
    """The enlarged tile without its surroundings, which ``image`` (N, 3, y1 - y0, x1 - x0) has: (N, 3, h, w).

    A ``dtype`` of uint8 or uint16 takes [-1, 1] as [0, 255] or [0, 65535].
    """
    # contiguous, because a view with channels-last strides would select another kernel
    enlarged = generator(image.contiguous())
    top, left = window.top - window.y0, window.left - window.x0
    kept = enlarged[..., scale * top:scale * (top + window.bottom - window.top),
                    scale * left:scale * (left + window.right - window.left)]
    if not dtype.is_floating_point:
        peak = torch.iinfo(dtype).max
        kept = ((kept + 1) * (peak / 2)).clamp(0, peak).round()
    return kept.to(dtype)


def super_resolve_tiled(generator: nn.Module, image: Tensor, scale: int, tile: int, halo: int, out: Tensor | None = None,
                        progress: bool = False) -> Tensor:
    """Apply ``generator`` tile by tile.

    Tiles overlap by the receptive field, so that each kept pixel sees what it would see in one pass; at the image's border the
    network pads as it does there. The result is that of one pass up to floating-point order (1e-5).

    Args:
        generator (nn.Module): Maps (N, 3, h, w) to (N, 3, scale * h, scale * w).
        image (Tensor): (N, 3, H, W).
        scale (int): Its factor.
        tile (int): Side of a tile in low-resolution pixels; memory grows with its square, not with the image.
        halo (int): Overlap on each side: :func:`receptive_radius`.
        out (Tensor, optional): Takes the result; one of uint8 or uint16 takes it as [0, 255] or [0, 65535], in less memory.
        progress (bool): Show a bar.

    Returns:
        Tensor: ``out``, or (N, 3, scale * H, scale * W) of the dtype of ``image``.
    """
    number, _, height, width = image.shape
    if out is None:
        out = image.new_empty(number, 3, scale * height, scale * width)
    for window in track(plan_windows(height, width, tile, halo), 'tiles', disable=not progress):
        part = image[..., window.y0:window.y1, window.x0:window.x1]
        out[..., scale * window.top:scale * window.bottom, scale * window.left:scale * window.right] = enlarge_window(
            generator, part, window, scale, out.dtype)
    return out
