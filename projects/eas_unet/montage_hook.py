"""One picture a case: slices with liver, truth green and prediction red."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmsight.registry import HOOKS

from .drawing import draw_contours, spread, tile
from .loading import display_slice


@HOOKS.register_module()
class CaseMontageHook(Hook):
    """In tests with ``--show-dir``, write ``<case>.png`` for each case, as soon as its last slice is predicted.

    Args:
        draw (bool): Whether to draw; ``--show-dir`` sets it. Defaults to False.
        test_out_dir (str): Folder of the pictures, below the run's log folder if relative.
        slices (int): Most slices a picture, evenly spread over those with liver in truth or prediction. Defaults to 12.
    """

    def __init__(self, draw: bool = False, test_out_dir: str = 'pictures', slices: int = 12) -> None:
        self.draw, self.test_out_dir, self.slices = draw, test_out_dir, slices
        self._case: str | None = None
        self._masks: list[tuple[str, int, int, np.ndarray, np.ndarray]] = []

    @master_only
    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                        outputs: Sequence | None = None) -> None:
        """Collect the slices that show liver."""
        for sample in outputs or () if self.draw else ():
            if sample.case != self._case:
                self._flush(runner)
                self._case = sample.case
            truth, predicted = ((getattr(sample, key).data == 1).cpu().numpy() for key in ('gt_sem_seg', 'pred_sem_seg'))
            self._masks += [(sample.img_path, sample.slice_index + i, sample.get('quarter_turns', 0), truth[i], predicted[i])
                            for i in np.flatnonzero((truth | predicted).any(axis=(1, 2)))]

    @master_only
    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Draw the last case."""
        self._flush(runner)

    def _flush(self, runner: Runner) -> None:
        if self._masks:
            folder = Path(runner.log_dir) / self.test_out_dir
            folder.mkdir(parents=True, exist_ok=True)
            pictures = [draw_contours(display_slice(path, index, turns), truth, predicted)
                        for path, index, turns, truth, predicted in spread(self._masks, self.slices)]
            cv2.imwrite(str(folder / f'{self._case}.png'), cv2.cvtColor(tile(pictures), cv2.COLOR_RGB2BGR))
        self._masks, self._case = [], None
