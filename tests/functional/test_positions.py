"""Where a person's events stand in a large log is asked of an index: it narrows what is read, and never what is found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import audit
from audit.analyst import positions
from audit.analyst.bench import Bench
from audit.sources.load import load
from tests.functional.houses import loaded, policy, write
from tests.functional.sample_db import load_sample

HEADER = "event_id,occurred_at,operation,system_id,subject_id\n"
MANY = "".join(f"E-{i:04},2026-07-01T10:00+02:00,use,crm,S-{i % 50}\n" for i in range(5000))
NOBODY = "E-X,2026-07-01T10:00+02:00,use,crm,\n"


@pytest.fixture(autouse=True)
def a_large_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "LARGE", 1)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return loaded(tmp_path, {"processing_events.csv": HEADER + MANY + NOBODY})[0]


def indexes(db: Path) -> list[Path]:
    folder = db / "results" / positions.TABLE
    return sorted(folder.iterdir()) if folder.is_dir() else []


def events(db: Path, subject: str = "S-7") -> list[str]:
    with audit.open(db, "2026Q3") as wb:
        found: list[str] = wb.subject(subject).events["event_id"]
        assert sorted(found) == sorted(
            wb.sql(f"SELECT event_id FROM core.processing_events WHERE subject_id = '{subject}'")["event_id"]
        )
        return found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with audit.open(load_sample(tmp_path_factory.mktemp("sample") / "db"), "2026Q3") as wb:
        yield wb


def test_every_person_has_the_same_events_with_it_and_without(sample: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    known = sample.sql("SELECT DISTINCT subject_id FROM core.identities ORDER BY hash(subject_id) LIMIT 12")[
        "subject_id"
    ]
    others = sample.sql("SELECT DISTINCT subject_id FROM core.consents ORDER BY hash(subject_id) LIMIT 12")[
        "subject_id"
    ]
    narrowed = 0
    for subject in {*known, *others}:
        near = positions.rows_of(sample.workbench.con, sample.workbench.snapshot, [subject])
        narrowed += near is not None
        with_it = list(sample.subject(subject).line)
        with monkeypatch.context() as patch:
            patch.setattr(positions, "LARGE", 10**9)
            assert list(sample.subject(subject).line) == with_it
    assert narrowed == len({*known, *others})


def test_it_names_the_rows_and_few_others(db: Path) -> None:
    with audit.open(db, "2026Q3") as wb:
        con, snapshot = wb.workbench.con, wb.workbench.snapshot
        assert positions.rows_of(con, snapshot, ["S-7"]) == list(range(7, 5000, 50))
        assert positions.rows_of(con, snapshot, ["S-7", "S-8"]) == sorted([*range(7, 5000, 50), *range(8, 5000, 50)])
        assert positions.rows_of(con, snapshot, ["S-none"]) == []
        assert positions.rows_of(con, snapshot, ["S-7", "S-8", "S-9"]) is None, "too many to be worth it"
        (path,) = indexes(db)
        assert path.stat().st_mode & 0o077 == 0
        assert b"S-7" not in path.read_bytes()


def test_a_small_log_has_none(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "LARGE", 10**6)
    assert len(events(db)) == 100
    assert indexes(db) == []


def test_it_is_written_once_a_part_and_goes_with_it(db: Path, tmp_path: Path) -> None:
    assert len(events(db)) == 100
    (first,) = indexes(db)
    before = first.stat().st_ino
    more = HEADER + "N-1,2026-07-02T10:00+02:00,use,crm,S-7\nN-2,2026-07-02T10:00+02:00,use,crm,S-8\n"
    load(db, [write(tmp_path / "more", {"processing_events-2.csv": more})], policy())
    assert events(db)[-1] == "N-1"
    assert len(indexes(db)) == 2
    assert first.stat().st_ino == before
    (db / "results" / positions.TABLE / "left.parquet.1.tmp").write_text("of a process that was killed")
    replaced = HEADER + "N-1,2026-07-02T10:00+02:00,store,crm,S-9\n"
    load(db, [write(tmp_path / "again", {"processing_events-3.csv": replaced})], policy(), replacing=True)
    assert len(events(db)) == 100
    assert events(db, "S-9")[-1] == "N-1"
    assert len(indexes(db)) == 3
    assert {path.suffix for path in indexes(db)} == {".parquet"}


def test_one_that_cannot_be_read_or_written_is_done_without(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(events(db)) == 100
    (path,) = indexes(db)
    path.write_bytes(b"no index")
    assert len(events(db)) == 100
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("in its way")
    assert len(events(db)) == 100


def test_that_of_another_part_by_this_name_is_not_taken(db: Path) -> None:
    assert len(events(db)) == 100
    (path,) = indexes(db)
    (part,) = (db / "parts").glob("processing_events-*")
    os.utime(part, ns=(0, part.stat().st_mtime_ns + 1))
    assert len(events(db)) == 100
    (other,) = indexes(db)
    assert other != path


def test_the_lab_writes_it_beforehand(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(positions, "LARGE", 10**6)
        positions.keep(db)
        assert indexes(db) == []
    positions.keep(db)
    (path,) = indexes(db)
    before = path.stat().st_mtime_ns
    assert len(events(db)) == 100
    assert path.stat().st_mtime_ns == before


def test_what_hinders_it_hinders_no_lab(db: Path) -> None:
    (policy_file,) = (db / "house").glob("*/policy.toml")
    policy_file.write_text("no policy")
    positions.keep(db)
    assert indexes(db) == []
