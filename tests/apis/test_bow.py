"""Headings over the full circle, from a detector that tells bow from stern: through tiles, the journal and every file."""

import csv
import json
import re
from xml.etree import ElementTree

import cv2
import numpy as np
import pyogrio
import pytest
import shapely
import torch

from mmsight.apis import scene_job
from mmsight.apis.scene_job import Found
from mmsight.apis.ships import long_axis, toward_bow

# the middle of each ship, and its heading in degrees from north, which is up
SHIPS = [(60, 60, 0), (160, 70, 37), (270, 60, 90), (60, 170, 145), (165, 170, 180), (260, 170, 233), (70, 260, 270),
         (200, 260, 318)]


@pytest.fixture
def detector(make_detector):
    """Its ships are brighter at the bow, which is how sure it is."""
    detector = make_detector()
    plain = detector.model.forward

    def forward(inputs, data_samples, mode):
        for image, sample in zip(inputs, plain(inputs, data_samples, mode), strict=True):
            found = sample.pred_instances
            ends, _ = long_axis(found.bboxes.tensor.double().numpy())
            places = (ends * 0.5 + ends.mean(axis=1, keepdims=True) * 0.5).astype(int).clip(0, min(image.shape[1:]) - 1)
            light = image[0].numpy()[places[..., 1], places[..., 0]]
            found.bow_probabilities = torch.from_numpy(np.where(light[:, 1] > light[:, 0], 0.9, 0.2))
        return data_samples

    detector.model.forward = forward
    return detector


@pytest.fixture
def scene(write_scene, tmp_path):
    image = np.full((320, 340), 10, np.uint8)
    for x, y, heading in SHIPS:
        cv2.fillPoly(image, [cv2.boxPoints(((x, y), (12, 50), heading)).round().astype(np.int32)], 180)
        bow = x + 12 * np.sin(np.radians(heading)), y - 12 * np.cos(np.radians(heading))
        cv2.fillPoly(image, [cv2.boxPoints((bow, (12, 24), heading)).round().astype(np.int32)], 250)
    return write_scene(tmp_path / 's.tif', image)


def check(ships, off=2.5):
    """Places and headings. North is up, but for the convergence of the meridians."""
    assert len(ships) == len(SHIPS)
    for x, y, heading in SHIPS:
        ship = min(ships, key=lambda ship: np.hypot(ship['x'] - x, ship['y'] - y))
        assert abs((ship['heading_deg'] - heading + 180) % 360 - 180) < off and 0 <= ship['heading_deg'] < 360
        assert ship['heading_probability'] in (0.8, 0.9)


@pytest.mark.parametrize('options', [{}, dict(tile=160, overlap=66), dict(tile=160, overlap=66, batch_size=3)])
def test_headings_whole_and_in_tiles(detector, scene, options):
    found = detector(scene, **options)['predictions'][0]
    check(found['detections'])
    assert {ship['heading_probability'] for ship in found['detections']} == {0.8, 0.9}
    assert '0 to 360 degrees' in found['notes'][0]


def test_the_journal_keeps_bows(detector, scene, tmp_path, monkeypatch):
    keep, kept = scene_job.SceneJob.keep, []

    def stop(job, results):
        if kept:
            raise KeyboardInterrupt
        kept.append(keep(job, results))

    monkeypatch.setattr(scene_job.SceneJob, 'keep', stop)
    options = dict(out_dir=tmp_path / 'out', tile=200, overlap=66)
    with pytest.raises(KeyboardInterrupt):
        detector(scene, **options)
    monkeypatch.setattr(scene_job.SceneJob, 'keep', keep)
    detector.model.seen.clear()
    check(detector(scene, **options)['predictions'][0]['detections'])
    assert len(detector.model.seen) == 5  # of six tiles


def test_the_table_of_the_web_page(detector, scene):
    shown = detector.task.show(detector(scene)['predictions'][0])
    check([dict(zip(shown.header, row, strict=True)) for row in shown.rows])


def test_the_files(detector, scene, tmp_path):
    detector(scene, out_dir=tmp_path / 'out', format=['geojson', 'csv', 'gpkg', 'kml', 'html'])
    rows = list(csv.DictReader((tmp_path / 'out' / 's.csv').open()))
    check([{name: float(row[name]) for name in ('x', 'y', 'heading_deg', 'heading_probability')} for row in rows])
    features = json.loads((tmp_path / 'out' / 's.geojson').read_text())['features']
    check([feature['properties'] for feature in features])
    marks = ElementTree.parse(tmp_path / 'out' / 's.kml').iterfind('.//{*}Placemark')
    check([{data.get('name'): float(data[0].text) for data in mark.iterfind('.//{*}Data')
            if data.get('name') in ('x', 'y', 'heading_deg', 'heading_probability')} for mark in marks])
    meta, _, shapes, columns = pyogrio.raw.read(tmp_path / 'out' / 's.gpkg', layer='headings')
    table = dict(zip(meta['fields'], columns, strict=True))
    for line, heading in zip(shapely.from_wkb(shapes), table['heading_deg'], strict=True):  # arrows run from stern to bow
        (east, north), = np.diff(np.array(line.geoms[0].coords), axis=0)
        east *= np.cos(np.radians(line.centroid.y))
        assert abs((np.degrees(np.arctan2(east, north)) - heading + 180) % 360 - 180) < 1
    text = (tmp_path / 'out' / 's.html').read_text()
    assert 'probability of heading' in text and 'to its bow' in text
    lines = re.findall(r'<path class="bow"[^>]*d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"', text)
    assert len(lines) == len(SHIPS)
    for x, y, bow_x, bow_y in np.array(lines, float):
        heading = min(SHIPS, key=lambda ship: np.hypot(ship[0] - x, ship[1] - y))[2]
        assert abs((np.degrees(np.arctan2(bow_x - x, y - bow_y)) - heading + 180) % 360 - 180) < 2.5


def test_without_georeference_the_arrows_still_point_to_the_bow(detector, scene, tmp_path):
    import rasterio
    with rasterio.open(scene) as file:
        cv2.imwrite(str(tmp_path / 'a.png'), file.read(1))
    found = detector(tmp_path / 'a.png', scale=1.0, out_dir=tmp_path / 'out', format=['gpkg'], return_vis=True)
    for ship in found['predictions'][0]['detections']:
        assert ship['heading_deg'] is None and ship['heading_probability'] in (0.8, 0.9)
    *_, shapes, _ = pyogrio.raw.read(tmp_path / 'out' / 'a.gpkg', layer='headings')
    for line in shapely.from_wkb(shapes):
        (x, y), = np.diff(np.array(line.geoms[0].coords), axis=0)
        heading = min(SHIPS, key=lambda ship: np.hypot(ship[0] - line.centroid.x, ship[1] - line.centroid.y))[2]
        assert abs((np.degrees(np.arctan2(x, -y)) - heading + 180) % 360 - 180) < 2.5
    picture = found['visualization'][0].astype(int)  # twice as large, with a line from the middle to the bow
    red = picture[..., 0] - picture[..., 2] > 80
    for x, y, heading in SHIPS:
        for side, drawn in ((1, True), (-1, False)):
            at = [round(2 * (value + side * 12 * part)) for value, part in (
                (x, np.sin(np.radians(heading))), (y, -np.cos(np.radians(heading))))]
            assert red[at[1] - 2:at[1] + 3, at[0] - 2:at[0] + 3].any() == drawn


def test_boxes_turn_to_the_likelier_bow_and_stay_the_same_rectangles():
    boxes = np.array([[10, 20, 8, 30, 0.3], [10, 20, 30, 8, 0.3], [10, 20, 30, 8, 0.3], [10, 20, 8, 30, 0.3]])
    turned, sure = toward_bow(boxes, np.array([0.9, 0.2, 0.5, np.nan]))
    np.testing.assert_allclose(turned[:, 4], [0.3 + np.pi / 2, 0.3 + np.pi, 0.3, 0.3])
    np.testing.assert_allclose(turned[:, 2:4], [[30, 8]] * 3 + [[8, 30]])
    np.testing.assert_allclose(sure, [0.9, 0.8, 0.5, np.nan])
    assert np.isnan(Found(boxes).bows).all() and len(Found(boxes)[:2].bows) == 2
