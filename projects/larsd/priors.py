"""Locations and anchor sizes of the prediction levels (paper, section II.B.2)."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from mmsight.errors import InputError
from mmsight.json_files import read_json
from mmsight.registry import TASK_UTILS


def centred_iou(first: Tensor, second: Tensor) -> Tensor:
    """IoU (n, m) of upright boxes of sizes (n, 2) and (m, 2), w and h, laid on one centre."""
    shared = torch.minimum(first[:, None], second[None]).prod(dim=-1)
    return shared / (first.prod(dim=1)[:, None] + second.prod(dim=1)[None] - shared)


@TASK_UTILS.register_module()
class ShipPriors:
    """Every cell of a level is a location, at its centre; at each stand the level's anchors.

    Args:
        strides (Sequence[int]): Pixels per cell of each level.
        anchors (Sequence[Sequence[tuple[float, float]]] | str, optional): Per level the (w, h) of its anchors, in pixels of the
            network's input; or the json file that ``projects/larsd/tools/anchor_kmeans.py`` writes. On one level all anchors
            of the file stand there. None: anchor-free, one prior of 16 strides squared a location, so that distances are
            stride * 8 * exp(t).
        area_limits (Sequence[float]): Without anchors: areas in square pixels that part the ships between the levels, one
            fewer than levels, rising.

    Raises:
        InputError: If the file of anchors is missing or has another number of levels.

    *Deviation*: the paper does not describe its anchor-free rows; scale and parting by area are ours.
    """

    def __init__(self, strides: Sequence[int], anchors: Sequence[Sequence[tuple[float, float]]] | str | None = None,
                 area_limits: Sequence[float] = ()) -> None:
        self.strides = tuple(strides)
        self.anchor_free = anchors is None
        if isinstance(anchors, str):
            anchors = _read_anchors(anchors, len(self.strides))
        self.anchors = [torch.tensor([(16. * s, 16. * s)]) for s in self.strides] if anchors is None else \
            [torch.tensor(level, dtype=torch.float) for level in anchors]
        self.area_limits = tuple(area_limits)
        if len(self.anchors) != len(self.strides) or len({len(level) for level in self.anchors}) != 1:
            raise ValueError(f'{len(self.strides)} strides need as many levels of anchors, the same number on each, found '
                             f'{[len(level) for level in self.anchors]}')
        if self.anchor_free and len(self.area_limits) != len(self.strides) - 1:
            raise ValueError(f'{len(self.strides)} levels without anchors need {len(self.strides) - 1} area_limits, found '
                             f'{len(self.area_limits)}')
        self.num_anchors = len(self.anchors[0])

    offset = 0.5  # of a location in its cell, as in mmdet's MlvlPointGenerator

    def grid_priors(self, featmap_sizes: Sequence[tuple[int, int]], dtype: torch.dtype = torch.float,
                    device: torch.device | str = 'cpu') -> list[Tensor]:
        """Per level (H * W * K, 4): x, y, w, h in pixels; rows first, then columns, then anchors."""
        levels = []
        for (height, width), stride, anchors in zip(featmap_sizes, self.strides, self.anchors, strict=True):
            y = (torch.arange(height, device=device, dtype=dtype) + self.offset) * stride
            x = (torch.arange(width, device=device, dtype=dtype) + self.offset) * stride
            points = torch.stack([x[None].expand(height, -1), y[:, None].expand(-1, width)], dim=-1).reshape(-1, 1, 2)
            sizes = anchors.to(device, dtype)[None].expand(len(points), -1, -1)
            levels.append(torch.cat([points.expand(-1, len(anchors), -1), sizes], dim=-1).reshape(-1, 4))
        return levels

    def fit(self, sizes: Tensor) -> Tensor:
        """How well each anchor of each level fits boxes of sizes (n, 2), w and h: (n, levels * K), in [0, 1].

        With anchors the centred IoU; without, 1 on the level to which the area belongs and 0 on the others.
        """
        if not self.anchor_free:
            return centred_iou(sizes, torch.cat(self.anchors).to(sizes))
        limits = sizes.new_tensor([0, *self.area_limits, math.inf])
        area = sizes.prod(dim=1)[:, None]
        return ((area >= limits[:-1]) & (area < limits[1:])).to(sizes.dtype)


def _read_anchors(path: str, levels: int) -> list:
    if not Path(path).is_file():
        raise InputError(f"{path}: this file of anchors does not exist: make it with "
                         f'`python projects/larsd/tools/anchor_kmeans.py CONFIG --out {path}`')
    content = read_json(path)
    anchors = content.get('anchors') if isinstance(content, dict) else None
    if not isinstance(anchors, list):
        raise InputError(f"{path}: not a file of anchors, which is json with a key 'anchors': make it with "
                         'projects/larsd/tools/anchor_kmeans.py')
    if levels == 1:
        return [[size for level in anchors for size in level]]
    if len(anchors) != levels:
        raise InputError(f'{path}: anchors for {len(anchors)} levels, the config has {levels}')
    return anchors
