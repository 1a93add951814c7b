"""Split a COCO json that holds a whole dataset (HRSID's, or any other) into train, val and test."""

import argparse
from pathlib import Path

from mmsight.cli import friendly
from mmsight.json_files import read_json


@friendly
def main() -> None:
    """Writes <split>.json (7:1:2, seeded); existing ones are replaced. Annotations are checked before; images are not read."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/dataset_converters/hrsid.py data/sar_hrsid/boxes_coco.json')
    parser.add_argument('json', type=Path, help='COCO json of all images')
    parser.add_argument('--seed', type=int, default=0, help='seed of the random split (default 0)')
    parser.add_argument('--out', type=Path, help='folder to write to; default: annotations beside the json')
    args = parser.parse_args()
    from mmsight.projects.sar_shipnet.coco_export import select_images, write_json
    from mmsight.projects.sar_shipnet.hrsid import HRSIDDataset
    from mmsight.projects.sar_shipnet.splits import split_7_1_2

    from mmsight.box_dataset import refuse_faults

    refuse_faults(HRSIDDataset(ann_file=str(args.json.resolve()), data_prefix=dict(img=''), lazy_init=True), images=False)
    content = read_json(args.json)
    out = args.out or args.json.parent / 'annotations'
    for split, names in split_7_1_2([image['file_name'] for image in content['images']], args.seed).items():
        write_json(select_images(content, names), out / f'{split}.json')


if __name__ == '__main__':
    main()
