"""Images with boxes: what all readers of such data sets share, so that training and ``verify_dataset`` make the same checks."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from logging import WARNING
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from mmdet.datasets import BaseDetDataset
from mmengine.logging import print_log
from rich.progress import track

from mmsight.annotations import read_coco, read_ids, tag_number, tag_pixels, tag_text
from mmsight.apis.expectations import check_metainfo
from mmsight.errors import InputError
from mmsight.files import IMAGES
from mmsight.images import MOST_PIXELS, count_pixels
from mmsight.pictures import image_size, read_image

SLIPS = 10
"""Boxes at fault, up to which they may be slips whatever their share."""
SHOWN = 3
"""Sentences that a log shows of all."""


class Notes(list[str]):
    """Sentences on what a reader left out or changed.

    Args:
        strict (bool): Refuse instead.
    """

    def __init__(self, strict: bool = False) -> None:
        super().__init__()
        self.strict, self.boxes, self.bad = strict, 0, 0

    def change(self, fault: str, remedy: str) -> None:
        """Note that a fault was mended, or refuse it."""
        if self.strict:
            raise InputError(fault)
        self.append(f'{fault}: {remedy}')

    @contextmanager
    def one_box(self) -> Iterator[None]:
        """Whatever is wrong with a box leaves out that box alone: a block that reads it and keeps it at its end."""
        self.boxes += 1
        try:
            yield
        except InputError as error:
            self.bad += 1
            self.change(str(error), 'this box is left out')

    def refuse_many(self, source: str) -> None:
        """Refuse a set of whose boxes so many are at fault that a format was misread."""
        if self.bad > SLIPS and 2 * self.bad > self.boxes:
            raise InputError(f'{source}: {self.bad} of {self.boxes} boxes are at fault, which is more than single slips, for '
                             f'example: {self[0]}')

    def log(self) -> None:
        """Log the first of them and the number of all."""
        for sentence in self[:SHOWN]:
            print_log(sentence, 'current', WARNING)
        if len(self) > SHOWN:
            print_log(f'{len(self) - SHOWN} more changes to the annotations; tools/misc/verify_dataset.py lists them',
                      'current', WARNING)


class BoxDataset(BaseDetDataset):
    """A set of images with boxes, one annotation each; subclasses read the format.

    ``filter_cfg=dict(filter_empty_gt=True)`` leaves out images without objects while training. What is wrong with a single box
    leaves out that box, and a box of which less than half lies outside its image is clipped, each with a warning in the log.

    ``metainfo`` may say ``gsd``, smallest and largest metres a pixel, and ``image_side``, the longer side of the images in
    pixels: they go into checkpoints, and ``mmsight detect`` brings scenes to that scale.

    Files are found by their id, with whatever suffix in upper or lower case. Ids may contain folders and spaces.

    Args:
        strict (bool): Refuse what is otherwise left out or changed with a warning. Defaults to False.
        img_suffix (str, optional): Of the image that is taken where several have one name. By default the one of the published
            set.

    Attributes:
        notes (Notes): What was left out or changed when the annotations were read last.
    """

    METAINFO: dict = dict(classes=('ship', ), palette=[(255, 64, 64)])
    IMG_SUFFIX = '.jpg'

    def __init__(self, *args: Any, strict: bool = False, img_suffix: str | None = None, **kwargs: Any) -> None:
        self.strict, self.img_suffix = strict, img_suffix or self.IMG_SUFFIX
        self.notes = Notes(strict)
        self._listed: dict[Path, dict[str, list[Path]]] = {}
        super().__init__(*args, **kwargs)
        check_metainfo(self.metainfo, type(self).__name__)

    def names(self) -> list[str]:
        """Ids of the images: by default the lines of ``ann_file``."""
        return read_ids(self.ann_file, self.notes)

    def entry(self, name: str) -> dict:
        """``img_id``, ``img_path``, ``width``, ``height`` and ``instances`` of an image.

        Raises:
            InputError: If its annotation is at fault.
        """
        raise NotImplementedError

    def load_data_list(self) -> list[dict]:
        """One entry an id."""
        self.notes = Notes(self.strict)
        entries = [self.entry(name) for name in self.names()]
        self.notes.refuse_many(self._source)
        self.notes.log()
        return entries

    def filter_data(self) -> list[dict]:
        """All entries, or those with objects that are not ignored if ``filter_cfg`` asks for it."""
        return self._filtered(self.data_list)

    def _filtered(self, entries: list[dict]) -> list[dict]:
        if self.test_mode or not (self.filter_cfg or {}).get('filter_empty_gt', False):
            return entries
        kept = [entry for entry in entries if not all(item['ignore_flag'] for item in entry['instances'])]
        if not kept:
            raise InputError(f'{self._source}: no image contains a ship, and filter_empty_gt removes images without '
                             'ships')
        return kept

    @property
    def _source(self) -> str:
        return str(self.ann_file or self.data_root)

    def iter_faults(self, images: bool = True) -> Iterator[str | None]:
        """Check all that training would, without stopping at a fault.

        Args:
            images (bool): Read the images, too. Defaults to True.

        Yields:
            str | None: A sentence for each fault, None for each image without one. What training changes or leaves out stands
            in ``notes`` then.
        """
        self.notes = Notes(self.strict)
        entries, whole = [], True
        for name in self.names():
            try:
                entry = self.entry(name)
                if images:
                    self._check_image(entry)
                entries.append(entry)
                yield None
            except InputError as error:
                whole = False
                yield str(error)
        try:
            self.notes.refuse_many(self._source)
            if whole:
                self._filtered(entries)
        except InputError as error:
            yield str(error)

    def _check_image(self, entry: dict) -> None:
        """Read an image as training does."""
        if self.pipeline.transforms:
            self.pipeline(dict(deepcopy(entry), sample_idx=0))
        elif count_pixels(Path(entry['img_path'])) > MOST_PIXELS:  # tile_ships reads it in windows
            check_size(entry, image_size(entry['img_path'])[::-1])
        else:
            check_size(entry, read_image(entry['img_path']).shape)

    def find(self, folder: str, name: str, suffixes: Sequence[str] = IMAGES, first: str | None = None) -> str:
        """Path of a file: ``name`` with ``first`` (of images ``img_suffix``), or if it does not exist with another suffix.

        Raises:
            InputError: If several files differ in nothing but their suffix.
        """
        first = self.img_suffix if first is None else first
        path = Path(f'{Path(folder) / name}{first}')
        if path.is_file():
            return str(path)
        stem = Path(folder) / name.replace('\\', '/')  # as Windows writes ids with folders
        found = self._files(stem.parent).get(unicodedata.normalize('NFC', stem.name), [])
        found = [file for file in found if file.suffix.lower() in suffixes]
        if len(found) > 1:
            raise InputError(f"{found[0]}: the id '{name}' has another file, {found[1].name}: remove one, or set img_suffix")
        return str(found[0] if found else path)

    def _files(self, folder: Path) -> dict[str, list[Path]]:
        """Files of a folder by their name without suffix, whose accents may be stored in either of two ways."""
        if folder not in self._listed:
            found = defaultdict(list)
            for file in sorted(folder.iterdir()) if folder.is_dir() else ():
                found[unicodedata.normalize('NFC', file.stem)].append(file)
            self._listed[folder] = found
        return self._listed[folder]

    def ids_of(self, folder: str, suffix: str) -> list[str]:
        """Ids of all files of a folder, and those below it, that end in ``suffix``, sorted."""
        root = Path(folder)
        names = sorted(path.relative_to(root).with_suffix('').as_posix() for path in root.rglob('*')
                       if path.suffix.lower() == suffix and not path.name.startswith('.'))
        if not names:
            raise InputError(f'{folder}: there is no {suffix[1:]} file in this folder')
        return names

    def tag_size(self, path: str, root: Element, tags: tuple[str, str], img_path: str) -> tuple[int, int]:
        """(w, h) that an xml annotation gives its image in two tags; where these are absent, blank or 0, the image's own."""
        absent = [tag for tag in tags if not (root.findtext(tag) or '').strip() or tag_number(path, root, tag) == 0]
        if not absent:
            return tag_pixels(path, root, tags[0]), tag_pixels(path, root, tags[1])
        self.notes.change(f'{path}: <{absent[0]}> is missing or 0', 'the size of the image is taken')
        return image_size(img_path)

    def label(self, kind: str | None, where: str) -> int:
        """Number of a class; InputError, which begins with ``where``, if it is unknown."""
        classes: Sequence[str] = self.metainfo['classes']
        if kind not in classes:
            raise InputError(f"{where}: the class '{kind}' is unknown; known: {', '.join(classes)}")
        return classes.index(kind)

    def numbered(self, field: str, where: str, known: range) -> int:
        """Number of a class that a text file gives as one; InputError, which begins with ``where``, if it is unknown."""
        try:
            return known[known.index(float(field))]  # type: ignore[arg-type]
        except ValueError:
            raise InputError(f"{where}: the class '{field}' is unknown; known are {known[0]} to {known[-1]}") from None

    def voc_label(self, path: str, item: Element, number: int) -> int:
        """Number of the class of a VOC object."""
        return self.label(tag_text(path, item, 'name').strip(), f'{path}: object {number}')


def refuse_faults(dataset: BoxDataset, images: bool = True) -> None:
    """For converters, before they write anything: check a data set that was built with ``lazy_init``.

    Args:
        dataset (BoxDataset): What is to be converted.
        images (bool): Read the images, too. Defaults to True.

    Raises:
        InputError: If there are faults; each has been printed as a line.
    """
    faults = [fault for fault in track(dataset.iter_faults(images), 'checking', total=None) if fault is not None]
    if len(faults) == 1:
        raise InputError(faults[0])
    for fault in faults:
        print(fault)
    if faults:
        raise InputError(f'{len(faults)} faults, which the lines above name; nothing was written')


def is_difficult(item: Element) -> int:
    """1 for a VOC object that is marked so."""
    return int(item.findtext('difficult', '').strip() == '1')


class CocoBoxDataset(BoxDataset):
    """Boxes of a COCO json, ``ann_file``; ``data_prefix`` has ``img``.

    Categories are found by name in ``metainfo['classes']``; ``iscrowd`` objects are ignored.
    """

    def box(self, values: object, width: int, height: int, where: str) -> list[float]:
        """The box that an annotation's ``bbox`` holds; InputError, which begins with ``where``, if it cannot be used."""
        raise NotImplementedError

    def names(self) -> list[str]:
        """File names of the images.

        Raises:
            InputError: See :func:`mmsight.annotations.read_coco`; or if it has an image or an annotation twice, or an object of
                no image.
        """
        path, content = self.ann_file, read_coco(self.ann_file)
        for kind, key in (('images', 'id'), ('images', 'file_name'), ('annotations', 'id'), ('categories', 'id')):
            counted = Counter(item[key] for item in content[kind]).most_common(1)
            if counted and counted[0][1] > 1:
                raise InputError(f"{path}: '{kind}' has the {key} {counted[0][0]} {counted[0][1]} times")
        self._images = {item['file_name']: item for item in content['images']}
        self._classes = {item['id']: item['name'] for item in content['categories']}
        self._objects = defaultdict(list)
        known = {item['id'] for item in content['images']}
        for item in content['annotations']:
            if item['image_id'] not in known:
                raise InputError(f"{path}: annotation {item['id']}: there is no image with the id {item['image_id']}")
            self._objects[item['image_id']].append(item)
        return list(self._images)

    def entry(self, name: str) -> dict:
        """See :class:`BoxDataset`."""
        image = self._images[name]
        width, height = image['width'], image['height']
        instances: list[dict] = []
        for item in self._objects[image['id']]:
            where = f"{self.ann_file}: annotation {item['id']}"
            kind = self._classes.get(item['category_id'])
            label = self.label(str(item['category_id']) if kind is None else kind, where)
            with self.notes.one_box():
                box = self.box(item.get('bbox'), width, height, where)
                instances.append(dict(bbox=box, bbox_label=label, ignore_flag=int(item.get('iscrowd', 0))))
        suffix = Path(name).suffix
        img_path = self.find(self.data_prefix['img'], name.removesuffix(suffix), first=suffix)
        return dict(img_id=image['id'], img_path=img_path, width=width, height=height, instances=instances)


def check_size(entry: dict, shape: tuple[int, ...]) -> None:
    """Refuse an image of ``shape`` (H, W, ...) whose annotation gives another size."""
    size, expected = (shape[1], shape[0]), (entry['width'], entry['height'])
    if size != expected:
        raise InputError(f"{entry['img_path']}: the image is {size[0]} x {size[1]} pixels (w x h), its annotation says "
                         f'{expected[0]} x {expected[1]}: one of the two belongs to another image')
