"""Before `make setup`: check this Python and the free disk space, and print in one sentence what is missing.

Imports nothing but the standard library, so that a Python too old for the rest gets the sentence and not a syntax error.
"""

import os
import shutil
import sys
import tempfile

ENVIRONMENT, WHEELS, BOTH = 9.5, 4, 12
"""Measured, in GB: the environment, pip's wheels of torch while it installs them, and the most at a time on one disk."""


def same_disk(folder, other):
    """Whether two folders share their room."""
    return os.stat(folder).st_dev == os.stat(other).st_dev


def problem(venv):
    """What prevents an environment in the folder ``venv``, a sentence; None if nothing does."""
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        return f'Python 3.10, 3.11 or 3.12 is needed, found {sys.version.split()[0]}: run make PYTHON=/path/to/python3.11'
    if os.path.exists(os.path.join(venv, 'pyvenv.cfg')):
        return None  # most of it is there
    folder, temporary = os.path.abspath(venv), tempfile.gettempdir()
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    for place, need, way in ((folder, BOTH if same_disk(folder, temporary) else ENVIRONMENT, 'VENV=/another/disk/venv'),
                             (temporary, WHEELS, 'TMPDIR=/another/disk')):
        free = shutil.disk_usage(place).free / 1e9
        if free < need:
            return f'{place} has {free:.1f} GB free, setting up needs {need}: make room, or run make with {way}'
    return None


if __name__ == '__main__':
    sys.exit(problem(sys.argv[1]))
