"""Tables come from records, documents are up to date, and runs go on where they stopped."""

import csv
import io
import json
import statistics
from dataclasses import replace

import pytest
import torch

from mmsight import projects
from mmsight.configs import find_config
from mmsight.engine import table_runs, tables
from mmsight.errors import InputError

PAPERS = [name for name in projects.names() if (tables.project_folder(name) / 'tables.yml').is_file()]


@pytest.mark.parametrize('paper', PAPERS)
def test_tables_and_records_name_configs(paper):
    for table in tables.load_tables(paper).values():
        for row in table.rows:
            assert all(find_config(f'{paper}/{name}').is_file() for name in (row.config, row.weights) if name)
    folder = tables.project_folder(paper)
    shown = {(row.records, row.config) for table in tables.load_tables(paper).values() for row in table.rows}
    for path in sorted(folder.glob('records/**/')):
        for config, runs in tables.read_records(path).items():
            assert (path.relative_to(folder).as_posix(), config) in shown, f'{config} stands in no table'
            for seed, run in runs.items():
                assert run['file'] == f'{config}_seed{seed}.json'
                assert run['git_commit'] and not run['git_commit'].endswith('-dirty')


@pytest.fixture
def records(tmp_path):
    """Three seeds of one config."""
    folder = tmp_path / 'records'
    folder.mkdir()
    for seed, value in enumerate((0.2, 0.5, 0.35)):
        record = dict(config='configs/example_project/example_project.py', seed=seed, metrics={'example/mean_error': value})
        (folder / f'example_project_seed{seed}.json').write_text(json.dumps(record))
    return folder


def test_mean_and_spread_in_every_form(records, tmp_path):
    table = tables.load_tables('example_project')['example']
    made = tables.lines(table, records)
    mean, spread = statistics.mean((0.2, 0.5, 0.35)), statistics.stdev((0.2, 0.5, 0.35))
    assert f'| {mean:.4f} ± {spread:.4f} |' in tables.markdown(table, made)
    row, = csv.DictReader(io.StringIO(tables.to_csv(table, made)))
    assert float(row['mean error']) == pytest.approx(mean) and float(row['mean error spread']) == pytest.approx(spread)
    assert row['seeds'] == '0 1 2' and row['source'] == 'measured'
    tables.write_html(table, made, tmp_path / 'table.html')
    page = (tmp_path / 'table.html').read_text()
    assert page.count('<img src="data:image/png;base64,') == 1 and f'{mean:.4f} ± {spread:.4f}' in page


def test_a_row_without_a_record_says_so(tmp_path):
    table = tables.load_tables('example_project')['example']
    text = tables.markdown(table, tables.lines(table, tmp_path))
    assert '| not reproduced |' in text and table.not_reproduced in text


def test_a_reason_stands_only_where_a_row_is_missing(records, tmp_path):
    table = replace(tables.load_tables('example_project')['example'], not_reproduced='no data')
    for folder, shown in ((records, False), (tmp_path, True)):
        made = tables.lines(table, folder)
        if folder == tmp_path:
            made = [line for line in made if line.source != 'measured']
        tables.write_html(table, made, tmp_path / 'table.html')
        assert (': no data.</li>' in (tmp_path / 'table.html').read_text()) is shown
        assert (': no data.' in tables.markdown(table, made)) is shown


def test_a_row_may_have_a_reason_of_its_own(tmp_path):
    table = tables.load_tables('example_project')['example']
    rows = [replace(table.rows[0], model='first', missing='two hours'), replace(table.rows[0], model='second')]
    table = replace(table, rows=rows, not_reproduced='no data')
    text = tables.markdown(table, tables.lines(table, tmp_path))
    assert '- first: two hours.' in text and '- second: no data.' in text


@pytest.mark.parametrize('content', ['{', '[]', '{"seed": 0}', '{"seed": 1, "metrics": {}}'])
def test_a_file_that_is_no_record_is_named(content, tmp_path):
    (tmp_path / 'bad_seed0.json').write_text(content)
    with pytest.raises(InputError, match='bad_seed0.json'):
        tables.read_records(tmp_path)


def test_a_records_name_says_config_and_seed(records):
    (records / 'example_project_seed2.json').rename(records / 'example_project.json')
    with pytest.raises(InputError, match=r'example_project.json: a record must be named <config>_seed<N>.json'):
        tables.read_records(records)


def test_what_is_measured_is_not_run_again():
    table = tables.load_tables('eas_unet')['chaos']
    done = {'unet-2d_w16_slices_64_chaos': {0: {}}}
    jobs = table_runs.pending(table, [0, 1], done, 'unet-*')
    assert jobs == [table_runs.Job('unet-2d_w16_slices_64', 1, ('unet-2d_w16_slices_64_chaos', ))]
    # one training for both tables' rows
    assert {job.train for job in table_runs.pending(table, [0], {}, '*')} == {'unet-2d_w16_slices_64', 'eas-unet_w16_slices_64'}


@pytest.mark.slow
def test_command_runs_seeds_names_failed_ones_and_goes_on(run, tmp_path):
    out = tmp_path / 'out' / 'example_project'
    broken = out / 'runs' / 'example_project_seed0'
    broken.mkdir(parents=True)
    torch.save(dict(state_dict={}, message_hub={}, meta={}), broken / 'epoch_1.pth')
    call = ('-m', 'mmsight.cli', 'table', 'example_project', 'example', '--run', '--seeds', 0, 1, '--out-dir', tmp_path / 'out')
    env = dict(MMSIGHT_DATA=str(tmp_path))
    first = run(*call, '--jobs', 2, check=False, **env)
    assert first.returncode == 1 and 'Traceback' not in first.stderr and '2 trainings to run' in first.stdout
    assert 'example_project, seed 0: the training failed' in first.stderr and 'seed 1: done' in first.stdout
    (broken / 'epoch_1.pth').unlink()
    second = run(*call, **env)
    assert '1 trainings to run' in second.stdout and 'example_project, seed 0: done' in second.stdout
    assert sorted(path.stem for path in (out / 'records').iterdir()) == ['example_project_seed0', 'example_project_seed1']
    assert '±' in (out / 'table_example.md').read_text()
    assert (out / 'table_example.csv').is_file() and (out / 'table_example.html').is_file()


def test_unknown_table_and_paper(run):
    for words, said in ((('sar_shipnet', '9'), "only 1, 2, 3"), (('nobody', ), "no paper 'nobody'")):
        done = run('-m', 'mmsight.cli', 'table', *words, check=False)
        assert done.returncode == 1 and said in done.stderr and 'Traceback' not in done.stderr


def test_only_values_of_several_seeds_have_whiskers():
    table = tables.Table('example_project', '1', 'a', [tables.Column('m', 'm')], [])
    rows = [tables.Row(model, config='example_project') for model in 'ab']
    values = tables.Value(2.0), tables.Value(3.0, 0.5)
    made = [tables.Line(row, 'measured', [value], {0: 'r'}) for row, value in zip(rows, values, strict=True)]
    axes, = tables.draw(table, made).axes
    assert [bar.get_width() for bar in axes.patches] == [2, 3]
    drawn = [tuple(segment[:, 0]) for lines in axes.collections for segment in lines.get_segments() if len(segment)]
    assert [ends for ends in drawn if ends[0] == ends[0]] == [(2.5, 3.5)]
