"""Count the multiply-adds and parameters of a config's model for one image (mmengine's counter)."""

import argparse

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config
from mmsight.errors import InputError


@friendly
def main() -> None:
    """Print one line per number."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/analysis_tools/get_flops.py configs/sar_shipnet/sar_shipnet_toy.py --shape 96 96')
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('--shape', nargs=2, type=int, default=(512, 512), metavar=('HEIGHT', 'WIDTH'),
                        help='size of the image (default 512 512)')
    add_cfg_options(parser)
    args = parser.parse_args()

    import torch
    from mmengine.analysis import get_model_complexity_info
    from mmengine.registry import MODELS, init_default_scope

    from mmsight.engine.export import Graph
    cfg = load_config(args.config, args.cfg_options)
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model).eval()
    if any(isinstance(part, torch.nn.Conv3d) for part in model.modules()):
        raise InputError(f'{cfg.filename}: the network takes volumes; multiply-adds are counted for one image')
    network = Graph(cfg, model).eval()
    image = torch.zeros(1, network.channels, *args.shape)
    with torch.no_grad():
        try:
            network.outputs(image)
        except InputError:  # a two-stage detector is no graph: what its host's own forward runs is counted
            network = model
        counted = get_model_complexity_info(network, inputs=(image, ), show_table=False, show_arch=False)
    params = sum(parameter.numel() for parameter in model.parameters())
    print(f"input: {' x '.join(map(str, image.shape))}")
    print(f"multiply-adds: {counted['flops'] / 1e9:.3f} G")
    print(f'parameters: {params / 1e6:.3f} M, {params * 4 / 2**20:.1f} MiB in fp32')


if __name__ == '__main__':
    main()
