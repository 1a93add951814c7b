"""Tiles for training keep every box exact; the sliding window gives what one pass over the whole image gives."""

import cv2
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.runner import load_checkpoint, save_checkpoint
from mmengine.structures import InstanceData
from mmsight.projects.larsd import DOTAShipDataset
from mmsight.projects.larsd.sliding_window import SlidingWindowDetector, detect_by_tiles
from mmsight.projects.larsd.tiling import ships_of_tile, tile_starts, tile_windows, tiles_of_image
from torch import nn

from mmsight.errors import InputError
from mmsight.rotated_iou import corners, rotated_iou


@pytest.mark.parametrize('tile, overlap', [(800, 200), (512, 0), (64, 63), (1024, 300)])
def test_tiles_cover_every_pixel_and_overlap_enough(tile, overlap):
    for length in (1, tile - 1, tile, tile + 1, 2 * tile - overlap, 3500, 7000):
        starts = tile_starts(length, tile, overlap)
        ends = [min(start + tile, length) for start in starts]
        assert starts[0] == 0 and ends[-1] == length
        assert all(begin < end for begin, end in zip(starts, ends, strict=True))
        assert all(end - begin >= overlap for end, begin in zip(ends, starts[1:], strict=False))
        assert len(starts) == max(1, -(-(length - overlap) // (tile - overlap)))  # and no more than needed
        assert {end - begin for begin, end in zip(starts, ends, strict=True)} == {min(tile, length)}


def test_bad_overlap():
    for overlap in (-1, 100, 101):
        with pytest.raises(InputError, match='found tile 100 and overlap'):
            tile_starts(500, 100, overlap)


def test_ships_of_tile_against_counted_points():
    rng = np.random.default_rng(0)
    boxes = np.column_stack([rng.uniform(0, 300, (40, 2)), rng.uniform(20, 90, 40), rng.uniform(5, 20, 40),
                             rng.uniform(-2, 2, 40)])
    window = np.array([100, 80, 220, 200])
    index, moved, cut = ships_of_tile(boxes, window, least=0.5)
    grid = (np.arange(40) + .5) / 40 - .5
    for k, box in enumerate(boxes):
        u, v = (values.ravel() for values in np.meshgrid(grid * box[2], grid * box[3]))
        x, y = box[0] + u * np.cos(box[4]) - v * np.sin(box[4]), box[1] + u * np.sin(box[4]) + v * np.cos(box[4])
        share = ((x > 100) & (x < 220) & (y > 80) & (y < 200)).mean()
        if k not in index:
            assert share == 0
        elif abs(share - 0.5) > 0.02:
            assert cut[list(index).index(k)] == (share < 0.5)
    assert np.array_equal(moved, boxes[index] - (100, 80, 0, 0, 0))


def ships_on_water(rng, width, height, count, longest):
    """Bright ships that do not touch, and their boxes."""
    image = np.full((height, width, 3), 40, np.uint8)
    taken, boxes = np.zeros((height, width), np.uint8), []
    for _ in range(20 * count):
        length = rng.uniform(16, longest)
        box = np.array([*rng.uniform(4, (width - 4, height - 4)), length, length / rng.uniform(3, 5), rng.uniform(0, np.pi)])
        wide, outline = (np.round(corners(box + (0, 0, extra, extra, 0))[0]).astype(np.int32) for extra in (8, 0))
        mask = cv2.fillPoly(np.zeros_like(taken), [wide], 1)
        if len(boxes) < count and not (mask & taken).any():
            taken |= mask
            cv2.fillPoly(image, [outline], rng.integers(150, 255, 3).tolist())
            boxes.append(box)
    return image, np.array(boxes)


class Blobs(nn.Module):
    """A detector that is local: a box around each bright blob, as a network would find it if it were perfect.

    Args:
        pieces_first (bool): Smaller blobs score higher, so that pieces of cut ships would win any NMS.
    """

    def __init__(self, pieces_first=False, scale=1.0):
        super().__init__()
        self.pieces_first = pieces_first
        self.scale = nn.Parameter(torch.tensor(scale))
        self.data_preprocessor = nn.Identity()
        self.calls = []

    def test_step(self, data):
        self.calls.append([tuple(image.shape[1:]) for image in data['inputs']])
        return [self._predict(image, sample) for image, sample in zip(data['inputs'], data['data_samples'], strict=True)]

    def _predict(self, image, sample):
        assert sample.ori_shape == sample.img_shape == tuple(image.shape[1:]) and sample.scale_factor == (1.0, 1.0)
        _, blobs = cv2.connectedComponents((image.float().mean(dim=0) > 100).numpy().astype(np.uint8))
        rows = []
        for blob in range(1, blobs.max() + 1):
            y, x = np.nonzero(blobs == blob)
            (cx, cy), (w, h), angle = cv2.minAreaRect(np.column_stack([x, y]).astype(np.float32))
            area = len(x)
            score = 1 / (1 + area / 500) if self.pieces_first else area / (area + 500)
            rows.append([cx + .5, cy + .5, w + 1, h + 1, np.radians(angle), score])
        found = torch.tensor(rows, dtype=torch.float32).reshape(-1, 6)
        labels = torch.zeros(len(rows), dtype=torch.long)
        sample.pred_instances = InstanceData(bboxes=found[:, :5], scores=found[:, 5] * self.scale, labels=labels)
        return sample


def by_place(found):
    order = np.lexsort(found.bboxes.numpy()[:, :2].round(1).T)
    return found.bboxes.numpy()[order], found.scores.numpy()[order]


@pytest.mark.parametrize('pieces_first', [False, True])
@pytest.mark.parametrize('seed', range(2))
def test_sliding_window_equals_one_pass(seed, pieces_first):
    """Also where what a border leaves of a ship would score higher than the ship."""
    rng = np.random.default_rng(seed)
    image, boxes = ships_on_water(rng, 530, 410, 60, longest=58)
    image = torch.from_numpy(image).permute(2, 0, 1)
    detector = Blobs(pieces_first)
    whole = by_place(detect_by_tiles(detector, image, tile=1000, overlap=80))
    assert detector.calls == [[(410, 530)]] and len(whole[0]) == len(boxes) > 40
    tiled = by_place(detect_by_tiles(detector, image, tile=170, overlap=80, batch_size=4))
    assert len(detector.calls) > 4 and max(map(len, detector.calls)) == 4
    assert np.abs(np.diag(rotated_iou(whole[0], tiled[0])) - 1).max() < 1e-3
    assert np.abs(whole[1] - tiled[1]).max() < 1e-6


def test_a_small_overlap_shows():
    """With less overlap than the ships need, the result is another one."""
    image, boxes = ships_on_water(np.random.default_rng(0), 530, 410, 60, longest=58)
    found = detect_by_tiles(Blobs(), torch.from_numpy(image).permute(2, 0, 1), tile=170, overlap=8)
    iou = rotated_iou(found.bboxes.numpy(), boxes)
    assert (iou.max(axis=1) < 0.5).any()


def test_no_detection_at_all():
    found = detect_by_tiles(Blobs(), torch.zeros(3, 100, 330, dtype=torch.uint8), tile=64, overlap=16)
    assert found.bboxes.shape == (0, 5) and len(found.scores) == len(found.labels) == 0


def test_best_detections_are_kept_and_sorted():
    image, boxes = ships_on_water(np.random.default_rng(1), 530, 410, 60, longest=58)
    image = torch.from_numpy(image).permute(2, 0, 1)
    every, few = (detect_by_tiles(Blobs(), image, tile=170, overlap=80, max_per_img=count) for count in (2000, 7))
    assert (every.scores[:-1] >= every.scores[1:]).all() and torch.equal(few.bboxes, every.bboxes[:7])


def test_wrapper_in_a_config_takes_the_checkpoint_and_undoes_resize(tmp_path):
    plain = Blobs(scale=0.25)
    save_checkpoint(dict(state_dict=plain.state_dict()), str(tmp_path / 'a.pth'))
    wrapped = SlidingWindowDetector(Blobs(), tile=170, overlap=80)
    load_checkpoint(wrapped, str(tmp_path / 'a.pth'), strict=True)
    assert float(wrapped.module.scale) == 0.25
    image, _ = ships_on_water(np.random.default_rng(0), 530, 410, 60, longest=58)
    inputs = torch.from_numpy(image).permute(2, 0, 1)
    sample = DetDataSample(metainfo=dict(scale_factor=(2.0, 2.0), ori_shape=(205, 265), img_shape=(410, 530)))
    result, = wrapped.test_step(dict(inputs=[inputs], data_samples=[sample]))
    expected = detect_by_tiles(plain, inputs, tile=170, overlap=80)
    assert torch.allclose(result.pred_instances.scores, expected.scores)
    halves = expected.bboxes.numpy() * (.5, .5, .5, .5, 1)
    assert np.abs(np.diag(rotated_iou(result.pred_instances.bboxes.numpy(), halves)) - 1).max() < 1e-3


@pytest.fixture
def scene(tmp_path):
    """A DOTA folder with one image of 530x410."""
    image, boxes = ships_on_water(np.random.default_rng(3), 530, 410, 40, longest=58)
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / 'images/P1.png'), image)
    lines = [' '.join(f'{v:.6f}' for v in points.ravel()) + ' ship 0' for points in corners(boxes)]
    (tmp_path / 'labelTxt/P1.txt').write_text('\n'.join(lines))
    return tmp_path, image, boxes


def read(folder):
    return DOTAShipDataset(data_root=str(folder), data_prefix=dict(img='images', ann='labelTxt'), pipeline=[], lazy_init=True)


def test_tiles_for_training_read_back(scene, run):
    """Through the tool and the reader of DOTA folders: pixels, whole boxes, and each ship learnt at least once."""
    folder, image, boxes = scene
    done = run('tools/dataset_converters/tile_ships.py', folder, folder / 'tiles', '--tile', 170, '--overlap', 80)
    dataset = read(folder / 'tiles')
    entries = dataset.load_data_list()
    assert len(entries) == len(tile_windows(530, 410, 170, 80)) and f'{len(entries)} tiles of 1 images' in done.stdout
    assert set(dataset.iter_faults()) == {None}
    learnt = set()
    for entry in entries:
        _, x, y = entry['img_id'].split('__')
        x, y = int(x), int(y)
        assert np.array_equal(cv2.imread(entry['img_path']), image[y:y + 170, x:x + 170])
        for item in entry['instances']:
            back = np.array(item['bbox']) + (x, y, 0, 0, 0)
            iou = rotated_iou(back[None], boxes)[0]
            assert iou.max() > 1 - 1e-4  # the whole ship, also where the tile cuts it
            if not item['ignore_flag']:
                learnt.add(int(iou.argmax()))
    assert learnt == set(range(len(boxes)))
    assert any(item['ignore_flag'] for entry in entries for item in entry['instances'])


def test_tiles_of_faulty_images_list_all_faults(scene, run):
    folder, _, _ = scene
    (folder / 'images/P2.png').write_bytes(b'no image')
    (folder / 'labelTxt/P2.txt').write_text('')
    (folder / 'labelTxt/P3.txt').write_text('')
    done = run('tools/dataset_converters/tile_ships.py', folder, folder / 'tiles', check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stderr and not (folder / 'tiles').exists()
    assert 'error: 2 faults, which the lines above name; nothing was written' in done.stderr
    assert all(f'{name}.png' in done.stdout for name in ('P2', 'P3'))


@pytest.mark.parametrize('suffix', ['png', 'tif'])
def test_an_image_that_cannot_be_decoded_at_once_is_read_in_windows(scene, monkeypatch, suffix):
    folder, image, _ = scene
    image[..., 0] //= 2  # so that the channels differ
    (folder / 'images/P1.png').unlink()
    cv2.imwrite(str(folder / f'images/P1.{suffix}'), image)
    monkeypatch.setattr('mmsight.images.MOST_PIXELS', 1000)
    monkeypatch.setattr('mmsight.box_dataset.MOST_PIXELS', 1000)
    dataset = read(folder)
    assert set(dataset.iter_faults()) == {None}
    tiles = list(tiles_of_image(dataset.load_data_list()[0], ('ship', ), 170, 80))
    assert len(tiles) == len(tile_windows(530, 410, 170, 80))
    for name, pixels, _ in tiles:
        x, y = map(int, name.split('__')[1:])
        assert np.array_equal(pixels, image[y:y + 170, x:x + 170])


def test_ignored_ships_stay_ignored(scene):
    folder, _, _ = scene
    path = folder / 'labelTxt/P1.txt'
    path.write_text(path.read_text().replace('ship 0', 'ship 2'))
    entry = read(folder).load_data_list()[0]
    lines = [line for _, _, lines in tiles_of_image(entry, ('ship', ), 170, 80) for line in lines]
    assert lines and all(line.endswith(' ship 2') for line in lines)
