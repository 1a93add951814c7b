"""The records follow the protocol of the literature, and kept trainings end where their records are."""

import json
import re

import pytest

from mmsight.engine.curves import read_curve
from mmsight.engine.tables import project_folder, read_records
from mmsight.pictures import image_size


def test_bicubic_is_the_literatures():
    records = read_records(project_folder('super_resolution') / 'records')
    assert records
    for config, runs in records.items():
        factor, = re.findall(r'_(x\d)', config)
        for run in runs.values():
            assert abs(run['metrics']['Set5/bicubic/PSNR_Y'] - dict(x2=33.66, x3=30.39, x4=28.42)[factor]) < 0.05


def test_kept_trainings_are_those_of_the_records():
    folder = project_folder('super_resolution')
    curves = sorted(folder.glob('trainings/*.csv'))
    assert len(curves) == 4
    for path in curves:
        epoch, value = read_curve(path)['Set5/model/PSNR_Y'][-1]
        record = json.loads((folder / 'records' / f'{path.stem}.json').read_text())
        assert epoch == 201 and value == pytest.approx(record['metrics']['Set5/model/PSNR_Y'], abs=1e-3)
        width, height = image_size(path.with_suffix('.png'))
        assert width == 6 * height  # after 0, 50, 100, 150 and 200 epochs, and the original
