"""Cut the large images of a folder in DOTA's format into overlapping tiles to train on, in the same format."""

import argparse
from pathlib import Path

import cv2
from rich.progress import track

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import finite, friendly
from mmsight.errors import InputError
from mmsight.files import make_folder


@friendly
def main() -> None:
    """Write OUT/images/<image>__<x>__<y>.png and OUT/labelTxt/<image>__<x>__<y>.txt of each tile.

    A ship that a border cuts keeps its whole box in each tile that shows it; where less than --least of it can be seen its
    difficulty is 2, so that training ignores it. If there are faults, all are listed and nothing is written.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/dataset_converters/tile_ships.py data/hrsd/train data/hrsd/train_tiles')
    parser.add_argument('root', type=Path, help='folder with images and labelTxt')
    parser.add_argument('out', type=Path, help='folder to write to')
    parser.add_argument('--tile', type=int, default=512, metavar='PIXELS', help='side of the tiles (default: 512)')
    parser.add_argument('--overlap', type=int, default=192, metavar='PIXELS', help='least overlap of neighbours (default: 192)')
    parser.add_argument('--least', type=finite, default=0.5, metavar='SHARE', help='least visible share (default: 0.5)')
    parser.add_argument('--classes', nargs='+', default=['ship'], help='classes to keep (default: ship)')
    parser.add_argument('--skip-classes', nargs='+', default=[], metavar='CLASS', help='classes to leave out')
    parser.add_argument('--img-suffix', default='.png', help='of the image files (default: .png)')
    args = parser.parse_args()
    from mmsight.projects.larsd import DOTAShipDataset
    from mmsight.projects.larsd.tiling import tiles_of_image

    from mmsight.box_dataset import refuse_faults
    dataset = DOTAShipDataset(data_root=str(args.root), data_prefix=dict(img='images', ann='labelTxt'), pipeline=[],
                              metainfo=dict(classes=tuple(args.classes)), img_suffix=args.img_suffix,
                              skip_classes=args.skip_classes, lazy_init=True)
    refuse_faults(dataset)
    dataset.full_init()
    for folder in ('images', 'labelTxt'):
        if list((args.out / folder).glob('*')):
            raise InputError(f'{args.out / folder} is not empty: name another folder, or remove what an earlier run has left')
        make_folder(args.out / folder)
    tiles = ships = cut = 0
    for index in track(range(len(dataset)), 'images'):
        entry = dataset.get_data_info(index)
        for name, image, lines in tiles_of_image(entry, args.classes, args.tile, args.overlap, args.least):
            if not cv2.imwrite(str(args.out / 'images' / f'{name}.png'), image):
                raise InputError(f'{args.out}: the tile {name}.png cannot be written')
            (args.out / 'labelTxt' / f'{name}.txt').write_text(''.join(f'{line}\n' for line in lines))
            tiles, ships, cut = tiles + 1, ships + len(lines), cut + sum(line.endswith(' 2') for line in lines)
    print(f'{args.out}: {tiles} tiles of {len(dataset)} images, {ships} ships, {cut} of them ignored')


if __name__ == '__main__':
    main()
