"""The clock exists twice: here the SQL macros are held against audit/clock.py, and both against what must always hold."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import store
from audit.clock import Extension, Pause, due_breach, due_request, due_retention, hours_end
from audit.duration import Duration, add_months
from audit.period import midnight
from audit.policy import load_policy
from audit.statutes import load_law
from audit.workdays import Calendar
from tests.generative.worlds import made

LAW = load_law()
POLICY = load_policy(Path(__file__).parents[2] / "data" / "mira" / "policy.toml", LAW)
ZONES = ("Europe/Stockholm", "UTC", "America/New_York", "Asia/Kolkata", "Atlantic/Azores", "America/Havana",
         "Pacific/Auckland")  # fmt: skip
# In the Azores and in Havana the clock changes at midnight: one midnight does not exist, one occurs twice.
LOADED = settings(made(25), suppress_health_check=[HealthCheck.function_scoped_fixture])

days = st.dates(date(2018, 5, 25), date(2031, 12, 31))
instants = st.integers(0, 13 * 365 * 24 * 3600).map(lambda s: datetime(2018, 5, 27, tzinfo=UTC) + timedelta(seconds=s))
around_clock_changes = st.builds(
    lambda day, minutes: datetime.combine(day, datetime.min.time(), UTC) + timedelta(minutes=minutes),
    st.sampled_from([date(2025, 10, 26), date(2025, 3, 30), date(2025, 10, 23), date(2025, 3, 27)]),
    st.integers(-90, 240),
)
durations = st.builds(Duration, st.integers(0, 60), st.integers(0, 800), st.integers(0, 10**6))


@pytest.fixture(scope="module")
def con():
    """A database with every table of core empty, law, house and the macros."""
    with store.scratch("Europe/Stockholm") as connection:
        store.empty_core(connection)
        store.add_tables(connection, LAW.tables(POLICY) | POLICY.tables())
        store.add_macros(connection)
        yield connection


def ask(con, expression, rows, types):
    """An expression over many rows of parameters ``p0``, ``p1`` ..., in their order."""
    names = [f"p{n}" for n in range(len(types))]
    columns = [list(column) for column in zip(*rows, strict=True)]
    cells = ", ".join(f"unnest(CAST(? AS {t}[])) AS {n}" for n, t in zip(names, types, strict=True))
    return [
        row[0]
        for row in con.execute(
            f"SELECT {expression} FROM (SELECT {cells}, unnest(range({len(rows)})) AS i) AS t ORDER BY i", columns
        ).fetchall()
    ]


@LOADED
@given(rows=st.lists(st.tuples(days, durations), min_size=1, max_size=40))
def test_a_duration_from_a_day_is_the_same_in_sql(con, rows):
    asked = [(day, d.months, d.days, d.seconds) for day, d in rows]
    found = ask(con, "add_on(p0, p1, p2, p3)", asked, ["DATE", "BIGINT", "BIGINT", "BIGINT"])
    assert found == [d.after_day(day) for day, d in rows]


@pytest.mark.parametrize("zone", ZONES)
@LOADED
@given(rows=st.lists(days, min_size=1, max_size=40))
def test_a_days_first_and_last_instants_are_the_same_in_sql(con, zone, rows):
    place = ZoneInfo(zone)
    changes = [
        day
        for day in map(date.fromordinal, range(date(2025, 1, 1).toordinal(), date(2027, 1, 1).toordinal()))
        if midnight(day + timedelta(1), place).astimezone(UTC) - midnight(day, place).astimezone(UTC) != timedelta(1)
    ]
    asked = [*rows, *(day + timedelta(n) for day in changes for n in (-1, 0, 1))]
    con.execute(f"SET TimeZone = '{zone}'")
    first, last = (
        ask(con, f"{name}(p0)", [(day,) for day in asked], ["DATE"]) for name in ("day_start", "last_of_day")
    )
    con.execute("SET TimeZone = 'Europe/Stockholm'")
    assert first == [midnight(day, place).astimezone(UTC) for day in asked]
    assert last == [midnight(day + timedelta(1), place).astimezone(UTC) - timedelta(microseconds=1) for day in asked]


@pytest.mark.parametrize("zone", [*ZONES, "Australia/Lord_Howe"])
def test_months_from_an_instant_are_the_same_in_sql(con, zone):
    """Above all where they end in an hour that occurs twice, or in one that is skipped."""
    place = ZoneInfo(zone)
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n / 2) for n in range(2 * 24 * 365)]
    changes = [a for a, b in pairwise(hours) if a.astimezone(place).utcoffset() != b.astimezone(place).utcoffset()]
    rows = []
    for change, quarters, months in product(changes or hours[:1], range(-12, 13), (1, 7, 12)):
        end = (change + quarters * timedelta(minutes=15)).astimezone(place)
        rows.append((datetime.combine(add_months(end.date(), -months), end.time(), place), Duration(months, 1, 60)))
        rows.append((rows[-1][0], Duration(months)))
    con.execute(f"SET TimeZone = '{zone}'")
    asked = [(start, d.months, d.days, d.seconds) for start, d in rows]
    found = ask(con, "add_at(p0, p1, p2, p3)", asked, ["TIMESTAMPTZ", "BIGINT", "BIGINT", "BIGINT"])
    con.execute("SET TimeZone = 'Europe/Stockholm'")
    assert found == [d.after_instant(start, place).astimezone(UTC) for start, d in rows]


@LOADED
@given(rows=st.lists(st.tuples(days, durations), min_size=1, max_size=40))
def test_retention_is_the_same_in_sql(con, rows):
    asked = [(day, str(d)) for day, d in rows]
    found = ask(con, "retention_due_on(p0, p1)", asked, ["DATE", "VARCHAR"])
    assert found == [due_retention(day, period=d).due for day, d in rows]
    found = ask(con, "retention_due_on(year_end_on(p0), p1)", asked, ["DATE", "VARCHAR"])
    assert found == [due_retention(day, period=d, anchor="fiscal_year_end").due for day, d in rows]


@pytest.mark.parametrize("country", ["SE", "DE", "FR"])
def test_the_working_days_are_the_same_in_sql(country):
    class House:
        calendar = Calendar(country)

    with store.scratch() as con:
        store.add_tables(con, LAW.tables(House()))
        query = "SELECT day, next_working_day FROM law.working_days WHERE year(day) BETWEEN 2018 AND 2099"
        rows = con.execute(query).fetchall()
    assert len(rows) == (date(2100, 1, 1) - date(2018, 1, 1)).days
    assert all(moved == House.calendar.next_working_day(day) for day, moved in rows)


@pytest.mark.parametrize(
    "text", ["P24M", "PT24H", "P1Y6M", "P2W", "P3D", "PT90M", "P1Y2M3DT4H5M6S", "PT1S", "P0D", None]
)
def test_the_parts_of_a_duration_are_the_same_in_sql(con, text):
    parts = con.execute("SELECT iso_months(t), iso_days(t), iso_seconds(t) FROM (SELECT ? AS t)", [text]).fetchone()
    d = Duration.parse(text) if text else None
    assert parts == ((d.months, d.days, d.seconds) if d else (None, None, None))


@pytest.mark.parametrize("zone", ZONES)
@LOADED
@given(rows=st.lists(st.one_of(instants, around_clock_changes), min_size=1, max_size=40))
def test_the_breach_limit_is_the_same_in_sql(con, zone, rows):
    con.execute(f"SET TimeZone = '{zone}'")
    place, limit = ZoneInfo(zone), LAW.limit("breach_authority", date(2026, 1, 1))
    for call, convention in (("breach_due_at(p0, FALSE)", "elapsed"), ("breach_due_1182_at(p0)", "regulation_1182")):
        found = ask(con, call, [(r,) for r in rows], ["TIMESTAMPTZ"])
        assert found == [due_breach(r, limit=limit, zone=place, convention=convention).due for r in rows]
    con.execute("SET TimeZone = 'Europe/Stockholm'")


@pytest.mark.parametrize("zone", ZONES)
@LOADED
@given(rows=st.lists(days, min_size=1, max_size=40))
def test_a_breach_of_which_only_the_day_is_known_ends_with_a_day_in_sql_too(con, zone, rows):
    con.execute(f"SET TimeZone = '{zone}'")
    limit = LAW.limit("breach_authority", date(2026, 1, 1))
    call = "CAST(breach_due_at(CAST(p0 AS TIMESTAMPTZ), TRUE) AS DATE)"
    assert ask(con, call, [(r,) for r in rows], ["DATE"]) == [
        due_breach(r, limit=limit, zone=ZoneInfo(zone)).due for r in rows
    ]
    con.execute("SET TimeZone = 'Europe/Stockholm'")


@st.composite
def requests(draw, received_on=days):
    """A request with its local days: received, asked, confirmed, extended, reason, refused."""
    received = draw(received_on)
    asked = draw(st.none() | st.integers(-1, 12).map(lambda n: received + timedelta(n)))
    confirmed = draw(st.none() | st.integers(0, 70).map(lambda n: asked + timedelta(n))) if asked else None
    extended = draw(st.none() | (st.integers(27, 36) | st.integers(0, 100)).map(lambda n: received + timedelta(n)))
    reason = draw(
        st.sampled_from(
            [None, "", " \t\r\n", "complexity", "Holidays\n", " many staff on holiday ", "number of requests"]
        )
    )
    return received, asked, confirmed, extended, reason, draw(st.booleans())


def by_clock(request):
    received, asked, confirmed, extended, reason, refused = request
    return due_request(
        received,
        first=LAW.limit("request_first", received),
        extended=LAW.limit("request_extended", received),
        calendar=POLICY.calendar,
        identity_within=POLICY.deadlines["identity_request_within"],
        pause=Pause(asked, confirmed) if asked else None,
        extension=Extension(extended, reason) if extended else None,
        refused=refused,
        insufficient_reasons=LAW.insufficient_reasons,
    ).due


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("Europe/Stockholm")) if day else None


def keep(con, rows):
    """Make core.requests hold these requests, each refused or fulfilled after 200 days."""
    cells = [
        (f"{n:04}", *map(noon, row[:4]), row[4], noon(row[0] + timedelta(200)), "refused" if row[5] else "fulfilled")
        for n, row in enumerate(rows)
    ]
    con.execute("DELETE FROM core.requests")
    con.execute(
        "INSERT INTO core.requests (request_id, received_at, identity_requested_at, identity_confirmed_at, extended_at,"
        " extension_reason, answered_at, outcome) SELECT " + ", ".join("unnest(?)" for _ in cells[0]),
        [list(column) for column in zip(*cells, strict=True)],
    )


@LOADED
@given(rows=st.lists(requests(), min_size=20, max_size=60))
def test_a_requests_due_date_is_the_same_in_sql(con, rows):
    keep(con, rows)
    query = "SELECT due_on FROM request_dues(TIMESTAMPTZ '2040-01-01 00:00:00+01') ORDER BY request_id"
    assert [due for (due,) in con.execute(query).fetchall()] == [by_clock(row) for row in rows]


@LOADED
@given(
    rows=st.lists(requests(st.dates(date(2026, 2, 20), date(2026, 4, 10))), min_size=20, max_size=60),
    as_of=st.dates(date(2026, 3, 1), date(2026, 6, 30)),
)
def test_what_has_not_happened_yet_moves_no_due_date_in_sql(con, rows, as_of):
    keep(con, rows)
    then = noon(as_of) - timedelta(hours=12)
    expected = [
        by_clock((row[0], *(d if d and d < as_of else None for d in row[1:4]), row[4], False))
        for row in rows
        if row[0] < as_of
    ]
    found = con.execute("SELECT due_on FROM request_dues(?) ORDER BY request_id", [then]).fetchall()
    assert [due for (due,) in found] == expected


@made(100)
@given(day=days, country=st.sampled_from(["SE", "DE", "FR", "NL", "PL"]))
def test_the_last_day_only_moves_forward_and_to_a_working_day(day, country):
    calendar = Calendar(country)
    moved = calendar.next_working_day(day)
    assert moved >= day
    assert calendar.is_working_day(moved)
    assert not any(calendar.is_working_day(day + timedelta(n)) for n in range((moved - day).days))


@made(100)
@given(day=days, months=st.integers(0, 40))
def test_months_never_reach_into_the_month_after(day, months):
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(1)).day == 1)
    assert add_months(day, months) <= add_months(day + timedelta(1), months)


@made(100)
@given(row=requests())
def test_a_later_receipt_is_never_due_earlier_and_an_extension_never_shortens(row):
    received, asked, confirmed, _, _, refused = row
    nothing = (None, None, None, None, False)
    assert by_clock((received, *nothing)) <= by_clock((received + timedelta(1), *nothing))
    plain, longer = by_clock((received, asked, confirmed, None, None, refused)), by_clock(row)
    assert (plain is None) == (longer is None)
    assert plain is None or longer >= plain


@made(100)
@given(start=st.one_of(instants, around_clock_changes), zone=st.sampled_from(ZONES), hours=st.integers(1, 200))
def test_hours_elapse_whatever_the_clock_on_the_wall_does(start, zone, hours):
    place, length = ZoneInfo(zone), Duration(seconds=hours * 3600)
    end = hours_end(start, length, place, "elapsed")
    assert end - start == timedelta(hours=hours)
    later = hours_end(start, length, place, "regulation_1182")
    assert timedelta(0) < later - end <= timedelta(hours=1)
    assert (later.minute, later.second, later.microsecond) == (0, 0, 0)
