"""HRSC2016 in its own layout: ``FullDataSet/AllImages``, ``FullDataSet/Annotations`` and ``ImageSets``."""

from typing import Any

from mmrotate.datasets import HRSCDataset

from mmsight.annotations import read_xml, tag_number, tag_text
from mmsight.box_dataset import BoxDataset
from mmsight.errors import InputError
from mmsight.registry import DATASETS

from .boxes import check_rotated_box


@DATASETS.register_module()
class HRSC2016Dataset(BoxDataset):
    """HRSC2016: ids in ``ann_file``, one xml and one image an id; ``data_prefix`` has ``img`` and ``ann``.

    Boxes are the rotated ``mbox_*`` as stored. As others who report on this set we do not treat ``difficult`` ships apart.

    Args:
        classwise (bool): 31 classes of ships instead of one. Defaults to False.

    *Deviation* from mmrotate's ``HRSCDataset``: the height is read from the height's tag and, where the tags are missing,
    from the image; a class that is not in the table is an error that names it; boxes are not turned into corners and back.
    """

    IMG_SUFFIX = '.bmp'

    def __init__(self, *args: Any, classwise: bool = False, **kwargs: Any) -> None:
        self.classwise = classwise
        table = HRSCDataset.METAINFO
        self.labels = {f'1000000{number}': label for label, number in enumerate(table['classes_id'])}
        if classwise:
            kwargs.setdefault('metainfo', dict(classes=table['classes'], palette=table['palette']))
        super().__init__(*args, **kwargs)

    def entry(self, name: str) -> dict:
        """See :class:`mmsight.box_dataset.BoxDataset`. An image whose ``HRSC_Objects`` is empty is one without ships."""
        path = self.find(self.data_prefix['ann'], name, ('.xml', ), '.xml')
        img_path = self.find(self.data_prefix['img'], name)
        root = read_xml(path)
        if root.find('HRSC_Objects') is None:  # an annotation in another format, whose ships would be missed without an error
            raise InputError(f"{path}: <HRSC_Objects> is missing in <{root.tag}>: this is not an annotation in HRSC2016's "
                             'format; an image without ships has an empty one')
        width, height = self.tag_size(path, root, ('Img_SizeWidth', 'Img_SizeHeight'), img_path)
        instances: list[dict] = []
        for number, item in enumerate(root.iterfind('HRSC_Objects/HRSC_Object'), 1):
            label = self._label(path, item, number)
            with self.notes.one_box():
                box = [tag_number(path, item, f'mbox_{part}') for part in ('cx', 'cy', 'w', 'h', 'ang')]
                check_rotated_box(box, width, height, f'{path}: object {number}')
                instances.append(dict(bbox=box, bbox_label=label, ignore_flag=0))
        return dict(img_id=name, img_path=img_path, width=width, height=height, instances=instances)

    def _label(self, path: str, item: Any, number: int) -> int:
        if not self.classwise:
            return 0
        class_id = tag_text(path, item, 'Class_ID').strip()
        if class_id not in self.labels:
            raise InputError(f"{path}: object {number} is of the unknown class '{class_id}'; "
                             f'known are {min(self.labels)} to {max(self.labels)} except 21 and 23')
        return self.labels[class_id]
