"""JSON record by record: every form, the lines, and every way a file can be broken."""

import gzip
import json

import pytest

from audit.errors import AuditError
from audit.sources.systems import json_records
from audit.sources.systems.export import Export
from audit.sources.systems.json_records import JsonFile
from tests.unit.systems.memory import peak


@pytest.fixture
def read(tmp_path):
    def read(content, *lists, name="export.json"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        file = JsonFile(Export(path, name), *lists)
        return [(r.line, r.value, r.list) for r in file], [(a.line, a.beside) for a in file.around]

    return read


def refused(read, content, *lists):
    with pytest.raises(AuditError) as error:
        read(content, *lists)
    return error.value.message, error.value.line


def test_json_lines_have_their_own_lines(read):
    assert read('{"a": 1}\n\n{"a": "x\\ny"}\r\n[2, 3]\n4') == (
        [(1, {"a": 1}, None), (3, {"a": "x\ny"}, None), (4, 2, None), (4, 3, None), (5, 4, None)],
        [],
    )


def test_an_array_of_objects(read):
    assert read('[\n {"a": 1},\n {"a":\n  2}\n]\n')[0] == [(2, {"a": 1}, None), (3, {"a": 2}, None)]


def test_an_object_around_a_list_gives_what_stands_beside_it_before_and_after(read):
    text = '{\n "type": "list",\n "data": [\n  {"id": 1},\n  {"id": 2}],\n "pages": {"next": null}\n}'
    assert read(text, "data", "Items") == (
        [(4, {"id": 1}, "data"), (5, {"id": 2}, "data")],
        [(1, {"type": "list", "pages": {"next": None}})],
    )


def test_a_list_within_an_object(read):
    text = '{"log": {"version": "1.2",\n"entries": [1], "pages": []}}'
    assert read(text, "log.entries") == (
        [(2, 1, "log.entries")],
        [(1, {"log": {"version": "1.2", "pages": []}})],
    )


def test_an_object_without_the_list_is_the_record(read):
    assert read('{"data": {"data": [1]}}', "data") == ([(1, {"data": {"data": [1]}}, None)], [])
    assert read('{"log": {}}', "log.entries") == ([(1, {"log": {}}, None)], [])


def test_an_empty_list_is_a_list_and_an_empty_file_has_no_record(read):
    assert read('{"data": []}', "data") == ([], [(1, {})])
    assert read("{}", "data") == ([(1, {}, None)], [])
    assert read(" \n") == ([], [])
    assert read("[]") == ([], [])


def test_several_answers_after_each_other(read):
    records, around = read('{"data": [1], "next": "x"}\n{"data": [2]}\n{"id": 3}', "data")
    assert records == [(1, 1, "data"), (2, 2, "data"), (3, {"id": 3}, None)]
    assert around == [(1, {"next": "x"}), (2, {})]


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 7, 11])
def test_where_the_file_is_cut_into_chunks_changes_nothing(read, monkeypatch, chunk):
    text = '{"data": [{"id": 12345, "t": "a\\u00e5\\ud83d\\ude00å😀"},\n true, -1.5e3, []], "n": {"x": null}}\n{"id": 9}\n17'
    whole = read(text, "data")
    assert whole[0][1:4] == [(2, True, "data"), (2, -1500.0, "data"), (2, [], "data")]
    monkeypatch.setattr(json_records, "_CHUNK", chunk)
    assert read(text, "data") == whole


def test_a_byte_order_mark_and_packed_files(read):
    assert read(b'\xef\xbb\xbf{"a": 1}')[0] == [(1, {"a": 1}, None)]
    assert read(gzip.compress(b"[1]"), name="export.json.gz")[0] == [(1, 1, None)]


def test_half_a_character_does_not_break_what_reads_it(read):
    assert read(r'["a\ud83d", "\ud83d\ude00"]')[0] == [(1, "a?", None), (1, "😀", None)]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('{"a": 1}\n{"a": 1,}', 2),
        ('[1,\n2\n"x"]', 3),
        ("[1],", 1),
        ('{"data": [1]\n]', 2),
        ('{"data": [1],\n3: 4}', 2),
        ('{"a": NaN}', 1),
        ('{"a": "a\ttab"}', 1),
        ('\n{"a": ' + "9" * 5000 + "}", 2),
        ("[" * 100_000, 1),
        ("name;email\nx;y", 1),
    ],
)
def test_what_is_not_json_is_refused_at_its_line(read, content, line):
    assert refused(read, content, "data") == ("not JSON", line)


@pytest.mark.parametrize("content", ['{"data": [1,\n', '[\n{"a": "b', '{"a":\n', '{"data": [\n{"a": 1}', "[1,\n2"])
def test_a_file_that_was_cut_off_is_refused(read, content):
    assert refused(read, content, "data") == ("ends in the middle of a record", 2)


def test_other_bytes_than_utf_8_are_refused_at_their_line(read):
    assert refused(read, '["a",\n"Åsa"]'.encode("latin-1")) == ("not UTF-8 text", 2)
    assert refused(read, '["a"]'.encode("utf-16")) == ("not UTF-8 text", 1)
    assert refused(read, '{"a": 1}\n{"a": "\0"}') == ("holds a NUL byte", 2)


def test_a_packed_file_that_was_cut_off_is_refused(read):
    packed = gzip.compress(json.dumps(["text"] * 1000).encode())[:-20]
    with pytest.raises(AuditError, match=r"export\.json\.gz:1: cannot be read to its end"):
        read(packed, name="export.json.gz")


def test_a_message_holds_no_value(read):
    with pytest.raises(AuditError) as error:
        read('{"email": "anna@example.com" "name": 1}')
    assert "anna" not in str(error.value)


def test_a_record_without_end_is_refused_before_it_fills_the_memory(read, monkeypatch):
    monkeypatch.setattr(json_records, "_LARGEST", 1 << 20)
    content = b'{"a": 1}\n"' + b"x" * (32 << 20)
    said = []
    assert peak(lambda: said.append(refused(read, content))) < 10 << 20
    assert set(said) == {("a record is larger than any record should be", 2)}


def test_a_large_list_is_not_held_in_memory(tmp_path):
    path = tmp_path / "large.json"
    path.write_text(
        '{"data": [' + ",\n".join(['{"id": 1, "text": "' + "x" * 1000 + '"}'] * 20_000) + '], "next": null}'
    )
    file = JsonFile(Export(path, "large.json"), "data")
    assert sum(1 for _ in file) == 20_000
    assert file.around[0].beside == {"next": None}
    assert peak(lambda: sum(1 for _ in JsonFile(Export(path, "large.json"), "data"))) < 10 << 20
