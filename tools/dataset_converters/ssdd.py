"""Prepare SSDD: split files with their hashes, and the same splits as COCO json."""

import argparse
from pathlib import Path

from mmsight.cli import friendly
from mmsight.errors import InputError
from mmsight.files import images_by_stem


@friendly
def main() -> None:
    """Writes ImageSets/Main/<split>.txt and annotations/<split>.json; existing ones are replaced.

    If there are faults, all are listed and nothing is written.
    """
    parser = argparse.ArgumentParser(description=__doc__,
                                     epilog='example: python tools/dataset_converters/ssdd.py data/ssdd')
    parser.add_argument('root', type=Path, help='folder with Annotations and JPEGImages')
    parser.add_argument('--rule', choices=['official', '7:1:2'], default='official',
                        help='official: ids that end in 1 or 9 are for testing. 7:1:2: at random, as in the paper')
    parser.add_argument('--out', type=Path, help='folder to write to; default: ROOT')
    args = parser.parse_args()
    from mmsight.projects.sar_shipnet import SSDDDataset
    from mmsight.projects.sar_shipnet.coco_export import export_splits
    from mmsight.projects.sar_shipnet.splits import print_duplicates, split_7_1_2, split_ssdd

    images = images_by_stem(args.root / 'JPEGImages')
    if not images:
        raise InputError(f"{args.root / 'JPEGImages'}: the folder has no image, or does not exist")
    splits = (split_ssdd if args.rule == 'official' else split_7_1_2)(images)
    out = args.out or args.root

    def build(ids: str) -> SSDDDataset:
        return SSDDDataset(ann_file=ids, data_root=str(args.root), data_prefix=dict(img='JPEGImages', ann='Annotations'),
                           lazy_init=True)

    export_splits(splits, build, out / 'ImageSets' / 'Main', out)
    print_duplicates(images.values(), splits)


if __name__ == '__main__':
    main()
