"""Enlarge images, of any size, with a trained super-resolution model."""

import argparse
from pathlib import Path

import cv2

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import friendly
from mmsight.errors import InputError

SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp')


def images_of(path: Path) -> list[Path]:
    """The file, or the images of the folder, sorted."""
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
    if not found:
        raise InputError(f"{path}: the folder holds no image ({', '.join(SUFFIXES)})")
    return found


@friendly
def main() -> None:
    """Write ``<out-dir>/<name>_x<scale>.png`` of each image."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/misc/super_resolve.py super_resolution_toy CHECKPOINT photo.jpg')
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('checkpoint', help='path of a checkpoint')
    parser.add_argument('inputs', nargs='+', type=Path, metavar='INPUT', help='an image or a folder of images')
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/super_resolve'), metavar='DIR')
    parser.add_argument('--tile', type=int, metavar='SIDE', help='side of a tile in input pixels; less needs less memory')
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    args = parser.parse_args()
    if args.tile is not None and args.tile < 1:
        raise InputError(f'--tile must be at least 1, found {args.tile}')
    files = [file for path in args.inputs for file in images_of(path)]

    from mmsight.projects.super_resolution.inference import enlarge_image
    from mmsight.projects.super_resolution.loading import load_rgb

    from mmsight.engine.load_model import load_model
    _, model = load_model(args.config, args.checkpoint, args.device)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate(files, 1):
        image = load_rgb(str(file))
        print(f'[{number}/{len(files)}] {file}: {image.shape[1]} x {image.shape[0]}', flush=True)
        enlarged = enlarge_image(model, image, args.tile, progress=True)
        out = args.out_dir / f'{file.stem}_x{model.scale}.png'
        cv2.imwrite(str(out), cv2.cvtColor(enlarged, cv2.COLOR_RGB2BGR))
        print(f'  {out}: {enlarged.shape[1]} x {enlarged.shape[0]}', flush=True)


if __name__ == '__main__':
    main()
