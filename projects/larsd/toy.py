"""Synthetic harbours and open water in HRSC2016's own format: bmp images, one xml each, split files."""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from mmsight.rotated_iou import corners

WIDTH, HEIGHT = 128, 128
SPLITS = {'train': 480, 'val': 80, 'test': 120}
_SHIFT = 4  # OpenCV's fixed-point bits: outlines are placed to 1/16 pixel
_HULLS = {'100000003': [(150, 152, 155), (125, 130, 135), (170, 172, 170)],  # warcraft: grey
          '100000004': [(60, 60, 150), (50, 80, 60), (170, 120, 60), (215, 215, 210), (45, 45, 50)]}  # merchant ships

_XML = """<HRSC_Image>
  <Img_ID>{name}</Img_ID>
  <Img_FileName>{name}</Img_FileName>
  <Img_FileFmt>bmp</Img_FileFmt>
  <Img_SizeWidth>{width}</Img_SizeWidth>
  <Img_SizeHeight>{height}</Img_SizeHeight>
  <Img_SizeDepth>3</Img_SizeDepth>
  <Annotated>1</Annotated>
  <HRSC_Objects>{objects}
  </HRSC_Objects>
</HRSC_Image>
"""
_OBJECT = """
    <HRSC_Object>
      <Object_ID>{number}</Object_ID>
      <Class_ID>{class_id}</Class_ID>
      <truncated>0</truncated>
      <difficult>0</difficult>
      <box_xmin>{x1:.0f}</box_xmin>
      <box_ymin>{y1:.0f}</box_ymin>
      <box_xmax>{x2:.0f}</box_xmax>
      <box_ymax>{y2:.0f}</box_ymax>
      <mbox_cx>{cx:.4f}</mbox_cx>
      <mbox_cy>{cy:.4f}</mbox_cy>
      <mbox_w>{w:.4f}</mbox_w>
      <mbox_h>{h:.4f}</mbox_h>
      <mbox_ang>{angle:.6f}</mbox_ang>
      <header_x>{bow_x:.0f}</header_x>
      <header_y>{bow_y:.0f}</header_y>
    </HRSC_Object>"""


def _fill(image: np.ndarray, points: np.ndarray, colour: Sequence[float] | np.ndarray) -> None:
    """Fill an outline (n, 2) given in pixels, x and y; the centre of the first pixel is at 0.5."""
    fixed = np.round((np.asarray(points) - 0.5) * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(image, [fixed], tuple(int(value) for value in colour), cv2.LINE_AA, _SHIFT)


def _place(outline: np.ndarray, cx: float, cy: float, heading: float) -> np.ndarray:
    """Points along (x) and across (y) a ship to where it lies."""
    cos, sin = math.cos(heading), math.sin(heading)
    return outline @ np.array([[cos, sin], [-sin, cos]]) + (cx, cy)


class _Scene:
    """An image under construction, its ships, and where no ship fits any more."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.ships: list[tuple[str, float, float, float, float, float]] = []
        self.taken = np.zeros((HEIGHT, WIDTH), np.uint8)
        water = np.array(rng.choice([(95, 70, 35), (80, 75, 50), (60, 45, 25), (110, 95, 70)])) + rng.uniform(-8, 8, 3)
        self.image = np.full((HEIGHT, WIDTH, 3), water.clip(0, 255), np.uint8)

    def add_quay(self, x: float, y: float, angle: float) -> None:
        """Land on the left of the line through (x, y), with an edge of concrete, roads and rows of containers."""
        rng, far = self.rng, 2.0 * (WIDTH + HEIGHT)
        land = _place(np.array([[-far, 0], [far, 0], [far, -far], [-far, -far]]), x, y, angle)
        _fill(self.image, land, rng.choice([(95, 110, 115), (70, 100, 85), (120, 130, 135)]))
        _fill(self.taken, land, (1, ))
        edge = rng.uniform(3, 7)
        _fill(self.image, _place(np.array([[-far, 0], [far, 0], [far, -edge], [-far, -edge]]), x, y, angle), (165, 170, 172))
        row = edge + rng.uniform(2, 6)
        while row < WIDTH:
            across = rng.uniform(5, 11)
            along = -WIDTH + rng.uniform(0, 14)
            while along < WIDTH:
                length = across * rng.uniform(2, 5)  # as long and thin as a ship, but square at both ends
                if rng.random() < 0.75:
                    box = np.array([[0, 0], [length, 0], [length, across], [0, across]]) + (along, -row - across)
                    _fill(self.image, _place(box, x, y, angle), rng.integers(40, 210, 3))
                along += length + rng.uniform(2, 9)
            row += across + rng.choice([2, 4, 10])

    def add_pier(self, x: float, y: float, angle: float, length: float, width: float) -> None:
        """A narrow bare pier from (x, y) into the water."""
        outline = np.array([[0, -width / 2], [length, -width / 2], [length, width / 2], [0, width / 2]])
        _fill(self.image, _place(outline, x, y, angle), (160, 165, 168))
        _fill(self.taken, _place(outline, x, y, angle), (1, ))

    def add_ship(self, cx: float, cy: float, length: float, width: float, heading: float) -> bool:
        """Paint a ship unless it leaves the image or meets land or another one. Its outline touches all sides of its box."""
        rng = self.rng
        box = corners(np.array([cx, cy, length, width, heading]))[0]
        if box.min() < 1 or (box.max(axis=0) > (WIDTH - 1, HEIGHT - 1)).any():
            return False
        footprint = np.zeros_like(self.taken)
        _fill(footprint, box, (1, ))
        if (footprint & self.taken).any():
            return False
        self.taken |= footprint
        class_id = rng.choice(list(_HULLS))
        hull = np.array(rng.choice(_HULLS[class_id])) + rng.uniform(-10, 10, 3)
        # OpenCV fills the pixels that an outline touches as well, half a pixel more on each side
        half, bow = (length / 2 - 0.5, width / 2 - 0.5), rng.uniform(0.35, 0.7)
        side = np.array([[-1, .7], [-.9, 1], [bow, 1], [(bow + 1) / 2, .7], [1, 0]])
        outline = np.concatenate([side * (1, -1), side[-2::-1]]) * half
        _fill(self.image, _place(outline, cx, cy, heading), hull.clip(0, 255))
        deck = (hull * rng.uniform(1.15, 1.35)).clip(0, 255)
        _fill(self.image, _place(outline * (.9, .62), cx, cy, heading), deck)
        bridge = np.array([[-.75, -.7], [-.45, -.7], [-.45, .7], [-.75, .7]]) * half
        _fill(self.image, _place(bridge, cx, cy, heading), (225, 228, 230))
        for start in np.arange(-.3, .45, .25):  # hatches
            hatch = np.array([[start, -.45], [start + .15, -.45], [start + .15, .45], [start, .45]]) * half
            _fill(self.image, _place(hatch, cx, cy, heading), (hull * .75).clip(0, 255))
        self.ships.append((class_id, cx, cy, length, width, heading))
        return True

    def add_wake(self, cx: float, cy: float, length: float, width: float, heading: float) -> None:
        """A bright wake behind a ship that will be painted over its beginning."""
        outline = np.array([[0, -.3 * width], [-length * self.rng.uniform(0.9, 1.8), 0], [0, .3 * width]])
        _fill(self.image, _place(outline, cx, cy, heading), (self.image[0, 0] + 45.0).clip(0, 255))

    def finish(self) -> np.ndarray:
        """Swell, blur of the optics and noise of the sensor."""
        rng = self.rng
        swell = cv2.resize(rng.standard_normal((HEIGHT // 4, WIDTH // 4)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        image = cv2.GaussianBlur(self.image, (0, 0), 0.6) * rng.uniform(0.8, 1.15)
        return (image + 4 * swell[..., None] + rng.normal(0, 4, image.shape)).clip(0, 255).astype(np.uint8)


def _size(rng: np.random.Generator, longest: float) -> tuple[float, float]:
    """Length and width of a ship: aspect 3 to 9, at least 9 pixels wide."""
    length = rng.uniform(30, longest)
    return length, max(9.0, length / rng.uniform(3, 9))


def _harbour(scene: _Scene) -> None:
    """A quay at any angle; groups of ships of one heading moored side by side, along it or with the bow to it."""
    rng = scene.rng
    angle = rng.uniform(0, 2 * math.pi)
    out = np.array([-math.sin(angle), math.cos(angle)])  # from the quay into the water
    along = np.array([math.cos(angle), math.sin(angle)])
    foot = np.array([WIDTH, HEIGHT]) / 2 - out * rng.uniform(10, 40)
    scene.add_quay(foot[0], foot[1], angle)
    if rng.random() < 0.5:
        x, y = foot + along * rng.uniform(-35, 35)
        scene.add_pier(x, y, angle + math.pi / 2, rng.uniform(25, 55), rng.uniform(4, 7))
    for _ in range(rng.integers(4, 8)):
        length, width = _size(rng, 66)
        start, gap = rng.uniform(-60, 60), rng.uniform(1.5, 4)
        bow_in = rng.random() < 0.4
        for index in range(rng.integers(2, 5)):
            if bow_in:
                place = foot + out * (length / 2 + 3) + along * (start + index * (width + gap))
            else:
                place = foot + out * (width / 2 + 2 + index * (width + gap)) + along * start
            heading = angle + (math.pi / 2 if bow_in else 0) + rng.choice([0, math.pi]) + rng.normal(0, 0.01)
            scene.add_ship(place[0], place[1], max(3 * width, length * rng.uniform(0.9, 1)), width, heading)
    if rng.random() < 0.5:
        _open_water(scene, 1)


def _open_water(scene: _Scene, count: int) -> None:
    """Single ships at all headings, some with a wake."""
    rng = scene.rng
    for _ in range(count):
        for _ in range(20):
            length, width = _size(rng, 84)
            ship = rng.uniform(10, WIDTH - 10), rng.uniform(10, HEIGHT - 10), length, width, rng.uniform(0, 2 * math.pi)
            before = scene.image.copy()
            if rng.random() < 0.4 and not scene.taken.any():
                scene.add_wake(*ship)
            if scene.add_ship(*ship):
                break
            scene.image = before


def make_scene(rng: np.random.Generator) -> tuple[np.ndarray, list[tuple]]:
    """One image of a harbour (three in five) or of open water, one in twelve without ships.

    Returns:
        tuple: BGR uint8 (128, 128, 3), and ships (class id, cx, cy, length, width, heading), in pixels and radians clockwise;
        the heading is that of the bow, in [0, 2 pi) up to noise.
    """
    scene = _Scene(rng)
    kind = rng.random()
    if kind < 0.6:
        _harbour(scene)
    elif kind < 0.92:
        _open_water(scene, int(rng.integers(2, 7)))
    elif kind < 0.96:
        x, y = rng.uniform(35, 90, 2)
        scene.add_quay(x, y, rng.uniform(0, 2 * math.pi))
    return scene.finish(), scene.ships


def write_hrsc_xml(path: Path, ships: list[tuple], width: int, height: int) -> None:
    """Write ships as :func:`make_scene` returns them as an HRSC2016 xml; angles lie in [-pi/2, pi/2), bows in the header."""
    objects = []
    for number, (class_id, cx, cy, length, breadth, heading) in enumerate(ships, 1):
        outline = corners(np.array([cx, cy, length, breadth, heading]))[0]
        (x1, y1), (x2, y2) = outline.min(axis=0), outline.max(axis=0)
        objects.append(
            _OBJECT.format(number=number, class_id=class_id, cx=cx, cy=cy, w=length, h=breadth, x1=x1, y1=y1, x2=x2, y2=y2,
                           angle=(heading + math.pi / 2) % math.pi - math.pi / 2,
                           bow_x=cx + math.cos(heading) * length / 2, bow_y=cy + math.sin(heading) * length / 2))
    path.write_text(_XML.format(name=path.stem, width=width, height=height, objects=''.join(objects)))


def make_toy_data(root: Path) -> None:
    """Write HRSC2016's folders into ``root``, with the splits train, val, trainval and test. Deterministic."""
    rng = np.random.default_rng(2016)
    for folder in ('FullDataSet/AllImages', 'FullDataSet/Annotations', 'ImageSets'):
        (root / folder).mkdir(parents=True)
    ids: dict[str, list[str]] = {}
    for digit, (split, count) in enumerate(SPLITS.items(), 1):
        ids[split] = [f'1{digit:02d}{index:06d}' for index in range(count)]
        for name in track(ids[split], f'toy ships, {split}'):
            image, ships = make_scene(rng)
            cv2.imwrite(str(root / f'FullDataSet/AllImages/{name}.bmp'), image)
            write_hrsc_xml(root / f'FullDataSet/Annotations/{name}.xml', ships, WIDTH, HEIGHT)
    ids['trainval'] = ids['train'] + ids['val']
    for split, names in ids.items():
        (root / f'ImageSets/{split}.txt').write_text('\n'.join(names) + '\n')
