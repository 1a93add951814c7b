"""Speed and size of detectors, as the last columns of Table 1."""

import json
import runpy
import sys

import pytest
from mmsight.projects.sar_shipnet.speed import measure

from mmsight.configs import source_root
from mmsight.engine.tables import read_records
from mmsight.errors import InputError

CONFIGS = ['yolox_tiny_ssdd_256', 'centernet_r18w32_ssdd_256']


def test_speeds_are_compared_with_the_first_config(monkeypatch, tmp_path, capsys):
    tool = source_root() / 'projects' / 'sar_shipnet' / 'tools' / 'detector_speed.py'
    monkeypatch.setattr(sys, 'argv', [str(tool), *CONFIGS, '--out-dir', str(tmp_path)])
    runpy.run_path(str(tool), run_name='__main__')
    records = read_records(tmp_path)
    first, second = (records[config][0]['metrics'] for config in CONFIGS)
    assert first['speed_ratio'] == 1 and first['input_side'] == second['input_side'] == 256
    assert second['speed_ratio'] == pytest.approx(second['images_per_second'] / first['images_per_second'])
    # 5.06 million parameters as the authors of YOLOX print for 80 classes, less 79 channels of three classifiers of 96
    assert first['megabytes'] * 2**20 / 4 == pytest.approx(5.056e6 - 79 * 3 * 97, rel=1e-3)
    assert f'{CONFIGS[1]}' in capsys.readouterr().out
    assert json.loads((tmp_path / f'{CONFIGS[0]}_seed0.json').read_text())['device']


@pytest.mark.parametrize('config', ['larsd-10_lite0_ssdd_512', 'unet-2d_w16_slices_64'])
def test_other_toolboxes_are_refused(config):
    with pytest.raises(InputError, match=f"{config}: detectors of mmdet are compared, and this config's toolbox is mm"):
        measure([config])
