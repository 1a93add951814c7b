import importlib.util
import json
import pickle
import re
import runpy

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

pytestmark = pytest.mark.slow  # most start a process
TOY = 'configs/sar_shipnet/sar_shipnet_toy.py'
PNG = b'\x89PNG'


def load(root, name):
    spec = importlib.util.spec_from_file_location(name, root / 'tools' / 'analysis_tools' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def toy(toy_data):
    return toy_data('sar_shipnet')


@pytest.mark.parametrize('tool', [
    'tools/analysis_tools/analyze_logs', 'tools/analysis_tools/benchmark', 'tools/analysis_tools/browse_dataset',
    'tools/analysis_tools/confusion_matrix', 'tools/analysis_tools/get_flops', 'tools/analysis_tools/vis_scheduler',
    'tools/deployment/export_onnx', 'tools/misc/demo', 'tools/misc/fill_tables', 'tools/misc/print_config',
    'projects/larsd/tools/anchor_kmeans', 'projects/larsd/tools/score_quality', 'projects/s2net/tools/score_features',
    'projects/super_resolution/tools/keep_samples', 'projects/super_resolution/tools/report_metric'
])
def test_help_has_an_example(run, tool):
    assert f'example: python {tool}.py' in ' '.join(run(f'{tool}.py', '--help').stdout.split())


def test_print_config(run):
    text = run('tools/misc/print_config.py', TOY, '--cfg-options', 'train_cfg.max_epochs=7').stdout
    assert 'max_epochs=7' in text and "type='mmsight.ShipDetectionMetric'" in text


def test_a_missing_config_is_one_sentence(run):
    done = run('tools/misc/print_config.py', 'no_such_config', check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: config 'no_such_config'") and 'Traceback' not in done.stderr


def test_get_flops_counts_the_parameters_of_the_model(run):
    from mmdet.registry import MODELS
    from mmengine.registry import init_default_scope

    from mmsight.configs import load_config
    cfg = load_config(TOY)
    init_default_scope('mmdet')
    params = sum(p.numel() for p in MODELS.build(cfg.model).parameters())
    text = run('tools/analysis_tools/get_flops.py', TOY, '--shape', 64, 96).stdout
    assert f'parameters: {params / 1e6:.3f} M, {params * 4 / 2**20:.1f} MiB in fp32' in text
    assert 'input: 1 x 3 x 64 x 96' in text


def test_vis_scheduler(root, run, tmp_path):
    out = tmp_path / 'sub' / 'lr.png'
    text = run('tools/analysis_tools/vis_scheduler.py', TOY, '--epoch-length', 20, '--out', out).stdout
    assert f'{Config.fromfile(root / TOY).train_cfg.max_epochs * 20} iterations, 0.0002 first' in text
    assert out.read_bytes().startswith(PNG)
    learning_rates = load(root, 'vis_scheduler').learning_rates
    steps = learning_rates([dict(type='MultiStepLR', milestones=[2], gamma=0.1, by_epoch=True)], 1.0, 4, 3)
    assert steps == pytest.approx([1] * 6 + [0.1] * 6)
    ramp = learning_rates([dict(type='LinearLR', start_factor=0.5, begin=0, end=5, by_epoch=False)], 1.0, 1, 6)
    assert ramp == pytest.approx([0.5, 0.625, 0.75, 0.875, 1, 1])


def test_vis_scheduler_of_a_cosine_and_of_two_optimizers(root, run, tmp_path):
    tool = load(root, 'vis_scheduler')
    cosine = dict(type='CosineAnnealingLR', eta_min=0.1, by_epoch=True, T_max=5, convert_to_iter_based=True)
    rates = np.array(tool.learning_rates([cosine], 1.0, 5, 4))
    assert rates == pytest.approx(0.1 + 0.9 * (1 + np.cos(np.pi * np.arange(20) / 20)) / 2)
    cfg = Config(dict(optim_wrapper=dict(constructor='Two', a=dict(optimizer=dict(lr=1.0)), b=dict(optimizer=dict(lr=2.0))),
                      param_scheduler=[cosine]))
    assert tool.optimizers(cfg) == dict(a=(1.0, [cosine]), b=(2.0, [cosine]))
    cfg.param_scheduler = dict(b=[cosine])
    assert tool.optimizers(cfg) == dict(a=(1.0, []), b=(2.0, [cosine]))
    text = run('tools/analysis_tools/vis_scheduler.py', 'super_resolution_toy', '--out', tmp_path / 'lr.png').stdout
    assert 'generator: 2400 iterations, ' in text and 'discriminator: 2400 iterations, ' in text


def test_browse_dataset(run, tmp_path, toy):
    tool = 'tools/analysis_tools/browse_dataset.py'
    text = run(tool, TOY, '-n', 3, '--output-dir', tmp_path, MMSIGHT_DATA=str(toy)).stdout
    assert text.strip().splitlines()[-1].startswith('3 of ')
    assert [path.read_bytes()[:4] for path in tmp_path.iterdir()] == [PNG] * 3


def test_confusion_matrix_by_hand(root):
    matrix = np.zeros((3, 3), dtype=int)
    box, far, lost = [0, 0, 10, 10], [50, 50, 60, 60], [80, 80, 90, 90]
    gt = [dict(bbox=box, bbox_label=0), dict(bbox=far, bbox_label=1), dict(bbox=lost, bbox_label=1),
          dict(bbox=[20, 20, 25, 25], bbox_label=0, ignore_flag=1)]
    predicted = dict(bboxes=torch.tensor([box, far, [30, 0, 40, 9], box]), scores=torch.tensor([0.9, 0.8, 0.7, 0.1]),
                     labels=torch.tensor([0, 0, 1, 1]))
    count = load(root, 'confusion_matrix').count_boxes
    count(matrix, predicted, gt, 0.5, 0.5)
    # 0 found; one 1 taken for 0 and so missed, the other missed; one 1 on background
    assert matrix.tolist() == [[1, 0, 0], [1, 0, 2], [0, 1, 0]]
    before = matrix.copy()
    empty = dict(bboxes=torch.zeros(0, 4), scores=torch.zeros(0), labels=torch.zeros(0, dtype=torch.long))
    count(matrix, empty, [], 0.5, 0.5)
    assert (matrix == before).all()
    count(matrix, predicted, [], 0.5, 0.5)
    assert (matrix - before).tolist() == [[0, 0, 0], [0, 0, 0], [2, 1, 0]]


def test_confusion_matrix_of_rotated_boxes_and_of_pixels(root):
    """A ship lies across its neighbour: their upright extents are alike, they themselves hardly meet."""
    tool = load(root, 'confusion_matrix')
    matrix = np.zeros((2, 2), dtype=int)
    gt = [dict(bbox=[50, 50, 60, 10, np.pi / 4], bbox_label=0)]
    for angle, expected in ((np.pi / 4, [[1, 0], [0, 0]]), (-np.pi / 4, [[1, 1], [1, 0]])):
        predicted = dict(bboxes=torch.tensor([[50, 50, 60, 10, angle]]), scores=torch.ones(1), labels=torch.zeros(1, dtype=int))
        tool.count_boxes(matrix, predicted, gt, 0.5, 0.5)
        assert matrix.tolist() == expected
    matrix = np.zeros((2, 2), dtype=int)
    tool.count_pixels(matrix, np.array([[0, 1, 1, 0]]), np.array([[0, 1, 0, 255]]))
    assert matrix.tolist() == [[1, 1], [0, 1]]


def test_confusion_matrix_tool(run, tmp_path, toy):
    images = len((toy / 'toy' / 'sar_shipnet' / 'test.txt').read_text().split())
    empty = dict(bboxes=torch.zeros(0, 4), scores=torch.zeros(0), labels=torch.zeros(0, dtype=torch.long))
    pkl, out = tmp_path / 'p.pkl', tmp_path / 'm.png'
    pkl.write_bytes(pickle.dumps([dict(pred_instances=empty)] * images))
    tool = 'tools/analysis_tools/confusion_matrix.py'
    assert 'background: 0 as ' in run(tool, TOY, pkl, '--out', out, MMSIGHT_DATA=str(toy)).stdout
    assert out.read_bytes().startswith(PNG)
    pkl.write_bytes(pickle.dumps([dict(pred_instances=empty)]))
    done = run(tool, TOY, pkl, '--out', out, MMSIGHT_DATA=str(toy), check=False)
    assert done.returncode == 1 and 'contains 1 images' in done.stderr


def test_analyze_logs(run, tmp_path):
    log = tmp_path / 'a' / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text(''.join(json.dumps(dict(loss=1 / i, time=i / 10, step=i)) + '\n' for i in (1, 2, 3)))
    tool = 'tools/analysis_tools/analyze_logs.py'
    run(tool, 'plot_curve', tmp_path / 'a', '--out', tmp_path / 'c.png')
    assert (tmp_path / 'c.png').read_bytes().startswith(PNG)
    assert 'median 0.2000 s, fastest 0.1000 s, slowest 0.3000 s' in run(tool, 'cal_train_time', tmp_path / 'a').stdout
    done = run(tool, 'plot_curve', tmp_path / 'a', '--keys', 'acc', '--out', tmp_path / 'd.png', check=False)
    assert done.returncode == 1 and "no logged 'acc'" in done.stderr
    with log.open('a') as file:
        file.write(json.dumps(dict(loss=2, epoch=1, step=4)) + '\n')
    run(tool, 'write_curve', tmp_path / 'a', '--out', tmp_path / 'sub' / 'c.csv')
    assert (tmp_path / 'sub' / 'c.csv').read_text().splitlines()[-1] == '1,2'


@pytest.mark.parametrize(('paper', 'channels'), [('sar_shipnet', 3), ('larsd', 3), ('s2net', 3), ('super_resolution', 3),
                                                 ('eas_unet', 1)])
def test_tools_take_every_toy_config(root, toy_data, monkeypatch, capsys, tmp_path, paper, channels):
    """In this process, since each import of torch and a host takes seconds.

    Logs are analysed, and classes compared, where each paper is trained: in its ``test_end_to_end.py``.
    """
    monkeypatch.setenv('MMSIGHT_DATA', str(toy_data(paper)))
    for tool, options in (('get_flops', ['--shape', '64', '96']), ('vis_scheduler', ['--out', str(tmp_path / 'lr.png')]),
                          ('browse_dataset', ['-n', '12', '--output-dir', str(tmp_path / 'browse')]),
                          ('browse_dataset', ['-n', '12', '--output-dir', str(tmp_path / 'tests'), '--split', 'test'])):
        monkeypatch.setattr('sys.argv', [tool, f'{paper}_toy', *options])
        load(root, tool).main()
    text = capsys.readouterr().out
    assert f'input: 1 x {channels} x 64 x 96' in text and float(re.search(r'multiply-adds: ([\d.]+) G', text)[1]) > 0
    assert ' first, ' in text
    for folder in ('browse', 'tests'):
        pictures = [cv2.imread(str(path)) for path in sorted((tmp_path / folder).iterdir())]
        assert 2 <= len(pictures) <= 12 and all(picture.std() > 5 for picture in pictures)
        # the truth is drawn in colour on grey images; the first slices of a scan show no liver
        assert paper == 'super_resolution' or any(np.ptp(picture.astype(int), axis=2).max() > 100 for picture in pictures)
    row, = runpy.run_path(str(root / 'tools/analysis_tools/benchmarks/training.py'))['paper_rows'](paper, quick=True)
    assert row.name == f'{paper}_toy: a training step' and row.ours > 0 and row.theirs > 0


def test_networks_that_cannot_be_counted_and_data_without_pictures_are_sentences(run):
    done = run('tools/analysis_tools/get_flops.py', 'vnet_w16_lits_32x256x256', check=False)
    assert done.returncode == 1 and 'the network takes volumes' in done.stderr and 'Traceback' not in done.stderr
    done = run('tools/analysis_tools/browse_dataset.py', 'example_project', check=False)
    assert done.returncode == 1 and 'the datasets of `mmsight tone` contain no pictures' in done.stderr


@pytest.mark.parametrize(('bound', 'status'), [('>= 2', 0), ('>= 3', 1)])
def test_benchmark(root, tmp_path, monkeypatch, capsys, bound, status):
    (tmp_path / 'mine.py').write_text(
        'from mmsight.engine.benchmark import Row\n\n\n'
        f"def rows(quick):\n    return [Row('a', 1, 2, 'b', 's', '{bound}', True)]\n")
    module = load(root, 'benchmark')
    monkeypatch.setattr(module, 'SUITES', tmp_path)
    monkeypatch.setattr('sys.argv', ['benchmark.py', 'mine', '--json', str(tmp_path / 'out' / 'rows.json')])
    with pytest.raises(SystemExit) as stop:
        module.main()
    assert stop.value.code == status
    record = json.loads((tmp_path / 'out' / 'rows.json').read_text())
    assert record['suite'] == 'mine' and record['versions']['torch'] == torch.__version__.split('+')[0]
    [row] = record['rows']
    assert row == dict(name='a', ours=1, theirs=2, theirs_is='b', unit='s', ratio=2.0, bound=bound, ok=status == 0)
    assert ('ok' if status == 0 else 'FAIL') in capsys.readouterr().out
