"""Kill a training again and again, resume it, and compare its end with that of one that was left alone.

`python tools/misc/kill_test.py CONFIG --kills 200`. Half of the kills (SIGKILL) come at random times, the others while a
checkpoint, `last_checkpoint` or `result.json` is written, gets its name, or an old checkpoint is deleted. Weights, optimizer
and metrics must agree bit for bit, which they do on a CPU. Exit status 1 if they do not, or if a training does not resume.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from mmsight.cli import add_cfg_options, friendly
from mmsight.configs import load_config
from mmsight.engine import launch
from mmsight.engine.environment import environment
from mmsight.engine.resume import find_fault, list_checkpoints
from mmsight.errors import InputError
from mmsight.files import complete_file

AIMED = {
    'checkpoint written': ('open', r'\..+-.+\.pth'),
    'checkpoint named': ('os.rename', r'.*\.pth'),
    'checkpoint deleted': ('os.remove', r'[^.].*\.pth'),
    'pointer written': ('open', r'\..+-last_checkpoint'),
    'pointer named': ('os.rename', r'.*last_checkpoint'),
    'result written': ('open', r'\..+-result\.json'),
    'result named': ('os.rename', r'.*result\.json')}
"""A moment to what Python does then (an audit event) and the name of the file."""


def aim(moment: str, delay: float, number: int) -> None:
    """Kill this process ``delay`` seconds after the ``number``-th time that a moment has come."""
    event, pattern = AIMED[moment]
    left = [number]

    def hook(name: str, args: tuple) -> None:
        if name == event and re.fullmatch(pattern, os.path.basename(str(args[0]))):
            left[0] -= 1
            if left[0] == 0:
                if delay:
                    threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()
                else:
                    os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def attempt(train: Callable[[], None], log: Path, moment: str = '', after: float = 0, number: int = 1) -> int:
    """Run a training in a fork of this process, which has imported all; returns its exit status, negative for a signal."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with log.open('ab', buffering=0) as out:
                os.dup2(out.fileno(), 1)
                os.dup2(out.fileno(), 2)
            if moment in AIMED:
                aim(moment, after, number)
            train()
            status = 0
        except BaseException as error:
            print(f'{type(error).__name__}: {error}', flush=True)
        finally:
            os._exit(status)
    if moment == 'random':
        deadline = time.monotonic() + after
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def outcome(folder: Path) -> dict:
    """What must not depend on kills."""
    checkpoint = torch.load((folder / 'last_checkpoint').read_text(), weights_only=False)
    result = json.loads((folder / 'result.json').read_text())
    return dict(weights=checkpoint['state_dict'], averages=checkpoint.get('ema_state_dict'), metrics=result['metrics'],
                optimizer=checkpoint['optimizer'], schedule=checkpoint.get('param_schedulers'))


def same(first: object, second: object) -> bool:
    """Bit for bit."""
    if isinstance(first, torch.Tensor):
        return isinstance(second, torch.Tensor) and torch.equal(first, second)
    if isinstance(first, dict):
        return isinstance(second, dict) and first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, (list, tuple)):
        return isinstance(second, (list, tuple)) and len(first) == len(second) and all(map(same, first, second))
    return first == second


def run(args: argparse.Namespace) -> Iterator[dict]:
    """Kill as often as is asked; yields the record so far after each training."""
    load_config(args.config, args.cfg_options)  # imports the host once, for all attempts
    work, rng = Path(args.work_dir), random.Random(args.seed)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    log = work / 'output.log'

    def train(name: str) -> Callable[[], None]:
        return lambda: launch.train(args.config, str(work / name), 'auto', args.amp, options=args.cfg_options)

    begin = time.monotonic()
    if attempt(train('alone'), log):
        raise InputError(f'{args.config}: the training fails without being killed; see {log}')
    seconds, wanted = time.monotonic() - begin, outcome(work / 'alone')
    kills: Counter[str] = Counter()
    rounds, identical, fewest, failures = 0, 0, 2, []
    while kills.total() < args.kills and not failures:
        rounds += 1
        name, status, whole = f'round_{rounds}', -1, 0
        while status:
            moment = rng.choice(list(AIMED)) if rng.random() < 0.5 else 'random'
            if kills.total() == args.kills:
                moment = ''  # to the end
            after = rng.uniform(0, 0.7 * seconds) if moment == 'random' else rng.choice([0, rng.uniform(0, 0.005)])
            status = attempt(train(name), log, moment, after, 1 if 'result' in moment else rng.randint(1, 2))
            if status not in (0, -signal.SIGKILL):
                failures.append(f'{name}: exit status {status} after {kills.total()} kills; see {log}')
                break
            kills.update([moment] if status else [])
            there = sum(find_fault(path) is None for path in list_checkpoints(work / name))
            fewest = min(fewest, there if whole >= 2 else 2)
            whole = max(whole, there)
        else:
            found = outcome(work / name)
            other = [key for key in wanted if not same(found[key], wanted[key])]
            if other:
                failures.append(f"{name}: other {', '.join(other)} after {kills.total()} kills; see {work / name} and {log}")
            else:
                identical += 1
                shutil.rmtree(work / name)
            print(f'{name}: {kills.total()} kills, {identical} of {rounds} ends identical', flush=True)
        yield dict(config=args.config, options=args.cfg_options or {}, amp=args.amp, **environment(), kills=kills.total(),
                   moments=dict(sorted(kills.items())), trainings=rounds, identical=identical, failures=failures,
                   fewest_whole_checkpoints=fewest, seconds_alone=round(seconds, 1), seconds=round(time.monotonic() - begin, 1))


@friendly
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('--kills', type=int, default=20, metavar='N', help='number of kills (20)')
    parser.add_argument('--work-dir', default='work_dirs/kill_test', metavar='DIR', help='emptied first')
    parser.add_argument('--out', type=Path, metavar='FILE.json', help='write the record, after each training')
    parser.add_argument('--amp', action='store_true', help='train in mixed precision')
    parser.add_argument('--seed', type=int, default=0, help='of the moments (0)')
    add_cfg_options(parser)
    args = parser.parse_args()
    if args.kills < 1:
        raise InputError(f'--kills must be 1 or more, found {args.kills}')
    for record in run(args):
        text = json.dumps(record, indent=2, default=str) + '\n'
        if args.out is not None:
            with complete_file(args.out) as scratch:
                scratch.write_text(text)
    print(text, end='')
    good = not record['failures'] and record['identical'] == record['trainings'] and record['fewest_whole_checkpoints'] >= 2
    sys.exit(0 if good else 1)


if __name__ == '__main__':
    main()
