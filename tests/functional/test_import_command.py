"""`audit import` writes tables that load, all of them or none, and says what became of every record."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from audit.cli import main
from audit.contract import load_contracts
from audit.errors import AuditError
from audit.keyring import read_keys
from audit.snapshot import read_snapshot
from audit.sources import systems
from audit.sources.systems.export import Row, System
from tests.functional.made_system import MADE
from tests.functional.test_import import JULY


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.setitem(systems.SYSTEMS, "made", MADE)
    monkeypatch.setenv("AUDIT_KEYS", str(tmp_path / "settings" / "keys.toml"))
    monkeypatch.chdir(tmp_path)
    Path("july.txt").write_text(JULY)
    return tmp_path


def test_what_an_import_refused_is_named_when_its_tables_are_loaded(capsys):
    assert main(["import", "made", "july.txt", "--out", "out"]) == 0
    assert main(["load", "out", "--db", "db"]) == 0
    said = capsys.readouterr().err
    assert "rejected-made.csv: records that audit import refused, with their reasons; they are in no table" in said
    assert "left out" not in said
    Path("out/import-made.json").unlink()
    main(["load", "out", "--db", "other"])
    assert "rejected-made.csv: no table has this name; left out" in capsys.readouterr().err


@pytest.mark.parametrize(("system", "key"), [("targetprocess", "nothing says which records"), ("tracker", "case")])
def test_a_system_that_needs_settings_says_where_they_go(system, key, capsys):
    assert main(["import", system, "july.txt", "--out", "out"]) == 2
    said = capsys.readouterr().err
    assert key in said
    assert f"--mapping: docs/importing.md, under {system}." in said


def test_what_is_set_aside_of_many_exports_is_said_once(here, capsys):
    for n in range(7):
        (here / f"notes-{n}.txt").write_text("note;1;;;;;\n")
    assert main(["import", "made", *(f"notes-{n}.txt" for n in range(7)), "--out", "out"]) == 0
    assert capsys.readouterr().err.count("set aside, as no table takes them") == 1


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def files(folder: str) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in Path(folder).iterdir()}


def test_tables_are_written_and_load(capsys):
    assert main(["import", "made", "july.txt", "--out", "out", "--client", "C1", "--system-id", "crm"]) == 0
    assert sorted(files("out")) == [
        "consents-made.csv",
        "identities-made.csv",
        "import-made.json",
        "processing_events-made.csv",
        "rejected-made.csv",
        "subjects-made.csv",
    ]
    pseudonyms = read_keys(Path("settings/keys.toml"))[-1].pseudonyms
    first = table("out/subjects-made.csv")[0]
    assert (first["subject_id"], first["client_id"]) == (pseudonyms.email("anna@example.com"), "C1")
    assert list(first) == [c.name for c in load_contracts()["subjects"].columns]
    assert {row["system_id"] for row in table("out/identities-made.csv")} == {"crm"}
    assert b"\r\n" in files("out")["subjects-made.csv"]
    assert main(["load", "out", "--db", "db", "--quiet"]) == 0
    assert {f["table"]: f["accepted"] for f in read_snapshot(Path("db")).files} == {
        "subjects": 3,
        "identities": 4,
        "consents": 3,
        "processing_events": 1,
    }


def test_every_record_is_accounted_for(capsys):
    main(["import", "made", "july.txt", "--out", "out"])
    said = capsys.readouterr()
    (line,) = [text for text in said.out.splitlines() if text.startswith("july.txt")]
    assert line.split()[1:] == ["15", "13", "1", "1"]
    assert "july.txt: set aside, as no table takes them: 1 note" in said.err
    manifest = json.loads(files("out")["import-made.json"])
    (export,) = manifest["exports"]
    assert export["read"] == sum(sum(export[part].values()) for part in ("rows", "refused", "aside")) == 15
    assert (manifest["system_id"], manifest["client_id"]) == ("made", None)
    (refused,) = table("out/rejected-made.csv")
    assert [refused[c] for c in ("file", "line", "table", "column", "reason")] == [
        "july.txt", "6", "subjects", "email", "missing"]  # fmt: skip
    assert list(json.loads(refused["kept"])) == ["id"]


def test_a_key_is_made_once_and_that_is_said(capsys):
    main(["import", "made", "july.txt", "--out", "out", "--quiet"])
    assert "There was no key for pseudonyms: made one in" in capsys.readouterr().err
    main(["import", "made", "july.txt", "--out", "again", "--quiet"])
    assert "key" not in capsys.readouterr().err
    assert files("out")["subjects-made.csv"] == files("again")["subjects-made.csv"]


def test_no_key_is_made_in_place_of_one_that_was_named(capsys):
    assert main(["import", "made", "july.txt", "--out", "out", "--keys", "mine.toml"]) == 3
    assert "mine.toml: no such key file" in capsys.readouterr().err
    assert not Path("mine.toml").exists()


def test_no_key_is_made_for_a_database_that_has_one(capsys):
    Path("source").mkdir()
    Path("source/july.txt").write_text(JULY)
    Path("source/sources.toml").write_text('[[source]]\nsystem = "made"\nfiles = ["july.txt"]\n')
    assert main(["load", "source", "--db", "db", "--quiet"]) == 0
    Path("settings/keys.toml").rename("settings/away.toml")
    assert main(["load", "source", "--db", "db", "--quiet"]) == 3
    assert "there is no key file, and this database was loaded with one" in capsys.readouterr().err
    assert not Path("settings/keys.toml").exists()
    assert main(["load", "source", "--db", "db", "--quiet", "--keys", "settings/away.toml"]) == 0
    main(["keys", "rotate", "--keys", "settings/away.toml"])
    assert main(["load", "source", "--db", "db", "--quiet", "--keys", "settings/away.toml"]) == 3
    assert "loaded with another key" in capsys.readouterr().err


def test_an_import_replaces_its_own_files_and_leaves_none_behind(capsys):
    main(["import", "made", "july.txt", "--out", "out"])
    Path("out/notes.md").write_text("mine")
    Path("july.txt").write_text(JULY.splitlines()[0] + "\n")
    assert main(["import", "made", "july.txt", "--out", "out"]) == 0
    assert sorted(files("out")) == [
        "consents-made.csv", "identities-made.csv", "import-made.json", "notes.md", "subjects-made.csv"]  # fmt: skip
    assert len(table("out/subjects-made.csv")) == 1
    assert "Replaced the earlier import" in capsys.readouterr().err


def test_an_import_may_write_beside_its_exports_and_takes_nothing_of_its_own_for_one(capsys):
    Path("benefits").mkdir()
    Path("benefits/july.csv").write_text("benefit,enrolled_on,employee_number\nGym,2026-07-01,7\n")
    for _ in range(2):
        assert main(["import", "benefits", "benefits", "--out", "benefits"]) == 0
        assert "Wrote 3 files" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["subjects-made.csv", "rejected-made.csv", "import-made.json"])
def test_a_file_of_somebody_else_is_never_written_over(capsys, name):
    Path("out").mkdir()
    Path("out", name).write_text("mine")
    assert main(["import", "made", "july.txt", "--out", "out"]) == 3
    assert files("out") == {name: b"mine"}
    assert f"{name}: " in capsys.readouterr().err


def test_an_imported_file_that_was_changed_is_never_written_over(capsys):
    main(["import", "made", "july.txt", "--out", "out"])
    with Path("out/subjects-made.csv").open("a") as file:
        file.write("mended\r\n")
    before = files("out")
    assert main(["import", "made", "july.txt", "--out", "out"]) == 3
    assert files("out") == before
    assert "subjects-made.csv: changed since it was imported" in capsys.readouterr().err


def test_an_import_of_another_client_is_never_written_over(capsys):
    main(["import", "made", "july.txt", "--out", "out", "--client", "C1"])
    before = files("out")
    assert main(["import", "made", "july.txt", "--out", "out", "--client", "C2"]) == 3
    assert files("out") == before
    assert "an import of another system_id or client" in capsys.readouterr().err


def test_a_mistake_half_way_leaves_the_folder_as_it_was(monkeypatch, capsys):
    main(["import", "made", "july.txt", "--out", "out"])
    before = files("out")

    def give(exports, context, options):
        yield Row(exports[0], 1, "subjects", {"subject_id": "S-1"})
        raise AuditError("not what it should be", file=exports[0].name, line=2)

    monkeypatch.setitem(systems.SYSTEMS, "made", System("made", "", (".txt",), lambda _: None, give))
    assert main(["import", "made", "july.txt", "--out", "out"]) == 3
    assert files("out") == before
    assert "july.txt:2: not what it should be" in capsys.readouterr().err


def is_killed(step: int, *words: str) -> bool:
    """Whether a command in a process of its own was killed before it moved or removed its file of this number."""
    if not (pid := os.fork()):
        steps = count()

        def guard(event: str, _: object) -> None:
            if event in ("os.rename", "os.remove", "os.rmdir") and next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(guard)
        os._exit(main(words))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_a_killed_import_is_there_whole_or_not_at_all_or_is_said_to_be_cut_off(capsys):
    again = ("import", "made", "july.txt", "--out", "out")
    main(again)
    shutil.copytree("out", "before")
    Path("july.txt").write_text("".join(line for line in JULY.splitlines(True) if line.startswith("person;1")))
    main(["import", "made", "july.txt", "--out", "after"])
    before, after = files("before"), files("after")
    assert before.keys() > after.keys()
    states = []
    for step in count():
        shutil.rmtree("out")
        shutil.copytree("before", "out")
        if not is_killed(step, *again):
            break
        capsys.readouterr()
        if Path("out/import-made.unfinished").exists():
            assert main(["load", "out", "--db", "db"]) == 3
            assert "out/import-made.unfinished: an import into this folder was cut off" in capsys.readouterr().err
            states.append("cut off")
        else:
            found = {p.name: p.read_bytes() for p in Path("out").iterdir() if not p.name.startswith(".")}
            assert found in (before, after)
            states.append("before" if found == before else "after")
        main(again)
        assert files("out") == after
    assert step > len(after)
    assert states[:2] == ["before", "cut off"]


def test_an_export_that_grows_while_it_is_read_is_refused(monkeypatch, capsys):
    def rows(exports, context, options):
        yield from MADE.rows(exports, context, options)
        exports[0].path.write_text(JULY + "note;9;;;;;\n")

    monkeypatch.setitem(systems.SYSTEMS, "made", replace(MADE, rows=rows))
    assert main(["import", "made", "july.txt", "--out", "out"]) == 3
    assert "changed while it was read" in capsys.readouterr().err
    assert not files("out")


def test_a_spreadsheet_runs_nothing_of_what_was_refused():
    Path("=cmd.txt").write_text(JULY)
    assert main(["import", "made", "=cmd.txt", "--out", "out"]) == 0
    (refused,) = table("out/rejected-made.csv")
    assert refused["file"] == "'=cmd.txt"


def test_a_folder_stands_for_the_files_with_the_systems_endings():
    Path("exports/2026").mkdir(parents=True)
    Path("exports/2026/JULY.TXT").write_text(JULY)
    Path("exports/readme.md").write_text("about")
    assert main(["import", "made", "exports", "july.txt", "july.txt", "--out", "out"]) == 0
    manifest = json.loads(files("out")["import-made.json"])
    assert [export["path"] for export in manifest["exports"]] == ["exports/2026/JULY.TXT", "july.txt"]


def test_a_mapping_file_has_the_keys_of_a_source(capsys):
    Path("m.toml").write_text('purpose = "events"\nclient_id = "C9"\n[words]\ngiven = "given"\n')
    assert main(["import", "made", "july.txt", "--out", "out", "--mapping", "m.toml"]) == 0
    assert {(c["purpose"], c["client_id"]) for c in table("out/consents-made.csv")} == {("events", "C9")}
    Path("m.toml").write_text("purpose = 'x'\nfiles = ['x']\n")
    assert main(["import", "made", "july.txt", "--out", "out2", "--mapping", "m.toml"]) == 3
    assert "m.toml:2: files: unknown key" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nosuch", "july.txt", "--out", "out"], 2, "SYSTEM: no such system; expected one of"),
        (["made", "none.txt", "--out", "out"], 2, "none.txt: no such file or folder"),
        (["made", "settings", "--out", "out"], 2, "no such file"),
        (["made", ".", "--out", "july.txt"], 3, "july.txt: cannot write here"),
        (["made", "july.txt"], 2, "--out"),
        (["made", "july.txt", "--out", "out", "--zone", "Mars/North"], 2, "not a time zone"),
        (["made", "july.txt", "--out", "out", "--mapping", "none.toml"], 3, "none.toml: cannot be read"),
    ],
)
def test_a_wrong_word_is_said(capsys, words, code, said):
    assert main(["import", *words]) == code
    assert said in capsys.readouterr().err
    assert not Path("out").exists() or not files("out")


def test_the_names_of_what_is_not_a_table_are_no_tables():
    assert not any(name.startswith(tuple(load_contracts())) for name in ("import-made.json", "rejected-made.csv"))
