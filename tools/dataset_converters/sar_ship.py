"""Prepare SAR-Ship-Dataset (first version or current release): split files with their hashes, and COCO json."""

import argparse
from pathlib import Path

from mmsight.cli import friendly
from mmsight.errors import InputError


@friendly
def main() -> None:
    """Writes <split>.txt (7:1:2, seeded) and annotations/<split>.json; existing ones are replaced."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     epilog='example: python tools/dataset_converters/sar_ship.py data/sar_ship')
    parser.add_argument('root', type=Path, help='folder of the chips, <id>.jpg and <id>.txt')
    parser.add_argument('--seed', type=int, default=0, help='seed of the random split (default 0)')
    parser.add_argument('--out', type=Path, help='folder to write to; default: ROOT')
    args = parser.parse_args()
    from mmsight.projects.sar_shipnet import SARShipDataset
    from mmsight.projects.sar_shipnet.coco_export import coco_json, write_json
    from mmsight.projects.sar_shipnet.splits import print_duplicates, split_7_1_2, write_splits

    images = sorted(args.root.glob('*.jpg'))
    if not images:
        raise InputError(f'{args.root}: no jpg was found')
    splits = split_7_1_2([path.stem for path in images], args.seed)
    out = args.out or args.root
    for split in write_splits(splits, out):
        dataset = SARShipDataset(ann_file=str((out / f'{split}.txt').resolve()), data_root=str(args.root), lazy_init=True)
        write_json(coco_json(dataset), out / 'annotations' / f'{split}.json')
    print_duplicates(images, splits)


if __name__ == '__main__':
    main()
