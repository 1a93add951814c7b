"""KML (OGC 12-007r2), as globes read it."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

import shapely

from mmsight.apis.ships import FIELDS, colour, shape_of
from mmsight.files import complete_file

CLASSES = 5
"""Into how many styles scores are sorted, as KML has no colour by a number."""


def write_kml(ships: Sequence[dict], title: str, description: str, path: Path) -> None:
    """A placemark a ship, in the colour of its score, with all that is known of it; those without a place are left out.

    Args:
        ships (Sequence[dict]): See :func:`mmsight.apis.ships.describe`.
        title (str): Of the document.
        description (str): What a reader has to know.
        path (Path): The file.

    Raises:
        OutputError: If it cannot be written.
    """
    root = Element('kml', xmlns='http://www.opengis.net/kml/2.2')
    document = SubElement(root, 'Document')
    SubElement(document, 'name').text = title
    SubElement(document, 'description').text = description
    for number in range(CLASSES):
        style = SubElement(document, 'Style', id=f'score{number}')
        red, green, blue = (f'{part:02x}' for part in colour((number + 0.5) / CLASSES))
        line = SubElement(style, 'LineStyle')
        SubElement(line, 'color').text = f'ff{blue}{green}{red}'
        SubElement(line, 'width').text = '2'
        SubElement(SubElement(style, 'PolyStyle'), 'fill').text = '0'
    for ship in ships:
        shape = shape_of(ship, True)
        if shape is None:
            continue
        mark = SubElement(document, 'Placemark', id=f"ship{ship['id']}")
        SubElement(mark, 'name').text = f"{ship['category']} {ship['id']}"
        SubElement(mark, 'styleUrl').text = f"#score{min(int(ship['score'] * CLASSES), CLASSES - 1)}"
        data = SubElement(mark, 'ExtendedData')
        for name in FIELDS:
            if ship[name] is not None:
                SubElement(SubElement(data, 'Data', name=name), 'value').text = str(ship[name])
        parts = SubElement(mark, 'MultiGeometry')
        for part in shapely.get_parts(shape):
            ring = SubElement(SubElement(SubElement(parts, 'Polygon'), 'outerBoundaryIs'), 'LinearRing')
            SubElement(ring, 'coordinates').text = ' '.join(f'{x:.7f},{y:.7f}' for x, y in part.exterior.coords)
    with complete_file(path) as scratch:
        scratch.write_bytes(tostring(root, encoding='utf-8', xml_declaration=True))
