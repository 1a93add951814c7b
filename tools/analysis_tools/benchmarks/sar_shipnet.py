"""SAR-ShipNet: size of the networks, speed of the targets against mmdet's, latency against Table 1's rivals."""

import resource

import numpy as np
import torch
from mmdet.models.dense_heads import CenterNetHead
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from mmsight.projects.sar_shipnet import GaussianCenterNetHead
from mmsight.projects.sar_shipnet.speed import one_image
from torch import Tensor, nn

from mmsight.configs import load_config
from mmsight.engine.benchmark import Row, interleave

NETWORKS = {
    'SAR-ShipNet': ('sar-shipnet_r50_ssdd_512', 512),
    'CenterNet-R50': ('centernet_r50_ssdd_512', 512),
    'YOLOX-M 640': ('yolox_m_ssdd_640', 640),
    'RetinaNet 600': ('retinanet_r50_ssdd_600', 600),
    'SSD512': ('ssd512_vgg16_ssdd_512', 512),
    'Faster R-CNN 600': ('faster-rcnn_r50_ssdd_600', 600)
}


def rows(quick: bool = False) -> list[Row]:
    """All rows; ``quick`` times fewer rounds."""
    init_default_scope('mmdet')
    targets = _targets(quick)  # first: later the peak of memory would already be higher
    models = {name: MODELS.build(load_config(config).model).eval() for name, (config, _) in NETWORKS.items()}
    return [*_sizes(models), *targets, *_latencies(models, quick)]


def _sizes(models: dict[str, nn.Module]) -> list[Row]:
    """Within 0.05 MiB of the sizes that the paper prints without decimals."""
    found = []
    for name, expected in (('CenterNet-R50', 124.6), ('SAR-ShipNet', 134.9)):
        size = sum(p.numel() for p in models[name].parameters()) * 4 / 2**20
        found.append(Row(f'{name}: weights off {expected}', abs(size - expected), 0.05, 'rounding', 'MiB', '<= 1'))
    return found


def _targets(quick: bool) -> list[Row]:
    """16 images of 100 boxes, on 128x128 cells."""
    random = np.random.default_rng(0)
    centres, sizes = random.uniform(0, 512, (16, 100, 2)), random.uniform(8, 88, (16, 100, 2))
    corners = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=-1).clip(0, 511)
    boxes, labels = list(torch.from_numpy(corners).float()), [torch.zeros(100).long()] * 16
    ours, theirs, shape = GaussianCenterNetHead(1), CenterNetHead(64, 64, 1), (16, 1, 128, 128)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    drawn = ours.get_targets(boxes, labels, shape)['heatmap'].numpy()
    scratch = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    seconds = interleave(
        dict(ours=lambda: ours.get_targets(boxes, labels, shape),
             theirs=lambda: theirs.get_targets(boxes, labels, shape, (512, 512))), 2 if quick else 5, 1)
    error = max(abs(drawn[i, 0] - _plain_loop(boxes[i] / 4)).max() for i in range(16))
    return [
        Row('targets, 16 x 100 boxes', seconds['ours'], seconds['theirs'], 'mmdet CenterNetHead.get_targets', 's',
            '>= 30', speedup=True),
        Row('targets, growth of peak memory', scratch, 200, 'bound', 'MB', '<= 1'),
        Row('targets, largest error', float(error), 1e-6, 'bound, against a plain loop', '', '<= 1')
    ]


def _plain_loop(boxes: Tensor, alpha: float = 0.8, size: int = 128) -> np.ndarray:
    heatmap, cells = np.zeros((size, size)), np.arange(size)
    for box in boxes.numpy():
        centre = ((box[:2] + box[2:]) / 2).astype(int)
        clipped = box.clip(0, size - 1)
        radius = ((clipped[2:] - clipped[:2]) / 2 * np.float32(alpha)).astype(int)
        sigma = (2 * radius + 1) / 6
        x, y = (np.where(abs(cells - c) <= r, np.exp(-(cells - c)**2 / (2 * s**2)), 0)
                for c, r, s in zip(centre, radius, sigma, strict=True))
        heatmap = np.maximum(heatmap, y[:, None] * x)
    return heatmap


def _latencies(models: dict[str, nn.Module], quick: bool) -> list[Row]:
    """One image through network and decoding, weights untrained."""
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    torch.set_flush_denormal(True)  # untrained activations fade to denormal numbers, on which a CPU is several times slower
    seconds = interleave({name: one_image(model.to(device), NETWORKS[name][1], device) for name, model in models.items()},
                         3 if quick else (100 if device == 'cuda' else 10))
    return [
        Row(f'latency, batch 1, {device}', seconds['SAR-ShipNet'], seconds[name], name, 's',
            '<= 1.25' if name == 'CenterNet-R50' else '<= 1') for name in models if name != 'SAR-ShipNet'
    ]
