"""Where locality-aware score alignment reads the score map of a ship (paper, Figs. 5 and 6)."""

from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import ConfigDict
from torch import Tensor

from mmsight.apis.detect import DetectInferencer
from mmsight.apis.judged_ships import detect
from mmsight.apis.labelled_ships import Labelled, outline, show
from mmsight.engine.figures import Inputs, choose
from mmsight.errors import InputError
from mmsight.rotated_iou import extents, rotated_iou

from .figure_ships import SPLITS, read_images
from .lasa import LASA


class Candidate(NamedTuple):
    """A box before NMS, in pixels of the network's input."""

    box: Tensor
    """(1, 5)."""
    score: float
    """Raw."""
    location: np.ndarray
    """(2, ), x and y of where it was predicted."""
    level: int
    channel: int


def draw(inputs: Inputs, image: str, ship: int, patterns: list[str], spread: float) -> Figure:
    """A ship, and each pattern over the score map that is read: that of the level and anchor of its best candidate.

    Args:
        inputs (Inputs): A detector with a head of LARSD, the last of the models; the folder of one of ``SPLITS``.
        image (str): Id of a test image.
        ship (int): Number of a labelled ship in it, from 0.
        patterns (list[str]): Of :class:`.lasa.LASA`.
        spread (float): As there.

    Raises:
        InputError: If the image has no such ship, or the detector no candidate on it.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, SPLITS[inputs.data.name][-1]), [image])[image]
    if not 0 <= ship < len(shown.ships):
        raise InputError(f'image {image} has ships 0 to {len(shown.ships) - 1}, found {ship}')
    name, checkpoint = list(inputs.models.items())[-1]
    detector = DetectInferencer(checkpoint, show_progress=False)
    head = detector.model.bbox_head
    scale = (detector.network_side or max(shown.size)) / max(shown.size)  # of the network's input to the image
    truth = shown.ships[ship:ship + 1]
    maps = score_maps(detector, shown)
    best = best_candidate(head, *maps, truth * (scale, scale, scale, scale, 1))
    if best is None:
        raise InputError(f'{name} has no candidate with an IoU of at least 0.5 on ship {ship} of image {image}: '
                         'choose another one')
    values = maps[0][best.level][0, best.channel].sigmoid()
    x1, y1, x2, y2 = extents(truth)[0]
    margin = 0.25 * max(x2 - x1, y2 - y1)
    window = dict(xlim=(x1 - margin, x2 + margin), ylim=(y2 + margin, y1 - margin))
    stretch = (y2 - y1 + 2 * margin) / (x2 - x1 + 2 * margin)
    box = best.box.numpy().astype(float) / (scale, scale, scale, scale, 1)
    figure = Figure(figsize=(2.4 * (1 + len(patterns)), 2.4 * stretch + 0.5), layout='constrained')
    first, *others = figure.subplots(1, 1 + len(patterns))
    show(first, shown)
    outline(first, truth, edgecolor='#70e000')
    outline(first, box, edgecolor='#4cc9f0')
    first.plot(*best.location / scale, '+', color='#ff3355', markersize=9, markeredgewidth=2)
    first.set_title(f'image {image}, ship {ship}\nraw score {best.score:.2f}', fontsize=9)
    first.set(**window)
    stride = head.prior_generator.strides[best.level]
    height, width = (side * stride / scale for side in values.shape)
    for axes, pattern in zip(others, patterns, strict=True):
        drawn = axes.imshow(values, cmap='magma', vmin=0, vmax=1, extent=(0, width, height, 0))
        outline(axes, box, edgecolor='#4cc9f0')
        lasa = LASA(pattern, spread)
        points = lasa.sampling_points(best.box)[0].numpy() / scale
        axes.plot(*points.T, 'o', color='white', markersize=4.5, markeredgecolor='black')
        score = aligned(head, lasa, maps[0], best)
        axes.set_title(f'{pattern}\naligned score {score:.2f}', fontsize=9)
        axes.set(xticks=[], yticks=[], **window)
    figure.colorbar(drawn, ax=others, fraction=0.02, pad=0.01)
    return figure


def score_maps(detector: DetectInferencer, image: Labelled) -> tuple[list[Tensor], list[Tensor]]:
    """Per level the logits (1, K, H, W) and regressions (1, 5 K, H, W) of an image."""
    kept: list[Any] = []
    handle = detector.model.bbox_head.register_forward_hook(lambda *call: kept.append(call[2]))
    try:
        detect(detector, image)
    finally:
        handle.remove()
    return kept[-1][:2]  # without the maps of bows


def best_candidate(head: Any, logits: list[Tensor], regressions: list[Tensor], ship: np.ndarray) -> Candidate | None:
    """Of the boxes that overlap a ship (1, 5), in the network's pixels, with an IoU of at least 0.5, that of the highest score.

    Args:
        head: A head with :class:`.lasa_heads.LASAMixin`.
        logits, regressions (list[Tensor]): See :func:`score_maps`.
        ship (np.ndarray): See above.
    """
    stride = head.prior_generator.strides[0]
    cfg = ConfigDict(head.test_cfg, lasa=None, min_bbox_size=-1)
    meta = dict(img_shape=tuple(side * stride for side in logits[0].shape[-2:]))
    found, = head.predict_by_feat(logits, regressions, batch_img_metas=[meta], cfg=cfg, rescale=False, with_nms=False)
    boxes, maps = get_box_tensor(found.bboxes), [level[0].sigmoid() for level in logits]
    origins = head.origins(maps, found.labels, cfg)
    fits = torch.from_numpy(rotated_iou(boxes.numpy(), ship)[:, 0] >= 0.5)
    if not fits.any():
        return None
    index = int(torch.where(fits, found.scores, -1).argmax())
    level, _, channel = (int(part[index]) for part in origins)
    return Candidate(boxes[index:index + 1], float(found.scores[index]), head.locations(maps, origins)[index].numpy(), level,
                     channel)


def aligned(head: Any, lasa: LASA, logits: list[Tensor], candidate: Candidate) -> float:
    """The candidate's score by LASA."""
    origins = torch.tensor([candidate.level]), torch.tensor([0]), torch.tensor([candidate.channel])
    return float(head.align(lasa, [level[0].sigmoid() for level in logits], candidate.box, origins))
