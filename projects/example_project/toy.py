"""Points on the line y = 1 - x, the tones of a negative."""

import json
from pathlib import Path


def make_toy_data(root: Path) -> None:
    """Write ``train.json`` and ``test.json`` into ``root``."""
    for split, count in (('train', 64), ('test', 17)):
        points = [dict(x=i / count, y=1 - i / count) for i in range(count)]
        (root / f'{split}.json').write_text(json.dumps(points))
