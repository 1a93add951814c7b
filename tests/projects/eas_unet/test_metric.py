"""Overlap and distances against MONAI, SciPy and plain loops; slices put back into volumes."""

import csv

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from mmsight.projects.eas_unet import LiverMetric
from mmsight.projects.eas_unet.metric import overlap
from mmsight.projects.eas_unet.surface_distance import summarise_distances, surface_distances
from monai.metrics import (
    compute_average_surface_distance,
    compute_dice,
    compute_hausdorff_distance,
    compute_iou,
)
from scipy import ndimage
from scipy.spatial.distance import cdist

from mmsight.errors import InputError


def blob(rng, shape=(9, 14, 12)):
    """A smooth random mask that may touch the border."""
    return ndimage.gaussian_filter(rng.standard_normal(shape), 2) > 0.02


def one_voxel():
    mask = np.zeros((9, 14, 12), bool)
    mask[3, 5, 7] = True
    return mask


RNG = np.random.default_rng(0)
PAIRS = dict(blobs=(blob(RNG), blob(RNG)), equal=(blob(RNG), ) * 2, one_voxel=(one_voxel(), blob(RNG)),
             corners=(np.roll(one_voxel(), (-3, -5, -7), (0, 1, 2)), one_voxel()), full=(np.ones((9, 14, 12), bool), blob(RNG)))
PAIRS['equal'] = (PAIRS['equal'][0], PAIRS['equal'][0].copy())


@pytest.mark.parametrize('spacing', [(1, 1, 1), (5.0, 0.7, 0.8)])
@pytest.mark.parametrize('name', PAIRS)
def test_agrees_with_monai(name, spacing):
    predicted, truth = PAIRS[name]
    batch = [torch.from_numpy(mask)[None, None].float() for mask in (predicted, truth)]
    options = dict(include_background=True, spacing=spacing)
    ours = overlap(predicted, truth) | summarise_distances(*surface_distances(predicted, truth, spacing))
    assert ours['DSC'] == pytest.approx(float(compute_dice(*batch)), abs=1e-5)
    assert ours['VOE'] == pytest.approx(1 - float(compute_iou(*batch)), abs=1e-5)
    assert ours['ASSD'] == pytest.approx(float(compute_average_surface_distance(*batch, symmetric=True, **options)), abs=1e-5)
    assert ours['HD'] == pytest.approx(float(compute_hausdorff_distance(*batch, **options)), abs=1e-5)
    assert ours['HD95'] == pytest.approx(float(compute_hausdorff_distance(*batch, percentile=95, **options)), abs=1e-5)


@pytest.mark.parametrize('connectivity', [1, 2, 3])
@pytest.mark.parametrize('shape', [(9, 14, 12), (14, 12)])
def test_agrees_with_brute_force(shape, connectivity):
    """Surface voxels by a loop over neighbours, distances between all pairs."""
    rng, spacing = np.random.default_rng(1), (2.5, 0.7, 0.9)[-len(shape):]
    masks = [blob(rng, shape) for _ in range(2)]

    def surface(mask):
        padded, steps = np.pad(mask, 1), np.argwhere(np.ones((3, ) * mask.ndim)) - 1
        steps = [step for step in steps if 0 < np.abs(step).sum() <= connectivity]
        found = [where for where in np.argwhere(mask) if not all(padded[tuple(where + 1 + step)] for step in steps)]
        return np.array(found) * spacing

    between = cdist(*map(surface, masks))
    for ours, expected in zip(surface_distances(*masks, spacing, connectivity), (between.min(1), between.min(0)), strict=True):
        np.testing.assert_allclose(np.sort(ours), np.sort(expected), atol=1e-9)


def test_two_cubes_shifted_along_an_anisotropic_axis():
    """The spacing's order is (z, y, x): a shift of two slices is 10 mm, of two columns 1.4 mm."""
    cube = np.zeros((12, 12, 12), bool)
    cube[3:7, 3:7, 3:7] = True
    for axis, expected in ((0, 10.0), (2, 1.4)):
        found = summarise_distances(*surface_distances(cube, np.roll(cube, 2, axis), (5, 0.9, 0.7)))
        assert found['HD'] == pytest.approx(expected)


def test_empty_masks():
    empty, full = np.zeros((3, 4, 4), bool), np.ones((3, 4, 4), bool)
    assert overlap(empty, empty) == dict(DSC=1, VOE=0, VOE_as_printed=0, precision=1, recall=1)
    assert overlap(empty, full) == overlap(full, empty) == dict(DSC=0, VOE=1, VOE_as_printed=1, precision=0, recall=0)
    assert summarise_distances(*surface_distances(empty, empty, (1, 1, 1))) == dict(ASSD=0, HD=0, HD95=0)
    assert set(summarise_distances(*surface_distances(empty, full, (1, 1, 1))).values()) == {float('inf')}


def test_identities():
    predicted, truth = PAIRS['blobs']
    found = overlap(predicted, truth)
    assert found['VOE'] == pytest.approx(1 - found['DSC'] / (2 - found['DSC']))
    assert found['VOE_as_printed'] == pytest.approx(1 - found['DSC'])
    harmonic = 2 / (1 / found['precision'] + 1 / found['recall'])
    assert found['DSC'] == pytest.approx(harmonic)


def samples(case, predicted, truth, spacing=(5.0, 0.7, 0.8), order=None):
    """One sample a slice."""
    made = []
    for i in np.arange(len(truth)) if order is None else order:
        sample = SegDataSample(
            pred_sem_seg=PixelData(data=torch.from_numpy(predicted[i:i + 1]).long()),
            gt_sem_seg=PixelData(data=torch.from_numpy(truth[i:i + 1]).long()),
            metainfo=dict(case=case, slice_index=int(i), num_slices=len(truth), spacing=spacing, img_path=f'{case}.npy'))
        made.append(sample.to_dict())
    return made


def test_slices_in_any_order_become_volumes(log_folder, by_cases):
    rng = np.random.default_rng(2)
    cases = {name: (blob(rng), blob(rng)) for name in ('a', 'b')}
    cases['c'] = (np.zeros((9, 14, 12), bool), blob(rng))
    metric = LiverMetric()
    for name, pair in cases.items():
        metric.process({}, samples(name, *pair, order=rng.permutation(9)))
    metric.process({}, samples('a', *cases['a'])[:1])  # as a distributed sampler repeats
    found = metric.compute_metrics(metric.results)
    each = {name: overlap(*pair) for name, pair in cases.items()}
    scores = [values['DSC'] for values in each.values()]
    assert found['DSC'] == pytest.approx(np.mean(scores)) and found['DSC_std'] == pytest.approx(np.std(scores))
    assert found['DSC_min'] == 0 and found['cases'] == 3 and found['without_distance'] == 1
    pooled = overlap(*(np.concatenate([pair[i] for pair in cases.values()]) for i in range(2)))
    assert found['DSC_global'] == pytest.approx(pooled['DSC'])
    distances = [summarise_distances(*surface_distances(*cases[name], (5, 0.7, 0.8))) for name in ('a', 'b')]
    assert found['HD95_mm'] == pytest.approx(np.mean([part['HD95'] for part in distances]))
    with (log_folder / 'per_case.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [row['case'] for row in rows] == ['a', 'b', 'c'] and rows[2]['ASSD18_mm'] == 'inf'
    assert float(rows[1]['DSC']) == each['b']['DSC']
    for name in ('DSC', 'VOE', 'ASSD6_mm', 'HD95_mm', 'kept_slices_DSC'):
        assert by_cases(f'liver/{name}') == pytest.approx(found[name], rel=1e-12)


def test_both_neighbourhoods_are_measured_and_named(log_folder):
    rng = np.random.default_rng(4)
    pair = blob(rng), blob(rng)
    metric = LiverMetric()
    metric.process({}, samples('a', *pair))
    found = metric.compute_metrics(metric.results)
    for name, connectivity in (('ASSD6_mm', 1), ('ASSD18_mm', 2)):
        expected = summarise_distances(*surface_distances(*pair, (5, 0.7, 0.8), connectivity))['ASSD']
        assert found[name] == pytest.approx(expected)
    assert found['ASSD6_mm'] != found['ASSD18_mm'] and 'ASSD_mm' not in found


@pytest.mark.parametrize('separate', [False, True])
def test_a_sheared_grid_is_measured_by_its_vectors(log_folder, separate):
    """Against all pairs of voxels, each placed by the affine."""
    rng = np.random.default_rng(5)
    steps = np.array([[0.2, 1.8, 4.6], [0.0, 0.8, 0.1], [0.9, 0.0, 0.0]])
    pair = blob(rng), blob(rng)
    metric = LiverMetric(separate_slices=separate)
    metric.process({}, samples('a', *pair, spacing=steps.tolist()))
    found = metric.compute_metrics(metric.results)

    def places(mask, steps):
        inner = ndimage.binary_erosion(mask, np.ones((3, ) * mask.ndim) if mask.ndim < 3 else
                                       ndimage.generate_binary_structure(3, 2))
        return np.argwhere(mask & ~inner) @ steps

    expected = []
    for a, b in zip(*pair, strict=True) if separate else [pair]:
        if a.any() and b.any():
            between = cdist(places(a, steps[-a.ndim:]), places(b, steps[-a.ndim:]))
            expected.append(np.concatenate([between.min(1), between.min(0)]).mean())
    assert found['ASSD18_mm'] == pytest.approx(np.mean(expected))


def test_the_papers_slices_under_a_name_of_their_own(log_folder):
    """A false positive on a slice without liver counts on the whole volume alone."""
    truth = np.zeros((6, 20, 20), bool)
    truth[2:4, 5:15, 5:15] = True
    truth[4, 9, 9] = True  # below 1.5 %
    predicted = truth.copy()
    predicted[0, :10] = True
    metric = LiverMetric()
    metric.process({}, samples('a', predicted, truth))
    found = metric.compute_metrics(metric.results)
    assert found['kept_slices_DSC'] == 1 and found['kept_slices_HD_mm'] == 0
    assert found['DSC'] == pytest.approx(2 * 201 / (401 + 201)) and found['HD_mm'] >= 10


def test_small_slices_are_those_with_a_little_liver(log_folder):
    """Of two cases, one has such slices; half of their liver is found, and a false positive beside it counts there."""
    truth = np.zeros((2, 4, 20, 20), bool)
    truth[:, 0, 5:15, 5:15] = True  # a quarter of the slice
    truth[1, 1, 3:7, 3:5] = True  # 2 %
    predicted = truth.copy()
    predicted[1, 1, 3:7, 4], predicted[1, 1, 10, 10:12] = False, True
    predicted[:, 3, 0, 0] = True  # on a slice without liver
    metric = LiverMetric(separate_slices=True)
    for case, ours, theirs in zip('ab', predicted, truth, strict=True):
        metric.process({}, samples(case, ours, theirs, spacing=None))
    assert metric.compute_metrics(metric.results)['small_slices_DSC'] == pytest.approx(2 * 4 / (6 + 8))


def test_separate_slices_measure_in_their_plane(log_folder):
    rng = np.random.default_rng(3)
    predicted, truth = blob(rng), blob(rng)
    metric = LiverMetric(separate_slices=True)
    metric.process({}, samples('a', predicted, truth, spacing=None))
    found = metric.compute_metrics(metric.results)
    each = [summarise_distances(*surface_distances(a, b, (1, 1))) for a, b in zip(predicted, truth, strict=True)]
    assert found['ASSD6_px'] == pytest.approx(np.mean([part['ASSD'] for part in each if np.isfinite(part['ASSD'])]))


def test_clean_is_off_by_default(log_folder):
    truth = np.zeros((3, 9, 9), bool)
    truth[:, 2:6, 2:6] = True
    predicted = truth.copy()
    predicted[0, 8, 8] = True
    for clean, expected in ((False, 2 * 48 / 97), (True, 1)):
        metric = LiverMetric(clean=clean)
        metric.process({}, samples('a', predicted, truth))
        assert metric.compute_metrics(metric.results)['DSC'] == pytest.approx(expected)


def test_faults(log_folder):
    truth = np.ones((4, 3, 3), bool)
    metric = LiverMetric()
    metric.process({}, samples('a', truth, truth)[:3])
    with pytest.raises(InputError, match='case a has 4 slices, and 3 were predicted'):
        metric.compute_metrics(metric.results)
    bare = samples('c', truth, truth)[0]
    del bare['slice_index']
    with pytest.raises(InputError, match="c.npy: the sample has no key 'slice_index'"):
        metric.process({}, [bare])
    odd = samples('b', truth, truth)[0]
    odd['gt_sem_seg']['data'] = torch.ones(1, 5, 5)
    with pytest.raises(InputError, match=r'b.npy: the prediction is \(1, 3, 3\), the mask \(1, 5, 5\)'):
        metric.process({}, [odd])


def test_wrong_spacing_is_warned_of(log_folder):
    truth = np.ones((2, 3, 3), bool)
    metric = LiverMetric()
    metric.process({}, samples('volume-30', truth, truth, spacing=(1.0, 1.0, 1.0)))
    metric.compute_metrics(metric.results)
    assert 'spacing (1, 1, 1) mm in volume-30' in (log_folder / 'run.log').read_text()
