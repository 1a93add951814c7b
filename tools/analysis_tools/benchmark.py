"""Run one benchmark suite, print its rows, and fail if a row misses its bound."""

import argparse
import json
import runpy
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

import mmsight  # noqa: F401  (registers the import work-arounds)
from mmsight.cli import friendly
from mmsight.engine.environment import environment

SUITES = Path(__file__).parent / 'benchmarks'


@friendly
def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/analysis_tools/benchmark.py core --json work_dirs/core.json')
    parser.add_argument('suite', choices=sorted(path.stem for path in SUITES.glob('*.py')), help='name of the suite')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the rows to FILE, with commit, device and versions')
    parser.add_argument('--quick', action='store_true', help='fewer repeats, smaller inputs')
    args = parser.parse_args()

    rows = [row.record() for row in runpy.run_path(str(SUITES / f'{args.suite}.py'))['rows'](args.quick)]
    table = Table('name', 'ours', 'theirs', 'theirs is', 'unit', 'ratio', 'bound', '')
    for row in rows:
        table.add_row(row['name'], f"{row['ours']:.4g}", f"{row['theirs']:.4g}", row['theirs_is'], row['unit'],
                      f"{row['ratio']:.3g}", row['bound'], 'ok' if row['ok'] else 'FAIL')
    Console(width=140).print(table)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(dict(suite=args.suite, **environment(), rows=rows), indent=2) + '\n')
    sys.exit(0 if all(row['ok'] for row in rows) else 1)


if __name__ == '__main__':
    main()
