"""An issue tracker's CSV: the declared columns and words decide, nothing is guessed, and every row is accounted for."""

from __future__ import annotations

import gzip
from zoneinfo import ZoneInfo

import pytest
import zstandard

from audit.errors import AuditError
from audit.pseudonyms import Pseudonyms
from audit.sources.systems.export import Aside, Context, Export, Refused, Row
from audit.sources.systems.tracker import SYSTEM
from audit.strict import TomlFile
from tests.unit.systems.memory import peak

CONTEXT = Context(Pseudonyms(b"k" * 32), ZoneInfo("Europe/Stockholm"), "desk")
CASES = """
case = "no"
[columns]
detected_at = "opened"
"""
UPDATES = """
case = "no"
order = "mod"
updated = "updated"
missing = ["?"]
date_format = "%d/%m/%Y %H:%M"
[columns]
detected_at = "opened"
[severity]
column = "priority"
[severity.words]
"1 - Critical" = "critical"
"4 - Low" = "low"
[personal_data_breach]
column = "privacy"
[personal_data_breach.words]
true = true
false = false
[[stages]]
stage = "registered"
at = "opened"
actor = "by"
[[stages]]
stage = "analysed"
column = "state"
becomes = ["Active", "Waiting"]
actor = "by"
[[stages]]
stage = "reopened"
column = "state"
leaves = ["Resolved"]
[[stages]]
stage = "prioritised"
changes = "priority"
[[stages]]
stage = "resolved"
at = "resolved"
"""
HEADER = "no,mod,state,priority,privacy,by,opened,updated,resolved\n"
OPENED = "29/2/2016 1:16"


def row(no, mod, state, updated, priority="4 - Low", *, resolved="?", privacy="?", opened=OPENED):
    return f"{no},{mod},{state},{priority},{privacy},u1,{opened},{updated},{resolved}\n"


@pytest.fixture
def options(tmp_path):
    def options(settings):
        path = tmp_path / "sources.toml"
        path.write_text(settings)
        with TomlFile(path).root as table:
            return SYSTEM.options(table)

    return options


@pytest.fixture
def read(tmp_path, options):
    def read(settings, *contents, context=CONTEXT):
        exports = []
        for number, content in enumerate(contents, start=1):
            path = tmp_path / f"{number}.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            exports.append(Export(path, path.name))
        return list(SYSTEM.rows(exports, context, options(settings)))

    return read


def trail(items):
    return [
        (i.line, i.values["stage"], i.values["at"])
        for i in items
        if isinstance(i, Row) and i.table == "incident_events"
    ]


def incidents(items):
    return [dict(i.values) for i in items if isinstance(i, Row) and i.table == "incidents"]


def refused(items):
    return [(i.line, i.table, i.column, i.reason, dict(i.kept)) for i in items if isinstance(i, Refused)]


def asides(items):
    return [i.line for i in items if isinstance(i, Aside)]


def error(read, *args):
    with pytest.raises(AuditError) as raised:
        read(*args)
    return raised.value


def test_a_case_is_its_last_update_and_its_trail_the_changes(read):
    items = read(
        UPDATES,
        HEADER
        + row("A", 0, "New", "29/2/2016 1:23")
        + row("A", 1, "Active", "29/2/2016 2:00")
        + row("A", 2, "Waiting", "29/2/2016 3:00")
        + row("A", 3, "Resolved", "1/3/2016 9:00", "1 - Critical")
        + row("A", 4, "Active", "2/3/2016 9:00", "1 - Critical")
        + row("A", 5, "Resolved", "3/3/2016 9:00", "1 - Critical", resolved="3/3/2016 9:00", privacy="true"),
    )
    actor = CONTEXT.pseudonyms.actor("desk", "u1")
    assert incidents(items) == [
        {
            "incident_id": "A",
            "detected_at": "2016-02-29T01:16:00",
            "severity": "critical",
            "personal_data_breach": "true",
        }
    ]
    assert trail(items) == [
        (3, "analysed", "2016-02-29T02:00:00"),
        (5, "prioritised", "2016-03-01T09:00:00"),
        (6, "analysed", "2016-03-02T09:00:00"),
        (6, "reopened", "2016-03-02T09:00:00"),
        (7, "registered", "2016-02-29T01:16:00"),
        (7, "resolved", "2016-03-03T09:00:00"),
    ]
    assert [i.values.get("actor_id") for i in items if isinstance(i, Row) and i.table == "incident_events"] == [
        actor, None, actor, None, actor, None,
    ]  # fmt: skip
    # Lines 2 and 4 reach no stage; every other line has a row.
    assert asides(items) == [2, 4]
    assert {i.line for i in items} == set(range(2, 8))


def test_the_declared_number_decides_and_times_are_kept_as_they_are(read):
    items = read(
        UPDATES,
        HEADER
        + row("A", 2, "Resolved", "29/2/2016 11:03")
        + row("A", 1, "New", "29/2/2016 11:10")
        + row("A", 10, "Active", "29/2/2016 0:30"),  # before it was opened; and after 2, not before
    )
    assert trail(items) == [
        (4, "analysed", "2016-02-29T00:30:00"),
        (4, "reopened", "2016-02-29T00:30:00"),
        (4, "registered", "2016-02-29T01:16:00"),
    ]


@pytest.mark.parametrize("settings", [UPDATES, UPDATES.replace('order = "mod"\n', "")])
def test_else_updates_are_as_the_files_have_them(read, settings):
    text = HEADER + row("A", 1, "Resolved", "1/3/2016 9:00") + row("A", 1, "Active", "1/3/2016 8:00")
    assert [stage for _, stage, _ in trail(read(settings, text))] == ["analysed", "reopened", "registered"]


def test_times_in_any_form_may_be_the_order(read):
    settings = UPDATES.replace('"mod"', '"updated"').replace('date_format = "%d/%m/%Y %H:%M"\n', "")
    items = read(
        settings,
        HEADER
        + row("A", 1, "Active", "2026-07-01 10:00", opened="2026-07-01")  # in Stockholm: 08:00 UTC
        + row("A", 2, "Resolved", "2026-07-01T09:00+02:00", opened="2026-07-01")
        + row("A", 3, "New", "2026-07-01T07:30Z", opened="2026-07-01")
        + row("A", 4, "New", "2026-02-30", opened="2026-07-01"),
    )
    assert trail(items) == [
        (4, "reopened", "2026-07-01T07:30Z"),
        (2, "analysed", "2026-07-01 10:00"),
        (2, "registered", "2026-07-01"),
    ]
    assert asides(items) == [3]
    assert refused(items) == [(5, "incident_events", "updated", "unparsable", {"incident_id": "A"})]


def test_cases_may_be_mixed_and_go_on_in_the_next_file(read):
    items = read(
        UPDATES,
        HEADER + row("A", 0, "New", "1/3/2016 9:00") + row("B", 0, "Active", "1/3/2016 9:30"),
        HEADER + row("A", 1, "Active", "1/4/2016 9:00", resolved="1/4/2016 9:00"),
    )
    assert [(i.export.name, i.line, i.values["incident_id"]) for i in items if isinstance(i, Row)] == [
        ("1.csv", 3, "B"), ("1.csv", 3, "B"), ("1.csv", 3, "B"),
        ("2.csv", 2, "A"), ("2.csv", 2, "A"), ("2.csv", 2, "A"), ("2.csv", 2, "A"),
    ]  # fmt: skip
    assert len(incidents(items)) == 2


def test_a_row_is_a_case_where_no_time_of_updates_is_declared(read):
    text = "no,opened\nA,2026-07-01T09:00Z\n\nA,2026-07-02\nB,2026-03-29 02:30\n"
    items = read(CASES, text, context=Context(CONTEXT.pseudonyms, CONTEXT.zone, "desk", "C1"))
    assert [(i.line, i.values["incident_id"], i.values["detected_at"]) for i in items] == [
        (2, "A", "2026-07-01T09:00Z"),
        (4, "A", "2026-07-02"),  # the loader tells that the key stands twice
        (5, "B", "2026-03-29 02:30"),  # and that this hour does not exist
    ]
    assert {i.values["client_id"] for i in items} == {"C1"}


def test_what_cannot_be_a_row_is_refused_with_its_place(read):
    items = read(
        UPDATES,
        HEADER
        + row("", 0, "New", "1/3/2016 9:00")
        + row("A", "x", "New", "1/3/2016 9:00")
        + row("A", "?", "New", "1/3/2016 9:00")
        + "A,1,New\n"
        + row("B", 0, "Active", "soon")
        + row("C", 0, "New", "1/3/2016 9:00", "Whatever")
        + row("D", 0, "New", "1/3/2016 9:00", opened="?")
        + row("E", 0, "Active", "?"),
    )
    assert refused(items) == [
        (2, "incident_events", "no", "missing", {}),
        (3, "incident_events", "mod", "unparsable", {"incident_id": "A"}),
        (4, "incident_events", "mod", "missing", {"incident_id": "A"}),
        (5, "incident_events", None, "malformed", {}),
        (6, "incident_events", "updated", "unparsable", {"incident_id": "B", "stage": "analysed"}),
        (7, "incidents", "priority", "not_in_vocabulary", {"incident_id": "C"}),
        (8, "incidents", "opened", "missing", {"incident_id": "D"}),
        (9, "incident_events", "updated", "missing", {"incident_id": "E", "stage": "analysed"}),
    ]
    assert [i["incident_id"] for i in incidents(items)] == ["B", "E"]


@pytest.mark.parametrize("date", ["01-03-2016", "1/3/2016 9:00", "3.1.2016", "2016/03/01", "2016-3-1"])
def test_the_order_of_day_and_month_is_never_guessed(read, date):
    raised = error(read, CASES, f"no,opened\nA,2026-07-01\nB,{date}\n")
    assert (raised.file, raised.line, raised.column) == ("1.csv", 3, "opened")
    assert "order of day and month" in raised.message
    assert 'date_format = "%d-%m-%Y %H:%M"' in str(raised.fix)
    assert date not in str(raised)


def test_a_declared_order_that_a_date_contradicts_is_an_error(read):
    american = UPDATES.replace("%d/%m/%Y", "%m/%d/%Y")
    # The first date reads either way; the second shows that the declaration is wrong, so the first is in doubt, too.
    text = (
        HEADER + row("A", 0, "New", "1/3/2016 9:00", opened="1/3/2016 9:00") + row("B", 0, "Active", "29/2/2016 9:00")
    )
    raised = error(read, american, text)
    assert (raised.line, raised.column) == (3, "updated")
    assert "other way round" in raised.message


def test_a_column_may_have_a_format_of_its_own(read):
    settings = 'case = "no"\ndate_format = "%d.%m.%Y"\n[date_formats]\nseen = "%Y%m%dT%H%M%S%z"\n[columns]\n'
    settings += 'detected_at = "opened"\noccurred_at = "seen"\n'
    (incident,) = incidents(read(settings, "no,opened,seen\nA,01.03.2016,20160229T235900+0200\n"))
    assert incident == {
        "incident_id": "A",
        "detected_at": "2016-03-01",
        "occurred_at": "2016-02-29T23:59:00+02:00",
    }


def test_separators_and_encodings_are_declared(read):
    text = 'no;opened;"där, när"\nÄ1;2026-07-01;"a;b"\n'
    settings = 'delimiter = ";"\nencoding = "windows-1252"\n' + CASES + 'title = "där, när"\n'
    assert incidents(read(settings, text.encode("windows-1252"))) == [
        {"incident_id": "Ä1", "detected_at": "2026-07-01", "title": "a;b"}
    ]
    assert incidents(read('delimiter = "tab"\n' + CASES, "\ufeffno\topened\nA\t2026-07-01\n"))


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("zst", zstandard.ZstdCompressor().compress)])
def test_packed_files_are_read(tmp_path, options, ending, pack):
    path = tmp_path / f"a.csv.{ending}"
    path.write_bytes(pack(b"no,opened\n" + b"".join(b"%d,2026-07-01\n" % n for n in range(5000))))
    items = list(SYSTEM.rows([Export(path, path.name)], CONTEXT, options(CASES)))
    assert [i.line for i in items] == list(range(2, 5002))


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("zst", zstandard.ZstdCompressor().compress)])
def test_a_packed_file_that_is_cut_off_is_named(tmp_path, options, ending, pack):
    path = tmp_path / f"a.csv.{ending}"
    path.write_bytes(pack(b"no,opened\nA,2026-07-01\n")[:-9])
    with pytest.raises(AuditError, match="cannot be read to its end") as raised:
        list(SYSTEM.rows([Export(path, path.name)], CONTEXT, options(CASES)))
    assert raised.value.file == path.name


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("number,opened\nA,2026-07-01\n", 1, "the header has no such column"),
        ("no,no,opened\n", 1, "the header has this column twice"),
        ("", 1, "the header has no such column"),
        (b"no,opened\nA,2026-07-01\n\xff,2026-07-01\n", 3, "not utf-8 text"),
        (b"no,opened\nA\0,2026-07-01\n", 2, "holds a NUL byte"),
        ('no,opened\nA,2026-07-01\n"B,2026-07-01\nC,2026-07-01\n', 4, "the quotes or line breaks are not those of CSV"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_line(read, content, line, message):
    raised = error(read, CASES, content)
    assert (raised.file, raised.line, raised.message) == ("1.csv", line, message)


def test_a_line_without_end_is_not_read_into_memory(read):
    content = b"no,opened\n" + b"x" * (40 << 20)
    said = []

    def refuse():
        raised = error(read, CASES, content)
        said.append((raised.line, raised.message))

    assert peak(refuse) < 50 << 20
    assert set(said) == {(2, "a line is longer than any record should be")}


def test_only_cases_that_go_on_are_held(tmp_path, options):
    path = tmp_path / "long.csv"
    lines = [HEADER]
    for n in range(3000):
        lines += [row(f"I{n}", m, s, f"1/3/2016 {n % 24}:{m:02}") for m, s in enumerate(["New", "Active", "Resolved"])]
    path.write_text("".join(lines))
    settings = options(UPDATES)
    exports = [Export(path, path.name)]
    counts = []
    # The texts of all rows would take eight times the file.
    assert (
        peak(lambda: counts.append(sum(1 for _ in SYSTEM.rows(exports, CONTEXT, settings)))) < path.stat().st_size * 2
    )
    assert set(counts) == {12000}


@pytest.mark.parametrize(
    ("settings", "line", "message"),
    [
        ('case = "no"\n', None, "missing key"),
        ('case = "no"\n[columns]\n', 2, "missing key"),
        (CASES + 'titel = "x"\n', 5, "unknown key"),
        ('delimiter = "\\t"\n' + CASES, 1, "empty"),
        ('order = "mod"\n' + CASES, 1, "without a column of the time of an update, a row is a case"),
        ('date_format = "%d-%m"\n' + CASES, 1, "no format from which a date can be read"),
        ('date_format = "%d-%m-%Y %I:%M"\n' + CASES, 1, "no format from which a date can be read"),
        ('date_format = "%Q"\n' + CASES, 1, "no format from which a date can be read"),
        (CASES + '[[stages]]\nstage = "solved"\nat = "x"\n', 6, "not in the vocabulary"),
        (CASES + '[[stages]]\nstage = "resolved"\n', 5, "how the stage is told"),
        (CASES + '[[stages]]\nstage = "resolved"\nchanges = "x"\n', 7, "a row is a case, and has no changes"),
        (UPDATES + 'leaves = ["x"]\n', None, "unknown key"),
        (UPDATES.replace('becomes = ["Active", "Waiting"]', "becomes = []"), None, "empty"),
        (UPDATES.replace('"critical"', '"urgent"'), None, "not in the vocabulary"),
    ],
)
def test_settings_are_taken_strictly(options, settings, line, message):
    with pytest.raises(AuditError) as raised:
        options(settings)
    assert raised.value.message == message
    assert line is None or raised.value.line == line
