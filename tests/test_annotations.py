"""Lists of ids and text files."""

import pytest

from mmsight.annotations import read_fields, read_ids, to_numbers
from mmsight.errors import InputError


def test_an_id_may_hold_spaces(tmp_path):
    (tmp_path / 'ids.txt').write_text('ship 1\r\n\n  ship 2 \nhafen-\u00fc\n', encoding='utf-8')
    assert read_ids(tmp_path / 'ids.txt') == ['ship 1', 'ship 2', 'hafen-\u00fc']


@pytest.mark.parametrize('content, message', [(b'\xff\xfe1\n', 'the file is not text in UTF-8'),
                                              (b' \n\n', 'the split is empty'),
                                              (b'a\nb\na\n', r"id 'a' is listed more than once \(1 id")])
def test_what_is_no_list_is_one_sentence(content, message, tmp_path):
    (tmp_path / 'ids.txt').write_bytes(content)
    with pytest.raises(InputError, match=f'ids.txt: {message}'):
        read_ids(tmp_path / 'ids.txt')


def test_fields_carry_their_line(tmp_path):
    (tmp_path / 'a.txt').write_text('0 1.5 2\n\nx 3\n')
    rows = list(read_fields(tmp_path / 'a.txt'))
    assert rows[0][1] == ['0', '1.5', '2'] and to_numbers(rows[0][1], rows[0][0]) == [0, 1.5, 2]
    with pytest.raises(InputError, match="a.txt: line 3: numbers are expected, found 'x 3'"):
        to_numbers(rows[1][1], rows[1][0])
