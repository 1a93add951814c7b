"""A stand-in for mmcv's compiled ops, the module ``mmcv._ext``, built on torchvision, torch and NumPy.

What breaks: ``import mmdet.models`` and ``import mmrotate.models`` import ``mmcv.ops``, which needs ``mmcv._ext``. The
registries have no wheel with compiled ops for the maintained fork, and compiling them takes about half an hour.
In which versions: onedl-mmcv 2.3.6 (and any mmcv installed without ops).
It can go when a wheel with compiled ops can be installed for every supported Python; where such ops are present, this
file is never imported.

Every function here has the signature by which ``mmcv.ops`` calls the extension, and fills ``output`` in place as it does.
Ops that no config of ours and no baseline reaches raise an error that names the op.
"""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
import torch
import torchvision
from torch import Tensor

from mmsight.rotated_iou import extents, meeting_pairs, pair_overlaps, rotated_iou

BUILD_COMMAND = ("pip install 'setuptools>=80,<82' ninja && "
                 'pip install --no-build-isolation --no-binary onedl-mmcv --force-reinstall --no-deps onedl-mmcv')


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Indices (K,) of the kept ``boxes`` (N, 4), by falling score. ``offset`` 1 counts pixels, x2 - x1 + 1."""
    if offset:
        boxes = torch.cat([boxes[:, :2], boxes[:, 2:] + offset], dim=1)
    return torchvision.ops.nms(boxes.float(), scores.float(), iou_threshold)


def softnms(boxes: Tensor, scores: Tensor, dets: Tensor, iou_threshold: float, sigma: float, min_score: float, method: int,
            offset: int) -> Tensor:
    """Soft-NMS (Bodla et al., 2017); ``method`` 0 naive, 1 linear, 2 Gaussian.

    Fills ``dets`` (N, 5) with the kept boxes and their lowered scores and returns their indices (K,).
    """
    left = torch.arange(len(boxes))
    scores = scores.clone()
    area = (boxes[:, 2:] - boxes[:, :2] + offset).prod(dim=1)
    kept: list[int] = []
    while len(left):
        best = int(scores[left].argmax())
        index = left[best]
        dets[len(kept)] = torch.cat([boxes[index], scores[index][None]])
        kept.append(int(index))
        left = torch.cat([left[:best], left[best + 1:]])
        low = torch.maximum(boxes[index, :2], boxes[left, :2])
        high = torch.minimum(boxes[index, 2:], boxes[left, 2:])
        shared = (high - low + offset).clamp(min=0).prod(dim=1)
        iou = shared / (area[index] + area[left] - shared)
        if method == 2:
            weight = torch.exp(-iou * iou / sigma)
        else:
            lowered = 1 - iou if method == 1 else torch.zeros_like(iou)
            weight = torch.where(iou >= iou_threshold, lowered, torch.ones_like(iou))
        scores[left] *= weight
        left = left[scores[left] >= min_score]
    return torch.tensor(kept, dtype=torch.long)


def _numpy(boxes: Tensor) -> np.ndarray:
    return boxes.detach().cpu().double().numpy()[:, :5]


def _overlap_bounds(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """What the element-wise IoU of rotated boxes (n, 5) cannot exceed: cheap, from areas and upright extents."""
    one, two = extents(first), extents(second)
    sides = np.minimum(one[:, 2:], two[:, 2:]) - np.maximum(one[:, :2], two[:, :2])
    areas = first[:, 2] * first[:, 3], second[:, 2] * second[:, 3]
    shared = np.minimum(np.minimum(*areas), sides.prod(axis=1))
    whole = areas[0] + areas[1] - shared
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def box_iou_rotated(bboxes1: Tensor, bboxes2: Tensor, ious: Tensor, mode_flag: int = 0, aligned: bool = False) -> None:
    """Exact overlaps of rotated boxes; ``mode_flag`` 0 IoU, 1 intersection over ``bboxes1``. Fills ``ious``."""
    first, second = _numpy(bboxes1), _numpy(bboxes2)
    values = (pair_overlaps if aligned else rotated_iou)(first, second, bool(mode_flag))
    ious.copy_(torch.from_numpy(values).reshape(ious.shape))


def nms_rotated(dets: Tensor, scores: Tensor, order: Tensor, dets_sorted: Tensor, labels: Tensor, iou_threshold: float,
                multi_label: bool) -> Tensor:
    """Indices (K,) of the kept rotated boxes ``dets`` (N, 5), by falling score; with ``multi_label`` within each label.

    Only pairs that a spatial index finds to meet are compared, so that the cost follows their number.
    """
    ranks = scores.argsort(descending=True, stable=True)
    boxes = _numpy(dets[ranks])
    i, j = meeting_pairs(boxes, boxes)
    # torch's sort above makes i < j mean "i scores higher"
    pairs = i < j
    if multi_label:
        sorted_labels = labels[ranks].cpu().numpy()
        pairs &= sorted_labels[i] == sorted_labels[j]
    pairs &= _overlap_bounds(boxes[i], boxes[j]) > iou_threshold
    i, j = i[pairs], j[pairs]
    keep = np.ones(len(boxes), dtype=bool)
    while len(i):
        # a box that no undecided better one meets stays: it decides its pairs, and suppressed boxes decide nothing
        stays = np.ones(len(boxes), dtype=bool)
        stays[j] = False
        now = stays[i]
        first, second = i[now], j[now]
        keep[second[pair_overlaps(boxes[first], boxes[second]) > iou_threshold]] = False
        left = ~now & keep[i] & keep[j]
        i, j = i[left], j[left]
    return ranks[torch.from_numpy(keep).to(ranks.device)]


def diff_iou_rotated_sort_vertices_forward(vertices: Tensor, mask: Tensor, num_valid: Tensor) -> Tensor:
    """Order in which the corners of the intersection of two rotated boxes follow each other round it.

    Args:
        vertices (Tensor): (B, N, 24, 2), relative to the mean of the valid ones; the last 16 are 0 where not valid.
        mask (Tensor): (B, N, 24), which are valid.
        num_valid (Tensor): (B, N), how many.

    Returns:
        Tensor: Long (B, N, 9): the distinct valid ones by angle, the first again, then one that is not valid.
    """
    angle, order = torch.atan2(vertices[..., 1], vertices[..., 0]).masked_fill(~mask, math.inf).sort(dim=-1)
    # boxes that share corners give the same point more than once
    points = vertices.gather(2, order[..., None].expand_as(vertices))
    same = (points[..., 1:, :] - points[..., :-1, :]).abs().amax(dim=-1) <= 1e-5 * points.abs().amax(dim=(-2, -1))[..., None]
    angle[..., 1:] = angle[..., 1:].masked_fill(same, math.inf)
    order = order.gather(2, angle.argsort(dim=-1, stable=True)[..., :9])
    count = angle.isfinite().sum(dim=-1, keepdim=True)
    unused = mask[..., 8:].int().argmin(dim=-1, keepdim=True) + 8
    place = torch.arange(9, device=order.device)
    order = torch.where(place == count, order[..., :1], order)
    return torch.where((place > count) | (count < 3), unused, order)


def active_rotated_filter_forward(input: Tensor, indices: Tensor, output: Tensor) -> None:
    """Filters (O, I, orientations, kH, kW) turned: entry e of rotation r goes to ``indices[e, r] - 1``. Fills ``output``."""
    turned = output.view(input.shape[0], indices.shape[-1], input.shape[1], -1)
    for rotation, places in enumerate(indices.flatten(0, 2).long().T - 1):
        turned[:, rotation, :, places] = input.flatten(2)


def active_rotated_filter_backward(grad_out: Tensor, indices: Tensor, grad_in: Tensor) -> None:
    """Gradient of the turned filters with respect to the filter. Fills ``grad_in``."""
    turned = grad_out.view(grad_in.shape[0], indices.shape[-1], grad_in.shape[1], -1)
    places = indices.flatten(0, 2).long().T - 1
    grad_in.copy_(torch.stack([turned[:, r, :, place] for r, place in enumerate(places)]).sum(dim=0).view_as(grad_in))


def _gradients(function: Callable[..., Tensor], inputs: list[Tensor], grad_output: Tensor) -> tuple[Tensor, ...]:
    """Gradients of ``function(*inputs)`` with respect to each input."""
    with torch.enable_grad():
        leaves = [value.detach().requires_grad_() for value in inputs]
        return torch.autograd.grad(function(*leaves), leaves, grad_output)


def _sigmoid_focal_loss(input: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float) -> Tensor:
    if len(weight):
        _missing('sigmoid_focal_loss with class weights')
    # background is the label past the last class
    truth = torch.nn.functional.one_hot(target, input.shape[1] + 1)[:, :-1].to(input)
    return torchvision.ops.sigmoid_focal_loss(input, truth, alpha, gamma)


def sigmoid_focal_loss_forward(input: Tensor, target: Tensor, weight: Tensor, output: Tensor, **options: Any) -> None:
    """Focal loss of logits (n, classes) by torchvision; what mmdet's ``FocalLoss`` calls on GPUs. Fills ``output``."""
    output.copy_(_sigmoid_focal_loss(input, target, weight, **options))


def sigmoid_focal_loss_backward(input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, **options: Any) -> None:
    """Gradient of the summed focal loss with respect to the logits. Fills ``grad_input``."""
    grad, = _gradients(lambda x: _sigmoid_focal_loss(x, target, weight, **options), [input], torch.ones_like(input))
    grad_input.copy_(grad)


def _roi_align(input: Tensor, rois: Tensor, aligned_height: int, aligned_width: int, spatial_scale: float,
               sampling_ratio: int, pool_mode: int, aligned: bool) -> Tensor:
    if pool_mode != 1:
        _missing('roi_align with pool_mode max')
    return torchvision.ops.roi_align(input, rois, (aligned_height, aligned_width), spatial_scale, sampling_ratio, aligned)


def roi_align_forward(input: Tensor, rois: Tensor, output: Tensor, argmax_y: Tensor, argmax_x: Tensor,
                      **options: Any) -> None:
    """RoIAlign by torchvision, average mode. Fills ``output``."""
    output.copy_(_roi_align(input, rois, **options))


def roi_align_backward(grad_output: Tensor, rois: Tensor, argmax_y: Tensor, argmax_x: Tensor, grad_input: Tensor,
                       **options: Any) -> None:
    """Gradient of RoIAlign with respect to its input. Fills ``grad_input``."""
    # the op is linear in its input, so that any input, zeros here, gives the gradient
    grad, = _gradients(lambda x: _roi_align(x, rois, **options), [torch.zeros_like(grad_input)], grad_output)
    grad_input.copy_(grad)


def _bilinear(feature: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Samples of ``feature`` (K, C, H, W) at pixels ``y``, ``x`` (K, S): (K, C, S); 0 from one cell outside on."""
    height, width = feature.shape[-2:]
    inside = (y >= -1) & (y <= height) & (x >= -1) & (x <= width)
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    top, left = y.floor().long(), x.floor().long()
    bottom, right = (top + 1).clamp(max=height - 1), (left + 1).clamp(max=width - 1)
    dy, dx = y - top, x - left
    flat = feature.flatten(2)

    def at(row: Tensor, column: Tensor) -> Tensor:
        index = (row * width + column)[:, None].expand(-1, flat.shape[1], -1)
        return flat.gather(2, index)

    value = at(top, left) * ((1 - dy) * (1 - dx))[:, None] + at(top, right) * ((1 - dy) * dx)[:, None]
    value = value + at(bottom, left) * (dy * (1 - dx))[:, None] + at(bottom, right) * (dy * dx)[:, None]
    return value * inside[:, None]


def _roi_align_rotated(input: Tensor, rois: Tensor, pooled_height: int, pooled_width: int, spatial_scale: float,
                       sampling_ratio: int, aligned: bool, clockwise: bool) -> Tensor:
    shift = 0.5 if aligned else 0.0
    cx, cy = rois[:, 1] * spatial_scale - shift, rois[:, 2] * spatial_scale - shift
    w, h = rois[:, 3] * spatial_scale, rois[:, 4] * spatial_scale
    if not aligned:
        w, h = w.clamp(min=1), h.clamp(min=1)
    angle = -rois[:, 5] if clockwise else rois[:, 5]
    output = input.new_zeros(len(rois), input.shape[1], pooled_height, pooled_width)
    if sampling_ratio > 0:
        samples = torch.full((len(rois), 2), sampling_ratio, dtype=torch.long)
    else:
        samples = torch.stack([(h / pooled_height).ceil(), (w / pooled_width).ceil()], dim=1).long().clamp(min=1).cpu()
    for ny, nx in samples.unique(dim=0).tolist():
        chosen = (samples == torch.tensor([ny, nx])).all(dim=1).to(input.device).nonzero()[:, 0]
        rows = (torch.arange(pooled_height * ny, device=input.device) + 0.5) / (pooled_height * ny) - 0.5
        columns = (torch.arange(pooled_width * nx, device=input.device) + 0.5) / (pooled_width * nx) - 0.5
        yy = (rows[None, :, None] * h[chosen, None, None]).expand(-1, -1, len(columns))
        xx = (columns[None, None] * w[chosen, None, None]).expand(-1, len(rows), -1)
        cos, sin = angle[chosen].cos()[:, None, None], angle[chosen].sin()[:, None, None]
        y = yy * cos - xx * sin + cy[chosen, None, None]
        x = yy * sin + xx * cos + cx[chosen, None, None]
        value = _bilinear(input[rois[chosen, 0].long()], y.flatten(1), x.flatten(1))
        value = value.reshape(len(chosen), -1, pooled_height, ny, pooled_width, nx).mean(dim=(3, 5))
        output = output.index_put((chosen, ), value)
    return output


def roi_align_rotated_forward(input: Tensor, rois: Tensor, output: Tensor, **options: Any) -> None:
    """RoIAlign of rotated boxes, rois (K, 6): image, cx, cy, w, h, angle in radians. Fills ``output``."""
    output.copy_(_roi_align_rotated(input, rois, **options))


def roi_align_rotated_backward(grad_output: Tensor, rois: Tensor, grad_input: Tensor, **options: Any) -> None:
    """Gradient of the rotated RoIAlign with respect to its input. Fills ``grad_input``."""
    grad, = _gradients(lambda x: _roi_align_rotated(x, rois, **options), [torch.zeros_like(grad_input)], grad_output)
    grad_input.copy_(grad)


def deform_conv_forward(input: Tensor, weight: Tensor, offset: Tensor, output: Tensor, columns: Tensor, ones: Tensor,
                        **options: Any) -> None:
    """Deformable convolution v1 by torchvision. Fills ``output``."""
    output.copy_(_deform_conv(input, offset, weight, options))


def _deform_conv(input: Tensor, offset: Tensor, weight: Tensor, options: dict[str, Any]) -> Tensor:
    return torchvision.ops.deform_conv2d(input, offset, weight, None, (options['dH'], options['dW']),
                                         (options['padH'], options['padW']), (options['dilationH'], options['dilationW']))


def deform_conv_backward_input(input: Tensor, offset: Tensor, grad_output: Tensor, grad_input: Tensor,
                               grad_offset: Tensor, weight: Tensor, columns: Tensor, **options: Any) -> None:
    """Gradients of deformable convolution v1 with respect to input and offset, in place."""
    grads = _gradients(lambda x, o: _deform_conv(x, o, weight, options), [input, offset], grad_output)
    grad_input.copy_(grads[0])
    grad_offset.copy_(grads[1])


def deform_conv_backward_parameters(input: Tensor, offset: Tensor, grad_output: Tensor, grad_weight: Tensor,
                                    columns: Tensor, ones: Tensor, scale: float, **options: Any) -> None:
    """Gradient of deformable convolution v1 with respect to its weight, added in place."""
    grad, = _gradients(lambda w: _deform_conv(input, offset, w, options), [grad_weight], grad_output)
    grad_weight.add_(grad, alpha=scale)


def _modulated(input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, options: dict[str, Any]) -> Tensor:
    return torchvision.ops.deform_conv2d(
        input, offset, weight, None, (options['stride_h'], options['stride_w']), (options['pad_h'], options['pad_w']),
        (options['dilation_h'], options['dilation_w']), mask)


def modulated_deform_conv_forward(input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor, offset: Tensor, mask: Tensor,
                                  output: Tensor, columns: Tensor, with_bias: bool, **options: Any) -> None:
    """Deformable convolution v2 by torchvision. Fills ``output``."""
    value = _modulated(input, weight, offset, mask, options)
    output.copy_(value + bias.view(1, -1, 1, 1) if with_bias else value)


def modulated_deform_conv_backward(input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor, offset: Tensor, mask: Tensor,
                                   columns: Tensor, grad_input: Tensor, grad_weight: Tensor, grad_bias: Tensor,
                                   grad_offset: Tensor, grad_mask: Tensor, grad_output: Tensor, with_bias: bool,
                                   **options: Any) -> None:
    """Gradients of deformable convolution v2, in place."""
    grads = _gradients(lambda x, w, o, m: _modulated(x, w, o, m, options), [input, weight, offset, mask], grad_output)
    for target, grad in zip((grad_input, grad_weight, grad_offset, grad_mask), grads, strict=True):
        target.copy_(grad)
    if with_bias:
        grad_bias.copy_(grad_output.sum(dim=(0, 2, 3)))


def _missing(name: str) -> NoReturn:
    raise NotImplementedError(f"mmcv's compiled op '{name}' is needed, and mmcv was installed without compiled ops: "
                              f'build them with `{BUILD_COMMAND}` (needs a compiler, takes about half an hour)')


class _Extension(ModuleType):
    """``mmcv._ext``: the functions above, and for every other name one that says what is missing."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith('__'):
            raise AttributeError(name)

        def missing(*args: Any, **kwargs: Any) -> NoReturn:
            _missing(name)

        return missing


def extension() -> ModuleType:
    """A new module object for ``mmcv._ext``."""
    module = _Extension('mmcv._ext', __doc__)
    for op in (nms, softnms, box_iou_rotated, nms_rotated, diff_iou_rotated_sort_vertices_forward,
               sigmoid_focal_loss_forward, sigmoid_focal_loss_backward, roi_align_forward, roi_align_backward,
               roi_align_rotated_forward, roi_align_rotated_backward, deform_conv_forward, deform_conv_backward_input,
               deform_conv_backward_parameters, modulated_deform_conv_forward, modulated_deform_conv_backward,
               active_rotated_filter_forward, active_rotated_filter_backward):
        setattr(module, op.__name__, op)
    return module
