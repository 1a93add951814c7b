"""Measure parameters, multiply-adds and time of 2D networks side by side, of one slice at a time.

Writes a record for each config, which `mmsight table eas_unet cost` reads from records/cost.
"""

import argparse
from pathlib import Path

from mmsight.projects.eas_unet.cost import measure

from mmsight.cli import friendly
from mmsight.engine.environment import environment
from mmsight.files import make_folder
from mmsight.json_files import write_json


@friendly
def main() -> None:
    """Read the options, measure, write, and print the ratios to the first config."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python projects/eas_unet/tools/network_cost.py unet-2d_w64_lits_256 eas-unet_w64_lits_256')
    parser.add_argument('configs', nargs='+', help='names of configs; costs are compared with the first')
    parser.add_argument('--side', type=int, default=256, metavar='PIXELS', help='side of a slice (default 256)')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu', help='where the networks run (default cpu)')
    parser.add_argument('--out-dir', default='work_dirs/cost', metavar='DIR', help='folder for the records')
    args = parser.parse_args()
    folder = make_folder(Path(args.out_dir))
    found = measure(args.configs, args.side, args.device)
    first = found[args.configs[0]]
    for config, values in found.items():
        stem = Path(config).stem
        ratios = {f'{name}_ratio': value / first[name] for name, value in values.items()}
        write_json(folder / f'{stem}_seed0.json', dict(
            config=stem, seed=0, **environment(), metrics=dict(values, **ratios, side=args.side)), indent=2)
        shares = ', '.join(f'{ratios[key]:.2f}' for key in ('seconds_ratio', 'multiply_adds_ratio', 'parameters_ratio'))
        print(f"{stem:<36} {values['seconds']:8.3f} s, {values['multiply_adds'] / 1e9:7.2f} G multiply-adds, "
              f"{values['parameters'] / 1e6:6.2f} M parameters; of {Path(args.configs[0]).stem}: {shares}")
    print(f'written: {folder}')


if __name__ == '__main__':
    main()
