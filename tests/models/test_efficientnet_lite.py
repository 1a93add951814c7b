"""The mapping of pretrained weights by what the network recognises; shapes, freezing, hosts, ONNX."""

import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from skimage import data

from mmsight.engine.pretrained import efficientnet_lite0
from mmsight.models import EfficientNetLite, SameConv2d

MEAN, STD = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
PRETRAINED = dict(type='Pretrained', checkpoint='mmsight://efficientnet-lite0')


@pytest.mark.parametrize('name, classes', [('chelsea', {281, 282, 285}), ('coffee', {967})])
def test_recognises_photographs(name, classes):
    """ImageNet's classes of a cat (tabby, tiger, Egyptian) and an espresso, through the file's own classifier."""
    photo = torch.from_numpy(getattr(data, name)().copy())
    side = min(photo.shape[:2])
    top, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    square = photo[top:top + side, left:left + side].float()
    image = F.interpolate(((square - MEAN) / STD).permute(2, 0, 1)[None], (224, 224), mode='area')
    network = EfficientNetLite(out_indices=(3, ), init_cfg=PRETRAINED)
    network.init_weights()
    weights = efficientnet_lite0()
    with torch.no_grad():
        deepest, = network.eval()(image)
        wide = F.batch_norm(F.conv2d(deepest, weights['_conv_head.weight']), weights['_bn1.running_mean'],
                            weights['_bn1.running_var'], weights['_bn1.weight'], weights['_bn1.bias'], eps=1e-3)
        scores = F.linear(F.relu6(wide).mean(dim=(2, 3)), weights['_fc.weight'], weights['_fc.bias']).softmax(dim=1)[0]
    assert scores[list(classes)].sum() > 0.6 and scores.argmax().item() in classes


def test_takes_every_weight_but_the_classifier():
    network = EfficientNetLite()
    left = network.load_state_dict(efficientnet_lite0(), strict=False)
    assert not left.missing_keys and {name.split('.')[0] for name in left.unexpected_keys} == {'_conv_head', '_bn1', '_fc'}
    assert sum(p.numel() for p in network.parameters()) == 2_958_848


@pytest.mark.parametrize('kernel', [3, 5])
@pytest.mark.parametrize('size', [(8, 8), (7, 10), (9, 5)])
def test_same_padding_as_tensorflow_defines_it(kernel, size):
    """Output ceil(n / 2); in all max((out - 1) * 2 + k - n, 0) pixels, of which the smaller half comes first."""
    conv = SameConv2d(2, 3, kernel)
    x = torch.randn(1, 2, *size)
    pads = []
    for length in reversed(size):
        total = max((-(-length // 2) - 1) * 2 + kernel - length, 0)
        pads += [total // 2, total - total // 2]
    expected = F.conv2d(F.pad(x, pads), conv.weight, conv.bias, stride=2)
    assert conv(x).shape[-2:] == (-(-size[0] // 2), -(-size[1] // 2))
    torch.testing.assert_close(conv(x), expected)


def test_strides_and_channels_at_odd_sizes():
    maps = EfficientNetLite()(torch.randn(2, 3, 97, 66))
    assert [tuple(m.shape[1:]) for m in maps] == [(24, 25, 17), (40, 13, 9), (112, 7, 5), (320, 4, 3)]
    some = EfficientNetLite(out_indices=(1, 2))
    assert [m.shape[1] for m in some(torch.randn(1, 3, 64, 64))] == [40, 112] and len(some.stages) == 3


@pytest.mark.parametrize('frozen, trained', [(-1, {'stem', '0', '1', '2', '3'}), (0, {'0', '1', '2', '3'}), (2, {'2', '3'})])
def test_frozen_stages_stay_as_they_are(frozen, trained):
    network = EfficientNetLite(frozen_stages=frozen).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    sum(m.square().mean() for m in network(torch.randn(2, 3, 64, 64))).backward()
    torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1).step()
    changed = {name.removeprefix('stages.').split('.')[0] for name, value in network.state_dict().items()
               if not torch.equal(value, before[name])}
    assert changed == trained


def test_norm_eval_keeps_the_statistics():
    network = EfficientNetLite(norm_eval=True).train()
    network(torch.randn(2, 3, 64, 64) + 3)
    assert network.stem[1].running_mean.abs().max() == 0 and network.training


@pytest.mark.parametrize('arguments, word', [
    (dict(out_indices=(4, )), 'out_indices'), (dict(out_indices=(2, 1)), 'finest first'),
    (dict(frozen_stages=5), 'frozen_stages')])
def test_wrong_arguments_are_named(arguments, word):
    with pytest.raises(ValueError, match=word):
        EfficientNetLite(**arguments)


@pytest.mark.slow
def test_exports_to_onnx(tmp_path):
    """With free sides, at multiples of 32 that it was not traced with; later stages are made of the same blocks."""
    network = EfficientNetLite(out_indices=(0, 1)).eval()
    network.load_state_dict(efficientnet_lite0(), strict=False)
    path = tmp_path / 'lite.onnx'
    torch.onnx.export(network, (torch.randn(2, 3, 96, 64), ), path, dynamo=True, verbose=False,
                      dynamic_shapes=dict(x={0: 'batch', 2: 'height', 3: 'width'}))
    image = torch.randn(1, 3, 64, 160)
    outputs = onnxruntime.InferenceSession(path).run(None, {'x': image.numpy()})
    with torch.no_grad():
        for output, expected in zip(outputs, network(image), strict=True):
            torch.testing.assert_close(torch.from_numpy(output), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize('scope', ['mmdet', 'mmrotate', 'mmseg'])
def test_every_host_builds_it(scope, run, tmp_path):
    """By the config's name, in a process that has imported neither the module nor another host."""
    script = tmp_path / 'build.py'
    script.write_text(f"from mmengine.registry import init_default_scope\nimport mmsight, {scope}.registry\n"
                      f"init_default_scope('{scope}')\n"
                      f"print(type({scope}.registry.MODELS.build(dict(type='mmsight.EfficientNetLite'))))")
    assert 'EfficientNetLite' in run(script).stdout
