"""What was given out stays on record: never overwritten, and there after its snapshot was removed."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from audit.cli import main
from audit.errors import AuditError
from audit.register import runs
from audit.run import open_workbench
from audit.sources.load import load
from audit.storage import prune
from tests.functional.houses import loaded, policy, write

HEADER = "request_id,kind,received_at,answered_at,outcome\n"
LATE = HEADER + "R1,access,2026-04-02,2026-06-20,fulfilled\nR2,access,2026-04-03,2026-04-20,fulfilled\n"
MENDED = HEADER + "R1,access,2026-04-02,2026-04-20,fulfilled\n"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return loaded(tmp_path, {"requests.csv": LATE})[0]


def check(db: Path, *words: str) -> int:
    return main(["check", "--db", str(db), "--period", "2026Q2", "--json", *words])


def test_a_run_is_written_down_once(db):
    assert [check(db), check(db)] == [1, 1]
    (run,) = runs(db)
    assert (run.kind, run.period, run.snapshot, run.client_id) == ("check", "2026Q2", 1, None)
    assert {c.outcome: c.n for c in run.counts("request_deadlines") or ()} == {"compliant": 1, "violation": 1}
    assert run.counts("retention") is None
    check(db, "--as-of", "2026-05-20")
    assert [r.as_of[:10] for r in runs(db)] == ["2026-07-01", "2026-05-20"]


def test_what_was_found_is_there_after_its_snapshot_is_gone(db, tmp_path, capsys):
    check(db)
    load(db, [write(tmp_path / "mended", {"requests.csv": MENDED})], policy(), replacing=True)
    check(db)
    assert prune(db, keep=1) == ([1], [])
    first, second = runs(db)
    assert [{c.outcome for c in r.counts("request_deadlines")} for r in (first, second)] == [
        {"compliant", "violation"},
        {"compliant"},
    ]
    with open_workbench(db, "2026Q2") as wb:
        (row,) = wb.con.execute(f"SELECT finding_id, reason FROM {first.findings(db, 'request_deadlines')}").fetchall()
    assert row[1] == "late"
    capsys.readouterr()
    assert main(["evidence", row[0], "--db", str(db)]) == 0


def test_another_version_of_a_check_does_not_take_an_answers_place(db):
    with open_workbench(db, "2026Q2") as wb:
        wb.check_all(["request_deadlines"])
        kept = sorted(p.name for p in (db / "results").rglob("*.parquet"))
        changed = replace(wb.catalog["request_deadlines"], sha256="0" * 64)
        wb.catalog = dict(wb.catalog) | {changed.name: changed}
        wb.check_all(["request_deadlines"])
    assert len(kept) == 1
    assert set(kept) < {p.name for p in (db / "results").rglob("*.parquet")}


def test_a_record_is_for_its_owner_alone_and_shows_a_change(db):
    check(db)
    (path,) = (db / "runs").iterdir()
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path.parent, path)] == [0o700, 0o600]
    text = path.read_text()
    assert json.loads(text)["manifest"]["inputs"][0]["path"].endswith("requests.csv")
    for changed, said in ((text.replace('"n": 1', '"n": 2'), "was changed"), ("{", "cannot be read")):
        path.write_text(changed)
        with pytest.raises(AuditError, match=said):
            runs(db)
