"""Checkpoints, and the configs inside them, are data: what would run code is refused, and what training saves is read."""

import math
import os
import struct
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, load_checkpoint

from mmsight.configs import list_configs, load_config
from mmsight.engine import launch
from mmsight.engine.load_model import build_model, find_model
from mmsight.engine.safe_load import load_weights, parse_config
from mmsight.errors import InputError

TOY = 'example_project'


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f'touch {self.path}', )


@pytest.fixture
def ran(tmp_path):
    """The file that code in a hostile file would make."""
    path = tmp_path / 'ran'
    yield path
    assert not path.exists(), 'the hostile file ran its code'


def through_getattr(path, command):
    """A checkpoint that runs a command wherever the bare ``getattr`` is allowed: it makes ``type`` mean ``exec``."""
    name = b'cbuiltins\ngetattr\n'

    def text(value):
        return b'X' + struct.pack('<I', len(value)) + value.encode()

    builtins = name + name + text('__self__') + b'\x86R'
    pickled = (b'\x80\x02' + name + builtins + text('__dict__') + b'\x86R' + text('type') + name + builtins + text('exec')
               + b'\x86Rs' + text(command) + b'Nb.')
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('a/data.pkl', pickled)
        file.writestr('a/version', '3\n')


@pytest.fixture(params=['os.system', 'getattr', 'legacy'])
def hostile(request, tmp_path, ran):
    """A checkpoint that runs code when it is loaded without care."""
    path = tmp_path / 'hostile.pth'
    if request.param == 'getattr':
        # the child process keeps the altered builtins out of this one, should the test fail
        through_getattr(path, f'import os\nif not os.fork():\n    open({str(ran)!r}, "w")\n    os._exit(0)')
    else:
        content = dict(state_dict={}, meta=dict(cfg='model = dict(type="A")', x=Touch(ran)))
        torch.save(content, path, _use_new_zipfile_serialization=request.param != 'legacy')
    return str(path)


@pytest.mark.parametrize('use', [
    load_weights,
    find_model,
    lambda path: load_checkpoint(torch.nn.Linear(1, 1), path),
    lambda path: build_model(load_config('sar_shipnet_toy'), path),
    lambda path: launch.test(TOY, path, os.path.dirname(path), options=dict(experiment_name=path)),
    lambda path: launch.train(TOY, os.path.dirname(path), resume=path, options=dict(experiment_name=path)),
    lambda path: launch.train(TOY, os.path.dirname(path), options=dict(load_from=path, experiment_name=path)),
], ids=['load_weights', 'find_model', 'mmengine', 'build_model', 'test', 'resume', 'load_from'])
def test_code_in_a_checkpoint_is_refused(use, hostile):
    with pytest.raises(InputError, match='hostile.pth. contains more than weights and would run code'):
        use(hostile)


@pytest.mark.parametrize('text', [
    'import os\nos.system("touch {ran}")',
    'x = __import__("os").system("touch {ran}")',
    'x = [open("{ran}", "w") for _ in range(1)]',
    'x = dict(**dict(a=open("{ran}", "w")))',
    'x = f"{{open({ran!r}, str(chr(119)))}}"',
    'model = dict(type="os.system", command="touch {ran}")',
    'model = dict(a=[dict(type="subprocess.Popen", args=["touch", "{ran}"])])',
    'model = dict(type="mmengine.utils.package_utils.subprocess.Popen", args=["touch", "{ran}"])',
    'custom_imports = dict(imports=["hostile"])\nmodel = dict(type="A")',
    'custom_imports = "hostile"',
])
def test_code_in_the_config_of_a_checkpoint_is_refused(text, ran, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'hostile.py').write_text(f'open({str(ran)!r}, "w")')
    torch.save(dict(state_dict={}, meta=dict(cfg=text.format(ran=str(ran)))), tmp_path / 'a.pth')
    with pytest.raises(InputError, match='a.pth. is more than data .*--weights, or add --trust'):
        find_model(str(tmp_path / 'a.pth'))


@pytest.mark.parametrize('kind', ['load', 'mmengine.load'])
def test_a_function_of_mmengine_is_no_type(kind, ran, tmp_path):
    (tmp_path / 'a.pkl').write_bytes(b'cos\nsystem\n(V' + f'touch {ran}'.encode() + b'\ntR.')
    text = f'default_scope = "mmengine"\nmodel = dict(type="{kind}", file={str(tmp_path / "a.pkl")!r})\n'
    torch.save(dict(state_dict={}, meta=dict(cfg=text)), tmp_path / 'a.pth')
    cfg, path = find_model(str(tmp_path / 'a.pth'))
    with pytest.raises(KeyError, match='is not in the'):
        build_model(cfg, path)


def test_a_trusted_config_may_be_a_program(tmp_path):
    torch.save(dict(state_dict={}, meta=dict(cfg='import math\nangle = math.pi\ndel math\n')), tmp_path / 'a.pth')
    assert find_model(str(tmp_path / 'a.pth'), trust=True)[0].angle == np.pi


def test_a_tag_in_yaml_is_refused(ran, tmp_path):
    (tmp_path / 'a.yaml').write_text(f'a: !!python/object/apply:os.system ["touch {ran}"]\n')
    with pytest.raises(InputError, match='a.yaml cannot be parsed: ConstructorError'):
        load_config(str(tmp_path / 'a.yaml'))
    (tmp_path / 'b.yaml').write_text('a: [1, {b: c}]\n')
    assert load_config(str(tmp_path / 'b.yaml')).to_dict() == dict(a=[1, dict(b='c')])


def test_the_config_text_that_resuming_would_run_is_dropped(tmp_path):
    torch.save(dict(state_dict={}, meta=dict(config='import os', iter=1, epoch=1)), tmp_path / 'a.pth')
    assert CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'), logger='silent')['meta'] == dict(iter=1, epoch=1)


@pytest.mark.parametrize('path', [path for number, path in enumerate(list_configs()) if number % 15 == 0 or 'toy' in path.stem],
                         ids=lambda path: path.stem)
def test_a_dumped_config_is_data(path):
    cfg = load_config(str(path))
    assert parse_config(cfg.pretty_text, 'a.pth') == cfg.to_dict()


def test_what_training_saves_is_read(tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    content = dict(
        message_hub=dict(log_scalars=dict(loss=history), runtime_info=dict(
            best=np.float64(0.5), last=np.int64(3), small=np.float32(1), flag=np.bool_(True), kept=[1, 2])),
        meta=dict(seed=3, epoch=1, dataset_meta=dict(classes=('ship', ), palette=np.arange(6, dtype=np.uint8).reshape(2, 3),
                                                     names=np.array(['a']), kinds={'a', 'b'}, loss=float('nan'))),
        optimizer=dict(state={0: dict(step=torch.tensor(1.0), exp_avg=torch.zeros(2))},
                       param_groups=[dict(lr=0.1, betas=(0.9, 0.99), params=[0])]))
    torch.save(content, tmp_path / 'a.pth')
    found = load_weights(str(tmp_path / 'a.pth'))
    kept = found['message_hub']['log_scalars']['loss']
    assert kept.mean() == 1.5 and kept.statistics('current') == 2
    assert found['message_hub']['runtime_info'] == content['message_hub']['runtime_info']
    assert (found['meta']['dataset_meta']['palette'] == content['meta']['dataset_meta']['palette']).all()
    assert found['optimizer']['param_groups'] == content['optimizer']['param_groups']


@pytest.mark.parametrize('damage', [lambda b: b'', lambda b: b'no checkpoint', lambda b: b[:len(b) // 2], lambda b: b[:-40]])
def test_a_damaged_checkpoint_is_a_sentence(damage, tmp_path):
    torch.save(dict(state_dict=dict(a=torch.zeros(1000))), tmp_path / 'a.pth')
    (tmp_path / 'a.pth').write_bytes(damage((tmp_path / 'a.pth').read_bytes()))
    with pytest.raises(InputError, match='a.pth. is damaged, or not a checkpoint'):
        load_weights(str(tmp_path / 'a.pth'))


def test_a_compressed_checkpoint_is_refused_before_it_is_unpacked(tmp_path):
    """A gigabyte of zeros in a megabyte would be unpacked in one piece."""
    torch.save(dict(state_dict=dict(a=torch.zeros(1000))), tmp_path / 'a.pth')
    with zipfile.ZipFile(tmp_path / 'a.pth') as source, zipfile.ZipFile(tmp_path / 'b.pth', 'w') as packed:
        for name in source.namelist():
            packed.writestr(name, source.read(name), zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match='b.pth. is compressed, which torch never does'):
        load_weights(str(tmp_path / 'b.pth'))
    with open(tmp_path / 'a.pth', 'rb') as file:
        assert load_weights(file)['state_dict']['a'].numel() == 1000


@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_weights_that_are_not_finite_are_refused(value, untrained, tmp_path):
    content = torch.load(untrained('example_project'))
    name, weights = next(iter(content['state_dict'].items()))
    weights.view(-1)[0] = value
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(InputError, match=f'a.pth. holds weights that are not finite, in {name}'):
        build_model(load_config('example_project'), str(tmp_path / 'a.pth'))


def test_what_is_no_checkpoint_gives_no_advice_to_run_code(tmp_path):
    for content in (b'hello\n', b'\x20\x01\0\0\0\0\0\0{"weights"'):  # text, and safetensors under another suffix
        (tmp_path / 'other.pth').write_bytes(content)
        with pytest.raises(InputError) as raised:
            load_weights(str(tmp_path / 'other.pth'))
        assert str(raised.value) == f"checkpoint '{tmp_path}/other.pth' is damaged, or not a checkpoint"
