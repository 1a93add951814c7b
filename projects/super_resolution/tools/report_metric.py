"""Write a page that shows from what the super-resolution report computed its PSNR and SSIM, and why they are invalid.

The code behind the report compares line 2 of the original with line 1 of the result, and takes SSIM at a range of 2.
"""

import argparse
import html
from pathlib import Path

import cv2
import numpy as np

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import friendly
from mmsight.engine.report import write_page
from mmsight.errors import InputError

SCALE, SIDE = 4, 256
LINE_OF_ORIGINAL, LINE_OF_RESULT = 2, 1


def report_metric(original: np.ndarray, result: np.ndarray) -> tuple[float, float]:
    """PSNR and SSIM as the code behind the report computes them, of two uint8 images (H, W, 3)."""
    from skimage.metrics import structural_similarity
    a, b = original[LINE_OF_ORIGINAL].astype(float), result[LINE_OF_RESULT].astype(float)
    error = np.mean((a - b)**2) or 100.0  # how the report's code avoids a division by zero
    return float(10 * np.log10(255**2 / error)), float(structural_similarity(a, b, channel_axis=-1, data_range=2.0))


def candidates(original: np.ndarray) -> dict[str, np.ndarray]:
    """Results of known quality: the original itself, three enlargements, and noise that keeps one line of the original."""
    from mmsight.projects.super_resolution.metric import enlarge
    from mmsight.projects.super_resolution.resize import resize_bicubic
    low = resize_bicubic(original, (SIDE // SCALE, SIDE // SCALE))
    found = {'the original itself': original}
    found.update({method: enlarge(low, method, SCALE) for method in ('bicubic', 'bilinear', 'nearest')})
    noise = np.random.default_rng(0).integers(0, 256, original.shape).astype(np.uint8)
    noise[LINE_OF_RESULT] = original[LINE_OF_ORIGINAL]
    return {**found, "noise, but for line 1: the original's line 2": noise}


def section(path: Path, original: np.ndarray, out_dir: Path) -> str:
    """A table and a picture of one image."""
    from mmsight.projects.super_resolution.metric import compare
    results = candidates(original)
    rows = []
    for name, result in results.items():
        psnr, ssim = report_metric(original, result)
        right = compare(result, original, 0)
        cells = (f'{right["PSNR_RGB"]:.2f}', f'{right["SSIM_RGB"]:.3f}', f'{psnr:.2f}', f'{ssim:.3f}')
        rows.append(f'<tr><td>{html.escape(name)}</td>' + ''.join(f'<td>{cell}</td>' for cell in cells) + '</tr>')
    pair = (original, results['bicubic'])
    strip = np.hstack([cv2.resize(image[:8], (2 * SIDE, 32), interpolation=cv2.INTER_NEAREST) for image in pair])
    for index, line in ((0, LINE_OF_ORIGINAL), (1, LINE_OF_RESULT)):
        left = 2 * SIDE * index
        cv2.rectangle(strip, (left, 4 * line), (left + 2 * SIDE - 1, 4 * line + 3), (255, 0, 0), 1)
    double = (2 * SIDE, 2 * SIDE)
    whole = np.hstack([cv2.resize(image, double, interpolation=cv2.INTER_NEAREST) for image in pair])
    picture = np.vstack([whole, strip])
    name = f'{path.stem}.png'
    cv2.imwrite(str(out_dir / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return (f'<h2>{html.escape(path.name)}</h2><table><tr><th>result</th><th>PSNR</th><th>SSIM</th>'
            f'<th>PSNR as in the report</th><th>SSIM as in the report</th></tr>{"".join(rows)}</table>'
            f'<p><img style="image-rendering:pixelated" src="{html.escape(name)}" alt="">')


def write_comparison(files: list[Path], out_dir: Path) -> Path:
    """Write ``index.html`` and its pictures."""
    from mmsight.projects.super_resolution.loading import load_rgb
    from mmsight.projects.super_resolution.resize import resize_bicubic
    out_dir.mkdir(parents=True, exist_ok=True)
    sections = [section(file, resize_bicubic(load_rgb(str(file)), (SIDE, SIDE)), out_dir) for file in files]
    page = out_dir / 'index.html'
    write_page(
        page, 'What the report measured',
        '<p>The code behind the report calls its metric with <code>imgs_hr[row][2]</code> and '
        '<code>fake_hr[row][1]</code>. Each is one line of 256 pixels, and not the same line: line 2 of the original against '
        'line 1 of the result (red, below; the eight upper lines enlarged). SSIM is then taken in windows of one dimension, at '
        'the range of values in [-1, 1], 2, of values in [0, 255]. So the numbers depend on a 256th of the image, a perfect '
        'result is not rated best, and noise that copies one line gets an SSIM of 1. "PSNR" and "SSIM" are those of the whole '
        f'image at range 255, as MMSight reports them.</p>{"".join(sections)}')
    return page


@friendly
def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python projects/super_resolution/tools/report_metric.py data/toy/super_resolution/DIV2K_valid_HR')
    parser.add_argument('folder', type=Path, help='a folder of high-resolution images')
    parser.add_argument('-n', '--number', type=int, default=3, help='number of images')
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/report_metric'), metavar='DIR',
                        help='folder for the page')
    args = parser.parse_args()
    files = sorted(file for file in args.folder.glob('*') if file.suffix.lower() in ('.png', '.jpg', '.jpeg', '.bmp'))
    if not files:
        raise InputError(f'{args.folder}: no png, jpg or bmp was found')
    print(write_comparison(files[:args.number], args.out_dir))


if __name__ == '__main__':
    main()
