"""Write a trained model as one ONNX file of standard operators, and compare it with torch on random and on test images."""

import argparse
from pathlib import Path

from mmsight.cli import friendly
from mmsight.errors import InputError
from mmsight.files import complete_file, make_folder

LEAST_OPSET = 18
"""The oldest that torch's exporter writes."""


def latency(graph, path: Path, image, repeats: int) -> dict[str, float | str]:
    """Median seconds of torch, torch.compile and ONNX Runtime, timed in turn, or why there is none."""
    import torch

    from mmsight.engine.benchmark import interleave
    from mmsight.engine.export import session
    runtime, compiled = session(path), torch.compile(graph)
    calls = {
        'torch': lambda: graph(image),
        'torch.compile': lambda: compiled(image),
        'ONNX Runtime': lambda: runtime.run(None, {'image': image.numpy()})
    }
    with torch.no_grad():
        try:
            compiled(image)
        except Exception as error:  # needs a C++ compiler, and supports not every network
            del calls['torch.compile']
            reason = f'{type(error).__name__}: {str(error).strip().splitlines()[0]}'
            return {**interleave(calls, repeats), 'torch.compile': reason}
        return interleave(calls, repeats)


@friendly
def main() -> None:
    """Exit status 1 if a difference is above the tolerance."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python tools/deployment/export_onnx.py sar_shipnet_toy work_dirs/demo/sar_shipnet/epoch_20.pth '
        '--out ships.onnx --shape 96 96 --latency')
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('checkpoint', help='path of its checkpoint, or name of a model in the box')
    parser.add_argument('--out', type=Path, metavar='FILE.onnx', help='default: <config name>.onnx')
    parser.add_argument('--shape', nargs=2, type=int, default=(256, 256), metavar=('HEIGHT', 'WIDTH'),
                        help='size of the random image (256 256)')
    parser.add_argument('--random-only', action='store_true', help='compare only on random images, not on the test set')
    parser.add_argument('--opset', type=int, default=18, help="version of ONNX's operators (18)")
    parser.add_argument('--latency', nargs='?', type=int, const=10, default=0, metavar='REPEATS',
                        help='time torch, torch.compile and ONNX Runtime on one image')
    args = parser.parse_args()
    out = args.out or Path(f'{Path(args.config).stem}.onnx')
    if out.suffix != '.onnx' or out.is_dir():
        raise InputError(f"--out must be a file that ends in .onnx, found '{out}'")
    make_folder(out.parent)
    with complete_file(out) as scratch:
        scratch.touch()  # what cannot be written is told before the work
        if not write_and_compare(args, out, scratch):
            raise InputError(f'{out} is not written: its values differ from those of torch by more than is tolerated')


def write_and_compare(args: argparse.Namespace, out: Path, path: Path) -> bool:
    """Write the graph of ``out`` to ``path``, and print how much it differs from torch; whether that is tolerable."""
    import torch
    from rich.console import Console
    from rich.table import Table
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  (torch's exporter)
    except ImportError as error:
        raise InputError(f"{error.name} is not installed: run `pip install 'mmsight[deploy]'`") from error

    from mmsight.engine import export
    from mmsight.engine.environment import device
    from mmsight.engine.load_model import load_model
    if not LEAST_OPSET <= args.opset <= onnx.defs.onnx_opset_version():
        raise InputError(f'--opset must be from {LEAST_OPSET} to {onnx.defs.onnx_opset_version()}, found {args.opset}')
    cfg, model = load_model(args.config, args.checkpoint)
    graph = export.Graph(cfg, model).eval()
    if any(side < 1 or side % graph.multiple for side in args.shape):
        raise InputError(f'--shape must be multiples of {graph.multiple} for this model, found {args.shape[0]} {args.shape[1]}')
    torch.manual_seed(0)
    real = None if args.random_only else export.test_image(cfg, graph.multiple, graph.peak)

    def random(count: int, extra: int) -> torch.Tensor:
        return torch.rand(count, graph.channels, *(side + extra for side in args.shape)) * graph.peak

    images = {'random': random(2, 0)}
    free = export.export_onnx(graph, images['random'], path, args.opset)
    print(f"{out}: {path.stat().st_size / 2**20:.1f} MiB, opset {args.opset}, free axes: {', '.join(free) or 'none'}; "
          f'onnx {onnx.__version__}, ONNX Runtime {onnxruntime.__version__}')
    if free:
        images['random, another size'] = random(1, 2 * graph.multiple)
    if real is not None:
        images['test'] = real if free else torch.nn.functional.interpolate(real, args.shape).expand(2, -1, -1, -1)
    passed = True
    table = Table('image', 'shape', 'output', f'difference (<= {export.TOLERANCE:g})', '')
    for name, image in images.items():
        for output, value in export.differences(graph, path, image).items():
            ok = value <= export.TOLERANCE
            passed &= ok
            table.add_row(name, ' x '.join(map(str, image.shape)), output, f'{value:.1e}', 'pass' if ok else 'FAIL')
    console = Console(width=120)
    console.print(table)
    if args.latency:
        times = Table('batch 1', 'median ms', title=device())
        for name, value in latency(graph, path, images['random'][:1] if free else images['random'], args.latency).items():
            times.add_row(name, value if isinstance(value, str) else f'{1000 * value:.1f}')
        console.print(times)
    return passed


if __name__ == '__main__':
    main()
