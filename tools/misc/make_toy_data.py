"""Make the toy data of one paper, or of all: `python tools/misc/make_toy_data.py sar_shipnet`."""

import argparse

from mmsight.cli import friendly
from mmsight.engine.toy import ensure_toy_data, papers_with_toy_data


@friendly
def main() -> None:
    """Make what is missing; what is there stays as it is."""
    parser = argparse.ArgumentParser(description=__doc__, epilog='example: python tools/misc/make_toy_data.py all')
    parser.add_argument('paper', help="a project's name, or all")
    args = parser.parse_args()
    for paper in papers_with_toy_data() if args.paper == 'all' else [args.paper]:
        print(f'{paper}: {ensure_toy_data(paper)}')


if __name__ == '__main__':
    main()
