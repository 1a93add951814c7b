"""Networks that more than one paper uses. Imports no host."""

from .efficientnet_lite import EfficientNetLite
from .same_conv import SameConv2d

__all__ = ['EfficientNetLite', 'SameConv2d']
