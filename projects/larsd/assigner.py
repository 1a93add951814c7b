"""Which prior is to predict which ship (paper, section II.B.2)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmsight.registry import TASK_UTILS

from .coder import edge_distances, ship_frame
from .priors import ShipPriors


@TASK_UTILS.register_module()
class ShipAssigner:
    """A location inside a rotated ship is positive, ignored or background for each anchor by the centred IoU of the sizes.

    Above ``pos_iou`` it is positive, in [``neg_iou``, ``pos_iou``] ignored, else background; so is every location outside.
    Where ships overlap, the better fit takes the location, of equal ones the smaller ship. Locations inside a box that the data
    set marks as ignored (neither a ship to learn nor background) are ignored, unless they are some ship's.

    Args:
        pos_iou, neg_iou (float): The paper's 0.5 and 0.2.
        match_best (bool): A ship that no anchor fits above ``pos_iou`` gets the anchor that fits it best.
        match_small (bool): A ship that contains no location of a level, being narrower than its stride, gets the one whose cell
            holds its centre.

    *Deviation*: the paper has neither guard nor a rule for overlaps. ``match_best=False, match_small=False`` is its text.
    """

    def __init__(self, pos_iou: float = 0.5, neg_iou: float = 0.2, match_best: bool = True, match_small: bool = True) -> None:
        self.pos_iou, self.neg_iou = pos_iou, neg_iou
        self.match_best, self.match_small = match_best, match_small

    def __call__(self, gt_bboxes: Sequence[Tensor], priors: ShipPriors, shapes: Sequence[tuple[int, int]],
                 ignored_bboxes: Sequence[Tensor] | None = None) -> Tensor:
        """Assign the ships of a batch, all images and ships of a level at once.

        Args:
            gt_bboxes (Sequence[Tensor]): Per image (n_i, 5), pixels and radians, at any angle.
            priors (ShipPriors): The levels.
            shapes (Sequence[tuple[int, int]]): (H, W) of each level's map.
            ignored_bboxes (Sequence[Tensor], optional): Per image (m_i, 5), as ``gt_bboxes``.

        Returns:
            Tensor: Long (images, priors), in the order of ``priors.grid_priors``: 1 + the index of the ship within its image,
            0 background, -1 ignored.
        """
        image = image_numbers(gt_bboxes)
        if ignored_bboxes is not None:
            ignored_image, ignored_boxes = image_numbers(ignored_bboxes), ship_frame(torch.cat(list(ignored_bboxes)).float())
        index = torch.cat([torch.arange(1, len(boxes) + 1, device=boxes.device) for boxes in gt_bboxes])
        boxes = ship_frame(torch.cat(list(gt_bboxes)).float())
        fit = priors.fit(boxes[:, 2:4])
        positive = fit > self.pos_iou
        if self.match_best:
            best = torch.zeros_like(positive).scatter_(1, fit.argmax(dim=1, keepdim=True), True)
            positive |= best & ~positive.any(dim=1, keepdim=True)
        ignored = (fit >= self.neg_iou) & ~positive
        rank, ship_of_rank = _ranks(fit, boxes[:, 2:4].prod(dim=1))
        rank[~positive] = -1

        levels = []
        for level, ((height, width), stride) in enumerate(zip(shapes, priors.strides, strict=True)):
            anchors = slice(level * priors.num_anchors, (level + 1) * priors.num_anchors)
            chosen = (positive | ignored)[:, anchors].any(dim=1).nonzero()[:, 0]
            ship, cell = self._cells_inside(boxes[chosen], height, width, stride, priors.offset)
            ship = chosen[ship]
            cell = image[ship] * (height * width) + cell
            size = len(gt_bboxes) * height * width, priors.num_anchors
            best_rank = rank.new_full(size, -1)
            best_rank.scatter_reduce_(0, cell[:, None].expand(-1, size[1]), rank[ship, anchors], 'amax')
            result = torch.zeros_like(best_rank)
            grey, anchor = ignored[ship, anchors].nonzero(as_tuple=True)
            result[cell[grey], anchor] = -1
            taken = best_rank >= 0
            result[taken] = index[ship_of_rank[best_rank[taken]]]
            if ignored_bboxes is not None:
                box, cell = self._cells_inside(ignored_boxes, height, width, stride, priors.offset)
                cell = ignored_image[box] * (height * width) + cell
                result[cell] = torch.where(taken[cell], result[cell], -1)
            levels.append(result.view(len(gt_bboxes), -1))
        return torch.cat(levels, dim=1)

    def _cells_inside(self, boxes: Tensor, height: int, width: int, stride: int, offset: float) -> tuple[Tensor, Tensor]:
        """Pairs of a box and a cell, row * width + column, whose location it contains: two long tensors (m, )."""
        cx, cy, w, h, angle = boxes.unbind(1)
        cos, sin = angle.cos().abs(), angle.sin().abs()
        centre = torch.stack([cx, cy], dim=1)
        reach = torch.stack([w * cos + h * sin, w * sin + h * cos], dim=1) / 2
        limit = torch.tensor([width, height], device=boxes.device)
        # the cells of each box's upright extent, one list after the other
        first = torch.minimum(torch.ceil((centre - reach) / stride - offset).long().clamp(min=0), limit)
        last = torch.minimum(torch.floor((centre + reach) / stride - offset).long(), limit - 1)
        extent = (last - first + 1).clamp(min=0)
        count = extent.prod(dim=1)
        box = torch.arange(len(boxes), device=boxes.device).repeat_interleave(count)
        step = torch.arange(len(box), device=boxes.device) - (count.cumsum(0) - count)[box]
        column = first[box, 0] + step % extent[box, 0].clamp(min=1)
        row = first[box, 1] + torch.div(step, extent[box, 0].clamp(min=1), rounding_mode='floor')
        points = (torch.stack([column, row], dim=1) + offset) * stride
        inside = (edge_distances(points, boxes[box]) >= 0).all(dim=1)
        box, cell = box[inside], (row * width + column)[inside]
        if self.match_small:
            empty = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
            empty[box] = False
            nearest = torch.floor(centre / stride).long()
            empty &= ((nearest >= 0) & (nearest < limit)).all(dim=1)
            box = torch.cat([box, empty.nonzero()[:, 0]])
            cell = torch.cat([cell, nearest[empty, 1] * width + nearest[empty, 0]])
        return box, cell


def image_numbers(boxes: Sequence[Tensor]) -> Tensor:
    """Of each box of a batch, the number of its image: long (n, )."""
    return torch.cat([part.new_full((len(part), ), i, dtype=torch.long) for i, part in enumerate(boxes)])


def _ranks(fit: Tensor, area: Tensor) -> tuple[Tensor, Tensor]:
    """Rank (n, anchors) of every pair, by rising fit and, of equal ones, falling area; and the ship of each rank."""
    area = area[:, None].expand_as(fit).flatten()
    order = area.argsort(descending=True, stable=True)
    order = order[fit.flatten()[order].argsort(stable=True)]
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device)
    return rank.view_as(fit), torch.div(order, fit.shape[1], rounding_mode='floor')
