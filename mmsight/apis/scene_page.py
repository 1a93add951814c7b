"""One page on a scene that needs no other file and no network: its picture with the boxes, a table, histograms."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmsight.apis.detect_task import doubts
from mmsight.apis.scene import Scene
from mmsight.apis.ships import colour, is_directed, surroundings
from mmsight.engine.report import inline_figure, write_page
from mmsight.errors import InputError
from mmsight.files import complete_file

SIDE = 3000
"""Pixels of the longer side of the picture, at most."""
CHIPS = 1500
"""Ships, those with the highest scores, around which the page holds all pixels where the picture is a reduced one."""
COLUMNS = dict(id='', category='', score='', length_m='length, m', width_m='width, m', heading_deg='heading, °',
               heading_probability='probability of heading', longitude='',
               latitude='', x='', y='', suspect_ambiguity='suspect ambiguity')
"""Of the table, with the words of those that are not named by their key."""
_WORDS = {'None': '', 'True': 'yes', 'False': 'no'}
"""In its cells."""
_STYLE = '''<style>
#view{position:relative}#scene{width:100%;height:70vh;background:#111;border-radius:.4rem;touch-action:none;cursor:grab}
#scene polygon{fill:transparent;stroke-width:1.6px;vector-effect:non-scaling-stroke;cursor:pointer}
#scene polygon.chosen{stroke:#f33!important;stroke-width:3px}
#scene image{image-rendering:pixelated}
#scene .bow{fill:none;stroke-width:1.6px;vector-effect:non-scaling-stroke;pointer-events:none}
#scene .suspect{stroke-dasharray:3 3}
#scene .failed{fill:none;stroke:#ffa000;stroke-width:2px;vector-effect:non-scaling-stroke}
#view nav{position:absolute;top:.6rem;right:.6rem;display:flex;gap:.3rem}
#view nav button{min-width:2.2rem;height:2.2rem;font-size:1rem;border:0;border-radius:.3rem;background:#fffd;cursor:pointer}
.legend{display:inline-block;width:9rem;height:.8rem;margin:0 .4rem;border-radius:.2rem}
.table{position:relative;max-height:28rem;overflow:auto;border:1px solid #ccc}
#ships{width:100%}#ships td{font-variant-numeric:tabular-nums}
#ships th{position:sticky;top:0;background:#f4f4f4}#ships th button{all:unset;cursor:pointer;white-space:nowrap}
#ships th button:focus-visible,#ships tr:focus-visible{outline:2px solid #2f6fb2}
#ships th[aria-sort=descending] button::after{content:' ▼'}#ships th[aria-sort=ascending] button::after{content:' ▲'}
#ships tbody tr{cursor:pointer}#ships tbody tr:hover{background:#eef4fb}#ships tr.chosen{background:#ffe3e3}
.warning{background:#fff4dd;border-left:4px solid #ffa000;padding:.3rem .8rem;margin:.4rem 0}
</style>'''


def write_scene_page(ships: Sequence[dict], scene: Scene, report: dict, path: Path) -> None:
    """Write the page.

    Args:
        ships (Sequence[dict]): See :func:`mmsight.apis.ships.describe`; best first.
        scene (Scene): Where they are.
        report (dict): Counts, options, warnings and failed tiles, as in the report's file.
        path (Path): The page.

    Raises:
        OutputError: If it cannot be written.
    """
    parts = [_STYLE, _summary(scene, report), _warnings(report), *_view(ships, scene, report['failed_tiles']),
             _histograms(ships), _table(ships), '<h2>Notes</h2><ul>',
             *(f'<li>{escape(note)}</li>' for note in report['notes']), '</ul>',
             f'<script>{Path(__file__).with_suffix(".js").read_text()}</script>']
    with complete_file(path) as scratch:
        write_page(scratch, f'Ships in {scene.path.name}', *parts)  # together they may take tens of megabytes


def _summary(scene: Scene, report: dict) -> str:
    pixel = '' if scene.gsd is None else f', {scene.gsd:.3g} m a pixel'
    ashore = f", {report['on_land']} on land left out" if report['on_land'] else ''
    tiles = f"; {report['tiles']} tiles" if report['tiles'] > 1 else ''
    return (f"<p><b>{report['ships']} ships</b> above a score of {report['threshold']:g}{ashore}. {scene.width} x "
            f"{scene.height} pixels{pixel}{tiles}; model {escape(Path(report['checkpoint']).stem)}.</p>")


def _warnings(report: dict) -> str:
    return ''.join(f'<p class="warning">{escape(text)}</p>' for text in doubts(report))


def _view(ships: Sequence[dict], scene: Scene, failed: Sequence[dict]) -> list[str]:
    """The picture, all pixels around ships where it is a reduced one, and the boxes in the scene's pixels."""
    width, height = scene.width, scene.height
    picture, _ = scene.reduced(SIDE)
    parts = [f'<div id="view"><svg id="scene" role="img" aria-label="the scene with its ships" data-width="{width}" '
             f'data-height="{height}" viewBox="0 0 {width} {height}" preserveAspectRatio="xMidYMid meet">',
             _image(picture, 0, 0, width, height)]
    if max(width, height) > SIDE:
        parts += [_chip(scene, ship) for ship in ships[:CHIPS]]
    for tile in failed:
        x, y, right, bottom = tile['x'], tile['y'], tile['x'] + tile['width'], tile['y'] + tile['height']
        parts.append(f'<path class="failed" d="M{x} {y}H{right}V{bottom}H{x}ZL{right} {bottom}M{right} {y}L{x} {bottom}"/>')
    for ship in ships:
        corners = ' '.join(f'{x:g},{y:g}' for x, y in ship['pixels'])
        size = ship['length_m'], 'm' if ship['length_m'] is not None else 'pixels'
        title = f"{ship['category']} {ship['id']}, score {ship['score']:.2f}, {size[0] or ship['length_px']:.0f} {size[1]}"
        suspect = ' class="suspect"' if ship['suspect_ambiguity'] else ''
        stroke = f'stroke="rgb{colour(ship["score"])}"'
        parts.append(f'<polygon id="box{ship["id"]}"{suspect} points="{corners}" {stroke}><title>{escape(title)}</title>'
                     '</polygon>')
        if ship['heading_probability'] is not None:
            x, y = np.mean(ship['pixels'][1:3], axis=0)
            parts.append(f'<path class="bow" {stroke} d="M{ship["x"]:g} {ship["y"]:g}L{x:g} {y:g}"/>')
    bow = ' Lines run from the middle of a ship to its bow.' if is_directed(ships) else ''
    dashed = ' Dashed boxes may be azimuth ambiguities.' if any(ship['suspect_ambiguity'] for ship in ships) else ''
    ramp = ', '.join(f'rgb{colour(score)}' for score in np.linspace(0, 1, 9))
    parts.append('</svg><nav><button id="closer" title="closer">+</button><button id="farther" title="farther">−</button>'
                 '<button id="all" title="the whole scene">all</button></nav></div>'
                 f'<p>Score 0<span class="legend" style="background:linear-gradient(90deg, {ramp})"></span>1. Turn the wheel '
                 f'to zoom, drag to move, click a ship or a row of the table.{bow}{dashed}</p>')
    return parts


def _chip(scene: Scene, ship: dict) -> str:
    window = surroundings(scene, ship)
    try:
        image, _ = scene.read(*window)
    except InputError:  # a tile says what could not be read
        return ''
    return _image(image if scene.grey else image[..., ::-1], *window)


def _image(picture: np.ndarray, x: int, y: int, width: int, height: int) -> str:
    """A picture, grey or RGB, that covers a part of the scene."""
    stored = picture if picture.shape[2] == 1 else np.ascontiguousarray(picture[..., ::-1])
    content = cv2.imencode('.jpg', stored, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    return (f'<image x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="none" '
            f'href="data:image/jpeg;base64,{base64.b64encode(content).decode()}"/>')


def _histograms(ships: Sequence[dict]) -> str:
    """How long ships are and where they head, where that is known."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
    circle, modulo = (360, '') if is_directed(ships) else (180, ', modulo 180')
    unit = 'm' if any(ship['length_m'] is not None for ship in ships) else 'px'
    known: list[tuple[str, list[float], Any]] = [
        (f'length, {"m" if unit == "m" else "pixels"}', _values(ships, f'length_{unit}'), 20),
        (f'heading, degrees from north{modulo}', _values(ships, 'heading_deg'), np.arange(0, circle + 1, circle / 18))]
    known = [part for part in known if part[1]]
    if not known:
        return ''
    figure = Figure(figsize=(5 * len(known), 3), layout='constrained')
    for index, (label, values, bins) in enumerate(known, 1):
        axes = figure.add_subplot(1, len(known), index, xlabel=label, ylabel='ships')
        axes.hist(values, bins, color='#2f6fb2', edgecolor='white', linewidth=0.5)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis='y', alpha=0.3)
        if not np.isscalar(bins):
            axes.set_xticks(range(0, circle + 1, circle // 6))
    return '<h2>Lengths and headings</h2>' + inline_figure(figure, 'histograms of lengths and headings')


def _values(ships: Sequence[dict], name: str) -> list[float]:
    return [ship[name] for ship in ships if ship[name] is not None]


def _table(ships: Sequence[dict]) -> str:
    names = [name for name in COLUMNS if not ships or _values(ships, name)]
    sort = {'score': ' aria-sort="descending"'}
    head = ''.join(f'<th{sort.get(name, "")}><button>{COLUMNS[name] or name}</button></th>' for name in names)
    rows = ''.join(f'<tr id="row{ship["id"]}" tabindex="0">' + ''.join(
        f'<td>{escape(_WORDS.get(str(ship[name]), str(ship[name])))}</td>' for name in names) + '</tr>' for ship in ships)
    return ('<h2>Ships</h2><div class="table"><table id="ships">'
            f'<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>')
