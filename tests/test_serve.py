"""The web page: what its buttons do, and what it refuses; in a real browser where there is one."""

import shutil

import cv2
import numpy as np
import pytest

from mmsight.cli import main

pytest.importorskip('gradio', reason="the web page needs the extra 'web'")
CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)


@pytest.fixture
def page(untrained):
    """The page over untrained networks, in a browser."""
    sync_api = pytest.importorskip('playwright.sync_api', reason='playwright is not installed')
    if CHROMIUM is None:
        pytest.skip('no Chromium on the path')
    from mmsight.serve import serve
    models = {task: untrained(f'{project}_toy')
              for task, project in dict(detect='sar_shipnet', upscale='super_resolution', segment='eas_unet').items()}
    server, url = serve(models, 'cpu', '127.0.0.1', 0, max_mb=1, max_pixels=2_000_000, block=False)
    assert url.startswith('http://127.0.0.1:')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox', '--disable-gpu'])
        view = browser.new_page()
        view.set_default_timeout(300_000)
        requested = []
        view.on('request', lambda request: requested.append(request.url))
        view.goto(url)
        yield view
        assert all(address.startswith((url, 'data:', 'blob:')) for address in requested)  # nothing comes from elsewhere
        browser.close()
    server.close()


def open_tab(page, title):
    page.get_by_role('tab', name=title).click()
    return page.locator('[role=tabpanel]:visible')


@pytest.mark.parametrize('title, sentence, files, row', [
    ('Detect ships', '0 ships', 5, 'heading_deg'),  # an untrained network finds none
    ('Match two images', 'matches agree', 5, 'residual median'),
    ('Upscale an image', '288 x 288 pixels', 1, 'channels'),
    ('Segment a liver', 'not a medical device', 2, 'volume_ml')])
def test_a_tab_runs_its_example_in_a_browser(page, title, sentence, files, row):
    tab = open_tab(page, title)
    tab.locator('.gallery-item, tr.tr-body').first.click()
    if title == 'Match two images':
        tab.get_by_label('SIFT').click()
    tab.locator('.file-preview').first.wait_for()
    tab.get_by_role('button', name='Run').click()
    tab.locator('button.thumbnail-item img, .grid-container img').first.wait_for()
    tab.get_by_text(sentence).last.wait_for()
    assert tab.locator('.file-preview').last.locator('a').count() == files
    tab.get_by_text(row).last.wait_for()


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
    for name, sentence in (('text.png', 'text.png: the file is damaged or no image (8 bytes)'),
                           ('large.png', 'large.png: 2.1 million pixels, and 2 million are allowed on this page')):
        upload(name)
        tab.locator('.file-preview').first.wait_for()
        run()
        message.get_by_text(sentence).wait_for()
        tab.get_by_label('Clear').first.click()
    upload('heavy.png')
    message.get_by_text('exceed the maximum allowed size').wait_for()


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
