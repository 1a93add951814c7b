"""Draw which classes a detector or a segmentor confuses, from the predictions that tools/test.py wrote with --out."""

import argparse
from pathlib import Path

import mmengine
import numpy as np

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import add_cfg_options, finite, friendly
from mmsight.configs import load_config
from mmsight.errors import InputError
from mmsight.rotated_iou import from_upright, rotated_iou


def count_boxes(matrix: np.ndarray, predicted: dict, instances: list[dict], score_thr: float, iou_thr: float) -> None:
    """Add one image to a confusion matrix, as mmdet counts: every overlapping pair counts.

    Args:
        matrix (np.ndarray): (classes + 1, classes + 1), truth by prediction; the last row and column are background.
        predicted (dict): ``bboxes`` (n, 4) or rotated (n, 5), ``scores`` and ``labels`` (n, ), tensors, in the original
            image's pixels.
        instances (list[dict]): Ground truth: ``bbox``, ``bbox_label``, ``ignore_flag``. Ignored ones are left out.
        score_thr (float): Least score.
        iou_thr (float): Least IoU of a pair.
    """
    instances = [item for item in instances if not item.get('ignore_flag')]
    gt = np.array([from_upright(np.array([item['bbox']], dtype=float))[0] for item in instances]).reshape(-1, 5)
    gt_labels = np.array([item['bbox_label'] for item in instances], dtype=int)
    keep = predicted['scores'] >= score_thr
    labels = predicted['labels'][keep].numpy()
    pairs = rotated_iou(from_upright(predicted['bboxes'][keep].double().numpy()), gt) >= iou_thr
    detection, truth = pairs.nonzero()
    np.add.at(matrix, (gt_labels[truth], labels[detection]), 1)
    np.add.at(matrix[-1], labels[~pairs.any(axis=1)], 1)
    found = (pairs & (labels[:, None] == gt_labels)).any(axis=0)
    np.add.at(matrix[:, -1], gt_labels[~found], 1)


def count_pixels(matrix: np.ndarray, predicted: np.ndarray, truth: np.ndarray, ignored: int = 255) -> None:
    """Add one image's pixels to a confusion matrix (classes, classes), truth by prediction; ``ignored`` ones are left out."""
    known = truth != ignored
    np.add.at(matrix, (truth[known], predicted[known]), 1)


def draw(matrix: np.ndarray, names: list[str], path: Path) -> None:
    """Write the matrix as a PNG, colours by share of a row, with the counts."""
    from matplotlib.figure import Figure
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = 2.5 + 0.6 * len(names)
    figure = Figure(figsize=(size, size), layout='constrained')
    axes = figure.add_subplot(xlabel='prediction', ylabel='ground truth')
    axes.imshow(share, cmap='Blues', vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha='right')
    axes.set_yticks(range(len(names)), names)
    for (row, column), value in np.ndenumerate(matrix):
        axes.text(column, row, value, ha='center', va='center', color='white' if share[row, column] > 0.5 else 'black')
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


@friendly
def main() -> None:
    """Count, print, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/analysis_tools/confusion_matrix.py configs/sar_shipnet/sar_shipnet_toy.py '
        'predictions.pkl --out confusion_matrix.png')
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('predictions', type=Path, help='the .pkl file of tools/test.py --out')
    parser.add_argument('--out', type=Path, default=Path('confusion_matrix.png'), metavar='FILE.png', help='picture to write')
    parser.add_argument('--score-thr', type=finite, default=0.5, help='lowest score of a detection (default 0.5)')
    parser.add_argument('--iou-thr', type=finite, default=0.5,
                        help='lowest IoU of a detection and a ground truth (default 0.5)')
    add_cfg_options(parser)
    args = parser.parse_args()

    from mmengine.registry import DATASETS, init_default_scope
    cfg = load_config(args.config, args.cfg_options)
    if not args.predictions.is_file():
        raise InputError(f"{args.predictions} does not exist; write it with `python tools/test.py ... --out FILE.pkl`")
    samples = mmengine.load(str(args.predictions))
    if not samples or not {'pred_instances', 'pred_sem_seg'} & set(samples[0]):
        raise InputError(f'{args.predictions} contains no classes of boxes or pixels, so there is nothing to compare')
    init_default_scope(cfg.default_scope)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    if len(samples) != len(dataset):
        raise InputError(f'{args.predictions} contains {len(samples)} images, but the test set of {cfg.filename} '
                         f'has {len(dataset)}')
    boxes = 'pred_instances' in samples[0]
    names = [*dataset.metainfo['classes'], *(['background'] if boxes else [])]
    matrix = np.zeros((len(names), len(names)), dtype=int)
    for index, sample in enumerate(samples):
        if boxes:
            instances = dataset.get_data_info(index)['instances']
            count_boxes(matrix, sample['pred_instances'], instances, args.score_thr, args.iou_thr)
        else:
            predicted, truth = (sample[key]['data'].numpy() for key in ('pred_sem_seg', 'gt_sem_seg'))
            count_pixels(matrix, predicted, truth)
    for name, row in zip(names, matrix, strict=True):
        print(f"{name}: {', '.join(f'{value} as {other}' for value, other in zip(row, names, strict=True))}")
    draw(matrix, names, args.out)
    print(args.out)


if __name__ == '__main__':
    main()
