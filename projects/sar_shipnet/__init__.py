"""SAR-ShipNet (Deng et al., ICASSP 2022): ship detection in radar images, as modules for mmdet."""

import mmsight.transforms  # noqa: F401  (registers them)
from mmsight.compat import mmdet_roi_extractor, mmdet_ssd

from .attention_backbone import AttentionBackbone
from .bca import BidirectionalCoordinateAttention, CoordinateAttention
from .centernet_head import GaussianCenterNetHead
from .dense_head import DenseCenterNetHead
from .hrsid import HRSIDDataset
from .loading import LoadSARImage
from .metric import ShipDetectionMetric
from .mrf import MultiResolutionFusion
from .sar_ship import SARShipDataset
from .ssdd import SSDDDataset

mmdet_ssd.apply()
mmdet_roi_extractor.apply()

__all__ = [
    'AttentionBackbone', 'BidirectionalCoordinateAttention', 'CoordinateAttention', 'DenseCenterNetHead',
    'GaussianCenterNetHead', 'HRSIDDataset', 'LoadSARImage', 'MultiResolutionFusion', 'SARShipDataset', 'SSDDDataset',
    'ShipDetectionMetric'
]
