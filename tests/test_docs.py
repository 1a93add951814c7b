"""Every metafile names what exists, and every path that a document names is there."""

import json
import re

import pytest
import yaml

from mmsight.configs import source_root

ROOT = source_root()
METAFILES = sorted(ROOT.glob('projects/*/metafile.yml'))
PAGES = sorted([*ROOT.glob('*.md'), *ROOT.glob('docs/*.md'), *ROOT.glob('projects/*/*.md'), *ROOT.glob('tools/**/*.md')])


def test_index_imports_every_metafile():
    imports = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
    assert sorted(imports) == [path.relative_to(ROOT).as_posix() for path in METAFILES]


@pytest.mark.parametrize('path', METAFILES, ids=lambda path: path.parent.name)
def test_metafile(path):
    content = yaml.safe_load(path.read_text())
    collections = {item['Name'] for item in content['Collections']}
    assert all((ROOT / item['README']).is_file() for item in content['Collections'])
    names = [model['Name'] for model in content['Models']]
    assert len(names) == len(set(names))
    for model in content['Models']:
        assert model['In Collection'] in collections
        assert model['Config'] == f"configs/{path.parent.name}/{model['Name']}.py" and (ROOT / model['Config']).is_file()
        assert all(result['Source'] in ('paper', 'measured') for result in model['Results'])


@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_paths_exist(page):
    text = page.read_text()
    links = [link.split('#')[0] for link in re.findall(r'\]\(([^)\s]+)\)', text) if '://' not in link]
    missing = [link for link in links if link and not (page.parent / link).exists()]
    paths = re.findall(r'\b((?:tools|configs|projects|requirements)/[\w./-]+\.(?:py|sh|txt|md|yml))\b', text)
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize('record', sorted(ROOT.glob('projects/sar_shipnet/records/*.json')), ids=lambda path: path.stem)
def test_measured_rows_come_from_records(record):
    metrics = json.loads(record.read_text())['metrics']
    row = next(line for line in (record.parents[1] / 'README.md').read_text().splitlines() if record.name in line)
    values = [f"{100 * metrics[f'ship/{key}']:.2f}" for key in ('precision', 'recall', 'f1', 'AP50_voc12', 'best_f1')]
    assert [cell.strip() for cell in row.split('|')][4:9] == values


@pytest.mark.parametrize('record', sorted(ROOT.glob('projects/larsd/records/*_s?.json')), ids=lambda path: path.stem)
def test_measured_rows_of_larsd_come_from_records(record):
    metrics = json.loads(record.read_text())['metrics']
    row = next(line for line in (record.parents[1] / 'README.md').read_text().splitlines() if record.name in line)
    values = [f"{100 * metrics[f'rotated/{key}']:.2f}" for key in ('AP50_voc07', 'AP50_voc12', 'AP50-95_voc12', 'recall50')]
    assert [cell.strip() for cell in row.split('|')][5:9] == values


@pytest.mark.parametrize('record', sorted(ROOT.glob('docs/benchmarks/*.json')), ids=lambda path: path.stem)
def test_benchmark_rows_come_from_records(record):
    page = (ROOT / 'docs' / 'benchmarks.md').read_text()
    content = json.loads(record.read_text())
    assert content['suite'] == record.stem and f'({record.parent.name}/{record.name})' in page
    for row in content['rows']:
        values = f"{row['ours']:.4g} | {row['theirs']:.4g} | {row['unit']} | {row['ratio']:.3g} | {row['bound']}"
        assert f"| {row['name']} | {row['theirs_is']} | {values} | {'ok' if row['ok'] else 'missed'} |" in page
