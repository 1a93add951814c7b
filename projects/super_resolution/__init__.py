"""SRCNN and SRGAN with pixel and perceptual loss (Padmanabhan, 2020), measured the right way, as modules for mmagic."""

from .adversarial_loss import AdversarialLoss
from .dataset import SuperResolutionDataset
from .discriminator import SRDiscriminator
from .generator import SRCNNGenerator
from .hooks import DiscriminatorWatchHook, SampleGridHook, ValidateFirstHook
from .loading import LoadImagePair
from .metric import SuperResolutionMetric
from .super_resolver import AdversarialSuperResolver, SuperResolver
from .transforms import CropToMultiple, MakeLR, RandomPatch, ResizeHR
from .vgg_loss import VGGFeatureLoss

__all__ = [
    'AdversarialLoss', 'AdversarialSuperResolver', 'CropToMultiple', 'DiscriminatorWatchHook', 'LoadImagePair', 'MakeLR',
    'RandomPatch', 'ResizeHR', 'SRCNNGenerator', 'SRDiscriminator', 'SampleGridHook', 'SuperResolutionDataset',
    'SuperResolutionMetric', 'SuperResolver', 'VGGFeatureLoss', 'ValidateFirstHook'
]
