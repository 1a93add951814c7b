"""Train a config: `python tools/train.py CONFIG`. Options: mmsight/cli.py. Work: mmsight/engine/launch.py."""

from mmsight.cli import tool

if __name__ == '__main__':
    tool('train')
