"""The images and ships that figures show: harbours, labelled by bow and stern, and rotated SSDD."""

from pathlib import Path
from typing import Any

from mmsight.apis.labelled_ships import Labelled, read_labelled
from mmsight.errors import InputError

from .bow_stern import BowSternDataset
from .rotated_ssdd import RotatedSSDDDataset

SPLITS = {'optical_inshore': ('train', 'validate'), 'ssdd': ('train', 'test')}
"""Folder of a data set to its splits; the last one is for tests."""


def read_images(folder: Path, split: str) -> dict[str, Labelled]:
    """Id to image of a split of a data set, which the folder's name says. In harbours the angle of a box is the heading.

    Raises:
        InputError: If the folder is that of another data set.
    """
    common: dict[str, Any] = dict(data_root=str(folder), pipeline=[], test_mode=True)
    if folder.name == 'optical_inshore':
        data: Any = BowSternDataset(data_prefix=dict(img=split), **common)
    elif folder.name == 'ssdd':
        data = RotatedSSDDDataset(ann_file=f'ImageSets/Main/{split}.txt',
                                  data_prefix=dict(img='JPEGImages', ann='Annotations'), **common)
    else:
        raise InputError(f"figures read the data sets {', '.join(SPLITS)}, found '{folder.name}'")
    return read_labelled(data)
