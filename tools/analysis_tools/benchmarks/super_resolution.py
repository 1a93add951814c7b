"""Super resolution: low-resolution images against mmagic's resizer, the cost of a step's wrapping, memory of tiles."""

import subprocess
import sys

import numpy as np
import torch
from mmagic.datasets.transforms import MATLABLikeResize
from mmagic.registry import MODELS
from mmagic.structures import DataSample
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import init_default_scope
from mmsight.projects.super_resolution import AdversarialSuperResolver
from mmsight.projects.super_resolution.resize import resize_bicubic
from mmsight.projects.super_resolution.tiling import super_resolve_tiled
from torch import nn
from torch.nn import functional as F

from mmsight.configs import load_config
from mmsight.engine.benchmark import Row, interleave, peak_memory


def rows(quick: bool = False) -> list[Row]:
    """All rows; ``quick`` times fewer rounds and tiles a smaller image."""
    init_default_scope('mmagic')
    return [*_low_resolution(quick), *_step(quick), *_tiles(quick)]


def _low_resolution(quick: bool) -> list[Row]:
    """256x256 -> 64x64, 8 bits."""
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    host = MATLABLikeResize(keys=['img'], scale=1 / 4)

    def theirs() -> np.ndarray:
        return np.rint(host(dict(img=image))['img']).clip(0, 255)

    seconds = interleave(dict(ours=lambda: resize_bicubic(image, (64, 64)), theirs=theirs), 20 if quick else 200)
    apart = np.abs(resize_bicubic(image, (64, 64)).astype(int) - theirs())[2:-2, 2:-2].max()
    return [
        Row('bicubic 256 -> 64', seconds['ours'], seconds['theirs'], 'mmagic MATLABLikeResize', 's', '>= 3', speedup=True),
        Row('bicubic 256 -> 64, largest difference inside', float(apart), 2, 'two roundings', 'grey levels', '<= 1'),
    ]


def _batch(number: int, side: int) -> dict:
    images = torch.randint(0, 256, (number, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    samples = [DataSample(gt_img=image.repeat_interleave(4, 1).repeat_interleave(4, 2)) for image in images]
    for sample in samples:
        sample.set_metainfo({f'{key}_{what}': value for key in ('gt', 'img')
                             for what, value in (('channel_order', 'rgb'), ('color_type', 'color'))})
    return dict(inputs=list(images), data_samples=samples)


def _step(quick: bool) -> list[Row]:
    """A step of SRGAN-MSE, preprocessing included, against the same arithmetic written out."""
    cfg = load_config('srgan-mse_w128_div2k_x4')
    cfg.model.generator.update(width=32, up_width=32)  # the wrapping costs the same, and shows more
    cfg.model.discriminator.update(width=16, dense=64)
    model: AdversarialSuperResolver = MODELS.build(cfg.model)
    model.init_weights()
    generator, discriminator = model.generator, model.discriminator
    adam = {net: torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in (generator, discriminator)}
    wrappers = OptimWrapperDict(generator=OptimWrapper(adam[generator]), discriminator=OptimWrapper(adam[discriminator]))
    data = _batch(4, 16)
    low, high = (torch.stack(images) for images in (data['inputs'], [sample.gt_img for sample in data['data_samples']]))

    def bce(logits: torch.Tensor, label: float) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    def by_hand() -> list[float]:
        x, y = low.float() / 127.5 - 1, high.float() / 127.5 - 1
        fake = generator(x)
        discriminator.requires_grad_(True)
        on_real, on_fake = discriminator(y), discriminator(fake.detach())
        real_loss, fake_loss = bce(on_real, 1.0), bce(on_fake, 0.0)
        adam[discriminator].zero_grad()
        (real_loss + fake_loss).backward()
        adam[discriminator].step()
        discriminator.requires_grad_(False)
        content, adversarial = F.mse_loss(fake, y), 1e-3 * bce(discriminator(fake), 1.0)
        adam[generator].zero_grad()
        (content + adversarial).backward()
        adam[generator].step()
        return [value.item() for value in (real_loss, fake_loss, content, adversarial)]

    seconds = interleave(dict(ours=lambda: model.train_step(data, wrappers), theirs=by_hand), 5 if quick else 40, 3)
    return [Row('step of SRGAN-MSE, batch 4, 16 -> 64', seconds['ours'], seconds['theirs'], 'the same by hand', 's', '<= 1.05')]


def _network(config: str) -> nn.Module:
    init_default_scope('mmagic')
    return MODELS.build(load_config(config).model).eval()


def tile(config: str, side: int) -> None:
    """Enlarge noise to side x side and print the peak memory of the process in MB; run by :func:`_tiles`."""
    model = _network(config)
    image = torch.rand(1, 3, side // 4, side // 4) * 2 - 1
    out = torch.empty(1, 3, side, side, dtype=torch.uint8)
    super_resolve_tiled(model.generator, image, 4, model.test_cfg.tile, model.halo, out, progress=sys.stderr.isatty())
    print(peak_memory())


def _tiles(quick: bool) -> list[Row]:
    """Peak memory of a process of its own, and how far tiles are from one pass."""
    side = 2048 if quick else 8192
    command = 'import runpy, sys; import mmsight; runpy.run_path(sys.argv[1])["tile"](sys.argv[2], int(sys.argv[3]))'
    done = subprocess.run([sys.executable, '-c', command, __file__, 'srcnn-mse_w64_t91_x4', str(side)], check=True,
                          capture_output=True, text=True)
    model = _network('srcnn-mse_w128_div2k_x4')
    image = torch.rand(1, 3, 40, 56) * 2 - 1
    with torch.no_grad():
        apart = (super_resolve_tiled(model.generator, image, 4, 24, model.halo) - model.generator(image)).abs().max().item()
    return [
        Row(f'tiles, {side} x {side}, peak of the process', float(done.stdout.split()[-1]), 4000, 'the limit', 'MB', '<= 1'),
        Row('tiles, largest difference to one pass', apart, 1e-5, 'the limit', '', '<= 1'),
    ]
