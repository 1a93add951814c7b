"""How images of ships are read for a network of one input size: the pipelines of every SAR-ShipNet config and its rivals.

Functions, because a base config is resolved before the file that inherits it: a size that a config sets could not reach into a
list that its base has built.
"""


def train_pipeline(img_scale: tuple[int, int]) -> list[dict]:
    """Flip, scale by 0.5 to 1.5, and crop or pad to ``img_scale`` (w, h)."""
    return [
        dict(type='mmsight.LoadSARImage'),
        dict(type='LoadAnnotations', with_bbox=True),
        dict(type='RandomFlip', prob=0.5),
        dict(type='RandomResize', scale=img_scale, ratio_range=(0.5, 1.5), keep_ratio=True),
        dict(type='RandomCrop', crop_size=img_scale, allow_negative_crop=True),
        dict(type='Pad', size=img_scale),
        dict(type='PackDetInputs')
    ]


def test_pipeline(img_scale: tuple[int, int]) -> list[dict]:
    """Scale the longer side and pad to ``img_scale`` (w, h); the ground truth stays in the pixels of the file."""
    return [
        dict(type='mmsight.LoadSARImage'),
        dict(type='Resize', scale=img_scale, keep_ratio=True),
        dict(type='Pad', size=img_scale),
        dict(type='LoadAnnotations', with_bbox=True),
        dict(
            type='PackDetInputs',
            meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'instances'))
    ]
