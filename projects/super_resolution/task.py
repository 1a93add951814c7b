"""Enlargement of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsight.files import IMAGES
from mmsight.tasks import Example, Export, Network, Option, Shown, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor


def show(found: dict) -> Shown:
    """State the size of the enlarged image."""
    files = {} if found['file'] is None else dict(image=found['file'])
    text = f"{found['source']}: {found['width']} x {found['height']} pixels, {found['bits']} bits"
    return Shown(text, files, found['warnings'], found['notes'],
                 rows=[[name, found[name]] for name in ('width', 'height', 'channels', 'bits', 'scale')])


def export(model: Any, image: Tensor) -> dict[str, Tensor]:
    """``enlarged`` (N, 3, scale * H, scale * W), RGB in [0, 255]."""
    normalise = model.data_preprocessor
    return dict(enlarged=(model.generator(image) * normalise.std + normalise.mean).clamp(0, 255))


def generated(model: Any, image: Tensor) -> dict[str, Tensor]:
    """``generated`` (N, 3, scale * H, scale * W), in the generator's own range."""
    return dict(generated=model.generator(image))


def replace_network(model: Any, run: Callable[[Tensor], dict[str, Tensor]]) -> None:
    """Let the generator be ``run(image)``."""
    model.generator.forward = lambda image: run(image)['generated']


def draw_sample(item: dict) -> np.ndarray:
    """The small image, its pixels enlarged, beside the large one."""
    import cv2
    import numpy as np
    small, large = (np.asarray(part).transpose(1, 2, 0) for part in (item['inputs'], item['data_samples'].gt_img))
    return np.hstack([cv2.resize(small, large.shape[1::-1], interpolation=cv2.INTER_NEAREST), large])


def make_cat(folder: Path) -> list[Path]:
    """Write a part of scikit-image's ``chelsea``, which its photographer, Stefan van der Walt, made CC0."""
    from skimage.data import chelsea
    return [_write(chelsea()[60:156, 100:244], folder / 'cat.png')]


def make_rocket(folder: Path) -> list[Path]:
    """Write a part of scikit-image's ``rocket``, which SpaceX released into the public domain."""
    from skimage.data import rocket
    return [_write(rocket()[100:268, 260:428], folder / 'rocket.png')]


def _write(image: np.ndarray, path: Path) -> Path:
    import cv2
    cv2.imwrite(str(path), image[..., ::-1])
    return path


TASK = Task(
    name='upscale',
    title='Upscale an image',
    summary='enlarge images',
    inputs=dict(INPUT='images'),
    suffixes=IMAGES,
    options=(Option('tile', 'side of a tile in pixels of the input, by default that of the config; less needs less memory',
                    None, int, 'SIDE', page=(0, 512, 32), positive=True), ),
    inferencer='mmsight.projects.super_resolution.inferencer:UpscaleInferencer',
    show=show,
    usage='photo.jpg',
    reads=('Pictures', 'Rasters'),
    needs=('mmagic', ),
    install="pip install 'mmsight[edit]' && pip install --no-deps mmagic==1.2.0",
    toy_model='super_resolution_toy',
    examples=(Example('Photograph of a cat (CC0, scikit-image)', make_cat),
              Example('Photograph of a rocket (public domain, scikit-image)', make_rocket)),
    export=Export(export),
    network=Network(generated, replace_network),
    draw_sample=draw_sample)
