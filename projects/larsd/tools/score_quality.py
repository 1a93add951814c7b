"""Measure how well a detector's scores rank its boxes: raw, aligned by LASA, and blended.

Every candidate before NMS is compared with the ship that it overlaps most. Writes a json file and one picture.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config
from mmsight.engine.environment import environment
from mmsight.errors import InputError

SCORINGS = ('raw', 'aligned', 'blended')
PLACES = np.linspace(0, 1.4, 8)
"""Limits of the bins of place: 0 a ship's centre, 1 its edge, beyond 1 outside."""
RIM = 0.8
"""Place from which on a location is at a ship's rim: its outer fifth, and outside."""


def place_on_ship(points: np.ndarray, ships: np.ndarray) -> np.ndarray:
    """How far from its ship's centre each point is, (n, ): the larger share of the half extents of its rotated box (n, 5)."""
    x, y = (points - ships[:, :2]).T
    cos, sin = np.cos(ships[:, 4]), np.sin(ships[:, 4])
    along, across = x * cos + y * sin, y * cos - x * sin
    return np.maximum(np.abs(along) / ships[:, 2], np.abs(across) / ships[:, 3]) * 2


def summarise(scores: dict[str, np.ndarray], iou: np.ndarray, ship: np.ndarray, place: np.ndarray, ships: int) -> dict:
    """What the json file holds.

    Args:
        scores (dict): Of each scoring, (n, ) in [0, 1].
        iou (np.ndarray): (n, ), with the ship of most overlap.
        ship (np.ndarray): (n, ), that ship's number in the set, -1 for a candidate that overlaps none.
        place (np.ndarray): (n, ) of :func:`place_on_ship`, NaN for a candidate that overlaps none.
        ships (int): In the set, with candidates or without.

    Returns:
        dict: ``metrics``: for each scoring ``rank_correlation/NAME`` of score and IoU (Spearman) and ``best_is_right/NAME``,
        the share of all ships whose candidate of the highest score has an IoU of at least 0.5, and ``best_from_rim/NAME``,
        the share of those candidates whose place is at least ``RIM``; ``candidates`` and ``ships``, how many; ``places``: per
        bin the count, the mean IoU and the mean scores.
    """
    from scipy.stats import spearmanr
    places = []
    for low, high in zip(PLACES, PLACES[1:], strict=False):
        inside = (place >= low) & (place < high)
        if inside.any():
            means = {name: float(values[inside].mean()) for name, values in dict(iou=iou, **scores).items()}
            places.append(dict(place=[round(low, 2), round(high, 2)], candidates=int(inside.sum()), **means))
    metrics = {}
    for name, values in scores.items():
        order = np.lexsort((-values, ship))
        numbers, first = np.unique(ship[order], return_index=True)
        best = order[first[numbers >= 0]]
        metrics[f'rank_correlation/{name}'] = float(spearmanr(values, iou)[0])
        metrics[f'best_is_right/{name}'] = float((iou[best] >= 0.5).sum() / ships)
        metrics[f'best_from_rim/{name}'] = float((place[best] >= RIM).mean())
    return dict(metrics=metrics, candidates=len(iou), ships=ships, places=places)


def draw(record: dict, path: Path) -> None:
    """Mean IoU of the boxes and mean scores over the place that they were predicted from."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(6, 4), layout='constrained')
    axes = figure.add_subplot(xlabel="location in half extents of the ship: 1 is its edge", ylabel='mean', ylim=(0, None))
    middle = [np.mean(row['place']) for row in record['places']]
    axes.plot(middle, [row['iou'] for row in record['places']], 'k--', label='IoU of the box')
    for name in SCORINGS:
        value = record['metrics'][f'rank_correlation/{name}']
        axes.plot(middle, [row[name] for row in record['places']], marker='o',
                  label=f'{name} score (rank correlation {value:.2f})')
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


@friendly
def main() -> None:
    """Run the network over the test set once, count, print, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n', 1)[0],
        epilog='example: python projects/larsd/tools/score_quality.py larsd_toy work_dirs/larsd_toy/epoch_12.pth')
    parser.add_argument('config', help='path or name of a config with test_cfg.lasa')
    parser.add_argument('checkpoint', help='path of a checkpoint, or name of a model in the box')
    parser.add_argument('--out', type=Path, default=Path('score_quality.json'), metavar='FILE.json',
                        help='file to write; the picture is beside it')
    add_cfg_options(parser)
    args = parser.parse_args()

    cfg = load_config(args.config, args.cfg_options)
    if not cfg.model.get('test_cfg', {}).get('lasa'):
        raise InputError(f'{args.config}: needs model.test_cfg.lasa, the settings of LASA to compare with')
    cfg.model.test_cfg.lasa.raw_weight = cfg.model.test_cfg.lasa.get('raw_weight') or 0.5  # of the blended scores
    parts, ships = _candidates(cfg, args.checkpoint)
    *values, iou, ship, place = (np.concatenate(column) for column in zip(*parts, strict=True))
    if (ship < 0).all():
        raise InputError(f'{args.config}: no candidate overlaps a ship; is {args.checkpoint} trained?')
    record = dict(config=args.config, seed=cfg.get('randomness', {}).get('seed'), checkpoint=args.checkpoint,
                  options=args.cfg_options, lasa=cfg.model.test_cfg.lasa.to_dict(), **environment(),
                  **summarise(dict(zip(SCORINGS, values, strict=True)), iou, ship, place, ships))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(record, indent=2) + '\n')
    picture = args.out.with_suffix('.png')
    draw(record, picture)
    for name in SCORINGS:
        print(f"{name + ':':9} rank correlation of score and IoU {record['metrics'][f'rank_correlation/{name}']:.3f}; the "
              f"best-scored candidate of a ship is right for {record['metrics'][f'best_is_right/{name}']:.1%} of "
              f"{record['ships']} ships")
    print(f'{args.out}, {picture}')


def all_scores(head: Any, lasa: Any, maps: list, found: Any, origins: tuple) -> dict:
    """Scores (n, ) of an image's candidates by each of ``SCORINGS``, as the head gives them.

    Args:
        head: One with LASA.
        lasa (LASA): With the weight of ``blended``.
        maps (list[Tensor]): Per level (K * classes, H, W), scores in [0, 1].
        found (InstanceData): The head's candidates without LASA, before NMS.
        origins (tuple[Tensor, Tensor, Tensor]): ``head.origins`` of them.
    """
    import torch
    from mmdet.structures.bbox import get_box_tensor
    levels, cells, channels = origins
    own = torch.cat([scores.flatten(1)[channels[levels == level], cells[levels == level]] for level, scores in enumerate(maps)])
    aligned = head.align(lasa, maps, get_box_tensor(found.bboxes), origins)
    factor = found.scores / own  # the centerness of FCOS, of whatever score; else 1
    return dict(raw=found.scores, aligned=aligned * factor, blended=lasa.blend(own, aligned) * factor)


def _candidates(cfg: Any, checkpoint: str) -> tuple[list[tuple], int]:
    """Per image the three scores, IoU, ship and place, the arguments of :func:`summarise`; and the number of ships."""
    import torch
    from mmdet.structures.bbox import get_box_tensor
    from mmengine.config import ConfigDict
    from mmengine.dataset import pseudo_collate
    from mmengine.registry import DATASETS
    from mmsight.projects.larsd.lasa import LASA
    from rich.progress import track

    from mmsight.engine.load_model import build_model
    from mmsight.engine.toy import ensure_toy_data
    from mmsight.rotated_iou import rotated_iou
    if 'toy_data' in cfg:
        ensure_toy_data(cfg.toy_data)
    model: Any = build_model(cfg, checkpoint)
    head = model.bbox_head
    # every candidate, in the pixels of the network's input
    raw_cfg = ConfigDict(head.test_cfg, lasa=None, min_bbox_size=-1)
    lasa = LASA(**cfg.model.test_cfg.lasa)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    parts, ships = [], 0
    for index in track(range(len(dataset)), 'reading scores'):
        data = model.data_preprocessor(pseudo_collate([dataset[index]]), False)
        sample = data['data_samples'][0]
        truth = get_box_tensor(sample.gt_instances.bboxes).numpy().copy()
        scale = sample.get('scale_factor', (1, 1))
        truth[:, :4] *= np.tile(scale, 2)  # loaded after Resize: in the original's pixels
        with torch.no_grad():
            outputs = head(model.extract_feat(data['inputs']))
            found, = head.predict_by_feat(
                *outputs, batch_img_metas=[sample.metainfo], cfg=raw_cfg, rescale=False, with_nms=False)
            maps = [scores[0].sigmoid() for scores in outputs[0]]
            origins = head.origins(maps, found.labels, raw_cfg)
            scores = all_scores(head, lasa, maps, found, origins)
        iou = np.pad(rotated_iou(get_box_tensor(found.bboxes).numpy(), truth), ((0, 0), (0, 1)))  # for those without a ship
        best = iou.argmax(axis=1)
        overlap = iou[np.arange(len(iou)), best]
        place = np.full(len(iou), np.nan)
        some = overlap > 0
        place[some] = place_on_ship(head.locations(maps, origins).numpy()[some], truth[best[some]])
        parts.append((*(scores[name].numpy() for name in SCORINGS), overlap, np.where(some, ships + best, -1), place))
        ships += len(truth)
    return parts, ships


if __name__ == '__main__':
    main()
