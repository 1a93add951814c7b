"""Distances between the surfaces of two masks, in the unit of the spacing.

Surface voxels are those that lose a neighbour: mask minus its erosion, everything outside the grid being background. Each
surface's distances to the other are the exact nearest distances between voxel centres, by a k-d tree over the few surface
voxels, so that neither time nor memory grows with the grid.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage
from scipy.spatial import cKDTree


def surface_points(mask: np.ndarray, spacing: ArrayLike, connectivity: int = 1) -> np.ndarray:
    """Centres of a mask's surface voxels.

    Args:
        mask (np.ndarray): Bool, 2D or 3D.
        spacing (ArrayLike): Size of a voxel along each axis of the array; or, of a sheared grid, for each axis the vector from
            a voxel to the next one, (axes, 3).
        connectivity (int): Neighbours that make up the erosion: 1 for faces (6 in 3D; MONAI, medpy and SciPy), 2 for faces and
            edges (18; a widely copied LiTS evaluation), 3 for all 26.

    Returns:
        np.ndarray: float64 (n, axes), or (n, 3) where vectors are given; empty for an empty mask.
    """
    steps = np.asarray(spacing, dtype=float)
    box = ndimage.find_objects(mask.view(np.uint8))
    if not box:
        return np.zeros((0, steps.shape[-1]))
    cropped = mask[box[0]]
    inner = ndimage.binary_erosion(cropped, ndimage.generate_binary_structure(mask.ndim, min(connectivity, mask.ndim)))
    start = [side.start for side in box[0]]
    places = np.argwhere(cropped & ~inner) + start
    return places * steps if steps.ndim == 1 else places @ steps


def surface_distances(predicted: np.ndarray, truth: np.ndarray, spacing: ArrayLike,
                      connectivity: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Nearest distances from the surface of ``predicted`` to that of ``truth``, and back.

    Args:
        predicted (np.ndarray): Bool, 2D or 3D.
        truth (np.ndarray): Bool, the same shape.
        spacing (ArrayLike): See :func:`surface_points`.
        connectivity (int): See :func:`surface_points`.

    Returns:
        tuple[np.ndarray, np.ndarray]: A distance for each surface voxel. A surface without a counterpart is infinitely far.
    """
    ours, theirs = (surface_points(mask, spacing, connectivity) for mask in (predicted, truth))
    if not len(ours) or not len(theirs):
        return np.full(len(ours), np.inf), np.full(len(theirs), np.inf)
    return cKDTree(theirs).query(ours)[0], cKDTree(ours).query(theirs)[0]


def summarise_distances(forward: np.ndarray, backward: np.ndarray) -> dict[str, float]:
    """ASSD, HD and HD95 of :func:`surface_distances`.

    Returns:
        dict[str, float]: ``ASSD``, the mean of all distances of both surfaces; ``HD``, the largest; ``HD95``, the larger of the
        two directions' 95th percentiles (MONAI's definition; medpy pools both directions, which gives less). All 0 where
        both masks are empty, infinite where one is.
    """
    both = np.concatenate([forward, backward])
    if not len(both):
        return dict(ASSD=0.0, HD=0.0, HD95=0.0)
    if np.isinf(both).any():
        return dict.fromkeys(('ASSD', 'HD', 'HD95'), float('inf'))
    return dict(ASSD=float(both.mean()), HD=float(both.max()),
                HD95=float(max(np.percentile(side, 95) for side in (forward, backward))))
