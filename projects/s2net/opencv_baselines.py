"""SIFT, ORB, AKAZE and BRISK by OpenCV, as all baselines: (image, max_keypoints, mask) to :class:`Keypoints`."""

from typing import Any

import cv2
import numpy as np
import torch

from mmsight.registry import TASK_UTILS

from .detect_describe import Keypoints


@TASK_UTILS.register_module()
class SIFT:
    """OpenCV's SIFT; the low contrast threshold lets most images reach the number of keypoints asked for.

    Args:
        contrast_threshold (float): 0.0005.
        edge_threshold (float): 20.
    """

    def __init__(self, contrast_threshold: float = 0.0005, edge_threshold: float = 20) -> None:
        self.contrast_threshold, self.edge_threshold = contrast_threshold, edge_threshold

    def __call__(self, image: np.ndarray, max_keypoints: int, mask: np.ndarray | None = None) -> Keypoints:
        """Keypoints of a uint8 image (H, W, 3) RGB, outside ``mask`` (H, W) none."""
        detector = cv2.SIFT.create(max_keypoints, contrastThreshold=self.contrast_threshold, edgeThreshold=self.edge_threshold)
        return _keypoints(detector, image, max_keypoints, mask, 128)


@TASK_UTILS.register_module()
class ORB:
    """OpenCV's ORB; its 256 bits become numbers 0 and 1, whose squared distance is the Hamming distance.

    Args:
        fast_threshold (int): 5, low for the same reason as SIFT's.
    """

    def __init__(self, fast_threshold: int = 5) -> None:
        self.fast_threshold = fast_threshold

    def __call__(self, image: np.ndarray, max_keypoints: int, mask: np.ndarray | None = None) -> Keypoints:
        """Keypoints of a uint8 image (H, W, 3) RGB, outside ``mask`` (H, W) none."""
        detector = cv2.ORB.create(max_keypoints, fastThreshold=self.fast_threshold)
        return _with_bits(_keypoints(detector, image, max_keypoints, mask, 32))


@TASK_UTILS.register_module()
class AKAZE:
    """OpenCV's AKAZE; its 486 bits become numbers 0 and 1, as :class:`ORB`'s.

    Args:
        threshold (float): 1e-5, of the detector's response, low for the same reason as SIFT's.
    """

    def __init__(self, threshold: float = 1e-5) -> None:
        self.threshold = threshold

    def __call__(self, image: np.ndarray, max_keypoints: int, mask: np.ndarray | None = None) -> Keypoints:
        """Keypoints of a uint8 image (H, W, 3) RGB, outside ``mask`` (H, W) none."""
        detector = cv2.AKAZE.create(threshold=self.threshold)
        return _with_bits(_keypoints(detector, image, max_keypoints, mask, 61))


@TASK_UTILS.register_module()
class BRISK:
    """OpenCV's BRISK; its 512 bits become numbers 0 and 1, as :class:`ORB`'s.

    Args:
        threshold (int): 5, of the corner detector in grey levels, low for the same reason as SIFT's.
    """

    def __init__(self, threshold: int = 5) -> None:
        self.threshold = threshold

    def __call__(self, image: np.ndarray, max_keypoints: int, mask: np.ndarray | None = None) -> Keypoints:
        """Keypoints of a uint8 image (H, W, 3) RGB, outside ``mask`` (H, W) none."""
        detector = cv2.BRISK.create(thresh=self.threshold)
        return _with_bits(_keypoints(detector, image, max_keypoints, mask, 64))


def _with_bits(found: Keypoints) -> Keypoints:
    """Descriptors of bytes as single bits, whose squared distance is the Hamming distance."""
    bits = np.unpackbits(found.descriptors.numpy().astype(np.uint8), axis=1)
    return found._replace(descriptors=torch.from_numpy(bits).float())


def _keypoints(detector: cv2.Feature2D, image: np.ndarray, count: int, mask: np.ndarray | None, dim: int) -> Keypoints:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    where: Any = None if mask is None else mask.astype(np.uint8)
    found, descriptors = detector.detectAndCompute(grey, where)
    descriptors = np.zeros((0, dim), np.float32) if descriptors is None else descriptors.astype(np.float32)
    points = np.array([k.pt for k in found], np.float32).reshape(-1, 2)
    responses = np.array([k.response for k in found], np.float32)
    best = np.argsort(-responses, kind='stable')[:count]
    return Keypoints(*(torch.from_numpy(values[best]) for values in (points, descriptors, responses)))
