"""Which edition a report is made in where nobody says: what leaves the house gives nobody away."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cli import build_parser
from audit.editions import REPORTS, USUAL_EDITION
from audit.making import Order
from audit.places import shipped

DOCS = Path(__file__).parents[2] / "docs" / "editions.md"


@pytest.mark.parametrize("report", REPORTS)
def test_only_what_stays_in_the_house_shows_items(report: str) -> None:
    assert Order(report).edition == ("internal" if report == "quarterly-report" else "external")
    assert [Order(report, edition=e).edition for e in ("internal", "external")] == ["internal", "external"]


@pytest.mark.parametrize("report", REPORTS)
def test_the_page_on_editions_and_the_help_say_which(report: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"| `{report}` | {USUAL_EDITION[report]} |" in DOCS.read_text("utf-8")
    with pytest.raises(SystemExit):
        build_parser().parse_args(["report", "--help"])
    told = "".join(capsys.readouterr().out.split())
    of = {edition: told.partition(f"{edition}for")[2].partition(";" if edition == "internal" else ")")[0]
          for edition in ("internal", "external")}  # fmt: skip
    assert [edition for edition, names in of.items() if report in names.split(",")] == [USUAL_EDITION[report]]


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_has_its_notebook(report: str) -> None:
    assert (shipped("notebooks") / f"{report.replace('-', '_')}.ipynb").is_file()
