"""``_base_ = 'mmseg::...'`` under the onedl fork.

What breaks: mmengine translates the prefix ``mmseg`` into a distribution name through a table. If the table says
``mmsegmentation``, the installed ``onedl-mmsegmentation`` is not found and the config "is not installed".
In which versions: onedl-mmengine 0.10.12 with onedl-mmsegmentation 1.4.2. It can go once mmengine's table names the
distribution, or the package, that the fork installs.
"""

from mmengine.config.utils import MODULE2PACKAGE
from mmengine.utils import is_installed


def apply() -> None:
    """Let the prefix resolve to the package itself where the distribution of mmengine's table is absent."""
    if not is_installed(MODULE2PACKAGE['mmseg']):
        MODULE2PACKAGE['mmseg'] = 'mmseg'
