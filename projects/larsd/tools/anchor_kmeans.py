"""Cluster the ships of a config's training set into LARSD's anchors, at the scale that the network sees.

The images go through the config's own training pipeline, so that resizing and rotation count. Writes a json file that
``ShipPriors(anchors=FILE)`` reads, and draws the sizes with their clusters.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config
from mmsight.errors import InputError


@friendly
def main() -> None:
    """Write the anchors and one PNG."""
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n', 1)[0],
        epilog='example: python projects/larsd/tools/anchor_kmeans.py larsd_toy --out anchors.json')
    parser.add_argument('config', help='path or name of a config with rotated boxes')
    parser.add_argument('--out', type=Path, default=Path('anchors.json'), metavar='FILE.json',
                        help='file to write; the picture is beside it')
    parser.add_argument('--levels', type=int, default=3, help='groups by area')
    parser.add_argument('--clusters', type=int, default=5, help='anchors of a group')
    parser.add_argument('--epochs', type=int, default=1, help='passes over the training set, with its random augmentation')
    parser.add_argument('--seed', type=int, default=0, help='seed of the clustering and the augmentation (default 0)')
    add_cfg_options(parser)
    args = parser.parse_args()

    from mmsight.projects.larsd.anchors import anchor_recall, anchors_of_sizes
    sizes = _sizes(load_config(args.config, args.cfg_options), args.epochs, args.seed)
    found = anchors_of_sizes(sizes, args.levels, args.clusters, args.seed)
    recall, mean = anchor_recall(sizes, found.anchors)
    record = dict(anchors=[[[round(float(v), 1) for v in size] for size in level] for level in found.anchors],
                  area_limits=[round(limit) for limit in found.area_limits], ships=len(sizes), recall=round(recall, 4),
                  mean_iou=round(mean, 4), config=args.config, epochs=args.epochs, seed=args.seed)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(record, indent=2) + '\n')
    picture = args.out.with_suffix('.png')
    _draw(sizes, found, picture)
    for level, anchors in enumerate(record['anchors'], 2):
        print(f'P{level}: ' + ', '.join(f'({w:g}, {h:g})' for w, h in anchors))
    if args.levels > 1:
        print(f"the groups are separated at areas of {' and '.join(map(str, record['area_limits']))} square pixels")
    print(f'anchor recall: {recall:.1%} of {len(sizes)} ships fit an anchor with IoU > 0.5; mean IoU of the best {mean:.3f}')
    print(f'{args.out}, {picture}')


def _sizes(cfg: Any, epochs: int, seed: int) -> Any:
    """(n, 2), w and h of the training set's ships with angles in (-45, 45] degrees."""
    import random

    import numpy as np
    import torch
    from mmdet.structures.bbox import get_box_tensor
    from mmengine.registry import DATASETS, init_default_scope
    from mmsight.projects.larsd.coder import ship_frame
    from rich.progress import track

    from mmsight.engine.toy import ensure_toy_data
    if 'toy_data' in cfg:
        ensure_toy_data(cfg.toy_data)
    init_default_scope(cfg.default_scope)
    random.seed(seed)
    np.random.seed(seed)  # the random generators of the transforms
    torch.manual_seed(seed)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    found = [torch.zeros(0, 5)]
    for index in track(list(range(len(dataset))) * epochs, 'reading ships'):
        item = dataset[index]
        if item is not None:
            found.append(get_box_tensor(item['data_samples'].gt_instances.bboxes).float())
    if found[-1].shape[1] != 5:
        raise InputError(f'{cfg.filename}: anchors are computed from rotated boxes, and its boxes are upright')
    return ship_frame(torch.cat(found))[:, 2:4].double().numpy()


def _draw(sizes: Any, found: Any, path: Path) -> None:
    """Ships as dots in the colour of their level, anchors as crosses."""
    from matplotlib.figure import Figure
    from mmsight.projects.larsd.anchors import area_groups
    figure = Figure(figsize=(6, 6), layout='constrained')
    axes = figure.add_subplot(xlabel='w, pixels', ylabel='h, pixels', aspect='equal', xlim=(0, sizes.max() * 1.05),
                              ylim=(0, sizes.max() * 1.05))
    group = area_groups(sizes, len(found.anchors))
    for level, anchors in enumerate(found.anchors):
        colour, (w, h) = f'C{level}', sizes[group == level].T
        axes.scatter(w, h, s=6, alpha=0.4, color=colour, linewidths=0, label=f'ships of P{level + 2}')
        axes.scatter(anchors[:, 0], anchors[:, 1], s=80, marker='X', color=colour, edgecolors='black')
    axes.scatter([], [], s=80, marker='X', color='white', edgecolors='black', label='anchors')
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


if __name__ == '__main__':
    main()
