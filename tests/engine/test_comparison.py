"""Intervals against SciPy, the host's AP on images that are really repeated, and what cannot be compared."""

import json
import math
from functools import partial

import numpy as np
import pytest
from mmdet.evaluation.functional import average_precision
from mmengine.logging import MMLogger
from scipy import stats

from mmsight import projects
from mmsight.engine import comparison, tables
from mmsight.engine.per_case import write_per_case
from mmsight.errors import InputError
from mmsight.precision_recall import curve, pool, sampled_ap


def detections(seed, images=40, quality=0.5):
    """Images with scores that repeat, ignored detections, missed ships, and some of neither."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(images):
        count = rng.integers(0, 9)
        scores, states = np.round(rng.random(count), 1), rng.choice([1, 0, -1], count, p=[quality, 0.9 - quality, 0.1])
        made.append([(0, scores, states, int((states == 1).sum() + rng.integers(0, 2)))])
    return made


def host_ap(images, mode):
    found = pool(images)
    _, precision, recall = curve(found.score, found.state[0], found.ships.sum())
    return float(average_precision(recall, precision, mode))


@pytest.mark.parametrize('rule, mode', [('voc12', 'area'), ('voc07', '11points')])
def test_ap_of_samples_is_the_hosts_of_repeated_images(rule, mode):
    images = detections(0)
    rng = np.random.default_rng(1)
    chosen = [np.arange(40), *(rng.integers(0, 40, 40) for _ in range(8))]
    weights = np.array([np.bincount(sample, minlength=40) for sample in chosen])
    expected = [host_ap([images[index] for index in sample], mode) for sample in chosen]
    assert sampled_ap(pool(images), weights, rule) == pytest.approx(expected, abs=1e-6)


def test_ap_is_the_mean_over_classes_with_ships():
    images = [[(0, np.array([.9]), np.array([1]), 1)], [(3, np.array([.8, .7]), np.array([0, 1]), 1)], []]
    weights = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 2]])
    assert sampled_ap(pool(images), weights)[:2].tolist() == [0.75, 1.0] and math.isnan(sampled_ap(pool(images), weights)[2])
    assert math.isnan(sampled_ap(pool([[], []]), np.ones((1, 2)))[0])


@pytest.fixture
def result(tmp_path):
    """Write a record and the scores of its cases as a run does; returns the record's path."""

    def write(name, values=None, images=None, first='a0', metrics=()):
        log = tmp_path / name / '20260101_000000' / 'run.log'
        log.parent.mkdir(parents=True)
        MMLogger._instance_dict.clear()
        MMLogger.get_instance(name, log_file=str(log))
        if images is not None:
            rows = [dict(case=f'a{index}', image_f1=0, true=0, false=0, ships=0) for index in range(len(images))]
            write_per_case(rows, 'image_f1', pool(images))
            metrics = {'ship/AP50_voc12': host_ap(images, 'area')}
        elif values is not None:
            names = [first, *(f'a{index}' for index in range(1, len(values)))]
            write_per_case([dict(case=case, DSC=float(value)) for case, value in zip(names, values, strict=True)], 'DSC')
            metrics = {'liver/DSC': float(np.mean(values)), 'liver/HD': 3.0}
        (log.parents[1] / 'result.json').write_text(json.dumps(dict(metrics=dict(metrics), seed=0)))
        return log.parents[1]

    return write


def test_a_part_of_the_images_has_the_hosts_ap(result):
    """As inshore images: the rest is as if it had never been tested."""
    images = [detections(seed) for seed in (2, 3)]
    chosen = [1, 4, 5, 9, 20, 21, 33]
    only = frozenset(f'a{index}' for index in chosen)
    runs = [[comparison.load_run(result(name, images=part), only)] for name, part in zip('ab', images, strict=True)]
    expected = [host_ap([part[index] for index in chosen], 'area') for part in images]
    assert [run.value('ship/AP50_voc12') for run, in runs] == pytest.approx(expected, abs=1e-6)
    found = comparison.compare(*runs, 'ship/AP50_voc12')
    assert (found.first, found.second) == pytest.approx(expected, abs=1e-6) and found.over == '7 images'


def test_a_set_without_a_case_that_counts_is_an_error(result):
    run = comparison.load_run(result('a', images=detections(5)), frozenset({'a1', 'b7'}))
    with pytest.raises(InputError, match='lacks 1 of the 2 cases that count, b7 among them'):
        run.value('ship/AP50_voc12')


def test_a_column_of_a_part_of_the_images(result, monkeypatch, tmp_path):
    images = detections(4)
    (tmp_path / 'few.txt').write_text('a3\na7\na8\n')
    monkeypatch.setattr(tables, 'LISTS', tmp_path)
    column = tables.Column('AP few', 'ship/AP50_voc12', 100, only='few.txt')
    record = dict(path=result('a', images=images) / 'result.json', metrics={'ship/AP50_voc12': host_ap(images, 'area')})
    few = 100 * host_ap([images[index] for index in (3, 7, 8)], 'area')
    assert column.value(tables.Row('a'), record) == pytest.approx(few, abs=1e-4)
    without = dict(path=result('b', metrics={'ship/AP50_voc12': 0.5}) / 'result.json', metrics={'ship/AP50_voc12': 0.5})
    assert column.value(tables.Row('b'), without) is None


def test_means_have_scipys_paired_interval(result):
    rng = np.random.default_rng(0)
    first = rng.random(30)
    second = first - 0.05 + rng.normal(0, 0.1, 30)
    runs = [[comparison.load_run(result(name, values))] for name, values in (('a', first), ('b', second))]
    found = comparison.compare(*runs, 'liver/DSC')
    expected = stats.bootstrap((first, second), lambda a, b, axis: (a - b).mean(axis=axis), paired=True, vectorized=True,
                               n_resamples=comparison.SAMPLES, batch=200, random_state=np.random.default_rng(0))
    assert found.interval == pytest.approx(tuple(expected.confidence_interval))
    assert found.first - found.second == pytest.approx(first.mean() - second.mean()) and found.over == '30 images'


def test_ap_has_the_interval_of_repeated_images(result):
    """A plain loop's percentiles, which BCa's are close to."""
    images = detections(0, quality=0.7), detections(1, quality=0.3)
    runs = [[comparison.load_run(result(name, images=part))] for name, part in zip('ab', images, strict=True)]
    found = comparison.compare(*runs, 'ship/AP50_voc12')
    rng = np.random.default_rng(2)
    gaps = []
    for _ in range(300):
        chosen = rng.integers(0, 40, 40)
        gaps.append(np.subtract(*(host_ap([part[index] for index in chosen], 'area') for part in images)))
    assert found.interval == pytest.approx(np.quantile(gaps, (0.025, 0.975)), abs=0.05) and found.above is True
    assert comparison.compare(*runs[::-1], 'ship/AP50_voc12').above is False


def test_a_model_is_not_above_itself(result):
    run = comparison.load_run(result('a', np.arange(5) / 5))
    found = comparison.compare([run], [run], 'liver/DSC')
    assert found.interval == (0, 0) and found.above is None and 'not distinguishable' in found.sentence('a', 'b')


def test_seeds_enter_with_their_mean(result):
    rng = np.random.default_rng(0)
    values = rng.random((3, 12))
    runs = [comparison.load_run(result(f'seed{index}', row)) for index, row in enumerate(values)]
    together = comparison.load_run(result('mean', values.mean(axis=0)))
    other = [comparison.load_run(result('other', rng.random(12)))]
    assert comparison.compare(runs, other, 'liver/DSC').interval == \
        pytest.approx(comparison.compare([together], other, 'liver/DSC').interval)


def test_intervals_over_seeds_are_students():
    first, second = {0: 0.5, 1: 0.7, 2: 0.6}, {0: 0.4, 1: 0.5, 2: 0.5, 3: 9.0}
    found = comparison.compare_seeds(first, second, paired=True)
    half = 4.302653 * np.std([0.1, 0.2, 0.1], ddof=1) / np.sqrt(3)
    assert found.interval == pytest.approx((0.4 / 3 - half, 0.4 / 3 + half)) and found.over == '3 seeds'
    welch = comparison.compare_seeds(first, {0: 0.4, 1: 0.5, 2: 0.6}, paired=False)  # equal variances: 4 degrees of freedom
    half = 2.776445 * np.sqrt(2 * 0.01 / 3)
    assert welch.interval == pytest.approx((0.1 - half, 0.1 + half)) and welch.above is None
    alone = comparison.compare_seeds({0: 0.5}, {0: 0.4}, paired=False)
    assert alone.interval is None and alone.above is True
    assert comparison.compare_seeds({0: 0.5, 1: 0.6}, {0: 0.4, 1: 0.5}, paired=True).interval == pytest.approx((0.1, 0.1))


@pytest.mark.parametrize('change, sentence', [
    (dict(values=np.arange(6), first='b0'), 'only one of them has a0'), (dict(values=np.arange(7)), 'only one of them has a6'),
    (dict(), 'has no scores of single images')])
def test_what_cannot_be_compared_is_said(change, sentence, result):
    with pytest.raises(InputError, match=sentence):
        comparison.compare_results(result('a', np.arange(6)), result('b', **change))


def test_scores_of_another_run_are_noticed(result):
    paths = [result(name, np.arange(6)) for name in 'ab']
    (paths[1] / 'result.json').write_text(json.dumps(dict(metrics={'liver/DSC': 2.6})))
    with pytest.raises(InputError, match=r'liver/DSC is 2.5 by its images, not 2.6'):
        comparison.compare_results(*paths)


@pytest.mark.parametrize('text', ['', 'case,DSC\n', 'name,DSC\na,1\n', 'case,DSC\na,1\na,2\n'])
def test_a_file_without_scores_is_named(text, result):
    folder = result('a', np.arange(6))
    (folder / '20260101_000000' / 'per_case.csv').write_text(text)
    with pytest.raises(InputError, match=r'per_case.csv (has no scores|names a case twice)'):
        comparison.compare_results(folder, folder)


def test_no_result_is_named(tmp_path):
    with pytest.raises(InputError, match='neither a record nor a work-dir'):
        comparison.load_run(tmp_path)


def test_rows_of_seeds_are_compared():
    table = tables.load_tables('larsd')['ssdd']
    configs = 'larsd-11_r18w16_ssdd_256', 'larsd-10_r18w16_ssdd_256'  # one training for both
    first, *others = comparison.compare_in_table(table, *configs)
    assert first.startswith(f'AP50 (VOC07): {configs[0]} 45.0, {configs[1]} 47.6, difference -2.6')
    assert all('(95 %, 3 seeds)' in said for said in (first, *others))


def test_rows_of_a_single_case_are_compared_over_seeds():
    said = comparison.compare_in_table(tables.load_tables('eas_unet')['chaos'], 'EAS U-Net', 'U-Net 2D')
    assert said[0].startswith('DSC %: ') and '(95 %, 3 and 3 seeds)' in said[0]


def test_a_column_without_values_is_left_out():
    table = tables.load_tables('eas_unet')['slices_256']
    records = tables.project_folder('eas_unet') / 'records'
    rows = [tables.Row(name, config=name, records=str(records)) for name in ('eas-unet_w16_slices_64', 'unet-2d_w16_slices_64')]
    added = tables.Table('eas_unet', 'x', 'x', [tables.Column('never', 'liver/never'), *table.columns], rows)
    said = comparison.compare_in_table(added, *(row.config for row in rows))
    assert said and not any('never' in line for line in said)


@pytest.mark.parametrize('paper, number, rows, sentence', [
    ('eas_unet', 'slices', ('U-Net 2D', 'nothing'), "has no row 'nothing'"),
    ('s2net', 'II', ('SIFT', 'RIFT'), "write 'SIFT, RoadScene'"),
    ('eas_unet', '1', ('U-Net 2D', 'EAS U-Net'), 'has no measured DSC'),
    ('eas_unet', 'slices_256', ('U-Net 2D', 'EAS U-Net'), 'have no interval: there is one training each')])
def test_rows_that_cannot_be_compared(paper, number, rows, sentence):
    with pytest.raises(InputError, match=sentence):
        comparison.compare_in_table(tables.load_tables(paper)[number], *rows)


def test_command(run, result):
    call = partial(run, '-m', 'mmsight.cli', 'table')
    first, second = result('a', np.arange(6) + 1), result('b', np.arange(6))
    said = call('--compare', first, second).stdout
    assert said.startswith(f'liver/DSC: {first} 3.5000, {second} 2.5000, difference +1.0000 [+1.0000, +1.0000]')
    assert said.endswith(f'(95 %, 6 images): {first} is above\n')
    done = call(check=False)
    assert done.returncode == 1 and 'which paper?' in done.stderr and 'Traceback' not in done.stderr


def test_records_name_the_images_of_their_runs():
    """Scores that lie beside a record give its metrics."""
    beside = [path for paper in projects.names() for path in projects.folder(paper).glob('records/**/*.csv')]
    for path in beside:
        run = comparison.load_run(path.with_suffix('.json'))
        given = [metric for metric in run.metrics if comparison.statistic(run.cases, metric)]
        assert given
        for metric in given[:3]:
            comparison.compare([run], [run], metric)
