"""A waiver turns the violations it covers into waived ones while it is in force, and only those."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.results import Results
from audit.run import open_workbench
from tests.functional.houses import loaded

REQUESTS = (
    "request_id,client_id,kind,received_at\n"
    "R1,,access,2026-05-04T09:00Z\n"
    "R2,C1,access,2026-05-04T09:00Z\n"
    "R3,C2,erasure,2026-05-04T09:00Z\n"
)
HEAD = "waiver_id,check,reason,item_key,client_id,granted_by,granted_on,expires_on,justification\n"


def outcomes(tmp_path: Path, *waivers: str, client: str | None = None) -> tuple[dict[str, str], Results]:
    db, _ = loaded(tmp_path, {"requests.csv": REQUESTS, "waivers.csv": HEAD + "".join(w + "\n" for w in waivers)})
    with open_workbench(db, "2026Q3", client=client) as wb:
        results = wb.check_all(["request_deadlines"])
        return {f.item_key: f.outcome for f in wb["request_deadlines"].findings()}, results


@pytest.mark.parametrize(
    ("narrowing", "covered"),
    [
        (",,", {"R1", "R2", "R3"}),
        ("overdue,,", {"R1", "R2", "R3"}),
        ("late,,", set()),
        (",R1,", {"R1"}),
        (",,C1", {"R2"}),
        ("overdue,R3,C2", {"R3"}),
        ("overdue,R3,C1", set()),
    ],
)
def test_what_a_waiver_covers(tmp_path: Path, narrowing: str, covered: set[str]) -> None:
    found, results = outcomes(tmp_path, f"W1,request_deadlines,{narrowing},board,2026-01-01,2027-01-01,agreed")
    assert {k for k, outcome in found.items() if outcome == "waived"} == covered
    check = results["request_deadlines"]
    assert (check.population, check.waived, check.violation) == (3, len(covered), 3 - len(covered))
    assert check.rate == 0.0
    assert [(w.waiver_id, w.is_in_force, w.items) for w in results.waivers] == [("W1", True, len(covered))]


@pytest.mark.parametrize(
    ("granted_on", "expires_on", "outcome", "listed"),
    [
        ("2026-09-30", "2026-10-01", "waived", [(True, 3)]),  # the last day before the as-of instant
        ("2026-10-01", "2027-10-01", "violation", []),  # not granted yet
        ("2025-09-30", "2026-09-30", "violation", [(False, 3)]),  # ran out the day before
    ],
)
def test_a_waiver_holds_from_its_first_to_its_last_day(
    tmp_path: Path, granted_on: str, expires_on: str, outcome: str, listed: list[tuple[bool, int]]
) -> None:
    found, results = outcomes(tmp_path, f"W1,request_deadlines,,,,board,{granted_on},{expires_on},agreed")
    assert set(found.values()) == {outcome}
    assert [(w.is_in_force, w.items) for w in results.waivers] == listed


def test_another_check_and_another_client_are_not_touched(tmp_path: Path) -> None:
    other = "W1,retention,,,,board,2026-01-01,2027-01-01,agreed"
    theirs = "W2,request_deadlines,,,C1,board,2026-01-01,2027-01-01,agreed"
    found, results = outcomes(tmp_path / "whole", other, theirs)
    assert found == {"R1": "violation", "R2": "waived", "R3": "violation"}
    assert [w.waiver_id for w in results.waivers] == ["W2"]
    # What is agreed with one client is no business of another.
    found, results = outcomes(tmp_path / "client", other, theirs, client="C2")
    assert found == {"R3": "violation"}
    assert results.waivers == ()


@pytest.mark.parametrize(
    ("granted_on", "expires_on", "outcome", "said"),
    [
        ("2026-09-30", "2026-10-01", "waived", ["Waiver W1 covers it until 2026-10-01, that day not included."]),
        ("2026-10-01", "2027-10-01", "violation", []),
        ("2025-09-30", "2026-09-30", "violation", ["Waiver W1 covered it and ran out on 2026-09-30."]),
    ],
)
def test_an_item_is_explained_as_it_was_counted(
    tmp_path: Path, granted_on: str, expires_on: str, outcome: str, said: list[str]
) -> None:
    waiver = f"W1,request_deadlines,overdue,R2,C1,board,{granted_on},{expires_on},agreed\n"
    db, _ = loaded(tmp_path, {"requests.csv": REQUESTS, "waivers.csv": HEAD + waiver})
    with open_workbench(db, "2026Q3") as wb:
        for when in ("before it is judged", "after"):
            steps = wb.explain_item("request_deadlines", "requests:R2")
            assert steps[-1].startswith(f"Outcome as of 2026-10-01T00:00:00+02:00: {outcome} (overdue): "), when
            assert [step for step in steps if step.startswith("Waiver")] == said, when
            wb.check_all(["request_deadlines"])
        assert not [s for s in wb.explain_item("request_deadlines", "R1") if s.startswith("Waiver")]
