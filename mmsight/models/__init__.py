"""Networks that more than one paper uses. Imports no host."""

from .efficientnet_lite import EfficientNetLite
from .local_statistics import LocalGroupNorm, Window, use_local_statistics, windowed
from .same_conv import SameConv2d

__all__ = ['EfficientNetLite', 'LocalGroupNorm', 'SameConv2d', 'Window', 'use_local_statistics', 'windowed']
