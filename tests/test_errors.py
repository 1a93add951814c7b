"""An error from a DataLoader worker arrives as its sentence."""

import pytest
from torch.utils.data import DataLoader, Dataset

from mmsight.errors import InputError


class Broken(Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise InputError('a.png is empty')


def test_worker_error_is_one_sentence():
    with pytest.raises(InputError) as caught:
        next(iter(DataLoader(Broken(), num_workers=1)))
    assert str(caught.value) == 'a.png is empty'
