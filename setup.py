"""Installs MMSight: the core, every paper under ``mmsight.projects`` and, in wheels, configs and tools in ``.mim``."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
PROJECTS = {f'mmsight.projects.{init.parent.name}': f'projects/{init.parent.name}'
            for init in sorted((ROOT / 'projects').glob('*/__init__.py'))}


def requirements(name: str) -> list[str]:
    """Requirements of ``requirements/<name>.txt``, without comments, with what it includes."""
    found = []
    for line in (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines():
        line = line.split('#')[0].strip()
        if line.startswith('-r '):
            found += requirements(Path(line[3:]).stem)
        elif line:
            found.append(line)
    return found


class BuildWithConfigs(build_py):
    """Copy ``configs`` and ``tools`` into the wheel, where OpenMMLab's packages keep theirs."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for folder in ('configs', 'tools'):
            shutil.copytree(ROOT / folder, Path(self.build_lib) / 'mmsight' / '.mim' / folder, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns('__pycache__'))


EXTRAS = {name: requirements(name)
          for name in ('det', 'rotate', 'seg', 'edit', 'raster', 'land', 'pretrained', 'deploy', 'fast', 'docs', 'web', 'dev')}
setup(
    name='mmsight',
    version=re.search(r"'(.+)'", (ROOT / 'mmsight' / 'version.py').read_text()).group(1),
    description='Five vision papers as OpenMMLab plugins',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10,<3.13',
    packages=find_packages(include=['mmsight', 'mmsight.*']) + list(PROJECTS),
    package_dir=PROJECTS,
    package_data={'mmsight': ['py.typed', 'splits/*.txt', 'apis/*.js'],
                  **{name: ['*.md', '*.yml', 'records/**', 'trainings/*', 'splits/*', 'tools/*.py', 'weights/*']
                     for name in PROJECTS}},
    install_requires=requirements('core'),
    extras_require={**EXTRAS, 'all': sorted({line for name in ('det', 'rotate', 'seg', 'edit') for line in EXTRAS[name]})},
    entry_points={'console_scripts': ['mmsight = mmsight.cli:main']},
    cmdclass={'build_py': BuildWithConfigs},
)
