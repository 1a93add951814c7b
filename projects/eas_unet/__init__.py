"""EAS U-Net (Wang et al., IJIRCST 2024): liver segmentation in CT, as modules for mmseg."""

from .augmentation import RandomGreyLevels, RandomWarp
from .datasets import CTSliceDataset, CTVolumeDataset, LiverSliceFolder
from .dice_loss import ForegroundDiceLoss
from .dsconv import DSConv
from .eas import EASModule, EASNeck
from .eca import ECA
from .fusion_head import FusionHead
from .loading import LoadCTSlice, LoadCTVolume, LoadGreySlice, LoadLiverMask, PackVolume, RandomFlipVolume
from .metric import LiverMetric
from .monai_backbone import MonaiBackbone
from .montage_hook import CaseMontageHook
from .unet import EASUNet
from .vnet import VNet

__all__ = [
    'CTSliceDataset', 'CTVolumeDataset', 'CaseMontageHook', 'DSConv', 'EASModule', 'EASNeck', 'EASUNet', 'ECA',
    'ForegroundDiceLoss', 'FusionHead', 'LiverMetric', 'LiverSliceFolder', 'LoadCTSlice', 'LoadCTVolume', 'LoadGreySlice',
    'LoadLiverMask', 'MonaiBackbone', 'PackVolume', 'RandomFlipVolume', 'RandomGreyLevels', 'RandomWarp', 'VNet'
]
