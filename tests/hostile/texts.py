"""Annotations, outlines of land, lists and configs."""

import json
from collections.abc import Iterator

from tests.fuzz import COCO, VOC

BAD_NUMBERS = ('NaN', 'Infinity', '-Infinity', '1e999', '-1', '"x"', 'null', '[]', '{}', 'true', '9' * 400)


def cocos() -> Iterator[tuple[str, bytes]]:
    """A value of each kind changed."""
    text = COCO.decode()
    places = {
        'width': '"width": 60',
        'image id': '"image_id": 1',
        'category id': '"category_id": 1',
        'box': '[1, 2, 9, 8.5]',
        'a side of the box': '9, 8.5'
    }
    for name, place in places.items():
        for value in BAD_NUMBERS:
            key, _, _ = place.rpartition(': ')
            changed = f'{key}: {value}' if key else f'{value}, 8.5' if name.startswith('a side') else value
            yield f'{name}: {value[:12]}', text.replace(place, changed).encode()
    for name in ('images', 'annotations', 'categories'):
        yield f'no {name}', json.dumps({key: value for key, value in json.loads(text).items() if key != name}).encode()
    yield 'lists in one another', b'[' * 100_000
    yield 'objects in one another', b'{"a":' * 100_000
    yield 'a name that leads out', text.replace('a.jpg', '../../../etc/passwd').encode()
    yield 'an absolute name', text.replace('a.jpg', '/etc/passwd').encode()
    yield 'a name with NUL', text.replace('a.jpg', 'a\\u0000.jpg').encode()
    yield 'half a surrogate', text.replace('a.jpg', '\\ud800.jpg').encode()
    yield 'no text', bytes(range(256))
    yield 'UTF-16', text.encode('utf-16')


def lands() -> Iterator[tuple[str, bytes]]:
    """GeoJSON."""
    for name, ring in {
            'latitude 400': [[0, 400], [1, 400], [1, 401], [0, 400]],
            'NaN': [[0, 'NaN'], [1, 0], [1, 1], [0, 'NaN']],
            'two points': [[0, 0], [1, 1]],
            'one place': [[0, 0]] * 4,
            'words': [['a', 'b']] * 4,
            'huge': [[1e300, 1e300]] * 4,
            'numbers without a pair': [1, 2, 3, 4],
            'no ring': []
    }.items():
        content = json.dumps(dict(type='Polygon', coordinates=[ring]))
        yield name, content.replace('"NaN"', 'NaN').encode()
    for kind in ('Polygon', 'MultiPolygon', 'GeometryCollection', 'Feature', 'FeatureCollection', 'Nothing'):
        yield f'an empty {kind}', json.dumps(dict(type=kind)).encode()
    yield 'a system that does not exist', b'{"type":"FeatureCollection","features":[],"crs":{"properties":{"name":"EPSG:0"}}}'
    yield 'a system of a file', (b'{"type":"FeatureCollection","features":[],"crs":{"properties":{"name":"/etc/passwd"}}}')
    collection = b'{"type":"GeometryCollection","geometries":['
    yield 'collections in one another', collection * 2_000 + b']}' * 2_000
    yield 'lists in one another', b'{"type":"Polygon","coordinates":' + b'[' * 100_000


def xmls(url: str, secret: str) -> Iterator[tuple[str, bytes]]:
    """VOC annotations."""
    laughs = '<!ENTITY a "ha">' + ''.join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    for name, kind in {
            'an entity': '<!ENTITY j "3">',
            'a billion laughs': laughs,
            'a file': f'<!ENTITY j SYSTEM "file://{secret}">',
            'a server': f'<!ENTITY j SYSTEM "{url}/a">',
            'a parameter': f'<!ENTITY % p SYSTEM "{url}/a"> %p;'
    }.items():
        yield f'{name} as an entity', f'<!DOCTYPE a [{kind}]>'.encode() + VOC.replace(b'>3<', b'>&j;<')
    yield 'a document type of a server', f'<!DOCTYPE a SYSTEM "{url}/a.dtd">'.encode() + VOC
    yield 'an inclusion', VOC.replace(
        b'<size>', f'<include href="file://{secret}" parse="text" '
        f'xmlns="http://www.w3.org/2001/XInclude"/><size>'.encode())
    yield 'a style sheet', f'<?xml-stylesheet href="{url}/a.xsl"?>'.encode() + VOC
    yield 'elements in one another', b'<a>' * 100_000
    yield 'an attribute of 10 MB', VOC.replace(b'<object>', b'<object a="' + b'x' * 10**7 + b'">')
    for encoding in ('utf-7', 'nothing', 'utf-16'):
        yield f'said to be {encoding}', f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + VOC
    for value in ('NaN', 'inf', '1e999', '-5', 'x', '', '9' * 400, '0x10', '\u0663'):
        yield f'a side of {value[:9]}', VOC.replace(b'<xmin>3<', f'<xmin>{value}<'.encode())
        yield f'a width of {value[:9]}', VOC.replace(b'<width>60<', f'<width>{value}<'.encode())
    for part in (b'<size>', b'</object>', b'<bndbox>', b'<name>ship</name>'):
        yield f'no {part.decode()}', VOC.replace(part, b'')


def quadrilaterals() -> Iterator[tuple[str, bytes]]:
    """Lines of DOTA."""
    good = '4 5 30 5 30 20 4 20 ship 0\n'
    for value in ('nan', 'inf', '1e999', '-1e300', 'x', '', '0x10', '9' * 400, '\0', '1_000'):
        yield f'a number {value[:9]!r}', good.replace('30', value, 1).encode()
    yield from {
        'one number': b'4\n',
        'no text': bytes(range(256)),
        'a line of 10 MB': b'4 ' * 5_000_000,
        '50,000 lines': good.encode() * 50_000 + b'x\n',
        'one place': b'4 5 4 5 4 5 4 5 ship 0\n',
        'crossed': b'4 5 30 20 30 5 4 20 ship 0\n',
        'nine numbers': b'4 5 30 5 30 20 4 20 1 ship 0\n'
    }.items()


def boxes() -> Iterator[tuple[str, bytes]]:
    """Lines of the SAR-Ship-Dataset."""
    for value in ('nan', 'inf', '1e999', '-1e300', 'x', '', '9' * 400, '2', '-0.5', '\0'):
        yield f'a number {value[:9]!r}', f'0 {value} 0.5 0.1 0.2\n'.encode()
        yield f'a class {value[:9]!r}', f'{value} 0.5 0.5 0.1 0.2\n'.encode()


def ids() -> Iterator[tuple[str, bytes]]:
    """Lists of images."""
    yield from {
        'a name that leads out': b'../../etc/passwd\n',
        'an absolute name': b'/etc/passwd\n',
        'NUL': b'a\0b\n',
        'a line of 10 MB': b'a' * 10**7,
        'no text': bytes(range(128, 256)),
        'nothing': b'',
        'blanks': b'\n \n',
        'twice': b'a\na\n',
        'UTF-16': 'a\nb\n'.encode('utf-16')
    }.items()


def configs(marker: str) -> Iterator[tuple[str, bytes]]:
    """Configs in checkpoints, which are data."""
    for code in (f'import os\nos.system("touch {marker}")', f'a = __import__("os").system("touch {marker}")',
                 f'a = open("{marker}", "w")', f'a = [open("{marker}", "w") for _ in range(1)]',
                 f'a = (lambda: open("{marker}", "w"))()', f'a = f"{{open(\'{marker}\', \'w\')}}"',
                 f'@open("{marker}", "w")\ndef a(): 0', f'class A:\n    open("{marker}", "w")',
                 f'a = dict(b=eval("open(\'{marker}\', \'w\')"))', f'exec("open(\'{marker}\', \'w\')")',
                 f'if open("{marker}", "w"): a = 1', f'assert open("{marker}", "w")', f'a: open("{marker}", "w") = 1',
                 f'dict.a = open("{marker}", "w")', f'del open("{marker}", "w").a', f'with open("{marker}", "w"): a = 1',
                 'a = 9**9**9', 'a = "x" * 10**10', 'a = ' + '[' * 5_000, 'a = ' + '-' * 50_000 + '1', 'a = 1\0',
                 'a = {1: 2, **b}', 'from os import *', 'while True: a = 1', 'a = dict(**dict(**1))'):
        yield code[:30].replace('\n', '; '), code.encode()
