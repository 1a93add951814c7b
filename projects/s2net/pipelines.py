"""How pairs are read: the pipelines of every S2-Net config.

Functions, because a base config is resolved before the file that inherits it: a crop that a config sets could not reach into a
list that its base has built.
"""


def train_pipeline(crop: int, keep: bool = False) -> list[dict]:
    """Crops of ``crop`` x ``crop`` pixels. The supervised pair's augmentation is that of the paper's section III-A.

    ``keep`` holds decoded pairs in memory, see :class:`.LoadPair`.
    """
    return [
        dict(type='mmsight.LoadPair', keep=keep),
        dict(type='mmsight.EnlargePair', size=crop),
        dict(type='mmsight.RandomFlipRotate'),
        dict(type='mmsight.RandomInfraredWarp'),
        dict(type='mmsight.CropPair', size=crop),
        dict(type='mmsight.RandomGrey'),
        dict(type='mmsight.PackPair')
    ]


def test_pipeline(warp: bool = False) -> list[dict]:
    """Pairs as they are, as in the paper's tables, or with the infrared image under a fixed ``warp``: there equal places are no
    help."""
    return [
        dict(type='mmsight.LoadPair'),
        *([dict(type='mmsight.FixedInfraredWarp')] if warp else []),
        dict(type='mmsight.PackTestPair')
    ]
