"""Warping against SciPy and geometry, grey levels against other windows of the same HU."""

import numpy as np
import pytest
from mmsight.projects.eas_unet import RandomGreyLevels, RandomWarp
from mmsight.projects.eas_unet.augmentation import body
from mmsight.projects.eas_unet.loading import apply_window
from scipy import ndimage

STILL = dict(degrees=0, scale=(1, 1), stretch=0, shift=0, bend=0)
NEVER = dict(window=0, gamma=0, blur=0, noise=0)


def sample(image, mask=None):
    mask = np.zeros(image.shape, np.uint8) if mask is None else mask
    return dict(img=image.astype(np.float32)[..., None], gt_seg_map=mask)


@pytest.fixture
def smooth():
    return ndimage.gaussian_filter(np.random.default_rng(0).random((45, 60)), 3)


def test_no_change_is_the_slice(smooth):
    found = RandomWarp(**STILL)(sample(smooth, (smooth > 0.5).astype(np.uint8)))
    np.testing.assert_allclose(found['img'][..., 0], smooth, atol=1e-6)
    np.testing.assert_array_equal(found['gt_seg_map'], smooth > 0.5)


def test_warp_is_scipys(smooth):
    """Rotation and scale about the centre, with air from outside; image and mask move together."""
    np.random.seed(1)
    angle, factor = np.deg2rad(np.random.uniform(-20, 20)), np.exp(np.random.uniform(*np.log((0.7, 1.4))))
    np.random.seed(1)
    found = RandomWarp(stretch=0, shift=0, bend=0)(sample(smooth, (smooth > 0.5).astype(np.uint8)))
    # rows, columns of the source by those of the result; x right and y down, so that positive angles turn clockwise
    inverse = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / factor
    centre = (np.array(smooth.shape) - 1) / 2
    expected = ndimage.affine_transform(smooth, inverse, centre - inverse @ centre, order=1)
    inside = ndimage.affine_transform(np.ones(smooth.shape), inverse, centre - inverse @ centre, order=0) > 0
    inside = ndimage.binary_erosion(inside, iterations=2, border_value=1)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(found['img'][..., 0][inside], expected[inside], atol=0.01)
    clear = inside & (abs(expected - 0.5) > 0.02)
    np.testing.assert_array_equal(found['gt_seg_map'][clear], expected[clear] > 0.5)


def test_shift_and_bend_stay_in_their_range():
    image = np.zeros((64, 64))
    image[30:34, 30:34] = 1
    np.random.seed(0)
    shifted = [ndimage.center_of_mass(RandomWarp(**dict(STILL, shift=0.1))(sample(image))['img'][..., 0]) for _ in range(50)]
    offsets = np.array(shifted) - 31.5
    assert 5 < abs(offsets).max() <= 6.5 and abs(offsets).min(axis=0).max() < 1
    bent = [ndimage.center_of_mass(RandomWarp(**dict(STILL, bend=3))(sample(image))['img'][..., 0]) for _ in range(200)]
    assert 1 < np.std(np.array(bent) - 31.5) < 4


FAR = np.hypot(*(np.mgrid[:64, :64] - 31.5)) > 29
"""Air at least three pixels from the abdomen's skin."""


def abdomen():
    """HU (64, 64) of a round body of fat with muscle, liver and bone, a thin skin, in air."""
    y, x = np.mgrid[:64, :64] - 31.5
    radius = np.hypot(x, y)
    hu = np.full((64, 64), -1000.0)
    hu[radius < 26] = 40
    hu[radius < 24] = -100
    for column, level in ((-12, 110), (0, 50), (12, 400)):
        hu[np.hypot(x - column, y) < 5] = level
    return hu


@pytest.mark.parametrize('window', [(-200, 250), (-100, 240), (30, 200)])
def test_another_window_is_the_window_of_the_hu(window):
    """From a slice in (0, 250) HU: tissue has the level of the other window, air is black, and fat below what 0 HU has."""
    hu, (low, high) = abdomen(), window
    shown = RandomGreyLevels()._other_window(apply_window(hu, (0, 250)), low / 250, high / 250)
    expected = apply_window(hu, window)
    tissue = (hu >= max(low, 0)) & (hu <= min(high, 250))
    np.testing.assert_allclose(shown[tissue], expected[tissue], atol=1e-6)
    assert not shown[FAR].any()
    fat = np.unique(shown[hu == -100])
    assert len(fat) == 1 and 0 <= fat[0] <= max(-low, 0) / (high - low)


def test_body_is_what_the_skin_encloses():
    hu = abdomen()
    found = body(hu > 0)
    assert found[hu > -1000].all() and not found[FAR].any() and found[hu == -1000].mean() < 0.1
    assert not body(np.zeros((9, 9), bool)).any()


def test_grey_levels_stay_in_range_and_each_part_is_drawn():
    image = apply_window(abdomen(), (0, 250))
    same = RandomGreyLevels(**NEVER)(sample(image))['img']
    np.testing.assert_array_equal(same[..., 0], image)
    np.random.seed(0)
    for part in NEVER:
        found = [RandomGreyLevels(**dict(NEVER, **{part: 0.5}))(sample(image))['img'] for _ in range(20)]
        assert all(one.dtype == np.float32 and one.shape == (64, 64, 1) and 0 <= one.min() <= one.max() <= 1 for one in found)
        unchanged = sum(np.array_equal(one, same) for one in found)
        assert 3 < unchanged < 17, part


def test_a_seed_repeats_it():
    image = apply_window(abdomen(), (0, 250))
    found = []
    for _ in range(2):
        np.random.seed(3)
        found.append([RandomGreyLevels()(RandomWarp()(sample(image)))['img'] for _ in range(5)])
    np.testing.assert_array_equal(*found)
