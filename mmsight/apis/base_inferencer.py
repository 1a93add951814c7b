"""What the inferencers share: which model, which files, one file after the other."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.device import get_device
from mmengine.infer import BaseInferencer
from mmengine.visualization import Visualizer
from torch import nn

from mmsight.engine.load_model import build_model, find_model
from mmsight.errors import InputError
from mmsight.files import IMAGES, complete_file, list_files, make_folder


class FileInferencer(BaseInferencer):
    """mmengine's inferencer over files: one after the other, each written before the next is read.

    Under ``torchrun`` each process takes its share of the files.

    Args:
        model (str): Name or path of a config, or a checkpoint, which holds its config.
        weights (str, optional): Path of a checkpoint; see :func:`mmsight.engine.load_model.find_model`.
        device (str, optional): e.g. ``'cuda:1'``. Defaults to the best that is there.
        show_progress (bool): Show progress bars. Defaults to True.
        trust (bool): See :func:`mmsight.engine.load_model.find_model`. Defaults to False.

    Raises:
        InputError: If the config or the checkpoint cannot be used.
    """

    suffixes: Sequence[str] = IMAGES
    """Endings of the files taken from a folder."""

    def __init__(self, model: str, weights: str | None = None, device: str | None = None, show_progress: bool = True,
                 trust: bool = False) -> None:
        cfg, checkpoint = find_model(model, weights, trust)
        self.checkpoint = checkpoint
        super().__init__(cfg, checkpoint, device or get_device(), cfg.default_scope, show_progress)

    def _init_model(self, cfg: Config, weights: str, device: str = 'cpu') -> nn.Module:
        return build_model(cfg, weights, device)

    def _init_collate(self, cfg: Config) -> Callable:
        return pseudo_collate

    def _init_pipeline(self, cfg: Config) -> Callable | None:
        return None

    def _init_visualizer(self, cfg: Config) -> None:
        return None

    def __call__(self, inputs: str | Path | Sequence[str | Path], return_datasamples: bool = False, batch_size: int = 1,
                 out_dir: str | Path | None = None, **kwargs: Any) -> dict:
        """Predict.

        Args:
            inputs (str | Path | Sequence): Files, folders, patterns.
            return_datasamples (bool): Return data samples instead of dictionaries. Defaults to False.
            batch_size (int): What goes through the network at once: slices or tiles. Defaults to 1.
            out_dir (str | Path, optional): Write the results there. None writes nothing.
            **kwargs: For :meth:`preprocess`, :meth:`forward`, :meth:`visualize` and :meth:`postprocess`; their names are in
                ``preprocess_kwargs`` and so on. All take ``show`` (open a window with the picture) and ``return_vis``.

        Returns:
            dict: ``predictions``, one an input, and ``visualization``, pictures uint8 RGB (H, W, 3) if ``return_vis``.

        Raises:
            InputError: If an input cannot be used or a result cannot be written.
        """
        if batch_size < 1:
            raise InputError(f'the batch size must be at least 1, found {batch_size}')
        show, return_vis = kwargs.pop('show', False), kwargs.pop('return_vis', False)
        preprocess, forward, visualize, postprocess = self._dispatch_kwargs(**kwargs)
        files = self._inputs_to_list(inputs)
        folder = None if out_dir is None else make_folder(out_dir)
        results: dict[str, list] = dict(predictions=[], visualization=[])
        for number, file in enumerate(files, 1):
            self.say(f'[{number}/{len(files)}] {file}')
            data = self.preprocess(file, out_dir=folder, **preprocess)
            prediction = self.forward(data, batch_size=batch_size, **forward)
            picture = self.visualize(data, prediction, **visualize) if show or return_vis or folder else None
            if show:
                Visualizer().show(picture, win_name=str(file))
            made = self.postprocess(data, prediction, picture, return_datasamples, folder, **postprocess)
            results['predictions'].append(made)
            if return_vis:
                results['visualization'].append(picture)
        return results

    def _inputs_to_list(self, inputs: Any) -> list:
        """What this process predicts: all, or its share under ``torchrun``."""
        files = self.list_inputs([inputs] if isinstance(inputs, (str, Path)) else inputs)
        names: dict[str, Any] = {}
        for file in files:
            if (other := names.setdefault(self.name_of(file), file)) != file:
                raise InputError(f'{file} and {other} have the same name, and so would their results: rename one, or use '
                                 'another --out-dir for each')
        return files[int(os.environ.get('RANK', 0))::int(os.environ.get('WORLD_SIZE', 1))]

    def list_inputs(self, inputs: Sequence) -> list:
        """What the user means, one item a prediction: files, unless a subclass takes something else."""
        return list_files(inputs, self.suffixes)

    @staticmethod
    def name_of(path: Any) -> str:
        """What the names of a file's results begin with."""
        return path.stem

    def say(self, text: str) -> None:
        """Print a line unless progress is off."""
        if self.show_progress:
            print(text, flush=True)


def write_picture(picture: np.ndarray, path: Path) -> None:
    """Write an RGB or grey picture, whole or not at all."""
    stored = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.ndim == 3 else picture
    encoded = cv2.imencode(path.suffix, stored)[1]
    with complete_file(path) as scratch:
        scratch.write_bytes(encoded.tobytes())
