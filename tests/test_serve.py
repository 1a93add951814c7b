"""The web page: what its buttons do, and what it refuses."""

import cv2
import numpy as np
import pytest

from mmsight.cli import main

pytest.importorskip('gradio', reason="the web page needs the extra 'web'")


def test_mistakes_are_sentences_without_the_servers_paths(untrained, tmp_path):
    import gradio

    from mmsight.serve import Tasks
    (tmp_path / 'text.png').write_text('no image')
    cv2.imwrite(str(tmp_path / 'image.png'), np.zeros((30, 40), np.uint8))
    tasks = Tasks(dict(detect='none_toy', upscale=untrained('super_resolution_toy')), 'cpu', max_pixels=15_000)
    for call, sentence in (
            (lambda: tasks.upscale(None, 128), 'choose a file first'),
            (lambda: tasks.match(str(tmp_path / 'image.png'), None, 'SIFT', 100), 'choose two files first'),
            (lambda: tasks.upscale(str(tmp_path / 'text.png'), 128), 'text.png: the file is damaged or no image (8 bytes)'),
            (lambda: tasks.upscale(str(tmp_path / 'image.png'), 128), 'image.png: 0.0192 million pixels would be made'),
            (lambda: tasks.detect(str(tmp_path / 'image.png'), 0.5, 0), "config 'none_toy' is neither a file")):
        with pytest.raises(gradio.Error) as problem:
            next(call())
        assert problem.value.message.startswith(sentence)
    result, = tasks.match(str(tmp_path / 'image.png'), str(tmp_path / 'image.png'), 'SIFT', 100)
    assert result[0] == 'No reliable homography was found: image.png shows nothing, its pixels are all alike.'


def test_pixels_are_counted_from_headers(tmp_path):
    import nibabel

    from mmsight.serve import count_pixels
    cv2.imwrite(str(tmp_path / 'image.png'), np.zeros((30, 40), np.uint8))
    cv2.imwrite(str(tmp_path / 'image.tif'), np.zeros((30, 50), np.uint16))
    nibabel.save(nibabel.Nifti1Image(np.zeros((3, 4, 5), np.int16), np.eye(4)), tmp_path / 'scan.nii.gz')
    (tmp_path / 'text.nii.gz').write_text('no scan')
    counts = [count_pixels(tmp_path / name) for name in ('image.png', 'image.tif', 'scan.nii.gz', 'text.nii.gz')]
    assert counts == [1200, 1500, 60, 0]


def test_the_command_explains_a_wrong_model(capsys):
    with pytest.raises(SystemExit, match='--models find=x: expected TASK=MODEL with a task of detect, match'):
        main(['serve', '--models', 'find=x'])
