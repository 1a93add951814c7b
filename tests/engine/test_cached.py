"""What is not random is computed once a file, and no later transform can spoil it."""

import numpy as np
import pytest

from mmsight.engine import Cached
from mmsight.registry import TRANSFORMS


@pytest.fixture
def calls():
    """The paths that the transform ``mmsight.Count`` was called for."""
    found = []

    @TRANSFORMS.register_module(name='Count', force=True)
    class Count:
        def __call__(self, results):
            found.append(results['img_path'])
            return dict(results, img=np.full((4, 5), len(found)), boxes=[1, 2])

    yield found
    TRANSFORMS._module_dict.pop('Count')


def test_runs_once_a_file_and_gives_copies(calls):
    cached = Cached([dict(type='mmsight.Count')])
    for path, value in (('a', 1), ('b', 2), ('a', 1), ('b', 2)):
        found = cached(dict(img_path=path))
        assert (found['img'] == value).all() and found['boxes'] == [1, 2]
        found['img'][:] = 0
        found['boxes'].append(3)
    assert calls == ['a', 'b'] and cached(dict(img_path='a', more=1))['more'] == 1


def test_keeps_no_more_than_it_has_room_for(calls):
    cached = Cached([dict(type='mmsight.Count')], key='img_path', memory_mb=0)
    for _ in range(2):
        cached(dict(img_path='a'))
    assert calls == ['a', 'a'] and not cached.kept
