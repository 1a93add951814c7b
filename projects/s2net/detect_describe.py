"""The contract that every detect-and-describe method keeps; S2-Net's training works for whatever keeps it."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmsight.engine.mixed_precision import full_precision

Features = dict[str, Tensor]
"""What a network finds in N images: ``descriptors`` (N, D, h, w), of unit length along D, and its maps of scores, each
(N, 1, h, w), under names of the method's own."""


class Pair(NamedTuple):
    """N corresponding pairs of one kind.

    Attributes:
        first, second (Features): Of the N first and the N second images, all H x W pixels.
        flow (Tensor): (N, H, W, 2), the place (x, y) in the second image of each pixel of the first; NaN without one.
    """

    first: Features
    second: Features
    flow: Tensor


class Keypoints(NamedTuple):
    """Keypoints of one image, best first.

    Attributes:
        points (Tensor): (n, 2), (x, y) in pixels, the centre of the first pixel at (0, 0).
        descriptors (Tensor): (n, D), to be compared by Euclidean distance.
        scores (Tensor): (n, ), higher is better.
    """

    points: Tensor
    descriptors: Tensor
    scores: Tensor

    def top(self, count: int) -> 'Keypoints':
        """The best ``count``."""
        return Keypoints(*(value[:count] for value in self))


class ImagePairs(NamedTuple):
    """N pairs of images to learn from.

    Attributes:
        first, second (Tensor): (N, 3, H, W), RGB in [0, 1].
        flow (Tensor): As in :class:`Pair`.
        weight (float): Of the pairs' losses.
    """

    first: Tensor
    second: Tensor
    flow: Tensor
    weight: float = 1.0


class DetectDescribe(BaseModel):
    """A network that finds keypoints and describes them in one pass, shared by both modalities.

    **A new method is a subclass with three methods**, registered in ``mmsight.registry.MODELS``:

    - :meth:`extract` runs the network on a batch of images, all of one size, and returns dense :data:`Features`, float32 even
      under mixed precision. It normalises the images itself; training mode is ``self.training``.
    - :meth:`loss` is the method's loss of one :class:`Pair`, :math:`L_f` of the paper: a dictionary of scalars whose names
      start with ``loss``. They are summed. A pair without any valid correspondence gives 0, attached to the graph, never NaN.
    - :meth:`detect` finds the best keypoints of one image, over one scale or many.

    The rest is here: training batches, the loss of eq. 2, predictions. The training loss is

    .. math:: L = L_{SL} + \\lambda (L_{SSL}^{VIS} + L_{SSL}^{IR})

    where the second part appears once :class:`SelfSupervisedMatchingHook` has set :attr:`guidance`. All images of a step, of
    the supervised pair and of the self-supervised ones, pass the network in one batch, an image that two pairs share once.

    Args:
        max_keypoints (int): Of an image in prediction.

    Attributes:
        guidance (callable, optional): (visible, infrared) to further named :class:`ImagePairs`.
    """

    MEAN = (0.485, 0.456, 0.406)
    STD = (0.229, 0.224, 0.225)

    def __init__(self, max_keypoints: int = 4096, data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.max_keypoints = max_keypoints
        self.guidance: Callable[[Tensor, Tensor], dict[str, ImagePairs]] | None = None
        self.register_buffer('mean', torch.tensor(self.MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(self.STD).view(1, 3, 1, 1), persistent=False)

    @abstractmethod
    def extract(self, images: Tensor) -> Features:
        """Dense features of images (N, 3, H, W), RGB in [0, 1]."""

    @abstractmethod
    def loss(self, pair: Pair) -> dict[str, Tensor]:
        """Losses of corresponding pairs."""

    @abstractmethod
    def detect(self, image: Tensor, max_keypoints: int, mask: Tensor | None = None) -> Keypoints:
        """At most ``max_keypoints`` of one image.

        Args:
            image (Tensor): (3, H, W), RGB in [0, 1].
            max_keypoints (int): How many to keep.
            mask (Tensor, optional): Bool (H, W); no keypoint lies where it is False.

        Returns:
            Keypoints: In pixels of ``image``; none is a valid answer.
        """

    def normalise(self, images: Tensor) -> Tensor:
        """Subtract ImageNet's mean and divide by its deviation."""
        return (images - self.mean) / self.std

    def forward(self, images: Any, flow: Any = None, mask: list[Tensor] | None = None,
                mode: str = 'tensor', **_: object) -> Features | dict[str, Tensor] | list[dict]:
        """What mmengine's runner calls.

        Args:
            images (Tensor | list[Tensor]): Visible and infrared, uint8 or in [0, 1]: (N, 2, 3, H, W), or to predict a list of
                (2, 3, H, W).
            flow (Tensor, optional): (N, H, W, 2), for the loss.
            mask (list[Tensor], optional): Of bool (2, H, W), to predict.
            mode (str): ``'loss'``, ``'predict'`` or ``'tensor'``.

        Returns:
            Losses; for each pair ``{'keypoints': (Keypoints, Keypoints)}``; or the features of the 2 N images, pair after pair.
        """
        if mode == 'predict':
            return [dict(keypoints=self.detect_pair(pair, mask[index] if mask else None)) for index, pair in enumerate(images)]
        images = _unit_range(images)
        if mode == 'tensor':
            return self.extract(images.flatten(0, 1))
        visible, infrared = images.unbind(1)
        pairs = dict(supervised=ImagePairs(visible, infrared, flow))
        if self.guidance is not None:
            pairs.update(full_precision(self.guidance)(visible, infrared))
        return self._losses(pairs)

    @torch.no_grad()
    def detect_pair(self, pair: Tensor, mask: Tensor | None = None) -> tuple[Keypoints, Keypoints]:
        """:meth:`detect` on both images of a pair (2, 3, H, W), with a mask (2, H, W) or none."""
        masks = [None, None] if mask is None else mask
        first, second = (self.detect(image, self.max_keypoints, m) for image, m in zip(_unit_range(pair), masks, strict=True))
        return first, second

    def _losses(self, pairs: dict[str, ImagePairs]) -> dict[str, Tensor]:
        """Eq. 2; names say which pairs a loss is of (``visible_loss_ap``), and values hold the weight."""
        images = {id(image): image for pair in pairs.values() for image in pair[:2]}
        features = self.extract(torch.cat(list(images.values())))
        parts = zip(*(value.split([len(image) for image in images.values()]) for value in features.values()), strict=True)
        sides = {key: dict(zip(features, part, strict=True)) for key, part in zip(images, parts, strict=True)}
        losses = {}
        for name, pair in pairs.items():
            found = full_precision(self.loss)(Pair(sides[id(pair.first)], sides[id(pair.second)], pair.flow))
            losses.update({f'{name}_{key}': pair.weight * value for key, value in found.items()})
        return losses


def _unit_range(images: Tensor) -> Tensor:
    return images.float() / 255 if images.dtype == torch.uint8 else images
