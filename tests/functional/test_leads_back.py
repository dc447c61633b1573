"""Nothing in a database or in any output leads back to a person without the key."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from audit.cli import main
from audit.keyring import read_keys
from audit.run import open_workbench
from audit.sources import systems
from tests.functional.made_system import MADE
from tests.functional.planted import spellings, traces, written

PLANTED = [
    "Anna.Svensson@Example.com",
    "anna.svensson",
    "bo.ek@example.org",
    "Bo Östman-Ek",
    "+46 70 123 45 67",
    "19811218-9876",
    "811218-9876",
    "KUND-4711",
    "eva@example.net",
]
# Good rows, refused ones, one set aside, and identifiers in columns where nobody expects them.
EXPORT = """\
person;KUND-4711;Anna.Svensson@Example.com;Anna Svensson;+46 70 123 45 67;19811218-9876;2026-07-01
person;2;;Bo Östman-Ek;;;2026-07-02
person;3;;;+46 70 123 45 67;;2026-07-02
person;4;;;;811218-9876;2026-07-02
person;KUND-4711;;;;;2026-07-02
person;5;bo.ek@example.org;Bo Östman-Ek;;;eva@example.net
person;6;bo.ek@example.org;;;;811218-9876
note;KUND-4711;Anna.Svensson@Example.com;;;;
event;KUND-4711;ANNA.SVENSSON@EXAMPLE.COM;;;;2026-07-03T09:00:00Z
event;KUND-4711;anna.svensson@example.com ;;;;2026-07-04T09:00:00Z
"""


@pytest.fixture
def source(tmp_path, monkeypatch) -> Path:
    monkeypatch.setitem(systems.SYSTEMS, "made", MADE)
    monkeypatch.setenv("AUDIT_KEYS", str(tmp_path / "keys.toml"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "crm.txt").write_text(EXPORT)
    (folder / "mail.txt").write_text(EXPORT.splitlines()[0].replace("KUND-4711", "m-1").lower() + "\n")
    (folder / "sources.toml").write_text("".join(
        f'[[source]]\nsystem = "made"\nsystem_id = "{name}"\nfiles = ["{name}.txt"]\n' for name in ("crm", "mail")
    ))  # fmt: skip
    return folder


def run(capsys, *words: str) -> bytes:
    main(words)
    said = capsys.readouterr()
    return (said.out + said.err).encode()


def test_nothing_leads_back_without_the_key(source, tmp_path, capsys):
    db = ("--db", "db")
    texts = {"what load says": run(capsys, "load", "source", *db)}
    check = ("check", *db, "--period", "2026Q3")
    for ending in ("csv", "jsonl", "parquet"):
        texts[f"what check says of {ending}"] = run(capsys, *check, "--findings", f"findings.{ending}")
    texts["what check says"] = run(capsys, *check, "--json")
    texts["what rejected says"] = run(capsys, "rejected", *db)
    texts["what import says"] = run(capsys, "import", "made", "source/crm.txt", "--out", "out")
    for table in ("subjects", "consents"):
        run(capsys, "rejected", *db, "--table", table, "--out", f"out/mend-{table}.csv")
        assert Path("out", f"mend-{table}.csv").is_file()
    with Path("findings.csv").open(newline="") as file:
        findings = [row["finding_id"] for row in csv.DictReader(file)]
    assert findings
    texts["what evidence says"] = b"".join(run(capsys, "evidence", finding, *db, *check[3:]) for finding in findings)
    assert b"crm.txt" in texts["what evidence says"]
    texts |= written(Path("db")) | written(Path("out")) | {p.name: p.read_bytes() for p in Path().glob("findings.*")}
    assert len(texts) > 20
    assert traces(PLANTED, texts) == []


@pytest.mark.parametrize(
    "broken",
    [
        EXPORT.encode() + "person;9;eva@example.net;Bo Östman-Ek;;;\n".encode("latin-1"),
        EXPORT.encode() + b"person;9;eva@example.net;Bo \xff;;;\n",
    ],
)
def test_no_message_about_a_broken_export_leads_back(source, capsys, broken):
    (source / "crm.txt").write_bytes(broken)
    said = run(capsys, "load", "source", "--db", "db") + run(capsys, "import", "made", "source/crm.txt", "--out", "out")
    assert b"crm.txt:11: not utf-8 text" in said
    assert traces(PLANTED, {"what is said": said} | written(Path("db"))) == []


def test_a_person_of_two_systems_has_one_subject_id(source, capsys):
    run(capsys, "load", "source", "--db", "db")
    pseudonyms = read_keys(Path("keys.toml"))[-1].pseudonyms
    anna = pseudonyms.email("anna.svensson@example.com")
    with open_workbench("db", period="2026Q3") as workbench:
        found = workbench.con.execute(
            "SELECT system_id, external_id FROM core.identities WHERE subject_id = ? ORDER BY system_id", [anna]
        ).fetchall()
        assert found == [("crm", pseudonyms.external("crm", "KUND-4711")), ("mail", pseudonyms.external("mail", "m-1"))]
        events = workbench.con.execute("SELECT DISTINCT subject_id FROM core.processing_events").fetchall()
        assert events == [(anna,)]


@pytest.mark.parametrize("identifier", PLANTED)
def test_what_would_lead_back_would_be_found(identifier):
    for what, code in spellings(identifier):
        assert traces([identifier], {"text": b"before " + code + b" after"}), what


def test_the_key_file_is_nowhere_near_the_data(source, capsys):
    run(capsys, "load", "source", "--db", "db")
    secret = read_keys(Path("keys.toml"))[-1].secret
    assert traces([secret.hex()], written(Path("db")) | written(Path("source"))) == []
