"""What the inferencers share: which model, which files, one file after the other."""

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
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

from mmsight.apis.batch import BatchError, check_outputs, place_results, share_of, wait_for_others
from mmsight.apis.finished import InputRecord, describe
from mmsight.box import list_models
from mmsight.engine.load_model import build_model, find_model
from mmsight.engine.runtime import check_runtime, use_runtime
from mmsight.errors import InputError, OutputError
from mmsight.files import complete_file, list_files, make_folder, remove_leftovers
from mmsight.images import count_pixels
from mmsight.tasks import Task


class FileInferencer(BaseInferencer):
    """mmengine's inferencer over files: one after the other, each written before the next is read.

    Options, inputs and names of results are checked before the first of them. An input that fails does not keep the others from
    being done. A run that was killed, or of which an input failed, goes on when it is given again: what is finished is
    skipped, see :mod:`mmsight.apis.finished`. Inputs of one name keep their folders, see
    :func:`mmsight.apis.batch.place_results`.

    Under ``torchrun`` each process checks all files, takes its share of them, and waits for the others at the end. A subclass
    takes the options that its task declares: their names are in ``preprocess_kwargs``, ``forward_kwargs`` and
    ``postprocess_kwargs``.

    Args:
        model (str): Name of a model in the box; name or path of a config; or a checkpoint, which holds its config.
        weights (str, optional): Path of a checkpoint; see :func:`mmsight.engine.load_model.find_model`.
        device (str, optional): e.g. ``'cuda:1'``. Defaults to a GPU if there is one.
        show_progress (bool): Show progress bars. Defaults to True.
        trust (bool): See :func:`mmsight.engine.load_model.find_model`. Defaults to False.
        runtime (str): What computes the network, see :mod:`mmsight.engine.runtime`. Defaults to ``'torch'``.

    Raises:
        InputError: If the config, the checkpoint or the runtime cannot be used, or is of another task.
    """

    task: ClassVar[Task]
    """What it does, with its options and their defaults."""
    _runtime = 'torch'
    _used: set[str] | None = None  # None: not called yet

    def __init__(self, model: str, weights: str | None = None, device: str | None = None, show_progress: bool = True,
                 trust: bool = False, runtime: str = 'torch') -> None:
        device = device or get_device()
        check_runtime(runtime, device)
        cfg, checkpoint = find_model(model, weights, trust)
        if cfg.get('task', self.task.name) != self.task.name:
            fitting = [boxed.name for boxed in list_models() if boxed.task == self.task.name] or [self.task.toy_model]
            raise InputError(f"'{model}' is a model of `mmsight {cfg.task}`, and `mmsight {self.task.name}` needs one of its "
                             f"own, e.g. {' or '.join(fitting)}")
        self.checkpoint = checkpoint
        # for another process, which must not look for a newer checkpoint
        self.arguments: dict[str, Any] = dict(model=model, weights=None if cfg.filename == checkpoint else checkpoint,
                                              device=device, trust=trust, runtime=runtime)
        super().__init__(cfg, checkpoint, device, cfg.default_scope, show_progress)
        self._runtime = runtime

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
            BatchError: At the end, if some of several inputs failed: it has their ``failures`` and the ``results`` of the
                others.
            InputError: Before any input is read, if an option is wrong, an input does not exist or a result is there already
                that another call has made; or if the only input cannot be used.
            OutputError: At once, if a result cannot be written.
            ValueError: If the task has no such option.
        """
        options = self.task.complete(options)
        self.check_options(options)
        preprocess, forward, _, postprocess = self._dispatch_kwargs(**options)
        items = self.list_inputs([inputs] if isinstance(inputs, (str, Path)) else inputs)
        folders = self._place_results(items, None if out_dir is None else Path(out_dir))
        # before the records: other processes write each record before the results that belong to it
        existing = {item: next((path for path in self._paths(item, folders) if path.exists()), None) for item in folders}
        records = {item: None if folder is None or return_datasamples else self._record(item, folder, options)
                   for item, folder in folders.items()}
        returned = show or return_vis or return_datasamples
        if not overwrite:
            self._refuse_existing(existing, records, returned)
        for place in {folder for folder in folders.values() if folder is not None}:
            remove_leftovers(place)
        self.use_runtime(self.say)
        results: dict[str, list] = dict(predictions=[], visualization=[])
        failures: dict[str, str] = {}
        share = share_of(items)
        for number, item in enumerate(share, 1):
            record, folder = records[item], folders[item]
            if record and not (overwrite or returned) and self._is_finished(record):
                self.say(f'[{number}/{len(share)}] {item}: finished by an earlier run')
                results['predictions'].append(record.prediction)
                continue
            self.say(f'[{number}/{len(share)}] {item}')
            try:
                if folder is not None:
                    make_folder(folder)
                data = self.preprocess(item, folder, **preprocess)
                prediction = self.forward(data, **forward)
                picture = self.visualize(data, prediction) if show or return_vis or folder else None
                if show:
                    Visualizer().show(picture, win_name=str(item))
                if record:
                    record.write()
                made = self.postprocess(data, prediction, picture, return_datasamples, folder, **postprocess)
                if record:
                    record.write(made)
            except Exception as error:
                if isinstance(error, OutputError) or len(items) == 1:
                    raise
                failures[str(item)] = _sentence(item, error)
                self.say(f'failed: {failures[str(item)]}')
                continue
            results['predictions'].append(made)
            if return_vis:
                results['visualization'].append(picture)
        wait_for_others()
        if failures:
            raise BatchError(failures, results, len(share))
        return results

    def use_runtime(self, say: Callable[[str], None]) -> set[str]:
        """Let the runtime compute the network from now on; the first time takes a while.

        Args:
            say (Callable): Takes a sentence for the user.

        Returns:
            set[str]: Empty, it takes what computes the network, see :func:`mmsight.engine.runtime.use_runtime`.

        Raises:
            InputError: If the model has no network that a runtime could compute.
        """
        if self._used is None:
            self._used = use_runtime(self.cfg, self.model, self._runtime, say)
        self._used.clear()
        return self._used

    def check_options(self, options: dict) -> None:
        """Refuse options, all of them given, that do not fit each other or the model, before any input is read.

        Raises:
            InputError: If they do not.
        """

    def _place_results(self, items: Sequence, root: Path | None) -> dict[Any, Path | None]:
        """The folder of each input's results.

        Raises:
            InputError: If one of their names cannot be used.
            OutputError: If nothing can be written there.
        """
        distinct = list(dict.fromkeys(items))
        if root is None:
            return dict.fromkeys(distinct)
        files = [self.files_of(item) for item in distinct]
        places = place_results(distinct, [self.name_of(item) for item in distinct],
                               [[file.parent for file in parts] for parts in files])
        folders: dict[Any, Path | None] = {item: root / place for item, place in zip(distinct, places, strict=True)}
        check_outputs({path: item for item in distinct for path in self._paths(item, folders)},
                      [file for parts in files for file in parts])
        if not os.access(make_folder(root), os.W_OK | os.X_OK):
            raise OutputError(f'{root}: nothing may be written in this folder: choose another --out-dir')
        return folders

    def _paths(self, item: Any, folders: Mapping[Any, Path | None]) -> list[Path]:
        folder = folders[item]
        return [] if folder is None else list(self.result_paths(item, folder).values())

    def _refuse_existing(self, existing: Mapping[Any, Path | None], records: Mapping[Any, InputRecord | None],
                         returned: bool) -> None:
        """Refuse to replace results that this same call has not made, or has finished where it is to return them."""
        found = []
        for item, path in existing.items():
            record = records[item]
            own = record is not None and record.started and not (returned and self._is_finished(record))
            if path is not None and not own:
                found.append(path)
        if found:
            more = f' (so do results of {len(found) - 1} more inputs)' if len(found) > 1 else ''
            raise InputError(f'{found[0]} exists already: choose another --out-dir, or replace it with --overwrite{more}')

    def _record(self, file: Any, folder: Path, options: dict) -> InputRecord:
        """What earlier runs did with a file. Options that change only time and memory may differ from theirs."""
        chosen = {option.name: describe(options[option.name]) for option in self.task.options if not option.cost}
        facts = [type(self).__name__, describe(self.checkpoint), self.cfg.to_dict(), chosen, describe(file)]
        return InputRecord(folder, f'{self.name_of(file)}.{self.task.name}', facts)

    def _is_finished(self, record: InputRecord) -> bool:
        """Whether a file has its results. Where a part failed, it is tried again."""
        if record.prediction is None:
            return False
        try:
            shown = self.task.show(record.prediction)
        except (LookupError, TypeError):  # of another version of MMSight
            return False
        return shown.status != 1 and record.holds(list(shown.files.values()))

    def result_paths(self, file: Any, folder: Path) -> dict[str, Path]:
        """Every file that may be written of one input, by what it is."""
        raise NotImplementedError

    def list_inputs(self, inputs: Sequence) -> list:
        """What the user means, one item a prediction: files, unless a subclass takes something else."""
        return list_files(inputs, self.task.suffixes)

    def files_of(self, item: Any) -> Sequence[Path]:
        """The files, or folders, that an input consists of."""
        return [item]

    def count_pixels(self, path: Path) -> int:
        """Pixels of a file, or of what is made of it, from its header; 0 if it cannot be read, which its reader will say."""
        return count_pixels(path)

    @staticmethod
    def name_of(path: Any) -> str:
        """What the names of a file's results begin with."""
        return path.stem

    @property
    def computed_by(self) -> list[str]:
        """What computed the network in the last call, of :data:`mmsight.tasks.RUNTIMES`; nothing where there is no network."""
        if self._runtime == 'torch':
            return ['torch'] if isinstance(self.model, nn.Module) else []
        return sorted(self._used or ())

    def say(self, text: str) -> None:
        """Print a line unless progress is off."""
        if self.show_progress:
            print(text, flush=True)


def _sentence(item: Any, error: Exception) -> str:
    """Why an input failed; a fault of ours has its traceback printed."""
    if not isinstance(error, InputError):
        traceback.print_exception(error)
        return f'{item}: {type(error).__name__}: {error} (a fault in MMSight: please report it with the lines above)'
    return str(error) if str(item) in str(error) else f'{item}: {error}'


def write_picture(picture: np.ndarray, path: Path) -> None:
    """Write an RGB or grey picture, whole or not at all."""
    stored = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.ndim == 3 else picture
    encoded = cv2.imencode(path.suffix, stored)[1]
    with complete_file(path) as scratch:
        scratch.write_bytes(encoded.tobytes())
