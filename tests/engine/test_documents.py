"""Generated parts of the documents are up to date, and options are those of the command line."""

import sys

import pytest

from mmsight.configs import source_root
from mmsight.engine import documents
from mmsight.engine.scene_cost import draw_scene_cost, scene_cost
from mmsight.errors import InputError
from mmsight.forms import FORMS
from mmsight.tasks import find_tasks


@pytest.mark.parametrize('page', documents.pages(), ids=lambda path: path.relative_to(source_root()).as_posix())
def test_documents_are_up_to_date(page):
    assert documents.filled(page) == page.read_text(), 'run tools/misc/fill_tables.py'


def test_every_listed_task_has_a_page_with_its_options():
    listed = {name for name, task in find_tasks().items() if task.listed}
    assert {page.stem for page in documents.pages() if page.parent.name == 'tasks'} - {'index'} == listed
    for name in listed:
        text = (source_root() / 'docs' / 'tasks' / f'{name}.md').read_text()
        assert all(f'| `{option.flag}` |' in text for option in find_tasks()[name].options)


def test_every_listed_task_says_which_files_it_reads():
    text = (source_root() / 'docs' / 'files.md').read_text()
    for name, task in find_tasks().items():
        assert not task.listed or (task.reads and f'<!-- files {name} -->' in text), name
    for family, forms in FORMS.items():
        assert len({form.name for form in forms}) == len(forms), family


@pytest.mark.parametrize('part, sentence', [
    ('options fly', "no task 'fly'"), ('files fly', "no task 'fly'"), ('table 99', 'no table 99'),
    ('figure 99', "no figure '99'")])
def test_a_wrong_name_is_one_sentence(part, sentence, tmp_path):
    page = tmp_path / 'sar_shipnet' / 'README.md'
    page.parent.mkdir()
    page.write_text(f'<!-- {part} -->\n<!-- end -->\n')
    with pytest.raises(InputError, match=sentence):
        documents.filled(page)


def test_bars_say_how_much_of_a_bound_is_used():
    rows = [dict(name=str(k), theirs_is='', ratio=ratio, bound=bound, ok=ok) for k, (ratio, bound, ok) in enumerate([
        (4, '>= 2', True), (3, '<= 2', False), (0, '<= 0', True), (1, '<= 0', False)])]
    axes, = documents.draw_benchmarks(rows).axes
    assert [bar.get_width() for bar in axes.patches] == [0.5, 1.5, 0, 1]


def test_scene_cost_by_hand():
    rows = [dict(name='10 x 10 float32, openvino-bf16', theirs_is='torch', ours=4.0, theirs=9.0),
            dict(name='2000 x 2000 float32, time for a million pixels', theirs_is='1000 x 1000 float32', ours=0.5, theirs=0.4),
            dict(name='2000 x 2000 float32, peak of the process', theirs_is='the limit', ours=800.0, theirs=2000),
            dict(name='sparse scene of 9 x 9, peak of the process', theirs_is='the limit', ours=1.0, theirs=2000)]
    assert scene_cost(rows) == ({4.0: 2.0, 1.0: 0.4}, {4.0: 800.0})
    time, memory = draw_scene_cost(rows).axes
    assert time.lines[0].get_xydata().tolist() == [[1.0, 0.4], [4.0, 2.0]]
    assert time.lines[1].get_xydata().tolist() == [[0.0, 0.0], [4.0, 1.6]]
    assert memory.lines[0].get_xydata().tolist() == [[4.0, 800.0]]


def test_plots_replace_their_marks(tmp_path):
    text = documents.with_plots('before\n<!-- plot core -->\nafter', tmp_path, '_plots')
    assert text == 'before\n![core](_plots/core.svg)\nafter' and (tmp_path / 'core.svg').read_text().startswith('<?xml')


def test_figures_without_their_data_keep_no_other_from_being_drawn(monkeypatch, capsys, tmp_path):
    """The tool names each that it could not draw, and fails."""
    from mmsight.engine import figures
    monkeypatch.syspath_prepend(source_root() / 'tools' / 'misc')
    import fill_tables
    monkeypatch.setattr(sys, 'argv', ['fill_tables.py'])
    monkeypatch.setenv('MMSIGHT_DATA', str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fill_tables, 'pages', lambda: [])
    monkeypatch.setattr(fill_tables, 'source_root', lambda: tmp_path)
    monkeypatch.setattr(figures, 'source_root', lambda: tmp_path)
    plans = list(figures.load_plans('sar_shipnet').values())
    monkeypatch.setattr(fill_tables, 'stale_figures', lambda: plans)
    with pytest.raises(SystemExit) as end:
        fill_tables.main()
    drawn = [plan for plan in plans if not plan.data]
    said = [line for line in capsys.readouterr().out.splitlines() if line.endswith(' drawn')]  # loading a model may log too
    assert said == [f'docs/figures/sar_shipnet/{plan.number}.png drawn' for plan in drawn]
    assert drawn and all(plan.picture.is_file() for plan in drawn)
    assert end.value.code.count("needs the data set 'ssdd'") == len(plans) - len(drawn)
