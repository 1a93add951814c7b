"""LARSD (Liu, Bai and Li): rotated ships with locality-aware score alignment, as modules for mmrotate."""

import warnings

import mmsight.transforms  # noqa: F401  (registers them)

from .assigner import ShipAssigner
from .bow_stern import BowSternDataset
from .coder import EdgeDistanceCoder
from .directed_boxes import DirectedBoxes
from .dota_ships import DOTAShipDataset
from .head import LARSDHead
from .hrsc import HRSC2016Dataset
from .lasa_heads import LASARotatedFCOSHead, LASARotatedRetinaHead, LASARotatedRTMDetHead, LASARotatedRTMDetSepBNHead
from .lasa_hook import LASAPictureHook
from .loading import LoadShipImage
from .losses import CosineAngleLoss, DistanceIoULoss
from .metric import RotatedShipMetric
from .neck import UNetFusionNeck
from .priors import ShipPriors
from .rbox import RBoxDataset
from .rotated_coco import RotatedCocoDataset
from .rotated_ssdd import RotatedSSDDDataset
from .sliding_window import SlidingWindowDetector

# mmrotate warns at each rotation of an image that clip_() does not clip rotated boxes, which is what we want
warnings.filterwarnings('ignore', message='The `clip` function does nothing in `RotatedBoxes`')

__all__ = [
    'BowSternDataset', 'CosineAngleLoss', 'DOTAShipDataset', 'DirectedBoxes', 'DistanceIoULoss', 'EdgeDistanceCoder',
    'HRSC2016Dataset', 'LARSDHead', 'LASAPictureHook', 'LASARotatedFCOSHead', 'LASARotatedRTMDetHead',
    'LASARotatedRTMDetSepBNHead', 'LASARotatedRetinaHead', 'LoadShipImage', 'RBoxDataset',
    'RotatedCocoDataset', 'RotatedSSDDDataset', 'RotatedShipMetric', 'ShipAssigner', 'ShipPriors', 'SlidingWindowDetector',
    'UNetFusionNeck'
]
