"""Display objects: the same values for the screen and for the report, escaped, and nothing invented."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from audit import charts
from audit.blocks import MIME, finish
from audit.catalog import load_catalog
from audit.display import Page
from audit.errors import UsageError
from audit.exhibits import how_counted
from audit.results import Waiver
from audit.sentences import plain
from tests.unit.made_results import check, found, n, results

PAGE = Page(results())


def bundle(shown: Any) -> dict[str, Any]:
    """What a notebook stores of a display object."""
    data: dict[str, Any] = shown._repr_mimebundle_()
    return data


SHOWN = {
    "cover": PAGE.cover("Quarterly report"),
    "headline": PAGE.headline(),
    "promises": PAGE.promises(),
    "figures": PAGE.figures(),
    "answer": PAGE.answer("consent_coverage"),
    "counts": PAGE.counts("consent_coverage"),
    "counts of nothing": PAGE.counts("retention"),
    "next": PAGE.next_step("request_deadlines"),
    "first": PAGE.first_things(),
    "checks": PAGE.checks(),
    "by": PAGE.by("request_deadlines", "kind", "Kind"),
    "worst": PAGE.worst("request_deadlines"),
    "annex": PAGE.findings("request_deadlines"),
    "waived": PAGE.waived(),
    "waiving": PAGE.waiving(),
    "unsaid": PAGE.unsaid(),
    "unsaid by text": PAGE.unsaid_by_text(),
    "unsaid by data": PAGE.unsaid_by_data()[0],
    "heading": PAGE.heading("retention"),
    "matrix": PAGE.matrix(),
    "carries": PAGE.carries(),
    "coverage": PAGE.coverage(),
    "silent": PAGE.coverage(silent=True),
    "files": PAGE.files(),
    "how": PAGE.how_counted("retention"),
    "method": PAGE.method("retention"),
    "law": PAGE.law(),
    "glossary": PAGE.glossary(),
    "title": PAGE.annex("Findings"),
    "break": PAGE.page_break(),
    "closing": PAGE.closing(),
}


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_the_report_takes_what_the_notebook_shows(name: str) -> None:
    data = bundle(SHOWN[name])
    assert finish(data[MIME], PAGE.words)["kind"] == data[MIME]["kind"]
    assert data["text/plain"].strip()
    assert data["text/html"].count("<table") == data["text/html"].count("</table>")


@pytest.mark.parametrize("language", ["en", "sv"])
def test_how_each_check_counts_is_told(language: str) -> None:
    for one in load_catalog().values():
        told = plain(how_counted(one.texts_in(language), PAGE.words))
        assert len(told) > 80, one.name
        assert not told.endswith(":"), one.name


def test_html_is_escaped() -> None:
    data = bundle(PAGE.table("<script>alert(1)</script>", {"a": ("<b>", "text")}, [["<img src=x onerror=y>"]]))
    assert "<script" not in data["text/html"]
    assert "<img" not in data["text/html"]
    assert "&lt;script&gt;" in data["text/html"]


def test_counts_hold_the_denominator_and_all_five_counts() -> None:
    block = PAGE.counts("request_deadlines").block
    assert {k: block[k] for k in ("population", "compliant", "violation", "pending", "undetermined", "waived")} == {
        "population": 72, "compliant": 53, "violation": 9, "pending": 9, "undetermined": 0, "waived": 1,
    }  # fmt: skip
    assert block["rate"] == pytest.approx(53 / 63)


def test_a_check_without_data_shows_no_chart_and_no_rate() -> None:
    assert PAGE.chart(charts.by_month, "retention") is None
    assert PAGE.worst("retention") is None
    assert "%" not in bundle(PAGE.counts("retention"))["text/plain"]


def test_a_chart_with_nothing_to_draw_leaves_its_finding() -> None:
    good = {"request_deadlines": check("request_deadlines", (n("compliant", 2),), "requests")}
    shown = Page(replace(results(), checks=good)).chart(charts.lateness, "request_deadlines")
    assert shown.block == {"kind": "note", "tone": "info", "text": "No violation is over a limit."}


def test_each_check_is_shown_in_turn_and_the_rest_are_those_not_yet_told() -> None:
    page = Page(results())
    kinds = [shown.block["kind"] for shown in page.each(page.answer, page.worst)]
    assert kinds == ["sentence", "table", "sentence", "sentence", "table", "sentence", "table"]  # retention has no data
    told = ["retention", "consent_coverage", "incident_response"]
    blocks = [shown.block for shown in page.subject(*told, "no_such_check")]
    titles = [block["title"] for block in blocks if block["kind"] == "heading"]
    assert titles == ["Retention", "Consent coverage", "Incident response"]
    assert page.told == told
    assert [shown.block["kind"] for shown in page.rest()] == ["heading", "sentence", "counts", "chart", "table"]
    assert not page.rest()


def test_the_matrix_shows_every_promise_and_what_has_no_evidence() -> None:
    rows = {row["id"]: row for row in PAGE.matrix().block["rows"]}
    assert list(rows) == [c.id for c in PAGE.results.commitments]
    assert rows["P15"]["status"] == rows["P26"]["status"] == "not_evidenced"
    assert rows["P26"]["evidence"][0]["text"] == "no such check yet"


def test_a_check_that_says_what_its_promise_says_ends_without_a_colon() -> None:
    evidence = [{"check": "retention", "status": "kept"}, {"check": "mail", "status": "pending", "text": "2 of 3"}]
    row = {
        "id": "P1",
        "section": "",
        "promise": "It is kept.",
        "gdpr": "5",
        "status": "kept",
        "result": None,
        "evidence": evidence,
    }
    shown = PAGE.show("matrix", caption="Promises", rows=[row])._repr_mimebundle_()["text/html"]
    assert ">retention</code><br>" in shown
    assert ">mail</code>: 2 of 3<br>" in shown


def test_findings_give_reason_limit_and_place() -> None:
    block = PAGE.worst("request_deadlines", 1).block
    row = dict(zip((c["key"] for c in block["columns"]), block["rows"][0], strict=True))
    assert row["reason"].startswith("The answer came after the due date.")
    assert (row["due"], row["over"], row["source"]) == ("2026-08-10", "41 days", "requests:2")
    assert block["total_rows"] == 10


def test_columns_that_nothing_fills_are_left_out() -> None:
    rows = [replace(f, due_at=None, amount=None) for f in found("request_deadlines", 1, [1.0], "days")]
    result = check("request_deadlines", (n("violation", 1, "late"),), "requests", _read=lambda **_: rows)
    page = Page(replace(results(), checks={"request_deadlines": result}))
    assert [c["key"] for c in page.worst("request_deadlines").block["columns"]] == [
        "item",
        "outcome",
        "reason",
        "source",
    ]


def test_a_silent_source_or_a_refused_row_is_told_with_care() -> None:
    good = replace(results(), coverage=results().coverage[:1], rejected_rows={})
    assert Page(good).carries().block["kind"] == "sentence"
    assert PAGE.carries().block["tone"] == "caution"
    assert Page(replace(good, rejected_rows={"requests": 1})).carries().block["tone"] == "caution"


def test_what_the_screen_adds_is_in_the_pages_language() -> None:
    page = Page(results(), "sv")
    empty = page.table("Tabell", {"a": ("A", "text")}, [])
    said = " ".join(
        bundle(shown)[kind]
        for shown in (page.cover("quarterly_report"), page.counts("consent_coverage"), page.matrix(), empty)
        for kind in ("text/html", "text/plain")
    ) + str(bundle(page.annex("findings"))["text/plain"])  # fmt: skip
    for word in ("Uppfyllda", "Prövade", "Överträdelser", "Godtagna", "Resultat", "Läget den", "Bilaga", "Inga."):
        assert word in said
    english = r"\b(Kept|Judged|Compliant|Violations|Waived|As of|as of|Annex|None|Result|Evidence|No\.)(?!\w)"
    assert re.findall(english, said) == []


@pytest.mark.parametrize(("key", "value"), [("edition", "secret"), ("language", "xx")])
def test_an_unknown_edition_or_language_is_refused(key: str, value: str) -> None:
    with pytest.raises(UsageError):
        Page(results(), **{key: value})


def waiver(identifier: str, items: int, expires_on: date, **scope: str) -> Waiver:
    """A waiver by the board of 2026; in force when it has not expired by the end of the third quarter."""
    in_force = expires_on > date(2026, 9, 30)
    return Waiver(
        identifier, "request_deadlines", scope, "board", date(2026, 1, 1), expires_on, "agreed", in_force, items
    )


def test_waivers_are_told_with_who_and_until_when_and_what_counts_again() -> None:
    held = waiver("W1", 3, date(2027, 1, 1), reason="overdue", client_id="C-1")
    page = Page(
        replace(
            results(),
            waivers=(
                held,
                waiver("W2", 0, date(2027, 1, 1)),
                waiver("W3", 2, date(2026, 8, 1)),
                waiver("W4", 0, date(2026, 6, 1)),  # over before the period, and nothing falls back
            ),
        )
    )
    assert plain(page.waiving().block["text"]) == (
        "2 waivers are in force and cover 3 violations; 1 of them covers nothing. "
        "1 has run out: 2 violations that were covered count again."
    )
    in_force, run_out = (shown.block["rows"] for shown in page.waivers())
    assert in_force[0] == [
        "W1", "Request deadlines: only “overdue” and only client C-1", 3, "board", "2026-01-01", "2026-12-31", "agreed",
    ]  # fmt: skip
    assert [row[0] for row in run_out] == ["W3"]
    assert "W1" in bundle(page.waivers()[0])["text/html"]


def test_without_waivers_the_page_says_so() -> None:
    assert PAGE.waiving().block["text"] == "No waiver is in force, and none has run out."
    assert not PAGE.waivers(), "and not again in a table without rows"
