"""Any ship dataset as COCO json, for tools that read nothing else."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mmdet.datasets import BaseDetDataset

from mmsight.box_dataset import BoxDataset, refuse_faults
from mmsight.files import complete_file, make_folder

from .splits import write_splits


def export_splits(splits: Mapping[str, Sequence[str]], build: Callable[[str], BoxDataset], lists: Path, out: Path) -> None:
    """Check every image and annotation, then write the ids of each split and the same split as COCO json.

    Args:
        splits (Mapping[str, Sequence[str]]): Ids of each split.
        build (Callable[[str], BoxDataset]): Makes the data set of a list of ids, with ``lazy_init``.
        lists (Path): Folder of the lists.
        out (Path): The json go into its folder ``annotations``.

    Raises:
        InputError: Which lists all faults, before anything is written.
    """
    with TemporaryDirectory() as scratch:
        write_splits(dict(all=[name for ids in splits.values() for name in ids]), Path(scratch))
        refuse_faults(build(str(Path(scratch) / 'all.txt')))
    for split in write_splits(splits, lists):
        write_json(coco_json(build(str((lists / f'{split}.txt').resolve()))), out / 'annotations' / f'{split}.json')


def coco_json(dataset: BaseDetDataset) -> dict:
    """The images, boxes and classes of a dataset as a COCO dictionary.

    Args:
        dataset (BaseDetDataset): One whose entries hold ``width`` and ``height``, as those of this project do.

    Returns:
        dict: ``images`` (ids counted from 1, file names without folders), ``annotations`` (``bbox`` [x, y, w, h] in pixels;
        ``iscrowd`` is the reader's ignore flag) and ``categories`` (counted from 1).
    """
    images: list[dict] = []
    annotations: list[dict] = []
    for number, entry in enumerate(dataset.load_data_list(), 1):
        images.append(dict(id=number, file_name=Path(entry['img_path']).name, width=entry['width'], height=entry['height']))
        for instance in entry['instances']:
            x1, y1, x2, y2 = instance['bbox']
            annotations.append(
                dict(id=len(annotations) + 1, image_id=number, category_id=instance['bbox_label'] + 1,
                     bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1), iscrowd=instance['ignore_flag']))
    categories = [dict(id=label, name=name) for label, name in enumerate(dataset.metainfo['classes'], 1)]
    return dict(images=images, annotations=annotations, categories=categories)


def select_images(content: dict, file_names: Sequence[str]) -> dict:
    """The part of a COCO dictionary that belongs to the images of these file names; all other keys are kept."""
    names = set(file_names)
    images = [image for image in content['images'] if image['file_name'] in names]
    ids = {image['id'] for image in images}
    return dict(content, images=images, annotations=[item for item in content['annotations'] if item['image_id'] in ids])


def write_json(content: dict, path: Path) -> None:
    """Write ``content`` to ``path`` and say what it holds."""
    make_folder(path.parent)
    with complete_file(path) as scratch:
        scratch.write_text(json.dumps(content))
    print(f"{path}: {len(content['images'])} images, {len(content['annotations'])} ships")
