"""What all readers of rotated ships share."""

from collections.abc import Iterator

from mmdet.datasets import BaseDetDataset

from mmsight.annotations import read_ids
from mmsight.errors import InputError
from mmsight.pictures import read_image


class RotatedShipDataset(BaseDetDataset):
    """A set of images with rotated boxes, one annotation each; subclasses read the format.

    Instances hold ``bbox`` [cx, cy, w, h, angle] in pixels and radians, clockwise with y down: ``mmdet.LoadAnnotations``
    takes them with ``box_type='rbox'``, without a detour over corners. ``filter_cfg=dict(filter_empty_gt=True)`` leaves out
    images without ships while training.
    """

    METAINFO = dict(classes=('ship', ), palette=[(255, 64, 64)])

    def names(self) -> list[str]:
        """Ids of the images: by default the lines of ``ann_file``."""
        return read_ids(self.ann_file)

    def entry(self, name: str) -> dict:
        """``img_id``, ``img_path``, ``width``, ``height`` and ``instances`` of an image.

        Raises:
            InputError: If its annotation is at fault.
        """
        raise NotImplementedError

    def load_data_list(self) -> list[dict]:
        """One entry an id."""
        return [self.entry(name) for name in self.names()]

    def filter_data(self) -> list[dict]:
        """All entries, or those with ships that are not ignored if ``filter_cfg`` asks for it."""
        if self.test_mode or not (self.filter_cfg or {}).get('filter_empty_gt', False):
            return self.data_list
        kept = [entry for entry in self.data_list if not all(item['ignore_flag'] for item in entry['instances'])]
        if not kept:
            raise InputError(f'{self.ann_file or self.data_root}: no image contains a ship, and filter_empty_gt '
                             'removes images without ships')
        return kept

    def iter_faults(self) -> Iterator[str | None]:
        """Check every id and image, without stopping at a fault: a sentence for each fault, None for each id without one."""
        for name in self.names():
            try:
                entry = self.entry(name)
                check_size(entry, read_image(entry['img_path']).shape)
                yield None
            except InputError as error:
                yield str(error)


def check_size(entry: dict, shape: tuple[int, ...]) -> None:
    """Refuse an image of ``shape`` (H, W, ...) whose annotation gives another size."""
    size, expected = (shape[1], shape[0]), (entry['width'], entry['height'])
    if size != expected:
        raise InputError(f"{entry['img_path']}: the image is {size[0]} x {size[1]} pixels (w x h), its annotation says "
                         f'{expected[0]} x {expected[1]}: one of the two belongs to another image')
