"""Test a checkpoint: `python tools/test.py CONFIG CHECKPOINT`. Options: mmsight/cli.py. Work: mmsight/engine/launch.py."""

from mmsight.cli import tool

if __name__ == '__main__':
    tool('test')
