"""Train and test the configs behind a table, over seeds, going on where an earlier call stopped."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from mmsight.configs import find_config, source_root
from mmsight.engine.tables import Records, Table
from mmsight.json_files import write_json


@dataclass(frozen=True)
class Job:
    """One training and the configs that are tested with its weights."""

    train: str
    seed: int
    tests: tuple[str, ...]


def pending(table: Table, seeds: Sequence[int], done: Records, only: str = '*') -> list[Job]:
    """Jobs that lack a record.

    Args:
        table (Table): See :func:`mmsight.engine.tables.load_tables`.
        seeds (Sequence[int]): Seeds that each config is wanted with.
        done (Records): What was measured already.
        only (str): Pattern of config names, e.g. ``'*_r18w32_*'``.
    """
    wanted: dict[tuple[str, int], dict[str, None]] = {}
    for row in table.rows:
        for seed in seeds:
            repeatable = row.config and row.records == 'records' and fnmatch(row.config, only)
            if repeatable and seed not in done.get(row.config, {}):
                wanted.setdefault((row.weights or row.config, seed), {})[row.config] = None
    return [Job(train, seed, tuple(tests)) for (train, seed), tests in wanted.items()]


def run_all(jobs: Sequence[Job], out_dir: Path, parallel: int, say: Callable[[str], None] = print) -> list[str]:
    """Run jobs, each in processes of its own.

    Args:
        jobs (Sequence[Job]): See :func:`pending`.
        out_dir (Path): Gets ``runs/<config>_seed<seed>``, ``records/<config>_seed<seed>.json`` and the scores of its cases.
        parallel (int): How many run at a time.
        say (Callable): Gets a line of progress.

    Returns:
        list[str]: A sentence for each job that failed; the others are done nevertheless.
    """
    failures = []
    with ThreadPoolExecutor(parallel) as pool:
        running = {pool.submit(_run, job, out_dir): job for job in jobs}
        for number, future in enumerate(as_completed(running), 1):
            job, fault = running[future], future.result()
            say(f'[{number}/{len(jobs)}] {job.train}, seed {job.seed}: {fault or "done"}')
            if fault:
                failures.append(f'{job.train}, seed {job.seed}: {fault}')
    return failures


def _run(job: Job, out_dir: Path) -> str:
    """What went wrong, or nothing."""
    work_dir = out_dir / 'runs' / f'{job.train}_seed{job.seed}'
    work_dir.mkdir(parents=True, exist_ok=True)
    log = work_dir / 'output.log'
    options = ['--cfg-options', f'randomness.seed={job.seed}']
    trained, last = work_dir / 'trained.json', work_dir / 'last_checkpoint'
    if not trained.is_file():
        if _call(log, 'train', find_config(job.train), '--work-dir', work_dir, '--resume', *options) or not last.is_file():
            return f'the training failed: {_last_line(log)} (see {log})'
        (work_dir / 'result.json').replace(trained)
    for config in job.tests:
        test_dir = work_dir / config
        result = test_dir / 'result.json'
        result.unlink(missing_ok=True)
        # exit status 1 may be a missed expectation: only a missing record is a failure
        _call(log, 'test', find_config(config), last.read_text().strip(), '--work-dir', test_dir, *options)
        if not result.is_file():
            return f'the test of {config} failed: {_last_line(log)} (see {log})'
        record = json.loads(result.read_text())
        record.update(config=config, train_wall_seconds=json.loads(trained.read_text())['wall_seconds'])
        target = out_dir / 'records' / f'{config}_seed{job.seed}.json'
        target.parent.mkdir(parents=True, exist_ok=True)
        write_json(target, record, indent=2)
        for cases in (work_dir / config).glob('*/per_case.*'):
            shutil.copyfile(cases, target.with_suffix(cases.suffix))
    return ''


def _call(log: Path, tool: str, *arguments: object) -> int:
    """Exit status of ``tools/<tool>.py``, whose output is added to ``log``."""
    script = source_root() / 'tools' / f'{tool}.py'
    with log.open('a') as out:
        return subprocess.run([sys.executable, str(script), *map(str, arguments)], stdout=out, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, check=False).returncode


def _last_line(log: Path) -> str:
    said = [line for line in log.read_text(errors='replace').splitlines() if line.strip()]
    return said[-1].removeprefix('error: ') if said else 'without a word'
