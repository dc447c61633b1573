"""Whether the logs can carry the answers at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from audit.period import midnight
from tests.oracle.facts import HAPPENS, Facts, Verdict

BY_SYSTEM = ("processing_events", "data_records")
AS_ONE = ("consents", "communication_preferences", "incidents", "incident_events", "requests", "cookie_events")


def log_coverage(facts: Facts) -> Iterator[Verdict]:
    for table in (*BY_SYSTEM, *AS_ONE):
        seen: dict[str, list[date]] = {}
        for row in facts[table]:
            source = row["system_id"] if table in BY_SYSTEM else None
            seen.setdefault(source or "-", []).append(facts.day(row[HAPPENS[table]]))
        for source, days in seen.items():
            yield covered(facts, table, source, days)


def covered(facts: Facts, table: str, source: str, seen: list[date]) -> Verdict:
    looked_at = days_over(facts)
    longest = run = 0
    for day in looked_at:
        run = 0 if day in seen else run + 1
        longest = max(longest, run)
    shown = {
        "rows": len(seen),
        "first_on": min(seen),
        "last_on": max(seen),
        "days": len(looked_at),
        "silent_days": len(set(looked_at) - set(seen)),
        "longest_silence": longest,
    }
    over = longest - facts.policy.deadlines["silent_source_after"].whole_days
    if over > 0:
        return Verdict(table, source, "violation", "silent_source", role="controller", amount=over, shown=shown)
    return Verdict(table, source, "compliant", role="controller", shown=shown)


def days_over(facts: Facts) -> list[date]:
    """The days of the period that had ended."""
    period, days = facts.asked.period, []
    day = period.first
    while day <= period.last and midnight(day + timedelta(days=1), period.zone) <= facts.as_of:
        days.append(day)
        day += timedelta(days=1)
    return days
