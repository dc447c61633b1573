"""What a load derives for the checks, and a database that an earlier version derived in another form."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from audit.run import open_workbench
from audit.sources.load import load
from tests.spec import world as spec

TABLES = {
    "processing_activities": "activity_id,role,name,purpose,legal_basis\nA1,controller,News,newsletter,consent\n",
    "processing_events": "event_id,occurred_at,activity_id,subject_id,operation,channel\n"
    "E1,2026-08-01T10:00Z,A1,S1,contact,email\nE2,2026-08-01T10:00Z,A1,S2,contact,email\n",
    "consents": "consent_id,subject_id,purpose,status,effective_at\nC1,S1,newsletter,given,2026-01-01\n",
    "communication_preferences": "subject_id,channel,preference,effective_at\nS2,email,deny,2026-01-01\n",
}
CHECKS = ("consent_coverage", "communication_preferences")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    for table, text in TABLES.items():
        (tmp_path / f"{table}.csv").write_text(text)
    load(tmp_path / "db", [tmp_path], spec.POLICY)
    return tmp_path / "db"


def found(db: Path) -> list[tuple[str, str | None]]:
    with open_workbench(db, "2026Q3") as workbench:
        return [(f.item_key, f.reason) for name in CHECKS for f in workbench[name].findings()]


def test_stretches_of_an_earlier_form_are_computed_anew(db: Path) -> None:
    kept = sorted(db.rglob("*_intervals-*.parquet"))
    assert len(kept) == len(CHECKS)
    for path in kept:
        columns = "* EXCLUDE (part)"
        duckdb.execute(f"COPY (SELECT {columns} FROM read_parquet('{path}')) TO '{path}.new' (FORMAT parquet)")
        Path(f"{path}.new").replace(path)
    assert found(db) == [("E2", "never_given"), ("E2", "channel_refused")]


def test_the_stretches_are_read_as_the_load_wrote_them(db: Path) -> None:
    with open_workbench(db, "2026Q3") as workbench:
        views = workbench.con.execute("SELECT sql FROM duckdb_views() WHERE view_name LIKE '%_intervals'").fetchall()
    assert all("read_parquet" in sql for (sql,) in views)
    assert len(views) == len(CHECKS)
