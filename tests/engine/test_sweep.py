"""Curves over a parameter, against the rows of tables by hand and against records."""

import json
import statistics

import pytest
import yaml

from mmsight.engine.figures import Inputs, find_plan
from mmsight.engine.sweep import draw_sweep, find_points
from mmsight.engine.tables import Column, Row, Table, Value, project_folder
from mmsight.errors import InputError

TABLE = Table('example_project', 'x', 'a sweep', [Column('P', 'none'), Column('R', 'none')], [
    Row('beta 0.5', paper=[3, 30]), Row('beta 0.1', paper=[1, 10]), Row('beta 1', paper=[None, 40]),
    Row('beta 0.1, small', data='D', paper=[2, 20]), Row('gamma 0.2', paper=[9, 90])])


def test_points_rise_and_rows_with_another_name_are_another_series():
    assert find_points(TABLE, 'beta', 'P') == {
        '(paper)': [(0.1, Value(1)), (0.5, Value(3))], 'small, D (paper)': [(0.1, Value(2))]}
    assert find_points(TABLE, 'beta', 'R')['(paper)'][-1] == (1.0, Value(40))


@pytest.mark.parametrize('parameter, column, sentence', [
    ('beta', 'PP', "table x of example_project has no column 'PP'; did you mean P"),
    ('bet', 'P', "no row with a value that is named 'bet VALUE'")])
def test_wrong_settings_are_one_sentence(parameter, column, sentence):
    with pytest.raises(InputError, match=sentence):
        find_points(TABLE, parameter, column)


def drawn(axes):
    """Series to its points."""
    return {bars.get_label(): bars.lines[0].get_xydata().tolist() for bars in axes.containers}


def test_an_unknown_table_is_one_sentence():
    settings = dict(find_plan('sar_shipnet', 'alpha').settings, table='33')
    with pytest.raises(InputError, match="sar_shipnet has no table '33', only 1, 2, 3"):
        draw_sweep(Inputs(), **settings)


def test_the_papers_curves_are_its_table():
    rows = yaml.safe_load((project_folder('sar_shipnet') / 'tables.yml').read_text())['3']
    figure = find_plan('sar_shipnet', 'alpha').function()(Inputs())
    names = list(rows['columns'])
    for axes in figure.axes:
        expected = [[float(row['model'].split()[1]), row['paper'][names.index(axes.get_title())]]
                    for row in rows['rows'] if row['model'].startswith('alpha') and 'paper' in row]
        assert drawn(axes)['SAR-Ship (paper)'] == expected and len(expected) == 9


def test_lambdas_curve_is_the_mean_of_the_records():
    figure = find_plan('s2net', '3').function()(Inputs())
    base = 'r2d2-ssl_w8_roadscene_64'
    configs = {0.0: 'lambda/r2d2_w8_roadscene_64', 0.4: f'lambda/{base}', **{
        place: f'{base}_lambda{place}' for place in (0.2, 0.6, 0.8, 1.0)}}
    for axes, count in zip(figure.axes, (1024, 2048, 4096), strict=True):
        expected = []
        for place, config in sorted(configs.items()):
            runs = [json.loads(path.read_text())['metrics'][f'match/NCM@{count}']
                    for path in (project_folder('s2net') / 'records').glob(f'{config}_seed*.json')]
            expected += [[place, pytest.approx(statistics.mean(runs))]] if runs else []
        assert len(expected) > 2 and drawn(axes)['R2D2, quarter width, RoadScene (measured)'] == expected
        assert [place for place, _ in drawn(axes)['R2D2, RoadScene (paper)']] == [0, 0.4]


def test_bars_are_the_spread_over_seeds_and_a_single_seed_has_none(box, tmp_path):
    project = tmp_path / 'projects' / 'toybox'
    rows = [dict(model='beta 1', config='a'), dict(model='beta 2', config='b'), dict(model='beta 3', config='none')]
    content = dict(x=dict(title='a sweep', columns=dict(P=dict(metric='p')), rows=rows))
    (project / 'tables.yml').write_text(yaml.safe_dump(content))
    for name, seed, value in (('a', 0, 3.0), ('a', 1, 7.0), ('b', 0, 4.0)):
        record = dict(config=name, seed=seed, metrics=dict(p=value))
        (project / 'records' / f'{name}_seed{seed}.json').write_text(json.dumps(record))
    axes, = draw_sweep(Inputs(), 'toybox', 'x', 'beta', ['P']).axes
    assert drawn(axes) == {'(measured)': [[1, 5], [2, 4]]}
    several, single = axes.containers[0].lines[2][0].get_segments()
    assert several[:, 1].tolist() == pytest.approx([5 - 8**0.5, 5 + 8**0.5]) and not single.size
