"""Importing a host prints nothing."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_hosts_are_imported_without_a_word():
    script = 'import mmsight; from mmengine.logging import print_log; import mmdet.datasets, mmseg.datasets; print_log("shown")'
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ['shown'] and not done.stderr
