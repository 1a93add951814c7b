"""``mmsight doctor``: what of the stack is installed, where, and what is wrong with it."""

import importlib
import importlib.metadata
import importlib.util
import platform
import sys

from mmsight import __version__, compat
from mmsight.configs import source_root
from mmsight.tasks import find_tasks

# import name to distribution
CORE = {'torch': 'torch', 'torchvision': 'torchvision', 'numpy': 'numpy', 'cv2': 'opencv-python', 'mmengine': 'onedl-mmengine'}
OPTIONAL = {'mmcv': 'onedl-mmcv', 'mmdet': 'onedl-mmdetection', 'mmrotate': 'onedl-mmrotate', 'mmseg': 'onedl-mmsegmentation',
            'mmagic': 'mmagic'}


def main() -> int:
    """Print the stack and one sentence for each problem.

    Returns:
        int: 0 if there is no problem, else 1. A host that is not installed is no problem: the tasks that need it say so.
    """
    problems = []
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        problems.append(f'Python {platform.python_version()} is not supported: use 3.10, 3.11 or 3.12')
    print(f'{"python":<14}{platform.python_version():<14}{sys.executable}')
    print(f'{"mmsight":<14}{__version__:<14}{importlib.import_module("mmsight").__file__}')
    print(f'{"tools":<14}{"":<14}{source_root() / "tools"}')
    for name, distribution in {**CORE, **OPTIONAL}.items():
        if importlib.util.find_spec(name) is None:
            print(f'{name:<14}absent')
            if name in CORE:
                problems.append(f'{name} is not installed: run `pip install {distribution}`')
            continue
        try:
            module = importlib.import_module(name)
        except Exception as error:  # a broken package may raise anything, and the user needs to see it
            print(f'{name:<14}{"broken":<14}')
            problems.append(f'{name} is installed but cannot be imported: {type(error).__name__}: {error}')
            continue
        try:
            version = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            version = getattr(module, '__version__', '?')
            problems.append(f'{name} {version} was not installed as {distribution}, the maintained fork that MMSight is '
                            f'tested with: run `pip install {distribution}`')
        print(f'{name:<14}{version:<14}{module.__file__}')
    ops = 'compiled' if compat.has_compiled_ops() else "MMSight's own (none compiled)"
    print(f'{"mmcv ops":<14}{ops}')
    if importlib.util.find_spec('torch') is not None:
        import torch
        devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        print(f'{"CUDA":<14}{", ".join(devices) or "no device"}')
    for task in find_tasks().values():
        if sentence := task.missing():
            print(sentence)
    for problem in problems:
        print(f'problem: {problem}')
    if not problems:
        print('no problems found')
    return int(bool(problems))
