"""The paper's measures of matching (Tables I-III): NC, NCM and CMR, and beyond it the accuracy of the homography."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmengine.visualization import Visualizer
from scipy.spatial import cKDTree
from torch import Tensor

from mmsight.engine.per_case import write_per_case
from mmsight.files import complete_file
from mmsight.images import figure_to_array
from mmsight.registry import METRICS, TASK_UTILS

from .detect_describe import Keypoints
from .geometry import sample_flow, warp_points
from .matching import corner_error, error_auc, estimate_homography, mutual_nearest

THRESHOLDS = tuple(range(1, 11))
AUC_THRESHOLDS = (3, 5, 10)
Matcher = Callable[[Tensor, Tensor], Tensor]


def true_places(points: Tensor, truth: Tensor) -> np.ndarray:
    """Where points (n, 2) of the first image lie in the second, by homography or flow (H, W, 2); NaN where unknown."""
    points = points.double().cpu()
    found = warp_points(points, truth.double()) if truth.ndim == 2 else sample_flow(truth.double(), points)
    return found.numpy()


def match_errors(first: Keypoints, second: Keypoints, truth: Tensor,
                 match: Matcher = mutual_nearest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The matches of a pair: their points (n, 2) in both images, and their errors (n, ) in pixels.

    An error is the distance in the second image to the true place; NaN where that is unknown.
    """
    pairs = match(first.descriptors, second.descriptors).cpu().numpy()
    a, b = first.points.cpu()[pairs[:, 0]], second.points.cpu().numpy()[pairs[:, 1]]
    return a.numpy(), b, np.linalg.norm(true_places(a, truth) - b, axis=1)


def score_pair(first: Keypoints, second: Keypoints, truth: Tensor, shape: tuple[int, int],
               match: Matcher = mutual_nearest) -> dict[str, np.ndarray | float]:
    """Score the keypoints of one pair.

    Args:
        first, second (Keypoints): Of both images.
        truth (Tensor): Homography or flow from the first image to the second.
        shape (tuple[int, int]): (H, W) of the images.
        match (Callable): Both images' descriptors to pairs of indices, as :func:`.mutual_nearest`.

    Returns:
        dict: For 1..10 px ``nc`` (10, ), keypoints of the first image with a keypoint of the second within that distance of
        their true place, and ``ncm`` (10, ), matches whose error is within it; ``corner_error`` of the
        homography that the matches agree on, in pixels, NaN if the truth is a flow.
    """
    places = true_places(first.points, truth)
    thresholds = np.array(THRESHOLDS)[:, None]
    known = np.isfinite(places).all(axis=1)
    nearest = np.full(len(places), np.inf)
    if known.any() and len(second.points):
        nearest[known] = cKDTree(second.points.cpu().numpy()).query(places[known])[0]
    a, b, error = match_errors(first, second, truth, match)
    corners = float('nan') if truth.ndim == 3 else corner_error(estimate_homography(a, b), truth.numpy(), *shape)
    return dict(nc=(nearest <= thresholds).sum(axis=1), ncm=(error <= thresholds).sum(axis=1), corner_error=corners)


def summarise(rows: Sequence[dict], threshold: int = 3) -> dict[str, float]:
    """Means over pairs.

    Returns:
        dict[str, float]: ``NC``, ``NCM`` and ``CMR`` (percent, the mean of the pairs' ratios, 0 for a pair without
        correspondences) at ``threshold`` px; ``CMR_pooled``, percent of all correspondences; ``AUC3``, ``AUC5`` and ``AUC10``
        of the corner errors, in [0, 1], NaN where no pair has a homography.
    """
    column = THRESHOLDS.index(threshold)
    nc, ncm = (np.array([row[key][column] for row in rows], dtype=float) for key in ('nc', 'ncm'))
    errors = np.array([row['corner_error'] for row in rows])
    errors = errors[~np.isnan(errors)]
    return dict(
        NC=float(nc.mean()), NCM=float(ncm.mean()), CMR=float(100 * (ncm / nc.clip(min=1)).mean()),
        CMR_pooled=float(100 * ncm.sum() / max(nc.sum(), 1)),
        **{f'AUC{limit}': error_auc(errors, limit) if len(errors) else float('nan') for limit in AUC_THRESHOLDS})


@METRICS.register_module()
class MatchingMetric(BaseMetric):
    """NC, NCM, CMR and homography accuracy of a model, in one table with hand-crafted baselines.

    Features are found once, with as many keypoints as the largest K, and scored at every K. Protocol (the paper defines CMR =
    NCM / NC only): one-sided NC, mutual nearest neighbours without ratio test, 3 px; with the registered pairs as they are
    this gives SIFT the paper's NC.

    Metrics: ``match/NCM@4096`` and so on for each K, ``match/NCM@4096_5px`` for each threshold at the largest K, and the same
    below ``match/SIFT/...`` for a baseline. A picture ``matching_curves`` goes to the visualizer, and the values of each pair
    to ``per_case.csv`` beside the log.

    Args:
        name (str): Of the model, in the table.
        keypoints (Sequence[int]): The values of K.
        threshold (int): Of the table, in 1..10 pixels.
        baselines (Sequence[dict]): Of ``mmsight.SIFT``, ``ORB``, ``AKAZE``, ``BRISK`` and ``RIFT``, or of your own like them.
        cache_dir (str, optional): Folder that keeps the baselines' features between runs.
    """

    default_prefix = 'match'

    def __init__(self, name: str = 'this model', keypoints: Sequence[int] = (1024, 2048, 4096), threshold: int = 3,
                 baselines: Sequence[dict] = (), cache_dir: str | None = None, collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.name, self.keypoints, self.threshold = name, sorted(keypoints), threshold
        self.baselines = {config['type'].rpartition('.')[2]: cached(TASK_UTILS.build(dict(config)), config, cache_dir)
                          for config in baselines}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Score each pair at each K; only counts are kept."""
        for index, sample in enumerate(data_samples):
            truths = data_batch['homography'] if 'homography' in data_batch else data_batch['flow']
            images, masks = data_batch['images'][index], data_batch['mask'][index]
            shape = images.shape[-2:]
            found = {self.name: [Keypoints(*values) for values in sample['keypoints']]}
            for name, baseline in self.baselines.items():
                found[name] = [baseline(image.permute(1, 2, 0).contiguous().numpy(), self.keypoints[-1], mask.numpy())
                               for image, mask in zip(images, masks, strict=True)]
            self.results.append((data_batch['id'][index], {
                (name, count): score_pair(first.top(count), second.top(count), truths[index], shape)
                for name, (first, second) in found.items() for count in self.keypoints}))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """See the class."""
        names = [self.name, *self.baselines]
        rows = {key: [scores[key] for _, scores in results] for key in results[0][1]}
        values = {key: summarise(group, self.threshold) for key, group in rows.items()}
        most = self.keypoints[-1]
        curves = {name: np.mean([row['ncm'] for row in rows[name, most]], axis=0) for name in names}
        metrics = {}
        for name in names:
            prefix = '' if name == self.name else f'{name}/'
            for count in self.keypoints:
                metrics.update({f'{prefix}{key}@{count}': value for key, value in values[name, count].items()})
            metrics.update({f'{prefix}NCM@{most}_{limit}px': float(value)
                            for limit, value in zip(THRESHOLDS, curves[name], strict=True)})
        MMLogger.get_current_instance().info(self._tables(names, values, len(results)))
        write_per_case([dict(case=pair, **self._pair_values(scores)) for pair, scores in results], f'NCM@{most}')
        if Visualizer.check_instance_created('visualizer'):
            Visualizer.get_instance('visualizer').add_image('matching_curves', draw_curves(curves, most))
        return metrics

    def _pair_values(self, scores: dict[tuple[str, int], dict]) -> dict[str, float]:
        """The measures of one pair whose means are metrics."""
        return {f"{'' if name == self.name else f'{name}/'}{key}@{count}": value
                for (name, count), row in scores.items() for key, value in summarise([row], self.threshold).items()
                if key != 'CMR_pooled'}

    def _tables(self, names: list[str], values: dict, pairs: int) -> str:
        """The paper's three tables, and the homography's."""
        titles = dict(NC='Table I: correspondences (NC)', NCM='Table II: correct matches (NCM)',
                      CMR='Table III: ratio (CMR, %)',
                      **{f'AUC{limit}': f'homography, AUC at {limit} px' for limit in AUC_THRESHOLDS})
        lines = [f'{pairs} pairs, {self.threshold} px']
        for key, title in titles.items():
            lines += ['', f'{title:<36}' + ''.join(f'{f"K = {count}":>10}' for count in self.keypoints)]
            for name in names:
                lines.append(f'{name:<36}' + ''.join(f'{values[name, count][key]:>10.2f}' for count in self.keypoints))
        return '\n'.join(lines)


def cached(baseline: Callable[..., Keypoints], config: dict, folder: str | None) -> Callable[..., Keypoints]:
    """Keep a baseline's features in ``folder``, one file an image, named by a hash of all that they depend on."""
    if folder is None:
        return baseline

    def detect(image: np.ndarray, max_keypoints: int, mask: np.ndarray) -> Keypoints:
        digest = hashlib.sha256(f'{sorted(config.items())} {max_keypoints} {image.shape}'.encode())
        digest.update(image.tobytes() + mask.tobytes())
        file = Path(folder) / f'{digest.hexdigest()}.npz'
        if file.is_file():
            with np.load(file) as values:
                return Keypoints(*(torch.from_numpy(values[key]) for key in Keypoints._fields))
        found = baseline(image, max_keypoints, mask)
        file.parent.mkdir(parents=True, exist_ok=True)
        with complete_file(file) as scratch:
            np.savez(scratch, **{key: value.numpy() for key, value in found._asdict().items()})
        return found

    return detect


def draw_curves(curves: dict[str, np.ndarray], count: int) -> np.ndarray:
    """NCM over the threshold, one line a method: uint8 RGB (480, 600, 3)."""
    figure = Figure(figsize=(5, 4), dpi=120, layout='constrained')
    axes = figure.add_subplot(xlabel='threshold, px', ylabel=f'correct matches (K = {count})')
    for name, values in curves.items():
        axes.plot(THRESHOLDS, values, marker='.', label=name)
    axes.legend(loc='upper left')
    axes.grid(alpha=0.3)
    return figure_to_array(figure)
