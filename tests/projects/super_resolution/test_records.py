"""The README's measured rows are those of the records."""

import importlib.util
import json


def test_measured_rows_come_from_records(root):
    spec = importlib.util.spec_from_file_location('table', root / 'tools/misc/super_resolution_table.py')
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    readme = (root / 'projects/super_resolution/README.md').read_text().splitlines()
    rows = table.rows()
    first = readme.index(rows[0])
    assert readme[first:first + len(rows)] == rows and not readme[first + len(rows)].startswith('|')


def test_records_are_of_what_they_are_named(root):
    records = sorted((root / 'projects/super_resolution/records').glob('*.json'))
    assert records
    for path in records:
        record = json.loads(path.read_text())
        config, seed = path.stem.rsplit('_seed', 1)
        assert record['config'] == config and record['seed'] == int(seed)
        assert record['git_commit'] and not record['git_commit'].endswith('-dirty')
        # the protocol is the literature's: bicubic at 28.42 dB
        assert abs(record['metrics']['Set5/bicubic/PSNR_Y'] - 28.42) < 0.05
