"""Prepare SSDD: split files with their hashes, and the same splits as COCO json."""

import argparse
from pathlib import Path

from mmsight.cli import friendly
from mmsight.errors import InputError


@friendly
def main() -> None:
    """Writes ImageSets/Main/<split>.txt and annotations/<split>.json; existing ones are replaced."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     epilog='example: python tools/dataset_converters/ssdd.py data/ssdd')
    parser.add_argument('root', type=Path, help='folder with Annotations and JPEGImages')
    parser.add_argument('--rule', choices=['official', '7:1:2'], default='official',
                        help='official: ids that end in 1 or 9 are for testing. 7:1:2: at random, as in the paper')
    parser.add_argument('--out', type=Path, help='folder to write to; default: ROOT')
    args = parser.parse_args()
    from mmsight.projects.sar_shipnet import SSDDDataset
    from mmsight.projects.sar_shipnet.coco_export import coco_json, write_json
    from mmsight.projects.sar_shipnet.splits import print_duplicates, split_7_1_2, split_ssdd, write_splits

    images = sorted((args.root / 'JPEGImages').glob('*.jpg'))
    if not images:
        raise InputError(f'{args.root}: no jpg in JPEGImages was found')
    splits = (split_ssdd if args.rule == 'official' else split_7_1_2)([path.stem for path in images])
    out = args.out or args.root
    for split in write_splits(splits, out / 'ImageSets' / 'Main'):
        dataset = SSDDDataset(ann_file=str((out / 'ImageSets' / 'Main' / f'{split}.txt').resolve()), data_root=str(args.root),
                              data_prefix=dict(img='JPEGImages', ann='Annotations'), lazy_init=True)
        write_json(coco_json(dataset), out / 'annotations' / f'{split}.json')
    print_duplicates(images, splits)


if __name__ == '__main__':
    main()
