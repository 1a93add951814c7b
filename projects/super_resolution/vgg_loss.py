"""Content loss in the feature space of VGG19 (report, section 2.4.2, eq. d and f)."""

import urllib.error
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.logging import MMLogger
from mmengine.model import BaseModule
from torch import Tensor, nn
from torchvision.models import VGG19_Weights, vgg

from mmsight.errors import InputError
from mmsight.registry import MODELS

# convolutions of each block of VGG19 ('E' of Simonyan and Zisserman): block 3 has four, then comes the third pool
BLOCKS = (2, 2, 4, 4, 4)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def layer_index(layer: str) -> int:
    """Index of a convolution, ``'conv3_4'``, in torchvision's ``vgg19().features``; its ReLU is the next.

    Raises:
        ValueError: If VGG19 has no such convolution.
    """
    names = {f'conv{block}_{conv}': sum(2 * n + 1 for n in BLOCKS[:block - 1]) + 2 * (conv - 1)
             for block, count in enumerate(BLOCKS, 1) for conv in range(1, count + 1)}
    if layer not in names:
        raise ValueError(f"VGG19 has no layer '{layer}': choose one of {', '.join(names)}")
    return names[layer]


def load_vgg19(source: str) -> dict[str, Tensor]:
    """Weights of VGG19's convolutions.

    Args:
        source (str): A local file in torchvision's format, or ``'torchvision'``: its cache, and a download into it if absent.

    Returns:
        dict[str, Tensor]: ``0.weight``, ``0.bias``, ... of ``vgg19().features``.

    Raises:
        InputError: If the file is missing, unreadable or holds another network, or the download fails.
    """
    advice = ('give the path of vgg19-dcbb9e9d.pth as the loss\'s `weights` '
              "(or weights='random', which is no perceptual loss)")
    try:
        if source == 'torchvision':
            state = VGG19_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
        else:
            state = torch.load(source, map_location='cpu', weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f'{source}: the VGG19 weights do not exist; {advice}') from error
    except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
        raise InputError(f'the VGG19 weights are not in {Path(torch.hub.get_dir()) / "checkpoints"} and cannot be downloaded '
                         f'({error}); {advice}') from error
    except Exception as error:  # torch.load raises whatever the bytes lead it to
        raise InputError(f'{source}: the VGG19 weights cannot be read ({type(error).__name__}); {advice}') from error
    found = {name.removeprefix('features.'): value for name, value in state.items() if name.startswith('features.')} \
        if isinstance(state, dict) else {}
    with torch.device('meta'):
        wanted = vgg.make_layers(vgg.cfgs['E']).state_dict()
    other = [name for name in {**wanted, **found}
             if name not in found or name not in wanted or found[name].shape != wanted[name].shape]
    if other:
        raise InputError(f'{source}: these are not the weights of VGG19 (features.{other[0]} disagrees, {len(other)} in all); '
                         f'{advice}')
    return found


@MODELS.register_module()
class VGGFeatureLoss(BaseModule):
    """Mean squared difference of one VGG19 feature map.

    The weights are read when the training starts (``init_weights``), so that a trained model is tested without them. They are
    frozen and not part of checkpoints.

    Args:
        layer (str): ``'conv3_4'``, before the third max-pool, is the report's text; its code takes ``'conv3_3'``.
        post_relu (bool): Take the map behind the ReLU, as Keras's fused layers do, or before it, as SRGAN's later users do.
        normalise (str): ``'imagenet'`` maps [-1, 1] to ImageNet's mean and deviation; ``'raw'`` feeds [-1, 1] as it is, like
            the code behind the report, which shrinks the features.
        weights (str): A path, ``'torchvision'``, or ``'random'``: seeded random weights, which is no perceptual loss.
        loss_weight (float): Factor.

    *Deviation*: eq. d sums over channels; the code takes their mean, and so do we: 1/256 of eq. d at ``conv3_4``.
    """

    def __init__(self,
                 layer: str = 'conv3_4',
                 post_relu: bool = True,
                 normalise: str = 'imagenet',
                 weights: str = 'torchvision',
                 loss_weight: float = 1.0) -> None:
        super().__init__()
        if normalise not in ('imagenet', 'raw'):
            raise ValueError(f"normalise must be 'imagenet' or 'raw', found '{normalise}'")
        self.weights, self.normalise, self.loss_weight = weights, normalise, loss_weight
        self.ready = False
        self.vgg = vgg.make_layers(vgg.cfgs['E'])[:layer_index(layer) + 1 + post_relu]
        for module in self.vgg:
            if isinstance(module, nn.Conv2d):
                _freeze(module)
            elif isinstance(module, nn.ReLU):
                module.inplace = False
        mean, std = (IMAGENET_MEAN, IMAGENET_STD) if normalise == 'imagenet' else ((0.5, ) * 3, (0.5, ) * 3)
        self.register_buffer('mean', torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def init_weights(self) -> None:
        """Read the weights.

        Raises:
            InputError: See :func:`load_vgg19`.
        """
        if self.weights == 'random':
            MMLogger.get_current_instance().warning(
                'VGGFeatureLoss runs on random weights: this is no perceptual loss, and results must say so')
            generator = torch.Generator().manual_seed(0)
            for module in self._convolutions():
                fan_in = module.weight[0].numel()
                module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * (2 / fan_in)**0.5)
                module.bias.zero_()
        else:
            found = load_vgg19(self.weights)
            for index, module in enumerate(self.vgg):
                if isinstance(module, nn.Conv2d):
                    module.weight.copy_(found[f'{index}.weight'])
                    module.bias.copy_(found[f'{index}.bias'])
        self.ready = True

    def _convolutions(self) -> list[nn.Conv2d]:
        return [module for module in self.vgg if isinstance(module, nn.Conv2d)]

    def features(self, images: Tensor) -> Tensor:
        """The feature map (N, C, h, w) of ``images`` (N, 3, H, W) in [-1, 1], RGB."""
        if not self.ready:
            raise RuntimeError('VGGFeatureLoss has no weights yet: call init_weights() first')
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
