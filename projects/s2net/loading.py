"""Read a pair and its ground truth, with one clear sentence for what does not fit."""

import numpy as np

from mmsight.apis.scene import read_8_bits
from mmsight.errors import InputError
from mmsight.reading import reading
from mmsight.registry import TRANSFORMS

from .ground_truth import GroundTruth


def read_rgb(path: str) -> np.ndarray:
    """An image as uint8 RGB (H, W, 3), as it is matched: see :func:`mmsight.apis.scene.read_8_bits`."""
    return np.ascontiguousarray(read_8_bits(path, grey=False)[..., ::-1])


def read_matrix(path: str, height: int, width: int) -> np.ndarray:
    """A ground truth file: the homography (3, 3) of a 2x3 or 3x3 matrix, or a flow (H, W, 2), float64.

    Raises:
        InputError: If it is unreadable, has another shape, or is a matrix that is singular or not finite.
    """
    with reading(path, 'a NumPy array'):
        matrix = np.load(path, allow_pickle=False, mmap_mode='r')  # mapped: it takes no more memory than the file has
    if not isinstance(matrix, np.ndarray) or matrix.dtype.kind not in 'iuf':
        raise InputError(f'{path}: the ground truth must be one array of real numbers')
    if matrix.shape == (height, width, 2):
        return matrix.astype(np.float64)
    if matrix.shape not in ((2, 3), (3, 3)):
        raise InputError(f'{path}: the ground truth has shape {matrix.shape}; 2x3, 3x3 or ({height}, {width}, 2) is needed')
    if not np.isfinite(matrix).all():
        raise InputError(f'{path}: the ground-truth matrix is not finite')
    matrix = matrix.astype(np.float64) if len(matrix) == 3 else np.vstack([matrix, [0, 0, 1]]).astype(np.float64)
    scale = np.abs(matrix).max()
    if scale == 0 or np.linalg.cond(matrix) > 1e12 or abs(matrix[2, 2]) < 1e-12 * scale:
        raise InputError(f'{path}: the ground-truth matrix is singular')
    return matrix / matrix[2, 2]


def load_pair(pair: dict) -> dict:
    """Read what :class:`PairDataset` lists.

    Returns:
        dict: ``visible`` and ``infrared`` uint8 RGB of one size (H, W, 3), and ``truth``, a :class:`.GroundTruth`.

    Raises:
        InputError: If a file cannot be read, the sizes differ or the ground truth does not fit.
    """
    visible, infrared = read_rgb(pair['visible']), read_rgb(pair['infrared'])
    if visible.shape != infrared.shape:
        sizes = [f'{image.shape[1]}x{image.shape[0]}' for image in (visible, infrared)]
        raise InputError(f"{pair['visible']}: the pair's images differ in size: {sizes[0]} here, "
                         f"{sizes[1]} in {pair['infrared']}")
    height, width = visible.shape[:2]
    truth = np.eye(3) if pair['matrix'] is None else read_matrix(pair['matrix'], height, width)
    return dict(id=pair['id'], visible=visible, infrared=infrared, path=pair['visible'], truth=GroundTruth.measured(truth))


@TRANSFORMS.register_module()
class LoadPair:
    """:func:`load_pair` as the first step of a pipeline.

    Args:
        keep (bool): Whether decoded pairs stay in memory, a copy in each worker: RoadScene's take 160 MB. Later steps must not
            write into the images.
    """

    def __init__(self, keep: bool = False) -> None:
        self.kept: dict[str, dict] | None = {} if keep else None

    def __call__(self, pair: dict) -> dict:
        """A listed pair becomes images and ground truth."""
        if self.kept is None:
            return load_pair(pair)
        if pair['visible'] not in self.kept:
            self.kept[pair['visible']] = load_pair(pair)
        return dict(self.kept[pair['visible']])
