"""How long each stage of an incident took: the further table of incident_response, in numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.casebook import Case
from audit.catalog import load_catalog
from tests.spec import world

CHECK = load_catalog()["incident_response"]
# I1 is registered after one hour, I2 after three, I3 at the as-of instant; I4 had been evaluated before the period.
INCIDENTS = [
    {"incident_id": "I1", "severity": "critical", "detected_at": "2026-07-06 09:00"},
    {"incident_id": "I2", "client_id": "K1", "detected_at": "2026-07-06 09:00"},
    {"incident_id": "I3", "detected_at": "2026-07-06 09:00"},
    {"incident_id": "I4", "detected_at": "2026-06-01 09:00"},
]
EVENTS = [
    {"incident_id": "I1", "stage": "registered", "at": "2026-07-06 10:00"},
    {"incident_id": "I1", "stage": "registered", "at": "2026-07-06 20:00"},
    {"incident_id": "I1", "stage": "resolved", "at": "2026-07-06 10:00"},
    {"incident_id": "I1", "stage": "resolved", "at": "2026-07-06 14:00"},
    {"incident_id": "I2", "stage": "registered", "at": "2026-07-06 12:00"},
    {"incident_id": "I3", "stage": "registered", "at": "2026-07-07 09:00"},
    {"incident_id": "I4", "stage": "registered", "at": "2026-06-01 10:00"},
    {"incident_id": "I4", "stage": "evaluated", "at": "2026-06-02 09:00"},
]
CASE = Case(
    name="durations",
    prose="",
    period="2026Q3",
    as_of="2026-07-07T09:00+02:00",
    tables={"core.incidents": INCIDENTS, "core.incident_events": EVENTS},
    expected=[],
    line=0,
)


def durations(case: Case, **scope: str) -> dict[str, tuple[int, float | None, float | None, float | None]]:
    sql = CHECK.extras["durations"]
    for name, value in scope.items():
        sql = sql.replace(f"${name}", f"'{value}'")
    with world.world(case) as con:
        rows = world.rows(con, world.bind(sql, case))
    return {r["stage"]: (r["n"], r["p50_hours"], r["p90_hours"], r["max_hours"]) for r in rows}


def test_a_stage_lasts_from_detection_to_its_time() -> None:
    found = durations(CASE)
    assert list(found) == ["registered", "analysed", "prioritised", "resolved", "evaluated"]
    assert found["registered"] == pytest.approx((2, 2, 2.8, 3))
    assert found["resolved"] == (1, 5, 5, 5)
    assert found["analysed"] == (0, None, None, None)


def test_an_incident_evaluated_at_the_periods_start_belongs_to_it() -> None:
    late = [*EVENTS[:-1], EVENTS[-1] | {"at": "2026-07-01 00:00"}]
    found = durations(replace(CASE, tables=CASE.tables | {"core.incident_events": late}))
    assert (found["registered"][0], found["evaluated"][0]) == (3, 1)


def test_a_scope_has_its_own_durations() -> None:
    assert durations(CASE, client_id="K1")["registered"] == (1, 3, 3, 3)
    assert durations(CASE, role="controller")["registered"] == (1, 1, 1, 1)
