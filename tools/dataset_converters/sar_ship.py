"""Prepare SAR-Ship-Dataset (first version or current release): split files with their hashes, and COCO json."""

import argparse
from pathlib import Path

from mmsight.cli import friendly
from mmsight.errors import InputError
from mmsight.files import images_by_stem


@friendly
def main() -> None:
    """Writes <split>.txt (7:1:2, seeded) and annotations/<split>.json; existing ones are replaced.

    If there are faults, all are listed and nothing is written.
    """
    parser = argparse.ArgumentParser(description=__doc__,
                                     epilog='example: python tools/dataset_converters/sar_ship.py data/sar_ship')
    parser.add_argument('root', type=Path, help='folder of the chips, <id>.jpg and <id>.txt')
    parser.add_argument('--seed', type=int, default=0, help='seed of the random split (default 0)')
    parser.add_argument('--out', type=Path, help='folder to write to; default: ROOT')
    args = parser.parse_args()
    from mmsight.projects.sar_shipnet import SARShipDataset
    from mmsight.projects.sar_shipnet.coco_export import export_splits
    from mmsight.projects.sar_shipnet.splits import print_duplicates, split_7_1_2

    images = images_by_stem(args.root)
    if not images:
        raise InputError(f'{args.root}: the folder has no image, or does not exist')
    splits = split_7_1_2(images, args.seed)
    out = args.out or args.root
    export_splits(splits, lambda ids: SARShipDataset(ann_file=ids, data_root=str(args.root), lazy_init=True), out, out)
    print_duplicates(images.values(), splits)


if __name__ == '__main__':
    main()
