"""The ``mmsight`` command; ``tools/train.py`` and ``tools/test.py`` are its ``train`` and ``test``."""

import argparse
import functools
import json
import math
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import DictAction
from rich.console import Console
from rich.table import Table

from mmsight import __version__, box
from mmsight.configs import first_comment, list_configs, source_root
from mmsight.errors import GO_ON, InputError, Stopped, did_you_mean
from mmsight.memory import DEFAULT, set_budget
from mmsight.tasks import SHARED, Task, find_tasks


def friendly(main: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a tool's ``main``: a user's mistake ends it with one sentence on stderr and exit status 1.

    So does a fault of ours, behind its traceback.
    """

    @functools.wraps(main)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            try:
                return main(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except SystemExit as end:
            if end.code is None or isinstance(end.code, int):
                _leave_group(end.code or 0)
            raise
        except BrokenPipeError:  # the reader, say `head`, has left; Python would flush again when it exits
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except InputError as error:
            sys.exit(f'error: {error}')
        except Stopped as stop:
            print(stop, file=sys.stderr)
            sys.exit(GO_ON)
        except KeyboardInterrupt:
            sys.exit('interrupted: resume a training with --resume, and any other command by giving it again')
        except Exception:
            traceback.print_exc()
            sys.exit('error: this is a fault in MMSight or in a config, not in your files: please report it with these lines')

    return wrapped


def _leave_group(status: int) -> None:
    """End a process of a distributed CPU run whose work is done: left to the interpreter, gloo's threads sometimes abort it."""
    distributed = sys.modules.get('torch.distributed')
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return
    if distributed.get_backend() == 'gloo':
        distributed.destroy_process_group()
        sys.stderr.flush()
        os._exit(status)


def finite(text: str) -> float:
    """A number of the command line that is neither NaN nor infinite; a ``type`` of argparse."""
    if not math.isfinite(value := float(text)):
        raise argparse.ArgumentTypeError(f'must be a finite number, found {text}')
    return value


class _CfgOptions(DictAction):
    """mmengine's, whose own exceptions say neither which option nor why."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        for value in values:
            try:
                super().__call__(parser, namespace, [value], option_string)
            except (ValueError, AssertionError, RecursionError):
                parser.error(f"--cfg-options '{value}': KEY=VALUE is expected, where VALUE is a number, a text or [a,list]; "
                             'each key of a dictionary is given by itself, e.g. optim_wrapper.optimizer.lr=0.01')


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """The option ``--cfg-options`` of all tools that take a config."""
    parser.add_argument('--cfg-options', nargs='+', action=_CfgOptions, metavar='KEY=VALUE',
                        help='override config keys, e.g. train_cfg.max_epochs=3')


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--work-dir', help='folder for logs, checkpoints and result.json')
    add_cfg_options(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def _train_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='continue from CHECKPOINT, or from the newest complete one of the work-dir, if any '
                        '(without --resume, existing checkpoints are moved to a folder in the work-dir)')
    parser.add_argument('--amp', action='store_true',
                        help='mixed precision: bfloat16 on a CPU or GPU that has it, else float16 on a GPU')
    parser.add_argument('--channels-last', action='store_true', help='use the memory layout in which convolutions are fastest')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate to the real batch size')
    parser.add_argument('--checkpoint-minutes', type=finite, default=10, metavar='MINUTES',
                        help='longest time between checkpoints, beside those of the config (10; 0: only those)')
    parser.add_argument('--on-nan', choices=['stop', 'skip'], default='stop',
                        help='what to do when a loss or gradient is not finite: stop, or leave out the step (stop)')
    _add_run_options(parser)


def _test_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='path or name of a config')
    parser.add_argument('checkpoint', help='path of a checkpoint, or name of a model in the box')
    parser.add_argument('--out', metavar='FILE.pkl', help='file to which all predictions are written')
    parser.add_argument('--show-dir', metavar='DIR', help='folder for pictures of the predictions')
    _add_run_options(parser)


def _train(args: argparse.Namespace) -> int:
    from mmsight.engine import launch
    _set_local_rank(args)
    launch.train(args.config, args.work_dir, args.resume, args.amp, args.channels_last, args.auto_scale_lr, args.cfg_options,
                 args.launcher, args.checkpoint_minutes, args.on_nan)
    return 0


def _test(args: argparse.Namespace) -> int:
    from mmengine.dist import is_main_process

    from mmsight.engine import launch
    _set_local_rank(args)
    expected = launch.test(args.config, args.checkpoint, args.work_dir, args.out, args.show_dir, args.cfg_options,
                           args.launcher)
    for row in expected if is_main_process() else []:
        bounds = ', '.join(f'{key} {row[key]}' for key in ('min', 'max') if key in row)
        print(f"{'pass' if row['pass'] else 'FAIL'}: {row['metric']} = {row['value']} (expected {bounds})")
    return int(not all(row['pass'] for row in expected))


def _set_local_rank(args: argparse.Namespace) -> None:
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))


def _list(args: argparse.Namespace) -> int:
    root = source_root() / 'configs'
    names = {path.relative_to(root).with_suffix('').as_posix(): path for path in list_configs()}
    width = max(map(len, names))
    for name, path in names.items():
        print(f'{name:{width}}  {first_comment(path)}')
    return 0


def _table_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('paper', nargs='?', help='name of a project: a folder of `projects`')
    parser.add_argument('number', nargs='?', help='number of a table; without it, the tables are listed')
    parser.add_argument('--compare', nargs=2, metavar='ROW',
                        help='say which of two rows is above, with 95 %% intervals: models or configs of the table, or, '
                        'without a paper, two work-dirs or records')
    parser.add_argument('--run', action='store_true', dest='execute',
                        help='train and test the rows without a record; an interrupted run continues')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0], metavar='SEED', help='seeds to run (0)')
    parser.add_argument('--only', default='*', metavar='PATTERN', help="run only these configs, e.g. '*_r18w32_*'")
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='number of trainings at a time (1)')
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/tables'), metavar='DIR',
                        help='folder for the tables (work_dirs/tables)')


def _table(args: argparse.Namespace) -> int:
    from mmsight.engine import comparison, table_runs, tables
    if args.compare and args.paper is None:
        first, second = args.compare
        print('\n'.join(comparison.compare_results(Path(first), Path(second))))
        return 0
    if args.paper is None:
        raise InputError('which paper? Give the name of a project, or --compare with two work-dirs or records')
    if args.number is None and args.compare:
        raise InputError('--compare with a paper also needs the number of the table that has both rows')
    if args.number is None:
        for number, table in tables.load_tables(args.paper).items():
            print(f'{number:<10}{table.title}')
        return 0
    table = tables.find_table(args.paper, args.number)
    out_dir = args.out_dir / args.paper
    if args.compare:
        first, second = args.compare
        print('\n'.join(comparison.compare_in_table(table, first, second, out_dir / 'records')))
        return 0
    out_dir.mkdir(parents=True, exist_ok=True)
    failures = []
    if args.execute:
        done = tables.read_records(tables.project_folder(args.paper) / 'records', out_dir / 'records')
        jobs = table_runs.pending(table, args.seeds, done, args.only)
        print(f'{len(jobs)} trainings to run', flush=True)
        failures = table_runs.run_all(jobs, out_dir, args.jobs, functools.partial(print, flush=True))
    made = tables.lines(table, out_dir / 'records')
    stem = out_dir / f'table_{args.number}'
    print(text := tables.markdown(table, made))
    stem.with_suffix('.md').write_text(f'{text}\n')
    stem.with_suffix('.csv').write_text(tables.to_csv(table, made))
    tables.write_html(table, made, stem.with_suffix('.html'))
    print(f'written: {stem}.md, .csv and .html')
    for failure in failures:
        print(f'error: {failure}', file=sys.stderr)
    return int(bool(failures))


def _figure_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('paper', help='name of a project: a folder of `projects`')
    parser.add_argument('number', nargs='?', help='number or name of a figure; without it, the figures are listed')
    parser.add_argument('--checkpoint', nargs='+', default=[], metavar='NAME=FILE',
                        help='draw further models, or others than those in the box, from checkpoints that hold their config')
    parser.add_argument('--set', nargs='+', default=[], metavar='KEY=VALUE', dest='settings',
                        help='change settings of the figure, such as its images; items of a list are parted by commas')
    parser.add_argument('--out-dir', type=Path, default=Path('work_dirs/figures'), metavar='DIR',
                        help='folder for the figures (work_dirs/figures)')


def _figure(args: argparse.Namespace) -> int:
    from mmsight.engine import figures
    if args.number is None:
        for number, plan in figures.load_plans(args.paper).items():
            print(f'{number:<20}{plan.title}\n{"":<20}{plan.needs()}')
        return 0
    plan = figures.with_settings(figures.find_plan(args.paper, args.number), args.settings)
    path, drawn = figures.draw_figure(plan, args.out_dir, figures.parse_checkpoints(plan, args.checkpoint))
    print(f"{'written' if drawn else 'unchanged'}: {path} and {path.with_suffix('.svg').name}")
    return 0


def _report_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('work_dir', type=Path, help='work-dir of a run')
    parser.add_argument('-n', '--number', type=int, default=3, help='number of best, worst and random predictions, each (3)')


def _report(args: argparse.Namespace) -> int:
    from mmsight.engine.run_report import write_report
    print(write_report(args.work_dir, args.number))
    return 0


def _serve_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--models', nargs='+', default=[], metavar='TASK=MODEL',
                        help='a model in the box, a config by name or path, or a checkpoint, for a task; by default '
                        "each task's own model")
    parser.add_argument('--host', default='127.0.0.1', help='address to listen on (127.0.0.1: this machine only)')
    parser.add_argument('--port', type=int, default=7860, help='7860; 0 finds a free one')
    parser.add_argument('--allow-host', nargs='+', default=[], metavar='NAME',
                        help='further host names under which the page can be reached, besides those of this machine and --host')
    parser.add_argument('--device', help='cpu, cuda, cuda:1, ...; by default a GPU if there is one')
    for name in ('runtime', 'trust'):
        next(option for option in SHARED if option.name == name).add_to(parser)
    parser.add_argument('--max-upload', type=int, default=200, metavar='MB', help='largest file in MB (200)')
    parser.add_argument('--max-total', type=int, default=2000, metavar='MB',
                        help='largest sum of uploads and results, which are deleted after an hour (2000)')
    parser.add_argument('--max-seconds', type=finite, default=300, metavar='SECONDS',
                        help='longest prediction in seconds (300)')
    parser.add_argument('--max-pixels', type=finite, default=150, metavar='MILLION',
                        help='largest image, scan or enlarged image, in million pixels (150)')
    parser.add_argument('--max-memory', type=finite, default=DEFAULT, metavar='GB',
                        help=f'memory that a prediction may take beside its model ({DEFAULT:g})')


def _serve(args: argparse.Namespace) -> int:
    models = dict(item.split('=', 1) for item in args.models if '=' in item)
    wrong = [item for item in args.models if item.split('=')[0] not in find_tasks() or '=' not in item]
    if wrong:
        raise InputError(f"--models {wrong[0]}: expected TASK=MODEL with a task of {', '.join(find_tasks())}")
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise InputError("the web page needs gradio: run `pip install 'mmsight[web]'`") from error
    from mmsight.serve import serve
    serve(models, args.device, args.host, args.port, args.allow_host, args.max_upload, args.max_total,
          max_pixels=round(args.max_pixels * 1e6), max_seconds=args.max_seconds, max_memory=args.max_memory,
          trust=args.trust, runtime=args.runtime)
    return 0


def _models_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('name', nargs='?', help='print the card of this model')
    parser.add_argument('--json', action='store_true', help='print all models as a list of objects, for programs')


def _models(args: argparse.Namespace) -> int:
    if args.name is not None:
        print(box.get_model(args.name).card.read_text(), end='')
        return 0
    found = box.list_models()
    if args.json:
        print(json.dumps([model.to_dict() for model in found], indent=2, ensure_ascii=False))
        return 0
    table = Table('name and paper', 'task', 'test result', 'trained on, and the licence of the data', 'MB', show_lines=True)
    for model in found:
        results = '\n'.join(f'{name} {value:g}' for name, value in model.metrics.items())
        table.add_row(f"{model.name}{' *' if model.default else ''}\n{model.paper}", model.task, results,
                      f"{model.data}\n{re.split('; | [(]|[.] ', model.license)[0]}", f'{model.megabytes:g}')
    console = Console()
    console.print(table if found else 'no model is in the box')
    if found:
        console.print('* the default of its task; `mmsight models NAME` prints a card')
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from mmsight import doctor
    return doctor.main()


class Command(NamedTuple):
    """A command: what it does, what runs it, what fills its parser, and an example."""

    summary: str
    run: Callable[[argparse.Namespace], int]
    fill: Callable[[argparse.ArgumentParser], None]
    example: str


COMMANDS = {name: Command(*parts) for name, parts in {
    'train': ('train a config', _train, _train_parser, '{prog} {toy} --work-dir runs/toy'),
    'test': ('test a checkpoint', _test, _test_parser,
             '{prog} {toy} runs/toy/epoch_20.pth --show-dir pictures'),
    'report': ('write a self-contained page about a run', _report, _report_parser, '{prog} runs/toy'),
    'serve': ('serve a web page that runs the models in a browser', _serve, _serve_parser,
              '{prog} --models detect=runs/ships/epoch_10.pth --port 8000'),
    'table': ("show a paper's table beside what was measured, or run it", _table, _table_parser,
              '{prog} PAPER 2 --run --seeds 0 1 2'),
    'figure': ("draw a paper's figure from models, records and data", _figure, _figure_parser,
               '{prog} PAPER 1 --checkpoint mine=runs/ships/epoch_10.pth'),
    'models': ('list the models that come with MMSight, or print the card of one', _models, _models_parser, '{prog} --json'),
    'list': ('list the configs by name, with what each is for', _list, lambda parser: None, '{prog}'),
    'doctor': ('check the installed stack', _doctor, lambda parser: None, '{prog}'),
}.items()}


def _task_parser(task: Task, parser: argparse.ArgumentParser) -> None:
    for name, text in task.inputs.items():
        if len(task.inputs) == 1:
            parser.add_argument(name.lower(), metavar=name, nargs='+', help=f'{text}; folders or patterns of them')
        else:
            parser.add_argument(name.lower(), metavar=name, help=text)
    methods = f"; or {', '.join(task.methods)}, which need no training" if task.methods else ''
    parser.add_argument('-m', '--model', metavar='NAME|CONFIG|CHECKPOINT', help='a model in the box, a config by name or '
                        f'path, or a checkpoint, which holds its config{methods} (default {task.default_model})')
    for option in (*SHARED, *task.options):
        option.add_to(parser)


def _run_task(task: Task, args: argparse.Namespace) -> int:
    model = args.model or task.default_model
    if args.model is None:
        toy = ', trained on toy data' if model == task.toy_model else ''
        print(f'model: {model}{toy}; --model names another', flush=True)
    if args.max_memory is not None:
        set_budget(args.max_memory)
    inferencer = task.load_inferencer()(model, args.weights, args.device, trust=args.trust, runtime=args.runtime)
    inputs = [getattr(args, name.lower()) for name in task.inputs]
    options = {option.name: getattr(args, option.name) for option in task.options}
    from mmsight.apis.batch import BatchError
    failures: dict[str, str] = {}
    try:
        found = inferencer(inputs[0] if len(inputs) == 1 else tuple(inputs), overwrite=args.overwrite, show=args.show,
                           out_dir=args.out_dir or f'work_dirs/{task.name}', **options)
    except BatchError as error:
        found, failures = error.results, error.failures
    status = int(bool(failures))
    for prediction in found['predictions']:
        shown = task.show(prediction)
        for warning in shown.warnings:
            print(f'warning: {warning}')
        print(shown.text, file=sys.stderr if shown.status else sys.stdout)
        for name, value in shown.rows if len(shown.header) == 2 else ():
            print(f'  {name}: {value}')
        for name, path in shown.files.items():
            print(f'  {name}: {path}')
        for note in shown.notes:
            print(f'  note: {note}')
        # that an input failed outweighs that a result cannot be relied on
        status = 1 if 1 in (status, shown.status) else max(status, shown.status)
    if failures:
        count = len(failures) + len(found['predictions'])
        print(f'{len(failures)} of {count} inputs failed; the same command tries them again:', file=sys.stderr)
    for sentence in failures.values():
        print(f'error: {sentence}', file=sys.stderr)
    return status


def _all_commands() -> dict[str, Command]:
    """The tasks, then the rest."""
    tasks = {name: Command(task.summary, functools.partial(_run_task, task), functools.partial(_task_parser, task),
                           f'{{prog}} {task.usage}') for name, task in find_tasks().items()}
    return {**tasks, **COMMANDS}


def _overview() -> str:
    """What ``mmsight`` prints without a command: ten lines on what it can do."""
    tasks = {name: task.summary for name, task in find_tasks().items() if task.listed}
    others = {name: COMMANDS[name].summary for name in ('models', 'serve', 'train', 'test')}
    lines = [f'  mmsight {name:<9} {summary}' for name, summary in {**tasks, **others}.items()]
    return '\n'.join(['MMSight: vision papers as OpenMMLab plugins, and their models for your own files', *lines,
                      '`mmsight --help` lists all commands, `mmsight COMMAND --help` explains one.'])


def _fill(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    toy = next(iter(find_tasks().values())).toy_model
    parser.epilog = 'example: ' + command.example.format(prog=parser.prog, toy=toy)
    parser.set_defaults(run=command.run)
    command.fill(parser)


@friendly
def tool(command: str, argv: Sequence[str] | None = None) -> None:
    """Run one command as a script of its own (``tools/train.py``)."""
    parser = argparse.ArgumentParser(prog=f'python tools/{command}.py', description=COMMANDS[command].summary)
    _fill(parser, COMMANDS[command])
    args = parser.parse_args(argv)
    sys.exit(args.run(args))


@friendly
def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of ``mmsight``."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv:
        print(_overview())
        return
    missing = {name: sentence for name, task in find_tasks().items() if (sentence := task.missing())}
    if argv[0] in missing:
        raise InputError(missing[argv[0]])
    parser = argparse.ArgumentParser(prog='mmsight', description='Vision papers as OpenMMLab plugins.',
                                     epilog='\n'.join(missing.values()), formatter_class=argparse.RawDescriptionHelpFormatter)
    if not argv[0].startswith('-') and argv[0] not in _all_commands():
        names = [name for name in _all_commands() if name not in find_tasks() or find_tasks()[name].listed]
        raise InputError(f"there is no command '{argv[0]}'; {did_you_mean(argv[0], names)}`mmsight --help` lists them")
    parser.add_argument('--version', action='version', version=f'mmsight {__version__}')
    commands: Any = parser.add_subparsers(metavar='COMMAND', required=True)
    for name, command in _all_commands().items():
        # argparse lists the commands that have a help
        listed = name not in missing and (name not in find_tasks() or find_tasks()[name].listed)
        shown = dict(help=command.summary) if listed else {}
        command_parser = commands.add_parser(name, description=command.summary, **shown)
        if name == argv[0]:
            _fill(command_parser, command)
    args = parser.parse_args(argv)
    sys.exit(args.run(args))


if __name__ == '__main__':
    main()
