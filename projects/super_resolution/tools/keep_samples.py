"""Keep one image of a training's grids of samples: what the model made of it in each grid, and the original, side by side.

The grids are those of mmsight.SampleGridHook. The figure over the epochs is drawn from such files.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import friendly
from mmsight.errors import InputError
from mmsight.files import make_folder
from mmsight.pictures import read_image


def keep_samples(work_dir: Path, row: int, side: int) -> np.ndarray:
    """Squares of one image, uint8 (side, side * (grids + 1), 3), RGB: the model's in order of the epochs, then the original.

    Args:
        work_dir (Path): Of a training.
        row (int): Of the grids, from 1.
        side (int): The middle of so many pixels is kept.

    Raises:
        InputError: If there are no grids, or they have no such row or fewer pixels.
    """
    from mmsight.projects.super_resolution.hooks import panels_of_grid
    runs = sorted({path.parent for path in work_dir.glob('*/vis_data/grids/*.png')})
    if not runs:
        raise InputError(f'{work_dir} has no grids of samples: train with mmsight.SampleGridHook')
    grids = [panels_of_grid(read_image(path)[..., ::-1]) for path in sorted(runs[-1].iterdir())]
    rows, _, whole = grids[0].shape[:3]
    if not 1 <= row <= rows:
        raise InputError(f'--row {row}: the grids of {runs[-1]} have rows 1 to {rows}')
    if not 1 <= side <= whole:
        raise InputError(f'--side {side}: the grids of {runs[-1]} show {whole} pixels')
    top = (whole - side) // 2
    squares = [*(grid[row - 1, 2] for grid in grids), grids[-1][row - 1, 3]]
    return np.hstack([square[top:top + side, top:top + side] for square in squares])


@friendly
def main() -> None:
    """Writes OUT; an existing file is replaced."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python projects/super_resolution/tools/keep_samples.py work_dirs/mine out.png --row 2')
    parser.add_argument('work_dir', type=Path, help='work-dir of a training')
    parser.add_argument('out', type=Path, help='PNG to write')
    parser.add_argument('--row', type=int, default=1, help='which image of the grids, from 1')
    parser.add_argument('--side', type=int, default=80, help='pixels of its middle')
    args = parser.parse_args()
    make_folder(args.out.parent)
    Image.fromarray(keep_samples(args.work_dir, args.row, args.side)).save(args.out, optimize=True)
    print(args.out)


if __name__ == '__main__':
    main()
