"""From a finding to the rows behind it: its own row first, where it stands, and why it got its outcome."""

from __future__ import annotations

import pytest

import audit
from audit.catalog import load_catalog
from audit.errors import UsageError
from audit.places import shipped
from audit.results import Results
from tests.functional.sample_db import load_sample


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> audit.run.Workbench:
    with audit.open(load_sample(tmp_path_factory.mktemp("evidence") / "db"), "2026Q3") as wb:
        yield wb


@pytest.fixture(scope="module")
def results(workbench: audit.run.Workbench) -> Results:
    return workbench.check_all()


@pytest.mark.parametrize("check", sorted(set(load_catalog()) - {"log_coverage"}))
def test_the_items_own_row_is_found_where_the_finding_says(
    workbench: audit.run.Workbench, results: Results, check: str
) -> None:
    for table in {f.item_table for f in results[check].findings()}:
        finding = next(f for f in results[check].findings() if f.item_table == table)
        own = next(t for t in workbench.evidence(finding.finding_id) if t.table == f"core.{table}")
        assert (finding.source_file, finding.source_line) in {(r["source_file"], r["source_line"]) for r in own.rows}
        steps = workbench.explain_item(check, finding.item_key)
        assert f"{table} {finding.item_key}: {finding.source_file}, line {finding.source_line}" in steps
        assert finding.reason in steps[-1]


def test_the_line_is_the_one_in_the_file(workbench: audit.run.Workbench, results: Results) -> None:
    finding = next(f for f in results["request_deadlines"].findings() if f.source_file == "requests.csv")
    lines = (shipped("mira") / "requests.csv").read_text("utf-8").splitlines()
    assert finding.source_line is not None
    assert lines[finding.source_line - 1].startswith(finding.item_key)


def test_a_source_of_logs_stands_in_no_file(workbench: audit.run.Workbench, results: Results) -> None:
    finding = results["log_coverage"].findings()[0]
    assert (finding.source_file, finding.source_line) == (None, None)
    assert [t.table for t in workbench.evidence(finding.finding_id)] == ["house.settings"]


def test_what_no_run_found_is_a_wrong_word(workbench: audit.run.Workbench) -> None:
    with pytest.raises(UsageError, match="no such finding"):
        workbench.evidence("F-0000000000000000")
    with pytest.raises(UsageError, match="no such item"):
        workbench.explain_item("retention", "none")
