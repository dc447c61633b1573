"""The findings of a table to click in: all of them, or of many the worst of every kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.display import begin
from audit.display_drill import drill
from audit.listed import listed
from audit.run import Workbench, open_workbench
from tests.functional.sample_db import load_sample

CHECK = "retention"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, loaded once."""
    return load_sample(tmp_path_factory.mktemp("sample") / "db")


@pytest.fixture(scope="module")
def workbench(db: Path) -> Iterator[Workbench]:
    """The sample's third quarter."""
    with open_workbench(db, "2026Q3") as opened:
        yield opened


def test_all_of_few_in_the_order_of_the_interface(workbench: Workbench) -> None:
    found = workbench[CHECK].findings()
    rows = listed(workbench, CHECK)
    assert [r["finding_id"] for r in rows] == [f.finding_id for f in found]
    assert [(r["source_file"], r["source_line"]) for r in rows] == [(f.source_file, f.source_line) for f in found]


def test_of_many_some_of_every_kind_and_of_each_the_worst(workbench: Workbench) -> None:
    every = listed(workbench, CHECK)
    kind = lambda r: (r["outcome"], r["reason"], r["system_id"], r["month"])  # noqa: E731
    kinds = Counter(map(kind, every))
    few = listed(workbench, CHECK, len(kinds) + 3)
    assert len(few) == len(kinds) + 3 < len(every)
    taken = Counter(map(kind, few))
    assert set(taken) == set(kinds)
    for one, n in taken.items():
        amounts = [r["amount"] for r in every if kind(r) == one]
        assert [r["amount"] for r in few if kind(r) == one] == amounts[:n]


def test_a_check_that_was_not_run_has_none(workbench: Workbench) -> None:
    assert listed(workbench, "lawful_basis") == []


@pytest.mark.parametrize("edition", ["internal", "external"])
def test_the_display_counts_as_the_check_does_and_lists_nobody_outside(db: Path, edition: str) -> None:
    page = begin(str(db), "2026Q3", only=[CHECK], edition=edition)
    assert page.workbench is not None
    with page.workbench:
        shown, result = drill(page, CHECK), page.results[CHECK]
        if edition == "external":
            assert not getattr(shown, "screen", None)
            return
        assert sum(r["n"] for r in shown.rows) == result.violation + result.waived + result.undetermined
        assert len(shown.screen["datasets"]["lines"]) == len(listed(page.workbench, CHECK))
