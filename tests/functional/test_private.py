"""What is open reaches nothing else, and what is written runs nothing."""

from __future__ import annotations

import csv
import re

import duckdb
import pytest

from audit.cli import main
from audit.run import open_workbench
from tests.functional.test_cli_errors import db, source  # noqa: F401
from tests.rules.tree import files

RESOURCE = re.compile(rb"(src|href|url)\s*[=(:]\s*[\"']?https?://|@import|<script[^>]+src=|cdn\.", re.IGNORECASE)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{outside}')",
        "COPY (SELECT 1) TO '{outside}'",
        "ATTACH '{outside}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ],
)
def test_an_open_workbench_reaches_nothing_outside(db, tmp_path, statement):  # noqa: F811
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    with open_workbench(db, period="2026Q3") as workbench, pytest.raises(duckdb.Error):
        workbench.con.execute(statement.format(outside=outside))
    assert outside.read_text() == "a\n1\n"


def test_a_spreadsheet_runs_nothing_of_the_findings(source, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    events = source / "processing_events.csv"
    events.write_text(events.read_text().replace("E2", "=1+1").replace("S2", "@SUM(A1)"))
    assert main(["load", str(source), "--quiet"]) == 0
    main(["check", "--period", "2026Q3", "--findings", "findings.csv", "--quiet"])
    main(["check", "--period", "2026Q3", "--findings", "findings.jsonl", "--quiet"])
    with open("findings.csv", newline="") as file:  # noqa: PTH123
        rows = list(csv.DictReader(file))
    cells = [value for row in rows for value in row.values()]
    assert "'=1+1" in cells
    assert "'@SUM(A1)" in cells
    assert [cell for cell in cells if len(cell) > 1 and cell[0] in "=+@\t\r"] == []
    assert '"=1+1"' in (tmp_path / "findings.jsonl").read_text()


@pytest.mark.parametrize("path", files("*.typ", "*.ipynb", under="."), ids=lambda path: path.name)
def test_templates_and_notebooks_load_nothing_from_elsewhere(path):
    found = RESOURCE.search(path.read_bytes())
    assert found is None
    assert b"@preview/" not in path.read_bytes()
