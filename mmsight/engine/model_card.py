"""The card of a model in the box: what it is for, how it was trained and tested, where it fails."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsight.box import BoxModel

if TYPE_CHECKING:
    from mmsight.engine.publish import Facts

WORDS = dict(
    modality='modality or bands', gsd='size of a pixel in metres', image_side='longer side of the training images in pixels',
    image_size='longer side of images in pixels', score_threshold='lowest score of a result',
    hu_window='HU window, from black to white', scale='factor of enlargement')


def write_card(facts: Facts, model: BoxModel, about: Mapping[str, Any], records: Sequence[Path],
               tested: Sequence[Mapping[str, Any]]) -> None:
    """Write ``<name>.md`` beside the weights.

    Args:
        facts (Facts): What a person states.
        model (BoxModel): The published model.
        about (Mapping[str, Any]): What the file of weights holds.
        records (Sequence[Path]), tested (Sequence[Mapping[str, Any]]): Files of the records, and their content.
    """
    folder = model.path.parent
    rows = [f'| {key.rpartition("/")[0]} | {key.rpartition("/")[2]} | {value:g} |' for key, value in model.metrics.items()]
    links = ', '.join(f'[{path.name}]({os.path.relpath(path, folder)})' for path in dict.fromkeys(records))
    devices = dict.fromkeys(record['device'] for record in tested)
    expects = [f'| {WORDS[key]} | {_text(value)} |' for key, value in facts.expects.items()]
    lines = [
        f'# {model.name}: {facts.title}', '',
        f'Use it with `mmsight {model.task} -m {model.name} FILE...`.'
        + (f' It is the default model of `mmsight {model.task}`.' if model.default else ''), '',
        '| | |', '|---|---|',
        f'| paper | [{model.paper}]({os.path.relpath(folder.parent / "README.md", folder)}) |',
        f'| config | `{about["config_name"]}` |',
        f'| size | {model.megabytes:g} MB |',
        f'| SHA-256 | `{model.sha256}` |', '',
        '## What it expects', '',
        '| | |', '|---|---|', *expects, '',
        '## Test', '',
        '| data | measure | value |', '|---|---|---|', *rows, '',
        f'From {links}, measured on {" and ".join(devices)}.', '',
        '## Training', '',
        f'- Data: {facts.data.rstrip(".")}.',
        f'- Licence of the data: {facts.license.rstrip(".")}.',
        f'- Split: {facts.split}',
        f'- Recipe: {facts.recipe}',
        f'- Hardware: {facts.hours:g} hours on {facts.hardware}; seed {about["seed"]}, commit `{about["commit"]}`.', '']
    for title, pictures in (('Good cases', facts.good), ('Bad cases', facts.bad)):
        if pictures:
            lines += [f'## {title}', '']
            lines += [line for name, caption in pictures.items() for line in (f'![{caption}]({name})', '', caption, '')]
    lines += ['## What it must not be used for', '', facts.not_for, '']
    model.card.write_text('\n'.join(lines))


def _text(value: Any) -> str:
    return ' to '.join(f'{item:g}' for item in value) if isinstance(value, list) else str(value)
