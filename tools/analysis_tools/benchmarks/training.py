"""Training with --amp and --channels-last against training without: seconds a step of the configs that a CPU trains, and the
loss of the toys after 100 steps.

Of one thread, as the bounds are: two processes that train side by side on two cores have one each.
"""

import copy
import functools
import itertools
import logging
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict, build_optim_wrapper
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from torch import Tensor

from mmsight.configs import load_config
from mmsight.engine import AutocastOptimWrapper, ChannelsLastHook
from mmsight.engine.benchmark import Row, interleave
from mmsight.engine.launch import use_amp
from mmsight.engine.toy import ensure_toy_data, toy_root
from mmsight.models import EfficientNetLite

CONFIGS = dict(sar_shipnet='sar-shipnet_r18w32_ssdd_512_dense', larsd='larsd-10_lite0_ssdd_512',
               s2net='r2d2-ssl_w16_roadscene-rgbnir_64', super_resolution='srcnn-mse_w128_t91_x4_res16',
               eas_unet='eas-unet_w32_slices_256')
"""Of each paper: those of the models in the box, or what a CPU trains in their place."""
STEPS = 100
SEEDS = range(8)
"""Of the starts over which the losses are compared: those of a single one end a few percent apart by chance, as of trainings
whose weights differ by as much as bfloat16 rounds."""


def rows(quick: bool) -> list[Row]:
    """The rows of the suite, which need the data; ``quick`` takes the toys in small batches, and leaves out the losses."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    logging.disable(logging.INFO)  # every start tells how each weight begins
    try:
        return [_lite0(quick), *(row for paper in CONFIGS for row in paper_rows(paper, quick))]
    finally:
        torch.set_num_threads(threads)
        logging.disable(logging.NOTSET)


class _Lite0(BaseModel):
    """The backbone alone, whose loss is the mean square of its maps."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EfficientNetLite()

    def forward(self, images: Tensor, mode: str = 'tensor') -> dict[str, Tensor]:
        """``images`` (N, 3, H, W)."""
        return dict(loss=sum(level.float().square().mean() for level in self.backbone(images)))


def _lite0(quick: bool) -> Row:
    data = dict(images=torch.randn(2 if quick else 8, 3, 384, 384))

    def step(fast: bool) -> Callable[[], Any]:
        torch.manual_seed(0)
        model = _Lite0().train()
        wrapper = (AutocastOptimWrapper if fast else OptimWrapper)(optimizer=torch.optim.SGD(model.parameters(), lr=1e-3))
        if fast:
            _channels_last(model)
        return lambda: model.train_step(data, wrapper)

    return _speed('EfficientNet-Lite0 at 384', dict(ours=step(True), theirs=step(False)), quick, 2.0)


def paper_rows(paper: str, quick: bool) -> Iterator[Row]:
    """A step of the config that a CPU trains, and losses of the toy."""
    toy = _read(f'{paper}_toy', quick)
    cfg = toy if quick else _read(CONFIGS[paper], quick)
    batch, = _batches(cfg, 1)
    calls = {name: functools.partial(_steps(cfg, fast), batch) for name, fast in (('ours', True), ('theirs', False))}
    yield _speed(Path(cfg.filename).stem, calls, quick, 1.6)
    if not quick:
        batches = _batches(toy, STEPS)
        ratios = [_mean_loss(_steps(toy, True, seed), batches) / _mean_loss(_steps(toy, False, seed), batches)
                  for seed in SEEDS]
        apart = abs(statistics.mean(ratios) - 1)
        yield Row(f'{paper}_toy: loss after {STEPS} steps, {len(SEEDS)} starts, apart by', apart, 0.02, 'bound', '', '<= 1')


def _read(name: str, quick: bool) -> Config:
    cfg = load_config(name)
    init_default_scope(cfg.default_scope)
    if 'toy_data' in cfg:
        ensure_toy_data(cfg.toy_data, toy_root(cfg.toy_data))
    cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
    if quick:
        cfg.train_dataloader.batch_size = 2
    cfg.optim_wrapper.pop('type', None)
    return cfg


def _batches(cfg: Config, count: int) -> list[dict]:
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    return list(itertools.islice(itertools.chain.from_iterable(itertools.repeat(loader)), count))


def _steps(cfg: Config, fast: bool, seed: int = 0) -> Callable[[dict], dict]:
    model, wrapper = _build(cfg, fast, seed)
    return lambda data: model.train_step(copy.deepcopy(data), wrapper)


def _build(cfg: Config, fast: bool, seed: int) -> tuple[BaseModel, OptimWrapper | OptimWrapperDict]:
    cfg = copy.deepcopy(cfg)
    torch.manual_seed(seed)
    model = MODELS.build(cfg.model)
    model.init_weights()
    if fast:
        use_amp(cfg)
        _channels_last(model)
    return model, build_optim_wrapper(model.train(), cfg.optim_wrapper)


def _channels_last(model: BaseModel) -> None:
    ChannelsLastHook().before_run(SimpleNamespace(model=model))


def _mean_loss(step: Callable[[dict], dict], batches: list[dict]) -> float:
    """Of the last fifth of the steps: one step's loss says more of its batch."""
    losses = [step(data)['loss'].item() for data in batches]
    return sum(losses[-STEPS // 5:]) / (STEPS // 5)


def _speed(name: str, calls: dict[str, Callable[[], Any]], quick: bool, bound: float) -> Row:
    seconds = interleave(calls, 1 if quick else 3, 1)
    return Row(f'{name}: a training step', seconds['ours'], seconds['theirs'], 'without --amp and --channels-last', 's',
               f'>= {bound}', speedup=True)
