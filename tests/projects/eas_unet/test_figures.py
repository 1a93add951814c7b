"""What EAS U-Net's figures show, against files, masks by hand and plain sums."""

import cv2
import nibabel as nib
import numpy as np
import pytest
import torch
from mmsight.projects.eas_unet import (
    figure_area,
    figure_attention,
    figure_contours,
    figure_data,
    figure_hu,
    figure_loss,
    figure_slices,
)
from mmsight.projects.eas_unet.eca import ECA
from mmsight.projects.eas_unet.figure_slices import ShownSlice

from mmsight.box import get_model
from mmsight.engine.curves import write_curve
from mmsight.engine.figures import Inputs, find_plan
from mmsight.errors import InputError


@pytest.fixture
def inputs(real_data):
    return Inputs({'liver': str(get_model('liver').path)}, [], real_data / 'liver_slices')


def test_slices_are_upright_with_their_masks(inputs):
    """Files lie on their side: flipped ones are turned counter-clockwise, mirrored ones clockwise."""
    parts = {part.name: part for part in figure_slices.read_slices(inputs.models['liver'], inputs.data, 'holdout')}
    for start, turns in (('flipped', 1), ('mirrored', -1)):
        part = next(part for name, part in parts.items() if name.startswith(start))
        image, mask = (cv2.imread(str(inputs.data / folder / f'{part.name}.jpg'), cv2.IMREAD_GRAYSCALE)
                       for folder in ('images', 'masks'))
        assert (part.image == np.rot90(image, turns)).all() and (part.truth == (np.rot90(mask, turns) > 127)).all()
        assert part.case == part.name.split('_')[1] and not part.predicted.any()


def test_titles_state_the_slices_own_numbers(inputs):
    names = find_plan('eas_unet', '9').settings['images'][:2]
    figure = figure_contours.draw(inputs, names)
    found = list(figure_slices.segment(inputs.models['liver'], inputs.data, names))
    for part, above, below in zip(found, figure.axes[:2], figure.axes[2:], strict=True):
        both = 2 * (part.predicted & part.truth).sum() / (part.predicted.sum() + part.truth.sum())
        assert above.get_title() == f'{part.name}\nliver: {100 * part.truth.mean():.1f} % of the slice'
        assert below.get_title() == f'liver: DSC {100 * both:.1f} %' and both > 0.95
        # the lower picture differs by outlines alone
        changed = (above.images[0].get_array() != below.images[0].get_array()).any(axis=2)
        assert 0 < changed.mean() < 0.05
    with pytest.raises(InputError, match="no test slice 'flipped_10038_1'; did you mean flipped_10038_1"):
        list(figure_slices.segment(inputs.models['liver'], inputs.data, ['flipped_10038_1']))


def test_shares_and_scores_of_slices_with_liver():
    truth = np.zeros((4, 5), dtype=bool)
    truth[:2, :2] = True
    half = truth.copy()
    half[1] = False
    share, score = figure_area.measure([(half, truth), (truth, np.zeros_like(truth)), (np.zeros_like(truth), truth)])
    assert share.tolist() == [0.2, 0.2] and score.tolist() == [pytest.approx(2 / 3), 0]


def test_weights_are_those_of_the_layer():
    layer, maps = ECA(8), torch.rand(2, 8, 5, 6)
    found = figure_attention.weights(layer, maps)
    assert found.shape == (2, 8) and torch.allclose(layer(maps), maps * found[:, :, None, None])


def test_another_layer_is_refused(inputs):
    with pytest.raises(InputError, match="no ECA 'backbone.encoder.4': it has backbone.encoder.4.2.eca"):
        figure_attention.draw(inputs, 'flipped_10038_132', 'backbone.encoder.4')


def test_grey_levels_of_liver_and_rest():
    image = np.array([[0, 7, 7], [255, 7, 0]], dtype=np.uint8)
    part = ShownSlice('', '', image, image == 7, image == 0)
    liver, rest = figure_data.grey_levels([part, part])
    assert liver[7] == 6 and liver.sum() == 6 and rest[0] == 4 and rest[255] == 2 and rest.sum() == 6


def test_bars_of_the_splits_sum_up(inputs):
    first, _, third = figure_data.draw(inputs).axes
    for axes in (first, third):
        assert sum(bar.get_height() for bar in axes.containers[0]) == pytest.approx(100)
    assert first.get_legend_handles_labels()[1] == [
        'train: 70 volumes, 367 slices', 'holdout: 8 volumes, 49 slices', 'test: 20 volumes, 100 slices']


def test_hu_and_area_of_a_volume(tmp_path, ct, write_nifti):
    hu, label = ct
    write_nifti(tmp_path / 'volume-3.nii.gz', hu)
    write_nifti(tmp_path / 'segmentation-3.nii.gz', label)
    left, right = figure_hu.draw(Inputs(data=tmp_path)).axes
    height, area = right.lines[0].get_xydata().T
    spacing = nib.load(tmp_path / 'volume-3.nii.gz').header.get_zooms()
    assert height == pytest.approx(np.arange(7) * spacing[2])
    assert area == pytest.approx((label > 0).sum(axis=(1, 2)) * spacing[0] * spacing[1] / 100)
    values, edges, _ = left.patches[1].get_data()
    assert values.sum() == pytest.approx(100) and values[np.searchsorted(edges, 150, side='right') - 1] == 100  # all of 150 HU


def test_losses_and_scores_of_a_curve(tmp_path):
    names = ('loss', 'decode.loss_ce', 'decode.loss_dice')
    curve = {**{name: [(1, 1.0 + k), (2, 0.25 + k)] for k, name in enumerate(names)}, 'liver/DSC': [(2, 0.75)]}
    write_curve(curve, tmp_path / 'mine.csv')
    losses, scores = figure_loss.draw(Inputs(records=[tmp_path / 'mine.csv']), 0.0273).axes
    lines = [line.get_xydata().tolist() for line in losses.lines[:3]]
    assert lines == [[list(point) for point in curve[name]] for name in names]
    assert losses.lines[3].get_ydata()[0] == 0.0273 and losses.get_title() == 'training loss: 0.2500 in the last epoch'
    assert scores.lines[0].get_xydata().tolist() == [[2, 75]] and scores.get_title() == 'test volumes: DSC 75.0 % at the end'
