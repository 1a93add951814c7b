"""The measure of registrations against a known warp, wrong pairs, and numbers by hand."""

import cv2
import numpy as np
import pytest
from mmsight.projects.s2net.opencv_baselines import SIFT
from mmsight.projects.s2net.registration_accuracy import draw, known_warp, measure_all, mutual_information, summary
from mmsight.projects.s2net.toy import make_scene
from skimage.metrics import normalized_mutual_information

TRUTH = np.array([[1.02, -0.03, 6], [0.03, 1.02, -5], [0, 0, 1]])


@pytest.fixture
def infos(tmp_path):
    """Three scenes, of each the second image moved by ``TRUTH``."""
    found = []
    for seed in range(3):
        scene = cv2.resize((make_scene(np.random.default_rng(seed)) * 255).astype(np.uint8), None, fx=2, fy=2)
        moved = cv2.warpPerspective(scene, TRUTH, scene.shape[::-1])
        paths = [str(tmp_path / f'{seed}_{name}.png') for name in ('visible', 'infrared')]
        for path, image in zip(paths, (scene, moved), strict=True):
            cv2.imwrite(path, image)
        np.save(tmp_path / f'{seed}.npy', TRUTH)
        found.append(dict(id=str(seed), visible=paths[0], infrared=paths[1], matrix=str(tmp_path / f'{seed}.npy')))
    return found


def test_right_pairs_are_near_the_truth_and_wrong_ones_refused(infos, tmp_path):
    rows, wrong = measure_all(SIFT(), infos, wrong=4)
    assert [row['id'] for row in rows] == ['0', '1', '2']
    for row in rows:
        assert row['reason'] is None and row['to_truth'] < 1 and 0 < row['equivariance'] < 1.5 and row['matrix']
        assert row['information'] == pytest.approx(row['information_of_truth'], rel=0.02)
    assert len(wrong) == 4 and all(pair['first'] != pair['second'] and pair['reason'] for pair in wrong)
    found = summary(rows, wrong)
    assert found['accepted'] == 1 and found['wrong_accepted'] == 0 and found['to_truth_p90'] < 1
    draw(rows, 'equivariance', tmp_path / 'plot.png')
    assert cv2.imread(str(tmp_path / 'plot.png')).std() > 10


def test_wrong_pairs_are_of_different_folders(infos):
    for info, name in zip(infos, ('hills/0', 'hills/1', 'town/0'), strict=True):
        info['id'] = name
    _, wrong = measure_all(SIFT(), infos, wrong=12)
    drawn = {(pair['first'], pair['second']) for pair in wrong}
    assert len(wrong) == 12 and drawn == {
        ('hills/0', 'town/0'), ('hills/1', 'town/0'), ('town/0', 'hills/0'), ('town/0', 'hills/1')}
    assert measure_all(SIFT(), infos[:2], wrong=2)[1] == []


def test_the_known_warp_turns_and_enlarges_about_the_centre():
    warp = known_warp(101, 201)
    assert warp @ [100, 50, 1] == pytest.approx([107.3, 45.4, 1])
    assert np.linalg.det(warp[:2, :2]) == pytest.approx(1.03**2)
    assert np.degrees(np.arctan2(warp[1, 0], warp[0, 0])) == pytest.approx(3)


def test_shares_and_percentiles_by_hand():
    """Four accepted pairs, of one of which the moved image has no result, and one that is refused."""
    rows = [dict(reason=None, stated=2.0, to_truth=1.0, equivariance=1.0), dict(reason=None, stated=2.0, to_truth=3.0,
            equivariance=2.0), dict(reason=None, stated=2.0, to_truth=1.5, equivariance=4.0),
            dict(reason=None, stated=2.0, to_truth=0.5), dict(reason='few matches', stated=None)]
    rows = [dict(row, matrix=True) for row in rows]
    found = summary(rows, [dict(reason='few'), dict(reason=None)])
    assert found['pairs'] == 5 and found['accepted'] == 0.8 and found['wrong_pairs'] == 2 and found['wrong_accepted'] == 1
    assert found['to_truth_median'] == 1.25 and found['to_truth_p90'] == 3.0 and found['to_truth_covered'] == 0.75
    assert found['equivariance_median'] == 3.0 and found['equivariance_p90'] == np.inf
    assert found['equivariance_covered'] == 0.5
    assert found['doubted'] == 0


def test_pairs_that_are_called_registered_are_no_truth():
    """Of three without a matrix one is near, and of the other two the images bear out one."""
    row = dict(reason=None, stated=1.0, equivariance=0.5, matrix=False, information=1.2, information_of_truth=1.1)
    rows = [dict(row, to_truth=1.9), dict(row, to_truth=9.0), dict(row, to_truth=2.1, information_of_truth=1.3)]
    found = summary(rows, [])
    assert found['doubted'] == 2 and found['borne_out'] == 1 and 'to_truth_median' not in found
    assert found['equivariance_covered'] == 1


def test_mutual_information_is_that_of_scikit_image_and_highest_under_the_true_matrix():
    rng = np.random.default_rng(0)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (90, 120, 3)).astype(np.uint8), (0, 0), 3)
    other = 255 - np.roll(scene, (2, 5), (0, 1))
    right, wrong = (np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float) for x, y in ((5, 2), (8, 2)))
    found = mutual_information(scene, other, (right, wrong))
    first, second = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (scene, other))
    for value, (x, y) in zip(found, ((5, 2), (8, 2)), strict=True):
        # of 64 bins between the extremes, over what lies in the second image under both
        shared = second[y:, x:][:88, :112]
        assert value == pytest.approx(normalized_mutual_information(first[:88, :112], shared, bins=64))
    assert found[0] > found[1] + 0.1
