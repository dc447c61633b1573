"""What a released check still tells, and that the true figures are no longer in it."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pytest

from audit import charts, sentences
from audit.disclosure import NotReleased, for_edition, is_about_persons, is_released, release
from audit.display import Page
from audit.errors import AuditError
from audit.hidden import few, is_some, withheld
from audit.outputs import results_json
from audit.policy import Commitment
from audit.words import Words
from tests.unit.made_results import check, n, results

SECRET = 3


def small(**more):
    """One check with 3 violations in July among 90 events, and one without a small count."""
    counts = (
        n("compliant", 50, None, "2026-07", system_id="crm"), n("compliant", 37, None, "2026-08", system_id="mail"),
        n("violation", SECRET, "withdrawn", "2026-07", system_id="crm"),
    )  # fmt: skip
    made = results()
    return replace(made, checks={"consent_coverage": check("consent_coverage", counts, **more)})


def test_a_small_count_is_told_as_such_with_its_population():
    one = release(small(), 5)["consent_coverage"]
    assert (one.violation, one.compliant, one.population, one.decided) == (few(5), withheld(5), 90, 90)
    assert sentences.plain(sentences.answer(Words(), one)).startswith("Among the 90 events")
    assert str(one.rate) == "[c]"


def test_breakdowns_hide_the_column_and_reasons_are_not_shown():
    one = release(small(), 5)["consent_coverage"]
    assert [(r["population"], str(r["violation"])) for r in one.by("month")] == [(53, "[c]"), (37, "[c]")]
    for ask in (lambda: one.reasons, lambda: one.by("month", "system_id"), one.findings):
        with pytest.raises(NotReleased):
            ask()


def test_the_true_figure_is_nowhere_in_what_is_released():
    released = release(small(), 5)
    one = released["consent_coverage"]
    assert one.counts == ()
    assert all(int(v) != SECRET for row in one.by("month") for v in (row["violation"], row["compliant"]))
    whole = results_json(released)["checks"][0]
    assert (whole["violation"], whole["compliant"], whole["rate"], whole["reasons"]) == ("<5", "[c]", "[c]", None)
    assert whole["released"] is True
    assert pickle.loads(pickle.dumps(few(5))) == few(5)


def test_a_chart_of_released_figures_draws_no_bar_for_a_hidden_one():
    chart = charts.by_month(release(small(), 5)["consent_coverage"], Words())
    assert [(r["violation"], r["violation_text"], r["rate"]) for r in chart.rows] == [(0, "[c]", None)] * 2
    assert "[c]" in chart.alt
    json.dumps(chart.rows)


def test_a_page_shows_what_may_leave_and_says_what_is_left_out():
    page = Page(release(small(), 5), edition="external")
    assert page.counts("consent_coverage").block["violation"] == {"hidden": "<5"}
    assert "<5" in page.counts("consent_coverage")._repr_mimebundle_()["text/plain"]
    assert page.worst("consent_coverage") is None
    assert page.chart(charts.reasons, "consent_coverage").block["kind"] == "note"
    assert page.chart(charts.lateness, "consent_coverage").block["kind"] == "note"


def test_a_page_refuses_results_that_were_not_released():
    with pytest.raises(AuditError, match="not released"):
        Page(small(), edition="external")
    assert is_released(release(small(), 5))
    assert for_edition(small(), "internal", 5)["consent_coverage"].violation == SECRET


def test_items_that_are_no_persons_are_shown_as_they_are():
    one = release(small(unit="incidents"), 5)["consent_coverage"]
    assert (one.violation, one.lists_items) == (SECRET, True)
    tables = ("core.requests", "incidents", "systems", "unheard_of")
    assert [is_about_persons(t) for t in tables] == [True, False, False, True]


def test_a_sum_says_the_least_it_can_be_where_that_says_anything() -> None:
    assert str(few(5) + 7) == "≥ 8"
    assert str(withheld() + few(5)) == "≥ 1"
    assert str(withheld() + withheld()) == "[c]"
    assert [Words("sv").integer(n) for n in (few(5) + 1999, withheld() + withheld())] == ["≥ 2\xa0000", "[c]"]


def test_a_sum_that_is_only_known_not_to_be_none_is_put_in_words() -> None:
    promise = Commitment("P10", "Consent", "Nothing is done without it", "7(1)", ({"check": "consent_coverage"},))
    told = [sentences.commitment_result(Words(lang), release(small(), 5), promise) for lang in ("en", "sv")]
    assert told == ["at least one violation", "minst en överträdelse"]
    assert [is_some(n) for n in (withheld() + few(5), few(5), few(5) + 7, withheld(), 1)] == [True] + [False] * 4
