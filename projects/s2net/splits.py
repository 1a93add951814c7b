"""Fixed splits: the papers publish none, so a list of ids is drawn once and kept as a file."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from mmsight import annotations
from mmsight.errors import InputError

LISTS = Path(__file__).parent / 'splits'
"""The project's own lists: ``roadscene_test.txt`` and ``rgbnir_test.txt``."""


def draw_test_ids(ids: Iterable[str], count: int, seed: int = 0) -> list[str]:
    """``count`` test ids of each scene (what precedes ``/`` in an id), sorted; the same on every machine.

    Ids are ranked by a hash of seed and id, so that pairs which are added or missing elsewhere do not change how others
    compare.
    """
    scenes: dict[str, list[str]] = {}
    for name in ids:
        scenes.setdefault(name.rpartition('/')[0], []).append(name)
    chosen = []
    for scene, names in scenes.items():
        if len(names) < count:
            raise InputError(f"scene '{scene}' has {len(names)} pairs, fewer than the {count} asked for its test split")
        chosen += sorted(names, key=lambda name: hashlib.sha256(f'{seed} {name}'.encode()).hexdigest())[:count]
    return sorted(chosen)


def write_ids(ids: Iterable[str], file: Path) -> str:
    """Write one id a line, and its SHA-256 beside it as ``<file>.sha256``; returns the hash."""
    content = ''.join(f'{name}\n' for name in ids)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    digest = hashlib.sha256(content.encode()).hexdigest()
    file.with_name(f'{file.name}.sha256').write_text(f'{digest}  {file.name}\n')
    return digest


def read_ids(name: str, root: Path) -> list[str]:
    """Ids of a list: a path, or a name below ``root`` or among :data:`LISTS`.

    Raises:
        InputError: If there is no such file, or it is empty.
    """
    for file in (Path(name), root / name, LISTS / name):
        if file.is_file():
            return annotations.read_ids(file)
    raise InputError(f"test_ids: the file '{name}' is neither a path, nor below {root}, nor one of "
                     f"{', '.join(sorted(path.name for path in LISTS.glob('*.txt')))}")
