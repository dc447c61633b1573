"""What the notebook of data quality says: what was refused and what was undecided, in numbers, without a value of a row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from audit.display import Page, Several, begin
from audit.display_quality import refused, undecided
from tests.functional.houses import loaded

SECRET = "19810203-1234"
EVENTS = f"""event_id,occurred_at,subject_id,operation,channel,activity_id
E1,2026-08-01T10:00:00Z,S1,contact,email,
E2,2026-08-02T10:00:00Z,S2,contact,,
E3,2026-08-03T10:00:00Z,,contact,email,
E4,{SECRET},S1,contact,email,
E5,{SECRET},S1,contact,email,
E6,2026-08-03T10:00:00Z,S1,{SECRET},email,
"""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded(tmp_path_factory.mktemp("house"), {"processing_events.csv": EVENTS})[0]


Told = tuple[str, list[list[object]]]


def told(db: Path, what: Callable[[Page], Several], period: str = "2026Q3", **scope: str) -> Told:
    """The sentence, and the rows of the table where there is one."""
    page = begin(str(db), period, only=["lawful_basis", "communication_preferences"], **scope)
    assert page.workbench is not None
    with page.workbench:
        shown = what(page)
        texts = [one._repr_mimebundle_()["text/plain"] for one in shown]
    assert SECRET not in "".join(texts)
    return texts[0], [row for one in shown[1:] for row in one.block["rows"]]


def test_what_was_refused_is_counted_by_column_and_reason(db):
    sentence, rows = told(db, refused)
    assert sentence == "3 rows were refused of 6 that were read."
    assert rows == [["Events", "occurred_at", "unparsable", 2, 1], ["Events", "operation", "not in vocabulary", 1, 1]]


def test_what_was_undecided_is_counted_by_check_and_reason(db):
    sentence, rows = told(db, undecided)
    assert sentence == "5 items could not be decided of 6 that were judged."
    assert rows == [
        ["Lawful basis", "No activity", 3, 3],
        ["Communication preferences", "No channel", 1, 3],
        ["Communication preferences", "No subject", 1, 3],
    ]


def test_it_speaks_swedish(db):
    assert told(db, refused, language="sv")[0] == "3 rader avvisades av 6 inlästa."
    assert told(db, undecided, language="sv")[1][0] == ["Rättslig grund", "Ingen behandling angiven", 3, 3]


def test_the_external_edition_gives_no_small_count_away(db):
    _, rows = told(db, undecided, edition="external")
    assert rows
    assert all(str(n) not in ("1", "2", "3", "4") for *_, n, _ in rows), rows


@pytest.mark.parametrize(("language", "says"), [("en", "Nothing was judged"), ("sv", "Ingenting prövades")])
def test_where_nothing_was_judged_nothing_is_said_to_be_decided(db, language, says):
    sentence, rows = told(db, undecided, period="1999", language=language)
    assert sentence.startswith(says)
    assert rows == []


def test_nothing_refused_is_said_too(tmp_path):
    good, _ = EVENTS.split("E4", maxsplit=1)
    sentence, rows = told(loaded(tmp_path, {"processing_events.csv": good})[0], refused)
    assert sentence == "No row was refused of 3 that were read."
    assert rows == []
