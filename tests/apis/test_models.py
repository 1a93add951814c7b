"""Which model is meant: a config, a checkpoint, or a name with the weights that its training left."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmsight.cli import main
from mmsight.configs import load_config
from mmsight.engine.load_model import build_model, find_model
from mmsight.engine.publish import publish
from mmsight.errors import InputError


@pytest.fixture
def checkpoint(root, tmp_path):
    from mmengine.registry import MODELS, init_default_scope
    cfg = load_config(str(root / 'configs/sar_shipnet/sar_shipnet_toy.py'))
    init_default_scope(cfg.default_scope)
    path = tmp_path / 'work_dirs' / 'demo' / 'sar_shipnet' / 'epoch_1.pth'
    path.parent.mkdir(parents=True)
    meta = dict(cfg=cfg.pretty_text, dataset_meta=dict(classes=('vessel', )))
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta=meta), path)
    (path.parent / 'last_checkpoint').write_text('/elsewhere/epoch_1.pth')
    return path


def test_a_checkpoint_holds_its_config(checkpoint):
    cfg, weights = find_model(str(checkpoint))
    assert weights == cfg.filename == str(checkpoint)
    assert build_model(cfg, weights).dataset_meta['classes'] == ('vessel', )


def test_a_name_finds_the_weights_of_its_demo(checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_model('sar_shipnet_toy')[1] == 'work_dirs/demo/sar_shipnet/epoch_1.pth'
    with pytest.raises(InputError, match='has no checkpoint in work_dirs/sar-shipnet_r50_ssdd_512: name one with --weights'):
        find_model('sar-shipnet_r50_ssdd_512')


def test_faults(checkpoint, tmp_path):
    with pytest.raises(InputError, match='did you mean sar_shipnet_toy'):
        find_model('sar_shipnet_toi')
    with pytest.raises(InputError, match='is a checkpoint already'):
        find_model(str(checkpoint), str(checkpoint))
    with pytest.raises(InputError, match='none.pth. does not exist'):
        find_model(str(tmp_path / 'none.pth'))
    torch.save(dict(state_dict={}), tmp_path / 'bare.pth')
    with pytest.raises(InputError, match='(is damaged, or not a checkpoint|contains no config)'):
        find_model(str(tmp_path / 'bare.pth'))
    (tmp_path / 'bad.pth').write_bytes(b'bad')
    with pytest.raises(InputError, match='(is damaged, or not a checkpoint|contains no config)'):
        find_model(str(tmp_path / 'bad.pth'))


def test_a_model_in_the_box_does_its_own_task_alone(box, untrained, tmp_path, capsys):
    """By name, with the threshold of its metadata, and with a warning where the image is far from the training images."""
    publish(box('toy-ships', 'sar_shipnet_toy', expects=dict(score_threshold=0.07, image_size=[200, 300], modality='radar')),
            untrained('sar_shipnet_toy'))
    picture, out = tmp_path / 'a.png', tmp_path / 'out'
    cv2.imwrite(str(picture), np.zeros((64, 64), np.uint8))
    with pytest.raises(SystemExit, match='0'):
        main(['detect', str(picture), '-m', 'toy-ships', '--out-dir', str(out), '--device', 'cpu'])
    assert 'warning: a.png: the longer side has 64 pixels' in capsys.readouterr().out
    report = json.loads((out / 'a_report.json').read_text())
    assert report['threshold'] == 0.07 and report['checkpoint'].endswith('toybox/weights/toy-ships.safetensors')
    with pytest.raises(SystemExit, match="'toy-ships' is a model of `mmsight detect`, and `mmsight upscale` needs one of its"):
        main(['upscale', str(picture), '-m', 'toy-ships'])
    with pytest.raises(SystemExit, match='did you mean toy-ships'):
        main(['detect', str(picture), '-m', 'toy-shis'])
    with pytest.raises(SystemExit, match="error: 'toy-shis' is neither a model in the box nor a checkpoint nor a config"):
        main(['detect', str(picture), '-m', 'toy-shis'])
    assert find_model('sar_shipnet_toy', 'toy-ships')[1] == report['checkpoint']  # as the export and `mmsight test` name it
    Path(report['checkpoint']).unlink()
    with pytest.raises(SystemExit, match='the weights of toy-ships are missing: install MMSight again'):
        main(['detect', str(picture), '-m', 'toy-ships'])
