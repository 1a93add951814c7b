"""PSNR, SSIM and sharpness against formulas and mmagic; the baselines of the same run; Set5's published bicubic row."""

import numpy as np
import pytest
import torch
from mmagic.evaluation.metrics.psnr import psnr as host_psnr
from mmagic.evaluation.metrics.ssim import ssim as host_ssim
from mmsight.projects.super_resolution import SuperResolutionMetric
from mmsight.projects.super_resolution.metric import compare, enlarge, to_image
from mmsight.projects.super_resolution.resize import resize_bicubic
from scipy import ndimage


def pair(seed=0, height=40, width=36):
    rng = np.random.default_rng(seed)
    target = ndimage.gaussian_filter(rng.integers(0, 256, (height, width, 3)).astype(float), (2, 2, 0))
    target = ((target - target.min()) / np.ptp(target) * 255).astype(np.uint8)
    noisy = np.rint(target + rng.normal(0, 6, target.shape)).clip(0, 255).astype(np.uint8)
    return noisy, target


def luma(image):
    """ITU-R BT.601, as MATLAB's rgb2ycbcr."""
    return image.astype(float) @ [65.481, 128.553, 24.966] / 255 + 16


@pytest.mark.parametrize('border', [0, 4])
def test_psnr_by_the_formula(border):
    image, target = pair()
    inner = (slice(border, -border or None), ) * 2
    found = compare(image, target, border)
    for key, space in (('PSNR_RGB', lambda x: x.astype(float)), ('PSNR_Y', luma)):
        error = np.mean((space(image)[inner] - space(target)[inner])**2)
        assert found[key] == pytest.approx(10 * np.log10(255**2 / error), abs=1e-3)


@pytest.mark.parametrize('border', [0, 4])
def test_psnr_and_ssim_are_mmagics(border):
    image, target = pair()
    found = compare(image, target, border)
    for space, name in (('Y', 'Y'), (None, 'RGB')):
        options = dict(crop_border=border, convert_to=space, channel_order='rgb')
        assert found[f'PSNR_{name}'] == pytest.approx(host_psnr(target, image, **options), abs=1e-3)
        assert found[f'SSIM_{name}'] == pytest.approx(host_ssim(target, image, **options), abs=1e-4)


def test_equal_images_and_sharpness():
    image, target = pair()
    same = compare(target, target, 4)
    assert same['PSNR_Y'] == np.inf and same['SSIM_RGB'] == pytest.approx(1) and same['sharpness'] == pytest.approx(1)
    assert compare(image, target, 4)['sharpness'] > 1  # noise is detail
    blurred = ndimage.gaussian_filter(target, (1, 1, 0))
    assert compare(blurred, target, 4)['sharpness'] < 1


def test_enlarging_without_learning():
    low = pair(height=5, width=7)[1]
    assert np.array_equal(enlarge(low, 'nearest', 3), low.repeat(3, 0).repeat(3, 1))
    assert np.array_equal(enlarge(low, 'bicubic', 3), resize_bicubic(low, (15, 21)))
    grey = np.tile(np.arange(0, 70, 10, dtype=np.uint8)[None, :, None], (5, 1, 3))
    assert enlarge(grey, 'bilinear', 2)[0, 1:5, 0].tolist() == [2, 7, 12, 17]  # 2.5, 7.5, 12.5 and 17.5, rounded down


def as_sample(target, low, predicted, name):
    def tensor(image):
        return torch.from_numpy(image[..., ::-1].transpose(2, 0, 1).copy())
    return dict(gt_img=tensor(target), input=tensor(low).float(), output=dict(pred_img=tensor(predicted).float() + 0.3),
                set_name=name, gt_path=f'{name}{target.mean()}')


def test_sets_are_averaged_apart_beside_the_baselines(by_cases):
    metric = SuperResolutionMetric()
    expected = {}
    for name, seeds in (('A', (1, 2)), ('B', (3, ))):
        rows = []
        for seed in seeds:
            image, target = pair(seed)
            low = resize_bicubic(target, (10, 9))
            metric.process({}, [as_sample(target, low, image, name)])
            rows.append((compare(image, target, 4), compare(enlarge(low, 'bicubic', 4), target, 4)))
        expected[name] = [np.mean([row[i]['PSNR_Y'] for row in rows]) for i in (0, 1)]
    found = metric.evaluate(3)
    for name, (model, bicubic) in expected.items():
        assert found[f'{name}/model/PSNR_Y'] == pytest.approx(model)  # predictions are rounded
        assert found[f'{name}/bicubic/PSNR_Y'] == pytest.approx(bicubic)
        assert found[f'{name}/gain/PSNR_Y'] == pytest.approx(model - bicubic)
    assert {'A/nearest/SSIM_RGB', 'B/bilinear/sharpness'} <= found.keys()
    for name in ('A/model/PSNR_Y', 'A/bicubic/PSNR_Y', 'B/model/SSIM_RGB'):
        assert by_cases(name) == pytest.approx(found[name])


def test_host_tensors_become_rounded_rgb():
    tensor = torch.tensor([[[1.6]], [[-3.0]], [[300.0]]])
    assert to_image(tensor).tolist() == [[[255, 0, 2]]]


def test_set5_bicubic_is_the_literatures(real_data):
    """28.42 dB on Y without 4 pixels of border: the protocol is the one everybody reports."""
    from mmsight.projects.super_resolution.loading import load_rgb
    found = []
    for path in sorted((real_data / 'sr' / 'Set5' / 'x4').glob('*_HR.png')):
        target, low = load_rgb(str(path)), load_rgb(str(path).replace('_HR', '_LR'))
        found.append(compare(enlarge(low, 'bicubic', 4), target, 4))
    assert len(found) == 5
    assert np.mean([row['PSNR_Y'] for row in found]) == pytest.approx(28.42, abs=0.05)
    assert np.mean([row['SSIM_Y'] for row in found]) == pytest.approx(0.8104, abs=0.002)
