"""Draw logged values of training runs over their steps, keep those of one as a CSV, or print the time of an iteration."""

import argparse
import statistics
from pathlib import Path

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import friendly
from mmsight.engine import curves
from mmsight.engine.report import read_scalars
from mmsight.errors import InputError

Series = list[tuple[float, float]]


def read(work_dir: Path, name: str) -> Series:
    """One logged value of the newest training run in a work-dir: (step, value)."""
    scalars = read_scalars(work_dir)
    if name not in scalars:
        raise InputError(f"{work_dir} has no logged '{name}'; it has {', '.join(sorted(scalars)) or 'no training log'}")
    return scalars[name]


def plot_curve(args: argparse.Namespace) -> None:
    """Draw the chosen values of all runs into one PNG."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(7, 4.5), layout='constrained')
    axes = figure.add_subplot(xlabel='step')
    for work_dir in args.work_dirs:
        for name in args.keys:
            axes.plot(*zip(*read(work_dir, name), strict=True), label=f'{work_dir.name} {name}')
    axes.legend()
    axes.grid(alpha=0.3)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out, dpi=120)
    print(args.out)


def write_curve(args: argparse.Namespace) -> None:
    """Write the chosen values of a run into a CSV, a line an epoch."""
    curves.write_curve(curves.epoch_means(args.work_dir, args.keys), args.out)
    print(args.out)


def cal_train_time(args: argparse.Namespace) -> None:
    """Print median, fastest and slowest logged seconds per iteration of each run."""
    for work_dir in args.work_dirs:
        seconds = [value for _, value in read(work_dir, 'time')]
        print(f'{work_dir}: median {statistics.median(seconds):.4f} s, fastest {min(seconds):.4f} s, '
              f'slowest {max(seconds):.4f} s per iteration')


@friendly
def main() -> None:
    """Run ``plot_curve``, ``write_curve`` or ``cal_train_time``."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/analysis_tools/analyze_logs.py plot_curve work_dirs/toy --keys loss --out a.png')
    tasks = parser.add_subparsers(required=True, metavar='plot_curve|write_curve|cal_train_time')
    plot = tasks.add_parser('plot_curve', help='draw logged values into a PNG')
    plot.add_argument('--keys', nargs='+', default=['loss'], help='names of logged values')
    plot.add_argument('--out', type=Path, default=Path('curve.png'), metavar='FILE.png', help='picture to write')
    plot.set_defaults(run=plot_curve)
    kept = tasks.add_parser('write_curve', help='means over each epoch of one run as a CSV, to be kept beside its record')
    kept.add_argument('--keys', nargs='+', default=['loss'], help='names of logged values')
    kept.add_argument('--out', type=Path, default=Path('curve.csv'), metavar='FILE.csv', help='file to write')
    kept.add_argument('work_dir', type=Path, help='work-dir of a training run')
    kept.set_defaults(run=write_curve)
    times = tasks.add_parser('cal_train_time', help='seconds per iteration')
    times.set_defaults(run=cal_train_time)
    for task in (plot, times):
        task.add_argument('work_dirs', nargs='+', type=Path, help='work-dirs of training runs')
    args = parser.parse_args()
    args.run(args)


if __name__ == '__main__':
    main()
