"""Draw a seeded list of test pairs of the RGB-NIR scenes, as many of each scene, with its hash."""

import argparse
from pathlib import Path

from mmsight.cli import friendly


@friendly
def main() -> None:
    """Writes ROOT/<out>; an existing list is replaced."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     epilog='example: python tools/dataset_converters/rgbnir.py data/rgbnir')
    parser.add_argument('root', type=Path, help='folder with a folder for each scene')
    parser.add_argument('--count', type=int, default=19, help='number of test pairs of each scene; the others are for training')
    parser.add_argument('--seed', type=int, default=0, help='seed of the choice (default 0)')
    parser.add_argument('--out', type=Path, help='file to write; default: ROOT/test.txt')
    args = parser.parse_args()
    from mmsight.projects.s2net import RGBNIRDataset
    from mmsight.projects.s2net.splits import draw_test_ids, write_ids

    pairs = RGBNIRDataset(str(args.root))
    file = args.out or args.root / 'test.txt'
    chosen = draw_test_ids([pair['id'] for pair in pairs], args.count, args.seed)
    print(f'{len(pairs)} pairs, {len(chosen)} of them test: {file}, SHA-256 {write_ids(chosen, file)}')


if __name__ == '__main__':
    main()
