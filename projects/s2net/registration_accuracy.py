"""The accuracy that registration states against the measured one, and how many pairs it accepts, right and wrong ones.

Each pair is registered twice, as it is and with its second image moved by a known transform (3 degrees, 3 %, a shift). How far
both results differ at the worst corner, the ``equivariance``, is what the stated accuracy must cover. The error against the
registration of the data set, ``to_truth``, stands beside it, as far as that is true: a matrix is known to the pixel, but a pair
that is said to be registered may be so approximately only. Which of the two the images speak for is told by their normalised
mutual information under either (Studholme et al., Pattern Recognition 1999), which the registration itself does not use.
"""

from collections.abc import Iterable, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.stats import entropy

from .detect_describe import Keypoints
from .geometry import inside, pixel_grid
from .homography import check_homography
from .loading import load_pair
from .match_images import THRESHOLD, find_keypoints, match_images
from .matching import move_points, worst_corner

DOUBTFUL = 2.0
"""Pixels at the worst corner between a result and a pair's own registration, from which one of the two must be wrong."""
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
                                 THRESHOLD, found.kind, found.correction)
        return dict(homography=found.homography, reason=facts.reason, stated=facts.accuracy, inliers=facts.inliers)


def known_warp(height: int, width: int) -> np.ndarray:
    """(3, 3): 3 degrees and 3 % about the centre, and a shift."""
    angle, x, y = np.deg2rad(3), (width - 1) / 2, (height - 1) / 2
    a, b = 1.03 * np.cos(angle), 1.03 * np.sin(angle)
    return np.array([[a, -b, x - a * x + b * y + 7.3], [b, a, y - b * x - a * y - 4.6], [0, 0, 1]])


def mutual_information(first: np.ndarray, second: np.ndarray, homographies: Sequence[np.ndarray]) -> list[float]:
    """Normalised, in [1, 2], of two RGB images under each homography, over what the images share under all of them."""
    height, width = first.shape[:2]
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64) for image in (first, second)]
    inverse = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved, seen = ([cv2.warpPerspective(image, matrix, (width, height), flags=inverse) for matrix in homographies]
                   for image in (grey[1], np.ones(second.shape[:2])))
    shared = np.all(np.array(seen) > 0.999, axis=0)
    joint = [np.histogram2d(grey[0][shared], image[shared], bins=64)[0] for image in moved]
    return [float((entropy(counts.sum(axis=0)) + entropy(counts.sum(axis=1))) / entropy(counts, axis=None)) for counts in joint]


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
        row['information'], row['information_of_truth'] = mutual_information(first, second, (one['homography'], truth))
        if other['homography'] is not None:
            row['equivariance'] = worst_corner(warp @ one['homography'], other['homography'], size)
    return row


def measure_all(method: Any, infos: Iterable[dict], wrong: int) -> tuple[list[dict], list[dict]]:
    """Register pairs, and then images of different pairs.

    Args:
        method (Any): Finds keypoints, see :class:`.MatchInferencer`.
        infos (Iterable[dict]): Of the pairs, as their data set describes them.
        wrong (int): Number of wrong pairs, drawn with a fixed seed: images of different pairs, and of different folders where
            the data set has such. Photographs of one folder may show neighbouring parts of one mountain.

    Returns:
        tuple[list[dict], list[dict]]: See :func:`measure`, and ``matrix``, whether the data set has one for the pair, which it
        else calls registered; and of the wrong pairs ``first``, ``second``, ``reason`` and ``inliers``.
    """
    register, images, rows = Registration(method), [], []
    for info in infos:
        pair = load_pair(info)
        rows.append(dict(measure(register, pair), matrix=info['matrix'] is not None))
        images.append((np.ascontiguousarray(pair['visible']), np.ascontiguousarray(pair['infrared'])))
    scenes = [row['id'].rpartition('/')[0] or row['id'] for row in rows]
    different = [pair for pair in permutations(range(len(rows)), 2) if scenes[pair[0]] != scenes[pair[1]]]
    rng, refused = np.random.default_rng(0), []
    for number in rng.integers(len(different), size=wrong if different else 0):
        one, other = different[number]
        found = register(images[one][0], images[other][1])
        refused.append(dict(first=rows[one]['id'], second=rows[other]['id'], reason=found['reason'], inliers=found['inliers']))
    return rows, refused


def summary(rows: list[dict], wrong: list[dict]) -> dict[str, float]:
    """Shares, and percentiles in pixels of the pairs that are accepted; ``to_truth`` is of those for which there is a matrix.

    ``doubted`` counts the accepted pairs without one that lie further than :data:`DOUBTFUL` from being registered, and
    ``borne_out`` those of them of which the images share more under the result.
    """
    accepted = [row for row in rows if row['reason'] is None]
    found = dict(pairs=len(rows), accepted=len(accepted) / len(rows), wrong_pairs=len(wrong),
                 wrong_accepted=sum(row['reason'] is None for row in wrong))
    known = [row for row in accepted if row['matrix']]
    for key, chosen in dict(equivariance=accepted, to_truth=known).items():
        # without a result for the moved image there is no agreement
        values = np.array([row.get(key, np.inf) for row in chosen])
        if len(values):
            found.update({f'{key}_median': float(np.median(values)),
                          f'{key}_p90': float(np.percentile(values, 90, method='higher')),  # no mean with an infinite value
                          f'{key}_covered': float(np.mean(values <= [row['stated'] for row in chosen]))})
    doubted = [row for row in accepted if not row['matrix'] and row['to_truth'] > DOUBTFUL]
    return dict(found, doubted=len(doubted), borne_out=sum(row['information'] > row['information_of_truth'] for row in doubted))


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
