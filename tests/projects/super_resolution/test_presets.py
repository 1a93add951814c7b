"""The eight presets and their variants: what sets them apart, and that each builds, steps and predicts."""

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import MODELS, init_default_scope

from mmsight.configs import list_configs, load_config

NAMES = [path.stem for path in list_configs() if path.parent.name == 'super_resolution']
KINDS = ('srcnn-mse', 'srcnn-pl', 'srgan-mse', 'srgan-pl')


def built(name):
    cfg = load_config(name)
    init_default_scope('mmagic')
    if cfg.model.content_loss.type == 'mmsight.VGGFeatureLoss':
        cfg.model.content_loss.weights = 'random'
    if cfg.model.get('discriminator', {}).get('head') == 'flatten':
        cfg.model.discriminator.input_size = 32
    model = MODELS.build(cfg.model)
    model.init_weights()
    return model


def batch(scale, side=8):
    from mmagic.structures import DataSample
    torch.manual_seed(0)
    images = [torch.randint(0, 256, (3, side, side), dtype=torch.uint8) for _ in range(2)]
    samples = [DataSample(gt_img=image.repeat_interleave(scale, 1).repeat_interleave(scale, 2)) for image in images]
    for sample in samples:
        sample.set_metainfo({f'{key}_{what}': value for key in ('gt', 'img')
                             for what, value in (('channel_order', 'rgb'), ('color_type', 'color'))})
    return dict(inputs=images, data_samples=samples)


@pytest.mark.parametrize('name', NAMES)
def test_builds_steps_and_predicts(name):
    """Finite losses, a gradient on every parameter, and an enlarged prediction."""
    model = built(name)
    nets = {key: getattr(model, key) for key in ('generator', 'discriminator') if hasattr(model, key)}
    silent = {f'{key}.{name}' for key, net in nets.items() for name, _ in net.named_parameters()}
    for key, net in nets.items():
        for name, value in net.named_parameters():  # gradients are gone after the step
            value.register_post_accumulate_grad_hook(lambda _, found=f'{key}.{name}': silent.discard(found))
    wrappers = {key: OptimWrapper(torch.optim.SGD(net.parameters(), 1e-4)) for key, net in nets.items()}
    wrapper = OptimWrapperDict(**wrappers) if len(nets) == 2 else wrappers['generator']
    logs = model.train().train_step(batch(model.scale), wrapper)
    assert all(torch.isfinite(torch.as_tensor(value)).all() for value in logs.values())
    assert not silent
    with torch.no_grad():
        predicted = model.eval().test_step(batch(model.scale, 10))
    assert predicted[0].output.pred_img.shape == (3, 10 * model.scale, 10 * model.scale)


def test_the_presets_of_the_report_share_one_generator():
    """The only fair 2 x 2 comparison: what differs are the losses."""
    configs = [load_config(f'{kind}_w128_div2k_x4') for kind in KINDS]
    assert len({str(cfg.model.generator) for cfg in configs}) == 1
    assert len({str(cfg.train_dataloader) for cfg in configs}) == 1
    assert all(sum(p.numel() for p in built(f'{kind}_w128_div2k_x4').generator.parameters()) == 769_286 for kind in KINDS[::3])


def test_the_code_behind_the_report():
    configs = {kind: load_config(f'{kind}_w128_div2k_x4_code') for kind in KINDS}
    assert {kind: cfg.model.generator.get('learned_upsampling', True) for kind, cfg in configs.items()} == {
        'srcnn-mse': True, 'srcnn-pl': True, 'srgan-mse': True, 'srgan-pl': False}
    for kind, cfg in configs.items():
        assert cfg.train_cfg.max_iters == 201
        assert cfg.train_dataloader.batch_size == (20 if 'gan' in kind else 10)  # a new batch of 10 for each network
        if kind.endswith('pl'):
            assert (cfg.model.content_loss.layer, cfg.model.content_loss.normalise) == ('conv3_3', 'raw')
        if 'gan' in kind:
            assert cfg.model.adversarial_loss.discriminator == 'lsgan' and cfg.model.split_batch


def test_the_reports_generator_on_t91():
    """As it is, and trained for 12,600 steps on real features in the perceptual rows."""
    for kind in KINDS:
        cfg = load_config(f'{kind}_w128_t91_x4')
        assert cfg.model.generator == load_config(f'{kind}_w128_div2k_x4').model.generator
        data = cfg.train_dataloader.dataset
        assert cfg.train_cfg.max_epochs * 90 * data.times // cfg.train_dataloader.batch_size == 12_600
        if '-pl' in kind:
            loss = cfg.model.content_loss
            assert (loss.network, loss.layer, loss.weights) == ('VGG16', 'conv3_3', 'mmsight://vgg16-hed')


def test_the_reports_epochs_on_t91():
    """201 epochs of 9 steps with the report's optimizer, and a quarter of its width; a line of the log is an epoch."""
    report = load_config('srcnn-mse_w128_div2k_x4')
    for kind in KINDS:
        cfg = load_config(f'{kind}_w32_t91_x4_201e')
        assert cfg.train_cfg == report.train_cfg and cfg.train_dataloader.batch_size == report.train_dataloader.batch_size
        steps = 91 * cfg.train_dataloader.dataset.times // cfg.train_dataloader.batch_size
        assert steps == cfg.default_hooks.logger.interval == cfg.log_processor.window_size == 9
        assert cfg.train_dataloader.drop_last
        assert cfg.optim_wrapper.get('generator', cfg.optim_wrapper).optimizer == report.optim_wrapper.optimizer
        generator = cfg.model.generator
        assert {key: value for key, value in generator.items() if 'width' not in key} == dict(
            type='mmsight.SRCNNGenerator', scale=4)
        assert (generator.width, generator.up_width) == (128 // 4, 256 // 4)


def test_201_epochs_of_800_images():
    cfg = load_config('srgan-mse_w128_div2k_x4')
    assert cfg.train_cfg.max_epochs * 800 // cfg.train_dataloader.batch_size == 16_080


@pytest.mark.parametrize('name', [name for name in NAMES if name.startswith(KINDS)])
def test_names_say_the_scale_and_the_loss(name):
    cfg = load_config(name)
    scale = int(name.split('_x')[1][0])
    train = cfg.train_dataloader.dataset
    assert cfg.model.scale == cfg.model.generator.get('scale') == scale == train.get('dataset', train).scale
    assert ('gan' in name) == ('discriminator' in cfg.model)
    assert ('-pl_' in name) == (cfg.model.content_loss.type == 'mmsight.VGGFeatureLoss')
    assert ('random-vgg' in name) == (cfg.model.content_loss.get('weights') == 'random')


@pytest.mark.parametrize('names', [
    ('srcnn-mse_w64_t91_x4', 'srcnn-pl_w64_t91_x4_random-vgg', 'srgan-mse_w64_t91_x4', 'srgan-pl_w64_t91_x4_random-vgg'),
    [f'{kind}_w128_t91_x4' for kind in KINDS], [f'{kind}_w32_t91_x4_201e' for kind in KINDS]
])
def test_t91_models_differ_in_their_losses_alone(names):
    configs = [load_config(name) for name in names]
    for key in ('train_dataloader', 'test_dataloader', 'train_cfg', 'param_scheduler', 'test_evaluator', 'randomness'):
        assert len({str(cfg.get(key)) for cfg in configs}) == 1
    assert len({str(cfg.model.generator) for cfg in configs}) == 1
    assert len({str(cfg.optim_wrapper.get('generator', cfg.optim_wrapper).optimizer) for cfg in configs}) == 1
