"""mmdet's regions of interest in mixed precision.

What breaks: ``SingleRoIExtractor`` casts boxes to the type of the maps. In bfloat16 a corner at 130.4 becomes 130, and corners
beyond 256 move by up to a pixel; in float16 it is a quarter of a pixel beyond 512. RoIAlign has no bfloat16 on a CPU.
In which versions: onedl-mmdetection 3.5.1. It can go when the extractor leaves boxes in float32.
"""


def apply() -> None:
    """Extract in float32, whatever the maps are."""
    from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor

    from mmsight.engine.mixed_precision import full_precision
    if not hasattr(SingleRoIExtractor.forward, '__wrapped__'):
        SingleRoIExtractor.forward = full_precision(SingleRoIExtractor.forward)
