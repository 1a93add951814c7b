"""The web page: what its buttons do, and what it refuses; in a real browser where there is one."""

import importlib.util
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmsight.cli import main
from mmsight.tasks import find_tasks
from mmsight.web_worker import Answer

pytest.importorskip('gradio', reason="the web page needs the extra 'web'")


@pytest.fixture(scope='module')
def address(untrained):
    """Of the page over untrained networks."""
    from mmsight.serve import open_page
    models = {task: untrained(f'{project}_toy')
              for task, project in dict(detect='sar_shipnet', upscale='super_resolution', segment='eas_unet').items()}
    with open_page(models, 'cpu', max_mb=1, max_pixels=2_000_000) as url:
        assert url.startswith('http://127.0.0.1:')
        yield url


@pytest.fixture
def page(address, browser):
    """The page in a browser."""
    view = browser.new_page()
    view.set_default_timeout(300_000)  # a busy machine takes its time
    requested = []
    view.on('request', lambda request: requested.append(request.url))
    view.goto(address)
    yield view
    assert all(asked.startswith((address, 'data:', 'blob:')) for asked in requested)  # nothing comes from elsewhere
    view.close()


def open_tab(page, title):
    page.get_by_role('tab', name=title).click()
    return page.locator('[role=tabpanel]:visible')


@pytest.mark.slow
@pytest.mark.parametrize('title, example, sentence, files, row', [
    ('Match two images', 'Red and blue light of a retina', 'matches agree', 5, 'residual_px, median'),
    ('Upscale an image', 'Photograph of a cat', '576 x 384 pixels', 1, 'channels'),
    ('Segment a liver', 'CT of an abdomen', 'not a medical device', 3, 'volume_ml')])
def test_a_click_on_an_example_shows_its_result_in_a_browser(page, title, example, sentence, files, row):
    tab = open_tab(page, title)
    tab.get_by_text(example).click()
    tab.get_by_test_id('detailed-image').wait_for()
    tab.get_by_text(sentence).last.wait_for()
    tab.get_by_text('Model: ').last.wait_for()
    links = tab.locator('.file-preview').last.locator('a')
    links.nth(files - 1).wait_for()  # they may be shown after the text
    assert links.count() == files
    tab.get_by_text(row).last.wait_for()


@pytest.mark.slow
def test_the_page_of_a_scene_is_there_in_a_browser_and_reaches_nothing_else(page, tmp_path):
    """Of an image of the user, by the button; an untrained network finds no ships in it."""
    cv2.imwrite(str(tmp_path / 'sea.png'), np.random.default_rng(0).integers(0, 60, (300, 200), np.uint8))
    tab = open_tab(page, 'Detect ships')
    tab.locator('input[type=file]').first.set_input_files(str(tmp_path / 'sea.png'))
    tab.locator('.file-preview').first.wait_for()
    tab.get_by_role('button', name='Run').click()
    tab.get_by_text('its network was computed by torch').wait_for()
    links = tab.locator('.file-preview').last.locator('a')
    links.nth(5).wait_for()  # until then the last preview is that of the input
    assert links.count() == 6
    scene = tab.frame_locator('iframe')
    scene.get_by_role('heading', name='Ships in sea.png').wait_for()
    view = scene.locator('#scene')
    assert view.get_attribute('viewBox') == '0 0 200 300'
    scene.locator('#closer').click()  # its script runs
    assert view.get_attribute('viewBox') == '50 75 100 150'
    outside = '() => { try { return parent.document.title } catch (error) { return error.name } }'
    assert view.evaluate(outside) == 'SecurityError'
    page.goto(page.url + tab.locator('iframe').get_attribute('src'))  # nor in a window of its own
    assert page.title() == 'Ships in sea.png' and page.evaluate('origin') == 'null'


@pytest.mark.slow
def test_bad_uploads_are_sentences_in_a_browser(page, tmp_path):
    (tmp_path / 'text.png').write_text('no image')
    cv2.imwrite(str(tmp_path / 'large.png'), np.zeros((1500, 1400), np.uint8))
    (tmp_path / 'heavy.png').write_bytes(bytes(2**21))
    tab = open_tab(page, 'Detect ships')
    message = page.get_by_test_id('toast-body')

    def upload(name):
        tab.locator('input[type=file]').first.set_input_files(str(tmp_path / name))

    def run():
        tab.get_by_role('button', name='Run').click()

    run()
    message.get_by_text('choose a file first').wait_for()
    for name, sentence in (('text.png', "text.png: the file is damaged, or not an image: it begins with b'no image'"),
                           ('large.png', 'large.png: 2.1 million pixels, and 2 million are allowed on this page')):
        upload(name)
        tab.locator('.file-preview').first.wait_for()
        run()
        message.get_by_text(sentence).wait_for()
        tab.get_by_label('Clear').first.click()
    upload('heavy.png')
    message.get_by_text('exceed the maximum allowed size').wait_for()


@pytest.fixture
def make_runner(tmp_path):
    """A :class:`mmsight.serve.Runner` whose process ends with the test."""
    from mmsight.serve import Runner
    from mmsight.web_pages import ResultPages
    made = []

    def make(models, *args, **options):
        made.append(Runner(models, ResultPages(tmp_path / 'results'), *args, **options))
        return made[-1]

    yield make
    for runner in made:
        runner.worker.close()


@pytest.mark.slow
def test_mistakes_are_sentences_without_the_servers_paths(make_runner, untrained, tmp_path):
    import gradio
    (tmp_path / 'text.png').write_text('no image')
    image, text = str(tmp_path / 'image.png'), str(tmp_path / 'text.png')
    cv2.imwrite(image, np.zeros((30, 40), np.uint8))
    model = Path(untrained('super_resolution_toy'))
    runner = make_runner(dict(detect='none_toy', upscale=str(model)), 'cpu', max_pixels=15_000)
    for name, values, sentence in (
            ('upscale', (None, model.name, 128), 'choose a file first'),
            ('match', (image, None, 'SIFT', 100), 'choose 2 files first'),
            ('upscale', (text, model.name, 128), "text.png: the file is damaged, or not an image: it begins with b'no image'"),
            ('upscale', (image, model.name, 128), 'image.png: 0.0192 million pixels, and 0.015 million are allowed'),
            ('upscale', (image, str(model), 128), 'the page has no model'),
            ('detect', (image, 'none_toy', 0.5, 0), "config 'none_toy' is neither a file")):
        with pytest.raises(gradio.Error) as problem:
            next(runner.run(find_tasks()[name], *values))
        assert problem.value.message.startswith(sentence)
    result, = runner.run(find_tasks()['match'], image, image, 'SIFT', 100)
    assert result[0] == ('no reliable homography was found: image.png shows nothing, its pixels are all alike\n\n'
                         'Model: SIFT')


def test_the_lowest_position_of_a_slider_is_the_default(make_runner, tmp_path, monkeypatch):
    runner, task, seen = make_runner({}, 'cpu'), find_tasks()['upscale'], []
    monkeypatch.setattr(runner.worker, 'predict', lambda *args: seen.append(args[-1]) or Answer('', '', [], [], [], []))
    for position in (0, 32):
        next(runner.run(task, 'image.png', 'upscale-res16', position))
    assert seen == [dict(tile=None), dict(tile=32)]


def test_a_tab_offers_its_model_and_those_in_the_box(make_runner):
    runner, tasks = make_runner(dict(detect='/secret/folder/best.pth', upscale='upscale-srcnn-mse'), 'cpu'), find_tasks()
    assert runner.models_of(tasks['detect']) == {
        'best.pth': '/secret/folder/best.pth', **{name: name for name in ('ships-sar', 'ships-harbour', 'ships-sar-rotated')}}
    assert list(runner.models_of(tasks['upscale'])) == ['upscale-srcnn-mse', 'upscale-res16']
    assert list(runner.models_of(tasks['match'])) == ['RIFT', 'keypoints-r2d2', 'SIFT', 'ORB']


def test_the_page_of_a_result_is_kept_for_an_hour_under_an_address_of_its_own(tmp_path):
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from mmsight.web_pages import ResultPages
    app, pages, written = FastAPI(), ResultPages(tmp_path / 'results'), tmp_path / 'scene.html'
    pages.add_to(app)
    client = TestClient(app)
    assert client.get('/results/none').status_code == 404
    written.write_text('<p>ships of the first scene</p>')
    first = pages.keep(written)
    written.write_text('<p>ships of the second</p>')
    second = pages.keep(written)
    assert first != second and len(first) == len('results/') + 22  # 128 bits
    for address, text in ((first, 'the first scene'), (second, 'the second')):
        answer = client.get(f'/{address}')
        assert text in answer.text and answer.headers['content-type'] == 'text/html; charset=utf-8'
        assert "sandbox allow-scripts; default-src 'none'" in answer.headers['content-security-policy']
    assert client.get(f'/results/..%2F{written.name}').status_code == client.get('/results/..').status_code == 404
    kept = tmp_path / first
    os.utime(kept, (0, kept.stat().st_mtime - 3601))
    pages.keep(written)
    answer = client.get(f'/{first}')
    assert (answer.status_code, answer.text) == (404, 'this result is no longer kept: run it again')
    assert client.get(f'/{second}').status_code == 200


@pytest.mark.slow
def test_a_runtime_computes_the_networks_of_the_page(make_runner, untrained, tmp_path, monkeypatch):
    """And methods without a network work beside them."""
    monkeypatch.setenv('MMSIGHT_CACHE', str(tmp_path / 'cache'))
    image = str(tmp_path / 'image.png')
    cv2.imwrite(image, np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8))
    model = untrained('super_resolution_toy')
    for runtime in ('torch', 'onnx'):
        runner = make_runner(dict(upscale=model), 'cpu', runtime=runtime)
        result, = runner.run(find_tasks()['upscale'], image, Path(model).name, 0)
        assert result[0].endswith(f'Model: {Path(model).name}; its network was computed by {runtime}')
    assert list((tmp_path / 'cache').rglob('*.onnx'))
    result, = runner.run(find_tasks()['match'], image, image, 'ORB', 100)
    assert result[0].endswith('Model: ORB')


def test_a_missing_extra_is_a_line_and_no_tab(make_runner, monkeypatch, tmp_path):
    """As if the extra of CT volumes were not installed: the other tabs are there."""
    from mmsight.serve import build_page
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None if name in ('mmseg', 'nibabel') else real(name))
    page = build_page(make_runner({}, 'cpu'), [find_tasks()[name] for name in ('match', 'segment')], tmp_path)
    words = [getattr(block, 'label', None) or getattr(block, 'value', None) for block in page.blocks.values()
             if type(block).__name__ in ('Tab', 'Markdown')]
    assert 'Match two images' in words and 'Segment a liver' not in words
    assert "`mmsight segment` needs mmseg, which is not installed: run `pip install 'mmsight[seg]'`" in words


def test_pixels_are_counted_from_headers(untrained, tmp_path):
    import nibabel

    from mmsight.apis import DetectInferencer, SegmentInferencer, UpscaleInferencer
    cv2.imwrite(str(tmp_path / 'image.png'), np.zeros((30, 40), np.uint8))
    cv2.imwrite(str(tmp_path / 'image.tif'), np.zeros((30, 50), np.uint16))
    nibabel.save(nibabel.Nifti1Image(np.zeros((3, 4, 5), np.int16), np.eye(4)), tmp_path / 'scan.nii.gz')
    (tmp_path / 'text.nii.gz').write_text('no scan')
    for kind, paper, counts in ((DetectInferencer, 'sar_shipnet', {'image.png': 1200, 'image.tif': 1500, 'text.nii.gz': 0}),
                                (SegmentInferencer, 'eas_unet', {'scan.nii.gz': 60, 'text.nii.gz': 0}),
                                (UpscaleInferencer, 'super_resolution', {'image.png': 19200})):
        inferencer = kind(untrained(f'{paper}_toy'), device='cpu', show_progress=False)
        assert {name: inferencer.count_pixels(tmp_path / name) for name in counts} == counts


def test_the_command_explains_a_wrong_model(capsys):
    with pytest.raises(SystemExit, match='--models find=x: expected TASK=MODEL with a task of detect, match'):
        main(['serve', '--models', 'find=x'])


def test_the_command_refuses_a_runtime_at_its_start():
    with pytest.raises(SystemExit, match=r'^error: --runtime must be one of torch, onnx, .*, found tensorrt$'):
        main(['serve', '--port', '0', '--runtime', 'tensorrt'])
    with pytest.raises(SystemExit, match=r'^error: --runtime onnx computes on a CPU, and the device is cuda:0: add'):
        main(['serve', '--port', '0', '--runtime', 'onnx', '--device', 'cuda:0'])
