"""SSDD: VOC xml of the 2017 and of the 2021 release."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import defusedxml.ElementTree
from mmdet.datasets import BaseDetDataset

from mmsight.errors import InputError
from mmsight.images import read_image
from mmsight.registry import DATASETS

from .boxes import check_box


def read_ids(path: str | Path) -> list[str]:
    """Image ids of a split file, one a line.

    Raises:
        InputError: If the file is missing or empty, or an id stands twice.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f'{path}: the split file does not exist')
    ids = path.read_text().split()
    if not ids:
        raise InputError(f'{path}: the split is empty')
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        raise InputError(f"{path}: id '{twice[0]}' stands more than once ({len(twice)} such ids)")
    return ids


def parse_voc(path: str | Path, classes: tuple[str, ...]) -> dict:
    """Parse a VOC annotation file.

    Returns:
        dict: ``width``, ``height`` and ``instances``, each with ``bbox`` [x1, y1, x2, y2] in pixels, ``bbox_label`` and
        ``ignore_flag`` (VOC's ``difficult``).

    Raises:
        InputError: If the file is missing or malformed, declares entities, lacks a tag, names an unknown class, or holds a
            box that is not finite, is reversed or empty, or lies outside the image.
    """
    path = Path(path)
    try:
        root = defusedxml.ElementTree.parse(str(path)).getroot()
    except OSError as error:
        raise InputError(f'{path}: the annotation cannot be read: {error.strerror}') from error
    except ParseError as error:
        raise InputError(f'{path}: no well-formed xml: {error}') from error
    except defusedxml.DefusedXmlException as error:
        raise InputError(f'{path}: declares entities, which an annotation never needs: refused') from error
    width, height = (_number(path, root, f'size/{side}') for side in ('width', 'height'))
    instances = []
    for number, item in enumerate(root.iter('object'), 1):
        name = _text(path, item, 'name').strip()
        if name not in classes:
            raise InputError(f"{path}: object {number} is of the unknown class '{name}'; known: {', '.join(classes)}")
        box = [_number(path, item, f'bndbox/{side}') for side in ('xmin', 'ymin', 'xmax', 'ymax')]
        check_box(box, width, height, f'{path}: object {number}')
        instances.append(
            dict(bbox=box, bbox_label=classes.index(name), ignore_flag=int(item.findtext('difficult', '0') == '1')))
    return dict(width=int(width), height=int(height), instances=instances)


def _text(path: Path, element: Element, tag: str) -> str:
    text = element.findtext(tag)
    if text is None or not text.strip():
        raise InputError(f'{path}: <{tag}> is missing in <{element.tag}>')
    return text


def _number(path: Path, element: Element, tag: str) -> float:
    text = _text(path, element, tag)
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{path}: <{tag}> must be a number, found '{text}'") from None


@DATASETS.register_module()
class SSDDDataset(BaseDetDataset):
    """SSDD in its VOC layout: ids in ``ann_file``, one xml and one image an id.

    Boxes are the upright ``bndbox`` in pixels, as stored. ``data_prefix`` has ``img`` and ``ann``. Works for any VOC-like set
    with other ``metainfo['classes']``.
    """

    METAINFO = dict(classes=('ship', ), palette=[(255, 64, 64)], gsd=(1, 15), image_side=500)

    def load_data_list(self) -> list[dict]:
        """One entry an id; see :func:`parse_voc`."""
        return [self._entry(name) for name in read_ids(self.ann_file)]

    def _entry(self, name: str) -> dict:
        annotation = parse_voc(Path(self.data_prefix['ann']) / f'{name}.xml', self.metainfo['classes'])
        return dict(annotation, img_id=name, img_path=str(Path(self.data_prefix['img']) / f'{name}.jpg'))

    def iter_faults(self) -> Iterator[str | None]:
        """Check every id, without stopping at a fault: a sentence for each fault, None for each id without one."""
        for name in read_ids(self.ann_file):
            try:
                entry = self._entry(name)
                size = read_image(entry['img_path']).shape[1::-1]
                found = (entry['width'], entry['height'])
                yield None if size == found else f"{entry['img_path']}: is {size} (w, h), its xml says {found}"
            except InputError as error:
                yield str(error)


