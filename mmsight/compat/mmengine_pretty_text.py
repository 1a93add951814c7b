"""A config is formatted once, not for every checkpoint.

What breaks: ``Config.pretty_text`` runs YAPF each time it is read, and mmengine reads it for every checkpoint: 0.05 to 0.9 s,
which is longer than some of our networks take to be saved.
In which versions: onedl-mmengine 0.10.12. It can go once mmengine keeps the text.
"""

from mmengine.config import Config

_format = Config.pretty_text.fget
_last = ('', '')


def _kept(config: Config) -> str:
    global _last
    content = repr(config._to_lazy_dict()) + str(config._format_python_code)
    if _last[0] != content:
        _last = content, _format(config)
    return _last[1]


def apply() -> None:
    """Put it in place of mmengine's."""
    Config.pretty_text = property(_kept, doc=Config.pretty_text.__doc__)
