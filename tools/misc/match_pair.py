"""Match two images of different modality, and register the second to the first."""

import argparse
from pathlib import Path

import cv2
import numpy as np

from mmsight.cli import friendly


@friendly
def main() -> None:
    """Write ``matches.jpg``, ``checkerboard.jpg`` and ``matches.npz`` (first, second, inlier, homography)."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/misc/match_pair.py s2net_toy CHECKPOINT visible.jpg thermal.jpg')
    parser.add_argument('config', help='path or name of a config of S2-Net')
    parser.add_argument('checkpoint', help='path of its checkpoint')
    parser.add_argument('first', help='an image, such as the visible one')
    parser.add_argument('second', help='the other one, of any size')
    parser.add_argument('--keypoints', type=int, default=4096, metavar='K', help='at most so many in each image')
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/match_pair'), metavar='DIR')
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    args = parser.parse_args()
    from mmsight.projects.s2net.inference import match_images
    from mmsight.projects.s2net.loading import read_rgb
    from mmsight.projects.s2net.match_visualization_hook import checkerboard, draw_matches

    from mmsight.engine.load_model import load_model

    first, second = read_rgb(args.first), read_rgb(args.second)
    _, model = load_model(args.config, args.checkpoint, args.device)
    found = match_images(model, first, second, args.keypoints)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    homography = np.full((3, 3), np.nan) if found.homography is None else found.homography
    np.savez(args.out_dir / 'matches.npz', **found._replace(homography=homography)._asdict())
    pictures = dict(matches=draw_matches(first, second, found.first, found.second, found.inlier),
                    checkerboard=checkerboard(first, second, found.homography))
    for name, picture in pictures.items():
        cv2.imwrite(str(args.out_dir / f'{name}.jpg'), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    print(f'{len(found.first)} matches, {int(found.inlier.sum())} of them agree on a homography: {args.out_dir}')


if __name__ == '__main__':
    main()
