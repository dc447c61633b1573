"""A period in each of its forms: its days, its months, the one before it; and what is none."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from audit.errors import UsageError
from audit.period import Period, midnight, parse_instant

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def day(text):
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "first", "until", "before", "slug"),
    [
        ("2026Q3", "2026-07-01", "2026-10-01", "2026Q2", "2026Q3"),
        ("2026Q1", "2026-01-01", "2026-04-01", "2025Q4", "2026Q1"),
        ("2026-07", "2026-07-01", "2026-08-01", "2026-06", "2026-07"),
        ("2026-01", "2026-01-01", "2026-02-01", "2025-12", "2026-01"),
        ("2026", "2026-01-01", "2027-01-01", "2025", "2026"),
        ("2026-07-15/2026-08-14", "2026-07-15", "2026-08-14", "2026-06-15/2026-07-15", "2026-07-15_2026-08-14"),
    ],
)
def test_a_period_has_its_days_and_one_before_it(text, first, until, before, slug):
    period = Period.parse(text, STOCKHOLM)
    assert (period.label, period.first, period.until, period.slug) == (text, day(first), day(until), slug)
    assert (period.previous().label, period.previous().until) == (before, period.first)


@pytest.mark.parametrize(
    "text",
    ["", "2026Q5", "2026q3", "2026-13", "2026-00", "26Q3", "2026Q3 ", "2026-07-01", "2026-07-01/", "2026-07-01/2026-07-01",
     "2026-10-01/2026-07-01", "2026-02-30/2026-07-01", "20260701/20261001", "2026-W27-1/2026-W40-4", "٢٠٢٦Q3",
     "2026-07-01/2026-10-01/2027-01-01"],
)  # fmt: skip
def test_what_is_no_period_is_refused(text):
    with pytest.raises(UsageError) as refused:
        Period.parse(text, STOCKHOLM)
    assert (refused.value.column, "2026Q3" in str(refused.value.expected)) == ("period", True)


def test_its_months_are_cut_at_its_ends():
    months = list(Period.parse("2026-09-15/2026-11-02", STOCKHOLM).months())
    assert [label for label, _, _ in months] == ["2026-09", "2026-10", "2026-11"]
    assert [end for _, _, end in months[:2]] == [start for _, start, _ in months[1:]]
    assert (months[0][1], months[-1][2]) == (
        midnight(day("2026-09-15"), STOCKHOLM),
        midnight(day("2026-11-02"), STOCKHOLM),
    )


def test_a_day_begins_at_its_first_instant():
    assert midnight(day("2026-07-01"), STOCKHOLM).astimezone(UTC) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    # In Havana the clock goes from 00:00 to 01:00 in spring, and strikes midnight twice in autumn.
    havana = ZoneInfo("America/Havana")
    assert midnight(day("2026-03-08"), havana).astimezone(UTC) == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert midnight(day("2026-11-01"), havana).astimezone(UTC) == datetime(2026, 11, 1, 4, tzinfo=UTC)


def test_an_instant_is_local_where_it_has_no_offset():
    for text, instant in (
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of two
        ("2026-07-01T09:00-04:00", datetime(2026, 7, 1, 13, tzinfo=UTC)),
    ):
        assert parse_instant(text, STOCKHOLM).astimezone(UTC) == instant
    with pytest.raises(UsageError, match="does not exist"):
        parse_instant("2026-03-29T02:30", STOCKHOLM)
