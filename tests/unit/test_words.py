"""Numbers and dates as a reader of the report's language writes them."""

from datetime import UTC, datetime

import pytest

from audit.errors import UsageError
from audit.words import Words

WORDS = Words("en", "Europe/Stockholm")


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (None, "–"),
        (1, "100.0%"),
        (0.99999, "> 99.9%"),
        (0.9991, "99.9%"),
        (0.5, "50.0%"),
        (0.00001, "< 0.1%"),
        (0, "0.0%"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share, written):
    assert WORDS.percent(share) == written


def test_numbers_have_groups():
    assert (WORDS.integer(1234567), WORDS.decimal(1234.56), WORDS.integer(None)) == ("1,234,567", "1,234.6", "–")


def test_a_period_is_told_by_its_first_and_last_day():
    assert WORDS.span("2026-06-30T22:00:00Z", "2026-09-30T22:00:00Z") == "1 July – 30 September 2026"
    assert WORDS.span("2025-12-31T00:00:00+01:00", "2026-01-02T00:00:00+01:00") == "31 December 2025 – 1 January 2026"
    assert WORDS.span("2026-07-01T00:00:00+02:00", "2026-07-02T00:00:00+02:00") == "1 July 2026"


def test_instants_are_told_on_the_clocks_of_the_organisation():
    assert WORDS.instant(datetime(2026, 6, 30, 22, 15, tzinfo=UTC)) == "2026-07-01 00:15"
    assert WORDS.long_instant("2026-10-01T00:00:00+02:00") == "1 October 2026, 00:00"


def test_a_label_is_found_by_its_key_and_filled():
    assert WORDS.say("total_rows", shown=1, total=2).startswith("The first 1 of 2.")


def test_a_language_without_catalogue_is_refused():
    with pytest.raises(UsageError, match="no catalogue"):
        Words("tlh")
