"""Draw the learning rate of each of a config's optimizers over its iterations."""

import argparse
from pathlib import Path

from mmengine.config import Config

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config
from mmsight.errors import InputError


def learning_rates(schedulers: list[dict], lr: float, epochs: int, epoch_length: int) -> list[float]:
    """Learning rate of each iteration, from mmengine's own schedulers on a dummy weight.

    Args:
        schedulers (list[dict]): The config's ``param_scheduler``.
        lr (float): Base learning rate.
        epochs (int): Epochs to run; 1 for a schedule by iterations.
        epoch_length (int): Iterations per epoch.
    """
    import torch
    from mmengine.registry import PARAM_SCHEDULERS
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    built = []
    for settings in schedulers:
        # as the runner completes them
        end = epochs if settings.get('by_epoch', True) else epochs * epoch_length
        built.append(PARAM_SCHEDULERS.build(dict(dict(end=end), **settings), default_args=dict(
            optimizer=optimizer, epoch_length=epoch_length)))
    rates = []
    for _ in range(epochs):
        for _ in range(epoch_length):
            rates.append(optimizer.param_groups[0]['lr'])
            optimizer.step()
            for scheduler in built:
                if not scheduler.by_epoch:
                    scheduler.step()
        for scheduler in built:
            if scheduler.by_epoch:
                scheduler.step()
    return rates


def optimizers(cfg: Config) -> dict[str, tuple[float, list[dict]]]:
    """Learning rate and schedulers of each optimizer; one that has no name is called ``'learning rate'``."""
    wrappers = cfg.optim_wrapper
    named = {'learning rate': wrappers} if 'optimizer' in wrappers else {
        name: wrapper for name, wrapper in wrappers.items() if isinstance(wrapper, dict)}
    found = {}
    for name, wrapper in named.items():
        schedulers = cfg.get('param_scheduler') or []
        if isinstance(schedulers, dict) and 'type' not in schedulers:  # a list for each optimizer
            schedulers = schedulers.get(name, [])
        found[name] = wrapper.optimizer.lr, [schedulers] if isinstance(schedulers, dict) else list(schedulers)
    return found


@friendly
def main() -> None:
    """Draw one PNG."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/analysis_tools/vis_scheduler.py sar_shipnet_toy --out lr.png')
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('--epoch-length', type=int, default=100, help='iterations per epoch to draw')
    parser.add_argument('--out', type=Path, default=Path('lr.png'), metavar='FILE.png', help='picture to write')
    add_cfg_options(parser)
    args = parser.parse_args()

    from matplotlib.figure import Figure
    cfg = load_config(args.config, args.cfg_options)
    if 'optim_wrapper' not in cfg or 'train_cfg' not in cfg:
        raise InputError(f'{cfg.filename} has no optim_wrapper and train_cfg, so there is no schedule to draw')
    epochs, length = cfg.train_cfg.get('max_epochs'), args.epoch_length
    if epochs is None:
        epochs, length = 1, cfg.train_cfg.max_iters
    figure = Figure(figsize=(7, 4), layout='constrained')
    axes = figure.add_subplot(xlabel='iteration', ylabel='learning rate')
    for name, (lr, schedulers) in optimizers(cfg).items():
        rates = learning_rates(schedulers, lr, epochs, length)
        axes.plot(rates, label=name)
        print(f'{name}: {len(rates)} iterations, {rates[0]:.3g} first, {max(rates):.3g} highest, {rates[-1]:.3g} last')
    axes.legend()
    axes.grid(alpha=0.3)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out, dpi=120)
    print(args.out)


if __name__ == '__main__':
    main()
