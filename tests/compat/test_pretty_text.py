"""The text of a config is kept while the config stays the same."""

from mmengine.config import Config
from yapf.yapflib import yapf_api

import mmsight.engine  # noqa: F401  (puts the work-around in place)


def test_a_config_is_formatted_once(monkeypatch):
    calls, real = [], yapf_api.FormatCode
    monkeypatch.setattr(yapf_api, 'FormatCode', lambda *args, **options: calls.append(1) or real(*args, **options))
    config = Config(dict(model=dict(type='A', width=8)))
    first = config.pretty_text
    assert config.pretty_text == first and len(calls) == 1
    config.model.width = 9
    assert config.pretty_text == first.replace('8', '9') and len(calls) == 2
    assert Config(dict(other=1)).pretty_text == 'other = 1\n'
