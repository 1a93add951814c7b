"""Every metafile names what exists, and every path that a document names is there."""

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


@pytest.mark.slow
def test_documentation_builds_without_a_warning(run, tmp_path):
    run('-m', 'sphinx', '-q', '-W', '--keep-going', '-b', 'html', '-c', ROOT / 'docs', ROOT, tmp_path / 'html')
    assert 'GaussianCenterNetHead' in (tmp_path / 'html' / 'docs' / 'api.html').read_text()
    assert (tmp_path / 'html' / 'projects' / 'sar_shipnet' / 'README.html').is_file()
