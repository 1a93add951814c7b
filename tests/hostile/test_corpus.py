"""Hostile files do nothing but end in a sentence; see ``corpus.py``, which tries all of them and writes the record."""

import json
import os

import pytest

from tests.hostile.corpus import run


@pytest.mark.slow
def test_hostile_files_are_read_or_refused(monkeypatch, root):
    """One in 24, as forks of the suite's process are not cheap; the record is of all of them, and without a fault."""
    monkeypatch.setitem(os.environ, 'MMSIGHT_MAX_MEMORY', '4')  # restored afterwards
    kinds = []
    outcomes = list(run(24, kinds))
    assert [outcome for outcome in outcomes if outcome.faults] == []
    assert len(outcomes) > 30 and {outcome.outcome for outcome in outcomes} == {'refused', 'read'}
    record = json.loads((root / 'docs' / 'benchmarks' / 'hostile' / 'corpus.json').read_text())
    assert len(kinds) >= 400
    assert [(row['kind'], row['files']) for row in record['kinds']] == [(kind, kinds.count(kind))
                                                                        for kind in dict.fromkeys(kinds)]
    assert all(row['faults'] == {} and row['refused'] + row['read'] == row['files'] for row in record['kinds'])
