"""Runs scripts of the checkout, each in a process of its own that has imported the slow packages already.

torch, mmcv, SciPy and Matplotlib take five seconds of a processor to import, and the suite runs a hundred scripts. This
process imports them once and forks for every line of its input, which is one job as JSON: ``args`` as after ``python``,
``cwd``, ``env``, and the files ``stdout`` and ``stderr``. It answers with the exit status. The host toolboxes are left out,
so that a config that forgets to import its host still fails.
"""

import gc
import json
import os
import runpy
import sys
from pathlib import Path

import mmsight  # noqa: F401  isort: skip  (registers the import work-arounds)
import matplotlib.pyplot  # noqa: F401
import mmcv.ops  # noqa: F401
import mmengine.runner  # noqa: F401
import numpy as np
import scipy.stats  # noqa: F401
import torchvision  # noqa: F401

gc.freeze()  # or each child would walk, and so copy, all that was imported
while line := sys.stdin.readline():
    child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()

# from here on in the child, which ends as any script does
job = json.loads(line)
for number, name in enumerate((os.devnull, job['stdout'], job['stderr'])):
    os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), number)
sys.stdin = os.fdopen(0)
os.chdir(job['cwd'])
os.environ.clear()
os.environ.update(job['env'])
np.random.seed()
sys.path[1:1] = filter(None, job['env'].get('PYTHONPATH', '').split(os.pathsep))
if job['args'][0] == '-m':
    sys.argv, sys.path[0] = job['args'][1:], job['cwd']
    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
else:
    sys.argv, sys.path[0] = job['args'], str(Path(job['args'][0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name='__main__')
