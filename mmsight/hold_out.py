"""Training images that are held out to choose a checkpoint and a score threshold, so that test images choose nothing."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from mmsight.errors import InputError


def hold_out(train: Mapping[str, Path], test: Mapping[str, Path], count: int) -> tuple[list[str], list[str]]:
    """Part the images of a training set.

    Images are ranked by a hash of their id, so that the choice is the same on every machine. One that is stored under two ids
    is not held out, and one that is byte-identical to a test image is used for neither.

    Args:
        train (Mapping[str, Path]): Id to image file.
        test (Mapping[str, Path]): Likewise, of the test set.
        count (int): Images to hold out.

    Returns:
        tuple[list[str], list[str]]: Ids to train on and ids held out, sorted.

    Raises:
        InputError: If fewer than ``count`` images can be held out, or none would be left.
    """
    content = {name: hashlib.sha256(path.read_bytes()).digest() for name, path in train.items()}
    tested = {hashlib.sha256(path.read_bytes()).digest() for path in test.values()}
    copies = Counter(content.values())
    usable = [name for name in train if content[name] not in tested]
    single = [name for name in usable if copies[content[name]] == 1]
    if not 0 < count <= len(single) or count >= len(usable):
        raise InputError(f'{count} images cannot be held out of {len(train)}, of which {len(single)} are stored once and are '
                         'no test images')
    held = set(sorted(single, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:count])
    return sorted(name for name in usable if name not in held), sorted(held)
