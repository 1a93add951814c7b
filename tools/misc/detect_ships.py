"""Detect ships in images of any size by a sliding window: rotated boxes as JSON, and a picture of each image."""

import argparse
import json
import math
from pathlib import Path

import cv2
import numpy as np
import torch

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
    """Write ``<out-dir>/<name>.json`` and ``<out-dir>/<name>.png`` of each image."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/misc/detect_ships.py larsd_toy CHECKPOINT harbour.png')
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('checkpoint', help='path of a checkpoint')
    parser.add_argument('inputs', nargs='+', type=Path, metavar='INPUT', help='an image or a folder of images')
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/detect_ships'), metavar='DIR')
    parser.add_argument('--scale', type=float, default=1.0, help='resize first, to the size of ships in training (default: 1)')
    parser.add_argument('--tile', type=int, default=512, metavar='PIXELS', help='side of a tile after that (default: 512)')
    parser.add_argument('--overlap', type=int, default=192, metavar='PIXELS',
                        help='overlap of tiles, 4/3 of the longest ship or more (default: 192)')
    parser.add_argument('--batch-size', type=int, default=4, help='tiles at a time (default: 4)')
    parser.add_argument('--score-thr', type=float, default=0.3, help='least score (default: 0.3)')
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    args = parser.parse_args()
    if args.scale <= 0 or args.batch_size < 1:
        raise InputError('--scale must be positive and --batch-size at least 1')
    files = [file for path in args.inputs for file in images_of(path)]

    from mmsight.projects.larsd.loading import LoadShipImage
    from mmsight.projects.larsd.sliding_window import detect_by_tiles

    from mmsight.engine.load_model import load_model
    from mmsight.rotated_iou import corners
    cfg, model = load_model(args.config, args.checkpoint, args.device)
    classes = cfg.get('metainfo', {}).get('classes', ('ship', ))
    load = LoadShipImage()
    args.out_dir.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate(files, 1):
        image = load.transform(dict(img_path=str(file)))['img']
        height, width = image.shape[:2]
        print(f'[{number}/{len(files)}] {file}: {width} x {height}', flush=True)
        resized = cv2.resize(image, None, fx=args.scale, fy=args.scale) if args.scale != 1 else image
        found = detect_by_tiles(model, torch.from_numpy(resized).permute(2, 0, 1), args.tile, args.overlap, args.batch_size)
        found = found[found.scores >= args.score_thr]
        factors = width / resized.shape[1], height / resized.shape[0]
        boxes = found.bboxes.double().numpy() * (*factors, *[sum(factors) / 2] * 2, 1)
        ships = [dict(cx=cx, cy=cy, w=w, h=h, angle_deg=math.degrees(angle), score=score,
                      label=classes[label] if label < len(classes) else str(label))
                 for (cx, cy, w, h, angle), score, label in
                 zip(boxes.tolist(), found.scores.tolist(), found.labels.tolist(), strict=True)]
        record = dict(image=str(file), width=width, height=height,
                      angle='clockwise from the x axis to the side w, y down', ships=ships)
        (args.out_dir / f'{file.stem}.json').write_text(json.dumps(record, indent=1) + '\n')
        for points, score in zip(corners(boxes), found.scores.tolist(), strict=True):
            # from blue, a doubtful one, to red
            colour = cv2.applyColorMap(np.uint8([[255 * score]]), cv2.COLORMAP_JET)[0, 0].tolist()
            cv2.polylines(image, [np.round((points - .5) * 16).astype(np.int32)], True, colour, 2, cv2.LINE_AA, 4)
        picture = args.out_dir / f'{file.stem}.png'
        cv2.imwrite(str(picture), image)
        print(f'  {len(ships)} ships: {picture}', flush=True)


if __name__ == '__main__':
    main()
