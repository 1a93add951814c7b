"""Score features that tools/test.py --out wrote, at other numbers of keypoints or another threshold, without the network."""

import argparse

import mmengine
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from rich.progress import track

from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config
from mmsight.errors import InputError
from mmsight.registry import DATASETS, METRICS


@friendly
def main() -> None:
    """Prints the tables of the config's test_evaluator."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python projects/s2net/tools/score_features.py r2d2_w32_roadscene_192 features.pkl '
        '--cfg-options test_evaluator.threshold=5')
    parser.add_argument('config', help='path or name of a config of S2-Net')
    parser.add_argument('features', help='file that tools/test.py CONFIG CHECKPOINT --out wrote')
    add_cfg_options(parser)
    args = parser.parse_args()
    cfg = load_config(args.config, args.cfg_options)
    init_default_scope(cfg.default_scope)
    dataset, metric = DATASETS.build(cfg.test_dataloader.dataset), METRICS.build(cfg.test_evaluator)
    features = mmengine.load(args.features)
    if len(features) != len(dataset):
        raise InputError(f'{args.features} contains {len(features)} pairs, but the test set of {args.config} '
                         f'has {len(dataset)}')
    for index in track(range(len(dataset)), description='scoring'):
        metric.process(pseudo_collate([dataset[index]]), [features[index]])
    metric.evaluate(len(dataset))


if __name__ == '__main__':
    main()
