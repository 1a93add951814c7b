"""What samples of CT carry from the data set to the metric."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmsight.errors import InputError

KEYS = ('case', 'slice_index', 'num_slices', 'spacing')
"""Name of the volume; number of a sample's first slice in it, from 0; slices of the volume; size (z, y, x) of a voxel in mm or
None."""


def check_sample(sample: Mapping[str, Any], keys: Sequence[str] = KEYS) -> None:
    """Refuse a sample that lacks a key; InputError, which names its file."""
    if missing := [key for key in keys if key not in sample]:
        raise InputError(f"{sample.get('img_path')}: the sample has no key '{missing[0]}': let the dataset state it for each "
                         "slice, and name it in the packing transform's meta_keys")
