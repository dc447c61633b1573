"""Exports of named systems in a source folder: loaded in one go, accounted for, and traced to the export's own line."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import pytest

from audit.errors import AuditError
from audit.pseudonyms import Pseudonyms
from audit.run import open_workbench
from audit.snapshot import read_snapshot
from audit.sources import systems
from audit.sources.load import LoadReport, load
from tests.functional.houses import policy, write
from tests.functional.made_system import MADE

KEY, OTHER = Pseudonyms(b"k" * 32), Pseudonyms(b"o" * 32)
SOURCES = '[[source]]\nsystem = "made"\nfiles = ["made/*.txt"]\n'
# Line 3 and 6 give no row, line 4 is empty, line 7 has a day that does not exist.
JULY = (
    "person;1;anna@example.com;;;;2026-07-01\n"
    "person;2;;Bo Ek;;;2026-07-02\n"
    "note;3;;;;;\n"
    "\n"
    "event;1;anna@example.com;;;;2026-07-03T09:00:00Z\n"
    "person;4;;;;;2026-07-04\n"
    "person;5;eva@example.com;;;;2026-02-30\n"
    "person;6;bo@example.com;;;;2026-07-06\n"
)
COUNTS = ("read", "accepted", "duplicate", "rejected")


@pytest.fixture(autouse=True)
def made(monkeypatch):
    monkeypatch.setitem(systems.SYSTEMS, "made", MADE)


def loaded(tmp_path: Path, files: dict[str, str], key: Pseudonyms = KEY, **options: bool) -> tuple[Path, LoadReport]:
    db = tmp_path / "db"
    return db, load(db, [write(tmp_path / "source", files)], policy(), pseudonyms=key, **options)


def rows(db: Path, sql: str) -> list[tuple[object, ...]]:
    with open_workbench(db, "2026Q3") as wb:
        return wb.con.execute(sql).fetchall()


def test_an_export_is_loaded_and_every_record_is_accounted_for(tmp_path):
    db, report = loaded(tmp_path, {"sources.toml": SOURCES, "made/july.txt": JULY})
    assert {t["table"]: tuple(t[c] for c in COUNTS) for t in report.tables} == {
        "subjects": (5, 3, 0, 2),
        "identities": (4, 4, 0, 0),
        "consents": (4, 3, 0, 1),
        "processing_events": (1, 1, 0, 0),
    }
    assert "made/july.txt: set aside, as no table takes them: 1 note" in report.messages
    (export,) = read_snapshot(db).exports
    assert export["read"] == 15
    assert (export["rows"]["subjects"], export["refused"], export["aside"]) == (4, {"subjects": 1}, {"note": 1})


def test_refused_records_keep_file_line_column_and_reason(tmp_path):
    db, _ = loaded(tmp_path, {"sources.toml": SOURCES, "made/july.txt": JULY})
    assert rows(db, "SELECT table_name, file, line, column_name, reason FROM raw.rejected_rows ORDER BY 3, 1") == [
        ("subjects", "made/july.txt", 6, "email", "missing"),
        ("consents", "made/july.txt", 7, "effective_at", "unparsable"),
        ("subjects", "made/july.txt", 7, "registered_on", "unparsable"),
    ]
    ((kept,),) = rows(db, "SELECT row_text FROM raw.rejected_rows WHERE line = 6")
    assert kept == f'{{"id": "{KEY.external("made", "4")}"}}'


def test_rows_are_traced_to_the_line_of_the_export(tmp_path):
    db, _ = loaded(tmp_path, {"sources.toml": SOURCES, "made/july.txt": JULY})
    from audit.evidence import located

    found = rows(db, f"SELECT consent_id, source_file, source_line FROM ({located('SELECT * FROM core.consents')})")
    assert sorted(found) == [(f"made-{n}", "made/july.txt", n) for n in (1, 2, 8)]
    found = rows(db, f"SELECT source_line FROM ({located('SELECT * FROM core.processing_events')})")
    assert found == [(5,)]


def test_a_person_has_one_subject_id_through_identities(tmp_path):
    db, _ = loaded(tmp_path, {"sources.toml": SOURCES, "made/july.txt": JULY})
    assert rows(db, "SELECT subject_id FROM core.processing_events") == [(KEY.email("anna@example.com"),)]


def test_the_same_export_again_changes_nothing(tmp_path):
    files = {"sources.toml": SOURCES, "made/july.txt": JULY}
    db, _ = loaded(tmp_path, files)
    before = read_snapshot(db)
    db, report = loaded(tmp_path, files)
    assert report.unchanged
    assert read_snapshot(db) == before


def test_a_further_export_adds_its_rows_and_leaves_the_others(tmp_path):
    files = {"sources.toml": SOURCES, "made/july.txt": JULY}
    loaded(tmp_path, files)
    files["made/august.txt"] = "person;7;dan@example.com;;;;2026-08-01\n" + JULY.splitlines()[0] + "\n"
    db, report = loaded(tmp_path, files)
    # The first line of July again, as a second file: the same person and identity, and a consent of its own line.
    assert {t["table"]: tuple(t[c] for c in COUNTS) for t in report.tables} == {
        "subjects": (2, 1, 1, 0),
        "identities": (2, 1, 1, 0),
        "consents": (2, 0, 0, 2),
    }
    assert rows(db, "SELECT count(*) FROM core.subjects") == [(4,)]


def test_an_export_of_nothing_but_what_is_set_aside_is_loaded_once(tmp_path):
    files = {"sources.toml": SOURCES, "made/notes.txt": "note;1;;;;;\nnote;2;;;;;\n"}
    db, report = loaded(tmp_path, files)
    assert (report.tables, read_snapshot(db).exports[0]["aside"]) == ([], {"note": 2})
    assert loaded(tmp_path, files)[1].unchanged


def test_another_mapping_is_noticed(tmp_path):
    files = {"sources.toml": SOURCES, "made/july.txt": JULY}
    loaded(tmp_path, files)
    db, report = loaded(tmp_path, files | {"sources.toml": SOURCES + 'purpose = "events"\n'})
    assert "made/july.txt (subjects): loaded already, nothing to do" in report.messages
    assert any("(consents): loaded before and read in another way" in m for m in report.messages)
    assert [tuple(t[c] for c in COUNTS) for t in report.tables] == [(4, 0, 0, 4)]
    assert rows(db, "SELECT DISTINCT purpose FROM core.consents") == [("marketing",)]


def test_another_mapping_replaces_where_that_is_asked_for(tmp_path):
    files = {"sources.toml": SOURCES, "made/july.txt": JULY}
    loaded(tmp_path, files)
    changed = files | {"sources.toml": SOURCES + 'purpose = "events"\n'}
    loaded(tmp_path, changed)
    db, _ = loaded(tmp_path, changed, replacing=True)
    assert rows(db, "SELECT DISTINCT purpose FROM core.consents") == [("events",)]


def test_a_file_that_the_settings_name_belongs_to_the_mapping(tmp_path):
    files = {"sources.toml": SOURCES + 'purpose = "words.txt"\n', "made/july.txt": JULY, "words.txt": "a"}
    loaded(tmp_path, files)
    assert loaded(tmp_path, files)[1].unchanged
    assert not loaded(tmp_path, files | {"words.txt": "b"})[1].unchanged


def test_the_mapping_is_part_of_what_was_loaded(tmp_path):
    files = {"sources.toml": SOURCES, "made/july.txt": JULY}
    one, _ = loaded(tmp_path / "one", files)
    other, _ = loaded(tmp_path / "other", files | {"sources.toml": SOURCES + 'purpose = "events"\n'})
    again, _ = loaded(tmp_path / "again", files)
    assert read_snapshot(one).content == read_snapshot(again).content != read_snapshot(other).content


def test_the_sources_file_itself_is_no_export(tmp_path):
    loaded(tmp_path, {"sources.toml": SOURCES.replace("made/*.txt", "*"), "july.txt": JULY})
    assert [export["path"] for export in read_snapshot(tmp_path / "db").exports] == ["july.txt"]


@pytest.mark.parametrize("text", [JULY, "note;1;;;;;\n"])
def test_an_export_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch, text):
    def rows(exports, context, options):
        yield from MADE.rows(exports, context, options)
        with exports[0].path.open("a") as file:
            file.write("note;9;;;;;\n")

    monkeypatch.setitem(systems.SYSTEMS, "made", replace(MADE, rows=rows))
    with pytest.raises(AuditError, match=r"made/july.txt: .*changed while it was read"):
        loaded(tmp_path, {"sources.toml": SOURCES, "made/july.txt": text})
    assert not (tmp_path / "db" / "CURRENT").exists()


def test_many_exports_need_few_open_files(tmp_path):
    files = {f"made/{n}.txt": JULY.replace(";2026-07-0", f";2026-07-{n:02}T00:00:0") for n in range(1, 29)}
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (150, hard))
    try:
        db, _ = loaded(tmp_path, {"sources.toml": SOURCES} | files)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(read_snapshot(db).exports) == len(files)


def test_what_a_killed_load_would_leave_is_where_the_next_one_clears(tmp_path, monkeypatch):
    files, found = {"sources.toml": SOURCES, "made/july.txt": JULY}, []

    def rows(exports, context, options):
        yield from MADE.rows(exports, context, options)
        found.extend((tmp_path / "db").rglob("*-rows.csv"))

    monkeypatch.setitem(systems.SYSTEMS, "made", replace(MADE, rows=rows))
    db, _ = loaded(tmp_path, files)
    assert len(found) == 4
    assert all(path.is_relative_to(db / "parts") for path in found)
    left = db / "parts" / "tmp-killed" / "exports-0" / "0-subjects-rows.csv"
    left.parent.mkdir(parents=True)
    left.touch()
    loaded(tmp_path, files)
    assert not list(db.rglob("*.csv"))


def test_another_key_is_refused_and_the_database_stays(tmp_path):
    files = {"sources.toml": SOURCES, "made/july.txt": JULY}
    db, _ = loaded(tmp_path, files)
    before = read_snapshot(db)
    with pytest.raises(AuditError, match=f"expected key {KEY.key_id}. Name its key file with --keys"):
        loaded(tmp_path, files, OTHER)
    assert read_snapshot(db) == before


def test_exports_and_tables_stand_in_one_folder(tmp_path):
    # A file of the sources.toml is no table, whatever it is called.
    files = {
        "sources.toml": SOURCES.replace("made/*.txt", "consents-made.csv"),
        "consents-made.csv": JULY,
        "contracts.csv": "contract_id,client_id,contract_start\nK1,C1,2025-01-01\n",
    }
    _, report = loaded(tmp_path, files)
    assert [t["table"] for t in report.tables] == [
        "contracts",
        "subjects",
        "identities",
        "consents",
        "processing_events",
    ]


def test_a_client_and_a_system_are_those_of_the_sources_file(tmp_path):
    text = SOURCES + 'system_id = "crm"\nclient_id = "C1"\n'
    db, _ = loaded(tmp_path, {"sources.toml": text, "made/july.txt": JULY})
    assert rows(db, "SELECT DISTINCT client_id FROM core.subjects") == [("C1",)]
    assert rows(db, "SELECT DISTINCT system_id FROM core.identities") == [("crm",)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "source: missing key"),
        (
            "[[source]]\nsystem = 'maid'\nfiles = ['made/*.txt']\n",
            "sources.toml:2: source.system: not in the vocabulary",
        ),
        ("[[source]]\nsystem = 'made'\n", "sources.toml:1: source.files: missing key"),
        ("[[source]]\nsystem = 'made'\nfiles = []\n", "sources.toml:3: source.files: empty"),
        (
            "[[source]]\nsystem = 'made'\nfiles = ['made/*.csv']\n",
            "sources.toml:3: source.files: no file matches made/*.csv",
        ),
        (
            "[[source]]\nsystem = 'made'\nfiles = ['../*.txt']\n",
            "sources.toml:3: source.files: leads out of the folder",
        ),
        (
            "[[source]]\nsystem = 'made'\nfiles = ['/made/a.txt']\n",
            "sources.toml:3: source.files: leads out of the folder",
        ),
        ("[[source]]\nsystem = 'made'\nfiles = ['made/**x']\n", "sources.toml:3: source.files: not a pattern"),
        ("[[source]]\nsystem = 'made'\nfiles = ['./']\n", "sources.toml:3: source.files: not a pattern"),
        (SOURCES + "colour = 'red'\n", "sources.toml:4: source.colour: unknown key"),
        (SOURCES + "\n[source.words]\ngiven = 'given'\nred = 1\n", "sources.toml:7: source.words.red: unknown key"),
        (SOURCES + SOURCES + "client_id = 7\n", "sources.toml:7: source.client_id: wrong type"),
    ],
)
def test_a_mistake_in_the_sources_file_is_told_with_its_line(tmp_path, text, said):
    with pytest.raises(AuditError) as error:
        loaded(tmp_path, {"sources.toml": text, "made/july.txt": JULY})
    assert said in str(error.value)
    assert not (tmp_path / "db" / "CURRENT").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (JULY.encode() + b"person;9;\xe5sa@example.com;;;;\n", "made/july.txt:9: not utf-8 text"),
        (b"person;1;a@example.com;;;;2026-07-01\n\xc3", "made/july.txt:2: not utf-8 text"),
    ],
)
def test_an_export_that_is_no_text_is_refused_with_its_line(tmp_path, content, said):
    with pytest.raises(AuditError) as error:
        loaded(tmp_path, {"sources.toml": SOURCES, "made/a.txt": "note;1;;;;;\n", "made/july.txt": content})
    assert said in str(error.value)
    assert not (tmp_path / "db" / "CURRENT").exists()


@pytest.mark.parametrize("name", ["made/july.txt.gz", "made/july.txt.zst"])
def test_an_export_that_is_not_packed_as_its_name_says_is_refused(tmp_path, name):
    sources = SOURCES.replace("*.txt", "*")
    with pytest.raises(AuditError, match=f"{name}: cannot be read: it is cut off, or is not what its name says"):
        loaded(tmp_path, {"sources.toml": sources, "made/a.txt": "note;1;;;;;\n", name: JULY})


def test_a_record_too_long_for_the_engine_is_refused_alone(tmp_path):
    text = JULY + "event;" + "9" * 10 + ";x@example.com;;;;" + "2" * 3_000_000 + "\n" + JULY.splitlines()[0] + "\n"
    db, report = loaded(tmp_path, {"sources.toml": SOURCES, "made/july.txt": text})
    assert rows(
        db, "SELECT line, column_name, reason FROM raw.rejected_rows WHERE table_name = 'processing_events'"
    ) == [(9, "occurred_at", "malformed")]
    assert next(t for t in report.tables if t["table"] == "consents")["read"] == 5


@pytest.mark.parametrize("odd", ['with "quotes", commas', "a\0b", "\ud83d", "[x", "a;b", "  spaces  ", "x\x1e\x85y"])
def test_odd_characters_of_an_export_break_nothing(tmp_path, odd, monkeypatch):
    from audit.sources.systems.export import Row, System

    def give(exports, context, options):
        for line in (1, 2, 3):
            lists = {"modules": [odd, "last"] if line == 2 else ["one"], "client_name": odd if line == 2 else "x"}
            known = {"contract_id": f"K{line}", "client_id": "C", "contract_start": "2026-01-01"}
            yield Row(exports[0], line, "contracts", known | lists)

    monkeypatch.setitem(systems.SYSTEMS, "made", System("made", "", (".txt",), lambda _: None, give))
    db, report = loaded(tmp_path, {"sources.toml": SOURCES, "made/july.txt": "x\n"})
    assert [tuple(t[c] for c in COUNTS) for t in report.tables] == [(3, 3, 0, 0)]
    ((modules, name),) = rows(db, "SELECT modules, client_name FROM core.contracts WHERE contract_id = 'K2'")
    written = odd.encode("utf-8", "replace").decode()
    assert (modules, name) == ([written.strip(), "last"], written)
