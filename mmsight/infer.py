"""``mmsight infer TASK``: the options of each task, and the call of its inferencer. torch is imported only for that call."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

MODEL = 'name or path of a config, or a checkpoint (.pth), which holds its config'
WEIGHTS = "checkpoint of the config; by default the last one that its training, or `make demo`, left in work_dirs"


def _common(parser: argparse.ArgumentParser, task: str, inputs: str | None = None, model: str = MODEL) -> None:
    parser.add_argument('model', metavar='MODEL', help=model)
    if inputs:
        parser.add_argument('inputs', nargs='+', metavar='INPUT', help=inputs)
    parser.add_argument('--weights', metavar='FILE', help=WEIGHTS)
    parser.add_argument('--out-dir', default=f'work_dirs/infer/{task}', metavar='DIR', help='folder for the results')
    parser.add_argument('--overwrite', action='store_true', help='replace results that are there already')
    parser.add_argument('--device', help='cpu, cuda, cuda:1, ...; by default the best that is there')
    parser.add_argument('--trust', action='store_true', help='run the config inside a checkpoint even if it is more than data')
    parser.add_argument('--show', action='store_true', help='open a window with each picture')


def _detect_options(parser: argparse.ArgumentParser) -> None:
    _common(parser, 'detect', 'images, GeoTIFF scenes, folders or patterns of them')
    parser.add_argument('--threshold', type=float, default=0.3, metavar='SCORE', help='least score of a ship (default 0.3)')
    parser.add_argument('--tile', type=int, metavar='SIDE', help='side of a tile in pixels of the scene')
    parser.add_argument('--overlap', type=int, metavar='PIXELS', help='overlap of tiles; by default room for a ship of 450 m')
    parser.add_argument('--scale', type=float, metavar='FACTOR', help='enlarge a scene by this before the network sees it')
    parser.add_argument('--gsd', type=float, metavar='METRES', help='size of a pixel, where the file does not say it')
    parser.add_argument('--bands', type=int, nargs='+', metavar='N', help='bands of a scene, from 1: one, or red green blue')
    parser.add_argument('--stretch', default='auto', metavar='KIND[:LOW:HIGH]',
                        help='how values become 8 bits: none, percentile:0.5:99.5, linear:0:4000, db:-25:0; by default none '
                        'for 8 bits, else these percentiles')
    parser.add_argument('--nodata', type=float, metavar='VALUE', help='value of pixels without data')
    parser.add_argument('--land', metavar='FILE', help='GeoJSON or raster of land, where ships are dropped')
    parser.add_argument('--land-buffer', type=float, default=0, metavar='METRES', help='width of a shore that counts as land')
    parser.add_argument('--crops', action='store_true', help='write a picture of each ship')
    parser.add_argument('--batch-size', type=int, default=1, metavar='N', help='tiles at once; more is faster on a GPU')


def _detect(args: argparse.Namespace) -> int:
    from mmsight.apis import DetectInferencer
    inferencer = DetectInferencer(args.model, args.weights, args.device, trust=args.trust)
    names = ('out_dir', 'overwrite', 'show', 'threshold', 'tile', 'overlap', 'scale', 'gsd', 'bands', 'stretch', 'nodata',
             'land', 'land_buffer', 'crops', 'batch_size')
    found = inferencer(args.inputs, **{name: getattr(args, name) for name in names})
    failed = 0
    for scene in found['predictions']:
        for warning in scene['warnings']:
            print(f'warning: {warning}')
        for tile in scene['failed_tiles']:
            print(f"failed: {scene['source']}: the tile of {tile['width']} x {tile['height']} pixels at x {tile['x']}, "
                  f"y {tile['y']}: {tile['reason']}")
        failed += len(scene['failed_tiles'])
        files = scene['files']
        print(f"{scene['source']}: {scene['ships']} ships\n  {files['geojson']}\n  {files['preview']}")
    if failed:
        print(f'{failed} tiles failed, and their ships are missing: the same command with --overwrite tries them again')
    return int(failed > 0)


def _match_options(parser: argparse.ArgumentParser) -> None:
    _common(parser, 'match', model=f'{MODEL}; or SIFT, RIFT or ORB, which need no training')
    parser.add_argument('first', metavar='FIRST', help='an image or a raster, say the visible one')
    parser.add_argument('second', metavar='SECOND', help='the other one, of any size, which is registered to the first')
    parser.add_argument('--keypoints', type=int, default=4096, metavar='K', help='at most so many in each image (4096)')
    parser.add_argument('--max-side', type=int, default=1024, metavar='PIXELS',
                        help='longer side at which the images are matched (1024); results are at the resolution of the files')
    parser.add_argument('--bands', type=int, nargs='+', metavar='N', help='bands of rasters, from 1: one, or red green blue')


def _match(args: argparse.Namespace) -> int:
    from mmsight.apis import MatchInferencer
    inferencer = MatchInferencer(args.model, args.weights, args.device, trust=args.trust)
    found, = inferencer((args.first, args.second), out_dir=args.out_dir, show=args.show, keypoints=args.keypoints,
                        max_side=args.max_side, bands=args.bands, overwrite=args.overwrite)['predictions']
    for warning in found['warnings']:
        print(f'warning: {warning}')
    if found['reason']:
        print(f"no reliable homography was found: {found['reason']}\n  matches: {found['files']['picture']}", file=sys.stderr)
        return 2
    print(f"{found['inliers']} of {found['matches']} matches agree, median error {found['residual_px']['median']:.2f} pixels, "
          f"corners to about {found['drift_px']:.1f} pixels")
    for row in found['homography']:
        print('  ' + ' '.join(f'{value:14.6g}' for value in row))
    for name in ('registered', 'checkerboard', 'matches', 'report'):
        print(f"  {name}: {found['files'][name]}")
    return 0


def _segment_options(parser: argparse.ArgumentParser) -> None:
    _common(parser, 'segment', '.nii or .nii.gz files, folders or patterns of them, or a folder with one DICOM series')
    parser.add_argument('--clean', action='store_true', help='keep the largest component and fill its holes')
    parser.add_argument('--batch-size', type=int, default=8, metavar='N', help='slices at once; more is faster on a GPU')
    parser.add_argument('--low-memory', action='store_true',
                        help='slice by slice, volume and mask on disk: memory does not grow with the scan')


def _segment(args: argparse.Namespace) -> int:
    from mmsight.apis import SegmentInferencer
    inferencer = SegmentInferencer(args.model, args.weights, args.device, trust=args.trust)
    found = inferencer(args.inputs, batch_size=args.batch_size, out_dir=args.out_dir, show=args.show, clean=args.clean,
                       low_memory=args.low_memory, overwrite=args.overwrite)
    for scan in found['predictions']:
        for warning in scan['warnings']:
            print(f'warning: {warning}')
        density = '' if scan['mean_hu'] is None else f", mean {scan['mean_hu']:.0f} HU"
        print(f"{scan['source']}: liver {scan['volume_ml']:.0f} mL{density}")
        print(f"  mask: {scan['mask']}\n  picture: {scan['picture']}")
    if found['predictions']:
        print(found['predictions'][0]['note'])
    return 0


def _upscale_options(parser: argparse.ArgumentParser) -> None:
    _common(parser, 'upscale', 'images, folders or patterns of them')
    parser.add_argument('--tile', type=int, metavar='SIDE', help='side of a tile in input pixels; less needs less memory')


def _upscale(args: argparse.Namespace) -> int:
    from mmsight.apis import UpscaleInferencer
    inferencer = UpscaleInferencer(args.model, args.weights, args.device, trust=args.trust)
    found = inferencer(args.inputs, out_dir=args.out_dir, show=args.show, tile=args.tile, overwrite=args.overwrite)
    for image in found['predictions']:
        print(f"{image['file']}: {image['width']} x {image['height']}, {image['bits']} bits, {image['channels']} channels")
    return 0


# task: (summary, what runs it, what fills its parser, example)
TASKS: dict[str, tuple[str, Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None], str]] = {
    'detect': ('find ships in images and whole scenes', _detect, _detect_options,
               '{prog} sar_shipnet_toy scene.tif --out-dir ships'),
    'match': ('match two images of different modality, and register the second to the first', _match, _match_options,
              '{prog} s2net_toy visible.png thermal.png --out-dir matches'),
    'segment': ('segment the liver in CT volumes (not a medical device)', _segment, _segment_options,
                '{prog} eas_unet_toy scan.nii.gz --out-dir masks'),
    'upscale': ('enlarge images', _upscale, _upscale_options, '{prog} super_resolution_toy photo.jpg --out-dir large'),
}


def add_tasks(parser: argparse.ArgumentParser) -> None:
    """Give the parser of ``mmsight infer`` a sub-command for each task."""
    tasks: Any = parser.add_subparsers(metavar='TASK', dest='task', required=True)
    for name, (summary, _, fill, example) in TASKS.items():
        task = tasks.add_parser(name, help=summary, description=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        task.epilog = 'example: ' + example.format(prog=task.prog)
        fill(task)


def run(args: argparse.Namespace) -> int:
    """Run the chosen task; returns the exit status."""
    return TASKS[args.task][1](args)
