"""S2-Net (Mei et al., 2022): self-supervision for detect-and-describe methods on pairs of images of two modalities."""

from .d2net import D2Net
from .detect_describe import DetectDescribe, Features, ImagePairs, Keypoints, Pair
from .loading import LoadPair
from .match_visualization_hook import MatchVisualizationHook
from .matching_metric import MatchingMetric
from .opencv_baselines import AKAZE, BRISK, ORB, SIFT
from .pair_dataset import PairDataset, RGBNIRDataset
from .pair_transforms import (
    CropPair,
    EnlargePair,
    FixedInfraredWarp,
    PackPair,
    PackTestPair,
    RandomFlipRotate,
    RandomGrey,
    RandomInfraredWarp,
)
from .r2d2 import R2D2
from .rift import RIFT
from .self_supervision import SelfSupervisedMatchingHook

__all__ = [
    'AKAZE', 'BRISK', 'ORB', 'R2D2', 'RIFT', 'SIFT', 'CropPair', 'D2Net', 'DetectDescribe', 'EnlargePair', 'Features',
    'FixedInfraredWarp', 'ImagePairs', 'Keypoints', 'LoadPair', 'MatchVisualizationHook', 'MatchingMetric', 'PackPair',
    'PackTestPair', 'Pair', 'PairDataset', 'RGBNIRDataset', 'RandomFlipRotate', 'RandomGrey', 'RandomInfraredWarp',
    'SelfSupervisedMatchingHook'
]
