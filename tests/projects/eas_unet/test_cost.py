"""What a slice costs, against counts by hand."""

import runpy
import sys

import pytest
import torch
from mmsight.projects.eas_unet.cost import count, measure

from mmsight.configs import source_root
from mmsight.engine.tables import read_records
from mmsight.errors import InputError

CONFIGS = ['unet-2d_w16_slices_64', 'eas-unet_w16_slices_64_dsconv']


def test_multiply_adds_grow_with_the_area():
    (parameters, few), (same, many) = (count(CONFIGS[0], side) for side in (64, 128))
    assert parameters == same and many == 4 * few
    # the two 3x3 convolutions of the first stage alone: 1 to 16 and 16 to 16 channels, at full size
    assert few > 64 * 64 * 9 * (16 + 16 * 16)


def test_costs_are_compared_with_the_first_config(monkeypatch, tmp_path, capsys):
    tool = source_root() / 'projects' / 'eas_unet' / 'tools' / 'network_cost.py'
    monkeypatch.setattr(sys, 'argv', [str(tool), *CONFIGS, '--side', '64', '--out-dir', str(tmp_path)])
    runpy.run_path(str(tool), run_name='__main__')
    first, second = (read_records(tmp_path)[config][0]['metrics'] for config in CONFIGS)
    assert first['seconds_ratio'] == 1 and first['side'] == 64
    for name in ('seconds', 'multiply_adds', 'parameters'):
        assert second[f'{name}_ratio'] == pytest.approx(second[name] / first[name])
    assert second['multiply_adds'] < first['multiply_adds'] / 3  # as a depthwise 3x3 and a 1x1 instead of a 3x3
    assert CONFIGS[1] in capsys.readouterr().out


@pytest.mark.parametrize('config, side, said', [
    ('vnet_w16_lits_32x256x256', 64, "this config's model is mmsight.VNet"),
    ('centernet_lite0_ssdd_256', 64, "this config's model is CenterNet"),
    (CONFIGS[0], 65, 'positive multiple of 16, .* found 65'),
    (CONFIGS[0], 0, 'found 0'),
])
def test_what_is_no_slice_or_no_2d_network_is_refused(config, side, said):
    with pytest.raises(InputError, match=said):
        measure([config], side)


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_a_gpu_that_is_not_there_is_an_error():
    with pytest.raises(InputError, match='there is no GPU'):
        measure(CONFIGS, device='cuda')
