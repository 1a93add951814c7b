"""Split files: one id a line, with a SHA-256 beside each, and duplicate images found by content."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mmsight.files import complete_file, make_folder


def split_7_1_2(ids: Iterable[str], seed: int = 0) -> dict[str, list[str]]:
    """Random split of sorted ids into 70 % train, 10 % val and 20 % test; the same on every machine.

    *Deviation*: the paper splits 7:1:2 at random and publishes no ids.
    """
    names = sorted(ids)
    order = np.random.default_rng(seed).permutation(len(names))
    first, second = round(0.7 * len(names)), round(0.8 * len(names))
    parts = dict(train=order[:first], val=order[first:second], test=order[second:])
    return {split: sorted(names[index] for index in part) for split, part in parts.items()}


def split_ssdd(ids: Iterable[str]) -> dict[str, list[str]]:
    """SSDD's official split of 2021: ids that end in 1 or 9 are the test set."""
    names = sorted(ids)
    return dict(train=[name for name in names if name[-1] not in '19'], test=[name for name in names if name[-1] in '19'])


def write_splits(splits: Mapping[str, Sequence[str]], folder: Path) -> dict[str, str]:
    """Write ``<split>.txt`` and ``<split>.txt.sha256`` into ``folder``.

    Returns:
        dict[str, str]: Split to hash of its file.
    """
    make_folder(folder)
    hashes = {}
    for split, ids in splits.items():
        content = ''.join(f'{name}\n' for name in ids)
        hashes[split] = hashlib.sha256(content.encode()).hexdigest()
        for suffix, text in (('.txt', content), ('.txt.sha256', f'{hashes[split]}  {split}.txt\n')):
            with complete_file(folder / f'{split}{suffix}') as scratch:
                scratch.write_text(text)
    return hashes


def duplicate_images(paths: Iterable[Path]) -> list[list[str]]:
    """Groups of ids whose image files are equal byte for byte, sorted."""
    groups = defaultdict(list)
    for path in sorted(paths):
        groups[hashlib.sha256(path.read_bytes()).hexdigest()].append(path.stem)
    return sorted(group for group in groups.values() if len(group) > 1)


def print_duplicates(paths: Iterable[Path], splits: Mapping[str, Sequence[str]]) -> None:
    """Say which images are stored under two ids, and which of these pairs lie across two splits."""
    owner = {name: split for split, ids in splits.items() for name in ids}
    groups = duplicate_images(paths)
    across = [group for group in groups if len({owner[name] for name in group}) > 1]
    print(f'{len(groups)} groups of byte-identical images, {len(across)} of them across splits')
    for group in across:
        print('  ' + ', '.join(f'{name} ({owner[name]})' for name in group))
