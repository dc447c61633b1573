"""Sentences computed from results: their numbers, their grammar, and what they never say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit import sentences
from audit.policy import Commitment
from audit.results import Count
from audit.words import Words
from tests.unit.made_results import check, n, results

WORDS = Words("en")


def said(*counts: Count, unit: str = "requests") -> str:
    return sentences.plain(sentences.answer(WORDS, check("request_deadlines", counts, unit)))


@pytest.mark.parametrize(
    ("number", "text"), [(0, "no violations"), (1, "1 violation"), (2, "2 violations"), (1204, "1,204 violations")]
)
def test_counts_agree_in_number(number: int, text: str) -> None:
    assert sentences.count(WORDS, number, "violation") == text


@pytest.mark.parametrize(
    ("table", "one", "many"),
    [
        ("core.processing_events", "event", "events"),
        ("processing_activities", "activity", "activities"),
        ("data_records", "record", "records"),
        ("requests", "request", "requests"),
    ],
)
def test_units_have_a_singular(table: str, one: str, many: str) -> None:
    assert [sentences.unit(WORDS, table, n) for n in (1, 2, None)] == [one, many, many]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.0, "days", "1 day"),
        (3.0, "days", "3 days"),
        (0.5, "hours", "0.5 hours"),
        (47.9, "hours", "48 hours"),
        (48.0, "hours", "2 days"),
        (1.0, "hours", "1 hour"),
        (48.4, "hours", "2 days"),
        (9.96, "days", "10 days"),
        (0.01, "hours", "< 0.1 hours"),
        (0.0, "hours", "0 hours"),
    ],
)
def test_amounts_read_as_people_say_them(value: float, unit: str, text: str) -> None:
    assert sentences.amount(WORDS, value, unit) == text


def test_an_answer_has_the_rate_its_denominator_and_what_is_open() -> None:
    text = said(n("compliant", 97), n("violation", 2), n("waived", 1), n("pending", 5))
    assert text.startswith("97.0% of the 100 requests that could be decided were compliant; there were 2 violations.")
    assert text.endswith("Beside them: 5 pending, 1 waived, none undetermined.")


def test_one_of_each_is_told_in_the_singular() -> None:
    assert said(n("violation", 1)).startswith(
        "0.0% of the 1 request that could be decided was compliant; there was 1 vi"
    )
    assert said(n("compliant", 1)).startswith("The one request that could be decided was compliant.")


def test_all_but_one_is_never_told_as_all() -> None:
    text = said(n("compliant", 999_999), n("violation", 1))
    assert "100" not in text.split("%")[0]


def test_a_waived_violation_is_not_compliant() -> None:
    text = said(n("compliant", 3), n("waived", 1))
    assert "75.0% of the 4 requests" in text
    assert "no violations" in text
    assert "1 waived" in text


@pytest.mark.parametrize("counts", [(), (n("pending", 4),), (n("undetermined", 2), n("pending", 1))])
def test_nothing_decided_has_no_rate(counts: tuple[Count, ...]) -> None:
    assert "%" not in said(*counts)


def test_a_check_without_data_says_so() -> None:
    result = replace(check("retention", (), "data_records"), evaluated=False, empty_tables=("data_records", "subjects"))
    text = sentences.plain(sentences.answer(WORDS, result))
    assert text.startswith("Not evaluated: nothing is loaded in data records and subjects")


def test_the_cover_counts_the_checks_with_violations_and_the_rest() -> None:
    text = sentences.plain(sentences.cover(WORDS, results()))
    assert text == (
        "3 of 3 checks found violations: 80 in all; the lowest rate, 62.5%, is in incident response."
        " 1 could not answer, for want of data. Read it with care: 1 source fell silent for too long."
    )


def test_the_cover_without_any_data_claims_nothing() -> None:
    empty = replace(results(), checks={"retention": results()["retention"]}, coverage=())
    assert sentences.plain(sentences.cover(WORDS, empty)).startswith("Nothing can be said about 2026Q3")


def test_the_cover_without_violations_names_how_many_checks_say_so() -> None:
    good = {"request_deadlines": check("request_deadlines", (n("compliant", 2),), "requests")}
    text = sentences.plain(sentences.cover(WORDS, replace(results(), checks=good, coverage=())))
    assert text == "No violation was found by the one check that could answer."


def promise(*evidence: dict[str, str]) -> Commitment:
    return Commitment("P99", "Section", "A promise", "5", evidence)


@pytest.mark.parametrize(
    ("evidence", "status"),
    [
        (({"check": "consent_coverage"},), "violation"),
        (({"check": "retention"},), "not_evidenced"),
        (({"check": "no_such_check"},), "not_evidenced"),
        (({"check": "request_deadlines", "kind": "erasure"},), "kept"),
        (({"check": "request_deadlines", "kind": "objection"},), "waived"),
        (({"check": "request_deadlines", "kind": "portability"},), "not_evidenced"),
        (({"check": "request_deadlines", "kind": "erasure"}, {"check": "retention"}), "undetermined"),
        ((), "not_evidenced"),
    ],
)
def test_a_promise_is_kept_only_where_every_check_decided_something(
    evidence: tuple[dict[str, str], ...], status: str
) -> None:
    assert sentences.commitment_status(results(), promise(*evidence)) == status


def test_the_tally_of_promises_claims_no_more_than_is_evidenced() -> None:
    assert sentences.plain(sentences.tally(WORDS, results())) == (
        "2 of 4 promises could be held against data: none without a violation and 2 with violations."
        " 2 are not evidenced."
    )


def test_without_promises_none_is_said_to_be_held_against_data() -> None:
    text = sentences.plain(sentences.tally(WORDS, replace(results(), commitments=())))
    assert text.startswith("No promise of the privacy policy is loaded (commitments.toml)")


@pytest.mark.parametrize(
    ("language", "outcome", "text"),
    [
        ("en", "violation", "1 of 1 source was silent"),
        ("en", "compliant", "The one source was not silent"),
        ("sv", "violation", "1 av 1 källa var tyst"),
        ("sv", "compliant", "Den enda källan var inte tyst"),
    ],
)
def test_one_source_is_told_in_the_singular(language: str, outcome: str, text: str) -> None:
    one = replace(results().coverage[0], outcome=outcome)
    told = sentences.coverage(Words(language), replace(results(), coverage=(one,)))
    assert sentences.plain(told).startswith(text)


def test_evidence_tells_its_denominator_and_what_is_open() -> None:
    text = sentences.evidence_text(WORDS, results(), {"check": "request_deadlines"})
    assert text == "84.1% of 63, 9 open"
    assert sentences.evidence_text(WORDS, results(), {"check": "retention"}) == "no data"
