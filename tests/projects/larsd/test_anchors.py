"""k-means with 1 - IoU recovers planted clusters; the tool writes what the priors read."""

import json

import numpy as np
import pytest
from mmsight.projects.larsd.anchors import anchor_recall, anchors_of_sizes, area_groups, centred_iou, kmeans
from mmsight.projects.larsd.priors import ShipPriors

from mmsight.errors import InputError

PLANTED = np.array([[[20, 5], [5, 20], [12, 10], [30, 4], [4, 30]], [[60, 15], [15, 60], [35, 30], [90, 12], [12, 90]],
                    [[180, 45], [45, 180], [110, 90], [280, 36], [36, 280]]], dtype=float)


def planted(count=60, seed=0):
    rng = np.random.default_rng(seed)
    sizes = np.repeat(PLANTED.reshape(-1, 2), count, axis=0)
    return rng.permutation(sizes * rng.normal(1, 0.03, sizes.shape))


def test_recovers_planted_clusters():
    sizes = planted()
    found = anchors_of_sizes(sizes)
    for anchors, level in zip(found.anchors, PLANTED, strict=True):
        assert anchors.shape == (5, 2)
        iou = centred_iou(level, anchors)
        assert (iou.max(axis=1) > 0.97).all() and len(set(iou.argmax(axis=1))) == 5
    assert PLANTED[0].prod(axis=1).max() < found.area_limits[0] < PLANTED[1].prod(axis=1).min()
    assert anchor_recall(sizes, found.anchors)[0] == 1


def test_groups_by_area():
    """Where no two areas are equal, the limits part the groups; a group never has fewer ships than a level's share."""
    rng = np.random.default_rng(0)
    for levels in range(1, 6):
        for count in range(levels, 60):
            sizes = rng.lognormal(3, 1, (count, 2))
            group = area_groups(sizes, levels)
            limits = np.quantile(sizes.prod(axis=1), np.arange(1, levels) / levels)
            assert np.array_equal(group, np.searchsorted(limits, sizes.prod(axis=1), side='right'))
            assert np.bincount(group, minlength=levels).min() >= count // levels


def test_ships_of_one_area():
    """Parted by rank: the limits alone would leave groups empty."""
    found = anchors_of_sizes(np.full((30, 2), 8.))
    assert found.area_limits == [64, 64] and all((level == 8).all() and len(level) == 5 for level in found.anchors)
    sizes = np.array([[2., 2.], *[[8., 8.]] * 28, [30., 30.]])
    assert np.bincount(area_groups(sizes, 3)).tolist() == [10, 10, 10]
    found = anchors_of_sizes(sizes)
    assert found.anchors[0].min() == 2 and (found.anchors[1] == 8).all() and found.anchors[2].max() == 30


def test_too_few_ships():
    with pytest.raises(InputError, match='has 14 ships, too few for 3 x 5 anchors'):
        anchors_of_sizes(np.full((14, 2), 8.))


def test_same_seed_same_anchors():
    again = [anchors_of_sizes(planted(), seed=3).anchors for _ in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(*again, strict=True))


def test_iou_and_recall_by_hand():
    assert centred_iou(np.array([[4., 2.]]), np.array([[2., 4.], [4., 2.], [8., 2.]]))[0] == pytest.approx([1 / 3, 1, 0.5])
    recall, mean = anchor_recall(np.array([[4., 2.], [8., 2.]]), [np.array([[4., 2.]])])
    assert (recall, mean) == (0.5, 0.75)  # 0.5 itself is not above 0.5


def test_fewer_sizes_than_clusters():
    assert kmeans(np.array([[4., 2.], [8., 3.]]), 3, np.random.default_rng(0)).shape == (3, 2)


@pytest.mark.slow
def test_tool_writes_what_the_priors_read(toy_data, run, tmp_path):
    out = tmp_path / 'anchors.json'
    done = run('projects/larsd/tools/anchor_kmeans.py', 'configs/larsd/larsd_toy.py', '--out', out, '--cfg-options',
               'train_dataloader.dataset.indices=20', MMSIGHT_DATA=str(toy_data('larsd')))
    record = json.loads(out.read_text())
    assert f"{record['recall']:.1%} of {record['ships']} ships" in done.stdout and out.with_suffix('.png').is_file()
    priors = ShipPriors((4, 8, 16), str(out))
    assert priors.num_anchors == 5 and priors.anchors[2].tolist() == pytest.approx(np.array(record['anchors'][2]))
    assert 'the groups are separated at areas of' in done.stdout and ShipPriors((4, ), str(out)).num_anchors == 15
    with pytest.raises(InputError, match='anchors for 3 levels, the config has 2'):
        ShipPriors((4, 8), str(out))
    done = run('projects/larsd/tools/anchor_kmeans.py', 'configs/larsd/larsd_toy.py', '--out', out, '--levels', '1',
               '--cfg-options', 'train_dataloader.dataset.indices=20', MMSIGHT_DATA=str(toy_data('larsd')))
    assert 'areas part' not in done.stdout and ShipPriors((4, ), str(out)).num_anchors == 5
    done = run('projects/larsd/tools/anchor_kmeans.py', 'configs/larsd/larsd_toy.py', '--out', out, '--cfg-options',
               'train_dataloader.dataset.indices=1', check=False, MMSIGHT_DATA=str(toy_data('larsd')))
    assert done.returncode and 'too few for 3 x 5 anchors' in done.stderr and 'Traceback' not in done.stderr


def test_missing_or_wrong_file(tmp_path):
    with pytest.raises(InputError, match='this file of anchors does not exist: make it with'):
        ShipPriors((4, ), str(tmp_path / 'none.json'))
    (tmp_path / 'other.json').write_text('[1]')
    with pytest.raises(InputError, match='not a file of anchors'):
        ShipPriors((4, ), str(tmp_path / 'other.json'))
    with pytest.raises(ValueError, match='2 strides need as many levels of anchors'):
        ShipPriors((4, 8), [[(3, 4)]])
    with pytest.raises(ValueError, match='need 1 area_limits, found 0'):
        ShipPriors((4, 8))
