"""The page on a scene: what is in it, and what a user does with it in a browser."""

import base64
import re

import cv2
import numpy as np
import pytest

from mmsight.apis import scene_page
from mmsight.apis.scene import Scene
from mmsight.apis.scene_page import write_scene_page
from mmsight.apis.ships import describe

REPORT = dict(ships=4, on_land=1, threshold=0.3, tiles=2, checkpoint='a/ships.pth', warnings=['<b>odd</b>'], notes=['of boxes'],
              failed_tiles=[dict(x=300, y=10, width=60, height=50, reason='no memory')])
BOXES = np.array([[60, 40, 30, 8, 0.3], [200, 150, 50, 10, 1.2], [320, 60, 20, 8, 2.0], [380, 280, 40, 9, 0.1]])
SCORES = np.array([0.9, 0.7, 0.5, 0.4])


@pytest.fixture
def scene(write_scene, tmp_path):
    image = np.random.default_rng(0).integers(0, 60, (300, 400)).astype(np.uint8)
    for (x, y), size, angle in ((box[:2], box[2:4], np.degrees(box[4])) for box in BOXES):
        cv2.fillPoly(image, [cv2.boxPoints(((x, y), size, angle)).round().astype(np.int32)], 230)
    return Scene(write_scene(tmp_path / '<scene>.tif', image))


def write(scene, path, **report):
    ships = describe(BOXES, SCORES, np.zeros(4, int), True, ['ship'], scene)
    write_scene_page(ships, scene, {**REPORT, **report}, path)
    return ships, path.read_text()


def test_the_page_holds_everything(scene, tmp_path):
    ships, text = write(scene, tmp_path / 'page.html')
    assert '<b>4 ships</b> above a score of 0.3, 1 on land left out. 400 x 300 pixels, 10 m a pixel; 2 tiles' in text
    assert '&lt;b&gt;odd' in text and '<b>odd' not in text and '<scene>' not in text
    assert 'the tile of 60 x 50 pixels at x 300, y 10 failed: no memory' in text
    assert not re.search(r'(?:src|href)="(?!data:)', text)  # no file beside it, no network
    for ship in ships:
        points = re.search(rf'id="box{ship["id"]}" points="([^"]+)"', text)[1]
        np.testing.assert_allclose([[float(value) for value in pair.split(',')] for pair in points.split()], ship['pixels'],
                                   atol=0.01)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(re.search('jpeg;base64,([^"]+)', text)[1]), np.uint8), 0)
    assert np.abs(picture.astype(int) - scene.read(0, 0, 400, 300)[0][..., 0]).mean() < 6


def test_a_reduced_picture_has_all_pixels_around_ships(scene, tmp_path, monkeypatch):
    monkeypatch.setattr(scene_page, 'SIDE', 100)
    monkeypatch.setattr(scene_page, 'CHIPS', 2)
    _, text = write(scene, tmp_path / 'page.html')
    images = re.findall(r'<image x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" [^>]*base64,([^"]+)"', text)
    assert len(images) == 3 and images[0][:4] == ('0', '0', '400', '300')
    for (*window, content), box in zip(images[1:], BOXES, strict=False):
        x, y, width, height = map(int, window)
        shown = cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), 0)
        assert shown.shape == (height, width) and x < box[0] - box[2] / 2 and x + width > box[0] + box[2] / 2
        assert np.abs(shown.astype(int) - scene.read(x, y, width, height)[0][..., 0]).mean() < 8


def test_a_scene_without_ships(scene, tmp_path):
    write_scene_page([], scene, dict(REPORT, ships=0), tmp_path / 'page.html')
    text = (tmp_path / 'page.html').read_text()
    assert '<b>0 ships</b>' in text and '<polygon' not in text and 'Lengths and headings' not in text


@pytest.mark.slow
def test_a_user_sorts_chooses_and_zooms(scene, tmp_path, browser):
    write(scene, tmp_path / 'page.html')
    view, requested, faults = browser.new_page(), [], []
    view.on('request', lambda request: requested.append(request.url))
    view.on('pageerror', lambda error: faults.append(error))
    view.goto((tmp_path / 'page.html').as_uri())

    def order():
        return [int(row.locator('td').first.inner_text()) for row in view.locator('#ships tbody tr').all()]

    def box():
        return [float(value) for value in view.locator('#scene').get_attribute('viewBox').split()]

    assert order() == [1, 2, 3, 4]
    view.get_by_role('button', name='length').click()
    assert order() == [2, 4, 1, 3]
    view.get_by_role('button', name='length').click()
    assert order() == [3, 1, 4, 2]
    view.locator('#row2').click()
    x, y, width, height = box()
    assert (x + width / 2, y + height / 2) == pytest.approx((200, 150), abs=1) and width < 300
    assert 'chosen' in view.locator('#box2').get_attribute('class')
    view.get_by_role('button', name='all').click()
    assert box() == [0, 0, 400, 300]
    view.locator('#box1').click()
    assert view.locator('#ships tr.chosen').get_attribute('id') == 'row1'
    area = view.locator('#scene').bounding_box()
    middle = area['x'] + area['width'] / 2, area['y'] + area['height'] / 2
    view.mouse.move(*middle)
    view.mouse.wheel(0, -400)
    view.wait_for_function("document.getElementById('scene').getAttribute('viewBox') !== '0 0 400 300'")
    x, y, width, height = box()
    assert width == pytest.approx(400 / np.e, rel=1e-3) and x + width / 2 == pytest.approx(200, abs=1)
    view.mouse.down()
    view.mouse.move(middle[0] + 50, middle[1] + 20)
    view.mouse.up()
    assert box()[0] < x and box()[1] < y and box()[2:] == [width, height]
    assert not faults and [url for url in requested if not url.startswith('data:')] == [(tmp_path / 'page.html').as_uri()]
