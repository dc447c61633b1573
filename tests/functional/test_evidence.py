"""From a finding to the rows behind it: its own row first, where it stands, and why it got its outcome."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from audit.catalog import load_catalog
from audit.errors import UsageError
from audit.places import shipped
from audit.results import Results
from audit.run import Workbench, open_workbench
from tests.functional.houses import loaded
from tests.functional.sample_db import load_sample


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    with open_workbench(load_sample(tmp_path_factory.mktemp("evidence") / "db"), "2026Q3") as wb:
        yield wb


@pytest.fixture(scope="module")
def results(workbench: Workbench) -> Results:
    return workbench.check_all()


@pytest.mark.parametrize("check", sorted(set(load_catalog()) - {"log_coverage"}))
def test_the_items_own_row_is_found_where_the_finding_says(workbench: Workbench, results: Results, check: str) -> None:
    for table in {f.item_table for f in results[check].findings()}:
        finding = next(f for f in results[check].findings() if f.item_table == table)
        own = next(t for t in workbench.evidence(finding.finding_id) if t.table == f"core.{table}")
        assert (finding.source_file, finding.source_line) in {(r["source_file"], r["source_line"]) for r in own.rows}
        steps = workbench.explain_item(check, finding.item_key)
        assert f"{table} {finding.item_key}: {finding.source_file}, line {finding.source_line}" in steps
        assert finding.reason in steps[-1]


def test_the_line_is_the_one_in_the_file(workbench: Workbench, results: Results) -> None:
    finding = next(f for f in results["request_deadlines"].findings() if f.source_file == "requests.csv")
    lines = (shipped("mira") / "requests.csv").read_text("utf-8").splitlines()
    assert finding.source_line is not None
    assert lines[finding.source_line - 1].startswith(finding.item_key)


def test_a_source_of_logs_stands_in_no_file(workbench: Workbench, results: Results) -> None:
    finding = results["log_coverage"].findings()[0]
    assert (finding.source_file, finding.source_line) == (None, None)
    assert [t.table for t in workbench.evidence(finding.finding_id)] == ["house.settings"]


def test_an_end_that_never_comes_is_shown(tmp_path: Path) -> None:
    """Its local time lies in the year 10000."""
    consents = "consent_id,subject_id,purpose,status,effective_at,expires_at\n"
    db, _ = loaded(tmp_path, {
        "consents.csv": consents + "C1,S1,newsletter,given,2026-07-01T09:00Z,9999-12-31T23:59:59Z\n",
    })  # fmt: skip
    with open_workbench(db, "2026Q3") as wb:
        (finding,) = wb["consent_records"].findings()
        (own,) = next(t.rows for t in wb.evidence(finding.finding_id) if t.table == "core.consents")
    assert own["effective_at"] == "2026-07-01T11:00:00+02:00"
    assert own["expires_at"] == "10000-01-01T00:59:59+01:00"


def test_what_no_run_found_is_a_wrong_word(workbench: Workbench) -> None:
    with pytest.raises(UsageError, match="no such finding"):
        workbench.evidence("F-0000000000000000")
    with pytest.raises(UsageError, match="no such item"):
        workbench.explain_item("retention", "none")


def test_an_item_outside_the_scope_is_none_of_it(workbench: Workbench, results: Results) -> None:
    found = next(f for f in results["retention"].findings() if f.client_id)
    assert workbench.explain_item("retention", found.item_key)
    with workbench.at(workbench.asked.period, workbench.asked.as_of) as other:
        other.asked = replace(other.asked, role="controller")
        with pytest.raises(UsageError, match="no such item"):
            other.explain_item("retention", found.item_key)


def test_a_records_last_day_is_told_from_its_rule(workbench: Workbench, results: Results) -> None:
    finding = results["retention"].findings(reason="still_held")[0]
    steps = "\n".join(workbench.explain_item("retention", finding.item_key))
    for words in (
        r"rules? .*covers? the record",
        r"Counted from \w+day",
        rf": \w+day {finding.due_at}",
        "not been disposed",
    ):
        assert re.search(words, steps)


def test_an_incidents_stages_are_told_with_their_targets(workbench: Workbench, results: Results) -> None:
    finding = results["incident_response"].findings(reason="late_resolved")[0]
    steps = workbench.explain_item("incident_response", finding.item_key)
    told = [line for line in steps if re.match("(registered|analysed|prioritised|resolved|evaluated): ", line)]
    assert len(told) == 5
    assert told[3].endswith(", late.")
    assert told[0].endswith(", in time.")


def test_a_key_in_several_tables_wants_its_table(workbench: Workbench) -> None:
    with pytest.raises(UsageError, match="several tables") as refused:
        workbench.explain_item("log_coverage", "-")
    assert "requests:KEY" in str(refused.value)
    assert "kind: requests" in workbench.explain_item("log_coverage", "requests:-")
    with pytest.raises(UsageError, match="no such item"):
        workbench.explain_item("log_coverage", "requests:crm")
