"""Where a number was measured: commit, device, versions."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import torch

PACKAGES = ('mmsight', 'torch', 'torchvision', 'numpy', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection',
            'onedl-mmrotate', 'onedl-mmsegmentation', 'mmagic')


def environment() -> dict[str, Any]:
    """``git_commit``, ``device`` and ``versions``, as every record holds them."""
    return dict(git_commit=git_commit(), device=device(), versions=versions())


def versions() -> dict[str, str]:
    """Versions of the packages of the stack that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_commit() -> str | None:
    """Commit of the checkout that this file lies in, ``-dirty`` if tracked files differ; None outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / '.git').exists():  # an installed wheel may be inside a foreign repository, which git would find
        return None
    command = ['git', '-C', str(root), 'describe', '--always', '--dirty', '--abbrev=40',
               '--exclude=*']
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None


def device() -> str:
    """The GPU's name, or the CPU's with its cores and the threads that torch uses."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    info = Path('/proc/cpuinfo')
    name = re.search(r'model name\s*:\s*(.+)', info.read_text()) if info.is_file() else None
    return f'{name.group(1) if name else platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads'
