"""Whatever is done to a file, its reader reads it or says what is wrong in one sentence.

``MMSIGHT_FUZZ=2000 python -m pytest tests/test_fuzz.py`` tries so many files of each kind.
"""

import os

import pytest

from mmsight.errors import InputError
from tests.fuzz import READERS, fuzz

COUNT = int(os.environ.get('MMSIGHT_FUZZ', 20))


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('kind', READERS)
def test_mutated_files_are_read_or_refused(kind, tmp_path):
    refused = 0
    for number, error in fuzz(kind, COUNT, tmp_path):
        if error is not None:
            assert isinstance(error, InputError), f'{kind}, file {number}: {error!r}'
            assert '\n' not in str(error) and len(str(error)) < 1000 + len(str(tmp_path)), f'{kind}, file {number}'
            refused += 1
    assert refused
