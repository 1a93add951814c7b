"""Print a config with everything that it inherits."""

import argparse

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config


@friendly
def main() -> None:
    """Load, override, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/misc/print_config.py configs/sar_shipnet/sar_shipnet_toy.py')
    parser.add_argument('config', help='path or name of a config')
    add_cfg_options(parser)
    args = parser.parse_args()
    print(load_config(args.config, args.cfg_options).pretty_text)


if __name__ == '__main__':
    main()
