"""JSON as its standard has it: no NaN and no infinity, neither read nor written."""

import json
import math
from pathlib import Path
from typing import Any

from mmsight.files import complete_file
from mmsight.memory import check_memory
from mmsight.reading import read_bytes, reading


def read_json(path: str | Path, finite: bool = True) -> Any:
    """Content of a JSON file, with or without a byte-order mark.

    Args:
        path (str | Path): The file.
        finite (bool): Refuse NaN and infinity. False leaves that to a caller that can say where they stand. Defaults to True.

    Raises:
        InputError: If it cannot be read, is no JSON, or takes more memory than is allowed.
    """
    content = read_bytes(path, 'JSON')
    # a number with its place in a list, a list, an object: what Python makes of a byte or two
    size = len(content) + 40 * content.count(b',') + 90 * content.count(b'[') + 300 * content.count(b'{')
    check_memory(path, size, 'this JSON')
    with reading(path, 'JSON'):
        number = _finite_number if finite else float
        return json.loads(content, parse_float=number, parse_constant=number)


def _finite_number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f'{text} is no finite number')
    return value


def to_json(content: Any, **options: Any) -> str:
    """Content as JSON, null for numbers that are not finite, with a line break at its end; options of ``json.dumps``."""
    return json.dumps(_finite(content), allow_nan=False, **options) + '\n'


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, (list, tuple)) else value


def write_json(path: Path, content: Any, **options: Any) -> None:
    """Write what :func:`to_json` makes of the content, whole or not at all."""
    with complete_file(path) as scratch:
        scratch.write_text(to_json(content, **options))
