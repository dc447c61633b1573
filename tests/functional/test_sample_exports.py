"""The sample's systems export what their importers take: what must come of it, and that nothing in it leads back."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from audit.cli import main
from audit.policy import load_policy
from audit.pseudonyms import Pseudonyms
from audit.run import open_workbench
from audit.sample.exports import Filling, write_exports
from audit.sample.plan import Plan, Window
from audit.snapshot import read_snapshot
from audit.sources.files import discover
from audit.sources.load import load
from audit.sources.systems import SYSTEMS
from audit.statutes import load_law
from tests.functional.planted import traces, written
from tests.rules.tree import ROOT

KEY = Pseudonyms(b"k" * 32)
SHIPPED = ROOT / "data" / "mira" / "exports"
PLAN = Plan.load("mira")


def window(start: date = date(2025, 4, 1), end: date = date(2026, 10, 1)) -> Window:
    return Window.of(start, end, PLAN)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def db(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("exports") / "db"
    load(path, [SHIPPED], load_policy(ROOT / "data" / "mira" / "policy.toml", load_law()), pseudonyms=KEY)
    return path


def query(db: Path, sql: str) -> list[tuple[object, ...]]:
    with open_workbench(db, "2026Q3") as workbench:
        return workbench.con.execute(sql).fetchall()


def test_the_shipped_exports_are_what_the_command_writes(tmp_path):
    write_exports(tmp_path, PLAN, window(), seed=2026)
    assert contents(tmp_path) == contents(SHIPPED)
    assert sum(map(len, contents(SHIPPED).values())) < 300_000


def test_another_seed_gives_other_ids_and_days(tmp_path):
    write_exports(tmp_path / "a", PLAN, window(), seed=1)
    write_exports(tmp_path / "b", PLAN, window(), seed=2)
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert a["intercom/contacts.json"] != b["intercom/contacts.json"]
    assert a["sources.toml"] == b["sources.toml"]


def test_a_window_elsewhere_moves_the_days(tmp_path):
    write_exports(tmp_path, PLAN, window(date(2024, 1, 1), date(2024, 7, 1)), seed=2026)
    assert b"#RAR 0 20240101 20241231" in contents(tmp_path)["accounting/vouchers.se"]


def test_every_system_has_its_exports(db):
    assert {export["system"] for export in read_snapshot(db).exports} == set(SYSTEMS)


def test_every_record_is_loaded_refused_or_set_aside(db):
    files_of = read_snapshot(db).files
    assert all(f["read"] == f["accepted"] + f["duplicate"] + f["rejected"] for f in files_of)
    accepted: Counter[str] = Counter()
    for f in files_of:
        accepted[f["table"]] += f["accepted"]
    assert accepted == {
        "subjects": 15,
        "identities": 31,
        "data_records": 39,
        "processing_events": 52,
        "consents": 15,
        "incidents": 4,
        "incident_events": 9,
        "requests": 1,
        "cookie_events": 6,
    }


def test_what_is_refused_is_told_with_the_exports_own_line(db):
    assert query(db, "SELECT file, column_name, reason FROM raw.rejected_rows ORDER BY 1") == [
        ("accounting/vouchers.se", "#TRANS", "unbalanced"),
        ("benefits/enrolments.csv", "employee_email", "missing"),
        ("intercom/deletions.json", "deleted_at", "missing"),
        ("mira_crm/preferences.csv", "email", "unparsable"),
        ("website/inspection.json", "purpose", "missing"),
    ]
    for name, line in query(db, "SELECT file, line FROM raw.rejected_rows"):
        content = (SHIPPED / str(name)).read_bytes().splitlines()[int(str(line)) - 1]
        assert any(
            mark in content
            for mark in (b"#TRANS", b"#VER L 99", b"Bicycle", b'"deleted": true', b"nobody", b"unheard_of")
        )


def test_a_person_is_one_subject_in_every_system(db):
    systems = dict(query(db, "SELECT subject_id, list_sort(list(DISTINCT system_id)) FROM core.identities GROUP BY 1"))
    assert systems[KEY.email("anna.bergstrom@example.com")] == ["intercom", "mira_crm"]
    assert systems[KEY.email("cecilia.strom@example.com")] == ["intercom", "mira_crm", "targetprocess"]
    assert systems[KEY.email("karin.mork@mira.example")] == ["benify", "mazars"]
    ((of_anna,),) = query(
        db,
        "SELECT list_sort(list(DISTINCT system_id)) FROM core.processing_events"
        f" WHERE subject_id = '{KEY.email('anna.bergstrom@example.com')}'",
    )
    assert of_anna == ["intercom", "mira_crm"]


def test_the_exports_agree_with_the_organisations_registers(db):
    own = ROOT / "data" / "mira"

    def ids(name: str) -> set[str]:
        with (own / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return {row[0] for row in csv.reader(file)} | {""}

    for table, column, register in [
        ("processing_events", "system_id", "systems"),
        ("processing_events", "activity_id", "processing_activities"),
        ("processing_events", "recipient_id", "recipients"),
    ]:
        found = {str(value or "") for (value,) in query(db, f"SELECT DISTINCT {column} FROM core.{table}")}
        assert found <= ids(register), (table, column)
    policy = load_policy(own / "policy.toml", load_law())
    held = query(db, "SELECT DISTINCT person_category, data_category FROM core.data_records WHERE client_id IS NULL")
    assert {p for p, _ in held} - {None} <= set(policy.person_categories)
    assert {d for _, d in held} <= set(policy.data_categories)


def test_the_organisations_own_folder_loads_without_them():
    assert not any(source.name.startswith("exports/") for source in discover(ROOT / "data" / "mira"))


@pytest.fixture(scope="module")
def planted() -> set[str]:
    persons = Filling(PLAN, window(), seed=2026).persons
    shipped = b"".join(contents(SHIPPED).values())
    assert all(p["email"].encode() in shipped for p in persons)
    return {p[key] for p in persons for key in ("name", "email", "phone", "number")}


def test_nothing_in_the_database_leads_back_to_the_persons(db, planted):
    assert traces(planted, written(db)) == []


def test_no_output_leads_back_to_the_persons(planted, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AUDIT_KEYS", str(tmp_path / "keys.toml"))
    monkeypatch.chdir(tmp_path)
    words = [["load", str(SHIPPED), "--db", "db"], ["rejected", "--db", "db"]]
    words += [
        ["check", "--db", "db", "--period", "2026Q3", "--findings", f"f.{e}"] for e in ("csv", "jsonl", "parquet")
    ]
    for system in ("accounting", "benefits", "intercom", "mira_crm", "payroll", "recruitment"):
        words += [["import", system, str(SHIPPED / system), "--out", "tables"]]
    codes = [main(line) for line in words]
    assert set(codes) == {0, 1}
    said = capsys.readouterr()
    Path("keys.toml").unlink()
    texts = written(tmp_path) | {"what was said": (said.out + said.err).encode()}
    assert len(texts) > 80
    assert traces(planted, texts) == []


def test_the_templates_are_packaged():
    assert (files("audit") / "samples" / "mira" / "exports" / "sources.toml").is_file()
