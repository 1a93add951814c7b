"""Scenes in, ships out: at seams, after a kill, with failing tiles, on land; and the files that tell of them."""

import csv
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.ops import box_iou_rotated
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import MODELS, init_default_scope
from PIL import Image
from rasterio import Affine

from mmsight.apis import DetectInferencer, detect
from mmsight.cli import main
from mmsight.configs import load_config
from mmsight.errors import InputError

TOY = 'configs/sar_shipnet/sar_shipnet_toy.py'
RNG = np.random.default_rng(0)
OFFSETS = [tuple(int(value) for value in RNG.integers(1, 95, 2)) for _ in range(8)]


def boxes_of(found):
    return found['predictions'][0].pred_instances.bboxes


def one_to_one(first, second):
    """Share of boxes with exactly one partner above an oriented IoU of 0.9, seen from both sides."""
    pairs = box_iou_rotated(first.float(), second.float()) > 0.9
    assert len(first) and len(second)
    return ((pairs.sum(1) == 1).sum() + (pairs.sum(0) == 1).sum()).item() / (len(first) + len(second))


@pytest.mark.parametrize('rotated', [True, False])
def test_no_ship_is_doubled_or_cut_at_seams(make_detector, write_scene, ships, tmp_path, rotated):
    detector = make_detector(rotated)
    image, truth = ships(500, 620, 60)
    scene = write_scene(tmp_path / 's.tif', image, tiled=True, blockxsize=128, blockysize=128)
    whole = boxes_of(detector(scene, tile=1024, return_datasamples=True))
    assert len(whole) == len(truth) == 60
    for tile, offset in [(160, (0, 0)), (256, (0, 0)), *((160, offset) for offset in OFFSETS)]:
        found = detector(scene, tile=tile, overlap=66, offset=offset, return_datasamples=True)
        assert len(boxes_of(found)) == len(whole) and one_to_one(boxes_of(found), whole) == 1
        assert found['predictions'][0].failed == {}
    batches = detector(scene, tile=160, overlap=66, batch_size=4, return_datasamples=True)
    assert one_to_one(boxes_of(batches), whole) == 1


def test_tiles_that_hold_a_window_hardly_once_are_told(untrained, write_scene, tmp_path):
    """The toy pools over windows of 256 pixels."""
    scene = write_scene(tmp_path / 's.tif', np.random.default_rng(0).integers(0, 60, (500, 700), np.uint8))
    detector = DetectInferencer(untrained('sar_shipnet_toy'), device='cpu', show_progress=False)

    def told(**options):
        return [text for text in detector(scene, threshold=1.0, **options)['predictions'][0]['warnings'] if 'windows' in text]

    warning, = told(tile=511)
    assert warning.startswith('s.tif: tiles of 511 pixels are less than twice as wide as the windows of 256 that')
    assert told(tile=512) == told() == []


def test_a_ship_longer_than_the_overlap_is_said(make_detector, write_scene, tmp_path):
    image = np.zeros((100, 400), np.uint8)
    image[40:52, 60:330] = 200
    found = make_detector()(write_scene(tmp_path / 's.tif', image), tile=128, overlap=32)['predictions'][0]
    assert any('raise --overlap' in warning for warning in found['warnings'])


def test_the_files(make_detector, write_scene, ships, tmp_path):
    detector = make_detector()
    image, truth = ships(300, 400, 12)
    scene = write_scene(tmp_path / 's.tif', image)
    found = detector(scene, out_dir=tmp_path / 'out', crops=True, tile=160, overlap=66, return_vis=True)
    names = sorted(path.name for path in (tmp_path / 'out').iterdir() if path.name != '.mmsight')
    assert names == ['s.csv', 's.geojson', 's.html', 's_coco.json', 's_crops', 's_preview.jpg', 's_report.json']
    rows = list(csv.DictReader((tmp_path / 'out' / 's.csv').open()))
    features = json.loads((tmp_path / 'out' / 's.geojson').read_text())
    coco = json.loads((tmp_path / 'out' / 's_coco.json').read_text())
    report = json.loads((tmp_path / 'out' / 's_report.json').read_text())
    assert len(rows) == len(features['features']) == len(coco['annotations']) == report['ships'] == 12
    assert 'modulo 180 degrees' in features['notes'][0] and report['failed_tiles'] == []
    assert [float(row['score']) for row in rows] == sorted((float(row['score']) for row in rows), reverse=True)
    for row, feature, annotation in zip(rows, features['features'], coco['annotations'], strict=True):
        nearest = truth[np.hypot(*(truth[:, :2] - (float(row['x']), float(row['y']))).T).argmin()]
        assert float(row['length_m']) == pytest.approx(10 * nearest[2:4].max(), abs=45)
        # north is up, and the meridian of the zone runs through the left edge
        heading = (90 + np.degrees(nearest[4]) + 90 * (nearest[2] < nearest[3])) % 180
        assert abs((float(row['heading_deg']) - heading + 90) % 180 - 90) < 6
        ring = np.array(feature['geometry']['coordinates'][0])
        assert (ring[0] == ring[-1]).all() and len(ring) == 5
        x, y = ring[:-1].T
        assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0
        assert ring[:-1].mean(axis=0) == pytest.approx((float(row['longitude']), float(row['latitude'])), abs=1e-6)
        assert 15 <= ring[0, 0] < 15.06 and 45.1 < ring[0, 1] < 45.16
        points = np.array(annotation['segmentation'][0]).reshape(4, 2)
        assert annotation['bbox'] == pytest.approx([*points.min(axis=0), *np.ptp(points, axis=0)], abs=0.02)
    preview = cv2.imread(str(tmp_path / 'out' / 's_preview.jpg'))
    assert preview.shape == (600, 800, 3) and found['visualization'][0].shape == preview.shape
    red = (preview[..., 2] > 150) & (preview[..., 0] < 120)
    assert red.sum() > 12 * 60
    assert len(list((tmp_path / 'out' / 's_crops').iterdir())) == 12
    crop = cv2.imread(str(tmp_path / 'out' / 's_crops' / '00001.png'))
    height, width = crop.shape[:2]
    assert crop[height // 2 - 1, width // 2 - 1].min() > 128 > crop[0, 0].max()  # the ship is in the middle
    with pytest.raises(InputError, match='exists already.*--overwrite'):
        detector(scene, out_dir=tmp_path / 'out')
    detector(scene, out_dir=tmp_path / 'out', overwrite=True)
    assert not (tmp_path / 'out' / 's_crops').exists()


def test_without_ships_nothing_is_said_of_their_headings(make_detector, write_scene, ships, tmp_path):
    write_scene(tmp_path / 's.tif', ships(200, 200, 5)[0])
    found = make_detector(rotated=True)(tmp_path / 's.tif', threshold=1.0)['predictions'][0]
    assert not found['detections'] and not any('heading' in note for note in found['notes'])


def test_without_georeference(make_detector, ships, tmp_path):
    detector = make_detector(rotated=False)
    image, _ = ships(200, 200, 5)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    for options, metres in (({}, False), (dict(gsd=3.0), True)):
        found = detector(tmp_path / 'a.png', out_dir=tmp_path / 'out', scale=1.0, overwrite=True, **options)['predictions'][0]
        ship = found['detections'][0]
        assert ship['longitude'] is None and ship['heading_deg'] is None
        assert (ship['length_m'] == pytest.approx(3 * ship['length_px'], abs=0.06)) if metres else ship['length_m'] is None
        content = json.loads((tmp_path / 'out' / 'a.geojson').read_text())
        assert content['positions'] == 'pixels x, y' and 'upright boxes' in content['notes'][0]
        assert np.array(content['features'][0]['geometry']['coordinates']).max() <= 200


def test_a_small_image_is_what_the_test_pipeline_makes_of_it(root, tmp_path):
    """The toy network, untrained, with a stretched 16-bit file: as tools/test.py would read it."""
    torch.manual_seed(0)
    cfg = load_config(str(root / TOY))
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model).eval()
    torch.nn.init.constant_(model.bbox_head.wh_head[-1].bias, 4)  # boxes of 16 pixels, not of nothing
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'w.pth')
    image = np.random.default_rng(0).integers(0, 4000, (180, 300)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    detector = DetectInferencer(str(root / TOY), str(tmp_path / 'w.pth'), 'cpu', show_progress=False)
    found = detector(tmp_path / 'a.png', threshold=0.0, return_datasamples=True)['predictions'][0].pred_instances
    steps = [step for step in cfg.test_dataloader.dataset.pipeline if step['type'] != 'LoadAnnotations']
    packed = Compose(steps)(dict(img_path=str(tmp_path / 'a.png'), img_id=0, instances=[]))
    model.bbox_head.test_cfg.update(topk=detect.MOST_BOXES, max_per_img=detect.MOST_BOXES)  # configs stop at 100
    with torch.no_grad():
        expected, = model.test_step(pseudo_collate([packed]))
    expected = expected.pred_instances
    assert len(expected) > 100
    torch.testing.assert_close(found.scores.float(), expected.scores)
    centres = (expected.bboxes[:, :2] + expected.bboxes[:, 2:]) / 2
    torch.testing.assert_close(found.bboxes[:, :2].float(), centres, atol=1e-3, rtol=0)


def test_limits_of_small_chips_are_raised(untrained):
    """LARSD's toy keeps 300 candidates a level, which is what a tile of its own size needs."""
    detector = DetectInferencer('larsd_toy', untrained('larsd_toy'), 'cpu', show_progress=False)
    limits = detector.model.bbox_head.test_cfg
    assert (limits.nms_pre, limits.max_per_img) == (3 * detect.MOST_BOXES, 2000)
    config = dict(rpn=dict(nms_pre=-1, max_per_img=10), rcnn=dict(nms_pre=None, max_per_img=5000))
    detect._raise_limits(config)
    assert config == dict(rpn=dict(nms_pre=-1, max_per_img=1000), rcnn=dict(nms_pre=None, max_per_img=5000))


@pytest.mark.parametrize('half_a_line', [False, True])
def test_a_killed_run_goes_on(make_detector, write_scene, ships, tmp_path, half_a_line):
    detector = make_detector()
    scene = write_scene(tmp_path / 's.tif', ships(300, 400, 20)[0])
    options = dict(tile=160, overlap=66, return_datasamples=True)
    whole = boxes_of(detector(scene, **options))
    tiles = len(detector.model.seen)
    detector.model.seen.clear()

    def kill(data):
        if len(detector.model.seen) == 4:
            raise KeyboardInterrupt

    detector.model.fault = kill
    with pytest.raises(KeyboardInterrupt):
        detector(scene, out_dir=tmp_path / 'out', **options)
    journal = tmp_path / 'out' / 's.tiles.jsonl'
    assert [path.name for path in (tmp_path / 'out').iterdir()] == [journal.name]
    if half_a_line:
        journal.write_text(journal.read_text()[:-5])
    detector.model.fault = None
    detector.model.seen.clear()
    found = boxes_of(detector(scene, out_dir=tmp_path / 'out', **options))
    assert len(detector.model.seen) == tiles - 4 + half_a_line
    torch.testing.assert_close(found, whole)
    assert not journal.exists()


def test_a_journal_of_another_run_is_not_used(make_detector, write_scene, ships, tmp_path):
    detector = make_detector()
    scene = write_scene(tmp_path / 's.tif', ships(300, 400, 20)[0])
    detector.model.fault = lambda data: (_ for _ in ()).throw(KeyboardInterrupt) if len(detector.model.seen) > 3 else None
    with pytest.raises(KeyboardInterrupt):
        detector(scene, out_dir=tmp_path / 'out', tile=160, overlap=66)
    detector.model.fault = None
    detector.model.seen.clear()
    found = detector(scene, out_dir=tmp_path / 'out', tile=160, overlap=66, threshold=0.1)['predictions'][0]
    assert len(detector.model.seen) == found['tiles']


def test_a_failed_tile_is_told_and_tried_again(make_detector, write_scene, ships, tmp_path, monkeypatch, capsys, root):
    detector = make_detector()
    image, truth = ships(300, 400, 40)
    assert (abs(truth[:, :2] - 160) < 40).all(axis=1).any()  # one lies in the middle of the tile that will fail
    scene = write_scene(tmp_path / 's.tif', image)
    options = dict(tile=128, overlap=32, batch_size=2)
    whole = detector(scene, **options)['predictions'][0]['ships']
    bad = torch.from_numpy(image[96:224, 96:224])

    def fault(data):
        if any(item.shape[1:] == bad.shape and torch.equal(item[0], bad) for item in data['inputs']):
            raise RuntimeError('out of memory')

    detector.model.fault = fault
    monkeypatch.setattr(detect, 'DetectInferencer', lambda *args, **options: detector)
    command = ['detect', str(scene), '-m', TOY, '--out-dir', str(tmp_path / 'out'), '--tile', '128', '--overlap', '32',
               '--batch-size', '2']
    with pytest.raises(SystemExit, match='1'):
        main(command)
    text, errors = capsys.readouterr()
    assert 'at x 96, y 96 failed: RuntimeError: out of memory' in text and '1 tiles failed' in errors
    report = json.loads((tmp_path / 'out' / 's_report.json').read_text())
    assert report['failed_tiles'] == [dict(x=96, y=96, width=128, height=128, reason='RuntimeError: out of memory')]
    assert report['ships'] < whole
    preview = cv2.imread(str(tmp_path / 'out' / 's_preview.jpg'))
    orange = (preview[..., 2] > 200) & (abs(preview[..., 1].astype(int) - 160) < 40) & (preview[..., 0] < 90)
    assert orange.sum() > 500
    detector.model.fault = None
    detector.model.seen.clear()
    with pytest.raises(SystemExit, match='0'):
        main([*command[:-1], '1'])  # the size of batches changes no result
    assert len(detector.model.seen) == 1
    assert json.loads((tmp_path / 'out' / 's_report.json').read_text())['ships'] == whole


def test_a_damaged_part_of_a_file_is_a_failed_tile(make_detector, write_scene, ships, tmp_path):
    image, _ = ships(512, 512, 30)
    scene = write_scene(tmp_path / 's.tif', image, tiled=True, blockxsize=128, blockysize=128, compress='deflate')
    content = bytearray(scene.read_bytes())
    middle = len(content) // 2
    content[middle:middle + 200] = bytes(200)
    scene.write_bytes(content)
    found = make_detector()(scene, tile=128, overlap=32, out_dir=tmp_path / 'out')['predictions'][0]
    assert 1 <= len(found['failed_tiles']) < found['tiles'] and found['ships'] > 0
    assert (tmp_path / 'out' / 's_preview.jpg').is_file()


def test_tiles_without_data_are_skipped(make_detector, write_scene, ships, tmp_path):
    image, _ = ships(200, 300, 10)
    wide = np.pad(image, ((0, 0), (0, 1000)))
    detector = make_detector()
    found = detector(write_scene(tmp_path / 's.tif', wide, nodata=0), tile=160, overlap=64)['predictions'][0]
    assert found['ships'] == 10 and len(detector.model.seen) < found['tiles'] / 2


def test_scale_and_the_warning_outside_the_range(make_detector, write_scene, ships, tmp_path):
    image, truth = ships(200, 200, 5)
    scene = write_scene(tmp_path / 's.tif', image, transform=Affine(40, 0, 5e5, 0, -40, 5e6))
    detector = make_detector()
    found = detector(scene)['predictions'][0]
    assert '40 m a pixel are outside the 1 to 15 m that the model was trained on' in found['warnings'][0]
    scaled = detector(scene, scale=4.0, tile=512, return_datasamples=True)['predictions'][0].pred_instances.bboxes
    assert detector.model.seen[-1] == (3, 800, 800)
    assert len(scaled) == len(truth)
    for box in scaled.numpy():
        nearest = truth[np.hypot(*(truth[:, :2] - box[:2]).T).argmin()]
        assert box[:2] == pytest.approx(nearest[:2], abs=1.5)
        assert box[2:4].max() == pytest.approx(nearest[2:4].max(), abs=4)
    assert not detector(scene, scale=10.0)['predictions'][0]['warnings']


@pytest.mark.parametrize('kind', ['geojson', 'tif'])
def test_land(make_detector, write_scene, tmp_path, kind):
    image = np.zeros((100, 300), np.uint8)
    for x in (20, 120, 160, 250):
        image[50:54, x:x + 20] = 200
    scene = write_scene(tmp_path / 's.tif', image)
    if kind == 'tif':
        # 100 x 100 m cells of another grid; land is everything left of column 150 of the scene
        coarse = np.zeros((14, 34), np.uint8)
        coarse[:, :17] = 1
        affine = Affine(100, 0, 500000 - 200, 0, -100, 5000000 + 200)
        land = write_scene(tmp_path / 'land.tif', coarse, transform=affine)
    else:
        from mmsight.apis.scene import Scene
        corners = Scene(scene).georeference.to_lonlat(np.array([[-50, -50], [150, -50], [150, 150], [-50, 150], [-50, -50.0]]))
        land = tmp_path / 'land.geojson'
        polygon = dict(type='Polygon', coordinates=[corners.tolist()])
        land.write_text(json.dumps(dict(type='FeatureCollection', features=[dict(type='Feature', geometry=polygon)])))
    detector = make_detector()
    for buffer, left in ((0, {170, 260}), (150, {170, 260}), (250, {260}), (1150, set())):
        found = detector(scene, land=land, land_buffer=buffer)['predictions'][0]
        assert {round(ship['x']) for ship in found['detections']} == left, buffer
        assert found['on_land'] == 4 - len(left)
    (tmp_path / 'bad.geojson').write_text('{}')
    for path, match in ((tmp_path / 'bad.geojson', 'damaged, or not GeoJSON'), (tmp_path / 'no.tif', 'does not exist')):
        with pytest.raises(InputError, match=match):
            detector(scene, land=path)
    bare = write_scene(tmp_path / 'bare.tif', image, crs=None)
    with pytest.raises(InputError, match='needs a georeferenced scene'):
        detector(bare, land=land)


def test_several_processes_share_the_files(make_detector, ships, tmp_path, monkeypatch):
    folder = tmp_path / 'in'
    folder.mkdir()
    for name in 'abc':
        Image.fromarray(ships(64, 64, 2, ord(name), 25)[0]).save(folder / f'{name}.png')
    detector = make_detector()
    detector(folder, out_dir=tmp_path / 'one')
    for rank in range(2):
        monkeypatch.setenv('RANK', str(rank))
        monkeypatch.setenv('WORLD_SIZE', '2')
        detector(folder, out_dir=tmp_path / 'two')
    one, two = (sorted(filter(Path.is_file, (tmp_path / name).iterdir())) for name in ('one', 'two'))
    assert [path.name for path in one] == [path.name for path in two] and len(one) == 18
    for first, second in zip(one, two, strict=True):
        assert first.name.endswith('_report.json') or first.read_bytes() == second.read_bytes()


def test_faults(make_detector, write_scene, tmp_path, run, root):
    detector = make_detector()
    scene = write_scene(tmp_path / 's.tif', np.eye(64, dtype=np.uint8))
    for options, match in ((dict(tile=0), '--tile must be above 0'), (dict(scale=-1.0), '--scale must be above 0'),
                           (dict(tile=32, overlap=32), 'less than --tile'), (dict(batch_size=0), 'above 0')):
        with pytest.raises(InputError, match=match):
            detector(scene, **options)
    (tmp_path / 'text.tif').write_text('hello')
    weights = tmp_path / 'w.pth'
    cfg = load_config(str(root / TOY))
    init_default_scope(cfg.default_scope)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), weights)
    done = run('-m', 'mmsight.cli', 'detect', tmp_path / 'text.tif', '-m', TOY, '--weights', weights, '--out-dir', tmp_path,
               check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert f'error: {tmp_path}{os.sep}text.tif: the file is damaged, or not a GeoTIFF' in done.stderr


def test_a_full_disk_leaves_no_half_of_a_file(make_detector, write_scene, ships, tmp_path, full_disk):
    detector, scene, out = make_detector(), write_scene(tmp_path / 's.tif', ships(300, 400, 12)[0]), tmp_path / 'out'
    detector(scene, out_dir=out, tile=160, overlap=66)
    sizes = {file.name: file.stat().st_size for file in filter(Path.is_file, out.iterdir())}
    for limit in sorted(sizes.values())[-3:]:
        for file in filter(Path.is_file, out.iterdir()):
            file.unlink()
        with full_disk(limit - 1), pytest.raises(InputError, match='the file cannot be written'):
            detector(scene, out_dir=out, tile=160, overlap=66)
        # the journal stays, so that nothing is computed again once there is space
        left = [file for file in out.iterdir() if file.is_file() and file.name != 's.tiles.jsonl']
        assert all(file.stat().st_size == sizes[file.name] for file in left)
