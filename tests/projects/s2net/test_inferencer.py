"""Two images in; a homography at their own resolution and the registered image out, or a refusal."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from mmsight.projects.s2net.homography import move_points
from mmsight.projects.s2net.inferencer import Pair, parse_bands
from mmsight.projects.s2net.task import TASK
from mmsight.projects.s2net.toy import make_scene

from mmsight.apis import MatchInferencer
from mmsight.cli import main
from mmsight.errors import InputError

TRUTH = np.array([[0.66, 0.08, 12], [-0.06, 0.7, 20], [2e-5, 1e-5, 1.0]])


def texture(seed, height=360, width=480):
    """A scene with edges, uint8 (H, W)."""
    scene = make_scene(np.random.default_rng(seed))
    return cv2.resize((255 * scene).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    """Two files: colour, and grey of 16 bits, smaller, turned and noisier; and the homography from the first."""
    folder = tmp_path_factory.mktemp('pair')
    first = texture(1)
    second = cv2.warpPerspective(first, TRUTH, (330, 290)) + 2 * np.random.default_rng(0).standard_normal((290, 330))
    cv2.imwrite(str(folder / 'visible.png'), cv2.applyColorMap(first, cv2.COLORMAP_BONE))
    cv2.imwrite(str(folder / 'thermal.png'), (second.clip(0, 255) * 100 + 20000).astype(np.uint16))
    return folder / 'visible.png', folder / 'thermal.png'


@pytest.fixture(scope='module')
def inferencer():
    class Few(MatchInferencer):
        """With less keypoints, which is faster."""

        def __call__(self, *args, **kwargs):
            return super().__call__(*args, **dict(dict(keypoints=500), **kwargs))

    return Few('SIFT', show_progress=False)


def corner_error(found, width=480, height=360):
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    return np.linalg.norm(move_points(corners, np.array(found)) - move_points(corners, TRUTH), axis=1).max()


def test_homography_files_and_pictures(inferencer, pair, tmp_path):
    found, = inferencer(pair, out_dir=tmp_path, return_vis=True)['predictions']
    assert found['reason'] is None and corner_error(found['homography']) < 1
    assert found['residual_px']['median'] < 1 < found['inliers'] and found['drift_px'] < 1
    names = {'matches.npz', 'match.json', 'matches.png', 'checkerboard.png', 'registered.png'}
    assert {file.name for file in tmp_path.iterdir() if file.is_file()} == {f'visible_thermal_{name}' for name in names}
    assert json.loads((tmp_path / 'visible_thermal_match.json').read_text()) == found
    with np.load(tmp_path / 'visible_thermal_matches.npz') as values:
        np.testing.assert_allclose(values['homography'], found['homography'])
        assert values['first'].shape == values['second'].shape == (found['matches'], 2)
        error = np.linalg.norm(move_points(values['first'], values['homography']) - values['second'], axis=1)
        np.testing.assert_allclose(values['residual'], error, atol=1e-6)
        assert values['inlier'].sum() == found['inliers']
    # the second file's own values, where the first shows the same
    registered = cv2.imread(str(tmp_path / 'visible_thermal_registered.png'), cv2.IMREAD_UNCHANGED)
    assert registered.dtype == np.uint16 and registered.shape == (360, 480)
    inside = cv2.erode((registered > 0).astype(np.uint8), np.ones((5, 5))) > 0
    assert inside.mean() > 0.8 and np.abs((registered[inside] - 20000.0) / 100 - texture(1)[inside]).mean() < 4
    board = cv2.imread(str(tmp_path / 'visible_thermal_checkerboard.png'))
    assert board.shape == (360, 480, 3) and cv2.imread(str(tmp_path / 'visible_thermal_matches.png')).shape == (360, 810, 3)


def test_reduced_images_give_the_homography_of_the_files(inferencer, pair):
    found, = inferencer(pair, max_side=240, return_datasamples=True)['predictions']
    assert found.reason is None and corner_error(found.homography.numpy()) < 3
    assert found.first.numpy().max() > 240


def test_geotiff_keeps_values_mask_and_georeference(inferencer, pair, write_scene, tmp_path):
    first = cv2.imread(str(pair[0]))[..., ::-1].transpose(2, 0, 1)
    second = cv2.imread(str(pair[1]), cv2.IMREAD_UNCHANGED).astype(np.float32) / 7
    second[:, :40] = np.nan
    write_scene(tmp_path / 'a.tif', first)
    write_scene(tmp_path / 'b.tif', np.stack([second] * 4), crs=None, nodata=np.nan)
    with pytest.raises(InputError, match='the file has 4 bands'):
        inferencer((tmp_path / 'a.tif', tmp_path / 'b.tif'))
    found, = inferencer((tmp_path / 'a.tif', tmp_path / 'b.tif'), bands=[2], out_dir=tmp_path / 'out')['predictions']
    assert corner_error(found['homography']) < 1.5
    with rasterio.open(tmp_path / 'a.tif') as wanted, rasterio.open(found['files']['registered']) as file:
        assert file.crs == wanted.crs and file.transform == wanted.transform and file.shape == wanted.shape
        assert file.dtypes == ('float32', )
        values, mask = file.read(1), file.read_masks(1) > 0
    places = move_points(np.argwhere(mask)[:, ::-1].astype(float), np.array(found['homography']))
    assert 0.6 < mask.mean() < 0.95 and places[:, 0].min() > 39 and (values[~mask] == 0).all()
    assert np.abs((values[mask] * 7 - 20000) / 100 - texture(1)[mask]).mean() < 5
    swapped, = inferencer((tmp_path / 'b.tif', tmp_path / 'a.tif'), bands=[1], out_dir=tmp_path / 'out')['predictions']
    assert any('swap both to keep that of a.tif' in warning for warning in swapped['warnings'])


@pytest.mark.parametrize('bands, expected', [
    (None, [None, None]), ([2], [[2], [2]]), ([3, 2, 1], [[3, 2, 1], [3, 2, 1]]), (['3,2,1'], [[3, 2, 1], [3, 2, 1]]),
    (['3,2,1', '1'], [[3, 2, 1], [1]]), (['4', 'auto'], [[4], None]), ([[4, 3, 2], [1]], [[4, 3, 2], [1]])])
def test_bands_of_each_file(bands, expected, write_scene, tmp_path):
    pair = Pair(*(write_scene(tmp_path / f'{name}.tif', np.zeros((4, 20, 20), np.uint8)) for name in 'ab'))
    assert parse_bands(bands, pair) == expected


def test_bands_of_an_image_and_a_raster(inferencer, write_scene, pair, tmp_path):
    four = np.stack([np.full((40, 50), value, np.uint8) for value in (10, 20, 30, 40)])
    raster = write_scene(tmp_path / 'a.tif', four, photometric='MINISBLACK')
    for bands, seen in ((['4'], 40), (['auto', '3'], 30), (['auto', '1,2,3'], [10, 20, 30])):
        views = inferencer.preprocess(Pair(pair[0], raster), None, max_side=2000, bands=bands)
        assert (views.images[1] == seen).all()
    for bands in (['1,2'], ['a'], ['1', '2', 'b'], ['1', '2', '3', '4']):
        with pytest.raises(InputError, match='--bands .*: expected one band, or three with commas'):
            inferencer.preprocess(Pair(pair[0], raster), None, max_side=2000, bands=bands)


def test_a_pair_without_overlap_is_refused(pair, tmp_path, capsys):
    cv2.imwrite(str(tmp_path / 'thermal.png'), texture(7))
    out = tmp_path / 'out'
    for first, files in ((pair[0], 5), (tmp_path / 'thermal.png', 3)):  # a refusal leaves nothing of an earlier success
        second = pair[1] if files == 5 else tmp_path / 'visible.png'
        if files == 3:
            cv2.imwrite(str(second), texture(8))
            for file in filter(Path.is_file, out.iterdir()):
                file.rename(file.with_name(file.name.replace('visible_thermal', 'thermal_visible')))
        with pytest.raises(SystemExit) as left:
            main(['match', str(first), str(second), '-m', 'sift', '--out-dir', str(out), '--overwrite', '--keypoints', '500'])
        assert left.value.code == (0 if files == 5 else 2) and sum(path.is_file() for path in out.iterdir()) == files
    assert 'no reliable homography was found: of ' in capsys.readouterr().err
    report = json.loads((out / 'thermal_visible_match.json').read_text())
    assert report['homography'] is None and 'agree on a homography' in report['reason']
    with np.load(out / 'thermal_visible_matches.npz') as values:
        assert set(values) == {'first', 'second', 'inlier'}


@pytest.mark.parametrize('method', ['SIFT', 'RIFT', 'ORB', 'toy network'])
def test_blank_and_tiny_images_are_refused(method, tmp_path, untrained):
    cv2.imwrite(str(tmp_path / 'blank.png'), np.full((40, 50), 80, np.uint8))
    cv2.imwrite(str(tmp_path / 'tiny.png'), texture(0, 9, 8))
    if method == 'toy network':
        inferencer = MatchInferencer(untrained('s2net_toy'), device='cpu', show_progress=False)
    else:
        inferencer = MatchInferencer(method, show_progress=False)
    for second, reason in (('blank.png', 'blank.png shows nothing, its pixels are all alike'), ('tiny.png', '')):
        found, = inferencer((tmp_path / 'tiny.png', tmp_path / second))['predictions']
        assert found['homography'] is None and found['reason'] and reason in found['reason']


def test_mistakes_in_one_sentence(inferencer, pair, tmp_path):
    (tmp_path / 'text.png').write_text('no image')
    cv2.imwrite(str(tmp_path / 'one.png'), np.zeros((1, 1), np.uint8))
    for name, reason in (('text.png', 'text.png: the file is damaged, or not an image'), ('none.png', 'none.png: no such file'),
                         ('one.png', 'the image is 1 x 1 pixels: at least 8 x 8 are needed')):
        with pytest.raises(InputError, match=reason):
            inferencer((pair[0], tmp_path / name))
    found = inferencer(pair, out_dir=tmp_path)
    assert inferencer(pair, out_dir=tmp_path) == found  # it is finished
    with pytest.raises(InputError, match='exists already: .* --overwrite'):
        inferencer(pair, out_dir=tmp_path, keypoints=100)
    inferencer(pair, out_dir=tmp_path, overwrite=True)
    with pytest.raises(InputError, match='two images are matched, found 3'):
        inferencer([(*pair, pair[0])])
    with pytest.raises(InputError, match='SIFT is not trained'):
        MatchInferencer('sift', 'weights.pth')
    with pytest.raises(InputError, match="config 's2net_toi' .* did you mean s2net_toy"):
        MatchInferencer('s2net_toi')


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_a_full_disk_leaves_no_half_of_a_file(inferencer, pair, write_scene, tmp_path, full_disk, suffix):
    first = pair[0]
    if suffix == '.tif':
        first = write_scene(tmp_path / 'visible.tif', cv2.imread(str(pair[0])).transpose(2, 0, 1))
    out = tmp_path / 'out'
    whole, = inferencer((first, pair[1]), out_dir=out)['predictions']
    sizes = {file.name: file.stat().st_size for file in filter(Path.is_file, out.iterdir())}
    for limit in sorted(sizes.values())[-3:]:
        for file in filter(Path.is_file, out.iterdir()):
            file.unlink()
        with full_disk(limit - 1), pytest.raises(InputError, match='the file cannot be written'):
            inferencer((first, pair[1]), out_dir=out)
        assert all(file.stat().st_size == sizes[file.name] for file in filter(Path.is_file, out.iterdir()))


@pytest.mark.slow
def test_the_real_example_is_matched_as_it_was_turned(tmp_path):
    """By 8 degrees about the middle and 1.15 times as large, and cut by 40 pixels; without a network none is named."""
    angle, middle = np.deg2rad(8), np.array([350, 350])
    turn = 1.15 * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matcher = MatchInferencer('RIFT', show_progress=False)
    found, = matcher(tuple(TASK.examples[0].make(tmp_path)))['predictions']
    corners = np.array([[0, 0], [699, 0], [0, 699], [699, 699]])
    error = move_points(corners, np.array(found['homography'])) - ((corners - middle) @ turn.T + middle - 40)
    assert np.linalg.norm(error, axis=1).max() < 2 and found['inliers'] > 100
    assert matcher.computed_by == []
