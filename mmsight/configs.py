"""Find and load config files: by path, or by name from anywhere once MMSight is installed."""

import importlib.util
from pathlib import Path
from typing import IO, Any

import yaml
from mmengine.config import Config, ConfigDict
from mmengine.fileio import register_handler
from mmengine.fileio.handlers import YamlHandler
from mmengine.utils import import_modules_from_strings

from mmsight.errors import InputError, did_you_mean

HOSTS = {'mmdet': 'det', 'mmrotate': 'rotate', 'mmseg': 'seg', 'mmagic': 'edit'}
"""Host package to the extra that installs it."""


@register_handler(['yaml', 'yml'])
class SafeYamlHandler(YamlHandler):
    """YAML without tags that call Python, which mmengine's own handler follows.

    libyaml parses where it is built in: for each config inherited from a host mmengine reads all of the host's metafiles, which
    takes seconds with the parser in Python.
    """

    def load_from_fileobj(self, file: IO[str], **kwargs: Any) -> Any:
        return yaml.load(file, Loader=getattr(yaml, 'CSafeLoader', yaml.SafeLoader))


def source_root() -> Path:
    """The folder that holds ``configs`` and ``tools``: the checkout, or ``mmsight/.mim`` of an installed wheel."""
    package = Path(__file__).resolve().parent
    return package.parent if (package.parent / 'setup.py').is_file() else package / '.mim'


def list_configs() -> list[Path]:
    """All runnable configs (``configs/<paper>/*.py``), sorted."""
    return sorted(path for path in (source_root() / 'configs').glob('*/*.py') if path.parent.name != '_base_')


def first_comment(path: Path) -> str:
    """What a config's first line says of it."""
    with path.open() as lines:
        return lines.readline().removeprefix('#').strip()


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

    A config is a Python program, which runs with all that its user may do: load those of people you trust. One in YAML or JSON
    is data, but may name modules to import.

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
    except ImportError as error:  # mmengine names our module that failed, not the package that is missing
        raise _failed_import(str(path), [host for host in HOSTS if _mentions(path, host)], error) from error
    except FileNotFoundError as error:
        raise InputError(f'{path} inherits a file that does not exist: {error}') from error
    except (SyntaxError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise InputError(f'{path} cannot be parsed: {type(error).__name__}: {error}') from error
    if options:
        cfg.merge_from_dict(options)
    return cfg


def host_model(name: str, num_classes: int) -> ConfigDict:
    """The model of a host's own config, for a config of ours on other data.

    A host's complete config cannot stand among ``_base_``: mmengine refuses a key, such as ``train_dataloader``, that two bases
    set.

    Args:
        name (str): As in ``_base_``, e.g. ``'mmrotate::rotated_fcos/rotated-fcos-le90_r50_fpn_1x_dota.py'``.
        num_classes (int): Classes of every head.
    """
    host, path = name.split('::')
    folder = Path(importlib.import_module(host).__path__[0], '.mim', 'configs')
    return _with_classes(Config.fromfile(str(folder / path)).model, num_classes)


def _with_classes(node: Any, num_classes: int) -> Any:
    if isinstance(node, dict):
        return ConfigDict({key: num_classes if key == 'num_classes' else _with_classes(value, num_classes)
                           for key, value in node.items()})
    return [_with_classes(item, num_classes) for item in node] if isinstance(node, list) else node


def config_from_data(content: dict[str, Any], text: str, name: str) -> Config:
    """A config from its content, and import what it names.

    Args:
        content (dict[str, Any]): What :func:`mmsight.engine.safe_load.parse_config` made of a config.
        text (str): The config itself.
        name (str): Where it was found.

    Raises:
        InputError: If it is no config, or a package that it needs is not installed.
    """
    try:
        cfg = Config(content, cfg_text=text, filename=name)
        if 'custom_imports' in cfg:
            import_modules_from_strings(**cfg.custom_imports)
    except ImportError as error:
        raise _failed_import(name, [host for host in HOSTS if _names(text, host)], error) from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"the config inside '{name}' cannot be used: {type(error).__name__}: {error}") from error
    return cfg


def _failed_import(name: str, hosts: list[str], error: ImportError) -> InputError:
    """What to install, given the hosts that a config names."""
    missing = [host for host in hosts if importlib.util.find_spec(host) is None]
    if missing:
        return InputError(f'{name} needs {missing[0]}, which is not installed: run '
                          f"`pip install 'mmsight[{HOSTS[missing[0]]}]'`")
    return InputError(f'{name} cannot be loaded: {_root_cause(error)}; `mmsight doctor` checks the stack')


def _names(text: str, host: str) -> bool:
    return f'{host}::' in text or f"'{host}'" in text or f'{host}.' in text


def _mentions(path: Path, host: str) -> bool:
    """Whether a config, or one that it inherits by relative path, names a host."""
    seen, queue = set(), [path.resolve()]
    while queue:
        file = queue.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        text = file.read_text()
        if _names(text, host):
            return True
        bases = Config._get_base_files(str(file))
        queue += [(file.parent / base).resolve() for base in bases if '::' not in base]
    return False


def _root_cause(error: BaseException) -> BaseException:
    while error.__context__ is not None:
        error = error.__context__
    return error
