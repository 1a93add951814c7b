"""Messages for debugging stay out of a user's terminal.

What breaks: ``print_log(message, level=DEBUG)`` without a logger prints, whatever the level. So each import of mmdet, mmseg and
mmrotate says "Could not import OneDL", which is about a package that nothing here uses.
In which versions: onedl-mmengine 0.10.12. It can go once mmengine heeds the level there.
"""

import functools
import logging
from typing import Any

from mmengine import logging as mmengine_logging

_print_log = mmengine_logging.print_log


@functools.wraps(_print_log)
def _heeding_the_level(msg: Any, logger: Any = None, level: int = logging.INFO) -> None:
    if logger is not None or level >= logging.INFO:
        _print_log(msg, logger, level)


def apply() -> None:
    """Put it in place of mmengine's."""
    mmengine_logging.print_log = _heeding_the_level
