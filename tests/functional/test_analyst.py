"""What an analyst types: each object holds what the checks found, shows it, and changes nothing."""

from __future__ import annotations

import ast
import copy
import doctest
import hashlib
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import audit
import audit.analyst
import audit.places
import audit.sources.load
from audit.analyst import spark
from audit.analyst.bench import Bench
from audit.errors import AuditError, UsageError
from audit.explain import explain_item
from audit.results import FINDING_COLUMNS
from audit.run import open_workbench
from audit.store import sql_file
from tests.functional.houses import loaded, policy
from tests.functional.sample_db import load_sample
from tests.rules.tree import ROOT


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return load_sample(tmp_path_factory.mktemp("analyst") / "db")


@pytest.fixture(scope="module")
def wb(db: Path) -> Iterator[Bench]:
    with audit.open(db, "2026Q3") as bench:
        yield bench


@pytest.mark.parametrize(
    "module", ["audit", *(f"audit.analyst.{m.name}" for m in pkgutil.iter_modules(audit.analyst.__path__))]
)
def test_the_examples_are_true(module: str, wb: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "open", lambda *_, **__: wb, raising=False)  # open once, for all of them
    found = doctest.testmod(importlib.import_module(module), extraglobs={"audit": audit})
    assert not found.failed


def test_what_the_page_says_to_type_can_be_typed(wb: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "open", lambda *_, **__: wb, raising=False)
    page = (ROOT / "docs/analyst.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, object] = {}
    for line in filter(None, block.splitlines()):
        if line.startswith(("import", "wb =")):
            exec(line, names)
        else:
            assert repr(eval(line, names)), line
    for changes in re.findall(r"`(\{.*?\})`", page):
        assert wb.what_if(ast.literal_eval(changes)).table["check"]


def test_every_class_that_is_typed_has_an_example() -> None:
    named = (
        "bench.Bench",
        "frame.Frame",
        "answer.Answer",
        "overview.Overview",
        "person.Person",
        "incident.Incident",
        "whatif.WhatIf",
    )
    for name in named:
        module, kind = name.split(".")
        assert ">>> " in getattr(importlib.import_module(f"audit.analyst.{module}"), kind).__doc__


def test_the_bench_tells_what_it_holds(wb: Bench) -> None:
    text, html = repr(wb), wb._repr_html_()
    for said in ("Mira Network AB", "2026Q3", "1 October 2026, 00:00", "19 tables"):
        assert said in text
        assert said in html
    assert sum(wb.sources["accepted"]) == sum(f.accepted for f in wb.workbench.files)


def test_an_answer_holds_what_the_check_found(wb: Bench) -> None:
    plain = wb.workbench["consent_coverage"]
    answer = wb["consent_coverage"]
    assert (answer.rate, answer.violation, answer.population) == (plain.rate, plain.violation, plain.population)
    assert answer.findings["finding_id"] == [f.finding_id for f in plain.findings()]
    assert sum(answer.reasons["n"]) == sum(n for counts in plain.reasons.values() for n in counts.values())
    assert sum(answer.by("system", "month")["population"]) == plain.population
    assert answer.chart("client").rows
    assert answer.drill("purpose").rows
    assert answer.name in repr(answer)
    assert answer.question in answer._repr_html_()


def test_each_finding_leads_to_its_rows(wb: Bench) -> None:
    answer = wb["retention"]
    worst = answer.findings[0]
    named = f"{worst['item_table']}:{worst['item_key']}"
    again = explain_item(
        wb.workbench.con, wb.workbench.catalog["retention"], wb.workbench.asked, wb.workbench.policy, named
    )
    assert answer.explain(worst) == again
    assert again[-1].startswith("Outcome as of 2026-10-01")
    own = answer.evidence(worst)[0][0]
    assert (own["source_file"], own["source_line"]) == (worst["source_file"], worst["source_line"])


def test_every_check_in_one_table_beside_the_period_before(wb: Bench) -> None:
    checks = wb.check_all()
    with open_workbench(wb.workbench.snapshot.folder, "2026Q2") as before:
        was = before.check_all()
    for row in checks.table:
        now, then = checks.results[row["check"]].rate, was[row["check"]].rate
        assert row["change"] == (None if now is None or then is None else pytest.approx(100 * (now - then)))
    trend = checks.table[0]["trend"]
    assert f'title="{spark.said(trend, wb.words)}">{spark.text(trend)}</td>' in checks._repr_html_()
    assert repr(checks).count("\n") == len(checks) + 2


def test_a_check_beside_an_earlier_period(wb: Bench) -> None:
    since = wb["incident_response"].since("2026Q2")
    change = wb.compare("2026Q2")["incident_response"]
    assert sum(since.flows["new"]) == change.total("new") > 0
    assert since.text in repr(since)


def test_a_frame_is_narrowed_sorted_and_paged(wb: Bench) -> None:
    frame = wb["lawful_basis"].findings
    some = frame.where(outcome="violation", client_id=None)
    assert {(r["outcome"], r["client_id"]) for r in some} == {("violation", None)}
    months = frame.sort("month", descending=True)["month"]
    assert months == sorted(months, reverse=True)
    assert [*frame.page(0, 3), *frame.page(3, 3)] == frame.page(0, 6)
    assert frame[-1] == list(frame)[-1]
    assert frame.where() is frame
    assert len(frame.where(reason=[])) == 0
    assert "No rows." in repr(frame.where(reason=[]))
    with pytest.raises(UsageError, match="no such column"):
        frame.where(nonsense=1)
    with pytest.raises(IndexError):
        frame[len(frame)]


def test_a_long_frame_says_that_it_shows_a_part(wb: Bench) -> None:
    shown = repr(wb.sql("SELECT event_id FROM core.processing_events ORDER BY event_id"))
    assert "The first 20 of 26,978 rows" in shown
    assert shown.count("E-0") == 20


def test_what_stands_in_a_cell_is_text(wb: Bench) -> None:
    frame = wb.sql("SELECT '<script>' || chr(27) AS a")
    assert "<script>" not in frame._repr_html_()
    assert "\x1b" not in repr(frame)


def test_a_frame_goes_on_as_arrow_and_pandas(wb: Bench) -> None:
    frame = wb.sql("SELECT system_id FROM core.systems ORDER BY system_id")
    assert "arrow_array_stream" in repr(frame.__arrow_c_stream__())
    pytest.importorskip("pandas", reason="the extra `lab` is not installed")
    assert list(frame.df()["system_id"]) == frame["system_id"]
    assert frame.arrow().column("system_id").to_pylist() == frame["system_id"]


@pytest.mark.parametrize(("module", "method"), [("pandas", "df"), ("pyarrow", "arrow")])
def test_what_is_not_installed_is_said(wb: Bench, monkeypatch: pytest.MonkeyPatch, module: str, method: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        AuditError, match=rf"{module} is not installed. Install it: pip install 'audit-workbench\[lab\]'"
    ):
        getattr(wb.sql("SELECT 1 AS a"), method)()


@pytest.mark.parametrize(
    "text",
    [
        "COPY core.systems TO 'x.csv'",
        "UPDATE core.systems SET name = 'x'",
        "CREATE OR REPLACE VIEW core.consents AS SELECT 1",
        "DROP VIEW core.consents",
        "SELECT 1; DROP VIEW core.consents",
        "",
        "SELEC 1",
        "SELECT nonsense FROM core.systems",
        "SELECT * FROM nowhere",
    ],
)  # fmt: skip
def test_sql_only_asks(wb: Bench, text: str) -> None:
    with pytest.raises(UsageError):
        wb.sql(text)


def test_sql_takes_every_form_of_question(wb: Bench) -> None:
    for text in (
        "FROM core.systems",
        "DESCRIBE core.consents",
        "SUMMARIZE core.systems",
        "SHOW ALL TABLES",
        "VALUES (1)",
    ):
        assert len(wb.sql(text)) > 0


def test_sql_never_reads_what_lies_in_memory(wb: Bench) -> None:
    # Version 2.0.0 of the engine gives wrong rows of in-memory tables, so none may ever be read.
    frame = wb.sql("SELECT 1 AS a")
    assert frame[0] == {"a": 1}
    with pytest.raises(UsageError):
        wb.sql("SELECT * FROM frame")


def test_everything_completes(wb: Bench) -> None:
    assert wb._ipython_key_completions_() == list(wb.checks)
    assert {"check_all", "sql", "subject", "incident", "what_if"} <= set(dir(wb))
    assert {"findings", "reasons", "by", "chart", "explain", "evidence", "since"} <= set(dir(wb["retention"]))
    assert {"open", "due"} <= set(dir(audit))
    assert "reason" in wb["retention"].findings._ipython_key_completions_()


def test_a_mistake_is_one_line_in_a_notebook(wb: Bench) -> None:
    with pytest.raises(UsageError) as caught:
        wb["nonsense"]
    assert caught.value._render_traceback_() == [f"UsageError: {caught.value}"]


def test_a_name_almost_right_is_answered_with_the_right_one(wb: Bench) -> None:
    with pytest.raises(UsageError, match=r"no such check; expected consent_coverage or consent_records$"):
        wb["consent_coverag"]
    with pytest.raises(
        UsageError, match=r"no such check; expected one of access_authorisation, .*, third_party_agreem"
    ):
        wb["nonsense"]
    with pytest.raises(UsageError, match=r"no such column; expected system_id$"):
        wb["consent_coverage"].findings.where(system="intercom")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("wb[0]", r"check: not a text; expected a check's name, as wb\[\"consent_coverage\"\]"),
        ("wb.consent_coverage", r"no such name; expected wb\[\"consent_coverage\"\]$"),
        ("wb.chek_all", r"no such name; expected check_all$"),
        ("wb.check_all('nonsense')", "nonsense: no such check"),
        ("wb.sql(5)", "sql: not a text; expected a SELECT in quotes"),
        ("wb.sql('SELECT 1\\n FROM core.systems\\n WHER x')", r'sql, line 3: syntax error at or near "x"$'),
        ("wb.sql('SELECT nme FROM core.systems')", r'Candidate bindings: "name". wb.tables lists every table'),
        ("wb.sql('SELECT sum(name) FROM core.systems')", "You might need to add explicit type casts$"),
        ("wb.sql('SELECT 1 AS a, 2 AS a')", "a: two columns have this name; expected another by AS"),
        ("repr(wb.sql('SELECT CAST(name AS INTEGER) FROM core.systems'))", r"sql: a value cannot be read .* TRY_CAST"),
        ("wb.sql('SELECT * FROM read_csv(''x'')')", "sql: no file and no other database can be read"),
        ("wb.subject(5)", "subject: not a text; expected a subject_id"),
        ("wb.incident(None)", "incident: not a text; expected an incident_id"),
        ("wb.evidence('nonsense')", r"finding: no such finding.* expected a finding_id of wb\[CHECK\].findings"),
        ("wb.evidence(answer.findings)", r"finding: not a text; expected one row, as wb\[CHECK\].findings\[0\]"),
        ("answer.explain(5)", "finding: not a text; expected one row"),
        ("answer.by('sytem')", "sytem: no such dimension; expected role, client"),
        ("answer.by(5)", "dimension: not a text; expected role, client"),
        ("answer.drill('month')", "month: months are drawn in any case; expected role"),
        ("answer.findings.reason", r"reason: no such name; expected frame\[\"reason\"\]"),
        ("answer.findings.serch", "serch: no such name; expected search"),
        ("answer.findings[::2]", r"neither a row nor a column; expected a row as frame\[0\]"),
        ("answer.findings.head('3')", "n: not a number of rows; expected 0, 1, 2"),
        ("answer.findings.sort()", "no column to sort by; expected one of outcome"),
        ("answer.findings.where('x = 1')", r'no column is named; expected where\(reason="withdrawn"\)'),
        ("repr(answer.findings.where(source_line='x'))", "a value cannot be read as another type"),
        ("wb.what_if('retention')", 'changes: nothing to change; expected {"WHAT": VALUE}'),
        ("wb.what_if({'deadlines.breach_notice': 'PT1H'})", "unknown key; expected breach_notice_default$"),
        ("wb.what_if({'retention_rules.*.perio': 'P1M'})", r"expected retention_rules.KEY.COLUMN, period$"),
        ("audit.due('request', 5)", "start: not an instant; expected text as"),
    ],
)  # fmt: skip
def test_what_is_mistyped_is_answered_with_what_to_type(wb: Bench, typed: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        eval(typed, {"wb": wb, "answer": wb["consent_coverage"], "audit": audit})
    assert "Benify" not in str(caught.value)  # no value of the data


def test_what_programs_ask_an_object_for_is_answered_as_python_does(wb: Bench) -> None:
    frame = wb["consent_coverage"].findings
    for thing in (wb, frame):
        assert not hasattr(thing, "_repr_png_")
        assert not hasattr(thing, "to_csv")
    assert (list(wb), len(wb), "retention" in wb) == (list(wb.checks), len(wb.checks), True)
    assert copy.copy(frame).columns == frame.columns


def test_scrolling_past_a_line_of_time_does_not_zoom_it(wb: Bench) -> None:
    drawing = wb.subject("S-9027010").chart()
    assert "Alt and the wheel" in drawing.reading
    zoom = next(param for param in drawing.spec["params"] if param["name"] == "zoom")
    assert zoom["select"]["zoom"] == "wheel![event.altKey]"


def test_what_is_typed_by_instinct_is_understood(db: Path, wb: Bench) -> None:
    answer = wb["consent_coverage"]
    findings = answer.findings
    assert [row["item_key"] for row in findings[1:4]] == findings["item_key"][1:4]
    assert (len(findings[-2:]), len(findings[5:2])) == (2, 0)
    assert findings[["item_key", "reason"]].columns == ("item_key", "reason")
    assert answer.by(["system", "month"]).columns == answer.by("system", "month").columns
    assert answer.since(2026).text == answer.since("2026").text
    assert len(wb.check_all("retention")) == 1
    assert wb.evidence(findings[0])[0].title == answer.evidence(findings[0]["finding_id"])[0].title
    assert "effective_at" in wb.tables.where(table="core.consents")[0]["columns"]
    assert findings.search(27011)["item_key"] == ["E-9027011"]
    with audit.open(db, 2026, as_of=date(2026, 8, 1), policy=str(wb.workbench.policy.path)) as other:
        assert (other.period, other.as_of.date()) == ("2026", date(2026, 8, 1))
    with pytest.raises(UsageError, match=r'a period is given by name; expected audit.open\(period="2026Q3"\)'):
        audit.open("2026Q3")


def test_a_drawing_at_a_prompt_says_what_it_shows(wb: Bench) -> None:
    drawing = wb["consent_coverage"].chart()
    assert repr(drawing) == drawing.alt
    assert repr(wb.compare("2026Q2")) == f"2026Q3 beside 2026Q2, {len(wb)} checks; .table() has a row for each"


@pytest.mark.parametrize("language", ["en", "sv"])
def test_of_nothing_there_is_a_sentence_and_no_drawing(db: Path, language: str) -> None:
    with audit.open(db, 1999, language=language) as wb:
        answer = wb["consent_coverage"]
        nothing = wb.words.say("analyst.answer.nothing", period="1999")
        assert repr(answer.chart()) == repr(answer.drill()) == repr(answer.chart("client")) == nothing
        assert repr(answer).endswith(nothing)
        assert f"<p>{nothing}</p>" == answer.chart()._repr_html_()


def test_a_check_before_anything_of_the_period_before_had_happened(db: Path) -> None:
    for language in ("en", "sv"):
        with audit.open(db, "2026Q3", as_of="2025-06-01", language=language) as wb:
            assert repr(wb["consent_coverage"].since()) == wb.words.say("analyst.answer.no_earlier", period="2026Q2")
            with pytest.raises(UsageError, match="had happened by then"):
                wb["consent_coverage"].since("2026Q2")


def test_a_bench_keeps_its_snapshot_and_says_that_there_is_a_newer_one(tmp_path: Path) -> None:
    db, _ = loaded(
        tmp_path / "house", {"requests.csv": "request_id,kind,received_at\nQ1,access,2026-08-01T10:00:00Z\n"}
    )
    count = "SELECT count(*) AS n FROM core.requests"
    with audit.open(db, "2026Q3") as wb:
        assert repr(wb).splitlines()[-2].split() == ["Snapshot", "1"]
        more = tmp_path / "more"
        more.mkdir()
        (more / "requests.csv").write_text("request_id,kind,received_at\nQ2,access,2026-08-02T10:00:00Z\n")
        audit.sources.load.load(db, [more], policy())
        assert wb.sql(count)[0] == {"n": 1}
        assert "1; 2 is newer: audit.open() opens it" in repr(wb)
        with audit.open(db, "2026Q3") as newer:
            assert newer.sql(count)[0] == {"n": 2}


def test_a_closed_bench_says_how_to_open_it_again(db: Path) -> None:
    wb = audit.open(db)
    findings, imagined = wb["retention"].findings, wb["retention"].reasons
    wb.close()
    wb.close()
    for typed in (
        lambda: wb["retention"],
        lambda: wb.sql("SELECT 1"),
        lambda: wb.subject("S-1"),
        lambda: wb.period,
        lambda: findings[0],
        lambda: repr(imagined),
    ):
        with pytest.raises(UsageError, match=r"the bench is closed. Open it again: wb = audit.open\(\)"):
            typed()
    assert repr(wb) in wb._repr_html_() == f'<p style="max-width:50em">{wb!r}</p>'


def test_a_findings_instant_is_one_and_what_is_asked_first_stands_first(wb: Bench) -> None:
    findings = wb["consent_coverage"].findings
    assert findings.columns[:3] == ("outcome", "reason", "item_key")
    assert set(findings.columns) == {*FINDING_COLUMNS, "system_id", "purpose", "kind", "month"}
    assert findings.types["occurred_at"] == "TIMESTAMP WITH TIME ZONE"
    assert findings[0]["occurred_at"].isoformat() == "2026-07-21T10:12:00+02:00"
    for shown in (findings, *wb["consent_coverage"].evidence(findings[0])):
        assert "T10:" not in repr(shown)
    with audit.open(wb.workbench.snapshot.folder, 1999) as other:
        nothing = other["consent_coverage"].findings
        assert nothing.columns == findings.columns


def test_a_search_looks_in_every_row_and_column(wb: Bench) -> None:
    many = wb.sql("SELECT i, 'Nr ' || i AS name, NULL AS nothing FROM range(100000) AS t(i)")
    assert many.search("NR 99999")["i"] == [99999]
    assert len(many.search("9999")) == 19
    assert len(many.search("it's % nowhere_")) == 0


def test_a_terminal_is_not_overfilled(wb: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = wb["consent_coverage"].findings
    whole = repr(findings)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    *lines, left = repr(findings).splitlines()
    assert max(map(len, lines)) <= 100
    shown, named = lines[1].split(), re.findall(r"[a-z_]+(?=[,.])", left)
    assert (*shown, *named) == findings.columns
    assert left not in whole
    monkeypatch.setenv("COLUMNS", "3")
    assert repr(findings).splitlines()[1] == "outcome"


def test_what_has_no_client_is_the_organisations_own_in_a_chart(wb: Bench) -> None:
    said = str(wb["consent_coverage"].chart("client").spec)
    assert wb.words.say("charts.by.own") in said
    assert wb.words.say("charts.by.not_recorded") not in said


def test_what_happened_outside_the_period_is_not_called_unrecorded(wb: Bench) -> None:
    said = str(wb["retention"].drill().spec)
    assert wb.words.say("charts.by.outside") in said
    assert wb.words.say("charts.by.not_recorded") not in said


def test_instants_of_an_incident_are_shown_alike(wb: Bench) -> None:
    clocks = wb.incident("INC-9071021").clocks
    assert "T" in clocks[0]["due_at"]  # a day, or an instant, as it is told
    assert not re.search(r"\d{4}-\d\d-\d\dT", repr(clocks) + clocks._repr_html_())


def test_a_person_is_everything_under_every_name(wb: Bench) -> None:
    known = wb.sql("SELECT DISTINCT subject_id FROM core.identities ORDER BY subject_id LIMIT 15")["subject_id"]
    others = wb.sql("SELECT DISTINCT subject_id FROM core.consents WHERE status = 'withdrawn' ORDER BY 1 LIMIT 5")[
        "subject_id"
    ]
    covered = 0
    for subject in [*known, *others]:
        own = wb.sql(f"SELECT event_id FROM core.processing_events WHERE subject_id = '{subject}'")["event_id"]
        person = wb.subject(subject)
        assert sorted(person.events["event_id"]) == sorted(own)
        stretches = wb.workbench.asked.within(sql_file("person/covered")).replace("$1", f"'{subject}'")
        assert list(person.covered) == list(wb.sql(stretches))  # as the checks have them
        covered += len(person.covered)
        shown = repr(person) + repr(person.line) + str(person.chart().spec)
        names = wb.sql(f"SELECT external_id FROM core.identities WHERE subject_id = '{subject}'")["external_id"]
        assert not [name for name in names if name in shown]
    assert covered > 5


def test_a_name_means_another_person_in_a_system_that_says_so(tmp_path: Path) -> None:
    events = "event_id,occurred_at,operation,system_id,subject_id\n" + "".join(
        f"E-{i},2026-07-0{i}T10:00+02:00,use,{system},{subject}\n"
        for i, (system, subject) in enumerate(
            [("crm", "S-1"), ("mail", "S-1"), ("mail", "x"), ("crm", "S-2"), ("crm", "x")], 1
        )
    )
    names = "system_id,external_id,subject_id\nmail,S-1,S-2\nmail,x,S-1\n"
    db, _ = loaded(tmp_path, {"processing_events.csv": events, "identities.csv": names})
    with audit.open(db, "2026Q3") as bench:
        found = {subject: bench.subject(subject).events["event_id"] for subject in ("S-1", "S-2", "x")}
    assert found == {"S-1": ["E-1", "E-3"], "S-2": ["E-2", "E-4"], "x": ["E-5"]}


def test_numbers_that_are_none_are_shown(wb: Bench) -> None:
    assert "inf" in repr(wb.sql("SELECT CAST('inf' AS DOUBLE) AS a, CAST('nan' AS DOUBLE) AS b"))


def test_a_persons_days_are_those_of_the_checks(wb: Bench) -> None:
    for check, frame, key in (("retention", "records", "record_id"), ("request_deadlines", "requests", "request_id")):
        sql = wb.workbench.asked.within(wb.workbench.catalog[check].sql)
        judged = wb.sql(f"SELECT item, subject_id, due_at FROM ({sql}) WHERE subject_id IS NOT NULL ORDER BY item")
        due = {row["item"]: row["due_at"] for row in judged}
        compared = 0
        for subject in list(dict.fromkeys(judged["subject_id"]))[:25]:
            for row in getattr(wb.subject(subject), frame):
                if row[key] in due:
                    compared += 1
                    assert row["due"] == due[row[key]], (check, row[key])
        assert compared > 20


def test_a_person_of_whom_nothing_is_known_yet(db: Path, wb: Bench) -> None:
    with pytest.raises(UsageError, match="nothing of such a person"):
        wb.subject("S-nobody")
    subject = wb.sql("SELECT subject_id FROM core.processing_events WHERE subject_id IS NOT NULL LIMIT 1")[0][
        "subject_id"
    ]
    with (
        audit.open(db, "2018", as_of="2018-06-01") as early,
        pytest.raises(UsageError, match="nothing of such a person"),
    ):
        early.subject(subject)


def test_what_came_later_is_not_on_a_persons_line(db: Path, wb: Bench) -> None:
    late = wb.sql("""
        SELECT subject_id, request_id FROM core.requests
        WHERE received_at < '2026-06-20' AND answered_at > '2026-06-30' AND outcome IS NOT NULL AND subject_id IS NOT NULL
    """)[0]
    with audit.open(db, "2026Q2") as before:
        request = before.subject(late["subject_id"]).requests.where(request_id=late["request_id"])[0]
        assert (request["answered_at"], request["outcome"]) == (None, None)
        assert max(before.subject(late["subject_id"]).line.where(what="event")["at"]) < before.as_of
    assert wb.subject(late["subject_id"]).requests.where(request_id=late["request_id"])[0]["outcome"]


def test_a_hold_on_a_whole_category_is_on_the_person(tmp_path: Path) -> None:
    records = "record_id,system_id,subject_id,data_category,collected_at\nR-1,crm,S-1,notes,2026-01-01T10:00+01:00\n"
    holds = "hold_id,subject_id,data_category,held_from,held_to,reason\nH-1,,notes,2026-02-01,2026-12-01,suit\n"
    holds += "H-2,,other,2026-02-01,,suit\nH-3,S-1,,2026-03-01,,suit\nH-4,S-2,,2026-03-01,,suit\n"
    holds += "H-5,,notes,2027-01-01,,suit\n"
    db, _ = loaded(tmp_path, {"data_records.csv": records, "legal_holds.csv": holds})
    with audit.open(db, "2026Q3") as bench:
        person = bench.subject("S-1")
        assert list(zip(person.holds["hold_id"], person.holds["held_to"], strict=True)) == [
            ("H-1", None),
            ("H-3", None),
        ]
        assert person.line.where(what="hold")["until"] == [None, None]


def test_a_client_sees_of_a_person_only_its_own(db: Path, wb: Bench) -> None:
    mine, other = wb.sql("""
        SELECT client_id, any_value(subject_id) AS subject_id FROM core.processing_events
        WHERE client_id IS NOT NULL AND subject_id IS NOT NULL GROUP BY client_id ORDER BY client_id LIMIT 2
    """)
    with audit.open(db, "2026Q3", client=mine["client_id"]) as narrow:
        assert set(narrow.subject(mine["subject_id"]).events["client_id"]) == {mine["client_id"]}
        with pytest.raises(UsageError, match="nothing of such a person"):
            narrow.subject(other["subject_id"])
    with (
        audit.open(db, "2026Q3", role="controller") as own,
        pytest.raises(UsageError, match="nothing of such a person"),
    ):
        own.subject(mine["subject_id"])


def test_an_incident_stands_against_its_clocks(wb: Bench) -> None:
    late = wb["incident_response"].findings[0]["item_key"]
    incident = wb.incident(late)
    assert "violation" in incident.clocks["outcome"]
    assert {clock["due_at"] for clock in incident.clocks if clock["silent"]} == {None}
    assert incident.chart().rows
    assert late in wb["incident_response"].findings["item_key"]


def test_it_speaks_swedish(db: Path) -> None:
    with audit.open(db, "2026Q3", language="sv") as bench:
        assert "organisationen, båda rollerna" in repr(bench)
        assert "andelen för varje månad" in repr(bench.check_all(only=["retention"]))
        assert "2 291" in repr(bench.sources)
    with audit.open(db, "2026Q3", language="sv", role="processor") as bench:
        assert "som personuppgiftsbiträde" in repr(bench)
    with pytest.raises(UsageError, match="no catalogue"):
        audit.open(db, "2026Q3", language="xx")


def _state(db: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(db.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(("within", "moves"), [("P2D", "appeared"), ("P300D", "disappeared")])
def test_a_what_if_is_what_the_changed_rule_would_find(
    wb: Bench, db: Path, tmp_path: Path, within: str, moves: str
) -> None:
    wb.check_all()
    policy = wb.workbench.policy.path
    changed = tmp_path / "policy.toml"
    text = policy.read_text("utf-8").replace('silent_source_after = "P7D"', f'silent_source_after = "{within}"')
    changed.write_text(text, "utf-8")
    before = _state(db)
    imagined = wb.what_if({"deadlines.silent_source_after": within}, only=["log_coverage"])
    assert _state(db) == before
    with open_workbench(db, "2026Q3", policy=changed) as other:
        really = other["log_coverage"]
        expected = {(f.item_table, f.item_key) for f in really.findings()}
    now = {(f["item_table"], f["item_key"]) for f in wb["log_coverage"].findings}
    assert len(getattr(imagined, moves)) > 0
    assert imagined.table[0]["violation"] == really.violation
    assert imagined.table[0]["rate"] == really.rate
    for frame, items in ((imagined.appeared, expected - now), (imagined.disappeared, now - expected)):
        assert {(f["item_table"], f["item_key"]) for f in frame} == items


def test_a_what_if_of_a_register_is_what_the_changed_register_would_find(wb: Bench, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for path in audit.places.shipped("mira").iterdir():
        if path.is_file():
            (source / path.name).write_bytes(path.read_bytes())
    rules = source / "retention_rules.csv"
    rule = wb.sql("SELECT rule_id, period FROM core.retention_rules WHERE period = 'P24M' ORDER BY rule_id")[0]
    text = rules.read_text("utf-8")
    lines = [
        line.replace("P24M", "P12M") if line.startswith(rule["rule_id"] + ",") else line for line in text.splitlines()
    ]
    rules.write_text("\n".join(lines) + "\n", "utf-8")
    other = tmp_path / "db"
    audit.sources.load.load(other, [source], wb.workbench.policy)
    with open_workbench(other, "2026Q3") as changed:
        really = changed["retention"]
    row = wb.what_if({f"retention_rules.{rule['rule_id']}.period": "P12M"}).table.where(check="retention")[0]
    assert row["violation"] == really.violation != row["violation_before"]
    assert row["rate"] == really.rate


def test_a_what_if_of_consents_ends_them_earlier(wb: Bench) -> None:
    row = wb.what_if({"consents.expire_after": "P12M"}).table.where(check="consent_coverage")[0]
    late = wb.sql("""
        SELECT count(*) AS n FROM core.processing_events AS e JOIN core.processing_activities AS a USING (activity_id)
        WHERE a.legal_basis = 'consent' AND e.occurred_at >= TIMESTAMPTZ '2026-07-01 00:00:00+02'
          AND e.occurred_at < TIMESTAMPTZ '2026-10-01 00:00:00+02' AND e.subject_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM core.consent_intervals AS i
            WHERE i.subject_id = e.subject_id AND i.client_key = coalesce(e.client_id, '') AND i.purpose = a.purpose
            AND i.valid_from <= e.occurred_at AND e.occurred_at < least(i.valid_to, i.valid_from + INTERVAL 12 MONTH))
    """)[0]["n"]
    assert row["violation"] + wb["consent_coverage"].waived == late > row["violation_before"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "nothing to change"),
        ({"nonsense": "P1D"}, "nothing that can be changed"),
        ({"organisation.zone": "UTC"}, "nothing that can be changed"),
        ({"deadlines.nonsense": "P1D"}, "deadlines.nonsense: unknown key"),
        ({"deadlines.erasure_grace": "tomorrow"}, "deadlines.erasure_grace: not a duration"),
        ({"deadlines.erasure_grace.more": "P1D"}, "no table"),
        ({"purposes.newsletter.bases": ["whim"]}, "purposes.newsletter.bases: not in the vocabulary"),
        ({"retention_rules.nobody.period": "P1D"}, "retention_rules.nobody: no such row"),
        ({"retention_rules.*.nonsense": "P1D"}, "no such column"),
        ({"retention_rules.*.period": "soon"}, "retention_rules.*.period: not a duration"),
        ({"retention_rules.*.anchor": "moonrise"}, "not a value of this column"),
        ({"contracts.*.contract_end": "never"}, "not a value of this column"),
        ({"consents.*.expires_at": "2026-01-01"}, "no register whose rows can be changed"),
        ({"identities.*.subject_id": "x"}, "no register whose rows can be changed"),
        ({"consents.expire_after": 12}, "consents.expire_after: not a duration"),
        ({"reporting.suppress_below": 3}, "nothing that can be changed"),
    ],
)  # fmt: skip
def test_what_cannot_be_imagined_is_said(wb: Bench, changes: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        wb.what_if(changes)
    assert says in str(caught.value)


def test_a_register_too_large_for_memory_answers_alike(wb: Bench, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"retention_rules.*.period": "P12M"}
    expected = list(wb.what_if(changes).table), wb.subject("S-0001893").line["what"]
    monkeypatch.setattr("audit.store._HELD", 0)
    with audit.open(db, "2026Q3") as large:
        kinds = large.sql("SELECT view_name FROM duckdb_views() WHERE schema_name = 'core'")["view_name"]
        assert {"subjects", "retention_rules"} <= set(kinds)
        assert (list(large.what_if(changes).table), large.subject("S-0001893").line["what"]) == expected


def test_a_what_if_says_that_it_is_one_and_gives_nothing_to_store(wb: Bench) -> None:
    imagined = wb.what_if({"deadlines.breach_notice_default": "PT12H"}, only=["breach_notification_controller"])
    for shown in (repr(imagined), imagined._repr_html_(), imagined.chart().title):
        assert "WHAT IF deadlines.breach_notice_default = PT12H" in shown
    assert not [name for name in vars(imagined).values() if isinstance(name, type(wb.workbench))]
    assert not {"results", "workbench", "con"} & set(dir(imagined))
