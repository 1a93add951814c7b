"""``result.json``: the record that every train and test run leaves in its work-dir."""

import hashlib
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mmengine
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmsight.files import complete_file
from mmsight.registry import HOOKS

from .environment import environment

# Keys that state where and how a run was started, but do not change what it computes.
_NOT_DIGESTED = ('work_dir', 'load_from', 'resume', 'launcher', 'show_dir')


def check_expected(expected: list[dict], metrics: Mapping[str, float]) -> list[dict]:
    """Compare metrics with a config's ``expected_results``.

    Args:
        expected (list[dict]): Each with ``metric`` and ``min`` or ``max`` or both.
        metrics (Mapping[str, float]): Flat name to value.

    Returns:
        list[dict]: Each entry with ``value`` (None where the metric is absent or not finite) and ``pass``. A metric that is
        absent or not finite does not pass.
    """
    rows = []
    for entry in expected:
        value = metrics.get(entry['metric'])
        value = value if value is not None and math.isfinite(value) else None
        ok = value is not None and entry.get('min', -math.inf) <= value <= entry.get('max', math.inf)
        rows.append(dict(entry, value=value, **{'pass': ok}))
    return rows


def config_digest(cfg: mmengine.Config) -> str:
    """SHA-256 of the config's content, without what only says where and how it was started."""
    content = {key: value for key, value in cfg.to_dict().items() if key not in _NOT_DIGESTED}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@HOOKS.register_module()
class ResultHook(Hook):
    """Write ``result.json`` into the work-dir when a train or test run ends.

    Keys: ``config``, ``config_digest``, ``git_commit``, ``seed``, ``device``, ``versions``, ``wall_seconds``,
    ``metrics`` (flat name to number; of a train run, those of the last validation) and ``expected`` (the config's
    ``expected_results`` with ``value`` and ``pass``).

    Args:
        config_name (str): The config as the user named it.
    """

    priority = 'VERY_LOW'

    def __init__(self, config_name: str = '') -> None:
        self.config_name = config_name
        self.metrics: dict[str, float] = {}
        self.expected: list[dict] = []
        self._begin = time.time()

    def before_run(self, runner: Runner) -> None:
        self._begin = time.time()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        self.metrics = {name: float(value) for name, value in (metrics or {}).items() if _is_number(value)}
        self.expected = check_expected(runner.cfg.get('expected_results', []), self.metrics)

    after_test_epoch = after_val_epoch

    def after_train(self, runner: Runner) -> None:
        """Validate a training that was killed after its last step and resumed: nothing was left to train."""
        if not self.metrics and runner.val_loop is not None:
            runner.logger.info('The training was already complete: the model is validated')
            runner.val_loop.run()

    @master_only
    def after_run(self, runner: Runner) -> None:
        record = dict(
            config=self.config_name or runner.cfg.filename,
            config_digest=config_digest(runner.cfg),
            seed=runner.seed,
            **environment(),
            wall_seconds=round(time.time() - self._begin, 1),
            metrics={name: value if math.isfinite(value) else None for name, value in self.metrics.items()},
            expected=self.expected)
        with complete_file(Path(runner.work_dir) / 'result.json') as scratch:
            mmengine.dump(record, str(scratch), file_format='json', indent=2)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
