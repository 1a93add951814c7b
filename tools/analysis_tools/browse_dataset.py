"""Write a config's training images, as the network gets them, with their ground truth painted on."""

import argparse
from pathlib import Path

from mmengine.config import DictAction

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import friendly
from mmsight.configs import load_config
from mmsight.errors import InputError


@friendly
def main() -> None:
    """Paint the first images of one split."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/analysis_tools/browse_dataset.py configs/sar_shipnet/sar_shipnet_toy.py -n 8')
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('--output-dir', type=Path, default=Path('work_dirs/browse'), metavar='DIR')
    parser.add_argument('--split', choices=['train', 'val', 'test'], default='train')
    parser.add_argument('-n', '--number', type=int, default=20, help='how many images')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='override config keys')
    args = parser.parse_args()

    import mmcv
    from mmengine.registry import DATASETS, VISUALIZERS, init_default_scope

    from mmsight.engine.toy import ensure_toy_data
    cfg = load_config(args.config, args.cfg_options)
    if 'toy_data' in cfg:
        ensure_toy_data(cfg.toy_data)
    if f'{args.split}_dataloader' not in cfg or 'visualizer' not in cfg:
        raise InputError(f'{cfg.filename} has no {args.split}_dataloader or no visualizer')
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
    cfg.visualizer.vis_backends = None
    visualizer = VISUALIZERS.build(cfg.visualizer)
    visualizer.dataset_meta = dataset.metainfo
    args.output_dir.mkdir(parents=True, exist_ok=True)
    for index in range(min(args.number, len(dataset))):
        item = dataset[index]
        sample = item['data_samples']
        boxes = sample.gt_instances.get('bboxes')
        if hasattr(boxes, 'tensor'):  # mmdet's visualizer paints plain tensors only
            sample.gt_instances.bboxes = boxes.tensor
        image = mmcv.bgr2rgb(item['inputs'].permute(1, 2, 0).numpy())
        out = args.output_dir / f"{index:05d}_{Path(getattr(sample, 'img_path', str(index))).stem}.png"
        visualizer.add_datasample(out.stem, image, sample, draw_pred=False, show=False, out_file=str(out))
    print(f'{min(args.number, len(dataset))} of {len(dataset)} images in {args.output_dir}')


if __name__ == '__main__':
    main()
