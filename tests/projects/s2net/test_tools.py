"""The project's own scripts."""

import cv2
import numpy as np
import pytest


@pytest.fixture
def pairs(tmp_path):
    rng = np.random.default_rng(0)
    for folder in ('rgb', 'nir'):
        (tmp_path / 'flat' / folder).mkdir(parents=True)
        (tmp_path / 'scenes' / 'street').mkdir(parents=True, exist_ok=True)
        for index in range(4):
            image = rng.integers(0, 256, (20, 24), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / 'flat' / folder / f'{index}.png'), image)
            cv2.imwrite(str(tmp_path / 'scenes' / 'street' / f'{index:04d}_{folder}.png'), image)
    return tmp_path


@pytest.mark.slow
def test_lists_of_your_own_pairs(run, pairs):
    done = run('tools/dataset_converters/roadscene.py', pairs / 'flat', '--visible', 'rgb', '--infrared', 'nir', '--count', 2)
    ids = (pairs / 'flat' / 'test.txt').read_text().split()
    assert len(ids) == 2 and (pairs / 'flat' / 'test.txt.sha256').read_text().split()[0] in done.stdout
    run('tools/dataset_converters/rgbnir.py', pairs / 'scenes', '--count', 3)
    assert all(name.startswith('street/') for name in (pairs / 'scenes' / 'test.txt').read_text().split())
    done = run('tools/dataset_converters/rgbnir.py', pairs / 'scenes', check=False)
    assert done.returncode == 1 and 'fewer than the 19' in done.stderr
