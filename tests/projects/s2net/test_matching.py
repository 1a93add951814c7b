"""Mutual nearest neighbours against OpenCV, the measures against loops, the pictures against what they must show."""

import cv2
import numpy as np
import pytest
import torch
from mmsight.projects.s2net import DetectDescribe, Keypoints, MatchingMetric
from mmsight.projects.s2net.geometry import homography_flow
from mmsight.projects.s2net.match_images import match_images
from mmsight.projects.s2net.match_visualization_hook import GREEN, RED, checkerboard, draw_matches
from mmsight.projects.s2net.matching import corner_error, error_auc, estimate_homography, mutual_nearest
from mmsight.projects.s2net.matching_metric import score_pair, summarise


def opencv(first, second, norm=cv2.NORM_L2):
    found = cv2.BFMatcher(norm, crossCheck=True).match(first, second)
    return sorted((m.queryIdx, m.trainIdx) for m in found)


@pytest.mark.parametrize('chunk', [7, 512])
@pytest.mark.parametrize('shape', [(300, 210, 128), (1, 5, 3), (64, 1, 8)])
def test_mutual_nearest_is_opencvs(shape, chunk):
    n, m, dim = shape
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((n, dim)).astype(np.float32), rng.standard_normal((m, dim)).astype(np.float32)
    found = mutual_nearest(torch.from_numpy(first), torch.from_numpy(second), chunk)
    assert [tuple(row) for row in found.tolist()] == opencv(first, second)


def test_whole_numbers_and_bits():
    rng = np.random.default_rng(1)
    first, second = (rng.integers(0, 200, (150, 128)).astype(np.float32) for _ in range(2))
    assert [tuple(row) for row in mutual_nearest(torch.from_numpy(first), torch.from_numpy(second)).tolist()] == \
        opencv(first, second)
    bits = [rng.integers(0, 256, (80, 32)).astype(np.uint8) for _ in range(2)]
    unpacked = [torch.from_numpy(np.unpackbits(b, axis=1)).float() for b in bits]
    hamming = np.unpackbits(bits[0][:, None] ^ bits[1][None], axis=2).sum(axis=2)
    for i, j in mutual_nearest(*unpacked).tolist():  # ties are frequent: every match must be a nearest one both ways
        assert hamming[i, j] == hamming[i].min() == hamming[:, j].min()


def test_equal_descriptors_match_once_and_none_match_nothing():
    same = torch.ones(3, 4)
    assert mutual_nearest(same, same).tolist() == [[0, 0]]
    assert mutual_nearest(torch.zeros(0, 4), same).shape == (0, 2) == mutual_nearest(same, torch.zeros(0, 4)).shape


def test_homography_from_matches_with_outliers():
    rng = np.random.default_rng(0)
    truth = np.array([[1.05, 0.1, -8], [-0.08, 0.97, 5], [1e-4, -2e-4, 1]])
    first = rng.uniform(0, 200, (120, 2))
    second = cv2.perspectiveTransform(first[None], truth)[0] + rng.normal(0, 0.3, (120, 2))
    second[:50] = rng.uniform(0, 200, (50, 2))
    found = estimate_homography(first, second)
    assert corner_error(found, truth, 200, 200) < 1
    assert np.array_equal(found, estimate_homography(first, second))  # the seed is fixed
    assert estimate_homography(first[:3], second[:3]) is None and corner_error(None, truth, 9, 9) == np.inf
    shifted = truth.copy()
    shifted[:2, 2] += (3, 4)
    assert corner_error(np.array([[1, 0, 3.], [0, 1, 4], [0, 0, 1]]), np.eye(3), 50, 60) == pytest.approx(5)


def test_auc_is_the_area_below_the_recall_curve():
    errors = np.array([0.5, 2, 4, np.inf])
    x = np.linspace(0, 5, 200001)
    share = (errors[:, None] <= x).mean(axis=0)
    assert error_auc(errors, 5) == pytest.approx(share.mean(), abs=1e-4)
    assert error_auc(np.zeros(2), 3) == 1 and error_auc(np.zeros(0), 3) == 0


def scene(seed, n=40, m=50, dim=8):
    rng = np.random.default_rng(seed)
    matrix = np.array([[1, 0.02, 4], [-0.02, 1, -3], [0, 0, 1.]])
    first = rng.uniform(0, 90, (n, 2))
    second = rng.uniform(0, 90, (m, 2))
    second[:25] = cv2.perspectiveTransform(first[None, :25], matrix)[0] + rng.normal(0, 2.5, (25, 2))
    a, b = rng.standard_normal((n, dim)), rng.standard_normal((m, dim))
    b[:25] = a[:25] + 0.5 * rng.standard_normal((25, dim))
    keypoints = [Keypoints(torch.from_numpy(p).float(), torch.from_numpy(d).float(), torch.linspace(1, 0, len(p)))
                 for p, d in ((first, a), (second, b))]
    return keypoints[0], keypoints[1], torch.from_numpy(matrix)


@pytest.mark.parametrize('seed', range(5))
def test_scores_of_a_pair_against_a_loop(seed):
    first, second, truth = scene(seed)
    found = score_pair(first, second, truth, (100, 100))
    places = [(truth.numpy() @ [*p, 1])[:2] for p in first.points.numpy()]
    gap = np.array([[np.hypot(*(place - q)) for q in second.points.numpy()] for place in places])
    descriptors = np.linalg.norm(first.descriptors.numpy()[:, None] - second.descriptors.numpy()[None], axis=2)
    for threshold in range(1, 11):
        nc = sum(bool((row <= threshold).any()) for row in gap)
        ncm = 0
        for i in range(len(places)):
            j = int(descriptors[i].argmin())
            ncm += bool(descriptors[:, j].argmin() == i and gap[i, j] <= threshold)
        assert (found['nc'][threshold - 1], found['ncm'][threshold - 1]) == (nc, ncm)
    flow = score_pair(first, second, homography_flow(truth, 100, 100), (100, 100))
    assert np.array_equal(flow['ncm'], found['ncm']) and np.isnan(flow['corner_error'])


def test_images_without_keypoints():
    none = Keypoints(torch.zeros(0, 2), torch.zeros(0, 8), torch.zeros(0))
    first, second, truth = scene(0)
    for pair in ((none, second), (first, none), (none, none)):
        found = score_pair(*pair, truth, (100, 100))
        assert found['nc'].sum() == found['ncm'].sum() == 0 and found['corner_error'] == np.inf
    assert summarise([found])['CMR'] == 0


def test_ratio_is_the_mean_of_the_pairs_and_pooled():
    rows = [dict(nc=np.full(10, 10), ncm=np.full(10, 5), corner_error=1.0),
            dict(nc=np.full(10, 90), ncm=np.full(10, 9), corner_error=np.nan)]
    found = summarise(rows)
    assert (found['NC'], found['NCM']) == (50, 7) and found['CMR'] == 30 and found['CMR_pooled'] == 14
    assert found['AUC5'] == 0.8
    assert np.isnan(summarise(rows[1:])['AUC5'])


def test_metric_with_a_baseline_and_its_cache(tmp_path, by_cases):
    first, second, truth = scene(0)
    metric = MatchingMetric('ours', keypoints=(10, 40), baselines=[dict(type='mmsight.SIFT')],
                            cache_dir=str(tmp_path / 'cache'))
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 100, 100), dtype=np.uint8))
    batch = dict(images=[images], mask=[torch.ones(2, 100, 100, dtype=torch.bool)], homography=[truth])
    for pair in 'ab':
        metric.process(dict(batch, id=[pair]), [dict(keypoints=(first, second))])
        assert len(list((tmp_path / 'cache').glob('*.npz'))) == 2
    found = metric.evaluate(2)
    expected = score_pair(first.top(10), second.top(10), truth, (100, 100))
    assert found['match/NCM@10'] == expected['ncm'][2] and found['match/NC@10'] == expected['nc'][2]
    assert found['match/NCM@40_3px'] == found['match/NCM@40'] <= found['match/NCM@40_10px']
    assert {'match/SIFT/NCM@40', 'match/AUC10@40', 'match/CMR_pooled@10'} <= found.keys()
    for name in ('match/NCM@10', 'match/CMR@40', 'match/AUC10@40', 'match/SIFT/NC@40'):
        assert by_cases(name) == pytest.approx(found[name])


def test_matches_are_green_and_red():
    grey = np.full((40, 50, 3), 128, np.uint8)
    ends = np.array([[10., 10], [10., 30]]), np.array([[40., 10], [40., 30]])
    picture = draw_matches(grey, grey, *ends, np.array([True, False]))
    assert picture.shape == (40, 100, 3)
    assert np.abs(picture[10, 50].astype(int) - GREEN).max() < 16
    assert np.abs(picture[30, 50].astype(int) - RED).max() < 16


def test_checkerboard_of_a_registered_pair_is_the_picture():
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (64, 80, 3), dtype=np.uint8), (0, 0), 2)
    matrix = np.array([[1, 0, 5.], [0, 1, 3], [0, 0, 1]])
    moved = cv2.warpPerspective(image, matrix, (80, 64))
    assert np.abs(checkerboard(image, moved, matrix)[:56, :72].astype(int) - image[:56, :72]).max() <= 1
    assert (checkerboard(image, moved, None)[:8, 8:16] == 0).all()


class Corners(DetectDescribe):
    """Keypoints that are where the image is red, described by its green and blue."""

    def extract(self, images):
        raise NotImplementedError

    def loss(self, pair):
        raise NotImplementedError

    def detect(self, image, max_keypoints, mask=None):
        y, x = (image[0] > 0).nonzero(as_tuple=True)
        return Keypoints(torch.stack([x, y], dim=1).float(), image[1:, y, x].T, image[0, y, x])


def test_images_of_different_sizes_are_matched_and_registered():
    rng = np.random.default_rng(0)
    first, second = np.zeros((60, 70, 3), np.uint8), np.zeros((80, 75, 3), np.uint8)
    for index in range(30):
        x, y = rng.integers(0, (70, 60))
        first[y, x] = second[y + 9, x + 4] = (255, 8 * index, 255 - 5 * index)
    model = Corners()
    model.register_parameter('weight', torch.nn.Parameter(torch.zeros(1)))
    found = match_images(model, first, second)
    assert np.allclose(found.homography, [[1, 0, 4], [0, 1, 9], [0, 0, 1]], atol=1e-3) and found.inlier.sum() >= 28
    assert draw_matches(first, second, found.first, found.second, found.inlier).shape == (80, 145, 3)
    assert checkerboard(first, second, found.homography).shape == first.shape
    nothing = match_images(model, first, np.zeros_like(second))
    assert nothing.homography is None and nothing.first.shape == (0, 2) == nothing.second.shape
