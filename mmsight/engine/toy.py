"""Toy data on demand: small, deterministic, in the dataset's real on-disk format, made by ``<paper>/toy.py``."""

import importlib
import os
import shutil
import tempfile
from pathlib import Path

from mmsight import projects
from mmsight.errors import InputError
from mmsight.files import remove_leftovers, scratch_prefix


def papers_with_toy_data() -> list[str]:
    """Names of the projects that bring a ``toy.py``."""
    return [name for name in projects.names() if importlib.util.find_spec(f'mmsight.projects.{name}.toy')]


def toy_root(paper: str) -> Path:
    """Where a paper's toy data lies: ``$MMSIGHT_DATA/toy/<paper>``, by default ``data/toy/<paper>``."""
    return Path(os.environ.get('MMSIGHT_DATA', 'data')) / 'toy' / paper


def ensure_toy_data(paper: str, root: Path | None = None) -> Path:
    """Make a paper's toy data unless it is there already.

    The data is written beside its place and then moved there, so that neither a kill nor a second process leaves half a
    set behind.

    Args:
        paper (str): Project name, the name of its folder.
        root (Path, optional): Target folder. Defaults to :func:`toy_root`.

    Returns:
        Path: The folder.

    Raises:
        InputError: If the paper has no toy data or the folder cannot be written.
    """
    root = toy_root(paper) if root is None else root
    if root.is_dir():
        return root
    if paper not in papers_with_toy_data():
        raise InputError(f"there is no toy data for '{paper}': choose one of {', '.join(papers_with_toy_data())}")
    module = importlib.import_module(f'mmsight.projects.{paper}.toy')
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(root.parent)
        scratch = Path(tempfile.mkdtemp(prefix=scratch_prefix(), dir=root.parent))
    except OSError as error:
        raise InputError(f'cannot write toy data to {root}: {error.strerror}') from error
    try:
        print(f'making toy data of {paper} in {root}', flush=True)
        module.make_toy_data(scratch)
        scratch.chmod(0o755)
        scratch.rename(root)
    except OSError:
        if not root.is_dir():  # otherwise another process has made the data
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return root
