"""Verdicts follow from records, and every claim names rows that exist or says what is missing."""

import json

import pytest
import yaml

from mmsight import projects
from mmsight.engine import claims
from mmsight.errors import InputError


@pytest.mark.parametrize('paper', [name for name in projects.names() if name != 'example_project'])
def test_every_paper_has_claims_with_verdicts(paper):
    found = claims.load_claims(paper)
    assert len(found) >= 5
    for claim in found:
        verdicts = claims.judge(paper, claim)
        assert verdicts and all(verdict.word.split(',')[0] in claims.VERDICTS for verdict in verdicts)
        assert all(verdict.numbers for verdict in verdicts if verdict.word != claims.VERDICTS[3])


@pytest.fixture
def paper(tmp_path, box):
    """A project with three models of three seeds and two of one, and one without a record."""
    folder = tmp_path / 'projects' / 'toybox'
    values = dict(good=(5, 6, 7), bad=(1, 2, 1), odd=(1, 9, 2), alone=(4, ), single=(3, ))
    for name, row in values.items():
        for seed, value in enumerate(row):
            record = dict(seed=seed, metrics=dict(score=value))
            (folder / 'records' / f'{name}_seed{seed}.json').write_text(json.dumps(record))
    rows = [dict(model=name.upper(), config=name, data='toys') for name in (*values, 'never')]
    table = dict(title='a table', columns=dict(score=dict(metric='score', digits=1)), rows=rows)
    (folder / 'tables.yml').write_text(yaml.safe_dump({'1': table}))
    return folder


def claim(higher, lower, **more):
    return [dict(claim='it is better', where='Table 1', **more,
                 compare=[dict(table='1', column='score', higher=higher, lower=lower)])]


@pytest.mark.parametrize('higher, lower, word, numbers', [
    ('good', 'bad', 'holds', '6.0 against 1.3; +4.7 [+'), ('bad', 'good', 'does not hold', '1.3 against 6.0; -4.7 [-'),
    ('odd', 'bad', 'not distinguishable', '(95 %, 3 and 3 seeds)'), ('good', 'never', 'could not be tested', 'not measured'),
    ('alone', 'single', 'holds, by two numbers alone', '4.0 against 3.0; +1.0 (without an interval)'),
    ('alone', 'alone', 'not distinguishable', '(without an interval)')])
def test_verdicts(higher, lower, word, numbers, paper):
    (paper / 'claims.yml').write_text(yaml.safe_dump(claim(higher, lower)))
    verdict, = claims.judge('toybox', *claims.load_claims('toybox'))
    assert verdict.word == word and numbers in verdict.numbers
    assert verdict.compared == f'{higher.upper()} above {lower.upper()}: score on toys (a table)'


def test_the_page_counts_verdicts_and_says_what_is_missing(paper):
    (paper / 'claims.yml').write_text(yaml.safe_dump(claim('GOOD', 'BAD', untested='more data')))
    text = claims.markdown(['toybox', 'example_project'])
    assert '| holds | 1 |' in text and '| could not be tested | 1 |' in text and text.count('it is better (Table 1)') == 1
    assert '|  | more data |  | **could not be tested** |' in text and '## Toy box' in text and 'example' not in text


@pytest.mark.parametrize('content, sentence', [
    ([dict(claim='a', where='b')], "needs rows to 'compare'"), ([dict(claim='a', wher='b')], 'claim 1'),
    (claim('good', 'nobody'), "has no row 'nobody'"),
    ([dict(claim='a', where='b', compare=[dict(table='2', column='score', higher='good', lower='bad')])], "no column 'score'")])
def test_a_wrong_claim_is_one_sentence(content, sentence, paper):
    (paper / 'claims.yml').write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=sentence):
        claims.markdown(['toybox'])
