"""Slice CT volumes once into the cache that training and testing read."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mmsight.errors import InputError
from mmsight.files import make_folder, remove_leftovers

from .cache import ORIENTATION, pack, read_index, write_case, write_index
from .cases import Case, read_case


def convert_case(case: Case, folder: Path, rescale: tuple[float, float] | None = None) -> tuple[dict, tuple[str, ...]]:
    """Write one case into the cache.

    Returns:
        tuple: Its entry of the index (see :func:`.cache.read_index`), and what to warn of.
    """
    volume, labels = read_case(case, rescale)
    packed = np.empty(labels.shape, np.uint16)
    for start in range(0, len(packed), 32):  # a few slices at a time: HU are floats
        part = slice(start, start + 32)
        packed[part] = pack(volume.hu(start, start + 32), labels[part])
    entry = dict(shape=list(packed.shape), spacing=list(volume.spacing), orientation=ORIENTATION,
                 source_affine=volume.affine.tolist(), source_sha256=case.digest(), rescale=rescale,
                 sha256=write_case(folder, case.name, packed),
                 liver_share=[round(float(share), 6) for share in (labels > 0).mean(axis=(1, 2))])
    return entry, volume.warnings


def convert(cases: Sequence[Case], folder: Path, report: Callable[[str], None] = print,
            rescale: tuple[float, float] | None = None) -> list[str]:
    """Write the cases and ``index.json``; cases that are there already, read alike from the same files, are left as they are.

    Args:
        cases (Sequence[Case]): What to convert.
        folder (Path): The cache.
        report (Callable): Takes a line for each case.
        rescale (tuple[float, float], optional): See :func:`.volume.check_volume`.

    Returns:
        list[str]: A sentence for each case that could not be converted, and is not in the index.
    """
    make_folder(folder)
    remove_leftovers(folder)
    index = read_index(folder) if (folder / 'index.json').is_file() else {}
    faults = []
    for number, case in enumerate(cases, 1):
        place = f'[{number}/{len(cases)}] {case.name}'
        known = index.get(case.name, {})
        if (known.get('source_sha256') == case.digest() and known.get('rescale') == (rescale and list(rescale))
                and (folder / f'{case.name}.npy').is_file()):
            report(f'{place}: is there already')
            continue
        try:
            index[case.name], warnings = convert_case(case, folder, rescale)
        except InputError as error:
            faults.append(str(error))
            index.pop(case.name, None)
            report(f'{place}: error: {error}')
        else:
            shape, spacing = index[case.name]['shape'], index[case.name]['spacing'][::-1]
            report(f"{place}: {shape[0]} slices of {shape[2]} x {shape[1]}, {' x '.join(f'{size:.3g}' for size in spacing)} mm")
            for warning in warnings:
                report(f'warning: {warning}')
        write_index(folder, index)
    return faults
