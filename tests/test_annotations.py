"""Lists of ids, text files and xml, as programs write them."""

import codecs

import pytest

from mmsight.annotations import read_fields, read_ids, read_lines, read_xml, to_numbers
from mmsight.errors import InputError


def test_an_id_may_hold_spaces(tmp_path):
    (tmp_path / 'ids.txt').write_text('ship 1\r\n\n  ship 2 \nhafen-\u00fc\n', encoding='utf-8')
    assert read_ids(tmp_path / 'ids.txt') == ['ship 1', 'ship 2', 'hafen-\u00fc']


@pytest.mark.parametrize('content, message', [(b'\x80\n', 'the file is not text in UTF-8'),
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


@pytest.mark.parametrize('mark, encoding', [
    (b'', 'utf-8'), (codecs.BOM_UTF8, 'utf-8'), (codecs.BOM_UTF16_LE, 'utf-16-le'), (codecs.BOM_UTF16_BE, 'utf-16-be'),
    (codecs.BOM_UTF32_LE, 'utf-32-le'), (codecs.BOM_UTF32_BE, 'utf-32-be')])
@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
def test_byte_order_marks_and_ends_of_lines(mark, encoding, end, tmp_path):
    (tmp_path / 'a.txt').write_bytes(mark + f'\u6e2f 1{end}b\x85c{end}'.encode(encoding))
    assert read_lines(tmp_path / 'a.txt') == ['\u6e2f 1', 'b\x85c', '']
    assert read_ids(tmp_path / 'a.txt') == ['\u6e2f 1', 'b\x85c']


@pytest.mark.parametrize('content, ids, note', [
    ('000001  1\n000002 -1\n000003  0\n', ['000001', '000003'], '1 of 3 images have the flag -1 and are left out'),
    ('000001 1\n000002 +1\n', ['000001', '000002'], None), ('ship 1\nship 0\n', ['ship 1', 'ship 0'], None),
    ('ship 1\nboat 2\n', ['ship 1', 'boat 2'], None), ('a 1\nb\n', ['a 1', 'b'], None)])
def test_flags_of_ids(content, ids, note, tmp_path):
    (tmp_path / 'ids.txt').write_text(content)
    notes = []
    assert read_ids(tmp_path / 'ids.txt', notes) == ids
    assert notes == ([] if note is None else [f'{tmp_path}/ids.txt: {note}'])


def test_a_list_of_which_all_is_left_out_is_empty(tmp_path):
    (tmp_path / 'ids.txt').write_text('a -1\n')
    with pytest.raises(InputError, match='the split is empty'):
        read_ids(tmp_path / 'ids.txt')


@pytest.mark.parametrize('declared, encoding', [
    ('gb2312', 'gb2312'), ('GB2312', 'gb18030'), ('gbk', 'gbk'), ('big5', 'big5'), ('shift_jis', 'shift_jis'),
    ('euc-kr', 'euc-kr'),
    ('windows-1252', 'cp1252'), ('ISO-8859-1', 'latin-1'), ('utf-8', 'utf-8'), ('UTF-8', 'utf-8-sig'), ('utf-16', 'utf-16')])
def test_encodings_that_xml_declares(declared, encoding, tmp_path):
    text = {'cp1252': 'M\xfcller', 'latin-1': 'M\xfcller', 'euc-kr': '\ud56d'}.get(encoding, '\u6e2f')
    (tmp_path / 'a.xml').write_bytes(f"<?xml version='1.0' encoding='{declared}'?>\n<a><b>{text}</b></a>".encode(encoding))
    assert read_xml(tmp_path / 'a.xml').findtext('b') == text


@pytest.mark.parametrize('content, message', [
    (b'<?xml version="1.0" encoding="klingon"?><a/>', "declares the unknown encoding 'klingon'"),
    (b'<?xml version="1.0" encoding="zlib"?><a/>', "declares the unknown encoding 'zlib'"),
    (b'<?xml version="1.0" encoding="gb2312"?><a>\xff\xff</a>', 'the file is not text in GB2312'),
    (b'<a>\xb4\xac</a>', 'the file is not text in UTF-8'),
    ('<?xml version="1.0" encoding="gbk"?><!DOCTYPE a [<!ENTITY x "\u6e2f">]><a>&x;</a>'.encode('gbk'), 'declares entities'),
    (b'<?xml version="1.0" encoding="unicode_escape"?><!DOCTYPE a [\\x3c!ENTITY x "y">]><a>&x;</a>', 'declares entities')])
def test_xml_that_cannot_be_decoded(content, message, tmp_path):
    (tmp_path / 'a.xml').write_bytes(content)
    with pytest.raises(InputError, match=f'a.xml: .*{message}'):
        read_xml(tmp_path / 'a.xml')
