"""Test RIFT with other settings, one changed at a time: which of them explains the paper's numbers?

Writes a record, which `mmsight table s2net rift` reads from records/rift.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmengine.utils import track_iter_progress
from mmsight.projects.s2net.detect_describe import Keypoints
from mmsight.projects.s2net.matching import mutual_nearest
from mmsight.projects.s2net.matching_metric import score_pair, summarise
from mmsight.projects.s2net.phase_congruency import ORIENTATIONS, PhaseCongruency, phase_congruency
from mmsight.projects.s2net.rift import describe, fast_corners
from torch import Tensor

from mmsight.cli import friendly
from mmsight.configs import load_config
from mmsight.engine.environment import environment
from mmsight.errors import InputError
from mmsight.files import make_folder
from mmsight.json_files import write_json
from mmsight.registry import DATASETS

KEYPOINTS = 4096


NONE = torch.zeros(0, 2, dtype=torch.long)


def nearest(first: Tensor, second: Tensor) -> Tensor:
    """Each descriptor's nearest, whether or not it is mutual."""
    if not len(second):
        return NONE
    return torch.stack([torch.arange(len(first)), (first @ second.T).argmax(dim=1)], dim=1)


def ratio_test(first: Tensor, second: Tensor, ratio: float) -> Tensor:
    """Mutual nearest neighbours that are nearer than ``ratio`` times the second nearest."""
    pairs = mutual_nearest(first, second)
    if len(second) < 2:  # there is no second nearest to be told from
        return pairs
    similarity = (first[pairs[:, 0]] @ second.T).topk(2, dim=1).values
    distance = (2 - 2 * similarity).clamp(min=0).sqrt()
    return pairs[distance[:, 0] < ratio * distance[:, 1]]


def any_rotation(first: Tensor, second: Tensor) -> Tensor:
    """Mutual nearest neighbours, each descriptor of the first image with the best of its six orientations, as RIFT turns it."""
    if not len(first) or not len(second):
        return NONE
    histograms = first.unflatten(1, (-1, ORIENTATIONS))
    similarity = torch.stack([histograms.roll(turn, 2).flatten(1) @ second.T for turn in range(ORIENTATIONS)]).amax(dim=0)
    best = similarity.argmax(dim=1)
    rows = (similarity.argmax(dim=0)[best] == torch.arange(len(first))).nonzero()[:, 0]
    return torch.stack([rows, best[rows]], dim=1)


@dataclass(frozen=True)
class Setting:
    """What differs from :class:`RIFT`."""

    moment: str = 'maximum'
    contrast: float = 0.05
    suppress: bool = True
    patch: int = 96
    scale: float = 1
    match: Callable[[Tensor, Tensor], Tensor] = mutual_nearest

    def keypoints(self, found: PhaseCongruency, mask: np.ndarray) -> Keypoints:
        """Of an image of this scale, in pixels of the whole one."""
        points, scores = fast_corners(getattr(found, self.moment), self.contrast, mask, self.suppress)
        made = describe(found, points, scores, KEYPOINTS, self.patch)
        return made._replace(points=(made.points + 0.5) / self.scale - 0.5)


SETTINGS = {
    'as is': Setting(),
    'minimum moment': Setting(moment='minimum'),
    'contrast 0.02': Setting(contrast=0.02),
    'contrast 0.1': Setting(contrast=0.1),
    'no suppression': Setting(suppress=False),
    'half size': Setting(scale=0.5),
    'patch 72': Setting(patch=72),
    'patch 48': Setting(patch=48),
    'any rotation': Setting(match=any_rotation),
    'nearest, one way': Setting(match=nearest),
    'ratio 0.95': Setting(match=partial(ratio_test, ratio=0.95)),
    'ratio 0.9': Setting(match=partial(ratio_test, ratio=0.9)),
}


def at_scale(image: Tensor, mask: Tensor, scale: float) -> tuple[PhaseCongruency, np.ndarray]:
    """Phase congruency of an RGB image (3, H, W), and its mask (H, W)."""
    grey, inside = cv2.cvtColor(image.permute(1, 2, 0).contiguous().numpy(), cv2.COLOR_RGB2GRAY), mask.numpy()
    if scale != 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        inside = cv2.resize(inside.astype(np.uint8), grey.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return phase_congruency(torch.from_numpy(grey)), inside


@friendly
def main() -> None:
    """Read the options, test, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python projects/s2net/tools/rift_settings.py r2d2-ssl_w16_roadscene-rgbnir_64')
    parser.add_argument('config', help='a config of S2-Net, whose test pairs are matched')
    parser.add_argument('--out-dir', default='work_dirs/rift', metavar='DIR', help='folder for the record')
    args = parser.parse_args()
    cfg = load_config(args.config)
    if cfg.get('task') != 'match':
        raise InputError(f'{args.config} is no config of S2-Net: its pairs are to be matched')
    init_default_scope(cfg.default_scope)
    folder = make_folder(Path(args.out_dir))
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    rows: dict[str, list[dict]] = {name: [] for name in SETTINGS}
    for index in track_iter_progress(list(range(len(dataset)))):
        pair = dataset[index]
        truth = pair['homography'] if 'homography' in pair else pair['flow']
        views = {scale: [at_scale(image, mask, scale) for image, mask in zip(pair['images'], pair['mask'], strict=True)]
                 for scale in {setting.scale for setting in SETTINGS.values()}}
        for name, setting in SETTINGS.items():
            first, second = (setting.keypoints(*view) for view in views[setting.scale])
            rows[name].append(score_pair(first, second, truth, pair['images'].shape[-2:], setting.match))
    metrics = {f'{name}/{key}': value for name, scores in rows.items() for key, value in summarise(scores).items()}
    config = Path(args.config).stem
    write_json(folder / f'{config}_seed0.json', dict(config=config, seed=0, **environment(), metrics=metrics), indent=2)
    print(f"{f'{len(dataset)} pairs':<20}{'NC':>8}{'NCM':>8}{'CMR':>8}")
    for name in SETTINGS:
        print(f'{name:<20}' + ''.join(f"{metrics[f'{name}/{key}']:8.1f}" for key in ('NC', 'NCM', 'CMR')))
    print(f'written: {folder}')


if __name__ == '__main__':
    main()
