"""A reported quarter asked again after more was loaded: what moved, by how much, and because of which file."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from audit import run
from audit.comparison import Arrival, Comparison, Moved
from audit.narrowed import Narrowed
from audit.register import runs
from audit.run import open_workbench
from audit.sources.load import load
from audit.statutes import LAW_FOLDER, load_law
from audit.storage import prune
from tests.functional.houses import POLICY, loaded, policy, write

REQUESTS = "request_id,kind,received_at,answered_at,outcome\n"
RECORDS = "record_id,system_id,data_category,collected_at\n"
RULES = "rule_id,anchor,period\n"
EVENTS = "event_id,occurred_at,operation,activity_id,subject_id\n"
CONSENTS = "consent_id,subject_id,purpose,status,effective_at\n"
WAIVERS = "waiver_id,check,item_key,granted_by,granted_on,expires_on,justification\n"
FIRST = {
    "requests.csv": REQUESTS
    + "R1,access,2026-04-02,2026-06-20,fulfilled\n"
    + "R2,access,2026-04-03,2026-04-20,fulfilled\n"
    + "R3,access,2026-04-04,,\n",
    "consents.csv": CONSENTS + "C1,S1,newsletter,given,2026-01-01T09:00Z\nC2,S2,newsletter,given,2026-01-01T09:00Z\n",
    "processing_activities.csv": "activity_id,role,name,purpose,legal_basis\n"
    "A1,controller,Newsletter,newsletter,consent\n",
    "processing_events.csv": EVENTS + "E1,2026-05-10T10:00Z,contact,A1,S1\nE2,2026-05-11T10:00Z,contact,A1,S2\n",
}


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database whose second quarter was reported."""
    db = loaded(tmp_path_factory.mktemp("reported"), FIRST)[0]
    report(db)
    return db


@pytest.fixture
def db(reported: Path, tmp_path: Path) -> Path:
    """Its copy, for one test to load more into."""
    return shutil.copytree(reported, tmp_path / "db")


def report(db: Path, period: str = "2026Q2", house: Path | None = None) -> None:
    with open_workbench(db, period, policy=house) as wb:
        wb.keep_run(wb.check_all(), "quarterly-report")


def add(db: Path, folder: Path, files: Mapping[str, str], *, replacing: bool = False) -> None:
    load(db, [write(folder, files)], policy(), replacing=replacing)


def compared(db: Path, house: Path | None = None) -> Comparison:
    with open_workbench(db, "2026Q3", policy=house) as wb:
        return wb.compare("2026Q2")


def moved(comparison: Comparison) -> dict[str, tuple[Moved, ...]]:
    assert comparison.restated is not None
    return {c.now.check: c.moved for c in comparison.restated.checks}


def test_nothing_moves_where_nothing_came(db):
    restated = compared(db).restated
    assert restated is not None
    assert (restated.report, restated.period) == ("quarterly-report", "2026Q2")
    assert (restated.arrivals, restated.rules, restated.checks) == ((), (), ())


def test_what_was_only_checked_was_not_reported(tmp_path):
    db = loaded(tmp_path, FIRST)[0]
    with open_workbench(db, "2026Q2") as wb:
        wb.keep_run(wb.check_all())
    assert compared(db).restated is None


def test_a_client_that_was_reported_with_all_others_is_told_of_its_own_rows(tmp_path):
    head = REQUESTS.replace("kind", "role,client_id,kind")
    late = "processor,{0},access,2026-04-02,2026-06-20,fulfilled\n"
    db = loaded(tmp_path, {"requests.csv": head + f"R1,{late.format('K1')}R2,{late.format('K2')}"})[0]
    with open_workbench(db, "2026Q2") as whole:
        everyone = whole.check_all()
        for narrowed in (Narrowed(whole, everyone, client) for client in ("K1", "K2")):
            narrowed.keep_run(narrowed.check_all(), "client-report")
    with open_workbench(db, "2026Q2", client="K1") as alone:
        alone.keep_run(alone.check_all(), "client-report")
    assert [run.client_id for run in runs(db)] == ["K1", "K2"]  # the same run, whichever way it was made
    add(db, tmp_path / "late", {"requests-late.csv": f"{head}R3,{late.format('K1')}"})
    told = {}
    for client in ("K1", "K2"):
        with open_workbench(db, "2026Q3", client=client) as wb:
            told[client] = moved(wb.compare("2026Q2"))
    new = Moved(None, "violation", "late", "late_row", "requests", "requests-late.csv", 1)
    assert told == {"K1": {"request_deadlines": (new,)}, "K2": {}}


def test_rows_of_the_next_quarter_move_nothing(db, tmp_path):
    add(db, tmp_path / "q3", {"processing_events.csv": EVENTS + "E9,2026-08-10T10:00Z,contact,A1,S1\n"})
    comparison = compared(db)
    assert (comparison.restated.arrivals, moved(comparison)) == ((), {})


def test_a_late_row_is_a_new_finding_of_the_reported_quarter(db, tmp_path):
    late = EVENTS + "E3,2026-06-10T10:00Z,contact,A1,S3\nE4,2026-06-10T10:00Z,contact,A1,S1\n"
    add(db, tmp_path / "late", {"processing_events-late.csv": late})
    comparison = compared(db)
    assert comparison.restated.arrivals == (Arrival("processing_events", 2, 0),)
    found = moved(comparison)
    assert found["consent_coverage"] == (
        Moved(None, "violation", "never_given", "late_row", "processing_events", "processing_events-late.csv", 1),
    )
    assert found["lawful_basis"] == ()  # two more that are compliant: a denominator moved, no finding
    (consent,) = (c for c in comparison.restated.checks if c.now.check == "consent_coverage")
    assert [(c.violation, c.population) for c in (consent.before, consent.now)] == [(0, 2), (1, 4)]


def test_a_late_row_of_the_evidence_takes_a_finding_away(tmp_path):
    db = loaded(tmp_path, FIRST | {"consents.csv": CONSENTS + "C1,S1,newsletter,given,2026-01-01T09:00Z\n"})[0]
    report(db)
    add(db, tmp_path / "late", {"consents-late.csv": CONSENTS + "C2,S2,newsletter,given,2026-01-01T09:00Z\n"})
    assert moved(compared(db))["consent_coverage"] == (
        Moved("violation", None, "never_given", "late_row", "consents", "consents-late.csv", 1),
    )


def test_a_replaced_row_shows_on_both_sides(db, tmp_path):
    mended = REQUESTS + "R1,access,2026-04-02,2026-04-20,fulfilled\nR2,access,2026-04-03,2026-06-30,fulfilled\n"
    add(db, tmp_path / "mended", {"requests-mended.csv": mended}, replacing=True)
    prune(db, keep=1)  # what was reported is known without its snapshot
    comparison = compared(db)
    assert comparison.restated.arrivals == (Arrival("requests", 0, 2),)
    where = ("replaced_row", "requests", "requests-mended.csv", 1)
    assert set(moved(comparison)["request_deadlines"]) == {
        Moved("violation", None, "late", *where),
        Moved(None, "violation", "late", *where),
    }


def test_a_replaced_row_of_the_evidence(db, tmp_path):
    withdrawn = {"consents-mended.csv": CONSENTS + "C2,S2,newsletter,withdrawn,2026-01-01T09:00Z\n"}
    add(db, tmp_path / "mended", withdrawn, replacing=True)
    assert moved(compared(db))["consent_coverage"] == (
        Moved(None, "violation", "withdrawn", "replaced_row", "consents", "consents-mended.csv", 1),
    )


def test_a_waiver_keeps_the_finding_and_changes_its_outcome(db, tmp_path):
    waiver = WAIVERS + "W1,request_deadlines,R1,The board,2026-06-25,2027-06-25,Accepted\n"
    add(db, tmp_path / "waiver", {"waivers.csv": waiver})
    assert moved(compared(db)) == {
        "request_deadlines": (Moved("violation", "waived", "late", "waiver", None, None, 1),)
    }


def test_another_policy_is_named(tmp_path):
    db = loaded(tmp_path, FIRST | {"incidents.csv": "incident_id,detected_at\nI1,2026-06-20T10:00Z\n"})[0]
    report(db)
    house = tmp_path / "policy.toml"
    house.write_text(POLICY.read_text().replace('registered = "PT24H"', 'registered = "P30D"'))
    comparison = compared(db, house)
    assert comparison.restated.rules == (("policy", "policy.toml"),)
    assert {m.cause for m in moved(comparison)["incident_response"]} == {"policy"}


def test_another_version_of_a_check_is_named(db, monkeypatch):
    catalog = dict(run.load_catalog())
    check = catalog["request_deadlines"]
    stricter = replace(check, sql=f"SELECT * REPLACE ('violation' AS outcome, 'late' AS reason) FROM ({check.sql})")
    changed = catalog | {"request_deadlines": replace(stricter, sha256="f" * 64)}
    monkeypatch.setattr(run, "load_catalog", lambda *_: changed)
    comparison = compared(db)
    assert comparison.restated.rules == (("check", "request_deadlines"),)
    assert {m.cause for m in moved(comparison)["request_deadlines"]} == {"check"}


def test_another_law_is_named(tmp_path, monkeypatch):
    """What was reported when the law gave three months to answer, asked again when it gives one."""
    folder = tmp_path / "law"
    shutil.copytree(LAW_FOLDER, folder)
    limits = folder / "time_limits.toml"
    limits.write_text(limits.read_text("utf-8").replace('value = "P1M"', 'value = "P3M"', 1), "utf-8")
    db = loaded(tmp_path, FIRST)[0]
    with monkeypatch.context() as earlier:
        earlier.setattr(run, "load_law", lambda: load_law(folder))
        report(db)
    comparison = compared(db)
    assert comparison.restated.rules == (("law", "time_limits.toml"),)
    assert set(moved(comparison)["request_deadlines"]) == {
        Moved(None, "violation", "late", "law", None, None, 1),
        Moved(None, "violation", "overdue", "law", None, None, 1),
    }


def test_another_program_is_named(tmp_path, monkeypatch):
    """What an earlier version found of the same rows under the same rules."""
    check = run.load_catalog()["request_deadlines"]
    lenient = replace(check, sql=f"SELECT * REPLACE ('compliant' AS outcome, NULL AS reason) FROM ({check.sql})")
    fresh = loaded(tmp_path / "fresh", FIRST)[0]
    with monkeypatch.context() as earlier:
        earlier.setattr(run, "__version__", "0.0.1")
        changed = dict(run.load_catalog()) | {check.name: lenient}
        earlier.setattr(run, "load_catalog", lambda *_: changed)
        report(fresh)
    comparison = compared(fresh)
    assert comparison.restated.rules == (("program", run.__version__),)
    assert {m.cause for m in moved(comparison)["request_deadlines"]} == {"program"}


def test_the_last_report_counts(db, tmp_path):
    add(db, tmp_path / "late", {"processing_events-late.csv": EVENTS + "E3,2026-06-10T10:00Z,contact,A1,S3\n"})
    report(db)
    assert moved(compared(db)) == {}


def test_a_report_is_restated_as_of_its_own_date(tmp_path):
    db = loaded(tmp_path, FIRST)[0]
    with open_workbench(db, "2026Q2", as_of="2026-05-15") as wb:
        wb.keep_run(wb.check_all(), "quarterly-report")
    comparison = compared(db)
    assert comparison.restated.as_of.startswith("2026-05-15")
    assert moved(comparison) == {}


def test_scopes_are_reported_apart(db):
    with open_workbench(db, "2026Q3", role="controller") as wb:
        assert wb.compare().restated is None
