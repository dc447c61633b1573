"""Two periods side by side: what is new, still open, resolved and past; and what cannot be compared so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.catalog import load_catalog
from audit.comparing import OF_ONE_PERIOD
from audit.comparison import Flow, StillOpen
from audit.errors import UsageError
from audit.judge import judge
from audit.results import OUTCOMES
from audit.run import Workbench, open_workbench
from tests.functional.houses import loaded
from tests.functional.sample_db import load_sample

REQUESTS = """request_id,kind,received_at,answered_at,outcome
LATE-IN-Q2,access,2026-04-02,2026-06-20,fulfilled
OVERDUE,access,2026-03-20,,
ANSWERED-LATE-IN-Q3,access,2026-04-04,2026-08-20,fulfilled
PENDING-THEN-OVERDUE,access,2026-06-20,,
NEW,access,2026-07-05,2026-09-20,fulfilled
IN-TIME,access,2026-06-25,2026-07-05,fulfilled
"""
RECORDS = """record_id,system_id,data_category,collected_at,disposed_at
KEPT,crm,usage_logs,2024-01-05T10:00Z,
DISPOSED,crm,usage_logs,2024-01-06T10:00Z,2026-05-05T10:00Z
"""
RULES = "rule_id,anchor,period,data_category\nRU1,collected,P24M,usage_logs\n"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with open_workbench(load_sample(tmp_path_factory.mktemp("comparing") / "db"), "2026Q3") as wb:
        yield wb


def test_each_finding_is_new_still_open_resolved_or_past(tmp_path):
    db, _ = loaded(tmp_path, {"requests.csv": REQUESTS})
    with open_workbench(db, "2026Q3") as wb:
        change = wb.compare("2026Q2")["request_deadlines"]
    assert change.flows == (
        Flow("violation", "late", new=1, still_open=1, other_reason=1, resolved=0, past=1),
        Flow("violation", "overdue", new=1, still_open=1, other_reason=0, resolved=0, past=0),
    )
    assert change.oldest == (
        StillOpen("OVERDUE", "violation", "overdue", "2026-04-20"),
        StillOpen("ANSWERED-LATE-IN-Q3", "violation", "late", "2026-05-04"),
    )
    assert (change.before.violation, change.now.violation) == (3, 4)


def test_a_mended_item_is_resolved_and_a_closed_one_past(tmp_path):
    activities = "activity_id,role,name,valid_from,valid_to\nMENDED,controller,News,2026-01-01,\n"
    db, _ = loaded(tmp_path, {"data_records.csv": RECORDS, "retention_rules.csv": RULES,
                              "processing_activities.csv": activities, "requests.csv": REQUESTS})  # fmt: skip
    with open_workbench(db, "2026Q3") as wb:
        table = {row["check"]: row for row in wb.compare().table()}
    flows = ("new", "still_open", "other_reason", "resolved", "past")
    assert [table["retention"][f] for f in flows] == [0, 1, 0, 0, 1]
    assert [table["ropa_completeness"][f] for f in flows] == [0, 1, 0, 0, 0]
    assert table["request_deadlines"]["points"] == pytest.approx(100 * (1 / 5 - 0 / 3))
    assert [table["request_deadlines"][f] for f in ("decided_before", "decided")] == [3, 5]


def test_findings_of_both_periods_are_parted(sample):
    comparison = sample.compare("2026Q2")
    assert sum(c.total("resolved") for c in comparison) > 0
    for change in (c for c in comparison if c.persists):
        now, before = (sum(getattr(r, o) for o in OUTCOMES[1:] if o != "pending") for r in (change.now, change.before))
        assert change.total("new") + change.total("still_open") == now
        assert change.total("still_open") + change.total("resolved") + change.total("past") == before


def test_a_period_beside_itself_has_nothing_new(sample):
    for change in sample.compare("2026Q3"):
        assert change.points in (0, None)
        assert [change.total(name) for name in ("new", "other_reason", "resolved", "past")] == [0, 0, 0, 0]
        assert change.persists is False or change.total("still_open") == change.now.population - (
            change.now.compliant + change.now.pending
        )


def test_items_of_one_period_stand_in_no_other(sample):
    """That events have no flows is a statement about populations: held here against them."""
    with open_workbench(sample.snapshot.folder, "2026Q2") as other:
        for check in (c for c in load_catalog().values() if c.unit in OF_ONE_PERIOD):
            found = []
            for wb in (sample, other):
                judge(wb.con, check, wb.asked)  # gathers what the check reads
                found.append({row[0] for row in wb.con.execute(
                    f"SELECT item FROM ({wb.asked.within(check.sql)})").fetchall()})  # fmt: skip
            assert found[0], check.name
            assert not found[0] & found[1], check.name


def test_a_period_that_had_not_begun_is_refused(sample):
    with pytest.raises(UsageError, match="nothing of that period had happened by then"):
        sample.compare("2026Q4")


def test_a_database_that_keeps_nothing_gives_the_same(sample, tmp_path, monkeypatch):
    from audit.archive import Archive

    kept = sample.compare("2026Q2").table()
    monkeypatch.setattr(Archive, "keep", lambda self, con, judged, check: judged)
    monkeypatch.setattr(Archive, "find", lambda self, check: None)
    with open_workbench(sample.snapshot.folder, "2026Q3") as wb:
        assert wb.compare("2026Q2").table() == kept
