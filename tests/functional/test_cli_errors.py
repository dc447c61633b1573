"""What a user can get wrong: one clear line, the right exit code, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from audit.cli import main
from audit.run import open_workbench

POLICY = Path(__file__).resolve().parents[2] / "audit" / "checks" / "policy.toml"
EVENTS = """event_id,occurred_at,system_id,activity_id,subject_id,operation,channel
E1,2026-07-10T10:00:00+02:00,crm,A1,S1,contact,email
E2,2026-09-30T10:00:00+02:00,crm,A1,S2,contact,email
"""
CONSENTS = """consent_id,subject_id,purpose,status,effective_at
C1,S1,newsletter,given,2026-01-05T10:00:00+01:00
"""
ACTIVITIES = """activity_id,role,name,purpose,legal_basis
A1,controller,Newsletter,newsletter,consent
"""


@pytest.fixture
def source(tmp_path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "processing_events.csv").write_text(EVENTS)
    (folder / "consents.csv").write_text(CONSENTS)
    (folder / "processing_activities.csv").write_text(ACTIVITIES)
    shutil.copy(POLICY, folder / "policy.toml")
    return folder


@pytest.fixture
def db(source, tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["load", str(source), "--db", "db", "--quiet"]) == 0
    return Path("db")


@pytest.fixture
def refused(capsys):
    """Runs a command that has to fail, and gives its one line."""

    def run(*words: str, code: int) -> str:
        capsys.readouterr()
        assert main(words) == code
        out, err = capsys.readouterr()
        assert out == ""
        (line,) = err.splitlines()
        assert line.startswith("audit: ")
        return line

    return run


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_word_that_is_no_command(refused):
    assert "Try: audit --help" in refused("chekc", code=2)


@pytest.mark.parametrize(
    "words",
    [
        ("load", "source", "--db", ""),
        ("load", ""),
        ("check", "--period", "2026Q3", "--db", ""),
        ("report", "--period", "2026Q3", "--out", ""),
        ("sample", ""),
        ("verify", ""),
    ],
)
def test_an_empty_path_is_not_the_folder_one_is_in(refused, tmp_path, monkeypatch, words):
    """As a variable gives that was never set."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "requests.csv").write_text("request_id,kind,received_at\n")
    monkeypatch.chdir(tmp_path)
    assert "no path is given" in refused(*words, code=2)
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize("option", ["--period", "--as-of", "--client", "--policy", "--only"])
def test_no_default_takes_the_place_of_an_empty_word(refused, option):
    """As a variable gives that was never set: another question would be answered."""
    assert f"argument {option}: no" in refused("check", "--period", "2026Q3", option, "", code=2)


def test_check_needs_a_period(refused):
    assert "--period" in refused("check", code=2)


@pytest.mark.parametrize("period", ["2026Q5", "2026-13", "last", "2026-10-01/2026-07-01", "2026-07-01/"])
def test_a_bad_period(db, refused, period):
    assert "2026Q3" in refused("check", "--db", str(db), "--period", period, code=2)


def test_a_bad_instant(db, refused):
    assert "as-of" in refused("check", "--db", str(db), "--period", "2026Q3", "--as-of", "yesterday", code=2)


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--period", "2026Q3", "--only", "retentoin"),
        ("explain", "retentoin"),
        ("explain", "retentoin", "--item", "R1"),
    ],
)
def test_an_unknown_check_names_the_nearest_or_else_those_there_are(db, refused, words):
    assert "retentoin: no such check; expected retention" in refused(*words, "--db", str(db), code=2)
    other = refused(*(word.replace("retentoin", "zzz") for word in words), "--db", str(db), code=2)
    assert "consent_coverage, consent_records" in other


@pytest.mark.parametrize("only", ["", " , "])
def test_no_check_at_all_is_not_without_violation(db, refused, only):
    assert "--only" in refused("check", "--db", str(db), "--period", "2026Q3", "--only", only, code=2)


def test_an_unknown_item_client_or_finding(db, refused):
    period = ("--db", str(db), "--period", "2026Q3")
    refused("explain", "consent_coverage", "--item", "E999", *period, code=2)
    refused("check", "--client", "nobody", *period, code=2)
    refused("evidence", "F-0", *period, code=2)


def test_findings_of_another_form_or_into_no_folder(db, refused):
    check = ("check", "--db", str(db), "--period", "2026Q3", "--findings")
    assert ".parquet" in refused(*check, "findings.xls", code=2)
    assert "folder" in refused(*check, "nowhere/findings.csv", code=2)


@pytest.mark.parametrize("port", ["-1", "65536", "lab"])
def test_a_port_that_is_none(db, refused, port):
    assert "0 to 65535" in refused("lab", "--db", str(db), "--port", port, code=2)


def test_a_missing_source_folder(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "nowhere" in refused("load", "nowhere", code=3)
    assert content(tmp_path) == {}


def test_a_source_without_any_table(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").write_text("nothing here")
    refused("load", "notes", code=3)
    assert sorted(content(tmp_path)) == ["notes/readme.txt"]


def test_a_missing_column_is_named_and_nothing_is_loaded(db, source, refused):
    before = content(db)
    (source / "consents-late.csv").write_text(CONSENTS.replace("status", "state"))
    line = refused("load", str(source), "--db", str(db), code=3)
    assert "consents-late.csv" in line
    assert "status" in line
    assert content(db) == before


def test_a_broken_file_after_good_ones_loads_none_of_them(source, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (source / "requests.parquet").write_bytes(b"PAR1 and then nothing of it")
    assert "requests.parquet" in refused("load", str(source), "--db", "new", code=3)
    refused("check", "--db", "new", "--period", "2026Q3", code=3)


def test_a_policy_with_an_unknown_key_names_its_line(source, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    policy = source / "policy.toml"
    policy.write_text(policy.read_text() + "\n[deadlinse]\nx = 1\n")
    line = refused("load", str(source), code=3)
    assert "policy.toml:" in line
    assert "deadlinse" in line


def test_a_table_without_rows_is_not_evaluated_and_no_error(db, capsys):
    assert main(["check", "--db", str(db), "--period", "2026Q3", "--only", "request_deadlines"]) == 0
    assert "request_deadlines: not evaluated, no rows in requests" in capsys.readouterr().out


def test_where_no_log_has_a_row_only_what_a_register_answers_is_evaluated(tmp_path, capsys):
    source, db = tmp_path / "source", tmp_path / "db"
    source.mkdir()
    (source / "policy_versions.csv").write_text("document,version,effective_on\nprivacy_policy,1,2026-01-01\n")
    assert main(["load", str(source), "--db", str(db), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["check", "--db", str(db), "--period", "2026Q3", "--json"]) == 0
    checks = {c["check"]: c for c in json.loads(capsys.readouterr().out)["checks"]}
    assert {name for name, c in checks.items() if c["evaluated"]} == {"policy_review"}
    assert "cookie_events" in checks["third_party_agreements"]["empty_tables"]


def test_rows_of_the_first_and_the_last_hours_that_there_are_stop_nothing(tmp_path, capsys):
    """What some programs write where they mean always and never: local times that lie in no year of UTC, and back."""
    source, db = tmp_path / "source", tmp_path / "db"
    source.mkdir()
    (source / "data_records.csv").write_text(
        "record_id,system_id,data_category,collected_at,disposed_at\n"
        "R1,crm,basic_details,0001-01-01T00:00:00,\n"
        "R2,crm,basic_details,2026-07-01T09:00:00Z,9999-12-31T23:59:59Z\n"
        "R3,crm,basic_details,9999-12-31T23:59:59Z,\n"
    )
    (source / "retention_rules.csv").write_text("rule_id,anchor,period\nRR,collected,P1M\n")
    assert main(["load", str(source), "--db", str(db)]) == 0
    asked = ("--db", str(db), "--period", "2026Q3")
    assert main(["check", *asked, "--only", "retention", "--json"]) == 1
    capsys.readouterr()
    for item in ("R1", "R2"):
        assert main(["explain", "retention", "--item", item, *asked]) == 0
        assert "violation (still_held)" in capsys.readouterr().out


@pytest.mark.parametrize("period", ["0001", "0001Q1", "9999", "9998", "9998Q4", "9999-01-01/9999-12-31"])
def test_a_period_of_the_first_or_the_last_year_is_none(db, refused, period):
    assert "period" in refused("check", "--db", str(db), "--period", period, code=2)


@pytest.mark.parametrize("instant", ["9999-12-31T23:59:59Z", "0001-01-01", "0001-01-01T00:00"])
def test_an_instant_that_no_year_here_has_is_none(db, refused, instant):
    assert "as-of" in refused("check", "--db", str(db), "--period", "2026Q3", "--as-of", instant, code=2)


def test_no_database(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["check", "--period", "2026Q3"], ["report"], ["evidence", "F-0"], ["lab"]):
        assert "audit load" in refused(*words, "--db", "none", code=3)
    assert content(tmp_path) == {}


@pytest.mark.parametrize("harm", ["truncate", "garbage", "remove"])
def test_a_corrupt_database(db, refused, harm):
    for path in [p for p in db.rglob("*.parquet") if "results" not in p.parts]:
        if harm == "truncate":
            path.write_bytes(path.read_bytes()[:40])
        elif harm == "garbage":
            path.write_bytes(b"not parquet")
        else:
            path.unlink()
    refused("check", "--db", str(db), "--period", "2026Q3", code=3)


def test_a_file_where_the_database_should_be(source, refused, tmp_path):
    wrong = tmp_path / "events.csv"
    wrong.write_text(EVENTS)
    refused("load", str(source), "--db", str(wrong), code=3)
    refused("check", "--db", str(wrong), "--period", "2026Q3", code=3)
    assert wrong.read_text() == EVENTS


def test_a_database_that_is_being_loaded_elsewhere(db, source, refused):
    holder = "import sys; from pathlib import Path; from audit.storage import writing\nwith writing(Path(sys.argv[1])): print('in', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(db.resolve())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "in\n"
        (source / "consents-2.csv").write_text(CONSENTS.replace("C1", "C2"))
        assert "load" in refused("load", str(source), "--db", str(db), code=3)
        assert main(["check", "--db", str(db), "--period", "2026Q3", "--quiet"]) in (0, 1)  # readers never wait
        other.communicate("")


def test_no_permission_to_write(db, source, refused, tmp_path):
    # A file in the way refuses every user, root too, whom a mode would not stop.
    (tmp_path / "file").write_text("")
    refused("load", str(source), "--db", "file/db", code=3)
    refused("report", "--db", str(db), "--period", "2026Q3", "--out", "file/reports", code=3)
    refused("sample", "file/sample", code=3)
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read(db, source, refused, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    refused("load", str(source), "--db", str(closed / "db"), code=3)
    refused("report", "--db", str(db), "--period", "2026Q3", "--out", str(closed / "reports"), code=3)


def test_verify_of_what_is_no_report(refused, tmp_path):
    assert "SHA256SUMS" in refused("verify", str(tmp_path), code=5)


def test_no_message_holds_a_value_of_the_data(source, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (source / "consents.csv").write_text(CONSENTS.replace("subject_id", "person"))
    line = refused("load", str(source), code=3)
    assert "S1" not in line


@pytest.mark.parametrize("words", [("due", "breach", "2026-07-01T10:00Z"), ("explain", "retention")])
def test_a_reader_that_goes_away_is_no_error(words):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "audit", *words], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr == ""


def test_control_c_ends_quietly(db):
    with subprocess.Popen(
        [sys.executable, "-m", "audit", "report", "--db", str(db.resolve()), "--period", "2026Q3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        until = time.monotonic() + 30
        while not any(Path("reports").glob(".2026Q3-*")) and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in process.stderr.read()
    assert list(Path("reports").iterdir()) == []


def test_a_bug_keeps_its_traceback_and_never_reads_as_violations(monkeypatch, capsys):
    def broken(name: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("audit.cli.import_module", broken)
    assert main(["explain", "retention"]) == 70
    assert "RuntimeError: a bug" in capsys.readouterr().err


def test_control_c_while_a_query_runs_is_no_bug(db, monkeypatch, capsys):
    with open_workbench(db, period="2026Q3") as workbench:
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        monkeypatch.setattr(
            "audit.cli.import_module",
            lambda _: workbench.con.execute(
                "CREATE TEMP TABLE long AS SELECT i, sqrt(i) FROM range(100000000) AS t(i)"
            ),
        )
        assert main(["explain", "retention"]) == 130
        timer.join()
    assert "Traceback" not in capsys.readouterr().err


def test_a_memory_limit_that_is_none_is_said_so(source, tmp_path, monkeypatch, capsys):
    db = ["--db", str(tmp_path / "audit.db")]
    monkeypatch.setenv("AUDIT_MEMORY_LIMIT", "plenty")
    assert main(["load", str(source), *db]) == 2
    assert "AUDIT_MEMORY_LIMIT: no amount of memory; expected such as 2GB" in capsys.readouterr().err
    monkeypatch.setenv("AUDIT_MEMORY_LIMIT", "300MB")
    assert main(["load", str(source), *db]) == 0
    with open_workbench(tmp_path / "audit.db", "2026Q3") as wb:
        assert wb.sql("SELECT current_setting('memory_limit')").fetchall() == [("286.1 MiB",)]


@pytest.mark.parametrize("sums", [None, "", "0" * 64 + "  results.json\n"])
def test_a_report_takes_no_place_of_other_files(refused, db, tmp_path, sums):
    """It replaces the folder of its name as a whole."""
    place = tmp_path / "out" / "2026Q3-requests-report"
    place.mkdir(parents=True)
    (place / "notes.txt").write_text("mine")
    if sums is not None:
        (place / "SHA256SUMS").write_text(sums)
    words = ("report", "--db", str(db), "--period", "2026Q3", "--report", "requests-report", "--out", str(place.parent))
    assert "notes.txt: no part of a report" in refused(*words, code=3)
    assert (place / "notes.txt").read_text() == "mine"
