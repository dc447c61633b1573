"""Where each outcome and reason of a check is exercised: on its page, in a worked case, in the sample's answer key.

That the made-up worlds meet each of them too is asserted where they are judged (tests/generative/test_oracle.py).
"""

from __future__ import annotations

import csv
import re

import pytest

from audit.catalog import Check, load_catalog
from audit.places import shipped

Said = set[tuple[str, str | None]]
CATALOG = load_catalog()
FINDINGS = ("violation", "undetermined")
each_check = pytest.mark.parametrize("check", CATALOG.values(), ids=CATALOG.keys())


def declared(check: Check) -> Said:
    """Outcomes with their reasons, as check.toml has them."""
    return {(outcome, reason) for outcome, reasons in check.reasons.items() for reason in reasons}


def counted(check: Check) -> Said:
    """The rows of the page's table: what is counted as what."""
    (section,) = re.findall(r"^## How it is counted\n(.*?)^## ", check.page, flags=re.DOTALL | re.MULTILINE)
    rows = re.findall(
        r"^\| (compliant|violation|undetermined|pending) \| (?:`(\w+)`)? ?\|", section, flags=re.MULTILINE
    )
    return {(outcome, reason or None) for outcome, reason in rows}


def worked(check: Check) -> Said:
    return {(str(row["outcome"]), row.get("reason")) for case in check.cases for row in case.expected}


def planted(check: Check) -> Said:
    """What the sample's answer key holds; a waived violation is none here."""
    with (shipped("mira") / "answer_key.csv").open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["check"] == check.name]
    return {(row["outcome"], row["reason"]) for row in rows if row["outcome"] in FINDINGS}


@each_check
def test_the_page_counts_what_the_check_declares(check: Check) -> None:
    assert {row for row in counted(check) if row[1]} == declared(check)
    assert ("compliant", None) in counted(check)


@each_check
def test_every_row_of_the_pages_table_has_a_worked_case(check: Check) -> None:
    assert worked(check) == counted(check)


@each_check
def test_every_finding_a_check_can_make_is_planted_in_the_sample(check: Check) -> None:
    assert planted(check) == {(outcome, reason) for outcome, reason in declared(check) if outcome in FINDINGS}
