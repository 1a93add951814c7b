"""Leaf configs differ from their base in the one knob that their name says; every model trains a step from its config."""

import re

import pytest
import torch
from mmengine.registry import init_default_scope

from mmsight.configs import list_configs, load_config
from mmsight.registry import DATASETS, METRICS, MODELS

NAMES = sorted(path.stem for path in list_configs() if path.parent.name == 's2net')
HOOK = 'mmsight.SelfSupervisedMatchingHook'


def content(name):
    cfg = load_config(f's2net/{name}').to_dict()
    return {key: value for key, value in cfg.items() if key not in ('test_evaluator', 'expected_results')}


@pytest.mark.parametrize('name', [name for name in NAMES if '-ssl' in name] + ['s2net_toy'])
def test_self_supervision_is_one_hook(name):
    base = 'r2d2_w8_toy_64' if name == 's2net_toy' else re.sub('_lambda.*|[-_]baselines', '', name).replace('-ssl', '')
    ours, theirs = content(name), content(base)
    hook, = ours.pop('custom_hooks')
    assert ours == theirs and hook['type'] == HOOK
    default = 0.8 if name.startswith('d2net') else 0.4
    assert hook['weight'] == (float(name.split('_lambda')[1]) if '_lambda' in name else default)


@pytest.mark.parametrize('name', [name for name in NAMES if name.endswith('_test-warp')])
def test_warp_changes_the_test_alone(name):
    ours, theirs = content(name), content(name.removesuffix('_test-warp'))
    pipeline = ours['test_dataloader']['dataset'].pop('pipeline')
    theirs['test_dataloader']['dataset'].pop('pipeline')
    assert ours == theirs and [step['type'] for step in pipeline][1] == 'mmsight.FixedInfraredWarp'


@pytest.mark.parametrize('name', ['d2net-ssl_vgg16_roadscene_256', 'r2d2-ssl_w32_rgbnir_192', 'r2d2-ssl_w8_roadscene_64'])
def test_recipe_of_the_paper(name):
    cfg = load_config(name)
    crop = int(name.rsplit('_', 1)[1])
    assert cfg.train_dataloader.dataset.pipeline[4].size == crop
    assert cfg.train_dataloader.batch_size == (1 if 'd2net' in name else 2)
    optimizer = cfg.optim_wrapper.optimizer
    if 'w8' not in name:
        assert cfg.train_cfg.max_epochs == 100
        assert (optimizer.type, optimizer.lr, optimizer.weight_decay) == ('Adam', 1e-4, 1e-5 if 'd2net' in name else 5e-4)


@pytest.mark.parametrize('name', ['s2net_toy', 'r2d2_w32_roadscene_192', 'd2net_vgg16_roadscene_256'])
def test_model_of_a_config_trains_a_step_and_predicts(name):
    torch.manual_seed(0)
    cfg = load_config(name)
    init_default_scope('mmsight')
    if cfg.model.type == 'mmsight.D2Net':
        cfg.model.update(pretrained='random', min_correspondences=8)
    cfg.model.max_keypoints = 20
    model = MODELS.build(cfg.model)
    images = torch.randint(0, 256, (1, 2, 3, 64, 64), dtype=torch.uint8)
    y, x = torch.meshgrid(torch.arange(64.), torch.arange(64.), indexing='ij')
    loss, _ = model.parse_losses(model(images, torch.stack([x, y], dim=-1)[None], mode='loss'))
    loss.backward()
    assert torch.isfinite(loss) and all(p.grad is not None for p in model.parameters())
    model.eval()
    found, = model([images[0]], mask=[torch.ones(2, 64, 64, dtype=torch.bool)], mode='predict')
    assert all(0 < len(keypoints.points) <= 20 for keypoints in found['keypoints'])
    assert METRICS.build(cfg.test_evaluator).name == cfg.test_evaluator.name


def test_reduced_width():
    assert sum(p.numel() for p in MODELS.build(load_config('r2d2_w8_roadscene_64').model).parameters()) == 30_667


def test_real_configs_read_the_shared_data(real_data, monkeypatch):
    monkeypatch.setenv('MMSIGHT_DATA', str(real_data))
    init_default_scope('mmsight')
    cfg = load_config('r2d2-ssl_w8_roadscene_64')
    train, test = (DATASETS.build(cfg[f'{split}_dataloader'].dataset) for split in ('train', 'test'))
    assert len(test) == 43 and len(train) + len(test) == len(list((real_data / 'roadscene' / 'cropinfrared').glob('*.jpg')))
    sample = train[0]
    assert sample['images'].shape == (2, 3, 64, 64) and sample['flow'].shape == (64, 64, 2)
    assert set(test[0]) == {'images', 'id', 'mask', 'homography'}


def test_training_starts_without_a_warning_of_registries(capfd):
    """Optimizer, schedule and all else of a config in our scope are found without mmengine's work-around."""
    import torch
    from mmengine import registry
    with registry.DefaultScope.overwrite_default_scope('mmsight'):
        layer = torch.nn.Linear(1, 1)
        wrapper = registry.OPTIM_WRAPPER_CONSTRUCTORS.build(dict(type='DefaultOptimWrapperConstructor', optim_wrapper_cfg=dict(
            type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))))(layer)
        registry.PARAM_SCHEDULERS.build(dict(type='StepLR', step_size=1, optimizer=wrapper))
        registry.DATA_SAMPLERS.build(dict(type='DefaultSampler', dataset=[0]))
        registry.VISBACKENDS.build(dict(type='LocalVisBackend', save_dir='x'))
    assert 'Failed to search registry' not in ''.join(capfd.readouterr())
