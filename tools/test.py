"""Test a checkpoint: `python tools/test.py CONFIG CHECKPOINT`. The options are in `mmsight/cli.py`, the work in `mmsight/engine/launch.py`."""

from mmsight.cli import tool

if __name__ == '__main__':
    tool('test')
