"""Networks by ONNX Runtime and OpenVINO give what torch gives; where one cannot be used, torch computes and says so."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmsight.projects.sar_shipnet import BidirectionalCoordinateAttention
from torch import nn

from mmsight.engine import runtime
from mmsight.engine.runtime import cache_folder, check_runtime, use_runtime
from mmsight.errors import InputError
from mmsight.models.local_statistics import use_local_statistics
from mmsight.tasks import RUNTIMES, Network, find_tasks

TINY = Network(lambda model, image: dict(sum=model.layer(image).relu()),
               lambda model, run: setattr(model, 'forward', lambda image: run(image)['sum']))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv('MMSIGHT_CACHE', str(tmp_path / 'cache'))


class Tiny(nn.Module):
    """A network of one layer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Conv2d(3, 2, 3)


@pytest.fixture
def tiny(monkeypatch):
    """Let a runtime compute the network of :class:`Tiny`; returns the model and what was said."""
    monkeypatch.setattr(runtime, 'task_of', lambda cfg: replace(find_tasks()['detect'], network=TINY))
    cfg = Config(dict(model=dict(type='Tiny')))

    def make(name):
        model, said = Tiny().eval(), []
        model.used = use_runtime(cfg, model, name, said.append)
        return model, said

    return make


@pytest.mark.slow
def test_a_graph_is_exported_once_and_again_where_it_is_damaged(tiny, monkeypatch):
    images = torch.rand(3, 3, 20, 30), torch.rand(1, 3, 9, 8)
    wanted = [Tiny().layer(image).relu() for image in images]
    model, said = tiny('onnx')
    for image, value in zip(images, wanted, strict=True):
        torch.testing.assert_close(model.forward(image), value, rtol=1e-4, atol=1e-5)
    path, = cache_folder().iterdir()
    assert model.used == {'onnx'} and said == [f'exporting the network once to {path}']
    model, said = tiny('onnx')
    model.forward(images[0])
    assert said == []
    path.write_bytes(path.read_bytes()[:-40])
    model, said = tiny('onnx')
    torch.testing.assert_close(model.forward(images[0]), wanted[0], rtol=1e-4, atol=1e-5)
    assert len(said) == 1 and said[0].startswith('exporting the network once')
    monkeypatch.setattr(runtime, '__version__', 'another')
    model, said = tiny('onnx')
    model.forward(images[0])
    assert len(said) == 1 and len(list(cache_folder().iterdir())) == 2


def test_torch_computes_where_a_runtime_cannot(tiny, monkeypatch):
    image = torch.rand(2, 3, 9, 8)
    wanted = Tiny().layer(image).relu()
    monkeypatch.setattr(runtime._Runtime, '_graph', lambda *args: None)
    monkeypatch.setitem(runtime._SESSIONS, 'onnx', lambda path, names: lambda image: dict(sum=torch.zeros(1)))
    model, said = tiny('onnx')
    assert torch.equal(model.forward(image), wanted)
    assert said[0].startswith('onnx is not used: its values differ from those of torch by ')
    assert said[1:] == ['torch computes the network']

    def fail(path, names):
        raise RuntimeError('no such operator\nat line 3')

    monkeypatch.setitem(runtime._SESSIONS, 'onnx', fail)
    model, said = tiny('onnx')
    assert torch.equal(model.forward(image), wanted)
    assert said == ['onnx is not used: RuntimeError: no such operator', 'torch computes the network']
    assert model.used == {'torch'}


def test_the_fastest_that_agrees_is_taken(tiny, monkeypatch):
    """OpenVINO would be, and is wrong."""
    def session(seconds, error=0.0):
        def run(image):
            time.sleep(seconds)
            return dict(sum=Tiny().layer(image).relu() + error)
        return lambda path, names: run

    def by_torch(self, image):
        time.sleep(0.1)
        return self.network.outputs(self.model, image)

    monkeypatch.setattr(runtime._Runtime, '_graph', lambda *args: None)
    monkeypatch.setattr(runtime._Runtime, 'torch', by_torch)
    monkeypatch.setattr(runtime, '_installed', lambda name: True)
    monkeypatch.setitem(runtime._SESSIONS, 'onnx', session(0.01))
    monkeypatch.setitem(runtime._SESSIONS, 'openvino', session(0, error=1.0))
    model, said = tiny('auto')
    model.forward(torch.rand(1, 3, 9, 8))
    assert said[0].startswith('openvino is not used: its values differ') and said[1:] == ['onnx computes the network']
    assert model.used == {'onnx'}


@pytest.mark.parametrize('error, expected', [(0.01, 'bf16'), (0.2, 'f32')])
def test_bfloat16_gives_way_to_float32_where_it_is_too_coarse(tiny, monkeypatch, error, expected):
    """By the root mean square: an outlier does not count, an error all over does."""
    used = []

    def session(name, error):
        def run(image):
            used.append(name)
            values = Tiny().layer(image).relu()
            return dict(sum=values + error * values.square().mean().sqrt())
        return lambda path, names: run

    monkeypatch.setattr(runtime._Runtime, '_graph', lambda *args: None)
    monkeypatch.setattr(runtime, '_installed', lambda name: True)
    monkeypatch.setitem(runtime._SESSIONS, 'openvino-bf16', session('bf16', error))
    monkeypatch.setitem(runtime._SESSIONS, 'openvino', session('f32', 0))
    model, said = tiny('openvino-bf16')
    model.forward(torch.rand(1, 3, 9, 8))
    assert used[-1] == expected
    assert model.used == {'openvino-bf16' if expected == 'bf16' else 'openvino'}
    assert said[1:] == ([] if expected == 'bf16' else ['openvino computes the network'])


class Pooling(nn.Module):
    """Two strides, with all that pools over windows."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), BidirectionalCoordinateAttention(8), nn.ReLU(),
                                    nn.Conv2d(8, 8, 3, 2, 1), nn.GroupNorm(2, 8))

    def forward(self, inputs):
        return self.layers(inputs)


@pytest.mark.slow
def test_one_graph_serves_all_tiles_that_are_larger_than_the_window():
    """And others those that are not, or along one side only."""
    torch.manual_seed(0)
    model, said = Pooling().eval(), []
    assert use_local_statistics(model, 64)
    network = Network(lambda model, image: dict(sum=model.layers(image)), None)
    computed = runtime._Runtime(Config(dict(model=dict(type='Pooling'))), model, network, 'openvino', said.append)
    for size in ((192, 160), (96, 224), (64, 32), (32, 40), (96, 64), (160, 32), (64, 128)):
        image = torch.randn(2, 3, *size)
        computed.used.clear()
        torch.testing.assert_close(computed(image)['sum'], computed.torch(image)['sum'], rtol=1e-4, atol=1e-5)
        assert computed.used == {'openvino'}
    assert sorted(path.name.split('_')[1] for path in cache_folder().iterdir()) == [
        'large.onnx', 'small.onnx', 'tall.onnx', 'wide.onnx']
    assert len(said) == 4 and all(line.startswith('exporting') for line in said)


# the time of an export is that of the layers
SHALLOW = {'eas_unet_toy': {
    'model.backbone.num_stages': 3, 'model.backbone.eas_stages': (2, ), 'model.decode_head.in_channels': (32, 16),
    'model.decode_head.in_index': (1, 2)}}


@pytest.mark.slow
@pytest.mark.parametrize('task, model, name', [
    ('detect', 'sar_shipnet_toy', 'onnx'), ('detect', 'larsd_toy', 'openvino'), ('segment', 'eas_unet_toy', 'openvino'),
    ('upscale', 'super_resolution_toy', 'onnx'), ('match', 'keypoints-r2d2', 'openvino')])
def test_results_are_those_of_torch(untrained, tmp_path, task, model, name):
    """Through the inferencer of each task, on its example; matches of an untrained network would be matters of chance."""
    found = find_tasks()[task]
    files = found.examples[-1].make(tmp_path)
    options = dict(detect=dict(threshold=0.0)).get(task, {})
    results = []
    for chosen in ('torch', name):
        weights = untrained(model, SHALLOW.get(model)) if model.endswith('_toy') else model
        inferencer = found.load_inferencer()(weights, device='cpu', show_progress=False, runtime=chosen)
        inputs = files[0] if len(files) == 1 else tuple(files)
        results.append(inferencer(inputs, return_vis=True, **options))
        assert inferencer.computed_by == [chosen]
    assert list(cache_folder().iterdir())  # it was a graph that computed
    pictures = [result['visualization'][0].astype(int) for result in results]
    assert pictures[0].shape == pictures[1].shape and (np.abs(pictures[0] - pictures[1]) > 2).mean() < 1e-3


@pytest.mark.parametrize('name, device, message', [
    ('tensorrt', 'cpu', f"--runtime must be one of {', '.join(RUNTIMES)}, found tensorrt"),
    ('onnx', 'cuda:0', '--runtime onnx computes on a CPU, and the device is cuda:0: add --device cpu'),
    ('openvino', 'cpu', "--runtime openvino needs a package that is not installed: run `pip install 'mmsight\\[fast\\]'`"),
    ('openvino-bf16', 'cpu', '--runtime openvino-bf16: this processor does not compute in bfloat16; use openvino')])
def test_runtimes_that_cannot_be_had(monkeypatch, name, device, message):
    monkeypatch.setattr(runtime, '_installed', lambda name: name != 'openvino')
    monkeypatch.setattr(runtime, '_has_bf16', lambda: False)
    with pytest.raises(InputError, match=message):
        check_runtime(name, device)


def test_methods_and_tasks_without_a_network(untrained):
    with pytest.raises(InputError, match='RIFT has no network: leave out --runtime'):
        find_tasks()['match'].load_inferencer()('RIFT', runtime='onnx')
    tone = find_tasks()['tone'].load_inferencer()(untrained('example_project'), device='cpu', runtime='onnx')
    with pytest.raises(InputError, match='models of `mmsight tone` run in torch alone: leave out --runtime'):
        use_runtime(tone.cfg, tone.model, 'onnx', print)


def test_one_at_a_time_writes_graphs(tmp_path):
    entered = threading.Event()

    def other():
        with runtime._alone(tmp_path / 'graphs'):
            entered.set()

    thread = threading.Thread(target=other)
    with runtime._alone(tmp_path / 'graphs'):
        thread.start()
        assert not entered.wait(0.2)
    thread.join(60)
    assert entered.is_set()
