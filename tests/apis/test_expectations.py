"""An image far from those that a model was trained on is named, and one that fits is not."""

import cv2
import numpy as np
import pytest

from mmsight.apis.expectations import size_warnings


def test_size():
    warning, = size_warnings('a.png', 40, 30, dict(image_size=[190, 668]))
    assert 'a.png: the longer side has 40 pixels' in warning and 'trained on had 190 to 668' in warning
    for width, height in ((95, 10), (10, 200), (3000, 3000)):
        assert not size_warnings('a.png', width, height, dict(image_size=[190, 668]))
    assert not size_warnings('a.png', 1, 1, {})
    assert size_warnings('a.png', 40, 30, dict(image_size=[256, 256]))[0].endswith('had 256: expect worse results')


@pytest.mark.parametrize('trained_on_grey', [True, False])
def test_grey_and_colour(make_detector, tmp_path, trained_on_grey):
    detector = make_detector(grey=trained_on_grey)
    detector.model.dataset_meta.update(modality='radar' if trained_on_grey else 'red, green, blue', image_size=[64, 64])
    grey = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    pictures = dict(grey=grey, same=np.repeat(grey[..., None], 3, axis=2),
                    colour=np.stack([grey, grey // 2, 255 - grey], axis=2))
    for name, image in pictures.items():
        cv2.imwrite(str(tmp_path / f'{name}.png'), image)
        warnings = detector(tmp_path / f'{name}.png')['predictions'][0]['warnings']
        if (name == 'colour') == trained_on_grey:
            found, wanted = ('in colour', 'grey') if trained_on_grey else ('grey', 'colour')
            assert f'{name}.png: the image is {found}, and the model was trained on {wanted} images, namely ' in warnings[0]
        else:
            assert not warnings
