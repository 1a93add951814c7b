"""The mask is cleaned slice by slice as SciPy cleans it as a whole."""

import tracemalloc

import numpy as np
import pytest
from mmsight.projects.eas_unet.components import clean_mask
from scipy import ndimage


@pytest.mark.parametrize('seed', range(12))
def test_as_scipy_on_the_whole_volume(seed):
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=rng.integers(1, 24, 3)), rng.uniform(0, 2))
    mask = smooth > np.quantile(smooth, rng.uniform(0, 1))
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=2)[1:]
    largest = [ndimage.binary_fill_holes(labels == 1 + index) for index in np.flatnonzero(sizes == sizes.max())]
    cleaned = clean_mask(mask.copy())
    assert any(np.array_equal(cleaned, expected) for expected in largest)  # of parts of equal size either may stay


def test_a_hole_that_a_path_over_slices_joins_to_the_border_stays():
    mask = np.ones((4, 7, 7), bool)
    mask[1:3, 3, 3] = mask[0, 5, 5] = False
    closed = clean_mask(mask.copy())
    assert closed[1:3, 3, 3].all() and not closed[0, 5, 5]
    mask[0, 3, 3] = False
    assert not clean_mask(mask.copy())[:3, 3, 3].any()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_slices():
    def peak(slices):
        mask = np.zeros((slices, 128, 128), bool)
        mask[:, 30:90, 30:90] = True
        mask[:, 50:60, 50:60] = False
        tracemalloc.start()
        clean_mask(mask)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak(400) < 2 * peak(40)  # of ten times the slices
