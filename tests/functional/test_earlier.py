"""What a report says of the period before: beside each check, and of its report held against today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest

from audit import pdf, report
from audit.blocks import MIME
from audit.compared import comparison_json
from audit.display import begin
from audit.display_earlier import Earlier
from audit.run import open_workbench
from audit.sentences import plain
from audit.shown import Shown
from audit.sources.load import load
from tests.functional import made_report
from tests.functional.houses import loaded, policy, write

HEADER = "request_id,kind,received_at,answered_at,outcome,subject_id\n"
FIRST = HEADER + (
    "R1,access,2026-04-02,2026-06-20,fulfilled,S1\n"
    "R2,access,2026-03-20,,,S2\n"
    "R3,access,2026-08-03,2026-08-20,fulfilled,S3\n"
)
LATE = HEADER + "R4,access,2026-04-10,2026-06-29,fulfilled,S4\n"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database whose second quarter was reported, into which a row came late."""
    folder = tmp_path_factory.mktemp("earlier")
    db = loaded(folder, {"requests.csv": FIRST})[0]
    with open_workbench(db, "2026Q2") as wb:
        wb.keep_run(wb.check_all(), "quarterly-report")
    load(db, [write(folder / "late", {"requests-late.csv": LATE})], policy())
    return db


@pytest.fixture
def past(db: Path, request: pytest.FixtureRequest) -> Iterator[Earlier]:
    page = begin(str(db), "2026Q3", only=["request_deadlines"], **getattr(request, "param", {}))
    yield Earlier(page)
    assert page.workbench
    page.workbench.close()


def text(shown: Shown | None) -> str:
    assert shown
    return plain(shown.block["text"])


def test_a_check_stands_beside_the_period_before(past):
    assert text(past.since("request_deadlines")) == (
        "Beside 2026Q2: +50.0 percentage points, from 0.0% of 3 to 50.0% of 2 decided. None of its findings is new; "
        "1 is still open, since 20 April 2026. Of those of 2026Q2, 0 resolved and 2 closed before this period began."
    )
    assert past.since("retention") is None  # no record was loaded


def test_the_report_before_is_held_against_today(past):
    note, figures, moves = past.restated()
    assert text(note).startswith("1 check of the last report of 2026Q2 says otherwise today, asked again as of 1 July")
    assert "1 row came too late for that report." in text(note)
    assert figures.block["rows"] == [["Request deadlines", 0.0, 2, 2, 0.0, 3, 3]]
    assert moves.block["rows"] == [
        ["Request deadlines", "no finding", "violation", "late", "a row that came late", "requests-late.csv", 1]
    ]


@pytest.mark.parametrize("past", [{"language": "sv"}], indirect=True)
def test_it_is_said_in_swedish(past):
    said = text(past.since("request_deadlines"))
    assert said.startswith("Jämfört med 2026Q2: +50,0 procentenheter, från 0,0\xa0% av 3 till 50,0\xa0% av 2 avgjorda.")
    assert text(past.restated()[0]).startswith("1 kontroll i den senaste rapporten för 2026Q2 säger annat i dag")


@pytest.mark.parametrize("past", [{"edition": "external"}], indirect=True)
def test_an_external_file_names_the_checks_that_moved_and_no_more(past):
    """The counts of a report then and now, one beside the other, would tell of the one that came late."""
    told = comparison_json(past.comparison)
    assert told["restated"]["checks"] == [{"check": "request_deadlines"}]
    assert "arrivals" not in told["restated"]
    assert [set(row) & {"flows", "oldest"} for row in told["checks"]] == [set()]
    (moved,) = past.comparison.restated.checks
    assert (moved.before, moved.moved) == (moved.now, ())


@pytest.mark.parametrize("past", [{"edition": "external"}], indirect=True)
def test_the_external_edition_counts_nobody_across_periods(past):
    (note,) = past.restated()
    assert text(note).endswith("By how much stands in the internal edition.")
    assert "too late" not in text(note)
    assert text(past.since("request_deadlines")) == (
        "The change since 2026Q2 is not shown, because it would tell of few."
    )
    keys = [column["key"] for column in past.overview().block["columns"]]
    assert keys == ["check", "rate_before", "decided_before", "rate", "decided", "points"]


@pytest.mark.parametrize("past", [{"role": "processor"}], indirect=True)
def test_one_sentence_where_nothing_is_kept(past):
    (note,) = past.restated()
    assert text(note).startswith("No report of 2026Q2 is kept in this database")


def test_one_sentence_where_nothing_moved(db):
    with open_workbench(db, "2026Q2", role="controller") as wb:
        wb.keep_run(wb.check_all(), "quarterly-report")
    page = begin(str(db), "2026Q3", only=["request_deadlines"], role="controller")
    assert page.workbench
    with page.workbench:
        (note,) = Earlier(page).restated()
    assert text(note).startswith("Nothing moved since the last report of 2026Q2")


def test_the_pdf_says_it(past, tmp_path):
    shown = [*past.restated(), past.overview(), past.since("request_deadlines")]
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {MIME: s.block}} for s in shown]
    cells = [*made_report.cells()[:3], made_report.code(*outputs), *made_report.cells()[-1:]]
    document = report.read(made_report.write(tmp_path / "report.ipynb", cells))
    attached = dict.fromkeys(("results.json", "findings.csv", "manifest.json"), "{}")
    with pypdfium2.PdfDocument(pdf.typeset(document, manifest_sha256="0" * 64, attachments=attached)) as made:
        pages = [page.get_textpage() for page in made]
        said = " ".join(" ".join(page.get_text_range() for page in pages).split())
        for page in pages:
            page.close()
    assert "1 check of the last report of 2026Q2 says otherwise today" in said
    assert "requests-late.csv" in said
    assert "+50.0 percentage points, from 0.0% of 3 to 50.0% of 2 decided" in said
