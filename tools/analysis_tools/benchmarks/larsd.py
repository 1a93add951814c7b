"""LARSD: speed of the assignment, latency that LASA adds, memory of the sliding window."""

import math
import subprocess
import sys
from functools import partial
from statistics import median

import torch
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.registry import MODELS, TASK_UTILS, init_default_scope
from mmsight.projects.larsd.assigner import ShipAssigner
from mmsight.projects.larsd.coder import edge_distances, ship_frame
from mmsight.projects.larsd.priors import ShipPriors
from mmsight.projects.larsd.sliding_window import detect_by_tiles
from torch import Tensor

from mmsight.configs import load_config
from mmsight.engine.benchmark import Row, interleave, peak_memory


def rows(quick: bool) -> list[Row]:
    """All rows; ``quick`` times fewer rounds and slides over smaller images."""
    return [*_assignment(quick), *_lasa(quick), *_sliding_window(quick)]


def _assignment(quick: bool) -> list[Row]:
    """8 images of 512x512 with 50 ships each, on P2 to P4 with five anchors."""
    generator = torch.Generator().manual_seed(0)
    priors = TASK_UTILS.build(load_config('larsd-10_r101_hrsc2016_512').model.bbox_head.prior_generator)
    shapes = [(512 // stride, 512 // stride) for stride in priors.strides]
    part = torch.rand(8, 50, 5, generator=generator)
    length = 20 + 100 * part[..., 2]
    ships = list(torch.stack([part[..., 0] * 512, part[..., 1] * 512, length, length / (3 + 6 * part[..., 3]),
                              (part[..., 4] - 0.5) * 2 * math.pi], dim=-1))
    assigner = ShipAssigner()
    wrong = (assigner(ships, priors, shapes) != _assigned_by_box(ships, priors, shapes)).sum().item()
    seconds = interleave(dict(ours=lambda: assigner(ships, priors, shapes),
                              theirs=lambda: _assigned_by_box(ships, priors, shapes)), 2 if quick else 7, 1)
    return [
        Row('assignment, 8 x 50 ships at 512', seconds['ours'], seconds['theirs'], 'loop over ships, levels and anchors', 's',
            '>= 20', speedup=True),
        Row('assignment, priors that differ from the loop', wrong, 1, 'bound', '', '<= 0')
    ]


def _assigned_by_box(batch: list[Tensor], priors: ShipPriors, shapes: list[tuple[int, int]]) -> Tensor:
    """The rule one ship, level and anchor at a time; locations are vectorised."""
    results = []
    for ships in batch:
        ships = ship_frame(ships)
        fit = priors.fit(ships[:, 2:4])
        area = ships[:, 2] * ships[:, 3]
        levels = []
        for level, points in enumerate(priors.grid_priors(shapes)):
            points = points[::priors.num_anchors, :2]
            best = torch.full((len(points), priors.num_anchors), -1.0)
            smallest, assigned = torch.zeros_like(best), torch.zeros_like(best, dtype=torch.long)
            for index, ship in enumerate(ships):
                inside = (edge_distances(points, ship.expand(len(points), -1)) >= 0).all(dim=1)
                if not inside.any():
                    column, row = (ship[:2] / priors.strides[level]).floor().long().tolist()
                    height, width = shapes[level]
                    if not (0 <= column < width and 0 <= row < height):
                        continue
                    inside[row * width + column] = True
                for anchor in range(priors.num_anchors):
                    number = level * priors.num_anchors + anchor
                    value = fit[index, number]
                    if value > 0.5 or (fit[index].max() <= 0.5 and fit[index].argmax() == number):
                        wins = inside & ((value > best[:, anchor])
                                         | ((value == best[:, anchor]) & (area[index] <= smallest[:, anchor])))
                        best[wins, anchor], smallest[wins, anchor] = value, area[index]
                        assigned[wins, anchor] = index + 1
                    elif value >= 0.2:
                        assigned[inside & (assigned[:, anchor] == 0), anchor] = -1
            levels.append(assigned.flatten())
        results.append(torch.cat(levels))
    return torch.stack(results)


def _lasa(quick: bool) -> list[Row]:
    """One image of 512x512 through LARSD-11, 2,000 candidates, with and without LASA; weights untrained."""
    init_default_scope('mmrotate')
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    rows = []
    for config in ('larsd-11_r101_hrsc2016_512', 'larsd-11_r18w16_inshore_512'):
        model = MODELS.build(load_config(config).model).eval()
        # untrained scores are all near 0.01: the best 667 of each level are the candidates
        aligned = ConfigDict(model.test_cfg, nms_pre=667, score_thr=0.0)
        raw = ConfigDict({key: value for key, value in aligned.items() if key != 'lasa'})
        image = torch.randn(1, 3, 512, 512)
        sample = DetDataSample(metainfo=dict(img_shape=(512, 512), ori_shape=(512, 512), pad_shape=(512, 512),
                                             batch_input_shape=(512, 512), scale_factor=(1., 1.)))

        @torch.no_grad()
        def predict(cfg: ConfigDict, model=model, image=image, sample=sample) -> None:
            model.bbox_head.test_cfg = cfg
            model.predict(image, [sample])

        seconds = interleave(dict(with_lasa=partial(predict, aligned), without=partial(predict, raw)), 3 if quick else 9)
        rows.append(Row(f'latency with LASA, {config}', seconds['with_lasa'], seconds['without'], 'the same without', 's',
                        '<= 1.05'))
    return rows


def slide(width: int, height: int) -> None:
    """Detect in noise of width x height and print the peak memory of the process in MB; run by :func:`_sliding_window`."""
    init_default_scope('mmrotate')
    model = MODELS.build(load_config('larsd_toy').model).eval()
    image = torch.randint(0, 255, (3, height, width), dtype=torch.uint8)
    detect_by_tiles(model, image, tile=512, overlap=192, batch_size=2, progress=sys.stderr.isatty())
    print(peak_memory())


def _sliding_window(quick: bool) -> list[Row]:
    """By how much the peak memory of a process of its own grows from a small image to a large one."""
    small, large = (1152, 832), ((2304, 1664) if quick else (7000, 3500))
    command = 'import runpy, sys; import mmsight; runpy.run_path(sys.argv[1])["slide"](*map(int, sys.argv[2:]))'
    peaks = []
    for size in (small, large):
        # the median of three: the allocator moves a peak by some 20 MB from run to run
        runs = [subprocess.run([sys.executable, '-c', command, __file__, *map(str, size)], check=True, capture_output=True,
                               text=True) for _ in range(1 if quick else 3)]
        peaks.append(median(float(done.stdout.split()[-1]) for done in runs))
    pixels = [3 * width * height / 2**20 for width, height in (small, large)]
    return [
        Row(f'sliding window, {large[0]} x {large[1]}, peak of the process', peaks[1], 4000, 'the limit', 'MB', '<= 1'),
        # 32 MB: what an allocator and the boxes found may add
        Row(f'sliding window, growth of the peak from {small[0]} x {small[1]}', peaks[1] - peaks[0],
            pixels[1] - pixels[0] + 32, 'growth of the image itself, and 32', 'MB', '<= 1'),
    ]
