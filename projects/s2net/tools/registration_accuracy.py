"""Compare the accuracy that registration states with the measured one, and count accepted and wrong pairs.

Each pair is registered twice, as it is and with its second image moved by a known transform (3 degrees, 3 %, a shift). How far
both results differ at the worst corner is what the stated accuracy must cover. The error against the pair's true matrix stands
beside it, as far as that is true: RoadScene's pairs are registered approximately.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmengine.registry import init_default_scope
from mmengine.utils import track_iter_progress
from mmsight.projects.s2net.detect_describe import Keypoints
from mmsight.projects.s2net.geometry import inside, pixel_grid
from mmsight.projects.s2net.homography import check_homography
from mmsight.projects.s2net.inferencer import MatchInferencer
from mmsight.projects.s2net.loading import load_pair
from mmsight.projects.s2net.match_images import THRESHOLD, find_keypoints, match_images
from mmsight.projects.s2net.matching import image_corners, move_points

from mmsight.cli import friendly
from mmsight.configs import load_config
from mmsight.registry import DATASETS

MARGIN = 5
"""Pixels along the border of a moved image without keypoints."""


class Registration:
    """Registers images by a method, and remembers the keypoints of each image."""

    def __init__(self, method: Any) -> None:
        self.method = method
        self.known: dict[int, Keypoints] = {}

    def find(self, image: np.ndarray, count: int, mask: np.ndarray | None) -> Keypoints:
        """Keypoints of an image, found once."""
        key = hash(image.tobytes())
        if key not in self.known:
            self.known[key] = find_keypoints(self.method, image, count, mask)
        return self.known[key]

    def __call__(self, first: np.ndarray, second: np.ndarray, mask: np.ndarray | None = None) -> dict:
        """The homography, its drift, and why it is refused."""
        with torch.no_grad():
            found = match_images(self.find, first, second, masks=(None, mask))
        facts = check_homography(found.homography, found.first, found.second, found.inlier, first.shape[:2], second.shape[:2],
                                 THRESHOLD, found.kind, found.correction.drift if found.correction else 0.0)
        return dict(homography=found.homography, reason=facts.reason, stated=facts.accuracy, inliers=facts.inliers)


def known_warp(height: int, width: int) -> np.ndarray:
    """(3, 3): 3 degrees and 3 % about the centre, and a shift."""
    angle, x, y = np.deg2rad(3), (width - 1) / 2, (height - 1) / 2
    a, b = 1.03 * np.cos(angle), 1.03 * np.sin(angle)
    return np.array([[a, -b, x - a * x + b * y + 7.3], [b, a, y - b * x - a * y - 4.6], [0, 0, 1]])


def worst_corner(first: np.ndarray, second: np.ndarray, size: tuple[int, int]) -> float:
    """Largest distance in pixels between an image's corners under two homographies."""
    corners = image_corners(size)
    return float(np.linalg.norm(move_points(corners, first) - move_points(corners, second), axis=1).max())


def measure(register: Registration, pair: dict) -> dict:
    """Register a pair as it is, and moved."""
    first, second = (np.ascontiguousarray(pair[key]) for key in ('visible', 'infrared'))
    height, width = size = first.shape[0], first.shape[1]
    warp, truth = known_warp(height, width), pair['truth'].homography
    moved = cv2.warpPerspective(second, warp, (width, height))
    source = move_points(pixel_grid(height, width).flatten(0, 1).double().numpy(), np.linalg.inv(warp))
    seen = inside(torch.from_numpy(source), height, width).view(height, width).numpy().astype(np.uint8)
    mask = cv2.erode(seen, np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)) > 0
    one, other = register(first, second), register(first, moved, mask)
    row = dict(id=pair['id'], reason=one['reason'], inliers=one['inliers'], stated=one['stated'])
    if one['reason'] is None:
        row['to_truth'] = worst_corner(one['homography'], truth, size)
        if other['homography'] is not None:
            row['equivariance'] = worst_corner(warp @ one['homography'], other['homography'], size)
    return row


def summary(rows: list[dict], wrong: list[dict]) -> dict[str, float]:
    """Shares, and percentiles in pixels of the pairs that are accepted."""
    accepted = [row for row in rows if row['reason'] is None]
    found = dict(pairs=len(rows), accepted=len(accepted) / len(rows), wrong_pairs=len(wrong),
                 wrong_accepted=sum(row['reason'] is None for row in wrong))
    for key in ('equivariance', 'to_truth'):
        # without a result for the moved image there is no agreement
        values = np.array([row.get(key, np.inf) for row in accepted])
        if len(values):
            found.update({f'{key}_median': float(np.median(values)), f'{key}_p90': float(np.percentile(values, 90)),
                          f'{key}_covered': float(np.mean(values <= [row['stated'] for row in accepted]))})
    return found


def draw(rows: list[dict], key: str, path: Path) -> None:
    """Stated against measured, both in pixels."""
    figure = Figure(figsize=(4.5, 4), dpi=130, layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xlabel='stated, px', ylabel=f'measured ({key.replace("_", " ")}), px', xscale='log', yscale='log')
    shown = [row for row in rows if key in row]
    axes.scatter([row['stated'] for row in shown], [max(row[key], 0.05) for row in shown], s=14)
    axes.plot([0.1, 30], [0.1, 30], color='grey', linewidth=1, label='measured = stated')
    axes.legend(loc='upper left')
    axes.grid(alpha=0.3, which='both')
    figure.savefig(path)


@friendly
def main() -> None:
    """Read the options, register, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python projects/s2net/tools/registration_accuracy.py r2d2_w32_roadscene_192 RIFT --wrong 200')
    parser.add_argument('config', help='a config of S2-Net, whose pairs are registered')
    parser.add_argument('model', help='SIFT, RIFT or ORB, a model in the box, a config or a checkpoint')
    parser.add_argument('--weights', metavar='CHECKPOINT', help='checkpoint of the model')
    parser.add_argument('--split', choices=('train', 'test'), default='test', help='split of the pairs (default test)')
    parser.add_argument('--pairs', type=int, metavar='N', help='number of pairs, evenly spread; by default all')
    parser.add_argument('--wrong', type=int, default=0, metavar='N', help='number of pairs of different scenes (default 0)')
    parser.add_argument('--out-dir', default='work_dirs/registration', metavar='DIR', help='folder for numbers and plots')
    args = parser.parse_args()
    method = MatchInferencer(args.model, args.weights, show_progress=False).model
    cfg = load_config(args.config)
    init_default_scope(cfg.default_scope)
    dataset = DATASETS.build(dict(cfg.test_dataloader.dataset, split=args.split))
    chosen = np.linspace(0, len(dataset) - 1, min(args.pairs or len(dataset), len(dataset))).round().astype(int)
    register, images, rows = Registration(method), [], []
    for index in track_iter_progress(chosen.tolist()):
        pair = load_pair(dataset.get_data_info(index))
        rows.append(measure(register, pair))
        images.append((np.ascontiguousarray(pair['visible']), np.ascontiguousarray(pair['infrared'])))
    rng, wrong = np.random.default_rng(0), []
    for _ in range(args.wrong):
        one, other = rng.choice(len(images), 2, replace=False)
        found = register(images[one][0], images[other][1])
        wrong.append(dict(first=rows[one]['id'], second=rows[other]['id'], reason=found['reason'], inliers=found['inliers']))
    folder = Path(args.out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    result = summary(rows, wrong)
    (folder / 'registration.json').write_text(json.dumps(dict(summary=result, pairs=rows, wrong=wrong), indent=1, default=str))
    for key in ('equivariance', 'to_truth'):
        if any(key in row for row in rows):
            draw(rows, key, folder / f'{key}.png')
    for name, value in result.items():
        print(f'{name:<24}{value:.3g}')
    print(f'written: {folder}')


if __name__ == '__main__':
    main()
