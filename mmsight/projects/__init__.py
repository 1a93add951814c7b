"""The papers, importable as ``mmsight.projects.<name>``.

A wheel installs ``projects/<name>`` right here (setup.py's ``package_dir``). In a checkout they lie in the top-level
``projects`` folder, which is added to this package's search path, so that there is one import path either way.
"""

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2] / 'projects'
if _CHECKOUT.is_dir() and (_CHECKOUT.parent / 'setup.py').is_file():
    __path__.append(str(_CHECKOUT))


def folder(name: str) -> Path:
    """The folder of a paper."""
    return next(Path(parent) / name for parent in __path__ if (Path(parent) / name / '__init__.py').is_file())


def names() -> list[str]:
    """Names of all papers that are present, sorted."""
    return sorted({
        init.parent.name
        for folder in __path__ for init in Path(folder).glob('*/__init__.py')
    })
