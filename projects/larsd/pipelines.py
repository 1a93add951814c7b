"""How images of rotated ships are read: the pipelines of every LARSD config and its rivals.

Functions, because a base config is resolved before the file that inherits it: a size that a config sets could not reach into a
list that its base has built.

*Deviation*: the paper fixes 512x512 and does not say how; here the longer side is scaled to it and the rest padded.
"""

META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor')


def train_pipeline(img_scale: tuple[int, int], grey: bool = False) -> list[dict]:
    """The paper's augmentation: horizontal flip, rotation, crop; then scaled and padded to ``img_scale`` (w, h).

    A ship that the border cuts keeps its whole box if its centre stays inside; boxes stay exact under all three.
    ``grey`` is for radar sets, which hold a few files with coloured pixels.
    """
    return [
        *_load(grey),
        dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
        dict(type='RandomRotate', prob=0.5, angle_range=180),
        dict(
            type='mmdet.RandomCrop',
            crop_type='relative_range',
            crop_size=(0.75, 0.75),
            allow_negative_crop=True,
            bbox_clip_border=False),
        *_fit(img_scale),
        dict(type='mmdet.PackDetInputs')
    ]


def quarter_turn_pipeline(img_scale: tuple[int, int] | None, grey: bool = False) -> list[dict]:
    """For networks that train for minutes: flips and quarter turns of the whole image, None for images of their own size."""
    return [
        *_load(grey),
        dict(type='mmdet.RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
        *_fit(img_scale),
        dict(type='RandomChoiceRotate', angles=[90], prob=0.5),
        dict(type='mmdet.PackDetInputs')
    ]


def test_pipeline(img_scale: tuple[int, int] | None, grey: bool = False) -> list[dict]:
    """Scaled and padded to ``img_scale`` (w, h), or at the image's own size; the ground truth stays in the file's pixels."""
    load, annotations = _load(grey)
    return [
        load,
        *(_fit(img_scale) or [dict(type='mmdet.Resize', scale_factor=1.0)]),
        annotations,
        dict(type='mmdet.PackDetInputs', meta_keys=META_KEYS)
    ]


def _load(grey: bool) -> list[dict]:
    return [
        dict(type='mmsight.LoadShipImage', grey=grey),
        dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='rbox'),
    ]


def _fit(img_scale: tuple[int, int] | None) -> list[dict]:
    if img_scale is None:
        return []
    return [dict(type='mmdet.Resize', scale=img_scale, keep_ratio=True), dict(type='mmdet.Pad', size=img_scale)]
