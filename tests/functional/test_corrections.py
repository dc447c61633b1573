"""A correction replaces a row by its key where it is marked as one; the old version stays with its load."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cli import main
from audit.run import open_workbench
from audit.snapshot import read_snapshot
from audit.sources.load import LoadReport, load
from tests.functional.houses import POLICY, loaded, policy, write

HEADER = "consent_id,subject_id,purpose,status,effective_at\n"
FIRST = HEADER + (
    "C1,S1,newsletter,given,2026-01-01T09:00Z\n"
    "C2,S2,newsletter,given,2026-01-01T09:00Z\n"
    "C3,S3,newsletter,given,2026-01-01T09:00Z\n"
)
CORRECTION = HEADER + "C2,S2,newsletter,withdrawn,2026-01-01T09:00Z\nC3,S3,newsletter,given,2026-01-01T10:00+01:00\n"


def statuses(db: Path) -> list[tuple[object, ...]]:
    with open_workbench(db, "2026Q3") as wb:
        return wb.con.execute("SELECT consent_id, status FROM core.consents ORDER BY ALL").fetchall()


def intervals(db: Path) -> list[tuple[object, ...]]:
    with open_workbench(db, "2026Q3") as wb:
        return wb.con.execute("SELECT DISTINCT subject_id FROM core.consent_intervals ORDER BY ALL").fetchall()


def counts(report: LoadReport) -> tuple[int, ...]:
    (row,) = report.tables
    return tuple(row[name] for name in ("read", "accepted", "duplicate", "rejected"))


def correct(db: Path, folder: Path, text: str | dict[str, str], *, replacing: bool = True) -> LoadReport:
    files = {"consents.csv": text} if isinstance(text, str) else text
    return load(db, [write(folder, files)], policy(), replacing=replacing)


def test_a_correction_replaces_by_key_only_where_it_is_marked(tmp_path):
    db, _ = loaded(tmp_path, {"consents.csv": FIRST})
    assert counts(correct(db, tmp_path / "a", CORRECTION, replacing=False)) == (2, 0, 1, 1)
    assert ("C2", "given") in statuses(db)
    report = correct(db, tmp_path / "a", CORRECTION)  # the same file again, now as a correction
    assert counts(report) == (2, 1, 1, 0)
    assert report.replaced == [{"table": "consents", "load": 1, "rows": 1}]
    assert statuses(db) == [("C1", "given"), ("C2", "withdrawn"), ("C3", "given")]
    assert correct(db, tmp_path / "a", CORRECTION).unchanged


def test_what_is_derived_follows(tmp_path):
    db, _ = loaded(tmp_path, {"consents.csv": FIRST})
    assert intervals(db) == [("S1",), ("S2",), ("S3",)]
    correct(db, tmp_path / "a", CORRECTION)
    assert intervals(db) == [("S1",), ("S3",)]


def test_an_older_snapshot_keeps_the_old_version(tmp_path):
    db, _ = loaded(tmp_path, {"consents.csv": FIRST})
    with open_workbench(db, "2026Q3") as before:
        correct(db, tmp_path / "a", CORRECTION)
        correct(db, tmp_path / "b", CORRECTION.replace("withdrawn", "refused"))
        assert before.con.execute("SELECT count(*) FROM core.consents WHERE status = 'given'").fetchall() == [(3,)]
    assert ("C2", "refused") in statuses(db)
    assert len(statuses(db)) == 3
    with open_workbench(db, "2026Q3", snapshot=2) as second:
        assert second.con.execute("SELECT status FROM core.consents WHERE consent_id = 'C2'").fetchall() == [
            ("withdrawn",)
        ]


def test_a_version_can_come_back(tmp_path):
    db, _ = loaded(tmp_path, {"consents.csv": FIRST})
    correct(db, tmp_path / "a", CORRECTION)
    correct(db, tmp_path / "b", HEADER + "C2,S2,newsletter,given,2026-01-01T09:00Z\n")
    assert statuses(db) == [("C1", "given"), ("C2", "given"), ("C3", "given")]


def test_of_two_files_the_later_one_counts_and_within_one_a_contradiction_is_refused(tmp_path):
    db, _ = loaded(tmp_path, {"consents.csv": FIRST})
    row = "C2,S2,newsletter,{},2026-01-01T09:00Z\n"
    first, second = HEADER + row.format("withdrawn"), HEADER + row.format("refused") + row.format("given")
    report = correct(db, tmp_path / "a", {"consents-1.csv": first, "consents-2.csv": second})
    assert counts(report) == (3, 2, 0, 1)
    assert report.replaced == [
        {"table": "consents", "load": 1, "rows": 1},
        {"table": "consents", "load": 2, "rows": 1},
    ]
    assert ("C2", "refused") in statuses(db)
    assert len(statuses(db)) == 3
    assert read_snapshot(db).rows("consents") == 3


def test_the_answer_follows_a_correction_and_says_so(tmp_path, capsys):
    events = "event_id,occurred_at,operation,activity_id,subject_id\nE1,2026-07-10T10:00Z,contact,A1,S2\n"
    activities = "activity_id,role,name,purpose,legal_basis\nA1,controller,Newsletter,newsletter,consent\n"
    files = {"consents.csv": FIRST, "processing_events.csv": events, "processing_activities.csv": activities}
    db, _ = loaded(tmp_path, files)
    with open_workbench(db, "2026Q3") as wb:
        before = wb.check_all(["consent_coverage"])
        assert before["consent_coverage"].violation == 0
    folder = write(tmp_path / "a", {"consents.csv": CORRECTION, "policy.toml": POLICY.read_text()})
    assert main(["load", str(folder), "--db", str(db), "--replace"]) == 0
    assert "consents: 1 row of load 1 replaced" in capsys.readouterr().err
    with open_workbench(db, "2026Q3") as wb:
        after = wb.check_all(["consent_coverage"])
        assert after["consent_coverage"].violation == 1
    assert before.manifest != after.manifest
    assert [(f.accepted, f.replaced) for f in after.files if f.table == "consents"] == [(3, 1), (1, 0)]


@pytest.mark.parametrize("replacing", [False, True])
def test_every_row_is_accounted_for(tmp_path, replacing):
    db, _ = loaded(tmp_path, {"consents.csv": FIRST})
    correct(db, tmp_path / "a", CORRECTION + CORRECTION.removeprefix(HEADER) + "C9,,,,\n", replacing=replacing)
    for f in read_snapshot(db).files:
        assert f["read"] == f["accepted"] + f["duplicate"] + f["rejected"]
    assert len(statuses(db)) == read_snapshot(db).rows("consents")


GRANTS = "actor_id,system_id,granted_from,granted_to\n"
OPEN = "U1,crm,2026-01-01,\n"
ENDED = "U1,crm,2026-01-01,2026-03-01\n"


def grants(db: Path) -> list[tuple[object, ...]]:
    with open_workbench(db, "2026Q3") as wb:
        return wb.con.execute(
            "SELECT actor_id, CAST(granted_to AS DATE) :: VARCHAR FROM core.access_grants ORDER BY ALL"
        ).fetchall()


@pytest.mark.parametrize("added_first", [False, True])
def test_a_register_without_a_key_is_corrected_by_what_its_rows_are_about(tmp_path, added_first):
    db, _ = loaded(tmp_path, {"access_grants.csv": f"{GRANTS}{OPEN}U2,crm,2026-01-01,\nU1,crm,2026-05-01,\n"})
    if added_first:
        correct(db, tmp_path / "a", {"access_grants.csv": GRANTS + ENDED}, replacing=False)
        assert grants(db).count(("U1", None)) == 2, "without --replace both stand"
    report = correct(db, tmp_path / "a", {"access_grants.csv": GRANTS + ENDED})
    assert grants(db) == [("U1", "2026-03-01"), ("U1", None), ("U2", None)]
    assert [(r["table"], r["load"]) for r in report.replaced] == [("access_grants", 1)]


def test_a_version_of_a_policy_is_corrected_too(tmp_path):
    header = "document,version,effective_on,reviewed_on\n"
    db, _ = loaded(
        tmp_path, {"policy_versions.csv": f"{header}privacy,1,2018-05-12,2026-05-01\nprivacy,0,2017-05-12,\n"}
    )
    correct(db, tmp_path / "a", {"policy_versions.csv": f"{header}privacy,1,2018-05-21,\n"})
    with open_workbench(db, "2026Q3") as wb:
        found = wb.con.execute(
            "SELECT effective_on::VARCHAR, reviewed_on FROM core.policy_versions ORDER BY ALL"
        ).fetchall()
    assert found == [("2017-05-12", None), ("2018-05-21", None)]
