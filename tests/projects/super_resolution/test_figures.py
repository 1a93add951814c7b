"""What the figures of super resolution show, against records and measures of single images."""

import json

import cv2
import numpy as np
import pytest
import skimage.data
from mmsight.projects.super_resolution import figure_epochs, figure_gain, figure_losses, figure_photograph
from mmsight.projects.super_resolution.metric import compare, enlarge
from mmsight.projects.super_resolution.resize import resize_bicubic

from mmsight.box import get_model
from mmsight.engine.curves import write_curve
from mmsight.engine.figures import Inputs, find_plan
from mmsight.engine.tables import project_folder
from mmsight.errors import InputError

RECORDS = project_folder('super_resolution') / 'records'
SETTINGS = find_plan('super_resolution', '17').settings


class Nearest:
    """Stands in for a network; the figure has nothing to do with its weights."""

    def __init__(self, scale):
        self.scale = scale


@pytest.fixture
def nearest(monkeypatch):
    """Checkpoints are read as factors of nearest-neighbour interpolation."""
    monkeypatch.setattr(figure_photograph, 'UpscaleInferencer', lambda checkpoint, **_: type('Inferencer', (), {
        'model': Nearest(int(checkpoint))}))
    monkeypatch.setattr(figure_photograph, 'enlarge_image',
                        lambda model, small: small.repeat(model.scale, 0).repeat(model.scale, 1))


def test_pictures_and_numbers_of_a_photograph(nearest):
    figure = figure_photograph.draw(Inputs(models={'mine': '4'}), 'astronaut', [200, 40, 32])
    original = skimage.data.astronaut()
    made = resize_bicubic(original, (128, 128)).repeat(4, 0).repeat(4, 1)
    places = figure.axes
    assert [axes.get_title() for axes in places[:3]] == ['original', 'bicubic', 'mine']
    assert (places[2].images[0].get_array() == made).all()
    assert (places[3].images[0].get_array() == original[40:72, 200:232]).all()
    assert (places[5].images[0].get_array() == made[40:72, 200:232]).all()
    assert places[3].get_xlabel() == ''
    found = compare(made, original, 4)
    assert places[5].get_xlabel() == f"PSNR {found['PSNR_Y']:.2f} dB, SSIM {found['SSIM_Y']:.3f}"


def test_a_model_in_the_box_is_above_bicubic_interpolation():
    figure = figure_photograph.draw(Inputs(models={'box': str(get_model('upscale-srcnn-mse').path)}), **SETTINGS)
    bicubic, model = (float(axes.get_xlabel().split()[1]) for axes in figure.axes[4:])
    assert model > bicubic + 1


def test_files_are_cut_to_a_multiple_of_the_factor(nearest, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (42, 51, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'mine.png'), image[..., ::-1])
    assert (figure_photograph.read_original(str(tmp_path / 'mine.png'), 4) == image[:40, :48]).all()


@pytest.mark.parametrize('shape, dtype', [((40, 48), np.uint8), ((40, 48, 3), np.uint16)])
def test_grey_and_16_bit_files_are_refused(tmp_path, shape, dtype):
    path = str(tmp_path / 'mine.png')
    cv2.imwrite(path, np.full(shape, 200, dtype))
    with pytest.raises(InputError, match='a colour photograph of 8 bits'):
        figure_photograph.read_original(path, 4)


@pytest.mark.parametrize('models, image, part, sentence', [
    ({'a': '4', 'b': '2'}, 'coffee', [0, 0, 9], r'enlarge by 4 \(a\), 2 \(b\)'),
    ({'a': '4'}, 'coffe', [0, 0, 9], "neither a file nor one of scikit-image's astronaut, chelsea"),
    ({'a': '4'}, 'coffee', [590, 0, 11], 'inside the 600 x 400 pixels'), ({'a': '4'}, 'coffee', [-1, 0, 9], 'part=-1,0,9')])
def test_wrong_words_are_one_sentence(nearest, models, image, part, sentence):
    with pytest.raises(InputError, match=sentence):
        figure_photograph.draw(Inputs(models=models), image, part)


def test_bars_are_the_metrics_of_the_records():
    plan = find_plan('super_resolution', 'gain')
    records = plan.find_records()
    gain, sharp = figure_gain.draw(Inputs(records=records), **plan.settings).axes
    names = [label.get_text() for label in gain.get_yticklabels()]
    assert len(names) == len(records) and {'srcnn-mse', 'srgan-pl', 'srcnn-mse, res16'} <= set(names)
    metrics = json.loads((RECORDS / 'srgan-mse_w128_t91_x4_seed0.json').read_text())['metrics']
    for axes, metric in ((gain, 'gain/PSNR_Y'), (sharp, 'model/sharpness')):
        for bars, name in zip(axes.containers, ('Set5', 'Set14'), strict=True):
            bar = bars[names.index('srgan-mse')]
            assert bar.get_width() == pytest.approx(metrics[f'{name}/{metric}'])
    widths = [bar.get_width() for bar in gain.containers[0]]
    assert widths == sorted(widths, reverse=True)


def test_a_set_without_records_is_one_sentence():
    with pytest.raises(InputError, match="has no 'Set7/gain/PSNR_Y'"):
        figure_gain.draw(Inputs(records=[RECORDS / 'srgan-mse_w128_t91_x4_seed0.json']), ['Set7'])


def test_squares_stand_in_the_order_of_the_epochs(tmp_path):
    original = np.ascontiguousarray(skimage.data.astronaut()[40:104, 200:264])
    made = enlarge(resize_bicubic(original, (16, 16)), 'bicubic', 4)
    black = np.zeros_like(original)
    paths = [tmp_path / f'{name}_w32_t91_x4_seed0.png' for name in ('srcnn-mse', 'srgan-pl')]
    for path, squares in zip(paths, ((black, made, original), (made, black, original)), strict=True):
        cv2.imwrite(str(path), np.hstack(squares)[..., ::-1])
    first, second = np.array(figure_epochs.draw(Inputs(records=paths), [0, 50]).axes).reshape(2, 3)
    assert [axes.get_title() for axes in first] == ['0 epochs', '50 epochs', 'original']
    assert (first[0].get_ylabel(), second[0].get_ylabel()) == ('SRCNN-MSE', 'SRGAN-PL')
    for axes, image in zip([*first, *second], (black, made, original, made, black, original), strict=True):
        assert (axes.images[0].get_array() == image).all()
    value = compare(made, original, 4)['PSNR_RGB']
    assert [axes.get_xlabel() for axes in first[1:]] == [f'{value:.1f} dB', f'bicubic {value:.1f} dB']
    with pytest.raises(InputError, match='srcnn-mse_w32_t91_x4_seed0.png is no row of 4 squares'):
        figure_epochs.draw(Inputs(records=paths), [0, 50, 100])


def test_lines_are_the_losses_of_the_curves(tmp_path):
    """Of a GAN the content loss, which its validation measures too."""
    alone = dict(loss=[(1, 4.0), (2, 2.0), (3, 1.0), (4, 2.0)], val_loss=[(0, 9.0), (2, 3.0), (4, 4.0)])
    against = dict(alone, loss_content=[(1, 3.0), (2, 2.5), (3, 1.5), (4, 1.5)])
    paths = [tmp_path / 'srcnn-mse_w32_seed0.csv', tmp_path / 'srgan-mse_w32_seed0.csv']
    for path, curve in zip(paths, (alone, against), strict=True):
        write_curve(curve, path)
    panels = figure_losses.draw(Inputs(records=paths)).axes
    for axes, trained in zip(panels, (alone['loss'], against['loss_content']), strict=True):
        lines = [line.get_xydata().tolist() for line in axes.lines]
        assert lines == [[list(point) for point in trained], [list(point) for point in alone['val_loss']]]
        assert axes.get_legend_handles_labels()[1][1].endswith('lowest after 2 epochs')
    changes = [axes.get_title() for axes in panels]
    assert changes == ['SRCNN-MSE: training changes by 69.3 % an epoch', 'SRGAN-MSE: training changes by 0.0 % an epoch']


def test_unrest_is_relative_and_of_the_second_half():
    assert figure_losses.unrest([9, 1, 9, 1, 2.0, 2.2, 2.0, 2.2]) == pytest.approx(np.log(1.1))
