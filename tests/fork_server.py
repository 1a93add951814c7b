"""Runs scripts of the checkout, each in a process of its own that has imported the slow packages already.

torch, mmcv, SciPy and Matplotlib take five seconds of a processor to import, and the suite runs a hundred scripts. This
process imports them once and forks for every line of its input, which is one job as JSON: ``args`` as after ``python``,
``cwd``, ``env``, ``ranks`` (how many processes run it, as ``torchrun`` would start them), and the files ``stdout`` and
``stderr``. It answers with the largest exit status. The host toolboxes are left out, so that a config that forgets to import
its host still fails.
"""

import gc
import json
import os
import runpy
import socket
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
    job = json.loads(line)
    if job['ranks'] > 1:
        with socket.create_server(('127.0.0.1', 0)) as free:
            job['env'].update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(free.getsockname()[1]), WORLD_SIZE=str(job['ranks']),
                              LOCAL_WORLD_SIZE=str(job['ranks']))
    children = []
    for rank in range(job['ranks']):
        if job['ranks'] > 1:
            job['env'].update(RANK=str(rank), LOCAL_RANK=str(rank))
        children.append(os.fork())
        if children[-1] == 0:
            break
    else:
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(max(ends, key=abs), flush=True)
        continue
    break
else:
    sys.exit()

# from here on in a child, which ends as any script does
for number, name in enumerate((os.devnull, job['stdout'], job['stderr'])):
    os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
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
