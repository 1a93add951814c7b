"""The README's measured rows are those of the records."""

import json
import statistics
from collections import defaultdict
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope

from mmsight.configs import load_config, source_root

PROJECT = source_root() / 'projects' / 'eas_unet'


def records() -> dict[str, list[dict]]:
    """Config to the metrics of its seeds."""
    found = defaultdict(list)
    for path in sorted(Path(PROJECT, 'records').glob('*.json')):
        record = json.loads(path.read_text())
        assert path.stem == f"{record['config']}_seed{record['seed']}"
        found[record['config']].append(record['metrics'])
    return dict(found)


def cells(config: str, runs: list[dict]) -> list[str]:
    """What a row of the README says of a config: means over seeds, of means over cases, with the spread over seeds."""
    init_default_scope('mmseg')
    with torch.device('meta'):
        size = sum(p.numel() for p in MODELS.build(load_config(config).model).parameters())

    def show(name: str, scale: int = 1) -> str:
        values = [scale * run[f'liver/{name}'] for run in runs]
        spread = f' ± {statistics.stdev(values):.1f}' if len(values) > 1 else ''
        return f'{statistics.mean(values):.1f}{spread}'

    unit = 'mm' if 'liver/ASSD_mm' in runs[0] else 'px'
    return [f'{size / 1e6:.2f} M', str(len(runs)), show('DSC', 100), show('VOE', 100), show(f'ASSD_{unit}'),
            show(f'HD95_{unit}'), show('DSC_std', 100)]


@pytest.mark.parametrize('config', records())
def test_measured_rows_come_from_records(config):
    row = next(line for line in (PROJECT / 'README.md').read_text().splitlines() if f'| `{config}` |' in line)
    found = [cell.strip() for cell in row.strip('| \n').split('|')][2:]
    assert found == cells(config, records()[config])[:len(found)] and len(found) >= 6


@pytest.mark.parametrize('path', sorted(Path(PROJECT, 'records', 'paper_window').glob('*.json')), ids=lambda path: path.stem)
def test_scores_with_the_papers_window_come_from_records(path):
    score = 100 * json.loads(path.read_text())['metrics']['liver/DSC']
    assert f'[{score:.1f}](records/paper_window/{path.name})' in (PROJECT / 'README.md').read_text()
