"""Registration of real pairs by the default method: what it accepts, and whether the accuracy that it states holds."""

from collections.abc import Iterator

import numpy as np
from mmengine.registry import init_default_scope
from mmsight.projects.s2net.inferencer import MatchInferencer
from mmsight.projects.s2net.registration_accuracy import DOUBTFUL, measure_all, summary

from mmsight.configs import load_config
from mmsight.engine.benchmark import Row
from mmsight.registry import DATASETS
from mmsight.tasks import find_tasks

CONFIGS = {'RoadScene': 'r2d2-ssl_w16_roadscene-rgbnir_64', 'RGB-NIR': 'r2d2-ssl_w16_roadscene-rgbnir_64_test-rgbnir'}
"""Whose test pairs are registered."""
WRONG = 200
"""Pairs of different scenes."""


def rows(quick: bool) -> list[Row]:
    """The rows of the suite; ``quick`` takes four pairs of each data set. Needs RoadScene and RGB-NIR."""
    return [row for data in CONFIGS for row in _accuracy(data, quick)]


def _accuracy(data: str, quick: bool) -> Iterator[Row]:
    """Corners against those of the pair moved by a known transform, and against the true matrices where the data set has them.

    Pairs without a matrix are called registered; where the result says otherwise, the images decide by mutual information.
    """
    cfg = load_config(CONFIGS[data])
    init_default_scope(cfg.default_scope)
    pairs = DATASETS.build(cfg.test_dataloader.dataset)
    default = find_tasks()['match'].default_model
    method = MatchInferencer(default, show_progress=False).model
    chosen = np.linspace(0, len(pairs) - 1, 4 if quick else len(pairs)).round().astype(int)
    found = summary(*measure_all(method, map(pairs.get_data_info, chosen.tolist()), 4 if quick else WRONG))
    name = f'{data} by {default}'
    yield Row(f'{name}: accepted', found['accepted'], 1, f"the {found['pairs']} test pairs", 'share', '>= 0.8')
    for key, what in dict(equivariance='moved by a known transform', to_truth='against the true matrices').items():
        if f'{key}_median' not in found:
            continue
        yield Row(f'{name}, {what}: corners off, median', found[f'{key}_median'], 2, 'the limit', 'px', '<= 1')
        yield Row(f'{name}, {what}: corners off, 90th percentile', found[f'{key}_p90'], 5, 'the limit', 'px', '<= 1')
        yield Row(f'{name}, {what}: the stated accuracy covers it', found[f'{key}_covered'], 1, 'the accepted pairs', 'share',
                  '>= 0.9')
    if found['doubted']:
        yield Row(f"{name}: more information is shared under the result, of pairs that are called registered and lie more than "
                  f'{DOUBTFUL:g} px from it', found['borne_out'], found['doubted'], 'all of them', 'pairs', '>= 0.9')
    yield Row(f'{name}: wrong pairs accepted', found['wrong_accepted'], 1, f"a pair, of {found['wrong_pairs']}", 'pairs',
              '<= 0')
