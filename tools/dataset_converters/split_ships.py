"""Write the split files of SSDD or SAR-Ship-Dataset, with their hashes, and report images stored under two ids."""

import argparse
from pathlib import Path

from mmsight.cli import friendly
from mmsight.errors import InputError


@friendly
def main() -> None:
    """Split by the dataset's rule; existing split files are replaced."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     epilog='example: python tools/dataset_converters/split_ships.py ssdd data/ssdd')
    parser.add_argument('dataset', choices=['ssdd', 'sar_ship'])
    parser.add_argument('root', type=Path, help='folder of the dataset')
    parser.add_argument('--rule', choices=['official', '7:1:2'],
                        help='official: ids that end in 1 or 9 test (SSDD only). Default: official for ssdd, else 7:1:2')
    parser.add_argument('--out', type=Path, help='folder of the split files; default: where the configs look for them')
    args = parser.parse_args()
    from mmsight.projects.sar_shipnet.splits import duplicate_images, split_7_1_2, split_ssdd, write_splits

    ssdd = args.dataset == 'ssdd'
    rule = args.rule or ('official' if ssdd else '7:1:2')
    if rule == 'official' and not ssdd:
        raise InputError('SAR-Ship-Dataset has no official split: use --rule 7:1:2')
    images = sorted((args.root / 'JPEGImages' if ssdd else args.root).glob('*.jpg'))
    if not images:
        raise InputError(f"{args.root}: no jpg {'in JPEGImages' if ssdd else ''} was found")
    splits = (split_ssdd if rule == 'official' else split_7_1_2)([path.stem for path in images])
    out = args.out or (args.root / 'ImageSets' / 'Main' if ssdd else args.root)
    for split, digest in write_splits(splits, out).items():
        print(f'{out / split}.txt: {len(splits[split])} ids, sha256 {digest}')
    owner = {name: split for split, ids in splits.items() for name in ids}
    groups = duplicate_images(images)
    across = [group for group in groups if len({owner[name] for name in group}) > 1]
    print(f'{len(groups)} groups of byte-identical images, {len(across)} of them across splits')
    for group in across:
        print('  ' + ', '.join(f'{name} ({owner[name]})' for name in group))


if __name__ == '__main__':
    main()
