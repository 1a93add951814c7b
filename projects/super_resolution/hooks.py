"""What one looks at while training: sample grids, and a warning when the discriminator has won."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmsight.errors import InputError
from mmsight.registry import HOOKS

from .metric import compare, enlarge, to_image

CAPTION = 22


def comparison(sample: Any, side: int | None = None) -> np.ndarray:
    """LR (enlarged by nearest), bicubic, SR and HR of one prediction side by side, captioned with PSNR and SSIM in Y.

    Args:
        sample (DataSample): With ``input``, ``gt_img`` and ``output.pred_img``.
        side (int, optional): Show the middle ``side`` x ``side`` pixels; the numbers are always of the whole image.

    Returns:
        np.ndarray: uint8 (CAPTION + H, 4 W, 3), RGB.
    """
    low, target, model = (to_image(value) for value in (sample.input, sample.gt_img, sample.output.pred_img))
    scale = target.shape[0] // low.shape[0]
    columns = {'LR': enlarge(low, 'nearest', scale), 'bicubic': enlarge(low, 'bicubic', scale), 'SR': model, 'HR': target}
    panels = []
    for name, image in columns.items():
        text = name
        if name in ('bicubic', 'SR'):
            found = compare(image, target, scale)
            text += f' {found["PSNR_Y"]:.2f} dB {found["SSIM_Y"]:.3f}'
        if side is not None:
            top, left = (max(length - side, 0) // 2 for length in image.shape[:2])
            image = image[top:top + side, left:left + side]
        strip = np.full((CAPTION, image.shape[1], 3), 255, np.uint8)
        cv2.putText(strip, text, (3, 15), cv2.FONT_HERSHEY_SIMPLEX, min(0.42, image.shape[1] / 420), (0, 0, 0), 1, cv2.LINE_AA)
        panels.append(np.vstack([strip, image]))
    return np.hstack(panels)


def panels_of_grid(grid: np.ndarray) -> np.ndarray:
    """What :class:`SampleGridHook` put together, of images that all fill the squares of its ``side``.

    Args:
        grid (np.ndarray): uint8 (rows * (CAPTION + side), 4 * side, 3).

    Returns:
        np.ndarray: uint8 (rows, 4, side, side, 3): LR, bicubic, SR and HR, without captions.

    Raises:
        InputError: If it is no grid of equal squares.
    """
    height, width = grid.shape[:2]
    side, rest = divmod(width, 4)
    if rest or not side or height % (CAPTION + side):
        raise InputError(f'{width} x {height} pixels are no grid of equal squares: give `side` of mmsight.SampleGridHook at '
                         'most the shorter side of the smallest image')
    return grid.reshape(-1, CAPTION + side, 4, side, 3)[:, CAPTION:].swapaxes(1, 2)


def write_rgb(path: Path, image: np.ndarray) -> None:
    """Write uint8 (H, W, 3) RGB as the file's extension says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


@HOOKS.register_module()
class SampleGridHook(Hook):
    """Write grids of samples, a row (LR, bicubic, SR, HR) each, as the report's appendices show them.

    While training, ``<run>/vis_data/grids/<epoch or iter>_<n>.png`` shows the first validation images; with ``--show-dir``, a
    test writes one picture for each image.

    Args:
        number (int): Rows of a grid.
        interval (int): Draw at validations after a multiple of so many epochs, or iterations in a loop by iterations.
        side (int): Grids show the middle of this many pixels a side.
        draw (bool): Draw tested images; ``--show-dir`` sets it.
        test_out_dir (str, optional): Where to; below the run's folder if relative.
    """

    def __init__(self, number: int = 4, interval: int = 1, side: int = 256, draw: bool = False,
                 test_out_dir: str | None = None) -> None:
        self.number, self.interval, self.side = number, interval, side
        self.draw, self.test_out_dir = draw, test_out_dir
        self.rows: list[np.ndarray] = []

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Collect the first samples."""
        if self._progress(runner)[1] % self.interval == 0:
            self.rows += [comparison(sample, self.side) for sample in outputs[:self.number - len(self.rows)]]

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Write the grid."""
        if self.rows:
            unit, done = self._progress(runner)
            self._write(Path(runner.log_dir) / 'vis_data' / 'grids' / f"{unit}_{done:0{dict(epoch=5, iter=6)[unit]}d}.png")
        self.rows = []

    @staticmethod
    def _progress(runner: Runner) -> tuple[str, int]:
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        return ('epoch', runner.epoch) if by_epoch else ('iter', runner.iter)

    @master_only
    def _write(self, path: Path) -> None:
        width = max(row.shape[1] for row in self.rows)
        rows = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in self.rows]
        write_rgb(path, np.vstack(rows))

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Write a picture for each image."""
        if not self.draw or self.test_out_dir is None:
            return
        folder = Path(runner.log_dir) / self.test_out_dir
        for sample in outputs:
            name = '_'.join(part for part in (sample.set_name, Path(sample.gt_path).stem) if part)
            write_rgb(folder / f'{name}.png', comparison(sample))


@HOOKS.register_module()
class ValidateFirstHook(Hook):
    """Validate before the first step of a training, so that curves and grids of samples begin at epoch 0."""

    def before_train(self, runner: Runner) -> None:
        """Nothing in a training that was resumed."""
        if runner.iter == 0:
            runner.val_loop.run()


@HOOKS.register_module()
class DiscriminatorWatchHook(Hook):
    """Warn when the discriminator has won: its accuracy stays near 1, and the generator learns nothing more from it.

    One warning, and another only after it had lost again. The accuracy is the logged ``discriminator_accuracy``.

    Args:
        threshold (float): Mean accuracy from which on it has won.
        window (int): Steps of that mean, which is looked at as often.
    """

    def __init__(self, threshold: float = 0.98, window: int = 100) -> None:
        self.threshold, self.window = threshold, window
        self.won = False

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None) -> None:
        """Look at the last ``window`` steps."""
        if not self.every_n_train_iters(runner, self.window):
            return
        mean = runner.message_hub.get_scalar('train/discriminator_accuracy').mean(self.window)
        if mean >= self.threshold and not self.won:
            runner.logger.warning(
                f'the discriminator has won: its accuracy was {mean:.3f} over the last {self.window} steps, so that '
                'the generator learns nothing from it; lower optim_wrapper.discriminator.optimizer.lr, set '
                'model.adversarial_loss.real_label=0.9, or raise model.adversarial_loss.loss_weight')
        self.won = bool(mean >= self.threshold)
