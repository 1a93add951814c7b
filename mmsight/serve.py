"""``mmsight serve``: a web page over the inferencers, a tab a task."""

import contextlib
import functools
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import nibabel as nib
import numpy as np
from PIL import Image

from mmsight import apis
from mmsight.apis.base_inferencer import FileInferencer
from mmsight.errors import InputError
from mmsight.files import IMAGES
from mmsight.images import FORMATS, read_image
from mmsight.rasters import RASTERS, open_raster

MODELS = dict(detect='sar_shipnet_toy', match='s2net_toy', upscale='super_resolution_toy', segment='eas_unet_toy')
"""Task to the model that its tab uses, unless another is named."""
SHIP = ('id', 'score', 'x', 'y', 'longitude', 'latitude', 'length_m', 'width_m', 'heading_deg')
Result = tuple[str, list[np.ndarray], list[list], list[str]]
"""What a tab shows: a sentence, pictures uint8 RGB, rows of a table, files to download."""


class Tasks:
    """What the buttons do: one function a tab, which yields a :data:`Result`.

    Args:
        models (Mapping[str, str]): Task to model, see :func:`mmsight.engine.load_model.find_model`.
        device (str, optional): As for every inferencer.
        max_pixels (int): Most pixels of an image or voxels of a scan, and of an enlarged image.
    """

    def __init__(self, models: Mapping[str, str], device: str | None = None, max_pixels: int = 150_000_000) -> None:
        self.models, self.device, self.max_pixels = models, device, max_pixels
        self.inferencer = functools.cache(self._load)

    def _load(self, task: str, model: str) -> FileInferencer:
        kind = getattr(apis, f'{task.capitalize()}Inferencer')
        # a baseline of matching runs on the CPU
        return kind(model, device=self.device, show_progress=False)

    def detect(self, file: str | None, threshold: float, scale: float) -> Iterator[Result]:
        """Ships of a scene; ``scale`` 0 is that of training."""

        def show(found: dict, picture: np.ndarray) -> Result:
            rows = [[ship[name] for name in SHIP] for ship in found['detections']]
            failed = f", {len(found['failed_tiles'])} tiles failed" if found['failed_tiles'] else ''
            text = '; '.join([f"{found['ships']} ships{failed}", *found['notes']])
            return text, [picture], rows, list(found['files'].values())

        yield from self._run('detect', [file], show, threshold=threshold, scale=scale or None)

    def match(self, first: str | None, second: str | None, method: str, keypoints: int) -> Iterator[Result]:
        """Matches of two images, and the registered one."""

        def show(found: dict, picture: np.ndarray) -> Result:
            pictures = [picture]
            if found['reason']:
                text = f"No reliable homography was found: {found['reason']}."
            else:
                text = (f"{found['inliers']} of {found['matches']} matches agree; corners are known to about "
                        f"{found['drift_px']:.1f} pixels.")
                pictures.append(read_image(found['files']['checkerboard'])[..., ::-1])
            rows = [[name, str(found[name])] for name in ('matches', 'inliers', 'log10_false_alarms', 'overlap', 'drift_px')]
            rows += [[f'residual {name}, px', str(value)] for name, value in found.get('residual_px', {}).items()]
            rows += [[f'homography, row {i + 1}', '  '.join(f'{value:.6g}' for value in row)]
                     for i, row in enumerate(found['homography'] or [])]
            return text, pictures, rows, list(found['files'].values())

        model = self.models['match'] if method == 'model' else method
        yield from self._run('match', [first, second], show, model, keypoints=int(keypoints))

    def upscale(self, file: str | None, tile: int) -> Iterator[Result]:
        """A larger image."""

        def show(found: dict, picture: np.ndarray) -> Result:
            rows = [[name, str(found[name])] for name in ('width', 'height', 'channels', 'bits', 'scale')]
            return f"{found['width']} x {found['height']} pixels", [picture], rows, [found['file']]

        yield from self._run('upscale', [file], show, tile=int(tile))

    def segment(self, file: str | None, clean: bool) -> Iterator[Result]:
        """The liver of a scan."""

        def show(found: dict, picture: np.ndarray) -> Result:
            names = ('volume_ml', 'mean_hu', 'std_hu', 'voxels', 'slices', 'spacing_mm', 'size')
            text = ' '.join([f"{found['volume_ml']:.0f} mL.", *found['warnings'], found['note']])
            return text, [picture], [[name, str(found[name])] for name in names], [found['mask'], found['picture']]

        yield from self._run('segment', [file], show, clean=clean)

    def _run(self, task: str, files: Sequence[str | None], show: Callable[[dict, np.ndarray], Result],
             model: str | None = None, **options: Any) -> Iterator[Result]:
        """Run an inferencer; a mistake becomes one sentence on the page. The files live until the page has taken them."""
        with tempfile.TemporaryDirectory(prefix='mmsight-') as folder:
            try:
                if None in files:
                    raise InputError('choose a file first' if len(files) == 1 else 'choose two files first')
                paths = [Path(file) for file in files if file]
                inferencer = self.inferencer(task, model or self.models[task])
                growth = inferencer.model.scale**2 if task == 'upscale' else 1
                for path in paths:
                    if (count := growth * count_pixels(path)) > self.max_pixels:
                        made = ' would be made' if growth > 1 else ''
                        raise InputError(f'{path.name}: {count / 1e6:.3g} million pixels{made}, and '
                                         f'{self.max_pixels / 1e6:.3g} million are allowed on this page: use `mmsight infer '
                                         f'{task}`')
                found = inferencer(paths[0] if len(paths) == 1 else tuple(paths), out_dir=folder, return_vis=True, **options)
                result = show(found['predictions'][0], found['visualization'][0])
            except InputError as error:
                text = str(error)
                for name in (*(f'{Path(file).parent}/' for file in files if file), f'{folder}/'):
                    text = text.replace(name, '')  # where the server keeps its files is nobody's business
                raise gr.Error(text, duration=None, print_exception=False) from None
            except ImportError as error:
                raise gr.Error(f'{task} cannot run here: {error}; `mmsight doctor` says what is missing', duration=None,
                               print_exception=False) from None
            except Exception as error:
                traceback.print_exc()
                raise gr.Error(f'{type(error).__name__} in {task}: the console of mmsight serve says more', duration=None,
                               print_exception=False) from None
            yield result


def count_pixels(path: Path) -> int:
    """Pixels of an image or voxels of a scan, from its header; 0 if there is none to read, which its reader will say."""
    try:
        if path.name.endswith(('.nii', '.nii.gz')):
            return int(np.prod(nib.Nifti1Image.from_filename(path).shape, dtype=np.int64))
        if path.suffix.lower() in RASTERS:
            with open_raster(path) as file:
                return file.width * file.height
        with Image.open(path, formats=FORMATS) as image:  # what mmsight.images decodes
            return image.width * image.height
    except Image.DecompressionBombError:
        return 2**62
    except Exception:
        return 0


def make_examples(folder: Path) -> dict[str, list[str]]:
    """Write toy inputs of every task whose host is installed into a folder; task to paths."""
    rng = np.random.default_rng(1)

    def picture(name: str, image: np.ndarray) -> str:
        cv2.imwrite(str(folder / name), image)
        return str(folder / name)

    def detect() -> list[str]:
        from mmsight.projects.sar_shipnet.toy import make_chip
        return [picture('ships.png', np.block([[make_chip(rng)[0] for _ in range(2)] for _ in range(2)]))]

    def match() -> list[str]:
        from mmsight.projects.s2net.toy import make_pair
        return [picture(name, image) for name, image in zip(('visible.png', 'infrared.png'), make_pair(rng), strict=True)]

    def upscale() -> list[str]:
        from mmsight.projects.super_resolution.toy import make_image
        return [picture('small.png', make_image(rng)[::2, ::2, ::-1])]

    def segment() -> list[str]:
        from mmsight.projects.eas_unet.toy import make_abdomen, write_pair
        write_pair(folder, 0, 'RAS', *make_abdomen(rng), origin=np.zeros(3))
        return [str(folder / 'volume-0.nii.gz')]

    found = {}
    for make in (detect, match, upscale, segment):
        with contextlib.suppress(ImportError):  # its tab says so when it is used
            found[make.__name__] = make()
    return found


def build_page(tasks: Tasks, examples: Mapping[str, list[str]]) -> gr.Blocks:
    """The page with its four tabs."""
    kinds = list(dict.fromkeys((*IMAGES, *RASTERS)))
    measures = ('measure', 'value')

    def file(label: str, suffixes: Sequence[str]) -> gr.File:
        return gr.File(label=label, file_types=list(suffixes), height=120, render=False)

    with gr.Blocks(title='MMSight', analytics_enabled=False, delete_cache=(3600, 3600)) as page:
        gr.Markdown('# MMSight\nTrained models on your own files: choose a task and a file, or the example, and run.')
        with gr.Tabs():
            _add_tab('Detect ships', tasks.detect, examples.get('detect'), SHIP, [
                file('Image or GeoTIFF scene', kinds),
                gr.Slider(0, 1, 0.3, step=0.01, label='Threshold: least score of a ship', render=False),
                gr.Slider(0, 4, 0, step=0.25, label='Scale: enlarge by this before the network (0: as in training)',
                          render=False)])
            _add_tab('Match two images', tasks.match, examples.get('match'), measures, [
                file('First image, say the visible one', kinds), file('Second image, registered to the first', kinds),
                gr.Radio(['model', 'SIFT', 'RIFT', 'ORB'], value='model', label='Method', render=False),
                gr.Slider(64, 8192, 4096, step=64, label='K: most keypoints of an image', render=False)], pictures=2)
            _add_tab('Upscale an image', tasks.upscale, examples.get('upscale'), measures, [
                file('Image', IMAGES),
                gr.Slider(32, 512, 128, step=32, label='Tile: side in pixels; less needs less memory', render=False)])
            _add_tab('Segment a liver', tasks.segment, examples.get('segment'), measures, [
                file('CT scan, NIfTI (for research; not a medical device)', ['.nii', '.gz']),
                gr.Checkbox(False, label='Keep the largest part and fill its holes', render=False)])
    return page


def _add_tab(title: str, run: Callable[..., Iterator[Result]], example: list[str] | None, header: Sequence[str],
             inputs: Sequence[gr.components.Component], pictures: int = 1) -> None:
    """Inputs, a button and an example on the left, results on the right."""
    with gr.Tab(title), gr.Row():
        with gr.Column(scale=1):
            for component in inputs:
                component.render()
            button = gr.Button('Run', variant='primary')
            if example:
                gr.Examples([example], list(inputs[:len(example)]), label='Example')
        with gr.Column(scale=2):
            outputs = [gr.Markdown(),
                       gr.Gallery(label='Picture', format='png', columns=pictures, height=420, object_fit='contain'),
                       gr.Dataframe(headers=list(header), label='Table', interactive=False), gr.File(label='Download')]
    # one model at a time: they share the processor
    button.click(run, list(inputs), outputs, concurrency_limit=1, concurrency_id='model')


def serve(models: Mapping[str, str], device: str | None, host: str, port: int, max_mb: int, max_pixels: int,
          block: bool = True) -> tuple[gr.Blocks, str]:
    """Open the page.

    Args:
        models (Mapping[str, str]), device (str, optional), max_pixels (int): See :class:`Tasks`.
        host (str): Address to listen on: ``127.0.0.1`` is this machine alone, ``0.0.0.0`` every network it is in.
        port (int): Port; 0 finds a free one.
        max_mb (int): Largest upload in MB.
        block (bool): Wait until the server ends.

    Returns:
        tuple[gr.Blocks, str]: The running page, and its address.

    Raises:
        InputError: If the port cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix='mmsight-examples-') as folder:
        page = build_page(Tasks({**MODELS, **models}, device, max_pixels), make_examples(Path(folder)))
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
