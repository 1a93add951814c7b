"""What is held out: the same everywhere, no copies, no test images; the lists that come with MMSight are its result."""

import os
from pathlib import Path

import pytest
from mmsight.projects.sar_shipnet.splits import split_7_1_2

from mmsight.annotations import LISTS, read_ids
from mmsight.errors import InputError
from mmsight.hold_out import hold_out


@pytest.fixture
def images(tmp_path):
    """30 training images, of which a0 and a1 are equal and a2 equals a test image."""
    content = {f'a{i}': f'image {max(i, 1)}' for i in range(30)} | {'t0': 'image 2', 't1': 'other'}
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    paths = {name: tmp_path / name for name in content}
    return {k: v for k, v in paths.items() if k[0] == 'a'}, {k: v for k, v in paths.items() if k[0] == 't'}


def test_copies_and_test_images_are_not_held_out(images):
    train, test = images
    fit, held = hold_out(train, test, 27)
    assert sorted(held) == sorted(set(train) - {'a0', 'a1', 'a2'}) and fit == ['a0', 'a1']


def test_the_choice_depends_on_ids_alone(images):
    train, test = images
    fit, held = hold_out(train, test, 8)
    assert len(held) == 8 and not set(fit) & set(held) and len(fit) == 21
    assert hold_out(dict(reversed(train.items())), test, 8) == (fit, held)
    assert set(hold_out({k: v for k, v in train.items() if k != fit[-1]}, test, 8)[1]) == set(held)


@pytest.mark.parametrize('count', [0, 28])
def test_a_count_that_cannot_be_held_out(images, count):
    with pytest.raises(InputError, match=f'{count} images cannot be held out of 30'):
        hold_out(*images, count)


@pytest.mark.parametrize('name, count', [('ssdd', 100), ('inshore', 8)])
def test_the_lists_of_the_project(name, count):
    data = Path(os.environ.get('MMSIGHT_DATA', '../shared/data'))
    root = data / dict(ssdd='ssdd', inshore='optical_inshore')[name]
    if not root.is_dir():
        pytest.skip(f'{root} does not exist')
    if name == 'ssdd':
        parts = [{i: root / f'JPEGImages/{i}.jpg' for i in read_ids(root / f'ImageSets/Main/{part}.txt')}
                 for part in ('train', 'test')]
    else:
        parts = [{path.stem: path for path in (root / part).glob('*.jpg')} for part in ('train', 'validate')]
    assert hold_out(*parts, count) == tuple(read_ids(LISTS / f'{name}_{part}.txt') for part in ('fit', 'holdout'))


def test_a_missing_split_file_is_looked_up_among_the_lists(tmp_path):
    assert read_ids(tmp_path / 'ssdd_holdout.txt') == read_ids(LISTS / 'ssdd_holdout.txt')
    with pytest.raises(InputError, match='does not exist'):
        read_ids(tmp_path / 'no_such_list.txt')


def test_inshore_and_offshore_are_the_test_images():
    inshore, offshore = (read_ids(LISTS / f'ssdd_test_{part}.txt') for part in ('inshore', 'offshore'))
    root = Path(os.environ.get('MMSIGHT_DATA', '../shared/data')) / 'ssdd'
    assert len(inshore) == 21 and not set(inshore) & set(offshore)
    if not root.is_dir():
        pytest.skip(f'{root} does not exist')
    at_hand = [name for name in read_ids(root / 'ImageSets/Main/test.txt') if (root / f'JPEGImages/{name}.jpg').is_file()]
    assert sorted([*inshore, *offshore]) == sorted(at_hand)


def test_the_random_split_is_that_of_the_images_at_hand():
    train, test = (read_ids(LISTS / f'ssdd_random_{part}.txt') for part in ('train', 'test'))
    assert not set(train) & set(test)
    root = Path(os.environ.get('MMSIGHT_DATA', '../shared/data')) / 'ssdd'
    if not root.is_dir():
        pytest.skip(f'{root} does not exist')
    names = [name for part in ('train', 'test') for name in read_ids(root / f'ImageSets/Main/{part}.txt')]
    parts = split_7_1_2(name for name in names if (root / f'JPEGImages/{name}.jpg').is_file())
    assert (train, test) == (parts['train'], parts['test'])
