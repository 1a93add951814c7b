"""Every metafile names what exists, and every path that a document names is there."""

import json
import re
from pathlib import Path
from statistics import mean

import pytest
import yaml

from mmsight.configs import source_root

ROOT = source_root()
METAFILES = sorted(ROOT.glob('projects/*/metafile.yml'))
PAGES = sorted([*ROOT.glob('*.md'), *ROOT.glob('docs/**/*.md'), *ROOT.glob('projects/*/*.md'), *ROOT.glob('tools/**/*.md')])


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
        # a model in the box has a name of its own
        stem = Path(model['Config']).stem if 'Weights' in model else model['Name']
        assert model['Config'] == f'configs/{path.parent.name}/{stem}.py' and (ROOT / model['Config']).is_file()
        assert 'Weights' not in model or (ROOT / model['Weights']).is_file()
        assert all(result['Source'] in ('paper', 'measured') for result in model['Results'])


@pytest.mark.parametrize('path', METAFILES, ids=lambda path: path.parent.name)
def test_measured_values_are_means_of_records(path):
    records = [(file.stem.rpartition('_seed')[0], json.loads(file.read_text())) for file in path.parent.glob('records/*.json')]
    for model in yaml.safe_load(path.read_text())['Models']:
        trained = [record['metrics'] for config, record in records if config == model['Name']]
        for result in model['Results']:
            mine = [json.loads((path.parent / 'records' / result['Record']).read_text())['metrics']] if 'Record' in result \
                else trained
            for name, value in result['Metrics'].items() if result['Source'] == 'measured' else ():
                digits = len(str(value).partition('.')[2])
                # a share may be given in percent; the last digit may have been rounded twice
                means = [factor * mean(metrics[key] for metrics in mine) for key in (mine[0] if mine else ())
                         if 'Record' in result or key.rpartition('/')[2].startswith(name) for factor in (1, 100)]
                assert any(abs(found - value) < 1.1 * 10**-digits for found in means), (model['Name'], name, value)


@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_paths_exist(page):
    text = page.read_text()
    links = [link.split('#')[0] for link in re.findall(r'\]\(([^)\s]+)\)', text) if '://' not in link]
    missing = [link for link in links if link and not (page.parent / link).exists()]
    paths = re.findall(r'\b((?:tools|configs|projects|requirements)/[\w./-]+\.(?:py|sh|txt|md|yml))\b', text)
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.slow
def test_documentation_builds_without_a_warning(run, tmp_path):
    run('-m', 'sphinx', '-q', '-W', '--keep-going', '-b', 'html', '-c', ROOT / 'docs', ROOT, tmp_path / 'html')
    assert 'GaussianCenterNetHead' in (tmp_path / 'html' / 'docs' / 'api.html').read_text()
    assert (tmp_path / 'html' / 'projects' / 'sar_shipnet' / 'README.html').is_file()
