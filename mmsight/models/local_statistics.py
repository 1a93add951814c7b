"""Statistics over a whole map become statistics over windows of the size that training saw, at test time and without training.

A layer that pools over its whole input sees something else in every tile of a scene, so that what a network finds depends on
how the scene is cut (test-time local converter: Chu et al., ECCV 2022). With :func:`use_local_statistics` such layers pool over
a window around each place instead, of the side that the training images had. Up to that size an input gives exactly what the
global form gives. The windows of a group norm fade at their ends: norms follow one another in a network, each reaches further
by a window, and what a tile lacks beyond its edge would else be felt deep inside it. The cost follows the number of pixels, and
hardly the window: means and maxima come from windows of doubling length. All of it is exported to ONNX as standard operators.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class Window:
    """The window of a network's layers, which differ in stride.

    Args:
        side (int): Side of the window, in pixels of the network's input.
        image (tuple[int, int]): Height and width of the input that is passing the network.
    """

    side: int
    image: tuple[int, int] = (0, 0)

    def of(self, x: Tensor) -> tuple[int, int]:
        """Height and width of the window on a map ``x`` (..., H, W), of whatever stride."""
        height, width = (max(1, round(self.side * _length(size) / _length(full)))
                         for size, full in zip(x.shape[-2:], self.image, strict=True))
        return height, width


def _length(size: int | torch.SymInt) -> int:
    """Of an axis; while it is traced as a free one, that of the example, whose ratio to others is that of all."""
    return size.node.hint if isinstance(size, torch.SymInt) else size


def windowed(x: Tensor, dim: int, side: int, pool: str = 'avg') -> Tensor:
    """The mean or the maximum over a window around each place along one axis.

    Near the ends the window stays inside the map, so it always has ``side`` places.

    Args:
        x (Tensor): (N, C, H, W).
        dim (int): 2 or 3.
        side (int): Places of the window.
        pool (str): ``'avg'`` or ``'max'``.

    Returns:
        Tensor: (N, C, H, W), or of length 1 along ``dim`` if the window covers the map: the global form.
    """
    length = x.shape[dim]
    if side >= length:
        return x.mean(dim, keepdim=True) if pool == 'avg' else x.amax(dim, keepdim=True)
    inner = _means(x, dim, side) if pool == 'avg' else _maxima(x, dim, side)
    before, after = side // 2, side - 1 - side // 2
    return F.pad(inner, (before, after, 0, 0) if dim == 3 else (0, 0, before, after), mode='replicate')


def faded_mean(x: Tensor, dim: int, side: int) -> Tensor:
    """The mean over a window around each place along one axis, whose weights fall linearly over the outer quarter at each end.

    It is the mean over a window of means over a window, of a quarter and of three quarters of the side, each moved as in
    :func:`windowed`.

    Args:
        x (Tensor): (N, C, H, W).
        dim (int): 2 or 3.
        side (int): Places of the whole window.

    Returns:
        Tensor: (N, C, H, W), or of length 1 along ``dim``, and not weighted, if the window covers the map: the global form.
    """
    if side >= x.shape[dim]:
        return windowed(x, dim, side)
    quarter = side // 8 * 2 + 1  # odd, so that it lies around its place
    return windowed(windowed(x, dim, quarter), dim, side + 1 - quarter)


def _means(x: Tensor, dim: int, side: int) -> Tensor:
    """Of all windows inside the map, from sums of 1, 2, 4, ... places, of which a window takes those that add up to it.

    Running sums would need fewer steps, and lose what is small beside them: all of it in bfloat16.
    """
    sums, reach, count = x.float(), 1, x.shape[dim] - side + 1
    parts, taken = [], 0
    while True:
        if side & reach:
            parts.append(sums.narrow(dim, taken, count))
            taken += reach
        if taken == side:
            return (sum(parts[1:], parts[0]) / side).to(x.dtype)
        length = sums.shape[dim] - reach
        sums = sums.narrow(dim, 0, length) + sums.narrow(dim, reach, length)
        reach *= 2


def _maxima(x: Tensor, dim: int, side: int) -> Tensor:
    """Of all windows inside the map, from windows of 1, 2, 4, ... places and a last step that overlaps."""
    reach = 1
    while reach < side:
        step = min(reach, side - reach)
        length = x.shape[dim] - step
        x = torch.maximum(x.narrow(dim, 0, length), x.narrow(dim, step, length))
        reach += step
    return x


class LocalGroupNorm(nn.GroupNorm):
    """Group norm whose mean and variance are those of a window around each place, see :func:`faded_mean`.

    Args:
        norm (nn.GroupNorm): The norm whose parameters it takes.
        window (Window): The window.
    """

    def __init__(self, norm: nn.GroupNorm, window: Window) -> None:
        super().__init__(norm.num_groups, norm.num_channels, norm.eps, affine=False)
        self.affine, self.weight, self.bias = norm.affine, norm.weight, norm.bias
        self.window = window

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` (N, C, H, W)."""
        height, width = self.window.of(x)
        if height >= x.shape[2] and width >= x.shape[3]:
            return super().forward(x)
        groups = x.float().unflatten(1, (self.num_groups, -1))
        # about the mean of all, so that the difference of squares keeps its digits
        groups = groups - groups.mean(dim=(2, 3, 4), keepdim=True)
        moments = torch.stack([groups.mean(2), groups.square().mean(2)], dim=1).flatten(1, 2)
        moments = faded_mean(faded_mean(moments, 3, width), 2, height).unflatten(1, (2, -1))
        mean, square = moments[:, 0], moments[:, 1]
        scale = (square - mean.square()).clamp(min=0).add(self.eps).rsqrt()
        x = ((groups - mean[:, :, None]) * scale[:, :, None]).flatten(1, 2).to(x.dtype)
        return x if self.weight is None else x * self.weight[:, None, None] + self.bias[:, None, None]


def use_local_statistics(model: nn.Module, side: int) -> bool:
    """Let a model in evaluation mode pool over windows of ``side`` pixels of its input.

    Group norms are replaced; other layers take part if they have an attribute ``window``, which is None until then. All
    others stay as they are.

    Args:
        model (nn.Module): Takes a batch of images (N, C, H, W) as its first argument, or as ``inputs``.
        side (int): Side of the training images as the network saw them.

    Returns:
        bool: Whether the model has such layers. Without one it is not changed.
    """
    window = Window(side)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.GroupNorm):
                setattr(parent, name, LocalGroupNorm(child, window))
            elif hasattr(child, 'window'):
                setattr(child, 'window', window)  # noqa: B010
    found = any(getattr(module, 'window', None) is window for module in model.modules())
    if found:
        model.register_forward_pre_hook(_note_size(window), with_kwargs=True)
    return found


def note_size(model: nn.Module, image: Tensor) -> None:
    """Tell a model's windows the size of an image (N, C, H, W) that is to pass a part of the model, not the whole."""
    for module in model.modules():
        if isinstance(window := getattr(module, 'window', None), Window):
            window.image = (image.shape[-2], image.shape[-1])


def _note_size(window: Window) -> Callable[[nn.Module, tuple, Mapping[str, Any]], None]:
    def note(module: nn.Module, args: tuple, kwargs: Mapping[str, Any]) -> None:
        inputs = args[0] if args else kwargs['inputs']
        window.image = tuple(inputs.shape[-2:])

    return note
