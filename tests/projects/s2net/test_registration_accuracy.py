"""The measure of registrations against a known warp, wrong pairs, and numbers by hand."""

import cv2
import numpy as np
import pytest
from mmsight.projects.s2net.opencv_baselines import SIFT
from mmsight.projects.s2net.registration_accuracy import draw, known_warp, measure_all, summary
from mmsight.projects.s2net.toy import make_scene

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
        assert row['reason'] is None and row['to_truth'] < 1 and 0 < row['equivariance'] < 1.5
    assert len(wrong) == 4 and all(pair['first'] != pair['second'] and pair['reason'] for pair in wrong)
    found = summary(rows, wrong)
    assert found['accepted'] == 1 and found['wrong_accepted'] == 0 and found['to_truth_p90'] < 1
    draw(rows, 'equivariance', tmp_path / 'plot.png')
    assert cv2.imread(str(tmp_path / 'plot.png')).std() > 10


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
    found = summary(rows, [dict(reason='few'), dict(reason=None)])
    assert found['pairs'] == 5 and found['accepted'] == 0.8 and found['wrong_pairs'] == 2 and found['wrong_accepted'] == 1
    assert found['to_truth_median'] == 1.25 and found['to_truth_p90'] == 3.0 and found['to_truth_covered'] == 0.75
    assert found['equivariance_median'] == 3.0 and found['equivariance_p90'] == np.inf
    assert found['equivariance_covered'] == 0.5
