"""Print the tables of projects/s2net/README.md from the paper's numbers and the records of runs."""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from mmsight.configs import source_root

K = (1024, 2048, 4096)
TITLES = dict(NC='Table I, correspondences (NC)', NCM='Table II, correct matches (NCM)', CMR='Table III, ratio (CMR, %)')
DATASETS = ('roadscene', 'rgbnir')
PAPER = {
    'NC': {
        'SIFT': (294, 788, 1537, 322, 743, 1681), 'RIFT': (443, 1046, 1295, 351, 845, 1575),
        'CMM-Net': (176, 195, 195, 155, 438, 1146), 'D2-Net': (183, 265, 265, 170, 475, 1283),
        'R2D2': (184, 511, 1669, 448, 953, 2015), 'D2-Net + SSL': (449, 1033, 1538, 223, 557, 1424),
        'R2D2 + SSL': (243, 668, 2015, 474, 1013, 2165)},
    'NCM': {
        'SIFT': (3, 6, 6, 141, 286, 541), 'RIFT': (36, 57, 66, 111, 200, 298), 'CMM-Net': (29, 31, 31, 36, 95, 233),
        'D2-Net': (12, 14, 14, 90, 214, 508), 'R2D2': (30, 60, 157, 234, 458, 825),
        'D2-Net + SSL': (92, 177, 233, 127, 272, 590), 'R2D2 + SSL': (50, 93, 228, 248, 486, 903)},
    'CMR': {
        'SIFT': (1.37, 0.76, 0.41, 36.97, 33.45, 28.78), 'RIFT': (8.11, 4.98, 4.49, 28.17, 21.61, 17.46),
        'CMM-Net': (16.66, 15.62, 15.62, 23.58, 21.68, 20.16), 'D2-Net': (6.37, 5.25, 5.25, 51.00, 23.22, 31.33),
        'R2D2': (16.03, 11.89, 9.42, 47.04, 42.77, 36.27), 'D2-Net + SSL': (20.50, 17.04, 14.46, 56.76, 48.05, 40.71),
        'R2D2 + SSL': (20.17, 13.95, 11.32, 48.94, 44.97, 38.94)}
}


def measured(folder: Path) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Method to dataset to the metrics of its runs, from records ``<config>_s<seed>.json``; baselines are methods too."""
    runs: dict[str, dict[str, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    for file in sorted(folder.glob('*_s*.json')):
        metrics = json.loads(file.read_text())['metrics']
        config = file.stem.rpartition('_s')[0]
        dataset = next((name for name in DATASETS if f'_{name}_' in config), None)
        if dataset is None or config.endswith('_test-warp'):
            continue
        runs[config][dataset].append({key.removeprefix('match/'): value for key, value in metrics.items()})
        for baseline in ('SIFT', 'RIFT', 'ORB'):
            own = {key.removeprefix(f'match/{baseline}/'): value for key, value in metrics.items() if f'/{baseline}/' in key}
            if own:
                runs[baseline][dataset] = [own]  # the same in every run
    return runs


def cells(values: list[float]) -> str:
    """Mean of the seeds, with their deviation if there are several."""
    spread = f' ± {np.std(values, ddof=1):.1f}' if len(values) > 1 else ''
    return f'{np.mean(values):.1f}{spread}'


def gains(runs: dict[str, dict[str, list[dict[str, float]]]]) -> list[str]:
    """A row for each config and dataset that ran with and without self-supervision: NCM of the one over the other."""
    rows = []
    for name, found in runs.items():
        base = name.replace('-ssl_', '_')
        for dataset in DATASETS if base != name and base in runs else ():
            pairs = list(zip(found.get(dataset, []), runs[base].get(dataset, []), strict=False))
            for k in K if pairs else ():
                ratios = [ours[f'NCM@{k}'] / theirs[f'NCM@{k}'] for ours, theirs in pairs]
                rows.append(f'| `{name}` | {k} | ' + ', '.join(f'{ratio:.2f}' for ratio in ratios) + ' |')
    return ['**NCM with self-supervision over NCM without**', '', '| config | K | seed by seed |', '|---|---|---|', *rows, ''
            ] if rows else []


def tables(folder: Path) -> str:
    """The three tables, and the gain of self-supervision, in Markdown."""
    runs = measured(folder)
    lines = []
    for metric, title in TITLES.items():
        lines += [f'**{title}**', '', '| method | source | ' + ' | '.join(
            f'{name}, {k}' for name in ('RoadScene', 'RGB-NIR') for k in K) + ' |', '|---|---|' + '---|' * 6]
        for name, row in PAPER[metric].items():
            lines.append(f'| {name} | paper | ' + ' | '.join(f'{value:g}' for value in row) + ' |')
        for name, found in runs.items():
            row = [cells([run[f'{metric}@{k}'] for run in found[dataset]]) if dataset in found else ''
                   for dataset in DATASETS for k in K]
            lines.append(f'| `{name}` | measured | ' + ' | '.join(row) + ' |')
        lines.append('')
    return '\n'.join(lines + gains(runs))


if __name__ == '__main__':
    print(tables(source_root() / 'projects' / 's2net' / 'records'))
