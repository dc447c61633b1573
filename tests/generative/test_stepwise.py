"""The steps told of an item's time limit end where the check's SQL says that it ends, over many small worlds."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from audit.catalog import load_catalog
from audit.clock import Due
from audit.known import Known
from audit.period import midnight
from audit.stepwise import time_limit
from tests.generative.houses import house
from tests.generative.test_oracle import TABLES
from tests.generative.worlds import World, made, opened, worlds
from tests.spec import world as spec

CATALOG = load_catalog()
LIMITED = (
    "request_deadlines", "retention", "incident_response", "breach_notification_authority",
    "breach_notification_controller", "breach_communication_subjects",
)  # fmt: skip


@pytest.mark.parametrize("under", ["example", "stricter policy"])
@pytest.mark.parametrize("name", LIMITED)
def test_the_steps_end_where_the_check_does(name: str, under: str) -> None:
    check, zone = CATALOG[name], house(under).zone
    met: Counter[str] = Counter()

    @made(4)
    @given(worlds(*TABLES[name], under=under))
    def over_worlds(world: World) -> None:
        with opened(world) as con:
            for row in spec.rows(con, world.asked.within(check.sql)):
                limit = time_limit(Known(con, check, world.asked, house(under).policy, row))
                assert limit
                assert limit.steps
                if row["reason"] in ("out_of_order", "stage_skipped") or (name, row["outcome"]) == STAGES_DONE:
                    continue
                assert same(limit, row, zone=zone), (row, limit)
                met[row["outcome"]] += limit.due is not None

    over_worlds()
    assert met["violation"]
    assert met["compliant"] + met["pending"]


STAGES_DONE = ("incident_response", "compliant")  # no stage is due then


def same(limit: Due, row: dict[str, Any], *, zone: Any) -> bool:
    """Whether the steps end at the row's due day or instant; a day's end is its last instant."""
    due, found = limit.due, row["due_at"]
    if due is None or found is None:
        return due is None and found is None
    if not isinstance(found, datetime):
        return bool(due == found)
    if isinstance(due, datetime):
        return due.astimezone(UTC) == found.astimezone(UTC)
    after: datetime = midnight(due + timedelta(days=1), zone).astimezone(UTC)
    return found.astimezone(UTC) == after - timedelta(microseconds=1)


def test_a_check_without_a_time_limit_has_no_steps() -> None:
    known = Known(None, CATALOG["lawful_basis"], None, None, {})  # type: ignore[arg-type]
    assert time_limit(known) is None
