"""Split files, xml and COCO annotations, with one clear sentence for what cannot be read."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

import defusedxml
import defusedxml.ElementTree

from mmsight.errors import InputError
from mmsight.json_files import read_json
from mmsight.memory import check_memory
from mmsight.reading import read_bytes, reading

LISTS = Path(__file__).parent / 'splits'
"""Lists of ids that come with MMSight: what training images are held out; see :mod:`mmsight.hold_out`."""


def read_text(path: str | Path) -> str:
    """Content of a text file in UTF-8.

    Raises:
        InputError: If it is missing or no text.
    """
    content = read_bytes(path, 'text')
    check_memory(path, 10 * len(content), 'this text')
    try:
        return content.decode('utf-8')
    except UnicodeDecodeError as error:
        raise InputError(f'{path}: the file is not text in UTF-8') from error


def read_fields(path: str | Path) -> Iterator[tuple[str, list[str]]]:
    """Of a text annotation, the fields of each line that is not blank, with file and line number to begin an error."""
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.strip():
            yield f'{path}: line {number}', line.split()


def to_numbers(fields: Sequence[str], where: str) -> list[float]:
    """Fields as numbers; InputError, which begins with ``where``, for one that is none."""
    try:
        return [float(field) for field in fields]
    except ValueError:
        raise InputError(f"{where}: numbers are expected, found '{' '.join(fields)}'") from None


def read_ids(path: str | Path) -> list[str]:
    """Ids of a list, one a line, so that an id may hold spaces; blank lines count for nothing.

    Where the file does not exist, the list of the same name among :data:`LISTS` is read.

    Raises:
        InputError: If the file is missing, no text or empty, or an id is listed twice.
    """
    path = Path(path)
    if not path.is_file() and (LISTS / path.name).is_file():
        path = LISTS / path.name
    if not path.is_file():
        raise InputError(f'{path}: the split file does not exist')
    ids = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if not ids:
        raise InputError(f'{path}: the split is empty')
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        raise InputError(f"{path}: id '{twice[0]}' is listed more than once ({len(twice)} id{'s' * (len(twice) > 1)} in all)")
    return ids


def read_xml(path: str | Path) -> Element:
    """Root element of an xml annotation.

    Raises:
        InputError: If the file is missing or malformed, or declares entities.
    """
    content = read_bytes(path, 'xml')
    check_memory(path, len(content) + 200 * content.count(b'<'), 'this xml')
    with reading(path, 'well-formed xml'):
        try:
            return defusedxml.ElementTree.fromstring(content)
        except defusedxml.DefusedXmlException as error:
            raise InputError(f'{path}: declares entities, which an annotation does not need: refused') from error


def tag_text(path: str | Path, element: Element, tag: str) -> str:
    """Text of ``tag`` below ``element``; InputError, which begins with ``path``, where it is missing or blank."""
    text = element.findtext(tag)
    if text is None or not text.strip():
        raise InputError(f'{path}: <{tag}> is missing in <{element.tag}>')
    return text


def tag_number(path: str | Path, element: Element, tag: str) -> float:
    """Number in ``tag`` below ``element``; InputError as :func:`tag_text`, or where it is none."""
    text = tag_text(path, element, tag)
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{path}: <{tag}> must be a number, found '{text}'") from None


def tag_pixels(path: str | Path, element: Element, tag: str) -> int:
    """Side of an image in ``tag`` below ``element``; InputError as :func:`tag_number` and :func:`to_pixels`."""
    return to_pixels(tag_number(path, element, tag), f'{path}: <{tag}>')


def to_pixels(value: object, where: str) -> int:
    """Side of an image; InputError, which begins with ``where``, if it is no positive whole number of pixels."""
    if not isinstance(value, (int, float)) or not 0 < value < math.inf or value != int(value):
        raise InputError(f'{where} must be a positive whole number of pixels, found {value!r}')
    return int(value)


def read_coco(path: str | Path) -> dict[str, list[dict]]:
    """Content of a COCO json: the lists ``images``, ``annotations`` and ``categories``; boxes are not checked.

    Raises:
        InputError: If it is no json, lacks a list or a key, has no image or a value of the wrong type.
    """
    content = read_json(path, finite=False)
    keys = dict(images=('id', 'file_name', 'width', 'height'), categories=('id', 'name'),
                annotations=('id', 'image_id', 'category_id'))
    for kind in keys:
        if not isinstance(content, dict) or not isinstance(content.get(kind), list):
            raise InputError(f"{path}: the key '{kind}' is missing, or not a list")
    if not content['images']:
        raise InputError(f'{path}: the split is empty')
    for kind, names in keys.items():
        for number, item in enumerate(content[kind]):
            _check_entry(item, names, f"{path}: entry {number} of '{kind}'")
    return content


def _check_entry(item: object, keys: Sequence[str], where: str) -> None:
    """Refuse an entry of a list, for which ``where`` stands, that is no object, lacks a key or has another type there."""
    if not isinstance(item, dict):
        raise InputError(f"{where} must be an object with the keys {', '.join(keys)}, found {item!r}")
    for key in keys:
        if key not in item:
            raise InputError(f"{where} lacks the key '{key}'")
        if key in ('width', 'height'):
            to_pixels(item[key], f"{where}: '{key}'")
        elif key in ('file_name', 'name'):
            if not isinstance(item[key], str):
                raise InputError(f"{where}: '{key}' must be text, found {item[key]!r}")
        elif not isinstance(item[key], (int, str)):  # an id, here or of another list
            raise InputError(f"{where}: '{key}' must be a whole number or text, found {item[key]!r}")
    if item.get('iscrowd', 0) not in (0, 1):
        raise InputError(f"{where}: 'iscrowd' must be 0 or 1, found {item['iscrowd']!r}")
