"""A checkpoint becomes a model in the box: float16 weights without pickle, an entry in the metafile, a card."""

import json
import runpy

import pytest
import torch
import yaml
from mmengine.registry import MODELS, init_default_scope
from safetensors import safe_open

from mmsight import box as the_box
from mmsight.configs import load_config
from mmsight.engine import launch
from mmsight.engine import publish as publishing
from mmsight.engine.load_model import find_model, load_model
from mmsight.engine.publish import publish
from mmsight.engine.weights import load_from_safetensors, write_weights
from mmsight.errors import InputError


def test_published_model_predicts_as_the_checkpoint(box, untrained, monkeypatch, tmp_path):
    monkeypatch.setenv('MMSIGHT_DATA', '/of/this/machine')
    checkpoint = untrained('sar_shipnet_toy')
    facts = box('toy-ships', 'sar_shipnet_toy', default=True,
                expects=dict(gsd=[2.0, 4.0], score_threshold=0.2))
    published, unused = publish(facts, checkpoint)
    assert unused == [] and the_box.get_model('toy-ships').default
    _, model = load_model('toy-ships')
    assert model.dataset_meta['gsd'] == [2.0, 4.0] and model.dataset_meta['classes'] == ['ship']
    assert find_model('toy-ships')[0].model == load_config('sar_shipnet_toy').model
    assert '/of/this/machine' not in published.path.read_bytes().decode(errors='ignore')
    expected = torch.load(checkpoint, weights_only=True)['state_dict']
    learned = dict(model.named_parameters())
    with safe_open(published.path, framework='pt') as file:
        for name, value in expected.items():
            stored = file.get_tensor(name)
            assert stored.dtype == (torch.float16 if name in learned else value.dtype), name
            torch.testing.assert_close(stored.to(value), value, rtol=1e-3, atol=1e-6)
    for name, value in model.state_dict().items():
        assert value.dtype == expected[name].dtype


def test_metafile_keeps_the_rest_and_publishing_again_replaces(box, untrained):
    facts = box('toy-x2', 'super_resolution_toy')
    publish(facts, untrained('super_resolution_toy'))
    first = the_box.get_model('toy-x2')
    box('toy-x2', 'super_resolution_toy', value=31.0)
    publish(facts, untrained('super_resolution_toy'))
    text = (facts.parents[1] / 'metafile.yml').read_text()
    assert 'Results: []  # stays' in text
    entries = yaml.safe_load(text)['Models']
    assert [entry['Name'] for entry in entries] == ['other', 'toy-x2']
    assert entries[1]['Results'] == [dict(Task='Toy', Dataset='toy test', Source='measured', Record='toy-x2.json',
                                          Metrics=dict(score=31.0))]
    assert entries[1]['Weights'] == 'projects/toybox/weights/toy-x2.safetensors'
    assert first.metrics == {'toy test/score': 30.12}  # as it was rounded
    card = the_box.get_model('toy-x2').card.read_text()
    for part in ('research use', '| toy test | score | 31 |', '(../records/toy-x2.json)', 'For anything.', 'seed 3',
                 the_box.get_model('toy-x2').sha256):
        assert part in card


def test_averaged_weights_are_taken(box, untrained, tmp_path):
    """mmengine's EMA hook swaps the averaged weights into ``state_dict`` when it saves."""
    from mmengine.hooks import EMAHook
    cfg = load_config('super_resolution_toy')
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model)
    hook = EMAHook(momentum=0.5)
    hook.before_run(runner := type('Runner', (), dict(model=model, iter=0))())
    with torch.no_grad():
        for value in model.parameters():
            value += 1
    hook.after_train_iter(runner, 0)
    averaged = {name: value.clone() for name, value in hook.ema_model.module.state_dict().items()}
    checkpoint = dict(state_dict=model.state_dict())
    hook.before_save_checkpoint(runner, checkpoint)
    torch.save(checkpoint, tmp_path / 'ema.pth')
    published, _ = publish(box('toy-ema', 'super_resolution_toy'), str(tmp_path / 'ema.pth'))
    name = next(iter(dict(model.generator.named_parameters())))
    found = load_from_safetensors(str(published.path))['state_dict'][f'generator.{name}']
    torch.testing.assert_close(found, averaged[f'generator.{name}'], rtol=1e-3, atol=1e-3)


def test_weights_beyond_float16_stay(tmp_path):
    path = tmp_path / 'wide.safetensors'
    state = dict(large=torch.tensor([1e6]), small=torch.tensor([0.1]), count=torch.tensor(3))
    write_weights(path, state, ('large', 'small'), '', {})
    with safe_open(path, framework='pt') as file:
        assert file.get_tensor('large').dtype == torch.float32 and file.get_tensor('small').dtype == torch.float16
    assert load_from_safetensors(str(path))['state_dict']['large'] == 1e6


def test_faults_of_facts(box, untrained, tmp_path, monkeypatch):
    checkpoint = untrained('super_resolution_toy')
    for more, says in ((dict(extra=1), "unexpected keyword argument 'extra'"),
                       (dict(expects=dict(gds=[1, 2])), 'unknown key gds'),
                       (dict(good={'none.jpg': 'A case.'}), 'picture none.jpg is not in'),
                       (dict(results=[]), 'results is empty')):
        with pytest.raises(InputError, match=says):
            publish(box('toy', 'super_resolution_toy', **more), checkpoint)
    with pytest.raises(InputError, match="is the name of a config"):
        publish(box('super_resolution_toy', 'super_resolution_toy'), checkpoint)
    facts = box('toy', 'super_resolution_toy')
    with pytest.raises(InputError, match="checkpoint 'none.pth' does not exist"):
        publish(facts, 'none.pth')
    with pytest.raises(InputError, match='does not fit the model of super_resolution_toy'):
        publish(facts, untrained('sar_shipnet_toy'))
    monkeypatch.setattr(publishing, 'MOST_MEGABYTES', 0.01)
    with pytest.raises(InputError, match='at most 0.01'):
        publish(facts, checkpoint)
    assert not facts.with_suffix('.safetensors').exists() and the_box.find_model('toy') is None
    record = facts.parents[1] / 'records' / 'toy.json'
    record.write_text(json.dumps(dict(json.loads(record.read_text()), metrics=dict(SSIM=1))))
    with pytest.raises(InputError, match="no metric 'PSNR_Y', only SSIM"):
        publish(facts, checkpoint)


def test_cut_altered_newer_and_foreign_files(box, untrained, tmp_path):
    published, _ = publish(box('toy', 'super_resolution_toy'), untrained('super_resolution_toy'))
    content = published.path.read_bytes()
    copy = tmp_path / 'copy.safetensors'
    copy.write_bytes(content)
    assert find_model(str(copy))[1] == str(copy)
    copy.write_bytes(content[:-1000])
    with pytest.raises(InputError, match='copy.safetensors. is truncated or damaged'):
        find_model(str(copy))
    published.path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InputError, match='weights of toy were truncated or altered .SHA-256'):
        find_model('toy')
    published.path.write_bytes(content[:-1000])
    with pytest.raises(InputError, match='weights of toy were truncated or altered .SHA-256'):
        find_model('toy')
    from safetensors.torch import save_file
    save_file(dict(weight=torch.zeros(1)), copy, metadata=dict(mmsight_format='2'))
    with pytest.raises(InputError, match='has format 2, and this MMSight reads formats up to 1: install a newer'):
        find_model(str(copy))
    save_file(dict(weight=torch.zeros(1)), copy)
    with pytest.raises(InputError, match='was not published by MMSight'):
        find_model(str(copy))


def test_command(box, untrained, root, monkeypatch, capsys):
    """A discriminator is left out, and missing pictures are asked for."""
    facts = box('toy-gan', 'super_resolution_toy')
    state = torch.load(untrained('super_resolution_toy'), weights_only=True)
    state['state_dict']['discriminator.weight'] = torch.zeros(1)
    checkpoint = facts.with_name('gan.pth')
    torch.save(state, checkpoint)
    monkeypatch.setattr('sys.argv', ['publish_model.py', str(facts), str(checkpoint)])
    runpy.run_path(str(root / 'tools/model_converters/publish_model.py'), run_name='__main__')
    out = capsys.readouterr().out
    assert 'left out: 1 weights that the config does not use, e.g. discriminator.weight' in out
    assert 'the card has no pictures of good cases' in out and the_box.get_model('toy-gan').card.is_file()


@pytest.mark.slow
def test_a_name_is_tested_and_another_model_is_refused(box, untrained, toy_data, tmp_path, monkeypatch):
    monkeypatch.setenv('MMSIGHT_DATA', str(toy_data('super_resolution')))
    few = {'test_dataloader.dataset.indices': 2, 'test_dataloader.num_workers': 0, 'test_dataloader.persistent_workers': False}
    publish(box('toy-x4', 'super_resolution_toy'), untrained('super_resolution_toy'))
    launch.test('super_resolution_toy', 'toy-x4', str(tmp_path / 'run'), options=few)
    assert 'model/PSNR_Y' in json.loads((tmp_path / 'run' / 'result.json').read_text())['metrics']
    with pytest.raises(InputError, match='weights disagree'):
        launch.test('example_project', 'toy-x4', str(tmp_path / 'other'))
    with pytest.raises(InputError, match="checkpoint 'toy-x5' does not exist.*did you mean toy-x4"):
        launch.test('super_resolution_toy', 'toy-x5', str(tmp_path / 'other'))
    with pytest.raises(InputError, match="did you mean toy-x4"):
        launch.train('super_resolution_toy', str(tmp_path / 'other'), options=dict(load_from='toy-x5'))


@pytest.mark.slow
def test_a_missing_extra_is_named(run, tmp_path):
    """In a process that cannot find mmdet, as if it were not installed."""
    path = tmp_path / 'ships.safetensors'
    write_weights(path, dict(weight=torch.zeros(1)), (), load_config('sar_shipnet_toy').pretty_text, {})
    code = ('import sys\n'
            'class Without:\n'
            '    def __init__(self, finder):\n'
            '        self.finder = finder\n'
            '    def __getattr__(self, name):\n'
            '        return getattr(self.finder, name)\n'
            '    def find_spec(self, name, *args):\n'
            '        return None if name.split(".")[0] == "mmdet" else self.finder.find_spec(name, *args)\n'
            'sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]\n'
            'from mmsight.engine.load_model import find_model\n'
            f'find_model({str(path)!r})\n')
    error = run('-c', code, check=False).stderr
    assert "ships.safetensors needs mmdet, which is not installed: run `pip install 'mmsight[det]'`" in error
