"""Match two images of one's own with a trained model."""

from typing import NamedTuple

import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmsight.configs import load_config
from mmsight.errors import InputError
from mmsight.registry import MODELS

from .detect_describe import DetectDescribe
from .geometry import warp_points
from .matching import estimate_homography, mutual_nearest


class Matches(NamedTuple):
    """n matches of two images.

    Attributes:
        first, second (np.ndarray): Matched points (n, 2), (x, y) in pixels.
        homography (np.ndarray): (3, 3), from the first image to the second; None if the matches agree on none.
        inlier (np.ndarray): Bool (n, ), whether a match agrees with it within 3 px.
    """

    first: np.ndarray
    second: np.ndarray
    homography: np.ndarray | None
    inlier: np.ndarray


def load_model(config: str, checkpoint: str, device: str = 'cpu') -> DetectDescribe:
    """The model of a config with the weights of a checkpoint, ready to predict.

    Args:
        config (str): Path or name of a config.
        checkpoint (str): Path of a checkpoint, as ``tools/train.py`` writes it. It is unpickled: take it from whom you trust.
        device (str): e.g. ``'cuda'``.

    Raises:
        InputError: If the checkpoint is missing, damaged or of another model.
    """
    cfg = load_config(config)
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model)
    try:
        load_checkpoint(model, checkpoint, map_location='cpu', strict=True)
    except FileNotFoundError as error:
        raise InputError(f"checkpoint '{checkpoint}' does not exist") from error
    except Exception as error:  # unpickling raises whatever the bytes lead it to
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"checkpoint '{checkpoint}' cannot be loaded into the model of {config} ({reason}); use the config "
                         'that it was trained with') from error
    return model.to(device).eval()


def match_images(model: DetectDescribe, first: np.ndarray, second: np.ndarray, max_keypoints: int = 4096) -> Matches:
    """Mutual nearest neighbours of two images, uint8 RGB (H, W, 3) of any sizes, and their homography."""
    device = next(model.parameters()).device
    a, b = (model.detect(torch.from_numpy(image).permute(2, 0, 1).float().to(device) / 255, max_keypoints)
            for image in (first, second))
    pairs = mutual_nearest(a.descriptors, b.descriptors)
    points, others = a.points[pairs[:, 0]].cpu(), b.points[pairs[:, 1]].cpu()
    homography = estimate_homography(points.numpy(), others.numpy())
    inlier = np.zeros(len(points), bool)
    if homography is not None:
        error = (warp_points(points.double(), torch.from_numpy(homography)) - others).norm(dim=1)
        inlier = (error <= 3).numpy()
    return Matches(points.numpy(), others.numpy(), homography, inlier)
