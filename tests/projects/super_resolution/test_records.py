"""The records follow the protocol of the literature."""

from mmsight.engine.tables import project_folder, read_records


def test_bicubic_is_the_literatures():
    records = read_records(project_folder('super_resolution') / 'records')
    assert records
    for runs in records.values():
        for run in runs.values():
            assert abs(run['metrics']['Set5/bicubic/PSNR_Y'] - 28.42) < 0.05
