"""Matching of two images of different modality."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsight.errors import InputError
from mmsight.files import IMAGES, RASTERS
from mmsight.tasks import Example, Export, Network, Option, Shown, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor


def show(found: dict) -> Shown:
    """Say how well both images match, or why they do not."""
    rows = [[name, found[name]] for name in ('matches', 'inliers', 'log10_false_alarms', 'overlap', 'transform', 'accuracy_px')]
    rows += [[f'residual_px, {name}', value] for name, value in found.get('residual_px', {}).items()]
    rows += [[f'homography, row {i + 1}', '  '.join(f'{value:.6g}' for value in row)]
             for i, row in enumerate(found['homography'] or [])]
    files = found.get('files', {})
    if found['reason']:
        return Shown(f"no reliable homography was found: {found['reason']}", files, found['warnings'], found['notes'], rows,
                     status=2)
    text = (f"{found['inliers']} of {found['matches']} matches agree on a transform ({found['transform']}), whose "
            f"corners are right to about {found['accuracy_px']:.1f} pixels")
    return Shown(text, files, found['warnings'], found['notes'], rows, pictures=('checkerboard', ))


def export(model: Any, image: Tensor) -> dict[str, Tensor]:
    """Dense ``descriptors`` of unit length and the method's maps of scores."""
    if not hasattr(model, 'extract'):
        raise InputError(f'{type(model).__name__} has no extract(images): there is nothing to export')
    return dict(model.extract(image))


def replace_network(model: Any, run: Callable[[Tensor], dict[str, Tensor]]) -> None:
    """Let the model extract by ``run(images)``."""
    model.extract = run


def draw_sample(item: dict) -> np.ndarray:
    """Both images side by side, with lines between places that are the same."""
    import numpy as np

    from .geometry import homography_flow
    from .match_visualization_hook import draw_matches
    images = item['images']
    height, width = images.shape[-2:]
    visible, infrared = ((image if image.max() > 1 else 255 * image).byte().permute(1, 2, 0).numpy() for image in images)
    flow = item['flow'] if 'flow' in item else homography_flow(item['homography'], height, width)
    x, y = (part.ravel() for part in np.meshgrid(np.arange(width // 8, width, width // 4),
                                                 np.arange(height // 8, height, height // 4)))
    ends = np.asarray(flow)[y, x]
    seen = np.isfinite(ends).all(axis=1) & (ends >= 0).all(axis=1) & (ends < (width, height)).all(axis=1)
    return draw_matches(visible, infrared, np.stack([x, y], axis=1)[seen], ends[seen], np.ones(seen.sum(), bool))


def make_bands(folder: Path) -> list[Path]:
    """Write the red light of a retina, and its blue light turned, enlarged and cut.

    The photograph is scikit-image's ``retina``, which its author, Mikael Häggström, made CC0.
    """
    import cv2
    from skimage.data import retina
    paths = [folder / 'red.png', folder / 'blue.png']
    image = cv2.resize(retina(), (700, 700), interpolation=cv2.INTER_AREA)
    turned = cv2.warpAffine(image[..., 2], cv2.getRotationMatrix2D((350, 350), 8, 1.15), (700, 700), flags=cv2.INTER_CUBIC)
    cv2.imwrite(str(paths[0]), image[..., 0])
    cv2.imwrite(str(paths[1]), turned[40:660, 40:660])
    return paths


def make_toy_pair(folder: Path) -> list[Path]:
    """Write a visible image and an infrared one."""
    import cv2
    import numpy as np

    from .toy import make_pair
    paths = [folder / 'visible.png', folder / 'infrared.png']
    for path, image in zip(paths, make_pair(np.random.default_rng(1)), strict=True):
        cv2.imwrite(str(path), image)
    return paths


TASK = Task(
    name='match',
    title='Match two images',
    summary='match two images of different modality, and register the second to the first',
    inputs=dict(FIRST='an image or a raster, e.g. the visible one',
                SECOND='the other image, of any size, which is registered to the first'),
    suffixes=tuple(dict.fromkeys((*IMAGES, *RASTERS))),
    options=(
        Option('keypoints', 'largest number of keypoints per image', 4096, int, 'K', page=(64, 8192, 64), within=(4, math.inf)),
        Option('max_side', 'longer side at which the images are matched; results are at the resolution of the files', 1024, int,
               'PIXELS', positive=True),
        Option('transform', 'similarity, affine or homography; by default the simplest that explains the matches', None, str,
               'KIND', choices=('similarity', 'affine', 'homography')),
        Option('bands', 'number of one band, starting at 1, or three (red, green, blue) with commas, of both rasters; or two '
               'of these, one for each file, `auto` for what the file itself says', None, str, 'BANDS', many=True)),
    inferencer='mmsight.projects.s2net.inferencer:MatchInferencer',
    show=show,
    usage='visible.jpg thermal.jpg',
    reads=('Pictures', 'Rasters'),
    needs=('rasterio', ),
    install="pip install 'mmsight[raster]'",
    toy_model='s2net_toy',
    methods=('SIFT', 'RIFT', 'ORB'),
    default_method='RIFT',
    examples=(Example('Red and blue light of a retina (CC0, scikit-image)', make_bands, ('skimage', )),
              Example('Visible and infrared, drawn by the project', make_toy_pair)),
    export=Export(export, peak=1.0, rgb=True),
    network=Network(export, replace_network),
    draw_sample=draw_sample)
