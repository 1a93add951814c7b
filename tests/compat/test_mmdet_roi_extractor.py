"""Boxes stay in float32 when the maps are bfloat16, as a CPU trains in."""

import torch
from mmengine.registry import init_default_scope


def test_regions_in_mixed_precision_are_those_of_float32():
    import mmsight.projects.sar_shipnet  # noqa: F401  (applies the work-around)
    from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
    init_default_scope('mmdet')
    torch.manual_seed(0)
    extractor = SingleRoIExtractor(dict(type='RoIAlign', output_size=7, sampling_ratio=2), 3, [4])
    maps = torch.randn(2, 3, 100, 100).bfloat16().float()
    coarse = maps.bfloat16().requires_grad_()
    rois = torch.tensor([[0, 130.37, 12.1, 250.3, 47.2], [1, 257.4, 301.6, 390.9, 399.2]])  # bfloat16 has 130, 250, 258 and 390
    expected = extractor([maps], rois)
    with torch.autocast('cpu', torch.bfloat16):
        found = extractor([coarse], rois)
    assert found.dtype == torch.float32 and torch.allclose(found, expected, atol=1e-5)
    found.sum().backward()
    assert coarse.grad.dtype == torch.bfloat16 and torch.isfinite(coarse.grad).all()
