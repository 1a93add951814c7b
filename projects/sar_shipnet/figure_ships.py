"""The images and ships of SSDD that figures show."""

from pathlib import Path

from mmsight.apis.labelled_ships import Labelled, read_labelled

from .ssdd import SSDDDataset


def read_images(folder: Path, split: str) -> dict[str, Labelled]:
    """Id to image of the official split ``'train'`` or ``'test'``; the boxes are upright."""
    return read_labelled(SSDDDataset(data_root=str(folder), ann_file=f'ImageSets/Main/{split}.txt', pipeline=[], test_mode=True,
                                     data_prefix=dict(img='JPEGImages', ann='Annotations')))
