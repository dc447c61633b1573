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
        seen: dict[str, set[date]] = {}
        for row in facts[table]:
            source = row["system_id"] if table in BY_SYSTEM else None
            seen.setdefault(source or "-", set()).add(facts.day(row[HAPPENS[table]]))
        for source, days in seen.items():
            over = longest_silence(facts, days) - facts.policy.deadlines["silent_source_after"].whole_days
            if over > 0:
                yield Verdict(table, source, "violation", "silent_source", amount=over)
            else:
                yield Verdict(table, source, "compliant")


def longest_silence(facts: Facts, seen: set[date]) -> int:
    """The most days of the period in a row without any row; a day that has not ended yet is not looked at."""
    longest = run = 0
    day = facts.asked.period.first
    while day <= facts.asked.period.last and midnight(day + timedelta(days=1), facts.asked.period.zone) <= facts.as_of:
        run = 0 if day in seen else run + 1
        longest = max(longest, run)
        day += timedelta(days=1)
    return longest
