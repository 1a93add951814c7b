"""What a process frees goes back to the system where that is asked for."""

import subprocess
import sys

import pytest

from mmsight.memory import return_free_memory, return_large_blocks

FREE_BETWEEN_SMALL_ONES = '''
import sys
import numpy as np
from mmsight.memory import return_large_blocks

def resident():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * 4096 / 2**20

np.ones(2**21)  # 16 MB, freed: from now on the heap keeps blocks of this size
if sys.argv[1] == 'asked':
    return_large_blocks()
before = resident()
blocks, small = [], []
for _ in range(50):
    blocks.append(np.ones(2**19))  # 4 MB
    small.append(bytearray(100_000))
del blocks
print(resident() - before)
'''


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems have other heaps')
def test_large_blocks_go_back_though_small_ones_lie_between_them():
    kept = {how: float(subprocess.run([sys.executable, '-c', FREE_BETWEEN_SMALL_ONES, how], check=True, capture_output=True,
                                      text=True).stdout) for how in ('asked', 'not')}
    assert kept['asked'] < 20 and kept['not'] > 150


SMALL_ONES = '''
import sys
from mmsight.memory import return_free_memory

def resident():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * 4096 / 2**20

before = resident()
blocks = [bytearray(50_000) for _ in range(2000)]  # 100 MB
last = bytearray(50_000)
del blocks
if sys.argv[1] == 'asked':
    return_free_memory()
print(resident() - before)
'''


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems have other heaps')
def test_what_is_free_below_a_block_in_use_goes_back():
    kept = {how: float(subprocess.run([sys.executable, '-c', SMALL_ONES, how], check=True, capture_output=True,
                                      text=True).stdout) for how in ('asked', 'not')}
    assert kept['asked'] < 20 and kept['not'] > 80


def test_a_c_library_without_it_is_left_alone(monkeypatch):
    monkeypatch.setattr('mmsight.memory.ctypes.CDLL', lambda name: object())
    return_large_blocks()
    return_free_memory()
