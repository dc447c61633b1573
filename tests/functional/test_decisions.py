"""The adequacy decisions that a report names are those in force that a registered recipient relies on."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.run import open_workbench
from tests.functional.houses import loaded

RECIPIENTS = (
    "recipient_id,name,country,kind,agreement,safeguard\n"
    "R1,Mailer,US,processor,dpa,adequacy\nR2,Chat,US,processor,dpa,adequacy\nR3,Support,IN,processor,dpa,adequacy\n"
    "R4,Scanner,JP,processor,dpa,scc\nR5,Printer,SE,processor,dpa,none\n"
)


@pytest.mark.parametrize(
    ("period", "as_of", "named"),
    [
        ("2016Q2", None, []),  # between Safe Harbour, annulled in 2015, and its successor
        ("2016Q3", None, ["Privacy Shield"]),
        ("2020Q3", None, ["Privacy Shield"]),  # annulled on 16 July 2020
        ("2020Q4", None, []),
        ("2023Q3", "2023-07-10", []),  # what is adopted on that day has not happened before it
        ("2023Q3", None, ["EU-US Data Privacy Framework (certified organisations)"]),
        ("2016-01-01/2024-01-01", None, ["Privacy Shield", "EU-US Data Privacy Framework (certified organisations)"]),
    ],
)
def test_the_decisions_of_a_period(tmp_path: Path, period: str, as_of: str | None, named: list[str]) -> None:
    db, _ = loaded(tmp_path, {"recipients.csv": RECIPIENTS})
    with open_workbench(db, period, as_of=as_of) as workbench:
        found = workbench.check_all(only=["policy_review"]).decisions
    assert [d["name"] for d in found] == named
    assert {d["country"] for d in found} <= {"US"}
    assert all(d["source"] for d in found)
