"""LARSD (Liu, Bai and Li): rotated ships with locality-aware score alignment, as modules for mmrotate."""

import warnings

from .hrsc import HRSC2016Dataset
from .loading import LoadShipImage
from .metric import RotatedShipMetric

# said by mmrotate at each rotation of an image: that its clip_() leaves rotated boxes whole is what we want
warnings.filterwarnings('ignore', message='The `clip` function does nothing in `RotatedBoxes`')

__all__ = ['HRSC2016Dataset', 'LoadShipImage', 'RotatedShipMetric']
