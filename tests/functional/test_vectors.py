"""Published and derived examples of time limits, each with its source: the clock gives what they say."""

import csv
import json
from datetime import date, datetime
from pathlib import Path

import pytest

from audit.timelimit import due
from audit.workdays import Calendar

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"

pytestmark = pytest.mark.skipif(
    not (VECTORS / "deadlines.csv").is_file(), reason="the folder of legal vectors is not beside this checkout"
)


def rows(name):
    path = VECTORS / name
    return list(csv.DictReader(path.read_text("utf-8").splitlines())) if path.is_file() else []


COUNTRIES = {"EU": "SE", "UK": "GB", "SE_1930": "SE"}


def asked(row):
    """The call of audit.due that a row describes."""
    kind, params = row["kind"], json.loads(row["params"])
    options = {"country": COUNTRIES.get(row["jurisdiction"], row["jurisdiction"])}
    if row["jurisdiction"] == "SE_1930":
        options["eves_as_holidays"] = True
    if kind.startswith("period_"):
        return "period", options | {"period": params["period"]}
    if kind.startswith("breach"):
        convention = {"reg1182": "regulation_1182"}.get(params["mode"], "elapsed")
        return "breach", options | {"convention": convention}
    if kind == "retention_bfl7":
        return "retention", options | {"anchor": "fiscal_year_end"}
    if kind.startswith("retention"):
        return "retention", options | {"period": params["period"], "held_from": params.get("hold_from")}
    if kind == "dsr_suspended":
        options |= {"identity_requested": params["pause_from"], "identity_confirmed": params["pause_to"]}
        return "request", options | {"identity_doubted": params.get("id_doubt", True)}
    if kind == "extension":
        return "request", options | {"extended": row["start"], "reason": "complexity"}
    return "request", options


def answer(row, **more):
    kind, options = asked(row)
    return due(kind, row["start"], **(options | more)).due


def expected(row):
    text = row["expected_deadline"]
    if text in {"open", "on hold"}:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def reproduced(*answers):
    return [pytest.param(r, id=r["id"]) for r in rows("deadlines.csv") if r["engine_default_reproduces"] in answers]


@pytest.mark.parametrize("row", reproduced("yes", "option"))
def test_the_clock_gives_the_published_deadline(row):
    assert answer(row) == expected(row)


@pytest.mark.parametrize("row", reproduced("no"))
def test_the_clock_does_not_give_what_the_house_does_not_follow(row):
    found = answer(row)
    params = json.loads(row["params"])
    assert found != expected(row)
    for other in ("with_roll", "conservative_shift"):
        if other in params:
            assert found == date.fromisoformat(params[other])


@pytest.mark.parametrize("row", reproduced("n/a"))
def test_a_processors_awareness_starts_its_own_clock(row):
    params = json.loads(row["params"])
    told = due("breach", row["start"], period=f"PT{params['dpa_hours']}H")
    assert told.due == datetime.fromisoformat(params["dpa_deadline"])
    assert any("33(2)" in step for step in told.steps)


@pytest.mark.parametrize("row", reproduced("option"))
def test_an_option_is_off_by_default(row):
    assert answer(row, eves_as_holidays=None) != expected(row)


@pytest.mark.parametrize("row", [p for p in reproduced("yes") if p.values[0]["kind"] == "extension_notice"])
def test_an_extension_counts_only_in_time_and_with_a_reason(row):
    params = json.loads(row["params"])
    reason = params.get("reason", "complexity")
    assert answer(row, extended=params["action"], reason=reason) == date.fromisoformat(params["final"])


def verdict(row):
    return json.loads(row["params"]).get("verdict")


@pytest.mark.parametrize("row", [p for p in reproduced("yes", "no") if verdict(p.values[0]) in {"late", "in_time"}])
def test_the_verdict_on_what_was_done_is_the_authoritys(row):
    params = json.loads(row["params"])
    done, last = date.fromisoformat(params["action"]), answer(row)
    last = last.date() if isinstance(last, datetime) else last
    assert verdict(row) == ("late" if done > last else "in_time")


@pytest.mark.parametrize("row", [pytest.param(r, id=r["date"]) for r in rows("se_holidays.csv")])
def test_swedens_holidays_are_those_of_the_list(row):
    day = date.fromisoformat(row["date"])
    assert (Calendar("SE").holiday(day) is not None) == (row["oj_list_art2_1182"] == "yes")
    assert (Calendar("SE", eves=True).holiday(day) is not None) == (row["lag_1930_173_par2"] == "yes")


def test_sweden_has_no_holiday_beyond_the_list():
    listed = {r["date"]: r for r in rows("se_holidays.csv")}
    years = sorted({int(d[:4]) for d in listed})
    for eves, column in ((False, "oj_list_art2_1182"), (True, "lag_1930_173_par2")):
        found = {day.isoformat() for day, _ in Calendar("SE", eves).holidays(years[0], years[-1])}
        assert found == {d for d, r in listed.items() if r[column] == "yes"}
