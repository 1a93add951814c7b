"""Transforms fitted to matches and corrected on images, against closed forms and known warps."""

import cv2
import numpy as np
import pytest
from mmsight.projects.s2net.correction import correct_on_images
from mmsight.projects.s2net.fitting import FREEDOM, fit_transform, information_criterion, least_squares_fit
from mmsight.projects.s2net.homography import check_homography
from mmsight.projects.s2net.match_images import match_images
from mmsight.projects.s2net.matching import image_corners, move_points
from mmsight.projects.s2net.opencv_baselines import SIFT
from mmsight.projects.s2net.toy import make_scene

SIZE = (330, 500)
TRUTHS = dict(
    similarity=np.array([[1.03, -0.05, 7], [0.05, 1.03, -4], [0, 0, 1]]),
    affine=np.array([[1.1, 0.12, 20], [-0.1, 0.9, 12], [0, 0, 1]]),
    homography=np.array([[0.9, 0.12, 20], [-0.1, 1.05, 12], [4e-4, -3e-4, 1]]))


def matches(truth, right=150, wrong=300, seed=0):
    """Matched points: some of a transform with noise, and some at random."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(0, SIZE[::-1], (right + wrong, 2))
    second = move_points(first, truth) + 0.7 * rng.standard_normal(first.shape)
    second[right:] = rng.uniform(0, SIZE[::-1], (wrong, 2))
    return first, second


def corner_error(found, truth, size=SIZE):
    corners = image_corners(size)
    return np.linalg.norm(move_points(corners, found) - move_points(corners, truth), axis=1).max()


@pytest.mark.parametrize('kind', FREEDOM)
@pytest.mark.parametrize('seed', range(3))
def test_the_simplest_transform_that_explains_the_matches(kind, seed):
    first, second = matches(TRUTHS[kind], seed=seed)
    found, matrix = fit_transform(first, second)
    assert found == kind and corner_error(matrix, TRUTHS[kind]) < 1.5
    forced, _ = fit_transform(first, second, 'homography')
    assert forced == 'homography'


def test_a_similarity_is_nearer_to_the_truth_than_a_homography():
    errors = {kind: [] for kind in FREEDOM}
    for seed in range(8):
        first, second = matches(TRUTHS['similarity'], 60, 200, seed)
        for kind, values in errors.items():
            values.append(corner_error(fit_transform(first, second, kind)[1], TRUTHS['similarity']))
    assert np.mean(errors['similarity']) < 0.7 * np.mean(errors['homography'])


@pytest.mark.parametrize('count', [0, 3])
def test_too_few_matches(count):
    assert fit_transform(np.zeros((count, 2)), np.zeros((count, 2))) is None


def test_least_squares_against_closed_forms():
    first, second = matches(TRUTHS['affine'], 40, 0)
    design = np.c_[first, np.ones(len(first))]
    solved = np.linalg.lstsq(design, second, rcond=None)[0].T
    assert np.allclose(least_squares_fit('affine', np.eye(3), first, second)[:2], solved, atol=1e-4)
    # as complex numbers a similarity is linear
    z, w = first @ [1, 1j], second @ [1, 1j]
    (a, b), *_ = np.linalg.lstsq(np.c_[z, np.ones(len(z))], w, rcond=None)
    expected = [[a.real, -a.imag, b.real], [a.imag, a.real, b.imag], [0, 0, 1]]
    assert np.allclose(least_squares_fit('similarity', np.eye(3), first, second), expected, atol=1e-4)
    exact = move_points(first, TRUTHS['homography'])
    assert np.allclose(least_squares_fit('homography', np.eye(3), first, exact), TRUTHS['homography'], atol=1e-5)


def test_information_criterion_against_a_loop():
    first, second = matches(TRUTHS['affine'], 20, 20)
    cost = [min(float(np.sum((move_points(p[None], TRUTHS['affine'])[0] - q)**2)) / 0.8**2, 4)
            for p, q in zip(first, second, strict=True)]
    squares = len({(int(x // 48), int(y // 48)) for x, y in first})
    expected = squares * np.mean(cost) + 6 * np.log(4 * squares)
    assert information_criterion('affine', TRUTHS['affine'], first, second, 0.8) == pytest.approx(expected)


def modalities(truth, size=SIZE, seed=1):
    """A scene, and the same moved, with grey values reversed and bent, noisy: uint8 RGB."""
    first = cv2.resize((255 * make_scene(np.random.default_rng(seed))).astype(np.uint8), size[::-1])
    moved = cv2.warpPerspective(first, truth, size[::-1], borderMode=cv2.BORDER_REFLECT_101).astype(float)
    second = 255 * (1 - moved / 255)**0.6 + 3 * np.random.default_rng(seed).standard_normal(size)
    return (np.repeat(image[..., None], 3, axis=2) for image in (first, second.clip(0, 255).astype(np.uint8)))


@pytest.mark.parametrize('kind', FREEDOM)
def test_correction_across_modalities(kind):
    first, second = modalities(TRUTHS[kind])
    turn, shift = np.deg2rad(0.4), (2.5, -2)
    cos, sin = np.cos(turn), np.sin(turn)
    wrong = TRUTHS[kind] @ np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]], [0, 0, 1]])
    found = correct_on_images(first, second, wrong, kind=kind)
    error = corner_error(found.homography, TRUTHS[kind])
    assert corner_error(wrong, TRUTHS[kind]) > 2 and error < 0.7 and error < 5 * max(found.drift, 0.1)
    assert found.correlation > 0.7 and found.disagreement == pytest.approx(corner_error(found.homography, wrong))
    if kind == 'similarity':
        (a, b, _), (c, d, _), _ = found.homography
        assert abs(a - d) < 1e-6 and abs(b + c) < 1e-6


def test_images_that_cannot_correct():
    first, second = modalities(np.eye(3))
    assert correct_on_images(first[:60], second[:60], np.eye(3)) is None
    nowhere = np.zeros(SIZE, bool)
    far = np.array([[1, 0, 60], [0, 1, 30], [0, 0, 1.0]])
    for found, start in ((correct_on_images(first, np.full_like(second, 90), np.eye(3)), np.eye(3)),
                         (correct_on_images(first, second, np.eye(3), (None, nowhere)), np.eye(3)),
                         (correct_on_images(first, second, far), far)):
        assert found.drift > 20 and (np.isfinite(found.drift) or np.array_equal(found.homography, start))


def test_a_correction_that_leaves_the_matches_is_not_taken(monkeypatch):
    first, _ = modalities(TRUTHS['similarity'])
    honest = match_images(SIFT(), first, first, 500)
    assert honest.kind == 'similarity' and honest.correction.drift < 0.2 and corner_error(honest.homography, np.eye(3)) < 0.2
    shifted = honest.correction._replace(homography=np.array([[1, 0, 40], [0, 1, 0], [0, 0, 1.0]]))
    monkeypatch.setattr('mmsight.projects.s2net.match_images.correct_on_images', lambda *args: shifted)
    kept = match_images(SIFT(), first, first, 500)
    assert kept.kind == 'similarity' and corner_error(kept.homography, np.eye(3)) < 0.2
    found = check_homography(kept.homography, kept.first, kept.second, kept.inlier, SIZE, SIZE, 3.0, kept.kind,
                             kept.correction)
    assert 'do not bear out' in found.reason
