"""Refused rows are listed without their values, exported for their owner alone, and load once they are mended."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import openpyxl
import pytest

from audit.cli import main
from audit.run import open_workbench
from audit.snapshot import read_snapshot
from audit.sources.load import load
from audit.sources.rejected import Rejected
from audit.sources.typed import REASONS
from tests.functional.houses import POLICY, loaded, policy, write

GOOD = "consent_id,subject_id,purpose,status,effective_at,expires_at\nC1,S1,newsletter,given,2026-01-01T09:00Z,\n"
BAD = (
    "C2,secret-2,newsletter,perhaps,2026-01-01T09:00Z,\n"  # line 3
    "C3,secret-3,newsletter,given,someday,\n"
    ",secret-4,newsletter,given,2026-01-01T09:00Z,\n"
    "C1,secret-5,newsletter,given,2026-01-01T09:00Z,\n"
    "C6,secret-6\n"
    "C7,secret-7,newsletter,given,2026-01-02T09:00Z,2026-01-01T09:00Z\n"
)
INCIDENTS = [
    {"incident_id": "I1", "detected_at": "soon", "breach_types": ["integrity", "availability"]},
    {"incident_id": "I2", "detected_at": "2026-07-01", "subjects_affected": "many"},
    {"incident_id": "I3", "detected_at": "2026-07-04"},
]
FIRST = '{"incident_id": "I3", "detected_at": "2026-07-03"}\n'

REFUSED = 6


def mend(row: dict[str, str]) -> dict[str, str]:
    if row["rejected_text"]:
        names = GOOD.splitlines()[0].split(",")
        row |= dict(zip(names, [*row["rejected_text"].split(","), "newsletter", "given", "2026-01-01"], strict=False))
    broken = row["rejected_column"]
    mended = {
        "status": "given",
        "effective_at": "2026-01-01",
        "expires_at": "",
        "consent_id": f"N{row['rejected_line']}",
    }
    return row | ({broken: mended[broken]} if broken in mended else {})


def check_accounts(db: Path) -> None:
    assert all(f["read"] == f["accepted"] + f["duplicate"] + f["rejected"] for f in read_snapshot(db).files)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    db, report = loaded(tmp_path, {"consents.csv": GOOD + BAD})
    assert report.tables[0]["rejected"] == REFUSED
    check_accounts(db)
    return db


def test_a_mended_export_loads(db, tmp_path, capsys):
    out = write(tmp_path / "mended", {"policy.toml": POLICY.read_text()}) / "consents-mended.csv"
    assert main(["rejected", "--db", str(db), "--out", str(out)]) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["rejected_line"], r["rejected_column"], r["rejected_reason"]) for r in rows] == [
        ("3", "status", "not_in_vocabulary"),
        ("4", "effective_at", "unparsable"),
        ("5", "consent_id", "missing"),
        ("6", "consent_id", "duplicate_key"),
        ("7", "", "malformed"),
        ("8", "expires_at", "end_before_start"),
    ]
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(map(mend, rows))
    report = load(db, [out.parent], policy())
    capsys.readouterr()
    assert main(["rejected", "--db", str(db)]) == 0
    assert "mended and loaded since stays here" in capsys.readouterr().out
    assert (report.tables[0]["accepted"], report.tables[0]["rejected"]) == (REFUSED, 0)
    assert report.messages == []  # the columns in which the export says why are nobody's mistake
    check_accounts(db)
    with open_workbench(db, "2026Q3") as wb:
        found = wb.con.execute("SELECT count(DISTINCT subject_id) FROM core.consents").fetchall()
    assert found == [(REFUSED + 1,)]


def test_an_export_that_is_not_mended_is_refused_again(db, tmp_path):
    out = write(tmp_path / "mended", {}) / "consents-mended.jsonl"
    assert main(["rejected", "--db", str(db), "--out", str(out), "--quiet"]) == 0
    assert load(db, [out.parent], policy()).tables[0]["rejected"] == REFUSED


def test_lists_and_other_forms_survive(tmp_path):
    lines = FIRST + "".join(json.dumps(row) + "\n" for row in INCIDENTS) + "{oops\n"
    db, _ = loaded(tmp_path, {"incidents.jsonl": lines})
    out = write(tmp_path / "mended", {}) / "incidents.csv"
    assert main(["rejected", "--db", str(db), "--out", str(out), "--quiet"]) == 0
    text = out.read_text().replace("soon", "2026-07-02T10:00").replace("many", "9").replace("I3", "I4")
    out.write_text("".join(line for line in text.splitlines(keepends=True) if "{oops" not in line))
    assert load(db, [out.parent], policy()).tables[0]["accepted"] == len(INCIDENTS)
    with open_workbench(db, "2026Q3") as wb:
        found = wb.con.execute(
            "SELECT breach_types, subjects_affected, detected_at_is_date FROM core.incidents ORDER BY incident_id"
        ).fetchall()
    assert found == [
        (["integrity", "availability"], None, False),
        (None, 9, True),
        (None, None, True),
        (None, None, True),
    ]


def test_the_list_says_where_why_and_how_without_a_value(db, capsys):
    assert main(["rejected", "--db", str(db)]) == 0
    shown = capsys.readouterr()
    assert "consents.csv:3" in shown.out
    assert "given, withdrawn, refused" in shown.out
    assert "--replace" in shown.out
    assert "secret" not in shown.out + shown.err
    assert "audit rejected --table consents --out" in shown.err


def test_an_export_is_for_its_owner_and_runs_no_formula(tmp_path, capsys):
    db, _ = loaded(tmp_path, {"consents.csv": GOOD + "=1+1,+S,@x,given,-5,\n"})
    out = tmp_path / "out.csv"
    out.write_text("old")
    umask = os.umask(0)
    try:
        assert main(["rejected", "--db", str(db), "--out", str(out)]) == 0
    finally:
        os.umask(umask)
    assert out.stat().st_mode & 0o777 == 0o600
    (row,) = csv.DictReader(out.read_text().splitlines())
    assert (row["consent_id"], row["purpose"], row["effective_at"]) == ("'=1+1", "'@x", "'-5")
    assert "apostrophe keeps 4 cells" in capsys.readouterr().err


IDS = ("=1+1", "'=1+1", "''@x", "'s-1", "-", "'", "+4\n6")


@pytest.mark.parametrize("is_workbook", [False, True])
def test_a_mended_file_loads_what_stood_there_before_it_was_defused(tmp_path, is_workbook):
    """Loaded as it stands it is refused as before, value by value; an apostrophe of the value's own stays."""
    rows = "".join(f'"{value}",Name,sold\n' for value in IDS)
    header = "recipient_id,name,kind\n"
    db, _ = loaded(tmp_path, {"recipients.csv": header + rows})
    out = write(tmp_path / "mended", {}) / "recipients.csv"
    for _ in range(2):
        assert main(["rejected", "--db", str(db), "--table", "recipients", "--out", str(out)]) == 0
        shutil.rmtree(db)
        load(db, [out.parent], policy())
    out.write_text(out.read_text().replace("sold", "processor"))
    if is_workbook:
        book = openpyxl.Workbook()
        for row in csv.reader(out.read_text().splitlines(keepends=True)):
            book.active.append(row)
            for cell in book.active[book.active.max_row]:
                cell.data_type = "s"  # text, as a spreadsheet keeps what began with an apostrophe
        book.save(out.with_suffix(".xlsx"))
        out.unlink()
    load(db, [out.parent], policy())
    with open_workbench(db, "2026Q3") as wb:
        found = wb.con.execute("SELECT recipient_id FROM core.recipients ORDER BY source_row").fetchall()
    assert found == [(value,) for value in IDS]


def test_a_value_of_a_list_is_not_taken_apart_while_it_is_mended(tmp_path):
    activity = {"activity_id": "A1", "role": "sold", "name": "Mail", "systems": ["crm; old", None, "mail", True]}
    db, _ = loaded(tmp_path, {"processing_activities.jsonl": json.dumps(activity)})
    out = write(tmp_path / "mended", {}) / "processing_activities.csv"
    assert main(["rejected", "--db", str(db), "--out", str(out)]) == 0
    out.write_text(out.read_text().replace("sold", "controller"))
    load(db, [out.parent], policy())
    with open_workbench(db, "2026Q3") as wb:
        found = wb.con.execute("SELECT systems FROM core.processing_activities").fetchall()
    assert found == [(["crm; old", "mail", "true"],)]


def test_an_apostrophe_in_any_other_file_is_a_letter(tmp_path):
    db, _ = loaded(tmp_path, {"recipients.csv": "recipient_id,name,rejected_reason\n'=1+1,Name,none\n"})
    with open_workbench(db, "2026Q3") as wb:
        assert wb.con.execute("SELECT recipient_id FROM core.recipients").fetchall() == [("'=1+1",)]


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--table", "shoes"), "no such table", 2),
        (("--out", "x.txt", "--table", "consents"), "a file ending in .csv or .jsonl", 2),
        (("--out", "x.csv"), "--table, one of consents, requests", 2),
        (("--out", "missing/x.csv", "--table", "requests"), "cannot be written", 3),
    ],
)
def test_wrong_words(tmp_path, monkeypatch, capsys, words, said, code):  # noqa: PLR0917
    monkeypatch.chdir(tmp_path)
    loaded(tmp_path, {"consents.csv": GOOD + BAD, "requests.csv": "request_id,kind,received_at\nR1,x,y\n"})
    assert main(["rejected", "--db", "db", *words]) == code
    assert said in capsys.readouterr().err


def test_nothing_refused_is_said(tmp_path, capsys):
    db, _ = loaded(tmp_path, {"consents.csv": GOOD})
    assert main(["rejected", "--db", str(db)]) == 0
    assert capsys.readouterr().out == "No row was rejected.\n"


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_says_how_to_mend_it(reason):
    assert Rejected("subjects", "subjects.csv", 2, "registered_on", reason).fix.endswith(".")
