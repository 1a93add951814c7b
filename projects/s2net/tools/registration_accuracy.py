"""Compare the accuracy that registration states with the measured one, and count accepted and wrong pairs.

See :mod:`mmsight.projects.s2net.registration_accuracy` for what is measured.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from mmengine.registry import init_default_scope
from mmengine.utils import track_iter_progress
from mmsight.projects.s2net.inferencer import MatchInferencer
from mmsight.projects.s2net.registration_accuracy import draw, measure_all, summary

from mmsight.cli import friendly
from mmsight.configs import load_config
from mmsight.registry import DATASETS


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
    infos = map(dataset.get_data_info, track_iter_progress(chosen.tolist()))
    rows, wrong = measure_all(method, infos, args.wrong)
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
