"""What papers claim, and whether it holds here: ``claims.yml`` of a project against its records."""

from collections import Counter
from dataclasses import dataclass, field

import yaml

from mmsight.engine.comparison import COUNTED, compare_rows
from mmsight.engine.tables import find_row, load_tables, project_folder
from mmsight.errors import InputError

VERDICTS = ('holds', 'does not hold', 'not distinguishable', 'could not be tested')


@dataclass(frozen=True)
class Pair:
    """Two rows of a table of the project, of which the paper's claim puts one higher in a column; see ``find_row``."""

    table: str
    column: str
    higher: str
    lower: str


@dataclass(frozen=True)
class Claim:
    """A claim of a paper.

    Attributes:
        claim (str): As the paper states it.
        where (str): In the paper.
        compare (list[Pair]): Rows whose records decide it.
        untested (str): What is missing to test it, or to test it at the paper's size.
    """

    claim: str
    where: str
    compare: list[Pair] = field(default_factory=list)
    untested: str = ''


@dataclass(frozen=True)
class Verdict:
    """A line: a comparison with its numbers, or what is missing for one, and one of ``VERDICTS``."""

    compared: str
    numbers: str
    word: str


def load_claims(paper: str) -> list[Claim]:
    """The claims of a project's ``claims.yml``; none without that file.

    Raises:
        InputError: If an entry is wrong.
    """
    path = project_folder(paper) / 'claims.yml'
    if not path.is_file():
        return []
    claims = []
    for number, content in enumerate(yaml.safe_load(path.read_text()), 1):
        try:
            claim = Claim(**{**content, 'compare': [Pair(**pair) for pair in content.get('compare', [])]})
        except TypeError as error:
            raise InputError(f'{path}: claim {number}: {error}') from error
        if not claim.compare and not claim.untested:
            raise InputError(f"{path}: claim {number} needs rows to 'compare', or 'untested', what is missing for that")
        claims.append(claim)
    return claims


def judge(paper: str, claim: Claim) -> list[Verdict]:
    """A verdict for each pair, and one for what is missing.

    Raises:
        InputError: If a pair names a table, a column or a row that does not exist, or rows of different images.
    """
    verdicts = [_judge_pair(paper, pair) for pair in claim.compare]
    return verdicts + ([Verdict(claim.untested, '', VERDICTS[3])] if claim.untested else [])


def _judge_pair(paper: str, pair: Pair) -> Verdict:
    table = load_tables(paper).get(pair.table)
    column = next((found for found in table.columns if found.name == pair.column), None) if table else None
    if table is None or column is None:
        raise InputError(f"claims of {paper}: there is no column '{pair.column}' in a table '{pair.table}'")
    higher, lower = find_row(table, pair.higher), find_row(table, pair.lower)
    data = {row.data for row in (higher, lower)} - {''}
    on = f' on {data.pop()}' if len(data) == 1 else ''
    compared = f'{higher.model} above {lower.model}: {column.name}{on} ({table.title})'
    try:
        found = compare_rows(table, column, higher, lower)
    except InputError as error:
        if 'has no measured' in str(error):
            return Verdict(compared, 'not measured', VERDICTS[3])
        raise
    word = VERDICTS[2] if found.above is None else VERDICTS[0 if found.above else 1]
    alone = found.interval is None and found.over != COUNTED and found.above is not None
    difference = f'{found.first - found.second:+.{column.digits}f}'
    return Verdict(compared, f'{found.first:.{column.digits}f} against {found.second:.{column.digits}f}; {difference} '
                   f'{found.bracket(column.digits)}', word + (', by two numbers alone' if alone else ''))


def markdown(papers: list[str]) -> str:
    """Every claim of papers with its verdicts, and how many there are of each."""
    parts, counts = [], Counter[str]()
    for paper in papers:
        claims = load_claims(paper)
        if not claims:
            continue
        title = (project_folder(paper) / 'README.md').read_text().splitlines()[0].removeprefix('# ')
        rows = ['| claim | compared here, or what is missing | values and difference | verdict |', '|---|---|---|---|']
        for claim in claims:
            for index, verdict in enumerate(judge(paper, claim)):
                stated = f'{claim.claim} ({claim.where})' if index == 0 else ''
                rows.append(f'| {stated} | {verdict.compared} | {verdict.numbers} | **{verdict.word}** |')
                counts[verdict.word] += 1
        parts.append(f'## {title}\n\nRows and records: [README](../projects/{paper}/README.md).\n\n' + '\n'.join(rows))
    ordered = sorted(counts, key=lambda word: (VERDICTS.index(word.split(',')[0]), word))
    summary = ['| verdict | lines |', '|---|---|', *(f'| {word} | {counts[word]} |' for word in ordered)]
    return '\n\n'.join(['\n'.join(summary), *parts])
