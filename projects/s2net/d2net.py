"""D2-Net (Dusmanu et al., CVPR 2019): the channels of VGG16's conv4_3 detect and describe."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn
from torchvision.models import vgg

from mmsight.errors import InputError
from mmsight.registry import MODELS

from .d2_loss import NEGATIVES, corresponding_cells, margin_loss, soft_scores
from .detect_describe import DetectDescribe, Features, Keypoints, Pair
from .geometry import sample_at

CONV4_3 = 22
"""Layers of VGG16 up to conv4_3, without its ReLU."""


@MODELS.register_module()
class D2Net(DetectDescribe):
    """Descriptors of 512 channels whose own maxima are the keypoints; 7,635,264 parameters.

    Features in training: ``descriptors`` (N, 512, H/8, W/8), unit length, of conv4_3 without ReLU, and ``scores`` (N, 1, H/8,
    W/8) of :func:`soft_scores`. In testing the third pooling becomes a 2x2 mean of stride 1 and conv4_x is dilated by 2, so
    that the same weights give maps of H/4 - 1 by W/4 - 1.

    Args:
        pretrained (str): A file of VGG16 weights (torchvision's names, or the layer numbers of D2-Net's own files),
            ``'torchvision'`` to download them, ``'mmsight://vgg16-hed'`` to take those of an installed package, which expect
            ``preprocessing='caffe'``, or ``'random'``. From random weights D2-Net collapses: all descriptors become
            alike and the loss stays at the margin; a warning says so.
        preprocessing (str): ``'torch'`` or ``'caffe'`` (BGR in 0..255 minus the mean), as the weights were trained.
        margin (float): Of the loss.
        safe_radius (int): Cells around a correspondence that are no negatives.
        negatives (str): Which of the others counts, see :func:`.margin_loss`.
        min_correspondences (int): A pair with fewer cells adds nothing (128 of 32 x 32 cells).
        scales (Sequence[float]): Of the test pyramid; (1, ) or (0.5, 1, 2).
        edge_threshold (float): Largest ratio of principal curvatures of a keypoint.
    """

    CAFFE_MEAN = (103.939, 116.779, 123.68)

    def __init__(self,
                 pretrained: str,
                 preprocessing: str = 'torch',
                 margin: float = 1.0,
                 safe_radius: int = 4,
                 negatives: str = 'hardest',
                 min_correspondences: int = 128,
                 scales: Sequence[float] = (1.0, ),
                 edge_threshold: float = 5.0,
                 max_keypoints: int = 4096,
                 data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(max_keypoints, data_preprocessor, init_cfg)
        if preprocessing not in ('torch', 'caffe'):
            raise ValueError(f"preprocessing must be 'torch' or 'caffe', found '{preprocessing}'")
        if negatives not in NEGATIVES:
            raise ValueError(f'negatives must be one of {", ".join(NEGATIVES)}, found {negatives!r}')
        # torchvision.models.vgg16 would also draw the 124 million weights of its classifier
        self.features: Any = vgg.make_layers(vgg.cfgs['D'][:13])[:CONV4_3]
        for layer in self.features:
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight, mode='fan_out', nonlinearity='relu')
                nn.init.zeros_(layer.bias)
        self.pretrained, self.preprocessing = pretrained, preprocessing
        self.margin, self.safe_radius, self.negatives = margin, safe_radius, negatives
        self.min_correspondences = min_correspondences
        self.scales, self.edge_threshold = sorted(scales), edge_threshold
        self._steps_at_margin = 0

    def init_weights(self) -> None:
        """Load VGG16's weights.

        Raises:
            InputError: If the file is missing, unreadable or of another network, or the download fails.
        """
        if self.pretrained == 'random':
            print_log("D2Net starts from random weights (pretrained='random'): it is known to collapse; "
                      'give a file of VGG16 weights or torchvision', 'current', 30)
            return
        load_vgg16(self.features, self.pretrained)

    def normalise(self, images: Tensor) -> Tensor:
        """As the pretrained weights expect it."""
        if self.preprocessing == 'torch':
            return super().normalise(images)
        return images.flip(1) * 255 - images.new_tensor(self.CAFFE_MEAN).view(1, 3, 1, 1)

    def extract(self, images: Tensor) -> Features:
        """See the class."""
        images = self.normalise(images)
        # in half precision the scores' exponentials and the descriptors' lengths would be rounded
        raw = (self.features(images) if self.training else self._dense(images)).float()
        return dict(descriptors=F.normalize(raw, dim=1), scores=soft_scores(raw))

    def _dense(self, images: Tensor) -> Tensor:
        """conv4_3 without ReLU at stride 4."""
        # channels last: the CPU's convolutions would else copy the largest maps into a layout of their own
        x = self.features[:16](images.contiguous(memory_format=torch.channels_last))
        x = F.avg_pool2d(x, 2, stride=1)
        for layer in self.features[17:]:
            dilated = isinstance(layer, nn.Conv2d)
            x = F.conv2d(x, layer.weight, layer.bias, padding=2, dilation=2) if dilated else layer(x)
        return x

    def loss(self, pair: Pair) -> dict[str, Tensor]:
        """``loss_margin``, the mean over pairs with enough correspondences; 0 with a warning if none has."""
        first, second = pair.first['descriptors'], pair.second['descriptors']
        losses = []
        for index, flow in enumerate(pair.flow):
            cells = corresponding_cells(flow, *first.shape[-2:])
            if len(cells.cell) >= self.min_correspondences:
                scores = (pair.first['scores'][index], pair.second['scores'][index])
                losses.append(margin_loss(first[index], second[index], scores, cells, self.margin, self.safe_radius,
                                          self.negatives))
        if not losses:
            print_log(f'no pair of a batch has {self.min_correspondences} corresponding cells: it adds nothing to the loss',
                      'current', 30)
            return dict(loss_margin=0 * (first.sum() + second.sum()))
        loss = torch.stack(losses).mean()
        self._watch_margin(float(loss.detach()))
        return dict(loss_margin=loss)

    def _watch_margin(self, loss: float, patience: int = 100) -> None:
        """Warn when the loss has stayed at the margin: then all descriptors are the same."""
        self._steps_at_margin = self._steps_at_margin + 1 if abs(loss - self.margin) < 1e-3 else 0
        if self._steps_at_margin == patience:
            print_log(f"D2Net's loss has stayed at its margin {self.margin} for {patience} losses: all descriptors are alike; "
                      'start from pretrained weights or lower the learning rate', 'current', 30)

    @torch.no_grad()
    def detect(self, image: Tensor, max_keypoints: int, mask: Tensor | None = None) -> Keypoints:
        """Hard detection on each scale, coarse to fine; a cell that a coarser scale took is not used again.

        Each finer map adds the coarser one to itself. Scores are activations, divided by the scale's index + 1.
        """
        height, width = image.shape[-2:]
        coarser, found = None, []
        banned: Any = None
        for index, scale in enumerate(self.scales):
            size = [max(round(height * scale), 16), max(round(width * scale), 16)]
            level = image[None] if scale == 1 else F.interpolate(image[None], size, mode='bilinear', align_corners=True)
            dense = self._dense(self.normalise(level)).relu_()
            del level
            if coarser is not None:
                dense += F.interpolate(coarser, dense.shape[-2:], mode='bilinear', align_corners=True)
                banned = F.interpolate(banned, dense.shape[-2:], mode='nearest')
            blobs, cells, sharp = localise(dense[0], local_maxima(dense[0]), self.edge_threshold)
            taken = dense.new_zeros(1, 1, *dense.shape[-2:])
            taken[0, 0, blobs[:, 1], blobs[:, 2]] = 1
            if banned is not None:
                sharp &= banned[0, 0, blobs[:, 1], blobs[:, 2]] == 0
                taken = torch.maximum(banned, taken)
            banned, coarser = taken, dense
            scores, cells = dense[0][tuple(blobs[sharp].T)], cells[sharp]
            points = (4 * cells + 1.5) * cells.new_tensor([(width - 1) / (size[1] - 1), (height - 1) / (size[0] - 1)])
            cell_descriptors = sample_at(dense, cells[None, None])[0, :, 0].T
            found.append((points, F.normalize(cell_descriptors, dim=1), scores / (index + 1)))
        points, descriptors, scores = (torch.cat(parts) for parts in zip(*found, strict=True))
        allowed = (points >= 0).all(dim=1) & (points <= points.new_tensor([width - 1, height - 1])).all(dim=1)
        if mask is not None:
            pixel = points.round().long()
            allowed &= mask[pixel[:, 1].clamp(0, height - 1), pixel[:, 0].clamp(0, width - 1)]
        keypoints = Keypoints(points[allowed], descriptors[allowed], scores[allowed])
        best = keypoints.scores.topk(min(max_keypoints, len(keypoints.scores))).indices
        return Keypoints(*(value[best] for value in keypoints))


def local_maxima(dense: Tensor) -> Tensor:
    """Channel, y and x (n, 3) of the cells of a map (C, h, w) >= 0 whose strongest channel has its 3x3 maximum there.

    A cell without a positive channel is none. Only the strongest channel's neighbours are read: a pooled copy of all 512
    channels would be the largest tensor of a test.
    """
    strength, channel = dense.max(dim=0)
    y, x = (strength > 0).nonzero(as_tuple=True)
    channel, strength = channel[y, x], strength[y, x]
    highest = torch.ones_like(y, dtype=torch.bool)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            # beyond the border a cell is its own neighbour
            highest &= strength >= dense[channel, (y + dy).clamp(0, dense.shape[1] - 1), (x + dx).clamp(0, dense.shape[2] - 1)]
    return torch.stack([channel, y, x], dim=1)[highest]


def localise(dense: Tensor, found: Tensor, edge_threshold: float = 5.0) -> tuple[Tensor, Tensor, Tensor]:
    """Drop edges, and move the rest by one Newton step to the maximum between cells.

    Derivatives are central differences within the channel, with zeros beyond the border.

    Args:
        dense (Tensor): (C, h, w).
        found (Tensor): (n, 3), channel, y and x.
        edge_threshold (float): A cell is no edge if its Hessian has det > 0 and tr^2 / det <= (t + 1)^2 / t.

    Returns:
        tuple: The m cells that are no edge (m, 3); their places (x, y) in cells (m, 2); and whether (m, ) a place is nearer
        than half a cell in both axes and has cells on all sides.
    """
    channel, y, x = found.T
    height, width = dense.shape[1:]

    def value(dy: int, dx: int) -> Tensor:
        row, column = y + dy, x + dx
        beyond = (row < 0) | (row >= height) | (column < 0) | (column >= width)
        return dense[channel, row.clamp(0, height - 1), column.clamp(0, width - 1)].masked_fill(beyond, 0)

    here, left, right, above, below = value(0, 0), value(0, -1), value(0, 1), value(-1, 0), value(1, 0)
    gx, gy = (right - left) / 2, (below - above) / 2
    xx, yy = right + left - 2 * here, below + above - 2 * here
    xy = (value(1, 1) + value(-1, -1) - value(1, -1) - value(-1, 1)) / 4
    determinant = xx * yy - xy.square()
    blob = (determinant > 0) & ((xx + yy).square() <= (edge_threshold + 1)**2 / edge_threshold * determinant)
    step = torch.stack([xy * gy - yy * gx, xy * gx - xx * gy], dim=1)[blob] / determinant[blob, None]
    place = found[blob].flip(1)[:, :2] + step
    limit = place.new_tensor([width - 1, height - 1])
    return found[blob], place, (step.abs() < 0.5).all(dim=1) & (place >= 0).all(dim=1) & (place <= limit).all(dim=1)


def load_vgg16(layers: nn.Sequential, source: str) -> None:
    """Fill convolutions from ``source``: ``'torchvision'``, ``'mmsight://vgg16-hed'`` or a file."""
    if source == 'torchvision':
        try:
            state = vgg.vgg16(weights='IMAGENET1K_V1').state_dict()
        except (OSError, RuntimeError) as error:  # offline, or a damaged download
            raise InputError(f"model.pretrained='torchvision': VGG16's weights cannot be downloaded ({error}); "
                             'give the path of a file instead') from error
    elif '://' in source:
        state = CheckpointLoader.load_checkpoint(source, 'cpu', logger='silent')
    else:
        if not Path(source).is_file():
            raise InputError(f"model.pretrained: the file '{source}' does not exist; "
                             "give a file of VGG16 weights, 'torchvision' or 'random'")
        try:
            state = torch.load(source, map_location='cpu', weights_only=True)
        except Exception as error:  # torch raises errors of many types for a damaged file
            raise InputError(f'model.pretrained: {source} cannot be read as a checkpoint: {error}') from error
        for key in ('state_dict', 'model'):
            state = state[key] if isinstance(state.get(key), dict) else state
    numbered = {}
    for name, weight in state.items():
        hit = re.search(r'(?:features|model)\.(\d+)\.(weight|bias)$', name)
        if hit and int(hit[1]) < CONV4_3:
            numbered[f'{hit[1]}.{hit[2]}'] = weight
    wanted = layers.state_dict()
    wrong = [name for name, value in wanted.items() if name not in numbered or numbered[name].shape != value.shape]
    if wrong:
        raise InputError(f'model.pretrained: {source} does not contain VGG16: layer {wrong[0]} is missing or of another shape')
    layers.load_state_dict(numbered)
