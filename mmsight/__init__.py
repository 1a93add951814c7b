"""MMSight: five vision papers as OpenMMLab plugins.

Importing it costs mmengine only. It registers the child registries (scope ``mmsight``) and the import work-arounds of
:mod:`mmsight.compat`, which stay idle until a host toolbox is imported.
"""

from . import compat, registry
from .version import __version__

__all__ = ['__version__', 'compat', 'registry']
