"""Days and instants as a load reads them at the edges: years that are none, midnights that are skipped."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from audit.run import open_workbench
from audit.sources.load import load
from audit.workdays import Calendar
from tests.functional.houses import loaded, policy, write

HEADER = "contract_id,client_id,contract_start\n"


def refused(db: Path) -> list[tuple[str, str]]:
    with open_workbench(db, "2026Q1") as wb:
        return wb.con.execute("SELECT column_name, reason FROM raw.rejected_rows").fetchall()


@pytest.mark.parametrize("day", ["0000-01-01", "0000-00-00", "-026-07-01", " 026-07-01", "2026-07-1 ", "2026-02-29"])
def test_what_is_no_day_of_the_calendar_is_refused(tmp_path: Path, day: str) -> None:
    db, report = loaded(tmp_path, {"contracts.csv": f"{HEADER}K1,C1,{day}\n"})
    assert report.tables[0]["accepted"] == 0
    assert refused(db) == [("contract_start", "unparsable")]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_are_days(tmp_path: Path, day: str) -> None:
    _, report = loaded(tmp_path, {"contracts.csv": f"{HEADER}K1,C1,{day}\n"})
    assert report.tables[0]["accepted"] == 1


@pytest.mark.parametrize(
    "instant", ["0000-01-01T00:00:00Z", "0000-01-01", "0000-01-01T00:00", "-026-07-01T09:00:00Z", "2026-07-1 "]
)
def test_what_is_no_instant_of_the_calendar_is_refused(tmp_path: Path, instant: str) -> None:
    db, _ = loaded(tmp_path, {"requests.csv": f"request_id,kind,received_at\nR1,access,{instant}\n"})
    assert refused(db) == [("received_at", "unparsable")]


@pytest.mark.parametrize("day", ["0001-01-01 (BC)", "10000-01-01"])
def test_neither_is_one_of_a_typed_file(tmp_path: Path, day: str) -> None:
    (tmp_path / "source").mkdir()
    typed = f"SELECT 'K1' AS contract_id, 'C1' AS client_id, DATE '{day}' AS contract_start"
    duckdb.execute(f"COPY ({typed}) TO '{tmp_path}/source/contracts.parquet'")
    at = f"SELECT 'R1' AS request_id, 'access' AS kind, TIMESTAMPTZ '{day} 12:00:00+00' AS received_at"
    duckdb.execute(f"COPY ({at}) TO '{tmp_path}/source/requests.parquet'")
    db, _ = loaded(tmp_path, {})
    assert refused(db) == [("contract_start", "unparsable"), ("received_at", "unparsable")]


def test_a_day_begins_after_a_midnight_that_is_skipped_and_at_the_first_of_two(tmp_path: Path) -> None:
    days = {"2026-03-29": "01:00:00", "2026-10-25": "00:00:00", "2026-07-01": "00:00:00"}
    rows = "".join(f"{day},{day}\n" for day in days)
    source = write(tmp_path / "source", {"incidents.csv": f"incident_id,detected_at\n{rows}I,2026-03-29T00:00\n"})
    azores = replace(policy(), zone=ZoneInfo("Atlantic/Azores"), calendar=Calendar("PT"))
    report = load(tmp_path / "db", [source], azores)
    assert [report.tables[0][name] for name in ("accepted", "rejected")] == [3, 1]
    with open_workbench(tmp_path / "db", "2026Q1", policy=_policy_of(azores.path, tmp_path)) as wb:
        found = wb.con.execute(
            "SELECT CAST(CAST(detected_at AS DATE) AS VARCHAR), strftime(detected_at, '%H:%M:%S'), detected_at_is_date,"
            " CAST(detected_at - INTERVAL 1 HOUR AS DATE) < CAST(detected_at AS DATE) FROM core.incidents ORDER BY 1"
        ).fetchall()
    assert found == [(day, clock, True, True) for day, clock in sorted(days.items())]


def _policy_of(path: Path, folder: Path) -> Path:
    """The policy file in the zone of the Azores."""
    text = path.read_text("utf-8")
    assert "Europe/Stockholm" in text
    moved = folder / "policy.toml"
    moved.write_text(text.replace("Europe/Stockholm", "Atlantic/Azores").replace('country = "SE"', 'country = "PT"'))
    return moved


def test_dates_are_days(tmp_path: Path) -> None:
    db, _ = loaded(tmp_path, {"contracts.csv": f"{HEADER}K1,C1,2026-02-28\n"})
    with open_workbench(db, "2026Q1") as wb:
        assert wb.con.execute("SELECT contract_start FROM core.contracts").fetchall() == [(date(2026, 2, 28),)]
