"""A scene in tiles: what each of them holds, a journal of what is done, and the ships of them all."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from mmsight.apis.land_mask import LandMask
from mmsight.apis.scene import Scene
from mmsight.apis.tiles import Tile, cut_by_tile, in_core, merge
from mmsight.errors import OutputError
from mmsight.files import complete_file

MOST_BOXES = 1000
"""Boxes that a model may return for a tile; configs say 100, for small chips."""


@dataclass
class Found:
    """What a tile, or a whole scene, holds: boxes (N, 5) in pixels of the scene, scores and labels (N, ).

    ``bows`` (N, ) are the probabilities of the bow being at the end to which the long axis of a box points, see
    :func:`mmsight.apis.ships.long_axis`; NaN, as by default, where the model does not tell bow from stern.
    """

    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 5)))
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0))
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    rotated: bool = False
    bows: np.ndarray = None  # type: ignore[assignment]  # as many as there are boxes

    def __post_init__(self) -> None:
        if self.bows is None:
            self.bows = np.full(len(self.boxes), np.nan)

    def __getitem__(self, chosen: np.ndarray) -> 'Found':
        return Found(self.boxes[chosen], self.scores[chosen], self.labels[chosen], self.rotated, self.bows[chosen])


@dataclass
class SceneJob:
    """A scene, how it is cut into tiles, and what is done already.

    Args:
        scene (Scene): Where ships are looked for.
        tiles (list[Tile]): All of them.
        scale (float): Factor by which the network sees the scene enlarged.
        whole (bool): The image is small, and goes through the network as the config tests it.
        threshold (float): Least score of a ship.
        journal (Path, optional): Keeps what is done, so that an interrupted run goes on.
        land (LandMask, optional): Where no ships are.
        done (dict[int, Found]), failed (dict[int, str]): Number of a tile to what it holds, or to why that is not known.
    """

    scene: Scene
    tiles: list[Tile]
    scale: float
    whole: bool
    threshold: float
    journal: Path | None
    land: LandMask | None
    done: dict[int, Found] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)

    def resume(self, path: Path, facts: Any) -> None:
        """Take over what an earlier run has done, or begin its journal.

        Args:
            path (Path): The journal.
            facts (Any): All that decides the results, beside this job. The journal of other facts is replaced.
        """
        self.journal = path
        facts = [facts, self.scale, self.threshold, [(tile.x, tile.y, tile.width, tile.height) for tile in self.tiles],
                 [item.name for item in fields(Found)]]  # another version may have kept other things
        key = hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()
        lines = path.read_text().split('\n')[:-1] if path.is_file() else []  # the last may be half a line
        if lines and json.loads(lines[0]) == dict(job=key):
            for line in map(json.loads, lines[1:]):
                self.done[line['tile']] = Found(np.array(line['boxes']).reshape(-1, 5), np.array(line['scores']),
                                                np.array(line['labels'], int), line['rotated'], np.array(line['bows']))
            # without the half line
            lines = [line + '\n' for line in lines]
        else:
            lines = [json.dumps(dict(job=key)) + '\n']
        with complete_file(path) as scratch:
            scratch.write_text(''.join(lines))

    def batches(self, batch_size: int) -> list[list[int]]:
        """Numbers of the tiles that are left, row by row, in batches of one size."""
        found: list[list[int]] = []
        for number, tile in enumerate(self.tiles):
            if number in self.done:
                continue
            same = found and len(found[-1]) < batch_size and all(
                getattr(self.tiles[found[-1][0]], name) == getattr(tile, name) for name in ('width', 'height'))
            if same:
                found[-1].append(number)
            else:
                found.append([number])
        return found

    def keep(self, results: Iterable[tuple[int, Found | str]]) -> None:
        """Keep what tiles hold, or why they failed, also in the journal.

        Raises:
            OutputError: If the journal cannot be written.
        """
        lines = []
        for number, found in results:
            if isinstance(found, str):
                self.failed[number] = found
                continue
            self.done[number] = found
            lines.append(json.dumps(dict(tile=number, boxes=found.boxes.tolist(), scores=found.scores.tolist(),
                                         labels=found.labels.tolist(), rotated=found.rotated,
                                         bows=found.bows.tolist())) + '\n')
        if self.journal is not None:
            try:
                with self.journal.open('a') as file:
                    file.writelines(lines)
            except OSError as error:
                raise OutputError(f'{self.journal}: the file cannot be written: {error.strerror}') from error

    def close_journal(self) -> None:
        """Remove the journal, unless a tile failed, which the next run tries again."""
        if self.journal is not None and not self.failed:
            self.journal.unlink(missing_ok=True)

    def merged(self) -> Found:
        """The ships of the scene, best first; warnings go to those of the scene."""
        numbers = sorted(self.done)
        parts = [self.done[number] for number in numbers]
        if not parts:
            return Found()
        found = Found(np.concatenate([part.boxes for part in parts]), np.concatenate([part.scores for part in parts]),
                      np.concatenate([part.labels for part in parts]), any(part.rotated for part in parts),
                      np.concatenate([part.bows for part in parts]))
        if len(self.tiles) > 1:
            size, name = (self.scene.width, self.scene.height), self.scene.path.name
            cut = np.concatenate([cut_by_tile(part.boxes, self.tiles[number], *size)
                                  for number, part in zip(numbers, parts, strict=True)])
            outside = np.concatenate([~in_core(part.boxes, self.tiles[number])
                                      for number, part in zip(numbers, parts, strict=True)])
            origin = np.repeat(numbers, [len(part.boxes) for part in parts])
            keep = merge(found.boxes, found.scores, found.labels, origin, cut, outside)
            if cut[keep].any():
                self.scene.warnings.append(f'{name}: {cut[keep].sum()} boxes reach the edge of their tile and may be cut: '
                                           'raise --overlap')
            full = [number for number, part in self.done.items() if len(part.boxes) >= MOST_BOXES]
            if full:
                self.scene.warnings.append(f'{name}: {len(full)} tiles hold as many boxes as the model may return: lower '
                                           '--tile')
            found = found[keep]
        return found[np.argsort(-found.scores, kind='stable')]
