"""Whoever reads keeps the state that was opened; old states can be asked until they are removed."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from audit.cli import main
from audit.errors import AuditError, UsageError
from audit.places import shipped
from audit.policy import load_policy
from audit.run import open_workbench
from audit.snapshot import numbers, read_snapshot
from audit.sources.load import load
from audit.statutes import load_law
from audit.storage import holding, prune
from tests.functional.houses import POLICY, loaded, policy, write

HEADER = "event_id,occurred_at,operation,system_id,subject_id\n"
CONSENTS = "consent_id,subject_id,purpose,status,effective_at\n"
READERS, LOADS, ROWS = 10, 5, 200
READ = """
import sys, time
from audit.run import open_workbench
from pathlib import Path
while not Path(sys.argv[2]).exists():
    with open_workbench(sys.argv[1], "2026Q3") as wb:
        for _ in range(3):
            number = wb.snapshot.number
            found = wb.con.execute("SELECT count(*), min(n), max(n) FROM (SELECT count(*) AS n"
                " FROM core.processing_events GROUP BY system_id)").fetchone()
            assert found == (number, {rows}, {rows}), (number, found)
            found = wb.con.execute("SELECT count(*) FROM core.consent_intervals").fetchone()
            assert found == (number,), (number, found)
            time.sleep(0.2)  # so that a load and a prune end in between
        assert wb["log_coverage"].population >= number
    print(number, flush=True)
"""


def events(load: int, rows: int = 3) -> dict[str, str]:
    lines = (f"E{load}-{i},2026-06-01T09:00:00Z,use,system-{load},S{i}\n" for i in range(rows))
    consent = f"C{load},S{load},newsletter,given,2026-01-01T09:00Z\n"
    return {"processing_events.csv": HEADER + "".join(lines), "consents.csv": CONSENTS + consent}


def add(db: Path, tmp_path: Path, number: int, rows: int = 3) -> None:
    load(db, [write(tmp_path / f"load-{number}", events(number, rows))], policy())


@pytest.fixture
def db(tmp_path: Path) -> Path:
    db, _ = loaded(tmp_path, events(1))
    for number in (2, 3):
        add(db, tmp_path, number)
    return db


def count(db: Path, snapshot: int | None = None) -> int:
    with open_workbench(db, "2026Q3", snapshot=snapshot) as wb:
        return wb.con.execute("SELECT count(*) FROM core.processing_events").fetchall()[0][0]


def test_an_older_state_can_be_asked(db, capsys):
    assert [count(db, n) for n in (1, 2, 3, None)] == [3, 6, 9, 9]
    words = ("--db", str(db), "--period", "2026Q2", "--only", "log_coverage", "--json")
    assert main(["check", *words, "--snapshot", "1"]) in (0, 1)
    old = capsys.readouterr().out
    assert main(["check", *words]) in (0, 1)
    assert old != capsys.readouterr().out
    with pytest.raises(UsageError, match="no such snapshot is kept; expected one of 1, 2, 3"):
        count(db, 4)


def test_the_states_are_listed(db, capsys):
    assert main(["snapshots", "--db", str(db)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["1", "2", "3"]
    assert "3 (current)" in lines[4]
    assert lines[4].split()[-3:] == ["12", "0", "0"]


def test_what_is_advised_of_an_older_state_is_asked_of_it(db, capsys):
    main(["check", "--db", str(db), "--period", "2026Q3", "--snapshot", "2"])
    advised = [line for line in capsys.readouterr().err.splitlines() if "--findings" in line]
    assert advised
    assert all("--snapshot 2" in line for line in advised)


def test_pruning_leaves_what_is_newest_and_what_somebody_reads(db, capsys):
    with holding(db, 1) as held:
        assert prune(db, keep=1) == ([2], [1])
        assert all((db / name).is_file() for name in held.names())
    assert main(["prune", "--db", str(db), "--keep", "1"]) == 0
    assert "Removed 1 of 2 snapshots." in capsys.readouterr().err
    assert main(["prune", "--db", str(db), "--keep", "1"]) == 0
    assert "Removed 0 of 1 snapshot." in capsys.readouterr().err
    assert numbers(db) == [3]
    assert count(db) == 9
    assert {p.relative_to(db).as_posix() for p in (db / "parts").iterdir()} == read_snapshot(db).names()


def test_what_a_correction_replaced_goes_with_its_snapshot(db, tmp_path):
    folder = write(
        tmp_path / "correction", {"processing_events.csv": events(1)["processing_events.csv"].replace("S1", "S9")}
    )
    load(db, [folder], policy(), replacing=True)
    prune(db, keep=1)
    assert count(db) == 9
    with open_workbench(db, "2026Q3") as wb:
        found = wb.con.execute("SELECT subject_id FROM core.processing_events WHERE event_id = 'E1-1'").fetchall()
    assert found == [("S9",)]


def test_the_policy_says_how_many_stay(tmp_path, capsys):
    house = tmp_path / "policy.toml"
    house.write_text(POLICY.read_text() + "\n[database]\nkeep_snapshots = 2\n")
    for number in (1, 2, 3):
        source = write(tmp_path / f"load-{number}", events(number))
        assert main(["load", str(source), "--db", str(tmp_path / "db"), "--policy", str(house), "--quiet"]) == 0
    assert main(["prune", "--db", str(tmp_path / "db"), "--quiet"]) == 0
    assert numbers(tmp_path / "db") == [2, 3]
    house.write_text(POLICY.read_text() + "\n[database]\nkeep_snapshots = 0\n")
    with pytest.raises(AuditError, match=r"policy.toml:\d+: database.keep_snapshots: too few"):
        load_policy(house, load_law())


def test_all_that_a_policy_is_read_from_is_kept_with_the_data(tmp_path):
    folder = shutil.copytree(shipped("mira"), tmp_path / "house", ignore=shutil.ignore_patterns("*.csv"))
    (folder / "words.en.toml").write_text('newsletter = "the newsletter"\n')
    house = load_policy((folder / "policy.toml").rename(folder / "house.toml"), load_law())
    load(tmp_path / "db", [write(tmp_path / "load-1", events(1))], house)
    kept = load_policy(read_snapshot(tmp_path / "db").policy_file, load_law())
    assert set(kept.words) == {"en", "sv"}
    assert kept.sha256.pop("policy.toml") == house.sha256.pop("house.toml")
    assert kept.sha256 == house.sha256


@pytest.mark.slow
def test_ten_readers_see_whole_states_while_others_load_and_prune(tmp_path):
    db, _ = loaded(tmp_path, events(1, ROWS))
    done = tmp_path / "done"
    script = READ.replace("{rows}", str(ROWS))
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(db), str(done)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(READERS)
    ]
    first = [r.stdout.readline() for r in readers]
    assert first == ["1\n"] * READERS, readers[
        0
    ].stderr.read()  # each has read the first state before the next is loaded
    for number in range(2, LOADS + 1):
        add(db, tmp_path, number, ROWS)
        prune(db, keep=1)
    done.touch()
    outputs = [r.communicate(timeout=60) for r in readers]
    assert [err for _, err in outputs if err] == []
    assert [r.returncode for r in readers] == [0] * READERS
    assert count(db) == LOADS * ROWS
    prune(db, keep=1)
    assert numbers(db) == [LOADS]


def modes(db: Path) -> set[tuple[bool, int]]:
    return {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in (db, *db.rglob("*"))}


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_a_database_is_for_its_owner_alone(tmp_path, umask):
    before = os.umask(umask)
    try:
        rows = HEADER + "E1,soon,use,crm,S1\nE2,2026-06-01T09:00:00Z,use,crm,S1\n\nE2,2026-06-01T09:00:00Z,use,crm,S1\n"
        db, _ = loaded(
            tmp_path,
            {"processing_events.csv": rows, "consents.csv": CONSENTS},
        )
        with open_workbench(db, "2026Q3") as wb:
            wb.check_all()
    finally:
        os.umask(before)
    assert any((db / "results").iterdir())
    assert modes(db) == {(True, 0o700), (False, 0o600), (False, 0o400)}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"accepted": 3', '"accepted": 300', "its manifest was changed"),
        ('"parts/', '"../parts/', "its manifest was changed"),
        ('"sha256": "', '"sha256": "0', "its manifest was changed"),
        ('"format": 2', '"format": 1', "another version"),
        ('"parts": [', '"parts": {', "cannot be read"),
    ],
)
def test_a_manifest_that_was_changed_shows(db, old, new, said):
    path = db / "snapshots" / "000003.json"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(AuditError, match=said):
        count(db)
    assert count(db, 2) == 6


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2'])
def test_nothing_is_loaded_beside_an_older_state_that_cannot_be_read(db, tmp_path, text):
    (db / "snapshots" / "000001.json").write_text(text)
    before = sorted(db.rglob("*"))
    with pytest.raises(AuditError, match="cannot be read"):
        add(db, tmp_path, 4)
    assert sorted(db.rglob("*")) == before
    assert count(db) == 9


def test_a_manifest_names_its_own_files_only(db, tmp_path):
    from dataclasses import replace

    from audit.snapshot import manifest

    elsewhere = replace(read_snapshot(db), derived={"consent_intervals": "../elsewhere.parquet"})
    (db / "snapshots" / "000003.json").write_text(manifest(elsewhere))
    with pytest.raises(AuditError, match="not its own"):
        count(db)


def test_what_stands_in_open_sql_runs_nothing_of_ours(db):
    (db / "open.sql").write_text("COPY (SELECT 1) TO 'stolen.csv';")
    assert count(db) == 9
    assert not (db / "stolen.csv").exists()


def test_a_folder_of_other_things_does_not_become_a_database(tmp_path):
    """A load clears what no state names out of the database's folders: these might be somebody's."""
    source = write(tmp_path / "source", {"requests.csv": "request_id,kind,received_at\n"})
    other = write(tmp_path / "project", {"parts/drawing.txt": "mine", "house/plan/a.txt": "mine"})
    for place in (other, source):
        before = sorted(place.rglob("*"))
        with pytest.raises(AuditError, match="other things in it") as refused:
            load(place, [source], policy())
        assert "--db" in str(refused.value)
        assert sorted(place.rglob("*")) == before
    (tmp_path / "empty").mkdir()
    load(tmp_path / "empty", [source], policy())
    shutil.rmtree(tmp_path / "empty" / "snapshots")  # as a load leaves it that was killed before it was done
    (tmp_path / "empty" / "CURRENT").unlink()
    load(tmp_path / "empty", [source], policy())
