"""The ground truth of a pair, which follows what transforms do to its images."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .geometry import pixel_grid, sample_flow, warp_points


class GroundTruth(NamedTuple):
    """Where a pixel of the first image lies in the second: through ``before``, the measured flow, and ``after``.

    A transform of an image multiplies a matrix, so that places are computed once, and only where they are asked for.

    Attributes:
        before (np.ndarray): (3, 3), from pixels of the first image to those that it had when the pair was measured.
        flow (np.ndarray, optional): (H, W, 2), the measured places in the second image, NaN where there is none; None for a
            pair that a matrix registers.
        after (np.ndarray): (3, 3), from pixels that the second image had then to its pixels.
    """

    before: np.ndarray
    flow: np.ndarray | None
    after: np.ndarray

    @classmethod
    def measured(cls, truth: np.ndarray) -> 'GroundTruth':
        """From a homography (3, 3) or a flow (H, W, 2), both from the first image to the second."""
        return cls(np.eye(3), truth, np.eye(3)) if truth.ndim == 3 else cls(np.eye(3), None, truth)

    def first_moved(self, matrix: np.ndarray) -> 'GroundTruth':
        """After pixel p of the first image went to ``matrix`` p."""
        return self._replace(before=self.before @ np.linalg.inv(matrix))

    def second_moved(self, matrix: np.ndarray) -> 'GroundTruth':
        """After pixel p of the second image went to ``matrix`` p."""
        return self._replace(after=matrix @ self.after)

    @property
    def homography(self) -> np.ndarray | None:
        """(3, 3) from the first image to the second; None for a flow."""
        if self.flow is not None:
            return None
        matrix = self.after @ self.before
        return matrix / matrix[2, 2]

    def places(self, points: Tensor) -> Tensor:
        """Where points (n, 2) of the first image lie in the second, float64; NaN where that is not known."""
        if self.flow is None:
            return warp_points(points.double(), torch.from_numpy(self.after @ self.before))
        measured = sample_flow(torch.from_numpy(self.flow), warp_points(points.double(), torch.from_numpy(self.before)))
        return warp_points(measured.double(), torch.from_numpy(self.after))

    def dense(self, height: int, width: int) -> np.ndarray:
        """The flow (height, width, 2), float32, of a first image of this size."""
        return self.places(pixel_grid(height, width).flatten(0, 1)).view(height, width, 2).float().numpy()
