"""Find the CT series among the DICOM files of a folder, and read one as a volume."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydicom.uid import MediaStorageDirectoryStorage

from mmsight.errors import InputError
from mmsight.memory import check_memory
from mmsight.reading import check_regular, reading

from .dicom_decoders import DECODER_DEPENDENCIES, PLUGIN
from .dicom_headers import CT, SUFFIXES, Header, Slice, check_pixels, open_dicom, read_header
from .volume import Volume, to_lps


class Series(NamedTuple):
    """A CT series.

    Attributes:
        source (Path): Folder or file in which it was found, as the user named it.
        name (str): What the names of its results begin with.
        uid (str): SeriesInstanceUID.
        number (str): SeriesNumber, which is not always there.
        description (str): SeriesDescription.
        slices (tuple[Slice, ...]): In the order of the files' names.
        left_out (tuple[str, ...]): Files beside it that are no slices of a CT, each with what it is.
    """

    source: Path
    name: str
    uid: str
    number: str
    description: str
    slices: tuple[Slice, ...]
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        return str(self.source) if self.name == _name(self.source) else f'{self.source} (series {self.number or self.uid})'


def is_dicom(path: Path) -> bool:
    """Whether a file says that it is DICOM: by its ending, or by the mark of the file format; InputError if it is no file."""
    if path.suffix.lower() in SUFFIXES:
        return True
    check_regular(path)
    try:
        with path.open('rb') as file:
            return file.read(132)[128:] == b'DICM'
    except OSError:
        return False


def choose_series(source: Path, wanted: Sequence[str] = (), files: Sequence[Path] | None = None) -> list[Series]:
    """The series of :func:`find_series` that are meant: the only one, or those that are ``wanted``.

    Args:
        source (Path): See :func:`find_series`.
        wanted (Sequence[str]): Their SeriesNumber or SeriesInstanceUID, or ``'all'``.
        files (Sequence[Path], optional): See :func:`find_series`.

    Raises:
        InputError: If there is no CT, or it is not clear which series is meant; the sentence lists them.
    """
    found = find_series(source, files)
    if 'all' in wanted or not wanted and len(found) == 1:
        return found
    chosen = [series for series in found if {series.number, series.uid} & set(wanted)]
    if not chosen:
        listed = '; '.join(f'{series.number or "without number"}, "{series.description}", {len(series.slices)} slices, '
                           f'{series.uid}' for series in found)
        number = '1 CT series is' if len(found) == 1 else f'{len(found)} CT series are'
        raise InputError(f'{source}: {number} here: choose by number or UID with `--series`, or all with `--series all`: '
                         f'{listed}')
    return chosen


def find_series(source: Path, files: Sequence[Path] | None = None) -> list[Series]:
    """The CT series of a folder and of those below it, by number.

    Args:
        source (Path): The folder, or one file.
        files (Sequence[Path], optional): Only these.

    Raises:
        InputError: If a DICOM file is damaged, or there is no CT.
    """
    if files is None:
        files = [source] if source.is_file() else sorted(path for path in source.rglob('*') if path.is_file() and not any(
            part.startswith('.') for part in path.relative_to(source).parts))
    slices: dict[str, list[Slice]] = defaultdict(list)
    said: dict[str, tuple[str, str]] = {}
    others: list[tuple[Path, str]] = []
    for path in files:
        header = _header(path)
        if header is None or header.kind not in CT:
            if header is None or header.kind != MediaStorageDirectoryStorage:
                others.append((path, 'not DICOM' if header is None else header.kind.name.removesuffix(' Storage')))
            continue
        said.setdefault(header.series, (header.number, header.description))
        for part in header.slices:
            if part.localizer:
                others.append((path, 'a localizer'))
            else:
                slices[header.series].append(part)
    if not any(slices.values()):
        kinds = ', '.join(f'{count} {kind}' for kind, count in Counter(kind for _, kind in others).items())
        raise InputError(f"{source}: there is no CT{f'; the files are: {kinds}' if kinds else ', and no DICOM file'}")
    order = sorted((uid for uid in slices if slices[uid]), key=lambda uid: (len(said[uid][0]), said[uid][0], uid))
    numbers = [said[uid][0] for uid in order]
    endings = numbers if all(numbers) and len(set(numbers)) == len(numbers) else [str(i + 1) for i in range(len(order))]
    found = []
    for uid, ending in zip(order, endings, strict=True):
        folders = {part.file.parent for part in slices[uid]}
        found.append(Series(source, _name(source) if len(order) == 1 else f'{_name(source)}_{ending}', uid, *said[uid],
                            tuple(slices[uid]), tuple(dict.fromkeys(f'{path.name} ({kind})' for path, kind in others
                                                                    if path.parent in folders))))
    return found


def _name(source: Path) -> str:
    path = source.resolve()
    return path.stem if path.is_file() and path.suffix.lower() in SUFFIXES else path.name


def _header(path: Path) -> Header | None:
    """None of a file that neither is DICOM nor claims to be."""
    try:
        with reading(path, 'DICOM'):
            header = read_header(path)
    except InputError:
        if is_dicom(path):
            raise
        return None
    if header is None and path.suffix.lower() in SUFFIXES:
        raise InputError(f'{path}: the file is damaged, or not DICOM')
    return header


def read_series(series: Series, scratch: Path | None = None) -> Volume:
    """Read a series, sorted by position; its values go into the folder ``scratch``, if it is given.

    Raises:
        InputError: If a slice has no place, several stacks are mixed, or slices are missing, doubled or differ in geometry.
    """
    slices, left_out = _same_stack(series)
    left_out = [*series.left_out, *left_out]
    axes, spacing = np.array(slices[0].axes).reshape(2, 3), slices[0].spacing
    normal = np.cross(*axes)
    slices = sorted(slices, key=lambda part: float(np.dot(part.position, normal)))
    step = _step(series, slices, normal)
    affine = np.eye(4)
    affine[:3] = np.column_stack([axes[0] * spacing[1], axes[1] * spacing[0], step, slices[0].position])
    affine[:2] *= -1  # DICOM counts towards left and posterior, NIfTI towards right and anterior
    path = Path(str(series))
    data = to_lps(_read_pixels(slices, scratch).transpose(2, 1, 0), affine, path)
    return Volume(path, data, 1.0, 0.0, affine, slices=tuple(slices), warnings=tuple(_remarks(series, slices, left_out)))


def _same_stack(series: Series) -> tuple[list[Slice], list[str]]:
    """The slices that lie in parallel, and what was left out: copies, and scouts that do not say that they are."""
    left_out, parts, seen = [], [], set()
    for part in series.slices:
        for name, value, count in (('ImagePositionPatient', part.position, 3), ('ImageOrientationPatient', part.axes, 6),
                                   ('PixelSpacing', part.spacing, 2)):
            if len(value) != count or not np.isfinite(value).all():
                raise InputError(f'{part.file}: the slice has no {name} of {count} numbers, so that its place is unknown')
        if min(part.spacing) <= 0:
            raise InputError(f'{part.file}: PixelSpacing must be positive, found {part.spacing}: the file is damaged')
        key = part.instance or part.file, part.frame, part.position
        if key in seen:
            left_out.append(f'{part.file.name} (a copy)')
        else:
            parts.append(part)
        seen.add(key)
    axes = np.array([part.axes for part in parts])
    same = np.abs(axes - np.median(axes, axis=0)).max(axis=1) < 1e-3
    if 2 * same.sum() <= len(parts):
        raise InputError(f'{series}: slices of several orientations are mixed, and none is that of most')
    left_out += [f'{part.file.name} (another orientation)' for part, kept in zip(parts, same, strict=True) if not kept]
    parts = [part for part, kept in zip(parts, same, strict=True) if kept]
    usual = Counter((part.size, part.spacing) for part in parts).most_common(1)[0][0]
    for part in parts:
        if part.size != usual[0] or not np.allclose(part.spacing, usual[1], rtol=1e-4):
            raise InputError(f'{part.file}: the slice has {part.size[0]} x {part.size[1]} pixels of {part.spacing} mm, and '
                             f'most of its series have {usual[0][0]} x {usual[0][1]} of {usual[1]} mm')
    return parts, left_out


def _step(series: Series, slices: Sequence[Slice], normal: np.ndarray) -> np.ndarray:
    """The vector in mm from a slice to the next one, in DICOM's coordinates."""
    if len(slices) == 1:
        if not slices[0].thickness:
            raise InputError(f'{series}: the series has one slice without SliceThickness')
        return normal * slices[0].thickness
    places = np.array([part.position for part in slices])
    gaps = np.diff(places @ normal)
    usual = float(np.median(gaps[gaps > 1e-3])) if (gaps > 1e-3).any() else 0.0
    worst = int(np.abs(gaps - usual).argmax())
    pair = [f'{part.file.name}{f" frame {part.frame}" if part.frame else ""}' for part in slices[worst:worst + 2]]
    if gaps.min() < 0.25 * usual or not usual:
        pair = [part.file.name for part in slices[int(gaps.argmin()):int(gaps.argmin()) + 2]]
        phases = sorted({part.acquisition for part in slices})
        hint = f" (its acquisitions are {', '.join(phases)}: give each a folder of its own)" if len(phases) > 1 else ''
        raise InputError(f'{series}: two slices lie {gaps.min():.2f} mm apart, {pair[0]} and {pair[1]}: a slice is present '
                         f'twice, or several phases are one series{hint}')
    if abs(gaps[worst] - usual) > 0.25 * usual:
        count = gaps[worst] / usual - 1
        missing = 'a slice is missing' if round(count) == 1 else f'{count:.0f} slices are missing'
        reason = missing if count > 0.5 and abs(count - round(count)) < 0.1 else 'slices are not evenly spaced'
        raise InputError(f'{series}: {reason}: {gaps[worst]:.2f} mm between {pair[0]} and {pair[1]}, {usual:.2f} mm elsewhere')
    step = (places[-1] - places[0]) / (len(places) - 1)
    aside = places - places[0] - np.arange(len(places))[:, None] * step
    aside -= (aside @ normal)[:, None] * normal
    worst = int(np.linalg.norm(aside, axis=1).argmax())
    if np.linalg.norm(aside[worst]) > max(slices[0].spacing):
        raise InputError(f'{slices[worst].file}: the slice lies {np.linalg.norm(aside[worst]):.2f} mm beside the line through '
                         'the first and the last slice of its series')
    return step


def _read_pixels(slices: Sequence[Slice], scratch: Path | None) -> np.ndarray:
    """HU of the slices, int16 (slices, H, W)."""
    shape = len(slices), *slices[0].size
    if scratch is None:
        check_memory(slices[0].file.parent, 2 * np.prod(shape, dtype=float), f'a volume of {shape}')
        hu = np.empty(shape, np.int16)
    else:
        hu = np.lib.format.open_memmap(scratch / 'series.npy', 'w+', np.int16, shape)
    by_file: dict[Path, list[int]] = defaultdict(list)
    for index, part in enumerate(slices):
        by_file[part.file].append(index)
    for path, indices in by_file.items():
        frames = _decode(path)
        for index in indices:
            part = slices[index]
            if part.frame >= len(frames) or frames.shape[1:] != part.size:
                raise InputError(f'{path}: the pixels are {frames.shape}, and {part.size} is expected in frame {part.frame}')
            slope, intercept = 1 if part.slope is None else part.slope, part.intercept or 0
            hu[index] = np.rint(frames[part.frame] * float(slope) + intercept).clip(-32768, 32767)
    return hu


def _decode(path: Path) -> np.ndarray:
    """Stored values (frames, H, W)."""
    with reading(path, 'DICOM whose pixels can be decoded'):
        header = open_dicom(path)
        if header is None:
            raise InputError(f'{path}: the file is damaged, or not DICOM')
        check_pixels(path, header)
        if header.file_meta.TransferSyntaxUID in DECODER_DEPENDENCIES:
            header.pixel_array_options(decoding_plugin=PLUGIN)
        pixels = header.pixel_array
    return pixels if 'NumberOfFrames' in header and pixels.ndim == 3 else pixels[None]


def _remarks(series: Series, slices: Sequence[Slice], left_out: Sequence[str]) -> list[str]:
    found = []
    if left_out:
        shown = ', '.join(left_out[:5]) + (f' and {len(left_out) - 5} more' if len(left_out) > 5 else '')
        found.append(f'{series}: left out, because they are no slices of the CT: {shown}')
    if any(part.slope is None or part.intercept is None for part in slices):
        found.append(f'{series}: RescaleSlope or RescaleIntercept is absent, and stored values were taken for HU')
    if units := sorted({part.unit for part in slices} - {'HU', 'US'}):
        found.append(f"{series}: RescaleType says that the values are {', '.join(units)}, not HU")
    return found
