"""``mmsight serve``: a web page over the inferencers, a tab a task."""

import functools
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from mmsight.apis.base_inferencer import FileInferencer
from mmsight.errors import InputError
from mmsight.images import read_image
from mmsight.tasks import Option, Task, find_tasks

Result = tuple[str, list[Any], Any, list[str]]
"""What a tab shows: sentences, pictures uint8 RGB, a table, files to download."""


class Runner:
    """What the buttons do.

    Args:
        models (Mapping[str, str]): Name of a task to its model, where it is not the task's own.
        device (str, optional): As for every inferencer.
        max_pixels (int): Most pixels of an image or voxels of a scan, and of an enlarged image.
    """

    def __init__(self, models: Mapping[str, str], device: str | None = None, max_pixels: int = 150_000_000) -> None:
        self.models, self.device, self.max_pixels = models, device, max_pixels
        self.inferencer = functools.cache(self._load)

    def model_of(self, task: Task) -> str:
        """The model that a tab uses unless the user chooses a method without training."""
        return self.models.get(task.name, task.default_model)

    def _load(self, task: str, model: str) -> FileInferencer:
        return find_tasks()[task].load_inferencer()(model, device=self.device, show_progress=False)

    def run(self, task: Task, *values: Any) -> Iterator[Result]:
        """Run a task on what its tab holds: the files, the model where there is a choice, the options.

        A mistake becomes one sentence on the page. The files live until the page has taken them.
        """
        given = list(values)
        files = [given.pop(0) for _ in task.inputs]
        model = given.pop(0) if task.methods else self.model_of(task)
        options = {option.name: _value(option, value) for option, value in zip(_offered(task), given, strict=True)}
        with tempfile.TemporaryDirectory(prefix='mmsight-') as folder:
            try:
                if None in files:
                    raise InputError('choose a file first' if len(files) == 1 else f'choose {len(files)} files first')
                paths = [Path(file) for file in files]
                inferencer = self.inferencer(task.name, model)
                for path in paths:
                    if (count := inferencer.count_pixels(path)) > self.max_pixels:
                        raise InputError(f'{path.name}: {count / 1e6:.3g} million pixels, and '
                                         f'{self.max_pixels / 1e6:.3g} million are allowed on this page: use `mmsight '
                                         f'{task.name}`')
                found = inferencer(paths[0] if len(paths) == 1 else tuple(paths), out_dir=folder, return_vis=True, **options)
                shown = task.show(found['predictions'][0])
                pictures = [found['visualization'][0]]
                pictures += [read_image(shown.files[name])[..., ::-1] for name in shown.pictures]
                text = '\n\n'.join([shown.text, *shown.warnings, *shown.notes])
            except InputError as error:
                raise gr.Error(_without_folders(str(error), files, folder), duration=None, print_exception=False) from None
            except Exception as error:
                traceback.print_exc()
                raise gr.Error(f'{type(error).__name__} in {task.name}: the console of mmsight serve says more', duration=None,
                               print_exception=False) from None
            table = dict(headers=list(shown.header), data=[[_cell(value) for value in row] for row in shown.rows])
            yield _without_folders(text, files, folder), pictures, table, list(shown.files.values())


def _without_folders(text: str, files: Sequence[str | None], folder: str) -> str:
    """Hide the folders of the server from its users."""
    for name in (*(f'{Path(file).parent}/' for file in files if file), f'{folder}/'):
        text = text.replace(name, '')
    return text


def _cell(value: Any) -> Any:
    return value if isinstance(value, (int, float, str)) or value is None else str(value)


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
        gr.Markdown('# MMSight\nTrained models on your own files: choose a task and a file, or the example, and run.')
        with gr.Tabs():
            for task in tasks:
                if not task.missing():
                    _add_tab(runner, task, examples)
        if missing:
            gr.Markdown('\n\n'.join(missing))
    return page


def _add_tab(runner: Runner, task: Task, examples: Path) -> None:
    """Inputs, a button and an example on the left, results on the right."""
    example = [] if task.make_inputs is None else [str(path) for path in task.make_inputs(examples)]
    with gr.Tab(task.title), gr.Row():
        with gr.Column(scale=1):
            # the name of a file ends in .gz where it ends in .nii.gz
            kinds = [f".{suffix.rpartition('.')[2]}" for suffix in task.suffixes]
            files: list[Any] = [gr.File(label=text[0].upper() + text[1:], file_types=kinds, height=120)
                                for text in task.inputs.values()]
            inputs = list(files)
            if task.methods:
                own = runner.model_of(task)
                inputs.append(gr.Radio([own, *task.methods], value=own, label='Model'))
            inputs += [_component(option) for option in _offered(task)]
            button = gr.Button('Run', variant='primary')
            if example:
                gr.Examples([example], files, label='Example')
        with gr.Column(scale=2):
            outputs = [gr.Markdown(),
                       gr.Gallery(label='Picture', format='png', columns=2, height=420, object_fit='contain'),
                       gr.Dataframe(label='Table', interactive=False), gr.File(label='Download')]
    # one model at a time: they share the processor
    button.click(functools.partial(runner.run, task), inputs, outputs, concurrency_limit=1, concurrency_id='model')


def serve(models: Mapping[str, str], device: str | None, host: str, port: int, max_mb: int, max_pixels: int,
          block: bool = True) -> tuple[gr.Blocks, str]:
    """Open the page.

    Args:
        models (Mapping[str, str]), device (str, optional), max_pixels (int): See :class:`Runner`. A task that is not listed
            gets a tab if it is named here.
        host (str): Address to listen on: ``127.0.0.1`` is reachable from this machine only, ``0.0.0.0`` from every network.
        port (int): Port; 0 finds a free one.
        max_mb (int): Largest upload in MB.
        block (bool): Wait until the server ends.

    Returns:
        tuple[gr.Blocks, str]: The running page, and its address.

    Raises:
        InputError: If the port cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix='mmsight-examples-') as folder:
        tasks = [task for task in find_tasks().values() if task.listed or task.name in models]
        page = build_page(Runner(models, device, max_pixels), tasks, Path(folder))
        try:
            # system fonts: nothing is fetched from elsewhere
            theme = gr.themes.Default(font=['system-ui', 'sans-serif'], font_mono=['monospace'])
            _, url, _ = page.launch(server_name=host, server_port=port or None, max_file_size=max_mb * 2**20, quiet=True,
                                    prevent_thread_lock=True, theme=theme, ssr_mode=False, footer_links=[])
        except OSError as error:
            raise InputError(f'port {port} of {host} cannot be used ({error}): choose another with --port') from error
        if block:
            print(f'MMSight listens on {url} (Ctrl+C ends it)', flush=True)
            page.block_thread()
    return page, url
