"""Train, test and draw the toy config of every paper, run the models in the box, and write work_dirs/demo/index.html."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from mmengine.config import Config
from rich.console import Console
from rich.table import Table

from mmsight.cli import friendly
from mmsight.configs import list_configs, source_root
from mmsight.engine.report import Entry, draw_losses, write_index
from mmsight.engine.run_report import SUFFIXES, write_report
from mmsight.tasks import Example, Task, find_tasks

OUT = Path('work_dirs/demo')
CURVES = ('vis_image/precision_recall*.png', 'vis_image/cases*.png', 'vis_image/matching_curves*.png', 'vis_image/lasa_*.png',
          'grids/*.png')
"""What the runs of the papers leave beside their losses, as the demo's page shows it."""


def run_paper(config: Path) -> Entry:
    """Train, in its ``demo_threads`` if it states them, and test one toy config; the output is shown as it comes."""
    paper = config.parent.name
    work_dir = OUT / paper
    tools = source_root() / 'tools'
    name = f'{paper}/{config.stem}'
    (work_dir / 'result.json').unlink(missing_ok=True)
    begin = time.time()
    cfg = Config.fromfile(config, import_custom_modules=False)
    environment = {**os.environ, **({'OMP_NUM_THREADS': str(cfg.demo_threads)} if 'demo_threads' in cfg else {})}
    train = [tools / 'train.py', config, '--work-dir', work_dir]
    done = subprocess.run([sys.executable, *map(str, train)], env=environment, check=False)
    checkpoint = work_dir / 'last_checkpoint'
    if done.returncode == 0 and checkpoint.is_file():
        weights = checkpoint.read_text().strip()
        test = [tools / 'test.py', config, weights, '--work-dir', work_dir, '--show-dir', 'pictures']
        # exit status 1 may be a missed expectation: the table shows it, and only a missing record is a failed run
        subprocess.run([sys.executable, *map(str, test)], check=False)
    record = work_dir / 'result.json'
    print(f'{name}: {time.time() - begin:.0f} s', flush=True)
    tested = sorted(work_dir.glob('*/pictures'))
    finished = done.returncode == 0 and record.is_file() and bool(tested)
    plots = [work_dir / 'losses.png'] if draw_losses(work_dir, work_dir / 'losses.png') else []
    for pattern in CURVES:
        plots += sorted(work_dir.glob(f'*/vis_data/{pattern}'))[-1:]
    pictures = sorted(file for file in tested[-1].rglob('*') if file.suffix in SUFFIXES)[:12] if tested else []
    report = write_report(work_dir) if finished else None
    return Entry(paper, name, json.loads(record.read_text()) if finished else None, plots, pictures, cfg.demo_caption, report)


def run_task(task: Task, example: Example, number: int) -> Entry:
    """Run a task on one of its examples with its default model; the output is shown as it comes."""
    work_dir = OUT / 'box' / f'{task.name}_{number}'
    shutil.rmtree(work_dir, ignore_errors=True)
    inputs, results = work_dir / 'inputs', work_dir / 'results'
    inputs.mkdir(parents=True)
    command = [task.name, *map(str, example.make(inputs)), '--out-dir', str(results)]
    done = subprocess.run([sys.executable, '-m', 'mmsight.cli', *command], check=False)
    pictures = sorted(file for file in work_dir.rglob('*') if file.suffix in SUFFIXES)
    record: dict | None = None if done.returncode else dict(expected=[])
    return Entry(f'Model in the box: {task.title.lower()}', f'mmsight {task.name}', record, pictures=pictures,
                 caption=f"{example.label}. mmsight {' '.join(command)}")


@friendly
def main() -> None:
    """Exit status 1 if a run fails or an expected result is missed."""
    argparse.ArgumentParser(description=__doc__, epilog='example: python tools/misc/demo.py').parse_args()
    configs = [path for path in list_configs() if path.stem == f'{path.parent.name}_toy']
    entries = []
    for number, config in enumerate(configs, 1):
        print(f'[{number}/{len(configs)}] {config.stem}', flush=True)
        entries.append(run_paper(config))
        write_index(entries, OUT / 'index.html')
    for task in find_tasks().values():
        if not task.listed or task.missing():
            continue
        for number, example in enumerate(task.ready_examples(), 1):
            print(f'the model in the box: mmsight {task.name}: {example.label}', flush=True)
            entries.append(run_task(task, example, number))
    write_index(entries, OUT / 'index.html')
    table = Table('paper', 'config', 'metric', 'value', 'expected', '')
    rows = [row for entry in entries for row in entry.rows()]
    for row in rows:
        table.add_row(*row[:5], 'pass' if row[5] else 'FAIL')
    Console(width=120).print(table)
    print(f'pictures and curves: {OUT / "index.html"}')
    sys.exit(0 if all(row[5] for row in rows) else 1)


if __name__ == '__main__':
    main()
