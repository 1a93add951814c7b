"""One ONNX file of each network, against torch, at sizes that it was not traced with."""

import importlib.util
import sys
from dataclasses import replace

import onnx
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope

from mmsight.configs import load_config
from mmsight.engine import export
from mmsight.engine.export import TOLERANCE, Graph, differences, export_onnx, session
from mmsight.errors import InputError
from mmsight.tasks import task_of
from tests.conftest import ROOT


def graph_of(name):
    """The graph of a config with random weights."""
    torch.manual_seed(0)
    cfg = load_config(name)
    init_default_scope(cfg.default_scope)
    return Graph(cfg, MODELS.build(cfg.model)).eval()


@pytest.mark.slow
@pytest.mark.parametrize('name, outputs', [('sar_shipnet_toy', ['heatmap', 'wh', 'offset']), ('eas_unet_toy', ['probability']),
                                           ('super_resolution_toy', ['enlarged']),
                                           ('s2net_toy', ['descriptors', 'reliability', 'repeatability']),
                                           ('larsd_toy', [f'{name}_{level}' for name in ('cls_scores', 'bbox_preds')
                                                          for level in range(3)])])
def test_same_values_at_any_size(name, outputs, tmp_path):
    graph = graph_of(name)
    if name == 'sar_shipnet_toy':
        torch.nn.init.constant_(graph.model.bbox_head.wh_head[-1].bias, 5)  # random sizes are as often negative: no box
    path = tmp_path / 'model.onnx'
    side = 2 * graph.multiple if graph.multiple > 1 else 48
    free = export_onnx(graph, torch.rand(2, graph.channels, side, side) * graph.peak, path)
    assert free == ['batch', 'height', 'width']
    for shape in ((1, side, side), (3, side + 2 * graph.multiple, side), (1, side, side + graph.multiple)):
        found = differences(graph, path, torch.rand(shape[0], graph.channels, *shape[1:]) * graph.peak)
        assert list(found) == outputs and max(found.values()) <= TOLERANCE
    model = onnx.load(path)
    assert [file.name for file in tmp_path.iterdir()] == ['model.onnx']  # no weights beside it
    assert {node.domain for node in model.graph.node} == {''} and not model.functions
    assert f'multiples of {graph.multiple}' in {item.key: item.value for item in model.metadata_props}['image']
    if name == 'sar_shipnet_toy':
        assert_same_boxes(graph, path)


def assert_same_boxes(graph, path):
    """The head's own decoder, on maps of either side: padding, normalisation and channel order included."""
    image = torch.rand(1, 3, 64, 64) * 255  # RGB; the host reads BGR
    metas = [dict(img_shape=(64, 64), scale_factor=(1., 1.))]
    maps = session(path).run(None, {'image': image.numpy()})
    ours, = graph.model.bbox_head.predict_by_feat(*map(torch.from_numpy, maps), batch_img_metas=metas)
    data = graph.model.data_preprocessor(dict(inputs=[image[0].flip(0)], data_samples=None), False)
    with torch.no_grad():
        theirs, = graph.model.bbox_head.predict_by_feat(*graph.model(data['inputs'], mode='tensor'), batch_img_metas=metas)
    assert torch.allclose(ours.scores, theirs.scores, atol=1e-5) and len(ours.scores)
    assert torch.allclose(ours.bboxes, theirs.bboxes, atol=1e-3)


@pytest.mark.slow
def test_command_compares_and_refuses(run, toy_data, tmp_path):
    checkpoint = tmp_path / 'random.pth'
    torch.save(dict(state_dict=graph_of('super_resolution_toy').model.state_dict()), checkpoint)
    tool = 'tools/deployment/export_onnx.py'
    out = tmp_path / 'sr.onnx'
    done = run(tool, 'super_resolution_toy', checkpoint, '--out', out, '--shape', 24, 32,
               MMSIGHT_DATA=str(toy_data('super_resolution')))
    assert out.is_file() and 'free axes: batch, height, width' in done.stdout
    assert done.stdout.count('pass') == 3 and 'FAIL' not in done.stdout
    refused = run(tool, 'super_resolution_toy', checkpoint, '--out', tmp_path / 'sr.pb', check=False)
    assert refused.returncode == 1 and '--out must be a file that ends in .onnx' in refused.stderr
    size = run(tool, 'sar_shipnet_toy', checkpoint, '--shape', 100, 96, check=False)
    assert size.returncode == 1 and 'Traceback' not in size.stderr


def export_tool(monkeypatch, tmp_path, *options):
    """Run the tool in this process on random weights; returns the path of its graph."""
    spec = importlib.util.spec_from_file_location('export_tool', ROOT / 'tools' / 'deployment' / 'export_onnx.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    checkpoint, out = tmp_path / 'random.pth', tmp_path / 'out' / 'tone.onnx'
    torch.save(dict(state_dict=graph_of('example_project').model.state_dict()), checkpoint)
    monkeypatch.setattr(sys, 'argv', ['export_onnx.py', 'example_project', str(checkpoint), '--out', str(out), '--random-only',
                                      '--shape', '8', '8', *options])
    tool.main()
    return out


@pytest.mark.parametrize('opset', ['99', '9'])
def test_an_opset_that_cannot_be_had_is_refused(opset, monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match=f'error: --opset must be from 18 to .*, found {opset}'):
        export_tool(monkeypatch, tmp_path, '--opset', opset)
    assert not list((tmp_path / 'out').iterdir())


@pytest.mark.slow
def test_an_opset_that_torch_does_not_write_is_refused(monkeypatch, tmp_path):
    graph, image = graph_of('example_project'), torch.rand(2, 1, 8, 8)
    real = torch.onnx.export
    monkeypatch.setattr(torch.onnx, 'export', lambda *args, opset_version, **options: real(*args, opset_version=18, **options))
    with pytest.raises(InputError, match='opset 19 cannot be had for .*, only 18'):
        export_onnx(graph, image, tmp_path / 'a.onnx', 19)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_graph_that_differs_never_stands_under_its_name(monkeypatch, tmp_path):
    monkeypatch.setattr(export, 'differences', lambda *args: dict(tone=1.0))
    with pytest.raises(SystemExit, match='tone.onnx is not written: its values differ from those of torch'):
        export_tool(monkeypatch, tmp_path)
    assert not list((tmp_path / 'out').iterdir())


def test_the_place_of_the_graph_is_judged_first(monkeypatch, tmp_path):
    monkeypatch.setattr('mmsight.engine.load_model.load_model', lambda *args: pytest.fail('loaded'))
    (tmp_path / 'out').write_text('a file')
    with pytest.raises(SystemExit, match='out: the folder cannot be made'):
        export_tool(monkeypatch, tmp_path)


def test_a_task_without_a_graph_is_refused(monkeypatch):
    cfg = load_config('example_project')
    model = MODELS.build(cfg.model)
    monkeypatch.setattr('mmsight.engine.export.task_of', lambda cfg: replace(task_of(cfg), export=None))
    with pytest.raises(InputError, match='models of `mmsight tone` cannot be exported'):
        Graph(cfg, model)


@pytest.mark.parametrize('name', ['s2net_toy', 'sar_shipnet_toy'])
def test_the_test_image_has_the_range_that_the_file_states(name):
    graph = graph_of(name)
    image = export.test_image(load_config(name), graph.multiple, graph.peak)
    assert image.min() >= 0 and graph.peak / 4 < image.max() <= graph.peak
