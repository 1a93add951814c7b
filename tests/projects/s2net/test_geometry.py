"""Homographies, flow and the six transforms, against OpenCV and plain NumPy."""

import cv2
import numpy as np
import pytest
import torch
from mmsight.projects.s2net.geometry import homography_flow, inside, sample_at, sample_flow, warp_images, warp_points
from mmsight.projects.s2net.transforms import (
    EQUATION_1,
    GaussianBlur,
    GaussianNoise,
    RandomGreyInversion,
    RandomProjection,
    RandomRotation,
    RandomScale,
    RandomTransform,
    four_point_homographies,
)

GEOMETRIC = EQUATION_1[3:]


def homographies(count, height, width, seed=0):
    torch.manual_seed(seed)
    return RandomTransform(GEOMETRIC).homographies(count, height, width)


@pytest.mark.parametrize('size', [(33, 47), (64, 64), (1, 5)])
def test_flow_is_the_homography_of_each_pixel(size):
    matrices = homographies(3, 64, 64)
    flow = homography_flow(matrices, *size)
    for matrix, image in zip(matrices.numpy(), flow.numpy(), strict=True):
        for y, x in ((0, 0), (size[0] - 1, size[1] - 1), (size[0] // 2, 0)):
            place = matrix @ [x, y, 1]
            assert np.allclose(image[y, x], place[:2] / place[2])


def test_flow_there_and_back_is_within_a_hundredth_of_a_pixel():
    matrix = homographies(1, 80, 100)[0]
    there, back = homography_flow(matrix, 80, 100), homography_flow(torch.linalg.inv(matrix), 80, 100)
    points = torch.rand(200, 2, dtype=torch.float64) * 40 + 20
    moved = sample_flow(there, points)
    again = sample_flow(back, moved)
    kept = torch.isfinite(again).all(dim=1)
    assert kept.sum() > 100 and (again - points)[kept].abs().max() < 0.01


def test_points_beyond_infinity_have_no_place():
    matrix = torch.tensor([[1., 0, 0], [0, 1, 0], [-0.1, 0, 1]])
    found = warp_points(torch.tensor([[5., 0], [10., 0], [20., 0]]), matrix)
    assert found[0].tolist() == [10, 0] and torch.isnan(found[1:]).all()


def test_warp_is_opencvs():
    torch.manual_seed(0)
    images = torch.nn.functional.avg_pool2d(torch.rand(2, 3, 66, 82), 3, stride=1)
    matrices = homographies(2, 64, 80).float()
    ours = warp_images(images, matrices, padding_mode='zeros')
    for image, matrix, found in zip(images.numpy(), matrices.numpy(), ours.numpy(), strict=True):
        theirs = cv2.warpPerspective(image.transpose(1, 2, 0), matrix, (80, 64), flags=cv2.INTER_LINEAR)
        assert np.abs(theirs.transpose(2, 0, 1) - found)[:, 2:-2, 2:-2].max() < 0.02  # OpenCV rounds places to 1/32 pixel


def test_samples_at_whole_pixels_are_the_pixels():
    maps = torch.rand(1, 2, 5, 7)
    found = sample_at(maps, torch.tensor([[[[6., 4.], [0., 0.], [3., 2.], [float('nan'), 1.]]]]))[0, :, 0]
    assert torch.allclose(found[:, :3], torch.stack([maps[0, :, 4, 6], maps[0, :, 0, 0], maps[0, :, 2, 3]], dim=1), atol=1e-5)
    assert (found[:, 3] == 0).all()


def test_sampled_flow_knows_no_place_beside_unknown_pixels():
    flow = homography_flow(torch.eye(3), 6, 6)
    flow[2, 2] = torch.nan
    found = sample_flow(flow, torch.tensor([[4.5, 4.5], [2.5, 2.0], [5.5, 1.0]]))
    assert torch.allclose(found[0], torch.tensor([4.5, 4.5])) and torch.isnan(found[1:]).all()
    assert sample_flow(flow, torch.zeros(0, 2)).shape == (0, 2)


def test_four_points_against_opencv():
    rng = np.random.default_rng(0)
    source = np.array([[0, 0], [99, 0], [99, 59], [0, 59]], np.float32) + rng.uniform(-9, 9, (3, 4, 2)).astype(np.float32)
    target = source[::-1].copy() + 3
    ours = four_point_homographies(torch.from_numpy(source).double(), torch.from_numpy(target).double()).numpy()
    for found, a, b in zip(ours, source, target, strict=True):
        assert np.allclose(found, cv2.getPerspectiveTransform(a, b), atol=1e-6)


def test_ranges_of_the_geometric_transforms():
    torch.manual_seed(0)
    height, width = 101, 141
    centre = torch.tensor([[70., 50.]], dtype=torch.float64)
    for matrix in RandomRotation(10).homographies(200, height, width):
        assert torch.allclose(warp_points(centre, matrix), centre)
        assert abs(np.degrees(np.arctan2(float(matrix[1, 0]), float(matrix[0, 0])))) <= 10
    scales = RandomScale((1, 1.2)).homographies(200, height, width)[:, 0, 0]
    assert 1 <= scales.min() < 1.02 and 1.18 < scales.max() <= 1.2
    corners = torch.tensor([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], dtype=torch.float64)
    back = warp_points(corners, torch.linalg.inv(RandomProjection(0.2).homographies(200, height, width)))
    moved = (back - corners).abs() / torch.tensor([width - 1, height - 1])
    assert inside(back, height + 1e-6, width + 1e-6).all() and 0.09 < moved.max() <= 0.1 + 1e-9


def test_one_homography_is_the_product_in_the_papers_order():
    torch.manual_seed(3)
    found = RandomTransform(GEOMETRIC).homographies(4, 50, 60)
    torch.manual_seed(3)
    projection, rotation, scale = (kind().homographies(4, 50, 60) for kind in (RandomProjection, RandomRotation, RandomScale))
    assert torch.allclose(found, scale @ rotation @ projection)


def test_grey_transforms():
    torch.manual_seed(0)
    grey = torch.full((4, 3, 64, 64), 0.5)
    noisy = GaussianNoise(0.01, prob=1)(grey)
    assert (noisy - grey).var().item() == pytest.approx(0.01, rel=0.1) and torch.equal(noisy[:, 0], noisy[:, 1])
    image = torch.rand(2, 3, 40, 40)
    theirs = cv2.GaussianBlur(image[0, 0].numpy(), (7, 7), 1, borderType=cv2.BORDER_REFLECT_101)
    assert np.allclose(GaussianBlur(1.0, prob=1)(image)[0, 0].numpy(), theirs, atol=1e-5)
    inverted = RandomGreyInversion(prob=1)(image)
    for before, after in zip(image, inverted, strict=True):
        changed = before != after
        assert torch.allclose(after[changed], 1 - before[changed])
        assert before[changed].min() > before[~changed].max()
    untouched = RandomGreyInversion(prob=0)(image)
    assert torch.equal(untouched, image)


def test_images_of_a_batch_get_different_transforms_and_the_true_flow():
    torch.manual_seed(0)
    ramp = homography_flow(torch.eye(3), 48, 48).permute(2, 0, 1) / 47
    images = torch.cat([ramp, torch.zeros(1, 48, 48)])[None].repeat(3, 1, 1, 1)
    changed, flow = RandomTransform(GEOMETRIC)(images)
    assert not torch.allclose(flow[0].nan_to_num(), flow[1].nan_to_num())
    known = torch.isfinite(flow).all(dim=-1)
    assert known.any() and not known.all()
    # the colour of a pixel is its place: what flow points at has the same colour
    seen = sample_at(changed, flow).permute(0, 2, 3, 1)
    assert (seen - images.permute(0, 2, 3, 1))[known].abs().max() < 0.03


def test_identity_without_geometric_transforms_and_order_is_checked():
    images = torch.rand(2, 3, 20, 30)
    changed, flow = RandomTransform(())(images)
    assert torch.equal(changed, images) and torch.equal(flow[1], homography_flow(torch.eye(3), 20, 30))
    with pytest.raises(ValueError, match='grey ones first'):
        RandomTransform((dict(type='mmsight.RandomScale'), dict(type='mmsight.GaussianBlur')))
