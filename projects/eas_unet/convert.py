"""Slice CT volumes once into the cache that training and testing read."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mmsight.errors import InputError
from mmsight.files import make_folder

from .cache import ORIENTATION, pack, read_index, write_case, write_index
from .cases import Case, read_case


def convert_case(case: Case, folder: Path) -> tuple[dict, str | None]:
    """Write one case into the cache.

    Returns:
        tuple: Its entry of the index (see :func:`.cache.read_index`), and a warning about its spacing or None.
    """
    volume, labels = read_case(case)
    packed = np.empty(labels.shape, np.uint16)
    for start in range(0, len(packed), 32):  # a few slices at a time: HU are floats
        part = slice(start, start + 32)
        packed[part] = pack(volume.hu(start, start + 32), labels[part])
    entry = dict(shape=list(packed.shape), spacing=list(volume.spacing), orientation=ORIENTATION,
                 source_affine=volume.affine.tolist(), source_sha256=case.digest(),
                 sha256=write_case(folder, case.name, packed),
                 liver_share=[round(float(share), 6) for share in (labels > 0).mean(axis=(1, 2))])
    return entry, volume.spacing_warning


def convert(cases: Sequence[Case], folder: Path, report: Callable[[str], None] = print) -> list[str]:
    """Write the cases and ``index.json``; cases that are there already, from the same files, are left as they are.

    Args:
        cases (Sequence[Case]): What to convert.
        folder (Path): The cache.
        report (Callable): Takes a line for each case.

    Returns:
        list[str]: A sentence for each case that could not be converted, and is not in the index.
    """
    make_folder(folder)
    index = read_index(folder) if (folder / 'index.json').is_file() else {}
    faults = []
    for number, case in enumerate(cases, 1):
        place = f'[{number}/{len(cases)}] {case.name}'
        if index.get(case.name, {}).get('source_sha256') == case.digest() and (folder / f'{case.name}.npy').is_file():
            report(f'{place}: is there already')
            continue
        try:
            index[case.name], warning = convert_case(case, folder)
        except InputError as error:
            faults.append(str(error))
            index.pop(case.name, None)
            report(f'{place}: error: {error}')
        else:
            shape, spacing = index[case.name]['shape'], index[case.name]['spacing'][::-1]
            report(f"{place}: {shape[0]} slices of {shape[2]} x {shape[1]}, {' x '.join(f'{size:.3g}' for size in spacing)} mm")
            if warning:
                report(f'warning: {warning}')
        write_index(folder, index)
    return faults
