"""Read checkpoints as data: tensors and numbers, never code, and the config inside one as assignments of literals."""

import ast
import pickle
import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from mmsight.engine.checkpoint_file import find_damage
from mmsight.errors import InputError
from mmsight.reading import check_regular

PACKAGES = ('mmsight', 'mmengine', 'mmcv', 'mmdet', 'mmrotate', 'mmseg', 'mmagic')
"""Whose registered types, and whose modules in ``custom_imports``, the config inside a checkpoint may name."""
_REFUSED = re.compile(r'[Uu]nsupported (global|GLOBAL|attribute|class)|Trying to call|Can only')


def load_weights(file: str | IO[bytes], map_location: Any = None, mmap: bool = False) -> Any:
    """What ``torch.load`` finds in a checkpoint, with nothing executed.

    Allowed beside torch's own list is what mmengine's runner saves: the history of logged values and NumPy's numbers.

    Args:
        file (str | IO[bytes]): Path or open file.
        map_location (Any): As for ``torch.load``.
        mmap (bool): As for ``torch.load``; the checksum, which takes all bytes, is then left out.

    Raises:
        InputError: If the checkpoint is damaged, or holds anything but weights, settings and logged values.
    """
    name = file if isinstance(file, str) else getattr(file, 'name', 'in memory')
    check_regular(name)
    try:
        _check_zip(file, name)
        if isinstance(file, str) and not mmap and (damage := find_damage(file)):
            raise ValueError(damage)
        with torch.serialization.safe_globals(_allowed()):
            return torch.load(file, map_location=map_location, mmap=mmap, weights_only=True)
    except FileNotFoundError:
        raise InputError(f"checkpoint '{name}' does not exist") from None
    except InputError:
        raise
    except pickle.UnpicklingError as error:
        if _REFUSED.search(str(error)):
            raise InputError(f"checkpoint '{name}' contains more than weights and would run code ({_first_line(error)}): take "
                             'it from another source, or ask its author to save only the state dict') from error
        # what torch says here is advice to load the file with code and all
        raise InputError(f"checkpoint '{name}' is damaged, or not a checkpoint") from error
    except Exception as error:  # for damaged bytes the reader raises errors of any type, some with a number for a message
        found = f' ({line})' if ' ' in (line := _first_line(error)) else ''
        raise InputError(f"checkpoint '{name}' is damaged, or not a checkpoint{found}") from error


def _check_zip(file: str | IO[bytes], name: str) -> None:
    """Refuse a checkpoint that grows when it is unpacked: torch stores its parts as they are."""
    packed = zipfile.is_zipfile(file) and any(
        part.compress_type != zipfile.ZIP_STORED for part in zipfile.ZipFile(file).infolist())
    if not isinstance(file, str):
        file.seek(0)
    if packed:
        raise InputError(f"checkpoint '{name}' is compressed, which torch never does: unpack it, and save it with torch again")


def _first_line(error: Exception) -> str:
    """The part of an error that says what was found."""
    lines = str(error).splitlines()
    found = [line for line in lines if _REFUSED.search(line)] or lines or ['']
    return found[0].split('WeightsUnpickler error: ')[-1].split(' was not an allowed global')[0].strip() or type(error).__name__


def _statistic(owner: Any, name: str) -> Any:
    """Stands in for ``getattr``, which a logged history is saved with: it returns nothing but that history's own statistics.

    The real ``getattr``, which mmengine allows, reaches any object of the process, and so runs code.
    """
    if owner is not HistoryBuffer or name not in ('min', 'max', 'current', 'mean'):
        raise pickle.UnpicklingError(f'Unsupported attribute {name} of {owner}')
    return getattr(HistoryBuffer, name)


def _allowed() -> list:
    """Types and functions that a checkpoint may name, some under the names of other versions of NumPy."""
    multiarray = np._core.multiarray  # type: ignore[attr-defined]
    made: list = [HistoryBuffer, np.ndarray, np.dtype, slice, (_statistic, 'builtins.getattr')]
    made += {type(np.dtype(code)) for code in np.typecodes['AllInteger'] + np.typecodes['AllFloat'] + '?US'}
    for function in (multiarray._reconstruct, multiarray.scalar):
        made += [(function, f'numpy.{core}.multiarray.{function.__name__}') for core in ('core', '_core')]
    return made


def parse_config(text: str, name: str) -> dict[str, Any]:
    """The content of a config that mmengine has dumped: assignments of literals, with nothing executed.

    Args:
        text (str): The config.
        name (str): The checkpoint that holds it, for the error.

    Raises:
        InputError: If it is more than that, or names types or modules outside the packages of MMSight and its hosts.
    """
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"the config inside checkpoint '{name}' cannot be parsed ({error}): name the config, and the "
                         'checkpoint with --weights') from error
    found = {}
    for statement in statements:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or not isinstance(
                statement.targets[0], ast.Name):
            raise _refused(name, f'line {statement.lineno} is not a plain assignment')
        try:
            found[statement.targets[0].id] = _literal(statement.value)
        except ValueError as error:
            raise _refused(name, f'line {statement.lineno}: {error}') from error
    _check_names(found, name)
    return found


def _literal(node: ast.expr) -> Any:
    """A value; as :func:`ast.literal_eval`, with ``dict(key=value)`` too."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args:
        if any(keyword.arg is None for keyword in node.keywords):
            raise ValueError('dict(**...) is not a literal')
        return {keyword.arg: _literal(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict) and all(key is not None for key in node.keys):
        return {_literal(key): _literal(value) for key, value in zip(node.keys, node.values, strict=True) if key is not None}
    if isinstance(node, ast.List):
        return [_literal(item) for item in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_literal(item) for item in node.elts)
    if isinstance(node, ast.Name) and node.id in ('inf', 'nan'):  # how mmengine writes them
        return float(node.id)
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f'`{ast.unparse(node)[:60]}` is not a literal') from None


def _check_names(config: dict[str, Any], name: str) -> None:
    """Refuse types that are no names of a registry: mmengine would import ``os.system`` as readily as a class of a network."""
    imports = config.get('custom_imports') or {}
    modules = imports.get('imports', []) if isinstance(imports, dict) else [imports]
    for module in [modules] if isinstance(modules, str) else modules:
        if str(module).partition('.')[0] not in PACKAGES:
            raise _refused(name, f"custom_imports names '{module}'")
    for kind in _types(config):
        scope, _, own = str(kind).rpartition('.')
        if (scope and scope not in PACKAGES) or not own.isidentifier():
            raise _refused(name, f"the type '{kind}' is not in a registry of {', '.join(PACKAGES)}")


def _types(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if isinstance(value.get('type'), str):
            yield value['type']
        for part in value.values():
            yield from _types(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _types(part)


def _refused(name: str, reason: str) -> InputError:
    return InputError(f"the config inside checkpoint '{name}' is more than data ({reason}) and could run code: name a config "
                      'of your own and the checkpoint with --weights, or add --trust if you trust its author')
