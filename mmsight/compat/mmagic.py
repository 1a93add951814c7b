"""``import mmagic`` without its diffusion stack.

What breaks, in mmagic 1.2.0: it asserts mmcv<2.2; ``mmagic.utils`` uses ``np.bool8``, which NumPy 2 has dropped; and
``mmagic.models``, ``.datasets`` and ``.evaluation`` import diffusers, transformers, lpips and others at top level, although
super resolution needs none of them.
What this does: while a module of mmagic is being imported, and only then, mmcv states a version that mmagic accepts, NumPy
has ``bool8``, and each package of ``OPTIONAL`` that is absent is an inert placeholder. Afterwards it is absent again.
It can go when mmagic imports optional packages where it uses them and accepts mmcv 2.3.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

# every package that mmagic 1.2.0 imports at top level and our environment lacks; not av, whose absence torchvision handles
OPTIONAL = (
    'albumentations', 'apex', 'click', 'clip', 'controlnet_aux', 'diffusers', 'einops', 'face_alignment',
    'huggingface_hub', 'lpips', 'open_clip', 'pandas', 'pavi', 'requests', 'resize_right', 'safetensors',
    'transformers', 'wandb', 'xformers',
)
ACCEPTED_MMCV = '2.1.0'


class _Inert:
    """Stands for any class or function of an absent package: it can be inherited, called and asked for attributes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes anything."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return _Inert()


class _Placeholder(ModuleType):
    """An absent package or one of its modules."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return type(name, (_Inert, ), {})


class _PlaceholderFinder(MetaPathFinder, Loader):
    """Asked last: finds the packages of ``OPTIONAL`` that are absent."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname.partition('.')[0] in OPTIONAL:
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Placeholder(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """A placeholder holds nothing."""


@contextmanager
def _accepting_surroundings() -> Iterator[None]:
    """What mmagic's import expects to see around it."""
    import mmcv
    import numpy as np
    finder, version, has_bool8 = _PlaceholderFinder(), mmcv.__version__, hasattr(np, 'bool8')
    mmcv.__version__ = ACCEPTED_MMCV
    if not has_bool8:
        np.bool8 = np.bool_  # type: ignore[attr-defined]
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        mmcv.__version__ = version
        if not has_bool8:
            del np.bool8  # type: ignore[attr-defined]
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _Placeholder)]:
            del sys.modules[name]


class _MMagicLoader(Loader):
    """Runs mmagic's own loader in accepting surroundings; nested imports share those of the outermost."""

    depth = 0

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if _MMagicLoader.depth:
            self.loader.exec_module(module)
            return
        _MMagicLoader.depth += 1
        try:
            with _accepting_surroundings():
                self.loader.exec_module(module)
        finally:
            _MMagicLoader.depth -= 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


class _MMagicFinder(MetaPathFinder):
    """Asked first, for mmagic's modules alone."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname.partition('.')[0] != 'mmagic':
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _MMagicLoader(spec.loader)
        return spec


def install() -> None:
    """Watch for the import of mmagic."""
    if not any(isinstance(finder, _MMagicFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _MMagicFinder())
