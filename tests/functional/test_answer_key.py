"""The checks against the synthetic organisation's answer key: nothing missed, nothing invented, and nothing when clean."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from audit.catalog import load_catalog
from audit.places import shipped
from audit.policy import load_policy
from audit.run import open_workbench
from audit.sample import write_sample
from audit.sources.load import load
from audit.statutes import load_law

CHECKS = sorted(load_catalog())
COLUMNS = ("item_table", "item_key", "outcome", "reason")


def database(source: Path, db: Path) -> Path:
    load(db, [source], load_policy(source / "policy.toml", load_law()))
    return db


@pytest.fixture(scope="module")
def shipped_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return database(shipped("mira"), tmp_path_factory.mktemp("shipped") / "db")


@pytest.fixture(scope="module")
def clean_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    write_sample(folder / "source", seed=7, clean=True)
    return database(folder / "source", folder / "db")


def key(source: Path, check: str) -> set[tuple[str, ...]]:
    with (source / "answer_key.csv").open(encoding="utf-8", newline="") as handle:
        return {tuple(row[c] for c in COLUMNS) for row in csv.DictReader(handle) if row["check"] == check}


def found(db: Path, period: str, check: str) -> set[tuple[str, ...]]:
    with open_workbench(db, period) as wb:
        return {tuple(getattr(f, c) for c in COLUMNS) for f in wb[check].findings()}


@pytest.mark.parametrize("check", CHECKS)
def test_the_findings_are_those_of_the_answer_key(shipped_sample: Path, check: str) -> None:
    wanted = key(shipped("mira"), check)
    assert wanted, "the sample plants faults for every check"
    assert found(shipped_sample, "2026Q3", check) == wanted


def test_the_key_names_no_other_check() -> None:
    with (shipped("mira") / "answer_key.csv").open(encoding="utf-8", newline="") as handle:
        assert {row["check"] for row in csv.DictReader(handle)} == set(CHECKS)


@pytest.mark.parametrize("period", ["2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"])
def test_a_clean_sample_has_no_finding_in_any_quarter(clean_sample: Path, period: str) -> None:
    with open_workbench(clean_sample, period) as wb:
        results = wb.check_all()
    assert {c.check: c.reasons for c in results if c.violation or c.undetermined or c.waived} == {}
    assert {c.check for c in results if not c.evaluated} == set()


def test_another_seed_plants_the_same_kinds_and_they_are_found(tmp_path: Path) -> None:
    made = write_sample(tmp_path / "source", seed=11)
    db = database(tmp_path / "source", tmp_path / "db")
    with open_workbench(db, made.period) as wb:
        results = wb.check_all()
        got = {(c.check, f.item_table, f.item_key, f.outcome, f.reason) for c in results for f in c.findings()}
    assert got == {(f.check, f.item_table, f.item_key, f.outcome, f.reason) for f in made.findings if f.check in CHECKS}
