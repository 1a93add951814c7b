"""Train a config: `python tools/train.py CONFIG`. The options are in `mmsight/cli.py`, the work in `mmsight/engine/launch.py`."""

from mmsight.cli import tool

if __name__ == '__main__':
    tool('train')
