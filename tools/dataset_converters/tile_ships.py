"""Cut the images of a config's dataset into overlapping tiles: a folder in DOTA's format to train on."""

import argparse
from pathlib import Path

import cv2
from mmengine.registry import DATASETS, init_default_scope
from rich.progress import track

from mmsight.cli import friendly
from mmsight.configs import load_config
from mmsight.errors import InputError


@friendly
def main() -> None:
    """Write OUT/images/<id>__<x>__<y>.png and OUT/labelTxt/<id>__<x>__<y>.txt of each tile.

    A ship that a border cuts keeps its whole box in each tile that shows it; where less than --least of it can be seen its
    difficulty is 2, so that training ignores it.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/dataset_converters/tile_ships.py CONFIG data/hrsd_tiles')
    parser.add_argument('config', help='path or name of a config whose dataset holds rotated ships, in any format')
    parser.add_argument('out', type=Path, help='folder to write to')
    parser.add_argument('--split', choices=['train', 'val', 'test'], default='train', help="which of the config's datasets")
    parser.add_argument('--tile', type=int, default=800, metavar='PIXELS', help='side of the tiles (default: 800)')
    parser.add_argument('--overlap', type=int, default=200, metavar='PIXELS', help='least overlap of neighbours (default: 200)')
    parser.add_argument('--least', type=float, default=0.5, metavar='SHARE', help='least visible share (default: 0.5)')
    args = parser.parse_args()
    cfg = load_config(args.config)
    init_default_scope(cfg.default_scope)
    from mmsight.projects.larsd.rotated_dataset import RotatedShipDataset
    from mmsight.projects.larsd.tiling import tiles_of_image
    dataset = DATASETS.build(dict(cfg[f'{args.split}_dataloader'].dataset, pipeline=[], filter_cfg=None))
    if not isinstance(dataset, RotatedShipDataset):
        raise InputError(f'{args.config}: the {args.split} dataset, a {type(dataset).__name__}, does not hold rotated ships')
    for folder in ('images', 'labelTxt'):
        if list((args.out / folder).glob('*')):
            raise InputError(f'{args.out / folder} is not empty: name another folder, or remove what an earlier run has left')
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    tiles = ships = cut = 0
    for index in track(range(len(dataset)), 'images'):
        entry = dataset.get_data_info(index)
        for name, image, lines in tiles_of_image(entry, dataset.metainfo['classes'], args.tile, args.overlap, args.least):
            if not cv2.imwrite(str(args.out / 'images' / f'{name}.png'), image):
                raise InputError(f'{args.out}: the tile {name}.png cannot be written')
            (args.out / 'labelTxt' / f'{name}.txt').write_text(''.join(f'{line}\n' for line in lines))
            tiles, ships, cut = tiles + 1, ships + len(lines), cut + sum(line.endswith(' 2') for line in lines)
    print(f'{args.out}: {tiles} tiles of {len(dataset)} images, {ships} ships, {cut} of them ignored')


if __name__ == '__main__':
    main()
