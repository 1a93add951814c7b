"""Content loss in the feature space of VGG19 or VGG16 (report, section 2.4.2, eq. d and f)."""

import urllib.error
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.logging import MMLogger
from mmengine.model import BaseModule
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn
from torchvision.models import VGG16_Weights, VGG19_Weights, vgg

from mmsight.errors import InputError
from mmsight.registry import MODELS

# convolutions of each block ('E' and 'D' of Simonyan and Zisserman); behind each block comes a pool
BLOCKS = {'VGG19': (2, 2, 4, 4, 4), 'VGG16': (2, 2, 3, 3, 3)}
LAYERS = {'VGG19': vgg.cfgs['E'], 'VGG16': vgg.cfgs['D']}
TORCHVISION = {'VGG19': VGG19_Weights.IMAGENET1K_V1, 'VGG16': VGG16_Weights.IMAGENET1K_V1}
# mean and deviation of images in [0, 1]; 'caffe' is for BGR
INPUTS = {
    'imagenet': ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    'raw': ((0.5, ) * 3, (0.5, ) * 3),
    'caffe': ((104.007 / 255, 116.669 / 255, 122.679 / 255), (1 / 255, ) * 3),
}


def layer_index(layer: str, network: str = 'VGG19') -> int:
    """Index of a convolution, ``'conv3_4'``, in torchvision's ``vgg19().features``; its ReLU is the next.

    Raises:
        ValueError: If the network has no such convolution.
    """
    blocks = BLOCKS[network]
    names = {f'conv{block}_{conv}': sum(2 * n + 1 for n in blocks[:block - 1]) + 2 * (conv - 1)
             for block, count in enumerate(blocks, 1) for conv in range(1, count + 1)}
    if layer not in names:
        raise ValueError(f"{network} has no layer '{layer}': choose one of {', '.join(names)}")
    return names[layer]


def load_vgg(source: str, network: str = 'VGG19') -> dict[str, Tensor]:
    """Weights of a VGG's convolutions.

    Args:
        source (str): A local file in torchvision's format; ``'torchvision'``: its cache, and a download into it if absent; or
            ``'mmsight://vgg16-hed'``: see :mod:`mmsight.engine.pretrained`.
        network (str): ``'VGG19'`` or ``'VGG16'``.

    Returns:
        dict[str, Tensor]: ``0.weight``, ``0.bias``, ... of torchvision's ``features``.

    Raises:
        InputError: If the file is missing, unreadable or holds another network, or the download fails.
    """
    weights = TORCHVISION[network]
    advice = (f"give the path of {weights.url.rsplit('/', 1)[-1]} as the loss's `weights` "
              "(or weights='random', which is no perceptual loss)")
    try:
        if source == 'torchvision':
            state = weights.get_state_dict(progress=True, check_hash=True)
        elif '://' in source:
            state = CheckpointLoader.load_checkpoint(source, 'cpu', logger='silent')
        else:
            state = torch.load(source, map_location='cpu', weights_only=True)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f'{source}: the {network} weights do not exist; {advice}') from error
    except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
        raise InputError(f'the {network} weights are not in {Path(torch.hub.get_dir()) / "checkpoints"} and cannot be '
                         f'downloaded ({error}); {advice}') from error
    except Exception as error:  # torch.load raises errors of any type for damaged bytes
        raise InputError(f'{source}: the {network} weights cannot be read ({type(error).__name__}); {advice}') from error
    found = {name.removeprefix('features.'): value for name, value in state.items() if name.startswith('features.')} \
        if isinstance(state, dict) else {}
    with torch.device('meta'):
        wanted = vgg.make_layers(LAYERS[network]).state_dict()
    other = [name for name in {**wanted, **found}
             if name not in found or name not in wanted or found[name].shape != wanted[name].shape]
    if other:
        raise InputError(f'{source}: these are not the weights of {network} (features.{other[0]} disagrees, {len(other)} in '
                         f'all); {advice}')
    return found


@MODELS.register_module()
class VGGFeatureLoss(BaseModule):
    """Mean squared difference of one feature map of VGG19, the report's network, or VGG16.

    The weights are read when the training starts (``init_weights``), so that a trained model is tested without them. They are
    frozen and not part of checkpoints.

    Args:
        layer (str): ``'conv3_4'``, before the third max-pool, is the report's text; its code takes ``'conv3_3'``.
        post_relu (bool): Take the map behind the ReLU, as Keras's fused layers do, or before it, as SRGAN's later users do.
        normalise (str): What the weights expect. ``'imagenet'`` maps [-1, 1] to ImageNet's mean and deviation, as for
            torchvision's; ``'caffe'`` to BGR in 0..255 minus the mean, as for ``'mmsight://vgg16-hed'``; ``'raw'`` feeds
            [-1, 1] as it is, like the code behind the report, which shrinks the features.
        weights (str): A path, ``'torchvision'``, ``'mmsight://vgg16-hed'``, or ``'random'``: seeded random weights, which is
            no perceptual loss.
        loss_weight (float): Factor. Features of ``'caffe'`` reach some hundreds: SRGAN's 0.006 brings their squares near to
            those of pixels.
        network (str): ``'VGG19'`` or ``'VGG16'``, whose last convolution before the third max-pool is ``'conv3_3'``.

    *Deviation*: eq. d sums over channels; the code takes their mean, and so do we: 1/256 of eq. d at ``conv3_4``.
    """

    def __init__(self,
                 layer: str = 'conv3_4',
                 post_relu: bool = True,
                 normalise: str = 'imagenet',
                 weights: str = 'torchvision',
                 loss_weight: float = 1.0,
                 network: str = 'VGG19') -> None:
        super().__init__()
        if normalise not in INPUTS:
            raise ValueError(f"normalise must be one of {', '.join(INPUTS)}, found '{normalise}'")
        if network not in BLOCKS:
            raise ValueError(f"network must be 'VGG19' or 'VGG16', found '{network}'")
        self.weights, self.normalise, self.loss_weight, self.network = weights, normalise, loss_weight, network
        self.ready = False
        self.vgg = vgg.make_layers(LAYERS[network])[:layer_index(layer, network) + 1 + post_relu]
        for module in self.vgg:
            if isinstance(module, nn.Conv2d):
                _freeze(module)
            elif isinstance(module, nn.ReLU):
                module.inplace = False
        mean, std = INPUTS[normalise]
        self.register_buffer('mean', torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def init_weights(self) -> None:
        """Read the weights.

        Raises:
            InputError: See :func:`load_vgg`.
        """
        if self.weights == 'random':
            MMLogger.get_current_instance().warning(
                'VGGFeatureLoss has random weights, so it is not a perceptual loss; state this beside the results')
            generator = torch.Generator().manual_seed(0)
            for module in self._convolutions():
                fan_in = module.weight[0].numel()
                module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * (2 / fan_in)**0.5)
                module.bias.zero_()
        else:
            found = load_vgg(self.weights, self.network)
            for index, module in enumerate(self.vgg):
                if isinstance(module, nn.Conv2d) and module.bias is not None:
                    module.weight.copy_(found[f'{index}.weight'])
                    module.bias.copy_(found[f'{index}.bias'])
        self.ready = True

    def _convolutions(self) -> list[Any]:
        return [module for module in self.vgg if isinstance(module, nn.Conv2d)]

    def features(self, images: Tensor) -> Tensor:
        """The feature map (N, C, h, w) of ``images`` (N, 3, H, W) in [-1, 1], RGB."""
        if not self.ready:
            raise RuntimeError('VGGFeatureLoss has no weights yet: call init_weights() first')
        images = (images.flip(1) if self.normalise == 'caffe' else images).float()
        return self.vgg(((images + 1) / 2 - self.mean) / self.std)

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        """The loss of ``generated`` against ``target``, both (N, 3, H, W) in [-1, 1], RGB; a scalar."""
        with torch.no_grad():
            wanted = self.features(target)
        return F.mse_loss(self.features(generated), wanted) * self.loss_weight


def _freeze(conv: nn.Conv2d) -> None:
    """Turn the parameters into buffers that checkpoints leave out."""
    for name in ('weight', 'bias'):
        value = getattr(conv, name).detach()
        delattr(conv, name)
        conv.register_buffer(name, value, persistent=False)
