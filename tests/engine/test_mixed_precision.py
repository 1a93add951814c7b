"""bfloat16 on a CPU: what runs in it, what does not, and losses that agree with float32."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import OPTIM_WRAPPERS, init_default_scope
from mmengine.structures import InstanceData, PixelData
from torch import nn

from mmsight.configs import load_config
from mmsight.engine import AutocastOptimWrapper, full_precision


def bf16(model, **optimizer):
    return AutocastOptimWrapper(dtype='bfloat16', optimizer=torch.optim.SGD(model.parameters(), **{'lr': 0.05, **optimizer}))


def test_forward_is_bfloat16_and_weights_are_float32():
    model = nn.Conv2d(3, 4, 3)
    wrapper = bf16(model)
    with wrapper.optim_context(model):
        output = model(torch.randn(1, 3, 8, 8))
    assert output.dtype == torch.bfloat16
    wrapper.update_params(output.float().square().mean())
    assert model.weight.dtype == torch.float32 and not torch.is_autocast_enabled('cpu')


@pytest.mark.parametrize('capability, dtype', [('AVX2', torch.float32), ('AVX512', torch.bfloat16)])
def test_cpu_that_would_emulate_trains_in_float32(capability, dtype, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, 'get_cpu_capability', lambda: capability)
    model = nn.Linear(3, 3)
    wrapper = AutocastOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    with wrapper.optim_context(model):
        assert model(torch.randn(2, 3)).dtype == dtype


@pytest.mark.parametrize('native, dtype, scaled', [(True, torch.bfloat16, False), (False, torch.float16, True)])
def test_gpu_takes_float16_with_a_scale_where_it_has_no_bfloat16(native, dtype, scaled, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda including_emulation: native)
    model = nn.Linear(3, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    class OnGPU:
        device = torch.device('cuda')

    monkeypatch.setattr(torch.cuda.amp.common, 'amp_definitely_not_available', lambda: False)
    optimizer.param_groups[0]['params'].insert(0, OnGPU())
    wrapper = AutocastOptimWrapper(optimizer=optimizer)
    assert (wrapper.dtype, wrapper.scaler.is_enabled()) == (dtype, scaled)


def test_losses_agree_with_float32_over_100_steps():
    def losses(amp):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
        wrapper = bf16(model) if amp else None
        optimizer = wrapper or torch.optim.SGD(model.parameters(), lr=0.05)
        history = []
        for _ in range(100):
            x = torch.randn(4, 1, 12, 12)
            target = x.roll(1, -1)
            if amp:
                with wrapper.optim_context(model):
                    loss = nn.functional.mse_loss(model(x), target)
                wrapper.update_params(loss)
            else:
                loss = nn.functional.mse_loss(model(x), target)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            history.append(loss.item())
        return history

    half, full = losses(True), losses(False)
    assert full[-1] < full[0] / 2 and half != full
    assert half[-1] == pytest.approx(full[-1], rel=0.02)


def test_full_precision_leaves_autocast():
    """Of nested tensors, too: 300.7 and 301.2 are the same number in bfloat16."""
    pair = [torch.tensor([300.7]), dict(b=(torch.tensor([301.2]), 'name'))]

    def distance(values):
        a, b = values[0], values[1]['b'][0]
        return a[:, None] @ b[:, None] - a[:, None] @ a[:, None]

    with torch.autocast('cpu', torch.bfloat16):
        assert distance(pair).dtype == torch.bfloat16
        inside = full_precision(distance)(pair)
        assert full_precision(lambda x: x)(torch.ones(1, dtype=torch.bfloat16)).dtype == torch.float32
        assert torch.is_autocast_enabled('cpu')
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, distance(pair))


def test_scale_survives_a_resume_and_float32_can_be_resumed():
    model = nn.Linear(2, 2)

    def wrapper():
        return AutocastOptimWrapper(dtype='float16', optimizer=torch.optim.SGD(model.parameters(), lr=0.1))

    first, second = wrapper(), wrapper()
    first.scaler.scale(torch.ones(1))
    first.scaler.update(4.0)
    second.load_state_dict(first.state_dict())
    assert second.state_dict()['loss_scaler'] == first.state_dict()['loss_scaler']
    plain = OPTIM_WRAPPERS.build(dict(type='OptimWrapper', optimizer=torch.optim.SGD(model.parameters(), lr=0.1)))
    second.load_state_dict(plain.state_dict())
    plain.load_state_dict(first.state_dict())


def detectors(rotated):
    from mmdet.structures import DetDataSample
    meta = dict(img_shape=(128, 128), ori_shape=(128, 128), batch_input_shape=(128, 128), pad_shape=(128, 128),
                scale_factor=(1., 1.), img_id=0)
    if rotated:
        from mmrotate.structures import RotatedBoxes
        boxes = RotatedBoxes(torch.tensor([[60., 50., 70., 14., 0.4], [90., 90., 12., 40., -0.3], [30., 100., 20., 6., 1.2]]))
    else:
        boxes = torch.tensor([[20., 30., 70., 60.], [80., 81., 95., 120.], [3., 100., 14., 107.]])
    sample = DetDataSample(metainfo=meta)
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.zeros(3, dtype=torch.long))
    return dict(inputs=torch.randn(1, 3, 128, 128), data_samples=[sample])


def slices():
    from mmseg.structures import SegDataSample
    meta = dict(img_shape=(64, 64), ori_shape=(64, 64), pad_shape=(64, 64))
    return dict(inputs=torch.rand(2, 1, 64, 64), data_samples=[
        SegDataSample(gt_sem_seg=PixelData(data=torch.randint(0, 2, (1, 64, 64))), metainfo=meta) for _ in range(2)])


def pairs():
    y, x = torch.meshgrid(torch.arange(64.), torch.arange(64.), indexing='ij')
    flow = torch.stack([x + 2.3, y - 1.6], dim=-1)[None]
    return dict(images=torch.rand(1, 2, 3, 64, 64), flow=flow)


@pytest.mark.parametrize('config, batch', [
    ('sar_shipnet_toy', lambda: detectors(False)), ('larsd_toy', lambda: detectors(True)), ('eas_unet_toy', slices),
    ('s2net_toy', pairs), ('d2net-ssl_vgg16_roadscene_256', pairs), ('rtmdet-r_w24_ssdd_256', lambda: detectors(True)),
    ('rotated-retinanet_r18w16_ssdd_256', lambda: detectors(True)), ('unet-2d_w16_slices_64', slices)])
def test_losses_of_every_paper_agree_at_the_start(config, batch):
    """The same weights and images: each loss within 2 % of float32, or 0.002 of a loss near zero."""
    from mmengine.registry import MODELS
    cfg = load_config(config)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    small = dict(pretrained='random', min_correspondences=8) if 'd2net' in config else {}
    model = MODELS.build(ConfigDict(cfg.model, **small))
    model.init_weights()
    if 'guidance' in dir(model):
        from mmsight.registry import HOOKS
        model.guidance = HOOKS.build(next(hook for hook in cfg.custom_hooks if 'SelfSupervised' in hook.type))
    model.train()
    data = batch()

    def losses():
        torch.manual_seed(1)
        return {name: float(sum(value) if isinstance(value, list) else value)
                for name, value in model(**data, mode='loss').items() if 'loss' in name}

    full = losses()
    with bf16(model).optim_context(model):
        half = losses()
    assert half != full
    assert half == {name: pytest.approx(value, rel=0.02, abs=2e-3) for name, value in full.items()}


def test_gan_trains_both_networks_in_bfloat16():
    """One step with a wrapper for each network: what is logged agrees with float32, and both networks move."""
    from mmagic.structures import DataSample
    from mmengine.optim import build_optim_wrapper
    from mmengine.registry import MODELS

    from mmsight.engine.launch import use_amp
    cfg = load_config('super_resolution_toy')
    init_default_scope(cfg.default_scope)

    def step(amp):
        torch.manual_seed(0)
        model = MODELS.build(cfg.model)
        model.init_weights()
        if amp:
            use_amp(cfg)
            for name in ('generator', 'discriminator'):
                cfg.optim_wrapper[name].dtype = 'bfloat16'
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        samples = [DataSample(gt_img=torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8)) for _ in range(2)]
        for sample in samples:
            sample.set_metainfo({f'{key}_{what}': value for key in ('gt', 'img')
                                 for what, value in (('channel_order', 'rgb'), ('color_type', 'color'))})
        images = [sample.gt_img[:, ::4, ::4].contiguous() for sample in samples]
        before = {name: value.clone() for name, value in model.named_parameters()}
        logs = model.train_step(dict(inputs=images, data_samples=samples), wrapper)
        moved = {name.split('.')[0] for name, value in model.named_parameters() if not torch.equal(value, before[name])}
        assert moved == {'generator', 'discriminator'} and all(p.dtype == torch.float32 for p in model.parameters())
        return {name: float(value) for name, value in logs.items() if 'loss' in name}

    full, half = step(False), step(True)
    assert half != full and half == {name: pytest.approx(value, rel=0.02) for name, value in full.items()}
