"""The one place through which training and inference read a CT."""

from collections.abc import Sequence
from pathlib import Path

from mmsight.errors import InputError

from .dicom import Series, choose_series, is_dicom, read_series
from .nifti import read_nifti
from .volume import Volume, check_volume


def read_volume(source: str | Path | Series, rescale: tuple[float, float] | None = None, series: Sequence[str] = (),
                scratch: Path | None = None) -> Volume:
    """Read a CT: a NIfTI file, a DICOM series, or a folder or enhanced file that holds one.

    Args:
        source (str | Path | Series): What to read.
        rescale (tuple[float, float], optional): See :func:`.volume.check_volume`.
        series (Sequence[str]): See :func:`.dicom.choose_series`.
        scratch (Path, optional): A folder for the values, so that they need no memory.

    Raises:
        InputError: If it cannot be read, is no single volume, has no geometry, is constant, or not finite amidst the scan.
    """
    if not isinstance(source, Series):
        path = Path(source)
        if not path.is_dir() and not is_dicom(path):
            return check_volume(read_nifti(path, scratch), rescale)
        found = choose_series(path, series)
        if len(found) > 1:
            raise InputError(f'{path}: {len(found)} series are chosen, and one volume is read')
        source = found[0]
    return check_volume(read_series(source, scratch), rescale)


def parse_rescale(text: str | None) -> tuple[float, float] | None:
    """``'SLOPE:INTERCEPT'`` as two numbers.

    Raises:
        InputError: If it is something else.
    """
    if text is None:
        return None
    try:
        slope, intercept = map(float, text.split(':'))
        if slope == 0 or not abs(slope) + abs(intercept) < float('inf'):
            raise ValueError
    except ValueError:
        raise InputError(f'--rescale {text}: SLOPE:INTERCEPT is expected, two numbers of which the first is not 0, e.g. '
                         '1:-1024 for HU = value - 1024') from None
    return slope, intercept
