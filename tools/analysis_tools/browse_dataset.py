"""Write images of a config's data set, as the network gets them, with their ground truth drawn on them."""

import argparse
from pathlib import Path

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config
from mmsight.errors import InputError
from mmsight.tasks import task_of


@friendly
def main() -> None:
    """Paint the first images of one split."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/analysis_tools/browse_dataset.py configs/sar_shipnet/sar_shipnet_toy.py -n 8')
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('--output-dir', type=Path, default=Path('work_dirs/browse'), metavar='DIR',
                        help='folder for the pictures')
    parser.add_argument('--split', choices=['train', 'val', 'test'], default='train', help='default: train')
    parser.add_argument('-n', '--number', type=int, default=20, help='number of images (default 20)')
    add_cfg_options(parser)
    args = parser.parse_args()

    from mmengine.registry import DATASETS, init_default_scope

    from mmsight.apis.base_inferencer import write_picture
    from mmsight.engine.toy import ensure_toy_data
    cfg = load_config(args.config, args.cfg_options)
    task = task_of(cfg)
    if task.draw_sample is None:
        raise InputError(f'{cfg.filename}: the datasets of `mmsight {task.name}` contain no pictures')
    if f'{args.split}_dataloader' not in cfg:
        raise InputError(f'{cfg.filename} has no {args.split}_dataloader')
    if 'toy_data' in cfg:
        ensure_toy_data(cfg.toy_data)
    init_default_scope(cfg.default_scope)
    dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
    args.output_dir.mkdir(parents=True, exist_ok=True)
    count = min(args.number, len(dataset))
    for index in range(count):
        item = dataset[index]
        name = Path(getattr(item.get('data_samples'), 'img_path', None) or str(item.get('id', ''))).stem
        write_picture(task.draw_sample(item), args.output_dir / f"{'_'.join(filter(None, (f'{index:05d}', name)))}.png")
    print(f'{count} of {len(dataset)} images in {args.output_dir}')


if __name__ == '__main__':
    main()
