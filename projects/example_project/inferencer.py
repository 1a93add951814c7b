"""Change the tones of images with a fitted line."""

from pathlib import Path

import numpy as np
import torch

from mmsight.apis.base_inferencer import FileInferencer, write_picture
from mmsight.images import scale_to_8_bits
from mmsight.pictures import read_image

from .task import TASK


class ToneInferencer(FileInferencer):
    """Images in, grey images of 8 bits out. It writes ``<name>_tone.png``."""

    task = TASK
    forward_kwargs = {'strength'}

    def result_paths(self, file: Path, folder: Path) -> dict[str, Path]:
        return dict(image=folder / f'{file.stem}_tone.png')

    def preprocess(self, source: Path, out_dir: Path | None) -> tuple[Path, np.ndarray]:
        """The grey values (H, W) of an image in [0, 1]."""
        image = read_image(source)
        grey = image if image.ndim == 2 else image[..., :3].mean(axis=2)
        return source, grey / np.iinfo(image.dtype).max

    @torch.no_grad()
    def forward(self, data: tuple[Path, np.ndarray], *, strength: float) -> np.ndarray:
        """The changed values (H, W)."""
        grey = torch.from_numpy(data[1]).float()
        return torch.lerp(grey, self.model(grey), strength).numpy()

    def visualize(self, data: tuple[Path, np.ndarray], prediction: np.ndarray) -> np.ndarray:
        """The result, three equal channels."""
        return np.repeat(scale_to_8_bits(prediction, 0, 1)[..., None], 3, axis=2)

    def postprocess(self, data: tuple[Path, np.ndarray], prediction: np.ndarray, picture: np.ndarray | None,
                    return_datasamples: bool, out_dir: Path | None) -> dict | np.ndarray:
        """Write the file."""
        grey, path = scale_to_8_bits(prediction, 0, 1), None
        if out_dir is not None:
            path = self.result_paths(data[0], out_dir)['image']
            write_picture(grey, path)
        found = dict(source=str(data[0]), file=path and str(path), mean=round(float(grey.mean()), 2))
        return prediction if return_datasamples else found
