"""Durations, working days and time limits, at their edges."""

import subprocess
import sys
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from audit.clock import Pause, due_breach, due_request, due_retention
from audit.duration import Duration, add_months
from audit.errors import UsageError
from audit.statutes import load_law
from audit.timelimit import due
from audit.workdays import Calendar

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.mark.parametrize(
    ("text", "parts", "words"),
    [
        ("P1M", (1, 0, 0), "1 month"),
        ("P24M", (24, 0, 0), "2 years"),
        ("P1Y6M", (18, 0, 0), "18 months"),
        ("P2W", (0, 14, 0), "14 days"),
        ("PT72H", (0, 0, 259200), "72 hours"),
        ("P1DT90M", (0, 1, 5400), "1 day and 5400 seconds"),
        ("P0D", (0, 0, 0), "0 days"),
    ],
)
def test_a_duration_is_read_and_told(text, parts, words):
    found = Duration.parse(text)
    assert (found.months, found.days, found.seconds) == parts
    assert str(found) == text
    assert found.words == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "1M",
        "P1.5M",
        "-P1M",
        "P1MT",
        "p1m",
        "P1H",
        "PT1D",
        "P1D2M",
        "P١D",
        "P10000Y",
        "PT1234567890H",
    ],
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(UsageError, match="not a duration"):
        Duration.parse(text)


def test_a_computed_duration_has_its_shortest_form_and_equals_what_was_written():
    assert str(Duration(18, 3, 3661)) == "P1Y6M3DT1H1M1S"
    assert str(Duration()) == "P0D"
    assert Duration.parse("P24M") == Duration.parse("P2Y")


def test_months_clamp_and_do_not_stick_to_the_end():
    assert add_months(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert add_months(date(2025, 2, 28), 1) == date(2025, 3, 28)
    assert add_months(date(2024, 12, 31), -10) == date(2024, 2, 29)


def test_a_duration_beyond_the_calendar_is_the_users_error():
    for call in (
        lambda: Duration(months=12 * 9000).after_day(date(2026, 1, 1)),
        lambda: Duration(days=10**9).after_day(date(2026, 1, 1)),
        lambda: Duration(seconds=10**15).after_instant(datetime(2026, 1, 1, tzinfo=UTC), STOCKHOLM),
        lambda: due("request", "2026-07-01", identity_requested="2026-07-02", identity_confirmed="9999-12-31"),
    ):
        with pytest.raises(UsageError, match="9999"):
            call()


def test_months_from_an_instant_go_by_the_wall_clock():
    start = datetime(2026, 3, 1, 12, tzinfo=STOCKHOLM)
    assert Duration(months=1).after_instant(start, STOCKHOLM).isoformat() == "2026-04-01T12:00:00+02:00"
    assert Duration(days=31).after_instant(start, STOCKHOLM).isoformat() == "2026-04-01T13:00:00+02:00"


EVERY_COUNTRY = """
import sys
from audit.workdays import Calendar
CODES = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()
ours = {code: list(Calendar(code).holidays(2024, 2027)) for code in CODES}
assert "holidays.countries" not in sys.modules and "holidays.countries.japan" not in sys.modules
import holidays, holidays.countries
for code in CODES:
    whole, language = getattr(holidays.countries, code), holidays.country_holidays(code).default_language
    theirs = {y: whole(years=y, categories=("public",), language=language) for y in range(2024, 2028)}
    assert ours[code] == [pair for found in theirs.values() for pair in sorted(found.items())], code
"""


def test_a_country_by_itself_has_the_holidays_it_has_among_all():
    done = subprocess.run([sys.executable, "-c", EVERY_COUNTRY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_country_without_known_holidays_or_without_eves_is_refused():
    with pytest.raises(UsageError, match="holidays of this country"):
        Calendar("ZZ")
    with pytest.raises(UsageError, match="no eves"):
        Calendar("DE", eves=True)


def test_the_limit_in_force_on_the_day_is_the_one_that_counts():
    law = load_law()
    assert law.limit("breach_authority", date(2018, 5, 25)).value == Duration(seconds=72 * 3600)
    with pytest.raises(UsageError, match="in force on 2018-05-24"):
        law.limit("breach_authority", date(2018, 5, 24))


def test_the_utc_evening_is_the_next_day_in_stockholm():
    assert due("request", "2026-06-30T22:30Z").due == date(2026, 8, 3)
    assert due("request", datetime(2026, 6, 30, 22, 30, tzinfo=UTC)).due == date(2026, 8, 3)
    assert due("request", date(2026, 7, 1)).due == date(2026, 8, 3)


def test_both_readings_of_a_pause_are_told_and_the_earlier_counts():
    found = due("request", "2025-01-20", identity_requested="2025-01-24", identity_confirmed="2025-02-14")
    assert found.due == date(2025, 3, 10)
    assert any("2025-03-13 can be argued" in step for step in found.steps)


def test_an_open_proof_stops_the_clock_and_a_late_question_does_not():
    assert due("request", "2025-03-03", identity_requested="2025-03-05").due is None
    assert due("request", "2025-03-03", identity_requested="2025-03-10").due is None
    assert due("request", "2025-03-03", identity_requested="2025-03-11").due == date(2025, 4, 3)


@pytest.mark.parametrize(("asked", "stops"), [(date(2025, 4, 7), True), (date(2025, 4, 8), False)])
def test_a_clock_that_has_run_out_does_not_stop_however_long_proof_may_be_asked_for(asked, stops):
    law = load_law()
    received = date(2025, 3, 5)  # 5 April is a Saturday: the last day is the 7th
    found = due_request(
        received,
        first=law.limit("request_first", received),
        extended=law.limit("request_extended", received),
        calendar=Calendar("SE"),
        identity_within=Duration.parse("P60D"),
        pause=Pause(asked),
    )
    assert found.due == (None if stops else date(2025, 4, 7))
    assert any("has run out" in step for step in found.steps) is not stops


def test_a_pause_moves_the_last_day_for_the_notice_of_an_extension_too():
    late = {"extended": "2025-04-10", "reason": "complexity"}
    pause = {"identity_requested": "2025-03-05", "identity_confirmed": "2025-03-19"}
    assert due("request", "2025-03-03", **late).due == date(2025, 4, 3)
    assert due("request", "2025-03-03", **late, **pause).due == date(2025, 6, 17)


def test_a_refusal_is_not_extended():
    extension = {"extended": "2025-03-20", "reason": "complexity"}
    assert due("request", "2025-03-05", **extension).due == date(2025, 6, 5)
    assert due("request", "2025-03-05", **extension, refused=True).due == date(2025, 4, 7)


def test_a_breach_of_which_only_the_day_is_known_says_so():
    found = due("breach", "2021-06-09")
    assert (found.due, found.low_precision) == (date(2021, 6, 12), True)


def test_a_due_instant_in_a_doubled_hour_is_equal_to_itself_elsewhere():
    found = due("breach", "2025-10-23T02:30+02:00").due
    assert found == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_the_hour_of_the_event_is_mentioned_where_it_makes_a_difference():
    limit = load_law().limit("breach_authority", date(2025, 1, 1))
    odd = due_breach(datetime(2025, 6, 19, 17, 20, tzinfo=STOCKHOLM), limit=limit, zone=STOCKHOLM)
    assert any("regulation_1182" in step for step in odd.steps)


def test_retention_is_not_moved_and_a_hold_must_begin_in_time():
    two_years = Duration.parse("P2Y")
    start = date(2024, 2, 29)
    assert due_retention(start, period=two_years).due == date(2026, 2, 28)
    assert due_retention(start, period=two_years, held_from=date(2026, 2, 28)).due is None
    assert due_retention(start, period=two_years, held_from=date(2026, 3, 1)).due == date(2026, 2, 28)
    ended = due_retention(start, period=two_years, held_from=date(2025, 1, 1), held_to=date(2026, 9, 1))
    assert ended.due == date(2026, 9, 1)


def test_bookkeeping_needs_no_period_and_a_given_one_wins():
    assert due("retention", "2018-06-30", anchor="fiscal_year_end").due == date(2025, 12, 31)
    assert due("retention", "2018-06-30", anchor="fiscal_year_end", period="P24M").due == date(2020, 12, 31)


def test_two_working_days_lie_within_any_period_of_days():
    assert due("period", "2025-01-03", period="P3D").due == date(2025, 1, 8)
    assert due("period", "2025-01-03", period="P1D").due == date(2025, 1, 7)


def test_the_answer_is_plain_data():
    found = due("breach", "2026-03-27T16:45+01:00").to_json()
    assert found["due"] == "2026-03-30T17:45:00+02:00"
    assert found["steps"][0].startswith("Aware at Friday 2026-03-27 16:45:00+01:00")
    assert due("request", "2025-03-03", identity_requested="2025-03-05").to_json()["due"] is None


@pytest.mark.parametrize(
    ("kind", "start", "options", "column"),
    [
        ("fine", "2025-03-03", {}, "kind"),
        ("request", "3 March", {}, "start"),
        ("request", "2025-03-30T02:30", {}, "start"),
        ("request", "2025-03-03", {"convention": "elapsed"}, "convention"),
        ("request", "2025-03-03", {"identity_confirmed": "2025-03-05"}, "identity_confirmed"),
        ("request", "2025-03-03", {"identity_requested": "2025-03-01"}, "identity_requested"),
        ("request", "2025-03-03", {"extended": "yesterday"}, "extended"),
        ("request", "2025-03-03", {"reason": "complexity"}, "reason"),
        ("breach", "2025-03-03T10:00", {"convention": "lunar"}, "convention"),
        ("retention", "2025-03-03", {}, "period"),
        ("retention", "2025-03-03", {"period": "long"}, "period"),
        ("retention", "2025-03-03", {"period": "P1Y", "anchor": "birthday"}, "anchor"),
        ("retention", "2025-03-03", {"period": "P1Y", "held_to": "2026-01-01"}, "held_to"),
        ("period", "2025-03-03", {"period": "PT2H"}, "start"),
    ],
)
def test_a_wrong_word_is_named(kind, start, options, column):
    with pytest.raises(UsageError) as caught:
        due(kind, start, **options)
    assert caught.value.column == column
