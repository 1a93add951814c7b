"""Measure images a second, size of the weights and size of the input of detectors side by side, as Table 1's last columns.

Writes a record for each config, which `mmsight table sar_shipnet speed` reads from records/speed.
"""

import argparse
from pathlib import Path

from mmsight.projects.sar_shipnet.speed import measure

from mmsight.cli import friendly
from mmsight.engine.environment import environment
from mmsight.files import make_folder
from mmsight.json_files import write_json


@friendly
def main() -> None:
    """Read the options, measure, write, and print the ratios to the first config."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python projects/sar_shipnet/tools/detector_speed.py centernet_r50_ssdd_512 sar-shipnet_r50_ssdd_512')
    parser.add_argument('configs', nargs='+', help='names of configs; speeds are compared with the first')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu', help='where the networks run (default cpu)')
    parser.add_argument('--out-dir', default='work_dirs/speed', metavar='DIR', help='folder for the records')
    args = parser.parse_args()
    folder = make_folder(Path(args.out_dir))
    found = measure(args.configs, args.device)
    first = found[args.configs[0]]['images_per_second']
    for config, values in found.items():
        name = Path(config).stem
        record = dict(config=name, seed=0, **environment(),
                      metrics=dict(values, speed_ratio=values['images_per_second'] / first))
        write_json(folder / f'{name}_seed0.json', record, indent=2)
        print(f"{name:<36} {values['images_per_second']:8.2f} images/s, {values['images_per_second'] / first:5.2f} times "
              f"{Path(args.configs[0]).stem}, {values['megabytes']:6.1f} MiB, {values['input_side']} px")
    print(f'written: {folder}')


if __name__ == '__main__':
    main()
