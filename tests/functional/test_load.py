"""Files of every form become typed rows; what breaks a contract is kept with its place; a load is whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import gzip
import io
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest
import zstandard

from audit.cli import main
from audit.contract import load_contracts
from audit.errors import AuditError
from audit.run import open_workbench
from audit.sources import parquet_file
from audit.sources.files import discover
from audit.sources.load import load
from audit.store import scratch
from tests.functional.houses import loaded, policy, write
from tests.functional.sample_db import load_sample

EVENTS = (
    "event_id,occurred_at,operation,subject_id\nE1,2026-07-01T09:00:00+02:00,use,S1\nE2,2026-07-01T08:00:00Z,store,\n"
)
BOTH = [
    ("E1", datetime(2026, 7, 1, 7, tzinfo=UTC), "use", "S1"),
    ("E2", datetime(2026, 7, 1, 8, tzinfo=UTC), "store", None),
]


def rows(db: Path, sql: str) -> list[tuple[object, ...]]:
    with open_workbench(db, "2026Q3") as wb:
        return wb.con.execute(sql).fetchall()


def events(db: Path) -> list[tuple[object, ...]]:
    return rows(db, "SELECT event_id, occurred_at, operation, subject_id FROM core.processing_events ORDER BY event_id")


def rejected(db: Path) -> list[tuple[object, ...]]:
    return rows(db, "SELECT file, line, column_name, reason FROM raw.rejected_rows ORDER BY file, line")


def as_parquet(text: str) -> bytes:
    con = duckdb.connect()
    path = f"{os.environ.get('TMPDIR', '/tmp')}/{os.getpid()}-made.parquet"
    con.execute("SET TimeZone = 'UTC'")
    con.execute("CREATE TABLE t (event_id VARCHAR, occurred_at TIMESTAMPTZ, operation VARCHAR, subject_id VARCHAR)")
    con.execute(
        "INSERT INTO t VALUES ('E1', '2026-07-01 07:00+00', 'use', 'S1'), ('E2', '2026-07-01 08:00+00', 'store', NULL)"
    )
    con.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    data = Path(path).read_bytes()
    Path(path).unlink()
    return data


def as_jsonl(text: str) -> str:
    names, *lines = [line.split(",") for line in text.strip().splitlines()]
    return "".join(json.dumps({n: v or None for n, v in zip(names, line, strict=True)}) + "\n" for line in lines)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("processing_events.csv", EVENTS),
        ("processing_events.csv", "\ufeff" + EVENTS),
        ("processing_events.csv", EVENTS.replace("\n", "\r\n")),
        ("processing_events-2026-07.csv", EVENTS.rstrip("\n")),
        ("processing_events/part-1.csv", EVENTS),
        ("processing_events.csv.gz", gzip.compress(EVENTS.encode())),
        ("processing_events.csv.zst", zstandard.ZstdCompressor().compress(EVENTS.encode())),
        ("processing_events.jsonl", as_jsonl(EVENTS)),
        ("processing_events.jsonl", "\ufeff" + as_jsonl(EVENTS)),
        ("processing_events.jsonl.gz", gzip.compress(("\ufeff" + as_jsonl(EVENTS)).encode())),
        ("processing_events.ndjson.gz", gzip.compress(as_jsonl(EVENTS).encode())),
        ("processing_events.jsonl.zst", zstandard.ZstdCompressor().compress(as_jsonl(EVENTS).encode())),
        ("processing_events.parquet", as_parquet(EVENTS)),
    ],
)
def test_every_form_gives_the_same_rows(tmp_path: Path, name: str, content: str | bytes) -> None:
    db, report = loaded(tmp_path, {name: content})
    assert [{k: t[k] for k in ("read", "accepted", "duplicate", "rejected")} for t in report.tables] == [
        {"read": 2, "accepted": 2, "duplicate": 0, "rejected": 0}
    ]
    assert events(db) == BOTH


def test_an_instant_in_parquet_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = write(tmp_path / "source", {"processing_events.parquet": as_parquet(EVENTS)})
    (source,) = discover(folder)
    with scratch() as con:
        assert parquet_file.describe(source, con).columns["occurred_at"] == "TIMESTAMPTZ"


def test_a_day_or_an_instant_in_parquet_is_told_apart(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for i, detected in enumerate(("TIMESTAMPTZ '2026-07-01 07:00+00'", "DATE '2026-07-01'")):
        columns = (
            f"'I{i}' AS incident_id, 'processor' AS role, false AS personal_data_breach, {detected} AS detected_at"
        )
        duckdb.execute(f"COPY (SELECT {columns}) TO '{source / f'incidents-{i}.parquet'}' (FORMAT parquet)")
    load(tmp_path / "db", [source], policy())
    found = rows(tmp_path / "db", "SELECT incident_id, detected_at_is_date FROM core.incidents ORDER BY 1")
    assert found == [("I0", False), ("I1", True)]


def test_a_number_below_nought_is_refused_in_parquet_as_in_csv(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    columns = "incident_id, 'processor' AS role, false AS personal_data_breach, DATE '2026-07-01' AS detected_at"
    incidents = (
        f"SELECT {columns}, n AS subjects_affected FROM (VALUES ('I1', -1::BIGINT), ('I2', 0)) AS t(incident_id, n)"
    )
    for form in ("csv", "parquet"):
        other = incidents.replace("'I", f"'{form}-")
        duckdb.execute(f"COPY ({other}) TO '{source / f'incidents-1.{form}'}' (FORMAT {form})")
    load(tmp_path / "db", [source], policy())
    assert rows(tmp_path / "db", "SELECT subjects_affected FROM core.incidents") == [(0,), (0,)]
    assert [row[2:] for row in rejected(tmp_path / "db")] == [("subjects_affected", "unparsable")] * 2


def test_a_day_that_a_data_frame_wrote_as_its_midnight_is_that_day(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    starts = ("TIMESTAMP '2026-07-01'", "TIMESTAMP_NS '2026-07-01'", "TIMESTAMP '2026-07-01 09:00'")
    for i, start in enumerate(starts):
        columns = f"'K{i}' AS contract_id, 'C1' AS client_id, {start} AS contract_start"
        duckdb.execute(f"COPY (SELECT {columns}) TO '{source / f'contracts-{i}.parquet'}' (FORMAT parquet)")
    load(tmp_path / "db", [source], policy())
    found = rows(tmp_path / "db", "SELECT contract_id, CAST(contract_start AS VARCHAR) FROM core.contracts ORDER BY 1")
    assert found == [("K0", "2026-07-01"), ("K1", "2026-07-01")]
    assert rejected(tmp_path / "db") == [("contracts-2.parquet", 1, "contract_start", "unparsable")]


@pytest.mark.parametrize("offset", ["+24:00", "+99:99", "-25", "+0260", "+02:60"])
def test_an_offset_that_no_clock_has_is_refused(tmp_path: Path, offset: str) -> None:
    text = f"event_id,occurred_at,operation\nE1,2026-07-01T09:00:00{offset},use\nE2,2026-07-01T09:00:00-1200,use\n"
    db, _ = loaded(tmp_path, {"processing_events.csv": text})
    assert rejected(db) == [("processing_events.csv", 2, "occurred_at", "unparsable")]
    assert rows(db, "SELECT event_id FROM core.processing_events") == [("E2",)]


def test_a_time_limit_longer_than_can_be_counted_is_refused(tmp_path: Path) -> None:
    text = "rule_id,anchor,period\nR1,collected,P99999Y\nR2,collected,PT1234567890H\nR3,collected,P9999Y99999M\n"
    records = "record_id,system_id,data_category,collected_at\nD1,crm,basic_details,2026-07-01\n"
    db, _ = loaded(tmp_path, {"retention_rules.csv": text, "data_records.csv": records})
    assert rejected(db) == [("retention_rules.csv", line, "period", "unparsable") for line in (2, 3)]
    with open_workbench(db, "2026Q3") as wb:
        assert wb["retention"].compliant == 1


def test_empty_text_is_none_however_it_is_written(tmp_path: Path) -> None:
    db, _ = loaded(
        tmp_path, {"processing_events.csv": EVENTS.replace("store,", 'store,""') + '"",2026-07-01T09:00Z,use,S\n'}
    )
    assert events(db) == BOTH
    assert rejected(db) == [("processing_events.csv", 4, "event_id", "missing")]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_text_of_nothing_but_blanks_says_nothing(form: str, tmp_path: Path) -> None:
    names = ("request_id", "kind", "received_at", "executed_at", "subject_id", "refusal_reason", "outcome")
    given = [(f"Q{n}", "access", "2026-07-06", b, f"{b}S", b, b) for n, b in enumerate(("  ", "\t", "\xa0 ", " \n"))]
    given.append(("Q4", "  ", "2026-07-06", "", "S", "", ""))  # of a required word none is given
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in given]
    if form == "csv":
        lines = [",".join(f'"{v}"' for v in row) for row in (names, *given)]
    folder = write(tmp_path / "source", {f"requests.{form}": "\n".join(lines) + "\n"})
    if form == "parquet":
        (folder / "requests.parquet").rename(tmp_path / "rows.jsonl")
        folder = in_parquet(tmp_path, "requests", f"FROM read_json('{tmp_path / 'rows.jsonl'}')")
    load(tmp_path / "db", [folder], policy())
    found = rows(
        tmp_path / "db",
        "SELECT subject_id, executed_at, refusal_reason, outcome FROM core.requests ORDER BY request_id",
    )
    assert found == [(row[4], None, None, None) for row in given[:4]]
    assert [tuple(row[2:]) for row in rejected(tmp_path / "db")] == [("kind", "missing")]


@pytest.mark.parametrize("place", [0, 6_000], ids=["at the beginning", "where nobody looked"])
def test_an_empty_text_in_json_lines_says_nothing(place: int, tmp_path: Path) -> None:
    """Whether there are any is looked for here and there, and asked once more of what was loaded."""
    event = {"occurred_at": "2026-07-01T09:00:00Z", "operation": "use", "client_id": "C1", "data_category": "x" * 20}
    lines = [json.dumps({"event_id": f"E{i:05d}", **event}) + "\n" for i in range(10_000)]
    lines[place] = lines[place].replace('"C1"', '""')
    assert place * len(lines[1]) // (1 << 18) in (0, 3)  # of the chunks 0, 1, 2, 4, 8 ... are looked into
    db, _ = loaded(tmp_path, {"processing_events.jsonl": "".join(lines)})
    found = rows(db, "SELECT event_id FROM core.processing_events WHERE client_id IS NULL")
    assert found == [(f"E{place:05d}",)]


def test_a_large_file_keeps_its_order(tmp_path: Path) -> None:
    """Several row groups, read by several threads: the line of a row is its position."""
    count = 600_000
    lines = (f"E{i:07d},2026-07-01T09:00:00Z,use,email\n" for i in range(count))
    db, _ = loaded(tmp_path, {"processing_events.csv": "event_id,occurred_at,operation,channel\n" + "".join(lines)})
    moved = "SELECT count(*) FROM core.processing_events WHERE source_row <> CAST(substr(event_id, 2) AS BIGINT)"
    assert rows(db, moved) == [(0,)]


def test_the_environment_goes_before_the_usual_memory_of_a_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def limit(memory: str | None) -> object:
        with scratch(memory=memory) as con:
            return con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]

    assert limit("300MB") == "286.1 MiB"
    monkeypatch.setenv("AUDIT_MEMORY_LIMIT", "200MB")
    assert limit("300MB") == limit(None) == "190.7 MiB"


def test_a_spreadsheet_register_keeps_real_dates_and_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["contract_id", "client_id", "contract_start", "modules", "breach_notice"])
    sheet.append(["K1", "C1", datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None), "mail; events", "PT24H"])
    sheet.append([None, None, None, None, None])
    sheet.append(["K2", 7, "soon", None, None])
    data = io.BytesIO()
    book.save(data)
    db, _ = loaded(tmp_path, {"contracts.xlsx": data.getvalue(), "processing_events.csv": EVENTS})
    assert rows(db, "SELECT contract_id, client_id, contract_start, modules FROM core.contracts") == [
        ("K1", "C1", date(2025, 1, 1), ["mail", "events"])
    ]
    assert rejected(db) == [("contracts.xlsx", 4, "contract_start", "unparsable")]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-01T09:00", datetime(2026, 7, 1, 7, tzinfo=UTC)),
        ("2026-07-01 09:00:00.250", datetime(2026, 7, 1, 7, 0, 0, 250000, tzinfo=UTC)),
        ('"2026-07-01 09:00:00,250"', datetime(2026, 7, 1, 7, 0, 0, 250000, tzinfo=UTC)),
        ('"2026-07-01T09:00:00,5-01:00"', datetime(2026, 7, 1, 10, 0, 0, 500000, tzinfo=UTC)),
        ('"2026-07-01,09:00:00Z"', None),
        ("2026-07-01T09:00:00+0200", datetime(2026, 7, 1, 7, tzinfo=UTC)),
        ("2026-07-01T09:00:00+02:00", datetime(2026, 7, 1, 7, tzinfo=UTC)),
        ("2026-07-01T09:00:00.125Z", datetime(2026, 7, 1, 9, 0, 0, 125000, tzinfo=UTC)),
        ("2026/07/01T09:00:00Z", None),
        ("2026-7-01T09:00:00.0Z", None),
        ("2026-07-01T9:00:00.00Z", None),
        ("?026/07-01T09:00:00Z", None),  # differs from the usual form in as many places as one of that form
        ("????-??-??T??:??:??Z", None),
        ("2026-07-01T09:00:00-01", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2025-10-26T02:30", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),  # twice: the first, in summer time
        ("2025-10-26T03:00", datetime(2025, 10, 26, 2, tzinfo=UTC)),
        ("2026-03-29T02:30", None),  # skipped
        ("2026-03-29T03:00", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("2026-7-1T09:00", None),
        ("2026-07-01T09:00:00 Europe/Paris", None),
        ("2026-02-30T09:00:00Z", None),
        ("infinity", None),
        ("01/07/2026 09:00", None),
    ],
)
def test_instants(tmp_path: Path, text: str, instant: datetime | None) -> None:
    db, _ = loaded(tmp_path, {"processing_events.csv": f"event_id,occurred_at,operation\nE1,{text},use\n"})
    assert [at for _, at, *_ in events(db)] == ([] if instant is None else [instant])
    assert rejected(db) == ([("processing_events.csv", 2, "occurred_at", "unparsable")] if instant is None else [])


def test_refused_rows_keep_file_line_column_and_reason(tmp_path: Path) -> None:
    text = (
        "incident_id,detected_at,facts,severity,subjects_affected\n"
        'I1,2026-07-01T09:00Z,"first line\nsecond line",high,3\n'  # lines 2 and 3
        "\n"
        "I2,tomorrow,,,\n"  # 5
        "I3,2026-07-01T09:00Z,,awful,\n"
        "I4,2026-07-01T09:00Z\n"  # 7
        ",2026-07-01T09:00Z,,,\n"
        "I5,2026-07-01T09:00Z,,,-1\n"
        "I6,2026-07-01T09:00Z,,,1\n"  # 10
    )
    db, report = loaded(tmp_path, {"incidents.csv": text})
    assert rejected(db) == [
        ("incidents.csv", 5, "detected_at", "unparsable"),
        ("incidents.csv", 6, "severity", "not_in_vocabulary"),
        ("incidents.csv", 7, None, "malformed"),
        ("incidents.csv", 8, "incident_id", "missing"),
        ("incidents.csv", 9, "subjects_affected", "unparsable"),
    ]
    assert report.tables[0] | {"files": 1} == {
        "table": "incidents", "files": 1, "read": 7, "accepted": 2, "duplicate": 0, "rejected": 5,
    }  # fmt: skip
    with open_workbench(db, "2026Q3") as wb:
        lines = {f.item_key: f.source_line for f in wb["incident_response"].findings()}
    assert lines == {"I1": 2, "I6": 10}


def test_lines_are_exact_after_malformed_ones(tmp_path: Path) -> None:
    good = [f"R{i},access,2026-05-0{i}T09:00Z" for i in range(1, 6)]
    text = "\n".join(["request_id,kind,received_at", good[0], "x", good[1], "a,b,c,d", "x", good[2], good[3], ""])
    db, _ = loaded(tmp_path, {"requests.csv": text})
    with open_workbench(db, "2026Q3") as wb:
        assert {f.item_key: f.source_line for f in wb["request_deadlines"].findings()} == {
            "R1": 2,
            "R2": 4,
            "R3": 7,
            "R4": 8,
        }
    assert [line for _, line, *_ in rejected(db)] == [3, 5, 6]


def test_json_lines_that_are_none_are_kept_as_they_stand(tmp_path: Path) -> None:
    text = '{"request_id":"R1","kind":"access","received_at":"2026-05-01T09:00Z"}\n\n%s\n{"request_id":"R2"}\n'
    for line in ("{oops", "[1]", "null"):
        db, _ = loaded(tmp_path / line, {"requests.jsonl": text % line})
        assert rejected(db) == [("requests.jsonl", 3, None, "malformed"), ("requests.jsonl", 4, "kind", "missing")]
        assert rows(db, "SELECT row_text FROM raw.rejected_rows ORDER BY line") == [(line,), ('{"request_id":"R2"}',)]


REQUEST = '{{"request_id":"R{0}","kind":"access","received_at":"2026-07-0{0}"{1}}}\n'
TWICE = ',"client_id":"C-1","client_id":"C-2"'


@pytest.mark.parametrize(
    ("ending", "pack"),
    [
        ("jsonl", str.encode),
        ("ndjson.gz", lambda text: gzip.compress(text.encode())),
        ("jsonl", lambda text: text.replace("\n", "\n\n").encode()),
        ("jsonl", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("jsonl", lambda text: text.encode() + b"no object\n"),
        ("jsonl", lambda text: text.encode() + REQUEST.format(9, f',"note":"{"x" * 3_000_000}"').encode()),
    ],
    ids=["plain", "packed", "blank lines", "marked", "malformed", "long line"],
)
def test_an_object_that_names_a_column_twice_is_refused(tmp_path, ending, pack):
    """Which of the two values is meant, nobody can know; an inner object and a column of no table are its own matter."""
    inner = ',"extra":{"a":1,"a":2}'
    text = REQUEST.format(1, "") + REQUEST.format(2, TWICE) + REQUEST.format(3, inner)
    db, report = loaded(tmp_path, {f"requests.{ending}": pack(text)})
    line = 3 if b"\n\n" in pack(text) else 2
    assert rejected(db)[0] == (f"requests.{ending}", line, "client_id", "given_twice")
    ids = [row[0] for row in rows(db, "SELECT request_id FROM core.requests ORDER BY 1")]
    assert ids[:2] == ["R1", "R3"]
    (table,) = report.tables
    assert table["read"] == table["accepted"] + table["rejected"]


def test_a_column_of_another_case_is_kept_out_of_json_lines(tmp_path: Path) -> None:
    text = REQUEST.format(1, ',"KIND":"erasure"') + REQUEST.format(2, ',"note":"a","Note":"b"')
    db, report = loaded(tmp_path, {"requests.jsonl": text})
    assert rows(db, "SELECT request_id, kind FROM core.requests ORDER BY 1") == [("R1", "access"), ("R2", "access")]
    assert report.messages == ["requests.jsonl: columns kept out: KIND, Note", "requests.jsonl: columns kept out: note"]


def test_end_before_start_and_a_conditional_requirement(tmp_path: Path) -> None:
    text = "activity_id,role,name,valid_from,valid_to\nA1,controller,a,2026-02-01,2026-01-01\nA2,processor,b,,\nA3,controller,c,2026-02-01,2026-02-01\n"
    db, _ = loaded(tmp_path, {"processing_activities.csv": text})
    assert rejected(db) == [
        ("processing_activities.csv", 2, "valid_to", "end_before_start"),
        ("processing_activities.csv", 3, "client_id", "missing"),
    ]


@pytest.mark.parametrize(("ending", "value"), [("jsonl", "12.0"), ("csv", "12.0"), ("parquet", "12::DOUBLE")])
def test_a_whole_number_may_come_as_data_frames_write_it(tmp_path, ending, value):
    """A column of whole numbers with gaps is one of floating point numbers there."""
    made = tmp_path / "made.parquet"
    duckdb.execute(
        f"COPY (SELECT 'I1' AS incident_id, '2026-07-01' AS detected_at, {value} AS subjects_affected"
        f" UNION ALL SELECT 'I2', '2026-07-01', 1.5 UNION ALL SELECT 'I3', '2026-07-01', NULL) TO '{made}'"
    )
    frame = duckdb.sql(f"FROM '{made}'").fetchall()
    texts = {
        "csv": "incident_id,detected_at,subjects_affected\n" + "".join(f"{i},{d},{n or ''}\n" for i, d, n in frame),
        "jsonl": "".join(
            json.dumps({"incident_id": i, "detected_at": d, "subjects_affected": n and float(n)}) + "\n"
            for i, d, n in frame
        ),
    }
    db, _ = loaded(tmp_path, {f"incidents.{ending}": texts.get(ending) or made.read_bytes()})
    found = rows(db, "SELECT incident_id, subjects_affected FROM core.incidents ORDER BY incident_id")
    assert found == [("I1", 12), ("I3", None)]
    assert [r[2:] for r in rejected(db)] == [("subjects_affected", "unparsable")]


RECEIVED = "2026-07-10T14:00"


@pytest.mark.parametrize(
    ("answered", "is_refused"),
    [
        ("2026-07-09", True),
        ("2026-07-10T13:59:59", True),
        ("2026-07-10T11:59Z", True),
        (RECEIVED, False),
        ("2026-07-10T12:00Z", False),
        ("2026-07-10", False),  # of a day is not known at what hour
        ("2026-07-11", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("is_parquet", [False, True])
def test_a_request_is_not_answered_before_it_was_received(tmp_path, answered, is_refused, is_parquet):
    text = f"request_id,kind,received_at,answered_at,outcome\nQ1,access,{RECEIVED},{answered},fulfilled\n"
    files: dict[str, str | bytes] = {"requests.csv": text}
    if is_parquet:
        made = tmp_path / "made.parquet"
        of = f"nullif('{answered}', '')" if answered[-1:] == "Z" else f"CAST(nullif('{answered}', '') AS TIMESTAMP)"
        duckdb.execute(
            f"COPY (SELECT 'Q1' AS request_id, 'access' AS kind, TIMESTAMP '{RECEIVED}' AS received_at,"
            f" {of} AS answered_at, 'fulfilled' AS outcome) TO '{made}'"
        )
        files = {"requests.parquet": made.read_bytes()}
    db, _ = loaded(tmp_path, files)
    refused = [(next(iter(files)), 1 if is_parquet else 2, "answered_at", "end_before_start")] if is_refused else []
    assert rejected(db) == refused


@pytest.mark.parametrize(
    ("disposed", "is_refused"), [("2026-07-09", True), ("2026-07-10T13:59", True), ("2026-07-10", False)]
)
def test_a_record_may_go_on_the_day_it_came(tmp_path: Path, disposed: str, is_refused: bool) -> None:
    records = f"record_id,system_id,data_category,collected_at,disposed_at\nR1,crm,notes,2026-07-10T14:00,{disposed}\n"
    db, _ = loaded(tmp_path, {"data_records.csv": records})
    refused = [("data_records.csv", 2, "disposed_at", "end_before_start")] if is_refused else []
    assert rejected(db) == refused
    with open_workbench(db, "2026Q3") as workbench:
        assert workbench["retention"].population == (0 if is_refused else 1)


def test_duplicates_are_counted_and_contradictions_refused(tmp_path: Path) -> None:
    first = "event_id,occurred_at,operation\nE1,2026-07-01T09:00:00Z,use\nE2,2026-07-01T09:00:00Z,use\nE1,2026-07-01T09:00:00Z,use\n"
    second = "event_id,occurred_at,operation,system_id\nE2,2026-07-01T11:00:00+02:00,use,\nE1,2026-07-01T09:00:00Z,store,\nE3,2026-07-01T09:00:00Z,use,\n"
    db, report = loaded(tmp_path, {"processing_events-1.csv": first, "processing_events-2.csv": second})
    assert report.tables == [
        {"table": "processing_events", "files": 2, "read": 6, "accepted": 3, "duplicate": 2, "rejected": 1}
    ]
    assert rejected(db) == [("processing_events-2.csv", 3, "event_id", "duplicate_key")]
    assert [(e, op) for e, _, op, _ in events(db)] == [("E1", "use"), ("E2", "use"), ("E3", "use")]


def test_rows_without_a_key_are_duplicates_when_the_same_in_all(tmp_path: Path) -> None:
    row = "S1,email,deny,2026-07-01T09:00:00Z\n"
    text = "subject_id,channel,preference,effective_at\n" + row + row + row.replace("deny", "allow")
    _, report = loaded(tmp_path, {"communication_preferences.csv": text})
    assert (report.tables[0]["accepted"], report.tables[0]["duplicate"]) == (2, 1)


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    db, _ = loaded(tmp_path, {"processing_events.csv": EVENTS})
    before = sorted((p.name, p.read_bytes()) for p in db.rglob("*") if p.is_file())
    report = load(db, [tmp_path / "source"], policy())
    assert report.unchanged
    assert "loaded already" in report.messages[0]
    assert sorted((p.name, p.read_bytes()) for p in db.rglob("*") if p.is_file()) == before


def test_a_later_load_adds_and_finds_what_is_there(tmp_path: Path) -> None:
    db, _ = loaded(tmp_path, {"processing_events.csv": EVENTS})
    more = write(tmp_path / "more", {"processing_events.csv": EVENTS + "E9,2026-07-02T09:00:00Z,use,S2\n"})
    report = load(db, [more], policy())
    assert report.tables == [
        {"table": "processing_events", "files": 1, "read": 3, "accepted": 1, "duplicate": 2, "rejected": 0}
    ]
    assert [e for e, *_ in events(db)] == ["E1", "E2", "E9"]


def test_unknown_columns_are_kept_out_and_reported(tmp_path: Path) -> None:
    _, report = loaded(tmp_path, {"processing_events.csv": EVENTS.replace("subject_id", "shoe_size")})
    assert report.messages == ["processing_events.csv: columns kept out: shoe_size"]


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    name = os.fsdecode(b"processing_events-\xff.csv")
    with pytest.raises(AuditError, match="its name is not UTF-8"):
        loaded(tmp_path, {name: EVENTS})
    with pytest.raises(AuditError, match="its name is not UTF-8"):
        load(tmp_path / os.fsdecode(b"\xff.db"), [write(tmp_path / "good", {"consents.csv": "x"})], policy())


def test_a_file_too_wide_for_the_memory_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_MEMORY_LIMIT", "40MB")
    head, row, *_ = EVENTS.splitlines()
    wide = f"{head}{''.join(f',c{i}' for i in range(2000))}\n{row}{',' * 2000}\n"
    with pytest.raises(AuditError, match="needs more memory than a load takes"):
        loaded(tmp_path, {"processing_events.csv": wide})


def in_parquet(tmp_path: Path, table: str, rows: str) -> Path:
    """A source folder with a table's rows, a SELECT, as Parquet."""
    folder = write(tmp_path / "source", {})
    duckdb.sql(f"COPY ({rows}) TO '{folder / f'{table}.parquet'}' (FORMAT parquet)")
    return folder


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("{a: 1}", "not single values"),
        ("['E1']", "not single values"),
        ("map {'a': 1}", "not single values"),
        ("'E1'::BLOB", "bytes, and not text"),
    ],
)
def test_a_parquet_column_of_lists_or_structures_or_bytes_is_no_text(value: str, what: str, tmp_path: Path) -> None:
    rows = f"SELECT {value} AS event_id, '2026-07-01' AS occurred_at, 'use' AS operation"
    folder = in_parquet(tmp_path, "processing_events", rows)
    with pytest.raises(AuditError, match=f"event_id: {what}; expected text"):
        load(tmp_path / "db", [folder], policy())


ACTIVITY = "SELECT 'A1' AS activity_id, 'controller' AS role, 'Mail' AS name"


@pytest.mark.parametrize("value", ["[{a: 1}]", "[['crm']]", "map {'crm': 1}", "{a: 'crm'}"])
def test_a_parquet_list_holds_single_values(value: str, tmp_path: Path) -> None:
    folder = in_parquet(tmp_path, "processing_activities", f"{ACTIVITY}, {value} AS systems")
    with pytest.raises(AuditError, match="systems: not single values; expected values separated by ;"):
        load(tmp_path / "db", [folder], policy())


def test_a_list_is_without_what_is_empty_in_every_form(tmp_path: Path) -> None:
    folder = in_parquet(tmp_path, "processing_activities", f"{ACTIVITY}, ['crm ', NULL, ''] AS systems")
    write(folder, {"processing_activities-2.csv": "activity_id,role,name,systems\nA2,controller,Mail,crm;; \n"})
    load(tmp_path / "db", [folder], policy())
    assert rows(tmp_path / "db", "SELECT systems FROM core.processing_activities") == [(["crm"],), (["crm"],)]


def test_a_list_may_begin_with_a_bracket(tmp_path: Path) -> None:
    text = 'activity_id,role,name,systems\nA1,controller,Mail,[CRM];mail\nA2,controller,Mail,"[""a;b""]"\n'
    db, _ = loaded(tmp_path, {"processing_activities.csv": text})
    found = rows(db, "SELECT systems FROM core.processing_activities ORDER BY activity_id")
    assert found == [(["[CRM]", "mail"],), (["a;b"],)]


def test_ids_that_a_data_frame_wrote_as_numbers_are_those_of_other_files(tmp_path: Path) -> None:
    """A column of numbers with gaps is one of floating point numbers there."""
    columns = "'2026-07-01' AS occurred_at, 'use' AS operation, subject_id"
    subjects = "(VALUES ('E1', 12.0::DOUBLE), ('E2', NULL), ('E3', 'nan'::DOUBLE)) AS t(event_id, subject_id)"
    folder = in_parquet(tmp_path, "processing_events", f"SELECT event_id, {columns} FROM {subjects}")
    load(tmp_path / "db", [folder], policy())
    found = rows(tmp_path / "db", "SELECT subject_id FROM core.processing_events ORDER BY event_id")
    assert found == [("12",), (None,), (None,)]


@pytest.mark.parametrize("value", ["'-infinity'::TIMESTAMPTZ", "'infinity'::DATE"])
def test_no_instant_is_infinite(value: str, tmp_path: Path) -> None:
    columns = (
        "'C1' AS consent_id, 'S1' AS subject_id, 'news' AS purpose, 'given' AS status, '2026-07-01' AS effective_at"
    )
    load(tmp_path / "db", [in_parquet(tmp_path, "consents", f"SELECT {columns}, {value} AS expires_at")], policy())
    assert rejected(tmp_path / "db") == [("consents.parquet", 1, "expires_at", "unparsable")]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"requests.csv": "request_id,kind\nR1,access\n"}, ["requests.csv:1", "received_at", "required column"]),
        ({"requests.csv": ""}, ["requests.csv", "empty"]),
        ({"requests.csv": "request_id;kind;received_at\n"}, ["requests.csv:1", "commas"]),
        ({"processing_events.parquet": b"PAR1 no"}, ["processing_events.parquet", "Parquet"]),
        ({"processing_events.csv": EVENTS.replace(",", ";")}, ["csv:1", "not separated by commas"]),
        ({"processing_events.csv": '"event_id";"occurred_at"\n'}, ["csv:1", "not separated by commas"]),
        ({"processing_events.csv": EVENTS.replace(",", "\t")}, ["csv:1", "not separated by commas"]),
        (
            {"processing_events.csv.gz": gzip.compress(EVENTS.encode())[:-9]},
            ["processing_events.csv.gz", "cannot be read"],
        ),
        (
            {"processing_events.csv.zst": zstandard.ZstdCompressor().compress((EVENTS * 9999).encode())[:-9]},
            ["processing_events.csv.zst", "cannot be read", "cut off"],
        ),
        ({"consents.xlsx": b"x"}, ["consents.xlsx", "log"]),
        ({"contracts.xlsx": b"x"}, ["contracts.xlsx", "workbook"]),
        ({"readme.txt": "x"}, ["no file for any table"]),
    ],
)
def test_a_file_that_cannot_be_read_leaves_everything_as_it_was(
    tmp_path: Path, files: dict[str, str | bytes], words: list[str]
) -> None:
    db, _ = loaded(tmp_path, {"processing_events.csv": EVENTS})
    before = sorted(p.name for p in db.rglob("*"))
    extra = {} if "readme.txt" in files else {"access_grants.csv": "actor_id,system_id,granted_from\nA,s,2026-01-01\n"}
    with pytest.raises(AuditError) as error:
        load(db, [write(tmp_path / "bad", extra | files)], policy())
    assert all(word in str(error.value) for word in words), str(error.value)
    assert error.value.exit_code == 3
    assert events(db) == BOTH
    assert sorted(p.name for p in db.rglob("*") if "results" not in p.parts) == before


def test_two_loads_at_once_are_refused(tmp_path: Path) -> None:
    db, _ = loaded(tmp_path, {"processing_events.csv": EVENTS})
    with (db / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(AuditError, match="another load"):
            load(db, [write(tmp_path / "more", {"requests.csv": "request_id,kind,received_at\n"})], policy())


def test_a_disk_that_knows_no_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(AuditError, match=r"cannot be held .* No locks"):
        loaded(tmp_path, {"processing_events.csv": EVENTS})


@pytest.mark.parametrize("damage", ["pointer", "manifest", "part", "bytes"])
def test_a_damaged_database_is_named(tmp_path: Path, damage: str) -> None:
    db, _ = loaded(tmp_path, {"access_grants.csv": "actor_id,system_id,granted_from\nA,s,2026-01-01\n"})
    part = next((db / "parts").glob("access_grants*.parquet"))
    match damage:
        case "pointer":
            (db / "CURRENT").write_text("nothing.json\n")
        case "manifest":
            (db / "snapshots" / "000001.json").write_text("{")
        case "part":
            part.unlink()
        case "bytes":
            part.chmod(0o600)
            part.write_bytes(b"PAR1" + part.read_bytes()[40:])
    with pytest.raises(AuditError, match="cannot be read"):
        open_workbench(db, "2026Q3")


def test_no_database_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="audit load"):
        open_workbench(tmp_path / "none")


def test_a_plain_shell_can_open_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db, _ = loaded(tmp_path, {"processing_events.csv": EVENTS})
    monkeypatch.chdir(db)
    con = duckdb.connect()
    con.execute((db / "open.sql").read_text())
    assert con.execute("SELECT count(*) FROM core.processing_events").fetchall() == [(2,)]


def test_another_engine_reads_every_part_alike(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    db = load_sample(tmp_path / "sample")
    ends = "0001-01-01,9999-12-31", "9999-12-30,9999-12-31", "2026-01-01,"  # as far apart as days can stand
    contracts = "contract_id,client_id,contract_start,contract_end\n"
    contracts += "".join(f"K{i},C{i},{days}\n" for i, days in enumerate(ends))
    numbers = ("9" * 18, "0", "", "1")
    incidents = "incident_id,detected_at,subjects_affected\n"
    incidents += "".join(f"I{i},2026-01-01T09:00Z,{n}\n" for i, n in enumerate(numbers))
    far, _ = loaded(tmp_path, {"contracts.csv": contracts, "incidents.csv": incidents})
    parts = [*db.glob("parts/*.parquet"), *far.glob("parts/*.parquet")]
    assert len(parts) > len(load_contracts())
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for part in parts:
            ours = con.sql(f"FROM read_parquet('{part}')").to_arrow_table()
            assert parquet.read_table(part).to_pylist() == ours.to_pylist(), part.name


def test_an_open_database_reaches_nothing_else(tmp_path: Path) -> None:
    db, _ = loaded(tmp_path, {"processing_events.csv": EVENTS})
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with open_workbench(db, "2026Q3") as wb:
        for sql in (
            f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            f"ATTACH '{tmp_path}/x.db'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                wb.con.execute(sql)


def test_persons_are_one_across_systems(tmp_path: Path) -> None:
    files = {
        "identities.csv": "system_id,external_id,subject_id\nchat,u-1,S1\n",
        "processing_events.csv": "event_id,occurred_at,operation,system_id,subject_id\n"
        "E1,2026-07-01T09:00:00Z,use,chat,u-1\nE2,2026-07-01T09:00:00Z,use,crm,u-1\nE3,2026-07-01T09:00:00Z,use,crm,S1\n",
    }
    db, _ = loaded(tmp_path, files)
    assert [(e, s) for e, _, _, s in events(db)] == [("E1", "S1"), ("E2", "u-1"), ("E3", "S1")]


KNOWN, UNKNOWN = f"X-{'A' * 26}", f"X-{'B' * 26}"  # what an importer calls persons of whom it knows a system's id only
OF_A_SYSTEM = {
    "identities.csv": f"system_id,external_id,subject_id\npay,{KNOWN},S1\nchat,u-1,S1\n",
    "data_records.csv": "record_id,system_id,subject_id,data_category,collected_at\n"
    f"D1,pay,{KNOWN},a,2026-01-01\nD2,pay,{UNKNOWN},a,2026-01-01\nD3,chat,u-1,a,2026-01-01\nD4,pay,S1,a,2026-01-01\n",
    "requests.csv": "request_id,kind,subject_id,received_at,answered_at,outcome\n"
    f"R1,erasure,{KNOWN},2026-01-02,2026-01-03,fulfilled\nR2,erasure,u-1,2026-01-02,2026-01-03,fulfilled\n",
    "legal_holds.csv": f"hold_id,subject_id,held_from,reason\nH1,{KNOWN},2026-01-01,case\n",
    "consents.csv": "consent_id,subject_id,purpose,status,effective_at\n"
    f"C1,{KNOWN},newsletter,given,2026-01-01\nC2,{KNOWN},cookies:statistics,given,2026-01-01\n",
    "cookie_events.csv": "event_id,visitor_id,occurred_at,cookie,purpose,action\n"
    f"E1,{KNOWN},2026-02-01,a,statistics,set\n",
    "subjects.csv": f"subject_id,client_id,person_category\n{KNOWN},,other\nS1,,own\n{KNOWN},K1,client\n{UNKNOWN},,other\n",
}


@pytest.mark.parametrize("at_once", [True, False])
def test_the_pseudonym_of_a_systems_id_is_the_person_whom_identities_name(tmp_path: Path, at_once: bool) -> None:
    if not at_once:  # what was derived without the identities is derived anew
        loaded(tmp_path, {name: text for name, text in OF_A_SYSTEM.items() if name != "identities.csv"})
    db, _ = loaded(tmp_path, OF_A_SYSTEM)
    with open_workbench(db, "2026Q1") as wb:

        def persons(table: str, key: str, whose: str = "subject_id") -> list[tuple[str, ...]]:
            return wb.con.execute(f"SELECT {key}, {whose} FROM core.{table} ORDER BY ALL").fetchall()

        assert persons("data_records", "record_id") == [("D1", "S1"), ("D2", UNKNOWN), ("D3", "u-1"), ("D4", "S1")]
        assert persons("requests", "request_id") == [("R1", "S1"), ("R2", "u-1")]  # other ids compare exactly
        assert persons("legal_holds", "hold_id") == [("H1", "S1")]
        assert persons("consents", "consent_id") == [("C1", "S1"), ("C2", "S1")]
        assert persons("cookie_events", "event_id", "visitor_id") == [("E1", "S1")]
        assert persons("subjects", "client_id, person_category") == [
            ("K1", "client", "S1"), (None, "other", UNKNOWN), (None, "own", "S1")]  # fmt: skip
        assert persons("unknown_subjects", "client_id") == [(None, "u-1")]
        assert {whose for _, whose in persons("consent_intervals", "purpose")} == {"S1"}
        found = {f.item_key: f.reason for f in wb["erasure_effectiveness"].findings()}
    assert found == {"R2": "still_held"}  # R1 is under the hold


def test_every_table_has_a_contract() -> None:
    assert len(load_contracts()) == 19
    for contract in load_contracts().values():
        assert set(contract.key) <= {c.name for c in contract.columns}
        assert contract.instant is None or contract.instant in {c.name for c in contract.columns}


def test_the_first_refused_rows_are_told_without_their_values(tmp_path: Path) -> None:
    lines = "".join(f"R{i},secret-{i},2026-05-01T09:00Z\n" for i in range(7))
    _, report = loaded(tmp_path, {"requests.csv": "request_id,kind,received_at\n" + lines})
    assert report.messages[0] == "requests.csv:2: kind: rejected: the value is not one of those allowed"
    assert report.messages[5:] == ["and 2 more rejected rows; to list them: audit rejected"]
    assert "secret" not in "".join(report.messages)


def test_a_folder_without_a_policy_loads_under_the_databases_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, db = write(tmp_path / "source", {"processing_events.csv": EVENTS}), tmp_path / "db"
    for _ in range(2):
        assert main(["load", str(source), "--db", str(db)]) == 0
    assert "nothing changed" in capsys.readouterr().err
