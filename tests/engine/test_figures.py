"""Figures are listed, drawn from what they name, kept while that stays the same, and up to date in the documentation."""

import importlib
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from mmsight import projects
from mmsight.cli import main
from mmsight.configs import source_root
from mmsight.engine import figures
from mmsight.errors import InputError

PLANS = [plan for paper in projects.names() for plan in figures.load_plans(paper).values() if not plan.missing]
CODE = '''from matplotlib.figure import Figure

def draw(inputs, heights=(1, ), word=''):
    figure = Figure(figsize=(2, 1))
    figure.add_subplot().bar(range(len(heights)), heights)
    calls.append((inputs, list(heights), word))
    return figure

calls = []
'''


@pytest.fixture
def toybox(box, tmp_path, monkeypatch):
    """A project with one figure; returns its folder."""
    folder = tmp_path / 'projects' / 'toybox'
    content = dict(title='bars', draw='figure_bars.draw', caption='The paper has bars; so has this.',
                   settings=dict(heights=[1.5, 2.5], word='a'), records=['records/*.json'])
    (folder / 'figures.yml').write_text(yaml.safe_dump({1: content}))
    (folder / 'figure_bars.py').write_text(CODE)
    (folder / 'records' / 'one.json').write_text('{}')
    importlib.invalidate_caches()  # the package was looked into before this module was there
    monkeypatch.chdir(tmp_path)
    return folder


def calls():
    return sys.modules['mmsight.projects.toybox.figure_bars'].calls


def change(folder, **entries):
    path = folder / 'figures.yml'
    content = yaml.safe_load(path.read_text())
    content[1].update(entries)
    path.write_text(yaml.safe_dump(content))


def draw(*changes):
    return figures.draw_figure(figures.with_settings(figures.find_plan('toybox', '1'), changes), Path('out'))


@pytest.mark.parametrize('plan', PLANS, ids=lambda plan: f'{plan.paper}-{plan.number}')
def test_every_figure_can_be_drawn_and_is_up_to_date(plan):
    """Its copy in the documentation, for which no data set is needed."""
    plan.function()
    assert plan.caption and figures.inputs_digest(plan)
    assert not figures.is_stale(plan), 'run tools/misc/fill_tables.py'
    assert plan.picture.stat().st_size < 150_000
    shown = f'docs/figures/{plan.paper}/{plan.number}.png'
    pages = [source_root() / 'projects' / plan.paper / 'README.md', *source_root().glob('docs/**/*.md')]
    assert any(shown in page.read_text() for page in pages), f'{shown} is on no page'


def test_the_documentation_has_no_other_pictures():
    listed = {plan.picture for plan in PLANS}
    assert {path for path in (source_root() / 'docs' / 'figures').glob('**/*') if path.is_file()} <= listed


def test_a_figure_gets_what_it_names(toybox, tmp_path, monkeypatch):
    (tmp_path / 'sets' / 'mine').mkdir(parents=True)
    monkeypatch.setenv('MMSIGHT_DATA', str(tmp_path / 'sets'))
    change(toybox, data='mine')
    path, drawn = draw('heights=3,4')
    (inputs, heights, word), = calls()
    assert drawn and (heights, word) == ([3.0, 4.0], 'a')
    assert inputs == figures.Inputs({}, [toybox / 'records' / 'one.json'], tmp_path / 'sets' / 'mine')
    with Image.open(path) as image:
        assert image.size == (2 * figures.DPI, figures.DPI)
    assert path == Path('out/toybox/1.png') and '<svg' in path.with_suffix('.svg').read_text()


def test_what_is_unchanged_is_not_drawn_again(toybox, tmp_path, monkeypatch):
    (tmp_path / 'mine').mkdir()
    monkeypatch.setenv('MMSIGHT_DATA', str(tmp_path))
    change(toybox, data='mine')
    draw()
    assert not draw()[1] and len(calls()) == 1
    for cause in (lambda: (toybox / 'records' / 'one.json').write_text('{"a": 1}'),
                  lambda: (toybox / 'records' / 'two.json').write_text('{}'),
                  lambda: (tmp_path / 'mine' / 'image.png').touch(),
                  lambda: (toybox / 'figure_bars.py').write_text(f'{CODE}\n'),
                  lambda: Path('out/toybox/1.svg').unlink(),
                  lambda: change(toybox, settings=dict(word='b'))):
        cause()
        assert draw()[1] and not draw()[1]
    assert draw('word=c')[1]


def test_a_picture_is_stale_once_a_record_changes_and_not_for_lack_of_data(toybox, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, 'source_root', lambda: tmp_path)
    monkeypatch.setenv('MMSIGHT_DATA', str(tmp_path / 'sets'))
    (tmp_path / 'sets' / 'mine').mkdir(parents=True)
    change(toybox, data='mine')
    plan = figures.find_plan('toybox', '1')
    assert figures.is_stale(plan)
    figures.draw_figure(plan, tmp_path / 'docs' / 'figures')
    (tmp_path / 'sets' / 'mine').rmdir()
    assert not figures.is_stale(plan)
    (toybox / 'records' / 'one.json').write_text('[]')
    assert figures.is_stale(plan)


def test_missing_data_are_one_sentence(toybox, tmp_path, monkeypatch):
    monkeypatch.setenv('MMSIGHT_DATA', str(tmp_path / 'nowhere'))
    change(toybox, data='mine')
    with pytest.raises(InputError, match="needs the data set 'mine', and .*nowhere/mine does not exist: .* MMSIGHT_DATA"):
        draw()


@pytest.mark.parametrize('words, sentence', [
    (['toybx'], 'did you mean toybox'), (['toybox', '11'], "no figure '11'; did you mean 1"),
    (['toybox', '1', '--set', 'hights=1'], 'did you mean heights'), (['toybox', '1', '--set', 'heights=a'], 'such as 1.5,2.5'),
    (['toybox', '1', '--checkpoint', 'a=b.pth'], 'is not drawn from models')])
def test_wrong_words_are_one_sentence(toybox, capsys, words, sentence):
    with pytest.raises(SystemExit, match=sentence):
        main(['figure', *words])


def test_a_figure_that_cannot_be_drawn_says_what_is_missing(toybox, capsys):
    change(toybox, draw='', missing='its sixteen trainings')
    assert not figures.is_stale(figures.find_plan('toybox', '1'))
    with pytest.raises(InputError, match='figure 1 of toybox cannot be drawn: its sixteen trainings'):
        draw()
    with pytest.raises(SystemExit):
        main(['figure', 'toybox'])
    assert 'not drawn: its sixteen trainings' in capsys.readouterr().out


@pytest.mark.parametrize('entries, sentence', [
    (dict(draw=''), "give 'draw', or else 'missing'"), (dict(missing='data'), "give 'draw', or else 'missing'"),
    (dict(draw='figure_none.draw'), 'figure_none.draw'), (dict(draw='figure_bars.paint'), "no function 'paint'"),
    (dict(draw='mmsight.engine.nothing.draw'), 'or of mmsight'),
    (dict(draw='mmsight.engine.figures.paint'), "no function 'paint'"),
    (dict(settings=dict(width=1)), 'settings do not fit'), (dict(colour='red'), 'colour'),
    (dict(records=['records/*.csv']), r"matches 'records/\*.csv'")])
def test_a_wrong_entry_is_named(toybox, entries, sentence):
    change(toybox, **entries)
    with pytest.raises(InputError, match=f'figures.yml: figure 1: .*{sentence}'):
        draw()


def test_checkpoints_join_or_replace_models(toybox, tmp_path):
    weights = tmp_path / 'mine.pth'
    weights.write_bytes(b'one')
    change(toybox, models=['ships-sar'])
    plan = figures.find_plan('toybox', '1')
    found = figures.parse_checkpoints(plan, [f'mine={weights}'])
    before = figures.inputs_digest(plan, found)
    figures.draw_figure(plan, Path('out'), found)
    assert list(calls()[0][0].models) == ['ships-sar', 'mine'] and calls()[0][0].models['mine'] == str(weights)
    weights.write_bytes(b'two')
    assert len({before, figures.inputs_digest(plan, found), figures.inputs_digest(plan)}) == 3
    with pytest.raises(InputError, match='NAME=FILE is expected'):
        figures.parse_checkpoints(plan, ['mine.pth'])


def test_the_command_lists_draws_and_says_what_is_unchanged(toybox, capsys):
    said = []
    for words in (['toybox'], ['toybox', '1', '--out-dir', 'here'], ['toybox', '1', '--out-dir', 'here']):
        with pytest.raises(SystemExit) as end:
            main(['figure', *words])
        assert end.value.code == 0
        said.append(capsys.readouterr().out)
    assert said[0].split() == ['1', 'bars', 'from', 'records', 'records/*.json']
    assert said[1:] == ['written: here/toybox/1.png and 1.svg\n', 'unchanged: here/toybox/1.png and 1.svg\n']
