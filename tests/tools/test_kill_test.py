"""The tool that kills trainings: three kills here, hundreds by hand."""

import importlib.util
import json
import os
import signal

import pytest


@pytest.mark.slow
def test_kills_and_compares(run, toy_data, tmp_path):
    options = ('train_cfg.max_epochs=4', 'train_cfg.val_interval=2', 'default_hooks.checkpoint.interval=1')
    run('tools/misc/kill_test.py', 'example_project', '--kills', 3, '--seed', 2, '--work-dir', tmp_path / 'run', '--out',
        tmp_path / 'a.json', '--cfg-options', *options, MMSIGHT_DATA=str(toy_data('example_project')))
    record = json.loads((tmp_path / 'a.json').read_text())
    assert record['kills'] == 3 and record['identical'] == record['trainings'] and record['failures'] == []


@pytest.fixture
def tool(root):
    spec = importlib.util.spec_from_file_location('kill_test', root / 'tools' / 'misc' / 'kill_test.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(('moment', 'left'), [
    ('checkpoint written', {'epoch_1.pth'}), ('checkpoint named', {'epoch_1.pth'}),
    ('checkpoint deleted', {'epoch_1.pth', 'epoch_2.pth'}), ('result written', {'epoch_2.pth'})])
def test_a_process_dies_at_the_moment_that_is_aimed_at(tool, tmp_path, moment, left):
    def work():
        os.chdir(tmp_path)
        for name in ('epoch_1.pth', 'epoch_2.pth'):
            with open(f'.1-{name}', 'w'):
                pass
            os.rename(f'.1-{name}', name)
        os.remove('epoch_1.pth')
        open('.1-result.json', 'w').close()

    number = 1 if 'deleted' in moment or 'result' in moment else 2
    assert tool.attempt(work, tmp_path / 'log', moment, number=number) == -signal.SIGKILL
    assert {path.name for path in tmp_path.glob('epoch*')} == left
    assert tool.attempt(work, tmp_path / 'log', 'pointer written') == 0


def test_a_difference_is_seen(tool):
    import torch
    one = dict(weights=dict(a=torch.ones(2)), metrics=[1.0])
    assert tool.same(one, dict(weights=dict(a=torch.ones(2)), metrics=[1.0]))
    for other in (dict(weights=dict(a=torch.ones(2) + 1e-7), metrics=[1.0]), dict(one, metrics=[2.0]), dict(one, more=1)):
        assert not tool.same(one, other)
