"""Styles of layers for QGIS: outlines and arrows in the colour of the score."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

COLOUR = "ramp_color('Viridis', \"score\")"
"""Expression of QGIS; scores are from 0 to 1."""


def outline_style() -> str:
    """Polygons without a filling."""
    renderer, symbol = _renderer('fill')
    _layer(symbol, 'SimpleFill', dict(style='no', outline_style='solid', outline_width='0.5', outline_width_unit='MM',
                                      outline_color='68,1,84,255'), dict(outlineColor=COLOUR))
    return _document(renderer)


def arrow_style(directed: bool) -> str:
    """Lines as long as their ships with a head at the bow, or, where bow and stern are not told apart, at both ends."""
    renderer, symbol = _renderer('line')
    arrow = _layer(symbol, 'ArrowLine', dict(
        arrow_type='0', head_type='0' if directed else '2', arrow_width='0.4', arrow_start_width='0.4', head_length='1.6',
        head_thickness='1.2', arrow_width_unit='MM', arrow_start_width_unit='MM', head_length_unit='MM',
        head_thickness_unit='MM', is_curved='0', is_repeated='0'), {})
    filling = SubElement(arrow, 'symbol', type='fill', name='@0@0', alpha='1', clip_to_extent='1')
    _layer(filling, 'SimpleFill', dict(style='solid', outline_style='no', color='68,1,84,255'), dict(fillColor=COLOUR))
    return _document(renderer)


def _renderer(kind: str) -> tuple[Element, Element]:
    renderer = Element('renderer-v2', type='singleSymbol', symbollevels='0', enableorderby='0', forceraster='0')
    symbol = SubElement(SubElement(renderer, 'symbols'), 'symbol', type=kind, name='0', alpha='1', clip_to_extent='1')
    return renderer, symbol


def _layer(symbol: Element, kind: str, options: Mapping[str, str], expressions: Mapping[str, str]) -> Element:
    """One layer of a symbol: fixed options, and those that an expression gives for each row."""
    layer = SubElement(symbol, 'layer', {'class': kind, 'enabled': '1', 'locked': '0', 'pass': '0'})
    fixed = SubElement(layer, 'Option', type='Map')
    for name, value in options.items():
        SubElement(fixed, 'Option', name=name, type='QString', value=value)
    if expressions:
        defined = SubElement(SubElement(layer, 'data_defined_properties'), 'Option', type='Map')
        SubElement(defined, 'Option', name='name', type='QString', value='')
        properties = SubElement(defined, 'Option', name='properties', type='Map')
        for name, expression in expressions.items():
            given = SubElement(properties, 'Option', name=name, type='Map')
            SubElement(given, 'Option', name='active', type='bool', value='true')
            SubElement(given, 'Option', name='expression', type='QString', value=expression)
            SubElement(given, 'Option', name='type', type='int', value='3')  # an expression
        SubElement(defined, 'Option', name='type', type='QString', value='collection')
    return layer


def _document(renderer: Element) -> str:
    root = Element('qgis', version='3.28.0', styleCategories='Symbology')
    root.append(renderer)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + tostring(root, encoding='unicode')
