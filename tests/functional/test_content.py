"""What is not what it says it is: refused with its file and place, or row by row, and never half-read."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
import zstandard

from audit.errors import AuditError
from audit.run import open_workbench
from audit.sources import content
from audit.sources.load import load
from tests.functional.houses import loaded, policy, write

HEADER = "event_id,occurred_at,operation,subject_id\n"
ROW = "E{0},2026-07-01T09:00:00Z,use,S{0}\n"
MANY = HEADER + "".join(ROW.format(i) for i in range(5000))
JSON = '{{"event_id":"E{0}","occurred_at":"2026-07-01T09:00:00Z","operation":"use","subject_id":"{1}"}}\n'


def rejected(db: Path) -> list[tuple[object, ...]]:
    with open_workbench(db, "2026Q3") as wb:
        return wb.con.execute("SELECT line, column_name, reason FROM raw.rejected_rows ORDER BY line").fetchall()


def ids(db: Path) -> list[str]:
    with open_workbench(db, "2026Q3") as wb:
        return [e for (e,) in wb.con.execute("SELECT event_id FROM core.processing_events ORDER BY ALL").fetchall()]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("csv", MANY.encode("utf-16"), ["csv:1", "UTF-16", "Save it as UTF-8"]),
        ("csv", MANY.encode("utf-16-le"), ["csv:1", "not UTF-8"]),
        ("csv", MANY.encode("utf-32"), ["csv:1", "UTF-32"]),
        ("jsonl", JSON.format(1, "S").encode("utf-16"), ["jsonl:1", "UTF-16"]),
        ("csv", HEADER.replace("subject_id", "ö").encode("latin-1"), ["csv:1", "column 4", "not UTF-8"]),
        ("csv", b"\0" * 5000, ["csv:1", "not UTF-8"]),
        ("csv", HEADER.replace("subject_id", "Event_ID"), ["csv:1", "column 4", "two columns"]),
        ("csv", '"event_id\nE1,x\n', ["csv:1", "header cannot be read"]),
        ("csv", "\n\n", ["csv:1", "header row"]),
        ("csv", "x" * (1 << 20) + "\n" + ROW, ["csv:1", "header does not end"]),
        ("csv", HEADER + ROW.format(1) + "x" * ((1 << 24) + 1), ["csv:3", "does not end", "16 MB"]),
        ("csv.gz", gzip.compress(HEADER.encode() + b"x" * (1 << 26)), ["csv.gz:2", "does not end"]),
        ("jsonl", "[" * 100_000 + "\n", ["jsonl:1", "not an object"]),
        ("csv.gz", gzip.compress(MANY.encode())[:-400], ["csv.gz", "cut off"]),
        ("csv.gz", MANY, ["csv.gz", "cut off"]),
        ("csv.zst", zstandard.compress(MANY.encode())[:-400], ["csv.zst", "cut off"]),
        ("jsonl.zst", MANY, ["jsonl.zst", "cut off"]),
    ],
)
def test_a_file_is_refused_with_its_place(tmp_path, name, data, words):
    with pytest.raises(AuditError) as error:
        loaded(tmp_path, {f"processing_events.{name}": data})
    assert all(word in str(error.value) for word in words), str(error.value)
    assert error.value.exit_code == 3


def test_of_a_file_without_a_header_no_value_is_told(tmp_path):
    with pytest.raises(AuditError) as error:
        loaded(tmp_path, {"processing_events.csv": "E1,2026-07-01T09:00:00Z,anna@example.org,use\n" * 2})
    assert "event_id: a required column is missing" in str(error.value)
    assert "anna" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        (HEADER + ROW.format("\0") + ROW.format(2), ["E2"], [(2, None, "malformed")]),
        (HEADER + "\n" + ROW.format(1) + ROW.format("\0"), ["E1"], [(4, None, "malformed")]),
        ((HEADER + ROW.format("ö") + ROW.format(2)).encode("latin-1"), ["E2"], [(2, None, "malformed")]),
        # A quote that is never closed swallows no row.
        (HEADER + ROW.format(1) + 'E2,2026-07-01T09:00:00Z,use,"S\n' + ROW.format(3), ["E1", "E3"], [(3, None, "malformed")]),
        (HEADER + 'E1,2026-07-01T09:00:00Z,use,"a"b\n' + ROW.format(2), ["E2"], [(2, None, "malformed")]),
        (HEADER + ROW.format(1).replace("\n", "\r\n") + ROW.format(2) + ROW.format("3\r"), ["E1", "E2"], None),
        (MANY.replace("\n", "\r")[: len(HEADER + ROW.format(1))], ["E0"], []),
        (HEADER.replace(",", " , ") + ROW.format(1), ["E1"], []),
        (HEADER.strip() + ",,\n" + "E1,2026-07-01T09:00:00Z,use,S1,,\n", ["E1"], []),
        (HEADER, [], []),
        ("\ufeff" + HEADER, [], []),
    ],
)  # fmt: skip
def test_a_row_that_is_none_is_refused_and_those_after_it_are_read(tmp_path, text, good, bad):
    db, report = loaded(tmp_path, {"processing_events.csv": text})
    assert ids(db) == good
    if bad is not None:
        assert rejected(db) == bad
    (table,) = report.tables
    assert table["read"] == table["accepted"] + table["rejected"]


@pytest.mark.parametrize(
    "broken",
    [
        '{"event_id":"E\0"}',
        '{"event_id": "E' + "\udcf6" + '"}',
        '{"event_id": ' + "[" * 500 + "]" * 500 + "}",
        "5",
        "[1]",
    ],
)
def test_a_line_that_is_no_object_is_refused(tmp_path, broken):
    data = (JSON.format(1, "S") + "\n" + broken + "\n" + JSON.format(2, "Ö")).encode("utf-8", "surrogateescape")
    db, report = loaded(tmp_path, {"processing_events.jsonl": data})
    assert ids(db) == ["E1", "E2"]
    assert [line for line, *_ in rejected(db)] == [3]
    assert report.tables[0]["read"] == 3


@pytest.mark.parametrize(
    ("ends", "bad"),
    [
        (("\r\n", "\n", "\r\n", "\n"), (3, "operation", "not_in_vocabulary")),
        (("\n", "\n\r\n", "\n", "\n"), (4, "operation", "not_in_vocabulary")),  # a blank line that ends otherwise
        (("\r", "\r", "\r", "\r"), (3, "operation", "not_in_vocabulary")),
    ],
    ids=["by turns", "blank line", "without LF"],
)
def test_json_lines_may_end_in_several_ways(tmp_path, ends, bad):
    lines = [JSON.format(n, "S").rstrip() for n in range(1, 5)]
    lines[2] = lines[2].replace('"use"', '"used"')
    data = "".join(line + end for line, end in zip(lines, ends, strict=True)).encode()
    before = JSON.format(0, "S") + JSON.format(9, "S").replace('"use"', '"used"')  # read with it, and twice
    db, report = loaded(tmp_path, {"processing_events-1.jsonl": before, "processing_events-2.jsonl": data})
    assert ids(db) == ["E0", "E1", "E2", "E4"]
    assert rejected(db) == [(2, *bad[1:]), bad]
    assert report.tables[0]["read"] == 6


def test_a_name_with_half_a_character_is_kept_out(tmp_path):
    broken = JSON.format(2, "S").replace('"event_id"', '"\\ud800": 1, "event_id"')
    db, report = loaded(tmp_path, {"processing_events.jsonl": JSON.format(1, "S") + broken})
    assert ids(db)[0] == "E1"
    assert report.tables[0]["read"] == 2
    assert "processing_events.jsonl: columns kept out: \\ud800" in report.messages


@pytest.mark.parametrize(
    ("data", "plain"), [(b"abc\xc3defg\xb6\n", False), ("abcödef\n".encode(), True), (b"abcd\xc3", False)]
)
def test_half_a_character_at_the_end_of_a_block_is_seen(tmp_path, monkeypatch, data, plain):
    monkeypatch.setattr(content, "_CHUNK", 4)
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    assert content.read_through(path, "x.csv", "csv").is_plain is plain


@pytest.mark.parametrize("change", ["grows", "is replaced", "is gone"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, change):
    db, _ = loaded(tmp_path, {"processing_events-1.csv": HEADER + ROW.format(1)})
    path = write(tmp_path / "more", {"processing_events.csv": MANY}) / "processing_events.csv"
    whole = content.read_through

    def and_then(*args, **named):
        found = whole(*args, **named)
        match change:
            case "grows":
                with path.open("a") as file:
                    file.write(ROW.format("9"))
            case "is replaced":
                other = path.with_name("other")
                other.write_text(MANY)
                os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
                other.replace(path)
            case _:
                path.rename(tmp_path / "elsewhere.csv")
        return found

    monkeypatch.setattr("audit.sources.files.read_through", and_then)
    with pytest.raises(AuditError, match=r"processing_events.csv: (it changed while|cannot be read)"):
        load(db, [path.parent], policy())
    assert ids(db) == ["E1"]


def test_what_is_no_file_is_named(tmp_path):
    (write(tmp_path / "a", {"consents.csv": ""}) / "requests.csv").mkdir()
    folder = write(tmp_path / "b", {})
    (folder / "requests.csv").symlink_to(folder / "requests.csv")
    for source in ("a", "b"):
        (tmp_path / "a" / "consents.csv").unlink(missing_ok=True)
        with pytest.raises(AuditError, match=r"requests.csv: not a file"):
            load(tmp_path / "db", [tmp_path / source], policy())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path):
    folder = write(tmp_path / "a", {"requests.csv": "request_id\n"})
    (folder / "requests.csv").chmod(0)
    with pytest.raises(AuditError, match=r"requests.csv: cannot be read: Permission denied"):
        load(tmp_path / "db", [folder], policy())


def test_a_file_of_no_table_is_said_to_be_left_out(tmp_path):
    _, report = loaded(
        tmp_path, {"processing_events.csv": MANY, "consent.csv": "a\n", "notes.txt": "", "policy.toml": ""}
    )
    assert report.messages == ["consent.csv: no table has this name; left out"]


@pytest.mark.parametrize("name", ["consents-2026.07.csv", "consents-mira.example-1.jsonl.csv", "consents/a.b.csv"])
def test_a_part_may_be_called_anything(tmp_path, name):
    text = "consent_id,subject_id,purpose,status,effective_at\nC1,S1,newsletter,given,2026-07-01\n"
    _, report = loaded(tmp_path, {name: text})
    assert (report.tables[0]["accepted"], report.messages) == (1, [])


def test_a_tables_file_of_another_form_is_not_left_out_in_silence(tmp_path):
    other = (
        "consents.CSV",
        "consents-1.tsv",
        "consents.csv.bz2",
        "consents",
        "consents.xls",
        "requests/a.txt",
        "requests/b/c.csv",
    )
    files = dict.fromkeys((*other, ".consents.csv.swp", "notes.txt", "consenting.txt", "requests/.hidden"), "x")
    _, report = loaded(tmp_path, {"processing_events.csv": HEADER + ROW.format(1)} | files)
    said = "no form of a table; left out. It takes csv, jsonl, ndjson (each also gz or zst), parquet, and xlsx of registers"
    told = {f"{name}: {said}" for name in (*other[:-1], "requests/b")}
    assert set(report.messages) == told


def test_a_file_may_be_called_anything(tmp_path):
    name = "processing_events-\x1b[31m'; DROP\n--$(x).csv"
    db, _ = loaded(tmp_path, {name: HEADER + "E1,soon,use,\n" + ROW.format(2)})
    with open_workbench(db, "2026Q3") as wb:
        ((path, line),) = wb.con.execute("SELECT file, line FROM raw.rejected_rows").fetchall()
    assert (path, line) == (r"processing_events-\x1b[31m'; DROP\n--$(x).csv", 2)
