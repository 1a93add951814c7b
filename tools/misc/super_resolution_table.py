"""Print the measured rows of projects/super_resolution/README.md, from its records."""

import argparse
import json
import statistics

from mmsight.cli import friendly
from mmsight.configs import source_root

RECORDS = source_root() / 'projects' / 'super_resolution' / 'records'
MODELS = {
    'srcnn_mse_x4_t91': 'SRCNN-MSE',
    'srgan_mse_x4_t91': 'SRGAN-MSE',
    'srcnn_pl_x4_t91_random-vgg': 'SRCNN, random VGG',
    'srgan_pl_x4_t91_random-vgg': 'SRGAN, random VGG',
    'srcnn_mse_x4_t91_long': 'SRCNN-MSE, ten times the steps',
}
PLAIN = ('nearest', 'bilinear', 'bicubic')
MEASURES = {'PSNR_Y': 2, 'SSIM_Y': 4, 'PSNR_RGB': 2, 'SSIM_RGB': 4, 'sharpness': 3}


def cell(values: list[float], digits: int) -> str:
    """The mean over seeds; its standard deviation where there are several."""
    text = f'{statistics.mean(values):.{digits}f}'
    return text if len(values) == 1 else f'{text} ± {statistics.stdev(values):.{digits}f}'


def rows() -> list[str]:
    """Lines of Markdown: for each set what does not learn, then each model."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for path in sorted(RECORDS.glob('*.json')):
        config = path.stem.rsplit('_seed', 1)[0]
        found.setdefault(config, {})[path.name] = json.loads(path.read_text())['metrics']
    plain = next(iter(found['srcnn_mse_x4_t91'].values()))
    lines = []
    for name in ('Set5', 'Set14'):
        for method in PLAIN:
            cells = [cell([plain[f'{name}/{method}/{measure}']], digits) for measure, digits in MEASURES.items()]
            lines.append('| ' + ' | '.join([method, name, *cells, 'the same run']) + ' |')
        for config, title in MODELS.items():
            if config not in found:
                continue
            records = found[config]
            cells = [cell([metrics[f'{name}/model/{measure}'] for metrics in records.values()], digits)
                     for measure, digits in MEASURES.items()]
            links = ', '.join(f"[seed {file.rsplit('_seed', 1)[1][:-5]}](records/{file})" for file in records)
            lines.append('| ' + ' | '.join([title, name, *cells, links]) + ' |')
    return lines


@friendly
def main() -> None:
    """Print."""
    argparse.ArgumentParser(description=__doc__, epilog='example: python tools/misc/super_resolution_table.py').parse_args()
    print('\n'.join(rows()))


if __name__ == '__main__':
    main()
