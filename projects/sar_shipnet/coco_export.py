"""Any ship dataset as COCO json, for tools that read nothing else."""

import json
from collections.abc import Sequence
from pathlib import Path

from mmdet.datasets import BaseDetDataset


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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    print(f"{path}: {len(content['images'])} images, {len(content['annotations'])} ships")
