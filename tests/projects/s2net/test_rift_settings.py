"""RIFT with other settings: the tool that looks for what explains the paper's numbers."""

import json
import runpy
from functools import partial

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmsight.projects.s2net.rift import RIFT

from mmsight.configs import source_root

TOOL = source_root() / 'projects' / 's2net' / 'tools' / 'rift_settings.py'


@pytest.fixture(scope='module')
def tool():
    return runpy.run_path(str(TOOL))


def texture(side, seed=0):
    noise = np.random.default_rng(seed).uniform(0, 255, (side, side, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def test_as_is_is_rift_and_half_size_keeps_the_places(tool):
    image = torch.from_numpy(texture(260)).permute(2, 0, 1)
    mask = torch.ones(260, 260, dtype=torch.bool)
    expected = RIFT()(image.permute(1, 2, 0).numpy(), 4096, mask.numpy())
    for name, scale in (('as is', 1), ('half size', 0.5)):
        found = tool['SETTINGS'][name].keypoints(*tool['at_scale'](image, mask, scale))
        if scale == 1:
            assert len(expected.points) > 20
            assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))
        # patches of 96 pixels lie inside an image of 130, whose points are those of the whole one
        elif len(found.points):
            assert found.points.min() > 94 and found.points.max() < 166


def test_ways_to_match(tool):
    second = F.normalize(torch.eye(6).repeat(1, 36), dim=1)
    turned = F.normalize(second.unflatten(1, (36, 6)).roll(-2, 2).flatten(1), dim=1)
    first = torch.cat([second[:2], turned[2:3], second[:1]])
    assert tool['nearest'](first, second)[:2].tolist() == [[0, 0], [1, 1]] and len(tool['nearest'](first, second)) == 4
    assert [0, 0] in tool['any_rotation'](first, second).tolist()
    near = F.normalize(torch.tensor([[1., 0, 0], [0, 1, 0.02]]), dim=1)
    other = F.normalize(torch.tensor([[1., 0.1, 0], [0, 1, 0], [0, 1, 0.05]]), dim=1)
    # the first is 0.1 from its nearest and 1.4 from the next, the second 0.02 and 0.03
    assert tool['ratio_test'](near, other, 0.9).tolist() == [[0, 0], [1, 1]]
    assert tool['ratio_test'](near, other, 0.5).tolist() == [[0, 0]]


def test_an_image_without_keypoints_has_no_matches(tool):
    some, one, none = F.normalize(torch.rand(3, 216), dim=1), F.normalize(torch.rand(1, 216), dim=1), torch.zeros(0, 216)
    for match in (tool['nearest'], tool['any_rotation'], partial(tool['ratio_test'], ratio=0.9)):
        assert match(some, none).shape == match(none, some).shape == (0, 2)
        assert len(match(some, one)) in (1, 3)


def test_a_config_of_another_paper_is_refused(run):
    done = run(str(TOOL), 'centernet_lite0_ssdd_256', check=False)
    assert done.returncode == 1 and 'centernet_lite0_ssdd_256 is no config of S2-Net' in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.slow
def test_a_record_of_all_settings(run, toy_data, tmp_path):
    done = run(str(TOOL), 's2net_toy', '--out-dir', str(tmp_path), MMSIGHT_DATA=str(toy_data('s2net')))
    metrics = json.loads((tmp_path / 's2net_toy_seed0.json').read_text())['metrics']
    assert 'ratio 0.95' in done.stdout and metrics['as is/NCM'] > metrics['ratio 0.9/NCM']
    assert metrics['nearest, one way/NC'] == metrics['as is/NC']
