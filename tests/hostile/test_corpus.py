"""Hostile files do nothing but end in a sentence; see ``corpus.py``, which tries all of them and writes the record."""

import json
import os

import pytest

from tests.hostile.corpus import corpus, run


@pytest.mark.slow
def test_hostile_files_are_read_or_refused(monkeypatch):
    """One in sixteen: forks of the suite's process are not cheap."""
    monkeypatch.setitem(os.environ, 'MMSIGHT_MAX_MEMORY', '4')  # restored afterwards
    outcomes = list(run(every=16))
    assert [outcome for outcome in outcomes if outcome.faults] == []
    assert len(outcomes) > 45 and {outcome.outcome for outcome in outcomes} == {'refused', 'read'}


def test_the_record_is_of_the_whole_corpus_and_without_faults(root, tmp_path):
    record = json.loads((root / 'docs' / 'benchmarks' / 'hostile' / 'corpus.json').read_text())
    found = [hostile.kind for hostile in corpus('http://127.0.0.1:1', tmp_path / 'secret', tmp_path / 'marker')]
    assert len(found) >= 400
    assert [(row['kind'], row['files']) for row in record['kinds']] == [(kind, found.count(kind))
                                                                        for kind in dict.fromkeys(found)]
    assert all(row['faults'] == {} and row['refused'] + row['read'] == row['files'] for row in record['kinds'])
