"""Pictures of a test: matches side by side, and the registered pair as a checkerboard."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmsight.registry import HOOKS

from .detect_describe import Keypoints
from .matching import estimate_homography
from .matching_metric import match_errors

GREEN, RED = (60, 200, 60), (220, 50, 50)


def draw_matches(visible: np.ndarray, infrared: np.ndarray, first: np.ndarray, second: np.ndarray,
                 correct: np.ndarray) -> np.ndarray:
    """Both images side by side with their matches: right ones green, on top of wrong ones in red.

    Args:
        visible, infrared (np.ndarray): uint8 RGB (H, W, 3), of any sizes.
        first, second (np.ndarray): Matched points (n, 2).
        correct (np.ndarray): Bool (n, ).

    Returns:
        np.ndarray: As high as the higher one, as wide as both.
    """
    height = max(len(visible), len(infrared))
    picture = np.hstack([np.pad(image, ((0, height - len(image)), (0, 0), (0, 0))) for image in (visible, infrared)])
    offset = np.array([visible.shape[1], 0])
    for right, colour in ((False, RED), (True, GREEN)):
        ends = np.round(np.stack([first, second + offset], axis=1)[correct == right]).astype(np.int32)
        cv2.polylines(picture, list(ends), isClosed=False, color=colour, thickness=1, lineType=cv2.LINE_AA)
    return picture


def checkerboard(visible: np.ndarray, infrared: np.ndarray, homography: np.ndarray | None, cells: int = 8) -> np.ndarray:
    """The visible image and the infrared one, registered by a homography visible -> infrared, in alternate squares.

    Edges run on through the squares where the registration is right. Without a homography the infrared squares are black.
    """
    height, width = visible.shape[:2]
    moved = np.zeros_like(visible) if homography is None else cv2.warpPerspective(
        infrared, homography, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    side = max(min(height, width) // cells, 1)
    y, x = np.mgrid[:height, :width] // side
    return np.where(((x + y) % 2 == 0)[..., None], visible, moved)


@HOOKS.register_module()
class MatchVisualizationHook(Hook):
    """Draw the first pairs of a test: visible and infrared with their matches, and beside them the checkerboard.

    Args:
        draw (bool): ``tools/test.py --show-dir`` sets it.
        test_out_dir (str, optional): Folder for the pictures, below the run's time stamp if relative.
        max_pictures (int): Pairs to draw.
        max_matches (int): Lines a pair, at random among its matches.
        threshold (float): Largest error of a right match, in pixels.
    """

    def __init__(self, draw: bool = False, test_out_dir: str | None = None, max_pictures: int = 12, max_matches: int = 300,
                 threshold: float = 3.0) -> None:
        self.draw, self.test_out_dir = draw, test_out_dir
        self.max_pictures, self.max_matches, self.threshold = max_pictures, max_matches, threshold
        self._drawn = 0

    def before_test(self, runner: Runner) -> None:
        self._drawn = 0

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                        outputs: Any = None) -> None:
        if not self.draw or self.test_out_dir is None:
            return
        folder = Path(runner.work_dir) / runner.timestamp / self.test_out_dir
        folder.mkdir(parents=True, exist_ok=True)
        truths = data_batch['homography'] if 'homography' in data_batch else data_batch['flow']
        for images, name, truth, sample in zip(data_batch['images'], data_batch['id'], truths, outputs, strict=True):
            if self._drawn >= self.max_pictures:
                return
            self._drawn += 1
            visible, infrared = (image.permute(1, 2, 0).contiguous().numpy() for image in images)
            first, second = (Keypoints(*values) for values in sample['keypoints'])
            picture = self._picture(visible, infrared, first, second, truth)
            cv2.imwrite(str(folder / f"{name.replace('/', '_')}.jpg"), picture[..., ::-1])

    def _picture(self, visible: np.ndarray, infrared: np.ndarray, first: Keypoints, second: Keypoints,
                 truth: Tensor) -> np.ndarray:
        a, b, error = match_errors(first, second, truth)
        correct = error <= self.threshold
        shown = np.random.default_rng(0).permutation(len(a))[:self.max_matches]
        matches = draw_matches(visible, infrared, a[shown], b[shown], correct[shown])
        return np.hstack([matches, checkerboard(visible, infrared, estimate_homography(a, b))])
