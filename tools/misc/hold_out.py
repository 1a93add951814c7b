"""Hold out some training images of a config to choose a checkpoint and a score threshold: writes two lists of ids."""

import argparse
from pathlib import Path

from mmengine.config import ConfigDict
from mmengine.registry import DATASETS, init_default_scope

from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config
from mmsight.hold_out import hold_out


def images(config: ConfigDict) -> dict[str, Path]:
    """Id to image file of a dataset, images without objects included."""
    dataset = DATASETS.build(dict(config, test_mode=True))
    entries = (dataset.get_data_info(index) for index in range(len(dataset)))
    return {str(entry['img_id']): Path(entry['img_path']) for entry in entries}


@friendly
def main() -> None:
    """Write ``<name>_fit.txt`` and ``<name>_holdout.txt``."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/misc/hold_out.py larsd-11_r101_ssdd_512 --name ssdd --count 100')
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('--name', required=True, help='name of the data set, with which the names of the two files begin')
    parser.add_argument('--count', type=int, required=True, help='training images to hold out')
    parser.add_argument('--out-dir', type=Path, default=Path('mmsight/splits'), help='default: mmsight/splits')
    add_cfg_options(parser)
    args = parser.parse_args()
    cfg = load_config(args.config, args.cfg_options)
    init_default_scope(cfg.default_scope)
    fit, held = hold_out(images(cfg.train_dataloader.dataset), images(cfg.test_dataloader.dataset), args.count)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    for part, ids in (('fit', fit), ('holdout', held)):
        file = args.out_dir / f'{args.name}_{part}.txt'
        file.write_text(''.join(f'{name}\n' for name in ids))
        print(f'{file}: {len(ids)} images')


if __name__ == '__main__':
    main()
