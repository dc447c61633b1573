"""A report's folder: what is kept, and said, where a notebook cannot become a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.errors import AuditError
from audit.making import Order, make_report
from audit.run import Workbench, open_workbench
from tests.functional.houses import loaded
from tests.functional.made_report import COVER, code, write

FOREIGN = code({"output_type": "display_data", "metadata": {}, "data": {"text/plain": "a picture of mine"}})


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    requests = "request_id,role,kind,received_at\nQ1,controller,access,2026-07-01\n"
    db, _ = loaded(tmp_path_factory.mktemp("making"), {"requests.csv": requests})
    with open_workbench(db, "2026Q3") as opened:
        yield opened


def test_a_notebook_that_is_no_report_says_what_to_do_and_is_kept(workbench: Workbench, tmp_path: Path) -> None:
    executed = write(tmp_path / "executed.ipynb", [COVER, FOREIGN])
    with pytest.raises(AuditError) as refused:
        make_report(workbench, tmp_path / "report", Order("requests-report"), executed=executed)
    assert "tag the cell notebook-only" in str(refused.value)
    assert str(tmp_path / "report-failed") in str(refused.value)
    assert (tmp_path / "report-failed" / "requests_report.ipynb").is_file()
    assert not (tmp_path / "report").exists()
