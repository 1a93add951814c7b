"""Put a trained model into the box: weights, an entry in the project's metafile, and a card, all from one file of facts."""

import json
import os
import re
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from mmsight import __version__
from mmsight.box import BoxModel, digest, find_checkpoint, get_model
from mmsight.configs import list_configs, load_config
from mmsight.engine.load_model import dataset_meta, load_model
from mmsight.engine.model_card import write_card
from mmsight.engine.weights import write_weights
from mmsight.errors import InputError
from mmsight.files import complete_file
from mmsight.tasks import task_of

MOST_MEGABYTES = 10
"""Largest file of weights, in MB (10^6 bytes): all models travel in the wheel."""
EXPECTS = ('modality', 'gsd', 'image_side', 'image_size', 'score_threshold', 'hu_window', 'scale')
"""What a model may expect of its input; the reference in the documentation explains each."""


@dataclass(frozen=True)
class Result:
    """A test of the model.

    Attributes:
        dataset (str): What it was tested on.
        record (str): File in the project's ``records`` that holds the result.
        metrics (dict[str, dict]): Name to ``metric`` of the record, ``scale`` (1) and ``digits`` (2), as in ``tables.yml``.
    """

    dataset: str
    record: str
    metrics: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Facts:
    """What a person states of a model, in ``projects/<paper>/weights/<name>.yml``; the other facts come from the record.

    Attributes:
        title (str): What it does, in a few words.
        kind (str): The task in the words of OpenMMLab's metafiles, e.g. ``'Object Detection'``.
        config (str): Name of the config that builds it for inference and tests; it names the task.
        data (str), license (str): What it was trained on, and the licence as the source of the data states it.
        split (str): Which images were used for training, for choosing the checkpoint and the threshold, and for testing.
        recipe (str), hardware (str), hours (float): How it was trained.
        not_for (str): What it must not be used for.
        results (list[Result]): Tests, the most important one first.
        expects (dict): Keys of :data:`EXPECTS`, which the inferencers act on.
        good (dict[str, str]), bad (dict[str, str]): Pictures beside this file, name to caption.
        default (bool): Whether its task uses it when no model is named. Defaults to False.
    """

    title: str
    kind: str
    config: str
    data: str
    license: str
    split: str
    recipe: str
    hardware: str
    hours: float
    not_for: str
    results: list[Result]
    expects: dict[str, Any]
    good: dict[str, str] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    default: bool = False


def read_facts(path: Path) -> Facts:
    """Read a file of facts.

    Raises:
        InputError: If it cannot be read, or a key is missing, unknown or wrong.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f'{path}: the facts cannot be read: {error}') from error
    try:
        content['results'] = [Result(**result) for result in content['results']]
        facts = Facts(**content)
    except (KeyError, TypeError) as error:
        raise InputError(f'{path}: {error}; the keys are {", ".join(item.name for item in fields(Facts))}, and of each of the '
                         f'results {", ".join(item.name for item in fields(Result))}') from error
    if not facts.results:
        raise InputError(f'{path}: results is empty: a model needs a record of its test')
    if unknown := sorted(set(facts.expects) - set(EXPECTS)):
        raise InputError(f'{path}: expects has the unknown key {unknown[0]}; the keys are {", ".join(EXPECTS)}')
    for name in (*facts.good, *facts.bad):
        if not (path.parent / name).is_file():
            raise InputError(f'{path}: the picture {name} is not in {path.parent}')
    return facts


def publish(facts_file: Path, checkpoint: str) -> tuple[BoxModel, list[str]]:
    """Write the weights, the entry in the metafile and the card beside the file of facts, whose name is the model's.

    Args:
        facts_file (Path): ``projects/<paper>/weights/<name>.yml``; see :class:`Facts`.
        checkpoint (str): Path of a checkpoint that ``tools/train.py`` wrote. With an ``EMAHook`` its ``state_dict`` holds the
            averaged weights: the hook swaps both when it saves.

    Returns:
        tuple[BoxModel, list[str]]: The model, and names of weights that its config does not use, e.g. of a discriminator.

    Raises:
        InputError: If a fact, the checkpoint or a record cannot be used, or the file would be larger than
            :data:`MOST_MEGABYTES`.
    """
    facts = read_facts(facts_file)
    project, name = facts_file.resolve().parents[1], facts_file.stem
    if name in {path.stem for path in list_configs()}:
        raise InputError(f"{facts_file}: '{name}' is the name of a config already, so that it would be unclear which is meant: "
                         'choose another')
    tested = [_read_record(project / 'records' / result.record) for result in facts.results]
    results = [_measures(result, record) for result, record in zip(facts.results, tested, strict=True)]
    with _default_data_root():
        cfg = load_config(facts.config)
    text = _config_text(cfg)  # building a detector changes the config
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model)
    content = CheckpointLoader.load_checkpoint(find_checkpoint(checkpoint), 'cpu', logger='silent')
    state, unused = _matching(model, content.get('state_dict', content), checkpoint, facts.config)
    path = facts_file.with_suffix('.safetensors')
    task = task_of(cfg).name
    about = dict(name=name, paper=project.name, task=task, config_name=Path(cfg.filename).stem, data=facts.data,
                 license=facts.license, commit=tested[0]['git_commit'], seed=tested[0]['seed'], mmsight=__version__,
                 metrics={f"{result.dataset}/{measure}": value
                          for result, found in zip(facts.results, results, strict=True) for measure, value in found.items()},
                 dataset_meta={**dataset_meta(cfg, content), **facts.expects})
    with complete_file(path) as scratch:
        write_weights(scratch, state, dict(model.named_parameters()).keys(), text, about)
        size = scratch.stat().st_size / 1e6
        if size > MOST_MEGABYTES:
            raise InputError(f'{name} has {size:.1f} MB, and a model in the box has at most {MOST_MEGABYTES}: publish a '
                             'smaller one')
        load_model(str(scratch))  # raises an error if the written weights do not fit their config
    _write_entry(project, name, task, facts, results, digest(path))
    published = get_model(name)
    write_card(facts, published, about, [project / 'records' / result.record for result in facts.results], tested)
    return published, unused


@contextmanager
def _default_data_root() -> Any:
    """Configs that name no path of this machine."""
    moved = os.environ.pop('MMSIGHT_DATA', None)
    try:
        yield
    finally:
        if moved is not None:
            os.environ['MMSIGHT_DATA'] = moved


def _config_text(cfg: Config) -> str:
    """The config without what belongs to the training's machine."""
    kept = {key: value for key, value in cfg.to_dict().items() if key not in ('load_from', 'resume', 'work_dir', 'launcher')}
    return Config(kept).pretty_text


def _read_record(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise InputError(f'{path}: the record cannot be read: {error}') from error


def _measures(result: Result, record: Mapping[str, Any]) -> dict[str, float]:
    """Values of a test, as they are printed."""
    found = {}
    for name, column in result.metrics.items():
        value = record['metrics'].get(column['metric'])
        if value is None:
            raise InputError(f"{result.record}: the record has no metric '{column['metric']}', only "
                             f"{', '.join(record['metrics'])}")
        found[name] = round(column.get('scale', 1) * value, column.get('digits', 2))
    return found


def _matching(model: nn.Module, state: Mapping[str, Tensor], checkpoint: str,
              config: str) -> tuple[dict[str, Tensor], list[str]]:
    """What the model needs of a checkpoint, and the names of the rest."""
    wanted = model.state_dict()
    faults = [name for name, value in wanted.items() if name not in state or state[name].shape != value.shape]
    if faults:
        raise InputError(f"checkpoint '{checkpoint}' does not fit the model of {config}: {len(faults)} of {len(wanted)} "
                         f'weights are missing or have another shape (first: {faults[0]})')
    return {name: state[name] for name in wanted}, [name for name in state if name not in wanted]


def _write_entry(project: Path, name: str, task: str, facts: Facts, results: list[dict[str, float]], sha256: str) -> None:
    """Replace or add the model's entry; the rest of the metafile stays as it is formatted."""
    path = project / 'metafile.yml'
    text = path.read_text()
    config = next((path for path in list_configs() if path.stem == Path(facts.config).stem), Path(facts.config))
    entry = {
        'Name': name,
        'In Collection': yaml.safe_load(text)['Collections'][0]['Name'],
        'Config': f'configs/{config.parent.name}/{config.name}',
        'Weights': f'projects/{project.name}/weights/{name}.safetensors',
        'Metadata': {
            'Command': task, 'Default': facts.default, 'Training Data': facts.data,
            'Data License': facts.license, 'Training Resources': f'{facts.hours:g} h on {facts.hardware}', 'SHA-256': sha256},
        'Results': [{'Task': facts.kind, 'Dataset': result.dataset, 'Source': 'measured', 'Record': result.record,
                     'Metrics': found} for result, found in zip(facts.results, results, strict=True)],
    }
    lines = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=120).splitlines()
    others = re.sub(rf'(?m)^  - Name: {re.escape(name)}\n(?:    .*\n)*', '', text)
    with complete_file(path) as scratch:
        scratch.write_text(others.rstrip('\n') + '\n' + ''.join(f'  {line}\n' for line in lines))
