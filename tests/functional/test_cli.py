"""The command as a person and a program use it: answers, exit codes, and what it says on the way."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys

import pytest

import audit
from audit.cli import main
from audit.places import shipped
from audit.results import FINDING_COLUMNS
from audit.run import open_workbench
from tests.functional.houses import POLICY, policy, write
from tests.functional.test_cli_errors import db, source  # noqa: F401

PERIOD = ("--db", "db", "--period", "2026Q3")
CHECK_KEYS = {"check", "evaluated", "empty_tables", "population", "rate", "reasons"}
CHECK_KEYS |= {"compliant", "violation", "pending", "undetermined", "waived"}


@pytest.fixture
def loaded(db, source, capsys):  # noqa: F811
    """A database in which S1 had consented and S2 had not."""
    capsys.readouterr()
    return db


def answer(capsys, *words: str, code: int = 0) -> str:
    assert main(words) == code
    out: str = capsys.readouterr().out
    return out


def test_json_is_one_object_with_the_keys_of_the_interface(loaded, capsys):
    data = json.loads(answer(capsys, "check", *PERIOD, "--json", code=1))
    assert {"period", "start", "end", "as_of", "rejected_rows", "coverage", "checks"} <= set(data)
    assert (data["start"], data["as_of"]) == ("2026-07-01T00:00:00+02:00", "2026-10-01T00:00:00+02:00")
    assert all(set(check) >= CHECK_KEYS for check in data["checks"])
    found = {check["check"]: check for check in data["checks"]}
    consent = found["consent_coverage"]
    assert (consent["population"], consent["compliant"], consent["violation"]) == (2, 1, 1)
    assert consent["rate"] == 0.5
    assert consent["reasons"] == {"violation": {"never_given": 1}}
    assert found["request_deadlines"]["evaluated"] is False
    assert found["request_deadlines"]["rate"] is None


def test_coverage_is_of_every_source_whoever_is_asked_for(loaded, capsys):
    """What a silent log leaves out is missing for the client and the role as well."""
    words = ("check", *PERIOD, "--only", "log_coverage", "--json")
    whole, role = (json.loads(answer(capsys, *words, *of, code=c)) for of, c in (((), 1), (("--role", "processor"), 0)))
    assert whole["coverage"] == role["coverage"] != []
    assert role["checks"][0]["population"] == 0


def test_json_says_what_the_api_says(loaded, capsys):
    data = json.loads(answer(capsys, "check", *PERIOD, "--json", code=1))
    with open_workbench(loaded, period="2026Q3") as workbench:
        results = workbench.check_all()
    assert {c["check"]: (c["population"], c["violation"]) for c in data["checks"]} == {
        c.check: (c.population, c.violation) for c in results
    }


def test_the_exit_code_is_that_of_the_checks_asked(loaded, capsys):
    table = answer(capsys, "check", *PERIOD, "--only", "communication_preferences")
    assert "communication_preferences" in table
    assert "consent_coverage" not in table


def test_as_of_an_earlier_instant_later_events_have_not_happened(loaded, capsys):
    words = ("check", *PERIOD, "--as-of", "2026-08-01", "--only", "consent_coverage", "--json")
    (check,) = json.loads(answer(capsys, *words))["checks"]
    assert (check["population"], check["violation"]) == (1, 0)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_findings_have_the_columns_of_the_interface(loaded, capsys, ending):
    answer(capsys, "check", *PERIOD, "--findings", f"f.{ending}", code=1)
    with open_workbench(loaded, period="2026Q3") as workbench:
        wanted = len(workbench["consent_coverage"].findings())
    reader = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}[ending]
    import duckdb

    rows = duckdb.sql(f"SELECT * FROM {reader}('f.{ending}')")
    assert tuple(rows.columns) == FINDING_COLUMNS
    assert len(rows.filter("\"check\" = 'consent_coverage'").fetchall()) == wanted == 1


def test_evidence_leads_from_a_finding_to_its_line(loaded, capsys):
    answer(capsys, "check", *PERIOD, "--findings", "f.csv", code=1)
    with open("f.csv", newline="") as file:  # noqa: PTH123
        (finding,) = [row for row in csv.DictReader(file) if row["check"] == "consent_coverage"]
    assert (finding["source_file"], finding["source_line"]) == ("processing_events.csv", "3")
    shown = answer(capsys, "evidence", finding["finding_id"], *PERIOD)
    assert "processing_events" in shown
    assert "E2" in shown
    assert "processing_events.csv" in shown


def test_explain_prints_the_page_or_the_steps_of_an_item(loaded, capsys):
    page = answer(capsys, "explain", "consent_coverage")
    assert "## What the law asks" in page
    assert "## Worked cases" in page
    steps = answer(capsys, "explain", "consent_coverage", "--item", "E2", *PERIOD)
    assert "violation" in steps


def test_due_says_what_the_api_says(capsys):
    words = ("2026-06-30T22:30Z", "--identity-requested", "2026-07-03", "--identity-confirmed", "2026-07-10")
    shown = json.loads(answer(capsys, "due", "request", *words, "--json"))
    due = audit.due("request", words[0], identity_requested=words[2], identity_confirmed=words[4])
    assert shown["due"] == due.due.isoformat()
    assert tuple(shown["steps"]) == due.steps


def test_due_of_a_clock_that_stands_still_is_null(capsys):
    words = ("due", "request", "2026-07-01", "--identity-requested", "2026-07-03")
    assert json.loads(answer(capsys, *words, "--json"))["due"] is None
    assert "while the clock stands still" in answer(capsys, *words)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (("request", "2025-05-19"), {"country": "SE"}),
        (("request", "2025-05-20"), {"eves_as_holidays": True}),
        (("request", "2025-05-20"), {"eves_as_holidays": False}),
        (("request", "2025-04-01"), {"country": "FR"}),
        (("request", "2025-03-03"), {"identity_requested": "2025-03-05", "identity_doubted": False}),
        (("request", "2025-03-03"), {"extended": "2025-03-20", "reason": "complex", "refused": True}),
        (("retention", "2024-02-29"), {"period": "P2Y", "held_from": "2026-01-01", "held_to": "2027-01-01"}),
        (("retention", "2024-02-29"), {"period": "P2Y", "held_from": "2026-01-01"}),
        (("period", "2025-04-17"), {"period": "P1D"}),
    ],
)
def test_every_option_of_due_can_be_typed(words, options, capsys):
    typed = {
        "identity_doubted": "--identity-undoubted",
        "refused": "--refused",
        "eves_as_holidays": "--eves-as-holidays",
    }
    flags = []
    for name, value in options.items():
        flag = typed.get(name, f"--{name.replace('_', '-')}")
        switched_off = name == "eves_as_holidays" and not value
        flags += [
            flag.replace("--", "--no-", 1) if switched_off else flag,
            *([] if isinstance(value, bool) else [value]),
        ]
    shown = json.loads(answer(capsys, "due", *words, *flags, "--json"))
    due = audit.due(*words, **options)
    assert (shown["due"], tuple(shown["steps"])) == (due.due.isoformat() if due.due else None, due.steps)


def test_loading_again_changes_nothing_and_says_so(loaded, source, capsys):  # noqa: F811
    assert main(["load", str(source), "--db", "db"]) == 0
    assert "nothing changed" in capsys.readouterr().err


def test_a_load_says_where_no_promises_stand_beside_the_policy(tmp_path, capsys):
    requests = "request_id,kind,received_at\nR1,access,2026-07-01\n"
    policy = (shipped("mira") / "policy.toml").read_text("utf-8")
    promises = (shipped("mira") / "commitments.toml").read_text("utf-8")
    for name, texts in (("without", {}), ("with", {"commitments.toml": promises})):
        folder = write(tmp_path / name, {"requests.csv": requests, "policy.toml": policy, **texts})
        assert main(["load", str(folder), "--db", str(tmp_path / f"{name}-db")]) == 0
        assert ("No commitments.toml" in capsys.readouterr().err) == (name == "without")


def test_what_to_type_next_can_be_typed(loaded, capsys):
    main(["check", *PERIOD])
    err = capsys.readouterr().err
    commands = [line.strip().split("  ")[0].split() for line in err.splitlines() if line.startswith("  audit ")]
    assert commands
    for words in commands:
        if "report" not in words:  # it has its own, longer test
            assert main(words[1:]) in (0, 1)


def test_quiet_leaves_only_the_answer(loaded, capsys):
    main(["check", *PERIOD, "--quiet"])
    out, err = capsys.readouterr()
    assert "consent_coverage" in out
    assert err == ""


def test_a_table_fits_a_terminal_of_eighty_columns(loaded):
    main_, terminal = pty.openpty()
    env = os.environ | {"COLUMNS": "80", "TERM": "dumb"}
    command = [sys.executable, "-m", "audit", "check", "--db", str(loaded.resolve()), "--period", "2026Q3", "--quiet"]
    with subprocess.Popen(command, stdout=terminal, stderr=subprocess.PIPE, env=env) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                part = os.read(main_, 4096)
            except OSError:  # how Linux says that the other side has closed
                break
            if not part:
                break
            shown += part
    os.close(main_)
    lines = shown.decode().splitlines()
    assert process.returncode == 1
    assert any(line.startswith("consent_coverage ") and line.rstrip().endswith("50.0 %") for line in lines)
    assert max(len(line) for line in lines) <= 80


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A database of names that not every terminal can show."""
    folder = tmp_path_factory.mktemp("foreign")
    house = write(folder / "house", {"requests.csv": "request_id,kind,received_at\nQ-å☃,access,2026-07-01\n"})
    text = POLICY.read_text("utf-8").replace(f'"{policy().name}"', '"Företag ☃"')
    (house / "policy.toml").write_text(text, "utf-8")
    assert main(["load", str(house), "--db", str(folder / "db"), "--quiet"]) == 0
    return folder / "db"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_a_terminal_cannot_show_is_spelled_out(foreign, encoding):
    """Neither a traceback nor JSON that no program reads."""

    def said(*words: str, code: int = 0) -> bytes:
        command = [sys.executable, "-m", "audit", *words, "--db", str(foreign)]
        ran = subprocess.run(command, check=False, capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding})
        assert ran.returncode == code, ran.stderr
        return ran.stdout

    shown = said("check", *PERIOD[2:], "--only", "request_deadlines", "--json", code=1)
    assert json.loads(shown.decode(encoding))["organisation"] == "Företag ☃"
    explained = said("explain", "request_deadlines", "--item", "Q-å☃", *PERIOD[2:])
    assert "requests Q-å☃: ".encode(encoding, "backslashreplace") in explained
