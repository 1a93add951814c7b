"""Find and load config files: by path, or by name from anywhere once MMSight is installed."""

import importlib.util
from pathlib import Path

from mmengine.config import Config

from mmsight.errors import InputError, did_you_mean

HOSTS = {'mmdet': 'det', 'mmrotate': 'rotate', 'mmseg': 'seg', 'mmagic': 'edit'}
"""Host package to the extra that installs it."""


def source_root() -> Path:
    """The folder that holds ``configs`` and ``tools``: the checkout, or ``mmsight/.mim`` of an installed wheel."""
    package = Path(__file__).resolve().parent
    return package.parent if (package.parent / 'setup.py').is_file() else package / '.mim'


def list_configs() -> list[Path]:
    """All runnable configs (``configs/<paper>/*.py``), sorted."""
    return sorted(path for path in (source_root() / 'configs').glob('*/*.py') if path.parent.name != '_base_')


def find_config(name: str) -> Path:
    """Resolve a config's path or name.

    Args:
        name (str): A path, or a name as ``mmsight list`` prints it, with or without ``configs/`` and ``.py``.

    Raises:
        InputError: If nothing or more than one file has that name.
    """
    path = Path(name)
    if path.is_file():
        return path
    stem = name.removesuffix('.py').removeprefix('configs/')
    root = source_root() / 'configs'
    hits = [p for p in list_configs() if stem in (p.stem, p.relative_to(root).with_suffix('').as_posix())]
    if len(hits) != 1:
        found = 'is neither a file nor the name of a config' if not hits else 'names more than one config'
        hint = did_you_mean(stem.rsplit('/', 1)[-1], [path.stem for path in list_configs()])
        raise InputError(f"config '{name}' {found}; {hint}`mmsight list` shows the names")
    return hits[0]


def load_config(name: str, options: dict | None = None) -> Config:
    """Load a config and import what it names.

    Args:
        name (str): See :func:`find_config`.
        options (dict, optional): ``--cfg-options``.

    Raises:
        InputError: If the file does not exist or parse, or a package that it needs is not installed.
    """
    path = find_config(name)
    try:
        cfg = Config.fromfile(str(path))
    except InputError:
        raise
    except ImportError as error:  # mmengine names the module of ours that failed, not the package that it missed
        missing = [host for host in HOSTS if importlib.util.find_spec(host) is None and _mentions(path, host)]
        if missing:
            raise InputError(f'{path} needs {missing[0]}, which is not installed: run '
                             f"`pip install 'mmsight[{HOSTS[missing[0]]}]'`") from error
        raise InputError(f'{path} cannot be loaded: {_root_cause(error)}; `mmsight doctor` checks the stack') from error
    except FileNotFoundError as error:
        raise InputError(f'{path} inherits a file that does not exist: {error}') from error
    except (SyntaxError, KeyError, TypeError, ValueError) as error:
        raise InputError(f'{path} cannot be parsed: {type(error).__name__}: {error}') from error
    if options:
        cfg.merge_from_dict(options)
    return cfg


def _mentions(path: Path, host: str) -> bool:
    """Whether a config, or one that it inherits by relative path, names a host."""
    seen, queue = set(), [path.resolve()]
    while queue:
        file = queue.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        text = file.read_text()
        if f'{host}::' in text or f"'{host}'" in text or f'{host}.' in text:
            return True
        bases = Config._get_base_files(str(file))
        queue += [(file.parent / base).resolve() for base in bases if '::' not in base]
    return False


def _root_cause(error: BaseException) -> BaseException:
    while error.__context__ is not None:
        error = error.__context__
    return error
