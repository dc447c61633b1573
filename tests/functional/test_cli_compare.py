"""The command that compares: what it prints, in words and as JSON, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.cli import main
from audit.run import open_workbench
from audit.sources.load import load
from tests.functional.houses import loaded, policy, write

HEADER = "request_id,kind,received_at,answered_at,outcome,role\n"
REQUESTS = HEADER + (
    "R1,access,2026-04-02,2026-06-20,fulfilled,controller\n"
    "R2,access,2026-04-03,2026-04-20,fulfilled,controller\n"
    "R3,access,2026-08-03,2026-08-20,fulfilled,processor\n"
)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    db = loaded(tmp_path, {"requests.csv": REQUESTS})[0]
    with open_workbench(db, "2026Q2") as wb:
        wb.keep_run(wb.check_all(), "quarterly-report")
    return db


def compare(db: Path, *words: str) -> int:
    return main(["compare", "--db", str(db), *words])


def test_the_period_before_is_compared_and_its_report_restated(db, tmp_path, capsys):
    late = HEADER + "R4,access,2026-04-10,2026-06-29,fulfilled,controller\n"
    load(db, [write(tmp_path / "late", {"requests-late.csv": late})], policy())
    assert compare(db, "--period", "2026Q3") == 1
    said = capsys.readouterr().out
    assert "2026Q3 beside 2026Q2" in said
    assert "The quarterly-report of 2026Q2, as of 2026-07-01T00:00:00+02:00, would say otherwise today:" in said
    assert "requests: 1 rows came too late for it, 0 were replaced since." in said
    (row,) = (line for line in said.splitlines() if "late row" in line)
    assert row.split() == ["request_deadlines", "-", "violation", "late", "late", "row", "requests-late.csv", "1"]


def test_the_exit_code_is_the_periods_own(db):
    assert compare(db, "--period", "2026Q2", "--with", "2026Q1", "--quiet") == 1
    assert compare(db, "--period", "2026Q2", "--with", "2026Q1", "--role", "processor", "--quiet") == 0
    assert compare(db, "--period", "2026Q3", "--with", "soon") == 2
    assert compare(db, "--period", "2026Q3", "--with", "2027Q1") == 2
    (record,) = (db / "runs").iterdir()
    record.write_text("{}")
    assert compare(db, "--period", "2026Q3") == 3


def test_json_has_both_sides_the_flows_and_the_restatement(db, capsys):
    assert compare(db, "--period", "2026Q3", "--json") == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["now"]["period"], data["before"]["period"]) == ("2026Q3", "2026Q2")
    (row,) = (c for c in data["checks"] if c["check"] == "request_deadlines")
    assert {k: row[k] for k in ("persists", "rate_before", "rate", "points", "new", "past")} == {
        "persists": True, "rate_before": 0.5, "rate": 1.0, "points": 50.0, "new": 0, "past": 1,
    }  # fmt: skip
    flow = {"new": 0, "still_open": 0, "other_reason": 0, "resolved": 0, "past": 1}
    assert row["flows"] == [{"outcome": "violation", "reason": "late", **flow}]
    assert (data["restated"]["report"], data["restated"]["checks"]) == ("quarterly-report", [])


def test_without_a_report_it_says_so(tmp_path, capsys):
    db = loaded(tmp_path, {"requests.csv": REQUESTS})[0]
    assert compare(db, "--period", "2026Q3") == 1
    assert "No report of 2026Q2 is kept here" in capsys.readouterr().out
    compare(db, "--period", "2026Q3", "--json")
    assert json.loads(capsys.readouterr().out)["restated"] is None
