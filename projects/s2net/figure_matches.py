"""Matches of several methods on one pair (paper, Fig. 2): right ones green, wrong ones red."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from rich.progress import track

from mmsight.engine.figures import Inputs
from mmsight.errors import InputError, did_you_mean

from .detect_describe import DetectDescribe, Keypoints
from .inferencer import MatchInferencer
from .match_images import find_keypoints
from .matching_metric import match_errors
from .opencv_baselines import AKAZE, BRISK, ORB, SIFT
from .pair_dataset import PairDataset
from .pipelines import test_pipeline
from .rift import RIFT

BASELINES = dict(RIFT=RIFT, SIFT=SIFT, ORB=ORB, AKAZE=AKAZE, BRISK=BRISK)
COLOURS = {False: '#ff3355', True: '#38d430'}
GAP = 8
"""Pixels between both images of a pair."""
ACROSS = 2
"""Pairs in a row."""


class Matched(NamedTuple):
    """Matched points (n, 2) of both images, and bool (n, ), which of the matches are right."""

    first: np.ndarray
    second: np.ndarray
    right: np.ndarray


def draw(inputs: Inputs, pair: str, methods: list[str], keypoints: int, threshold: float, shown: int) -> Figure:
    """The models, then the baselines, each with its matches on the visible image beside the infrared one.

    Args:
        inputs (Inputs): Models of S2-Net; the folder of RoadScene.
        pair (str): Id of a test pair.
        methods (list[str]): Names of ``BASELINES``.
        keypoints (int): K, of each image.
        threshold (float): Largest error of a right match, in pixels.
        shown (int): Matches that are drawn, at random among all of them; the numbers are of all.

    Raises:
        InputError: If there is no such pair or baseline, or a model is not one of S2-Net.
    """
    for name in methods:
        if name not in BASELINES:
            raise InputError(f"there is no baseline '{name}': methods are of {', '.join(BASELINES)}")
    sample = read_pair(inputs, pair)
    finders: dict[str, DetectDescribe | Callable[..., Keypoints]] = {
        name: MatchInferencer(checkpoint, show_progress=False).model for name, checkpoint in inputs.models.items()}
    finders.update({name: BASELINES[name]() for name in methods})
    found = {name: match(finder, sample, keypoints, threshold) for name, finder in track(finders.items(), 'methods')}
    images = [image.permute(1, 2, 0).numpy() for image in sample['images']]
    height, width = images[0].shape[:2]
    down = -(-len(found) // ACROSS)
    across = 4.5
    figure = Figure(figsize=(ACROSS * across, down * (across * height / (2 * width + GAP) + 0.35)), layout='constrained')
    places = figure.subplots(down, ACROSS, squeeze=False).ravel()
    for axes in places:
        axes.set_axis_off()
    for axes, (name, matched) in zip(places, found.items(), strict=False):
        side_by_side(axes, *images)
        lines(axes, matched, width + GAP, shown)
        axes.set_title(f'{name}: {matched.right.sum()} of {len(matched.right)} matches are right', fontsize=9)
    return figure


def read_pair(inputs: Inputs, name: str) -> dict:
    """A test pair of RoadScene, as it is tested.

    Raises:
        InputError: If there is none of this id; the sentence names similar ones.
    """
    pairs = PairDataset(data_root=str(inputs.data), test_ids='roadscene_test.txt', split='test', pipeline=test_pipeline())
    ids = [pairs.get_data_info(index)['id'] for index in range(len(pairs))]
    if name not in ids:
        raise InputError(f"RoadScene has no test pair '{name}'; {did_you_mean(name, ids)}ids are in "
                         'projects/s2net/splits/roadscene_test.txt')
    return pairs[ids.index(name)]


@torch.no_grad()
def match(finder: DetectDescribe | Callable[..., Keypoints], sample: dict, keypoints: int, threshold: float) -> Matched:
    """Match a pair as :class:`.MatchingMetric` does.

    Args:
        finder (DetectDescribe | callable): A network, or a baseline.
        sample (dict): Of :func:`read_pair`.
        keypoints (int): Of each image.
        threshold (float): Largest error of a right match, in pixels.
    """
    first, second = (find_keypoints(finder, image.permute(1, 2, 0).contiguous().numpy(), keypoints, mask.numpy())
                     for image, mask in zip(sample['images'], sample['mask'], strict=True))
    points, others, error = match_errors(first, second, sample['homography'])
    return Matched(points, others, error <= threshold)


def side_by_side(axes: Axes, visible: np.ndarray, infrared: np.ndarray) -> None:
    """Show two images (H, W, 3) in grey, so that coloured lines stand out."""
    height, width = visible.shape[:2]
    for left, image in ((0, visible), (width + GAP, infrared)):
        axes.imshow(image.mean(axis=2), cmap='gray', vmin=0, vmax=255,
                    extent=(left - 0.5, left + width - 0.5, height - 0.5, -0.5))
    axes.set(xlim=(-0.5, 2 * width + GAP - 0.5), ylim=(height - 0.5, -0.5))


def lines(axes: Axes, matched: Matched, offset: int, shown: int) -> None:
    """Draw ``shown`` matches, the right ones on top; the second image begins at ``offset``."""
    chosen = np.sort(np.random.default_rng(0).permutation(len(matched.right))[:shown])
    ends = np.stack([matched.first, matched.second + (offset, 0)], axis=1)[chosen]
    for right, colour in COLOURS.items():
        axes.add_collection(LineCollection(list(ends[matched.right[chosen] == right]), colors=colour, linewidths=0.6,
                                           alpha=0.9 if right else 0.45))
