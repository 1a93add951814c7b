"""Draw a seeded list of test pairs of RoadScene, or of any two folders with equal file names, with its hash."""

import argparse
from pathlib import Path

from mmsight.cli import friendly


@friendly
def main() -> None:
    """Writes ROOT/<out>; an existing list is replaced."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     epilog='example: python tools/dataset_converters/roadscene.py data/roadscene')
    parser.add_argument('root', type=Path, help='folder with crop_LR_visible and cropinfrared')
    parser.add_argument('--visible', default='crop_LR_visible', help='folder of the visible images')
    parser.add_argument('--infrared', default='cropinfrared', help='folder of the infrared images')
    parser.add_argument('--count', type=int, default=43, help='number of test pairs; all other pairs are for training')
    parser.add_argument('--seed', type=int, default=0, help='seed of the choice (default 0)')
    parser.add_argument('--out', type=Path, help='file to write; default: ROOT/test.txt')
    args = parser.parse_args()
    from mmsight.projects.s2net import PairDataset
    from mmsight.projects.s2net.splits import draw_test_ids, write_ids

    pairs = PairDataset(str(args.root), data_prefix=dict(visible=args.visible, infrared=args.infrared))
    file = args.out or args.root / 'test.txt'
    digest = write_ids(draw_test_ids([pair['id'] for pair in pairs], args.count, args.seed), file)
    print(f'{len(pairs)} pairs, {args.count} of them test: {file}, SHA-256 {digest}')


if __name__ == '__main__':
    main()
