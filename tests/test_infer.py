"""The command line of the inferencers: help without torch."""

import sys

import pytest


@pytest.mark.parametrize('task', ['detect', 'match', 'segment', 'upscale'])
def test_help_has_an_example(run, task):
    text = run('-m', 'mmsight.cli', 'infer', task, '--help').stdout
    assert f'infer {task} ' in text and 'example:' in text and '--overwrite' in text


def test_help_does_not_import_torch(run):
    code = ('import sys\nfrom mmsight.cli import main\ntry:\n    main(["infer", "--help"])\nexcept SystemExit:\n'
            '    pass\nassert "torch" not in sys.modules')
    assert 'detect' in run('-c', code).stdout


def test_every_inferencer_is_exported():
    from mmsight import apis
    assert [getattr(apis, name).__name__ for name in apis.__all__] == apis.__all__
    with pytest.raises(AttributeError, match='no attribute .Nothing'):
        _ = apis.Nothing
    assert 'mmsight.apis.detect' in sys.modules
