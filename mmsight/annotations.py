"""Split files, xml and COCO annotations, with one clear sentence for what cannot be read."""

import codecs
import math
import re
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


_MARKS = ((codecs.BOM_UTF8, 'utf-8-sig'), (codecs.BOM_UTF32_LE, 'utf-32'), (codecs.BOM_UTF32_BE, 'utf-32'),
          (codecs.BOM_UTF16_LE, 'utf-16'), (codecs.BOM_UTF16_BE, 'utf-16'))
_DECLARATION = re.compile(rb'\s*<\?xml\s[^>]*?\bencoding\s*=\s*["\']([\w.:-]+)["\']')
_WIDER = {'gb2312': 'gb18030', 'gbk': 'gb18030'}
"""What programs write that declare the first: its own successor, of which it is a part."""


def read_text(path: str | Path) -> str:
    """Content of a text file in UTF-8, or in UTF-16 or UTF-32 with a byte-order mark, which is left out.

    Raises:
        InputError: If it is missing or no text.
    """
    content = read_bytes(path, 'text')
    check_memory(path, 10 * len(content), 'this text')
    return _decode(path, content, 'utf-8')


def _decode(path: str | Path, content: bytes, encoding: str) -> str:
    """Text of a file in the encoding that its byte-order mark says, or else in ``encoding``."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), encoding)
    try:
        return content.decode(_WIDER.get(encoding.lower(), encoding))
    except LookupError as error:
        raise InputError(f"{path}: the file declares the unknown encoding '{encoding}': convert it to UTF-8") from error
    except UnicodeError as error:
        raise InputError(f'{path}: the file is not text in {encoding.upper()}: convert it to UTF-8') from error


def read_lines(path: str | Path) -> list[str]:
    """Lines of a text file, which may end as on any system; nothing but a line break parts them."""
    return re.split('\r\n|\r|\n', read_text(path))


def read_fields(path: str | Path) -> Iterator[tuple[str, list[str]]]:
    """Of a text annotation, the fields of each line that is not blank, with file and line number to begin an error."""
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            yield f'{path}: line {number}', line.split()


def to_numbers(fields: Sequence[str], where: str) -> list[float]:
    """Fields as numbers; InputError, which begins with ``where``, for one that is none."""
    try:
        return [float(field) for field in fields]
    except ValueError:
        raise InputError(f"{where}: numbers are expected, found '{' '.join(fields)}'") from None


def read_ids(path: str | Path, notes: list[str] | None = None) -> list[str]:
    """Ids of a list, one a line, so that an id may hold spaces; blank lines count for nothing.

    Where every line ends in a flag, as in VOC's lists of a class, the id is what stands before it: ``000001  1`` and
    ``000003  0`` are listed, and ``000002 -1`` is left out. Where the file does not exist, the list of the same name among
    :data:`LISTS` is read.

    Args:
        path (str | Path): The list.
        notes (list[str], optional): Takes a sentence on what was left out.

    Raises:
        InputError: If the file is missing, no text or empty, or an id is listed twice.
    """
    path = Path(path)
    if not path.is_file() and (LISTS / path.name).is_file():
        path = LISTS / path.name
    if not path.is_file():
        raise InputError(f'{path}: the split file does not exist: put the data set there, or let MMSIGHT_DATA '
                         'name the folder that holds it')
    ids = [line.strip() for line in read_lines(path) if line.strip()]
    flagged = [re.fullmatch(r'(\S+)[ \t]+(-1|0|\+?1)', line) for line in ids]
    if ids and all(flagged):
        pairs = [match.groups() for match in flagged if match is not None]
        # otherwise `ship 0` and `ship 1` are two ids
        if len({name for name, _ in pairs}) == len(pairs):
            ids = [name for name, flag in pairs if flag != '-1']
            if notes is not None and len(ids) < len(pairs):
                notes.append(f'{path}: {len(pairs) - len(ids)} of {len(pairs)} images have the flag -1 and are left out')
    if not ids:
        raise InputError(f'{path}: the split is empty')
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        raise InputError(f"{path}: id '{twice[0]}' is listed more than once ({len(twice)} id{'s' * (len(twice) > 1)} in all)")
    return ids


def read_xml(path: str | Path) -> Element:
    """Root element of an xml annotation, in whatever encoding it declares.

    Raises:
        InputError: If the file is missing or malformed, or declares entities or an encoding that is unknown or not its own.
    """
    return parse_xml(path, read_bytes(path, 'xml'))


def parse_xml(path: str | Path, content: bytes) -> Element:
    """As :func:`read_xml`, of the content of a file that ``path`` names in sentences."""
    check_memory(path, len(content) + 200 * content.count(b'<'), 'this xml')
    declared = _DECLARATION.match(content)
    # as text: the parser itself knows few encodings, and refuses those of several bytes a character
    text = _decode(path, content, declared[1].decode() if declared else 'utf-8').lstrip()
    with reading(path, 'well-formed xml'):
        try:
            return defusedxml.ElementTree.fromstring(text)
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
        elif isinstance(item[key], float) and item[key].is_integer():  # as pandas writes ids; equal to the whole number
            continue
        elif not isinstance(item[key], (int, str)):  # an id, here or of another list
            raise InputError(f"{where}: '{key}' must be a whole number or text, found {item[key]!r}")
    if item.get('iscrowd', 0) not in (0, 1):
        raise InputError(f"{where}: 'iscrowd' must be 0 or 1, found {item['iscrowd']!r}")
