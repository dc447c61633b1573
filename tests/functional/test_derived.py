"""What a load derives for the checks, and a database in which an earlier version derived it otherwise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from audit.run import open_workbench
from audit.snapshot import manifest, read_snapshot
from audit.sources.load import load
from tests.rules.tree import ROOT
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


def of_an_earlier_version(db: Path) -> None:
    """Make the database's stretches those of a version that derived them otherwise, and found none."""
    before = read_snapshot(db)
    derived = {name: re.sub("-[0-9a-f]{8}-", "-00000000-", path) for name, path in before.derived.items()}
    for name, path in derived.items():
        relation = f"FROM read_parquet('{db / before.derived[name]}') LIMIT 0"
        duckdb.execute(f"COPY ({relation}) TO '{db / path}' (FORMAT parquet)")
    (db / "snapshots" / "000001.json").write_text(manifest(replace(before, derived=derived)))


def test_stretches_of_an_earlier_version_are_computed_anew(db: Path) -> None:
    expected = found(db)
    of_an_earlier_version(db)
    assert found(db) == expected == [("E2", "never_given"), ("E2", "channel_refused")]


def test_the_next_load_of_anything_derives_them_again(db: Path, tmp_path: Path) -> None:
    of_an_earlier_version(db)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "systems.csv").write_text("system_id,name\nX1,Mail\n")
    load(db, [tmp_path / "more"], spec.POLICY)
    assert not any("-00000000-" in path for path in read_snapshot(db).derived.values())
    assert found(db) == [("E2", "never_given"), ("E2", "channel_refused")]


def beginning(of: Path) -> str:
    """How the parts of one of two packages begin."""
    asked = "from audit.store import derived_part; print(derived_part('consent_intervals'))"
    words = [sys.executable, "-c", asked]
    return subprocess.run(
        words, cwd=of, env=os.environ | {"PYTHONPATH": str(of)}, capture_output=True, check=True
    ).stdout.decode()


@pytest.mark.parametrize(("changed", "comment"), [("sql/derived/consent_intervals.sql", "--"), ("persons.py", "#")])
def test_a_change_of_what_decides_them_shows(tmp_path: Path, changed: str, comment: str) -> None:
    shutil.copytree(
        ROOT / "audit", tmp_path / "audit", ignore=shutil.ignore_patterns("__pycache__", "fonts", "samples")
    )
    assert beginning(tmp_path) == beginning(ROOT)
    file = tmp_path / "audit" / changed
    file.write_text(f"{file.read_text()}{comment} otherwise\n")
    assert beginning(tmp_path) != beginning(ROOT)


def test_the_stretches_are_read_as_the_load_wrote_them(db: Path) -> None:
    with open_workbench(db, "2026Q3") as workbench:
        views = workbench.con.execute("SELECT sql FROM duckdb_views() WHERE view_name LIKE '%_intervals'").fetchall()
    assert all("read_parquet" in sql for (sql,) in views)
    assert len(views) == len(CHECKS)
