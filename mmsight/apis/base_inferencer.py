"""What the inferencers share: which model, which files, one file after the other."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.device import get_device
from mmengine.infer import BaseInferencer
from mmengine.visualization import Visualizer
from torch import nn

from mmsight.apis.finished import InputRecord, describe
from mmsight.box import list_models
from mmsight.engine.load_model import build_model, find_model
from mmsight.errors import InputError
from mmsight.files import complete_file, list_files, make_folder, refuse_existing, remove_leftovers
from mmsight.images import count_pixels
from mmsight.tasks import Task


class FileInferencer(BaseInferencer):
    """mmengine's inferencer over files: one after the other, each written before the next is read.

    A run that was killed goes on when it is given again: what is finished is skipped, see :mod:`mmsight.apis.finished`.

    Under ``torchrun`` each process takes its share of the files. A subclass takes the options that its task declares: their
    names are in ``preprocess_kwargs``, ``forward_kwargs`` and ``postprocess_kwargs``.

    Args:
        model (str): Name of a model in the box; name or path of a config; or a checkpoint, which holds its config.
        weights (str, optional): Path of a checkpoint; see :func:`mmsight.engine.load_model.find_model`.
        device (str, optional): e.g. ``'cuda:1'``. Defaults to a GPU if there is one.
        show_progress (bool): Show progress bars. Defaults to True.
        trust (bool): See :func:`mmsight.engine.load_model.find_model`. Defaults to False.

    Raises:
        InputError: If the config or the checkpoint cannot be used, or is of another task.
    """

    task: ClassVar[Task]
    """What it does, with its options and their defaults."""

    def __init__(self, model: str, weights: str | None = None, device: str | None = None, show_progress: bool = True,
                 trust: bool = False) -> None:
        cfg, checkpoint = find_model(model, weights, trust)
        if cfg.get('task', self.task.name) != self.task.name:
            fitting = [boxed.name for boxed in list_models() if boxed.task == self.task.name] or [self.task.toy_model]
            raise InputError(f"'{model}' is a model of `mmsight {cfg.task}`, and `mmsight {self.task.name}` needs one of its "
                             f"own, e.g. {' or '.join(fitting)}")
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

    def __call__(self, inputs: str | Path | Sequence, return_datasamples: bool = False, out_dir: str | Path | None = None,
                 overwrite: bool = False, show: bool = False, return_vis: bool = False, **options: Any) -> dict:
        """Predict.

        Args:
            inputs (str | Path | Sequence): Files, folders, patterns.
            return_datasamples (bool): Return data samples instead of dictionaries. Defaults to False.
            out_dir (str | Path, optional): Write the results there. None writes nothing. Inputs that the same call has finished
                there are skipped, unless pictures or data samples are to be returned.
            overwrite (bool): Replace existing results. Without it, those of another call are an error.
            show (bool): Open a window with each picture.
            return_vis (bool): Return the pictures.
            **options: Those of the task, as ``mmsight <task> --help`` lists them, with ``_`` for ``-``.

        Returns:
            dict: ``predictions``, one an input, and ``visualization``, pictures uint8 RGB (H, W, 3) if ``return_vis``.

        Raises:
            InputError: If an option is wrong, an input cannot be used or a result cannot be written.
            ValueError: If the task has no such option.
        """
        options = self.task.complete(options)
        if options.get('batch_size', 1) < 1:
            raise InputError(f"the batch size must be at least 1, found {options['batch_size']}")
        preprocess, forward, _, postprocess = self._dispatch_kwargs(**options)
        files = self._inputs_to_list(inputs)
        folder = None if out_dir is None else make_folder(out_dir)
        if folder is not None:
            remove_leftovers(folder)
        results: dict[str, list] = dict(predictions=[], visualization=[])
        for number, file in enumerate(files, 1):
            record = None if folder is None or return_datasamples else self._record(file, folder, options)
            if record and not (overwrite or show or return_vis) and self._is_finished(record):
                self.say(f'[{number}/{len(files)}] {file}: finished by an earlier run')
                results['predictions'].append(record.prediction)
                continue
            self.say(f'[{number}/{len(files)}] {file}')
            if folder is not None:
                unfinished = record is not None and record.started and not self._is_finished(record)
                refuse_existing(list(self.result_paths(file, folder).values()), overwrite or unfinished)
            data = self.preprocess(file, folder, **preprocess)
            prediction = self.forward(data, **forward)
            picture = self.visualize(data, prediction) if show or return_vis or folder else None
            if show:
                Visualizer().show(picture, win_name=str(file))
            if record:
                record.write()
            made = self.postprocess(data, prediction, picture, return_datasamples, folder, **postprocess)
            if record:
                record.write(made)
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
                raise InputError(f'{file} and {other} have the same name, so their results would collide: rename one, or use '
                                 'another --out-dir for each')
        return files[int(os.environ.get('RANK', 0))::int(os.environ.get('WORLD_SIZE', 1))]

    def _record(self, file: Any, folder: Path, options: dict) -> InputRecord:
        """What earlier runs did with a file. Options that change only time and memory may differ from theirs."""
        chosen = {option.name: describe(options[option.name]) for option in self.task.options if not option.cost}
        facts = [type(self).__name__, describe(self.checkpoint), self.cfg.to_dict(), chosen, describe(file)]
        return InputRecord(folder, f'{self.name_of(file)}.{self.task.name}', facts)

    def _is_finished(self, record: InputRecord) -> bool:
        """Whether a file has its results. Where a part failed, it is tried again."""
        if record.prediction is None:
            return False
        shown = self.task.show(record.prediction)
        return shown.status != 1 and record.holds(list(shown.files.values()))

    def result_paths(self, file: Any, folder: Path) -> dict[str, Path]:
        """Every file that may be written of one input, by what it is."""
        raise NotImplementedError

    def list_inputs(self, inputs: Sequence) -> list:
        """What the user means, one item a prediction: files, unless a subclass takes something else."""
        return list_files(inputs, self.task.suffixes)

    def count_pixels(self, path: Path) -> int:
        """Pixels of a file, or of what is made of it, from its header; 0 if it cannot be read, which its reader will say."""
        return count_pixels(path)

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
