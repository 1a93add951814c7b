"""Homographies that matches support, and reasons to refuse the others."""

import math

import numpy as np
import pytest
from mmsight.projects.s2net.homography import (
    check_homography,
    estimate_drift,
    image_corners,
    impossible,
    log_false_alarms,
    move_points,
    overlap_of,
)
from mmsight.projects.s2net.matching import estimate_homography

SIZE = (330, 500)
TRUTH = np.array([[0.9, 0.12, 20], [-0.1, 1.05, 12], [1e-4, -5e-5, 1]])


def matches(right, wrong, seed=0, region=SIZE, noise=0.7):
    """Matched points: some of TRUTH with noise, in a region of the first image, and some at random."""
    rng = np.random.default_rng(seed)
    first = np.concatenate([rng.uniform(0, region[::-1], (right, 2)), rng.uniform(0, SIZE[::-1], (wrong, 2))])
    second = np.concatenate([move_points(first[:right], TRUTH) + noise * rng.standard_normal((right, 2)),
                             rng.uniform(0, SIZE[::-1], (wrong, 2))])
    return first, second


def check(first, second, homography=None):
    homography = estimate_homography(first, second) if homography is None else homography
    inlier = np.linalg.norm(move_points(first, homography) - second, axis=1) <= 3
    return check_homography(homography, first, second, inlier, SIZE, SIZE)


@pytest.mark.parametrize('right, wrong', [(200, 0), (60, 300), (25, 250)])
def test_what_matches_support_is_accepted(right, wrong):
    first, second = matches(right, wrong)
    found = check(first, second)
    corners = image_corners(SIZE)
    error = np.linalg.norm(move_points(corners, estimate_homography(first, second)) - move_points(corners, TRUTH), axis=1).max()
    assert found.reason is None and right / 2 < found.inliers <= right + 5 and found.overlap > 0.7
    assert found.log_nfa < -6 and error < 5 * max(found.drift, 0.3)


@pytest.mark.parametrize('count', [0, 3, 20, 400])
def test_matches_at_random_are_refused(count):
    for seed in range(8):
        first, second = matches(0, count, seed)
        homography = estimate_homography(first, second)
        inlier = np.zeros(count, bool) if homography is None else np.linalg.norm(
            move_points(first, homography) - second, axis=1) <= 3
        assert check_homography(homography, first, second, inlier, SIZE, SIZE).reason


def test_one_place_many_times_is_one_piece_of_evidence():
    first, second = matches(5, 100)
    first[5:60], second[5:60] = first[0], second[0]
    assert check(first, second, TRUTH).inliers < 12
    assert 'agree on a homography, and 12 are needed' in check(first, second, TRUTH).reason


def test_matches_in_one_corner_do_not_fix_the_others():
    first, second = matches(60, 100, region=(60, 60), noise=1.2)
    assert 'halves of what agrees' in check(first, second).reason


@pytest.mark.parametrize('matrix, reason', [
    (np.diag([-1.0, 1, 1]) + [[0, 0, 500], [0, 0, 0], [0, 0, 0]], 'mirrors'),
    ([[1, 0, 0], [2, 0, 0], [0, 0, 1]], 'cannot be inverted'),
    ([[1, 0, 0], [0, 1, 0], [-0.004, 0, 1]], 'to infinity'),
    ([[1, 0, 0], [0, 0.1, 0], [0, 0, 1]], 'stretches one part or direction 10 times'),
    ([[1, 0, 0], [0, 1, 0], [-0.0015, 0, 1]], 'stretches one part or direction'),
    (np.diag([9.0, 9, 1]), 'changes the scale by 9'),
    (np.diag([0.1, 0.1, 1]), 'changes the scale by 0.1'),
])
def test_what_no_camera_makes_is_refused(matrix, reason):
    assert reason in impossible(np.array(matrix, float), SIZE)
    assert reason in impossible(-np.array(matrix, float), SIZE)


def test_a_view_of_a_plane_is_possible():
    turn = np.array([[0, -1, 300], [1, 0, 0], [0, 0, 1.0]])
    assert impossible(TRUTH, SIZE) is None and impossible(turn, SIZE) is None
    # a quadrangle that is not convex comes of a part that went through infinity
    bent = np.array([[1, 0, 0], [0, 1, 0], [-0.003, -0.003, 1.0]])
    assert 'infinity' in impossible(bent, SIZE)


def test_overlap():
    for shift, share in ((0, 1), (250, 0.5), (475, 0.05), (600, 0)):
        polygon, overlap = overlap_of(np.array([[1, 0, shift], [0, 1, 0], [0, 0, 1.0]]), SIZE, SIZE)
        assert overlap == pytest.approx(share, abs=1e-3) and (len(polygon) == 4) == (share > 0)
    assert overlap_of(np.diag([0.2, 0.2, 1.0]), SIZE, SIZE)[1] == pytest.approx(1, abs=0.01)
    first, second = matches(100, 0)
    moved = np.array([[1, 0, 470], [0, 1, 0], [0, 0, 1.0]]) @ np.linalg.inv(TRUTH)
    assert 'share 6% of the smaller' in check(first, move_points(second, moved), np.array([[1, 0, 470], [0, 1, 0], [0, 0, 1.0]])
                                              ).reason


def test_false_alarms_against_whole_numbers():
    expected = math.log10(46 * math.comb(50, 20) * math.comb(20, 4)) + 16 * math.log10(1e-3)
    assert log_false_alarms(50, 20, 1e-3) == pytest.approx(expected) and log_false_alarms(50, 4, 1e-3) == float('inf')


def test_drift_is_the_deviation_over_repeated_noise():
    corners = image_corners(SIZE)
    points = np.random.default_rng(0).uniform(0, SIZE[::-1], (80, 2))
    places, drifts = [], []
    for seed in range(30):
        noisy = move_points(points, TRUTH) + np.random.default_rng(seed).standard_normal((80, 2))
        drifts.append(estimate_drift(TRUTH, points, noisy, move_points(corners, TRUTH)))
        places.append(move_points(corners, estimate_homography(points, noisy, 100)))
    spread = np.sqrt(np.var(places, axis=0).sum(axis=-1)).max()
    assert 0.5 < np.mean(drifts) / spread < 2
