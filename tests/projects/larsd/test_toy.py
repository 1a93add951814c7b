"""Toy harbours: in HRSC2016's format, the same each time, without faults, and with the ships where the boxes are."""

import numpy as np
from mmsight.projects.larsd import HRSC2016Dataset, toy

from mmsight.annotations import read_ids, read_xml
from mmsight.rotated_iou import corners, rotated_iou


def test_toy_data(tmp_path, monkeypatch):
    monkeypatch.setattr(toy, 'SPLITS', dict(train=12, val=3, test=3))
    for name in 'ab':
        (tmp_path / name).mkdir()
        toy.make_toy_data(tmp_path / name)
    files = sorted(path.relative_to(tmp_path / 'a') for path in (tmp_path / 'a').rglob('*') if path.is_file())
    assert len(files) == 2 * 18 + 4
    assert all((tmp_path / 'a' / name).read_bytes() == (tmp_path / 'b' / name).read_bytes() for name in files)
    assert read_ids(tmp_path / 'a/ImageSets/trainval.txt') == \
        read_ids(tmp_path / 'a/ImageSets/train.txt') + read_ids(tmp_path / 'a/ImageSets/val.txt')
    for classwise in (False, True):
        dataset = HRSC2016Dataset(data_root=str(tmp_path / 'a'), ann_file='ImageSets/train.txt', classwise=classwise,
                                  data_prefix=dict(img='FullDataSet/AllImages', ann='FullDataSet/Annotations'), pipeline=[],
                                  lazy_init=True)
        assert set(dataset.iter_faults()) == {None}
    labels = {item['bbox_label'] for entry in dataset.load_data_list() for item in entry['instances']}
    assert labels == {2, 3}


def test_ships_are_what_the_issue_asks_for():
    rng = np.random.default_rng(7)
    scenes = [toy.make_scene(rng) for _ in range(40)]
    assert scenes[0][0].shape == (128, 128, 3) and scenes[0][0].dtype == np.uint8
    ships = np.array([ship[1:] for _, ships in scenes for ship in ships])
    aspect = ships[:, 2] / ships[:, 3]
    assert aspect.min() > 2.99 and 7 < aspect.max() <= 9
    assert (np.histogram(ships[:, 4] % np.pi, 8, (0, np.pi))[0] > 0).all()  # all headings
    counts = [len(ships) for _, ships in scenes]
    assert min(counts) == 0 and max(counts) >= 6
    gaps = []
    for _, ships in scenes:
        boxes = np.array([ship[1:] for ship in ships]).reshape(-1, 5)
        overlap = rotated_iou(boxes, boxes) - np.eye(len(boxes))
        assert np.abs(overlap).max(initial=0) < 0.01  # no two ships in one place
        wider = rotated_iou(boxes + (0, 0, 0, 5, 0), boxes) - rotated_iou(boxes + (0, 0, 0, 5, 0), boxes) * np.eye(len(boxes))
        gaps.append((wider > 0).any())
    assert sum(gaps) >= 10  # moored side by side, within 2.5 pixels


def test_a_ship_fills_its_box():
    """On calm water without noise, the pixels that differ from the water span the box to a pixel."""
    rng = np.random.default_rng(0)
    for heading in (0.0, 0.4, 2.0, 4.5):
        scene = toy._Scene(rng)
        water = scene.image.copy()
        assert scene.add_ship(64, 60, 80, 14, heading)
        change = np.abs(scene.image.astype(int) - water).max(axis=2)
        rows, columns = np.nonzero(change > 0.4 * change.max())
        offset = np.stack([columns + .5 - 64, rows + .5 - 60])
        along, across = np.array([[np.cos(heading), np.sin(heading)], [-np.sin(heading), np.cos(heading)]]) @ offset
        ends = np.array([along.min() + 40, along.max() - 40, across.min() + 7, across.max() - 7])
        assert np.abs(ends - (.5, -.5, .5, -.5)).max() < 1.3
        # the bow, at the positive end, is the pointed one
        assert (along > 36).sum() < 0.6 * (along < -36).sum()


def test_xml_names_the_bow_and_a_box_around(tmp_path):
    ship = ('100000003', 100.0, 90.0, 60.0, 10.0, 4.0)
    toy.write_hrsc_xml(tmp_path / '1.xml', [ship], 256, 224)
    item = read_xml(tmp_path / '1.xml').find('HRSC_Objects/HRSC_Object')
    value = {tag: float(item.findtext(tag)) for tag in ('header_x', 'header_y', 'mbox_ang', 'box_xmin', 'box_ymax')}
    assert abs(value['header_x'] - (100 + 30 * np.cos(4))) < 1 and abs(value['header_y'] - (90 + 30 * np.sin(4))) < 1
    assert -np.pi / 2 <= value['mbox_ang'] < np.pi / 2 and abs(np.sin(value['mbox_ang'] - 4)) < 1e-5
    points = corners(np.array(ship[1:]))[0]
    assert abs(value['box_xmin'] - points[:, 0].min()) < 1 and abs(value['box_ymax'] - points[:, 1].max()) < 1
