"""What is in the box: listed without torch, its cards and files whole; names near a wrong one."""

import json
import subprocess
import sys

import pytest
import yaml

from mmsight import box as the_box
from mmsight import projects
from mmsight.cli import main
from mmsight.errors import InputError

MODELS = the_box.list_models()
KEYS = ['name', 'paper', 'task', 'default', 'megabytes', 'sha256', 'license', 'data', 'metrics']


@pytest.fixture
def two(box):
    """Two models whose weights are some bytes."""
    for name, default in (('toy-ships', True), ('toy-boats', False)):
        path = box(name, 'sar_shipnet_toy').with_suffix('.safetensors')
        path.write_bytes(1000 * name.encode())
        path.with_suffix('.md').write_text(f'# {name}\n')
        metafile = path.parents[1] / 'metafile.yml'
        content = yaml.safe_load(metafile.read_text())
        content['Models'].append(dict(
            Name=name, Weights=f'weights/{name}.safetensors',
            Results=[dict(Dataset='sea', Metrics=dict(AP50=70.5, F1=60.0)), dict(Dataset='harbour', Metrics=dict(AP50=50.0))],
            Metadata={'Command': 'paint', 'Default': default, 'Training Data': 'waves', 'Data License': 'research use',
                      'SHA-256': the_box.digest(path)}))
        metafile.write_text(yaml.safe_dump(content))


def call(capsys, *argv):
    with pytest.raises(SystemExit) as ended:
        main(['models', *argv])
    return ended.value.code, capsys.readouterr().out


def test_json_for_programs(two, capsys):
    code, out = call(capsys, '--json')
    found = {model['name']: model for model in json.loads(out)}
    assert code == 0 and len(found) == len(MODELS) + 2
    ships = found['toy-ships']
    assert sorted(ships) == sorted(KEYS)
    assert ships['metrics'] == {'sea/AP50': 70.5, 'sea/F1': 60.0, 'harbour/AP50': 50.0}
    assert (ships['paper'], ships['task'], ships['default'], ships['megabytes'], ships['license'], ships['data']) == (
        'toybox', 'paint', True, 0.01, 'research use', 'waves')
    assert found['toy-boats']['default'] is False


def test_default_of_a_task(two):
    assert the_box.default_model('paint').name == 'toy-ships' and the_box.default_model('nothing') is None


def test_table_and_card(two, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '160')
    _, out = call(capsys)
    assert 'toy-ships *' in out and 'toy-boats *' not in out and 'sea/AP50 70.5' in out and 'research use' in out
    assert call(capsys, 'toy-boats') == (0, '# toy-boats\n')


def test_a_default_whose_weights_are_missing_is_not_replaced_in_silence(two, capsys):
    model = the_box.default_model('paint')
    model.path.unlink()
    assert the_box.default_model('paint').name == 'toy-ships' and 'toy-ships' in call(capsys, '--json')[1]
    with pytest.raises(InputError, match='toy-ships.safetensors: the weights of toy-ships are missing: install MMSight again'):
        the_box.find_model('toy-ships').check()


def test_no_such_model(two, capsys):
    assert 'did you mean toy-ships' in call(capsys, 'toy-ship')[0]
    with pytest.raises(InputError, match="checkpoint 'toy-ship' does not exist.*did you mean toy-ships"):
        the_box.find_checkpoint('toy-ship')
    assert the_box.find_checkpoint('toy-ships').endswith('weights/toy-ships.safetensors')
    assert the_box.find_checkpoint('https://host/file.pth') == 'https://host/file.pth'


def test_listing_needs_no_torch():
    code = "import sys; from mmsight import box; box.list_models(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, '-c', code], check=True)


@pytest.mark.parametrize('model', MODELS, ids=lambda model: model.name)
def test_model_in_the_box(model):
    """The file is the published one, and the card says all that a user must know."""
    model.check()
    assert model.megabytes <= 10
    card = model.card.read_text()
    for title in ('What it expects', 'Test', 'Training', 'Good cases', 'Bad cases', 'What it must not be used for'):
        assert f'## {title}\n' in card, title
    assert model.sha256 in card and model.license in card


def test_the_box_is_small_and_each_task_has_one_default():
    assert sum(model.megabytes for model in MODELS) <= 45
    defaults = [model.task for model in MODELS if model.default]
    assert len(defaults) == len(set(defaults))


def test_every_file_of_weights_is_in_a_metafile():
    files = {path for name in projects.names() for path in (projects.folder(name) / 'weights').glob('*.safetensors')}
    assert files == {model.path for model in MODELS}
