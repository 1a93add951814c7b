"""Clean a predicted mask in place, a slice at a time: memory does not grow with the number of slices."""

import numpy as np
from scipy import ndimage, sparse


def clean_mask(mask: np.ndarray) -> np.ndarray:
    """Keep the largest component (faces touch) of a bool mask (slices, H, W) and fill its holes; changes and returns ``mask``.

    A hole is background that no path over faces joins to the border of the volume.
    """
    starts, component, size, _ = _components(mask, True)
    if size.size:
        _set(mask, True, starts, component, np.arange(len(size)) != size.argmax(), False)
    starts, component, size, at_border = _components(mask, False)
    if size.size:
        _set(mask, False, starts, component, ~at_border, True)
    return mask


def _components(mask: np.ndarray, value: bool) -> tuple[list[int], np.ndarray, np.ndarray, np.ndarray]:
    """Components of the voxels that equal ``value``.

    Returns:
        tuple: Where each slice's labels start in the list of all slices' labels; the component of each label; of each
        component its voxels, and whether it touches the border of the volume.
    """
    starts, pairs = [0], [np.zeros((2, 0), int)]
    sizes: list[np.ndarray] = [np.zeros(0, int)]
    borders: list[np.ndarray] = [np.zeros(0, bool)]
    below = None
    for index, plane in enumerate(mask):
        labels, count = ndimage.label(plane == value)
        sizes.append(np.bincount(labels.ravel(), minlength=count + 1)[1:])
        border = np.zeros(count + 1, bool)
        for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
            border[edge] = True
        borders.append(border[1:] | (index in (0, len(mask) - 1)))
        if below is not None:
            both = (labels > 0) & (below > 0)
            touching = np.unique(np.stack([below[both], labels[both]]), axis=1) - 1
            pairs.append(touching + [[starts[-2]], [starts[-1]]])
        below = labels
        starts.append(starts[-1] + count)
    rows, columns = np.concatenate(pairs, axis=1)
    graph = sparse.coo_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(starts[-1], starts[-1]))
    count, component = sparse.csgraph.connected_components(graph, directed=False)
    size = np.bincount(component, np.concatenate(sizes), minlength=count)
    at_border = np.bincount(component, np.concatenate(borders), minlength=count) > 0
    return starts, component, size, at_border


def _set(mask: np.ndarray, value: bool, starts: list[int], component: np.ndarray, chosen: np.ndarray, new: bool) -> None:
    """Give ``new`` to the voxels of the chosen components of ``value``; their labels are found again, slice by slice."""
    for plane, first, last in zip(mask, starts[:-1], starts[1:], strict=True):
        labels, _ = ndimage.label(plane == value)
        plane[np.concatenate([[False], chosen[component[first:last]]])[labels]] = new
