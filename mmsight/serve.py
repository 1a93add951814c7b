"""``mmsight serve``: a web page over the inferencers, a tab a task."""

import functools
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fastapi
import gradio as gr
import uvicorn

from mmsight import box
from mmsight.compat import gradio as compat
from mmsight.errors import InputError
from mmsight.files import remove_leftovers, scratch_prefix
from mmsight.memory import DEFAULT
from mmsight.tasks import Option, Task, find_tasks
from mmsight.web_guard import LOCAL, Guard
from mmsight.web_pages import ResultPages
from mmsight.web_worker import Worker, WorkerError

Result = tuple[str, str, list[Any], Any, list[str]]
"""What a tab shows: sentences, a page inside the page, pictures uint8 RGB, a table, files to download."""


class Runner:
    """What the buttons do.

    Args:
        models (Mapping[str, str]): Name of a task to its model, where it is not the task's own.
        pages (ResultPages): Takes the pages of results.
        device (str, optional), max_pixels (int), max_seconds (float), trust (bool), max_memory (float), runtime (str): See
            :class:`mmsight.web_worker.Worker`.

    Raises:
        InputError: If the runtime cannot be used.
    """

    def __init__(self, models: Mapping[str, str], pages: ResultPages, device: str | None = None,
                 max_pixels: int = 150_000_000, max_seconds: float = 300, trust: bool = False, max_memory: float = DEFAULT,
                 runtime: str = 'torch') -> None:
        self.models, self.pages = models, pages
        self.worker = Worker(device, max_pixels, max_seconds, trust, max_memory, runtime)

    def models_of(self, task: Task) -> dict[str, str]:
        """The models that a tab offers, its own first, then those in the box and methods without training; by the name that
        users see, which says nothing of the server's folders.
        """
        own = self.models.get(task.name, task.default_model)
        others = [*(model.name for model in box.list_models() if model.task == task.name), *task.methods]
        return {**{Path(own).name: own}, **{name: name for name in others if name != Path(own).name}}

    def run(self, task: Task, *values: Any) -> Iterator[Result]:
        """Run a task on what its tab holds: the files, the name of the model, the options.

        A mistake becomes one sentence on the page. The files live until the page has taken them.
        """
        given = list(values)
        files = [given.pop(0) for _ in task.inputs]
        name, models = given.pop(0), self.models_of(task)
        options = {option.name: _value(option, value) for option, value in zip(_offered(task), given, strict=True)}
        with tempfile.TemporaryDirectory(prefix='mmsight-') as folder:
            try:
                if None in files:
                    raise InputError('choose a file first' if len(files) == 1 else f'choose {len(files)} files first')
                if name not in models:
                    raise InputError(f"the page has no model '{name}'")
                found = self.worker.predict(task.name, models[name], files, folder, options)
            except InputError as error:
                raise gr.Error(_without_folders(str(error), files, folder), duration=None, print_exception=False) from None
            except WorkerError as error:
                raise gr.Error(f'{error} in {task.name}: see the console of mmsight serve', duration=None,
                               print_exception=False) from None
            table = dict(headers=found.header, data=found.rows)
            page = _inside(self.pages.keep(Path(found.page))) if found.page else ''
            yield _without_folders(found.text, files, folder), page, found.pictures, table, found.files


def _without_folders(text: str, files: Sequence[str | None], folder: str) -> str:
    """Hide the folders of the server from its users."""
    for name in (*(f'{Path(file).parent}/' for file in files if file), f'{folder}/'):
        text = text.replace(name, '')
    return text


def _inside(address: str) -> str:
    """A page inside the page."""
    return (f'<iframe sandbox="allow-scripts" src="{address}" title="The result" '
            'style="width: 100%; height: 1000px; border: 0"></iframe>')


def _offered(task: Task) -> list[Option]:
    """The options that its tab shows."""
    return [option for option in task.options if option.page]


def _value(option: Option, shown: Any) -> Any:
    """What a component of the page means."""
    if option.type is bool:
        return bool(shown)
    return None if option.default is None and shown == option.page[0] else option.type(shown)


def _component(option: Option) -> gr.components.Component:
    label = f"{option.name.replace('_', ' ')}: {option.help}"
    if option.type is bool:
        return gr.Checkbox(option.default, label=label)
    low, high, step = option.page
    label += f' ({low:g}: automatic)' if option.default is None else ''
    return gr.Slider(low, high, low if option.default is None else option.default, step=step, label=label)


def build_page(runner: Runner, tasks: Sequence[Task], examples: Path) -> gr.Blocks:
    """The page: a tab for each task whose packages are installed, and a line on each other.

    Args:
        runner (Runner): What the buttons do.
        tasks (Sequence[Task]): In the order of their tabs.
        examples (Path): A folder that takes an example input of each.
    """
    missing = [sentence for task in tasks if (sentence := task.missing())]
    with gr.Blocks(title='MMSight', analytics_enabled=False, delete_cache=(3600, 3600)) as page:
        gr.Markdown('# MMSight\nTrained models on your own files: choose a task, then a file and *Run*, or click an '
                    'example.')
        with gr.Tabs():
            for task in tasks:
                if not task.missing():
                    _add_tab(runner, task, examples)
        if missing:
            gr.Markdown('\n\n'.join(missing))
    return page


def _add_tab(runner: Runner, task: Task, examples: Path) -> None:
    """Inputs, a button and examples on the left, results on the right."""
    offered, boxed = task.ready_examples(), [model for model in box.list_models() if model.task == task.name]
    with gr.Tab(task.title), gr.Row():
        with gr.Column(scale=1):
            # the name of a file ends in .gz where it ends in .nii.gz
            kinds = [f".{suffix.rpartition('.')[2]}" for suffix in task.suffixes]
            files = []
            for name, text in task.inputs.items():
                gr.Markdown(text[0].upper() + text[1:])
                files.append(gr.File(label=name.capitalize(), file_types=kinds, height=140))
            models = list(runner.models_of(task))
            inputs = [*files, gr.Radio(models, value=models[0], label='Model'), *map(_component, _offered(task))]
            button = gr.Button('Run', variant='primary')
            if offered:
                rows = [[str(path) for path in example.make(examples)] for example in offered]
                shown = gr.Examples(rows, files, label='Examples', example_labels=[example.label for example in offered])
            if boxed:
                with gr.Accordion('What the models learned from', open=False):
                    gr.Markdown('\n'.join(f'- **{model.name}**: {model.data} (licence of the data: {model.license})'
                                          for model in boxed))
        with gr.Column(scale=2):
            outputs, rest = _add_results(task)
    # one model at a time: they share the processor
    run: dict[str, Any] = dict(fn=functools.partial(runner.run, task), inputs=inputs, outputs=outputs, concurrency_limit=1,
                               concurrency_id='model')
    runs = [button.click(**run, api_name=task.name)]
    if offered:
        runs.append(shown.load_input_event.then(**run, api_visibility='private'))
    for event in runs:
        event.success(lambda: gr.Column(visible=True), None, rest, queue=False, api_visibility='private')


def _add_results(task: Task) -> tuple[list[gr.components.Component], gr.Column]:
    """What shows a :data:`Result`, and the part of it that is hidden until there is one."""
    text = gr.Markdown('The result appears here.', min_height=100)  # room for a sign of progress
    with gr.Column(visible=False) as rest:
        # Gradio's button to share would send the picture elsewhere
        pictures = gr.Gallery(label='Picture', format='png', height=520, preview=True, object_fit='contain',
                              buttons=['download', 'fullscreen'], visible=not task.page)
        page = gr.HTML(visible=bool(task.page))
        table = gr.Dataframe(label='Table', interactive=False, visible=not task.page)
        files = gr.File(label='Download')
    return [text, page, pictures, table, files], rest


@contextmanager
def open_page(models: Mapping[str, str], device: str | None = None, host: str = '127.0.0.1', port: int = 0,
              allow_hosts: Sequence[str] = (), max_mb: int = 200, max_total_mb: int = 2000, **options: Any) -> Iterator[str]:
    """Serve the page while the block runs; then nothing is left of it but exported networks in their cache.

    Args:
        models (Mapping[str, str]), device (str, optional): See :class:`Runner`. A task that is not listed gets a tab if it is
            named here.
        host (str): Address to listen on: ``127.0.0.1`` is this machine only, ``0.0.0.0`` every network it is in.
        port (int): Port; 0 finds a free one.
        allow_hosts (Sequence[str]): Names under which the page may be reached, beside those of this machine and ``host``.
        max_mb (int), max_total_mb (int): Largest upload, and largest sum of uploads and results, in MB.
        **options: ``max_pixels``, ``max_seconds``, ``max_memory``, ``trust`` and ``runtime`` of :class:`Runner`.

    Yields:
        str: Its address.

    Raises:
        InputError: If the port or the runtime cannot be used.
    """
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(f'port {port} of {host} cannot be used ({error}): choose another with --port') from error
    with listener, _own_temporary_folder() as folder:
        examples = folder / 'examples'
        examples.mkdir()
        pages = ResultPages(folder / 'gradio' / 'results')  # they count among the uploads and results
        runner = Runner(models, pages, device, **options)
        tasks = [task for task in find_tasks().values() if task.listed or task.name in models]
        page = build_page(runner, tasks, examples)
        # system fonts: nothing is fetched from elsewhere
        theme = gr.themes.Default(font=['system-ui', 'sans-serif'], font_mono=['monospace'])
        app = fastapi.FastAPI(openapi_url=None)
        pages.add_to(app)  # before Gradio, which takes all other addresses
        gr.mount_gradio_app(app, page, '', max_file_size=max_mb * 2**20, theme=theme, ssr_mode=False, footer_links=[])
        compat.apply(page)
        guard = Guard(app, [*LOCAL, host, *allow_hosts], folder / 'gradio', max_total_mb * 2**20)
        server = uvicorn.Server(uvicorn.Config(guard, log_level='warning', timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, args=([listener], ), daemon=True)
        thread.start()
        try:
            name = 'localhost' if host in ('0.0.0.0', '::') else f'[{host}]' if ':' in host else host
            yield f'http://{name}:{listener.getsockname()[1]}/'
        finally:
            runner.worker.close()
            server.should_exit = True
            thread.join()


@contextmanager
def _own_temporary_folder() -> Iterator[Path]:
    """Keep all temporary files, and Gradio's with them, in one folder, which is deleted."""
    before, gradios = tempfile.tempdir, os.environ.get('GRADIO_TEMP_DIR')
    remove_leftovers(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f'{scratch_prefix()}page-') as folder:
        tempfile.tempdir, os.environ['GRADIO_TEMP_DIR'] = folder, f'{folder}/gradio'
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before
            del os.environ['GRADIO_TEMP_DIR']
            if gradios is not None:
                os.environ['GRADIO_TEMP_DIR'] = gradios


def serve(*args: Any, **options: Any) -> None:
    """Serve the page, see :func:`open_page`, until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # raises KeyboardInterrupt, as Ctrl-C does
    with suppress(KeyboardInterrupt), open_page(*args, **options) as url:
        print(f'MMSight listens on {url} (Ctrl+C stops it)', flush=True)
        threading.Event().wait()
