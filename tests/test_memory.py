"""What a process frees goes back to the system where that is asked for."""

import subprocess
import sys

import pytest

from mmsight.memory import return_free_memory, return_large_blocks

RESIDENT = '''
import sys
import numpy as np
from mmsight.memory import return_free_memory, return_large_blocks

asked = sys.argv[1] == 'asked'

def resident():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * 4096 / 2**20
'''
LARGE_BETWEEN_SMALL_ONES = RESIDENT + '''
np.ones(2**21)  # 16 MB, freed: from now on the heap keeps blocks of this size
if asked:
    return_large_blocks()
before = resident()
blocks, small = [], []
for _ in range(50):
    blocks.append(np.ones(2**19))  # 4 MB
    small.append(bytearray(100_000))
del blocks
print(resident() - before)
'''
SMALL_BELOW_ONE_IN_USE = RESIDENT + '''
before = resident()
blocks = [bytearray(50_000) for _ in range(4000)]  # 200 MB
last = bytearray(50_000)
del blocks
if asked:
    return_free_memory()
print(resident() - before)
'''


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems have other heaps')
@pytest.mark.parametrize('program', [LARGE_BETWEEN_SMALL_ONES, SMALL_BELOW_ONE_IN_USE], ids=['large', 'small'])
def test_what_is_free_between_blocks_in_use_goes_back(program):
    kept = {how: float(subprocess.run([sys.executable, '-c', program, how], check=True, capture_output=True,
                                      text=True).stdout) for how in ('asked', 'not')}
    assert kept['asked'] < 20 and kept['not'] > 150


def test_a_c_library_without_it_is_left_alone(monkeypatch):
    monkeypatch.setattr('mmsight.memory.ctypes.CDLL', lambda name: object())
    return_large_blocks()
    return_free_memory()
