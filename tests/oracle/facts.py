"""The facts that had happened as of an instant, and what an item is judged to be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from audit.asked import Asked
from audit.period import local_date
from audit.policy import Policy
from audit.statutes import Law

Row = dict[str, Any]

PSEUDONYM = re.compile(r"X-[A-Z2-7]{26}")
# A row of these has happened when this column's instant or day has.
HAPPENS = {
    "processing_events": "occurred_at",
    "cookie_events": "occurred_at",
    "consents": "effective_at",
    "communication_preferences": "effective_at",
    "data_records": "collected_at",
    "incidents": "detected_at",
    "incident_events": "at",
    "requests": "received_at",
    "contracts": "contract_start",
    "legal_holds": "held_from",
    "access_grants": "granted_from",
    "policy_versions": "effective_on",
}
# What becomes of such a row later; until then it is not there. With it goes what is said of it. When a consent was
# recorded is no such fact: it shows what the record is worth, whenever it is looked at.
LATER: dict[str, dict[str, tuple[str, ...]]] = {
    "data_records": {"last_activity_at": (), "disposed_at": ("disposal",)},
    "requests": {
        "identity_requested_at": (),
        "identity_confirmed_at": (),
        "extended_at": ("extension_reason",),
        "answered_at": ("outcome", "refusal_reason"),
    },
    "subjects": {"relationship_ended_on": ()},
    "contracts": {"contract_end": ()},
    "legal_holds": {"held_to": ()},
    "policy_versions": {"reviewed_on": ()},
}


@dataclass(frozen=True)
class Verdict:
    """What one item is judged to be; ``amount`` in days where ``due`` is a date, else in hours.

    ``shown`` are further columns in which the check must say what they say here.
    """

    table: str
    item: str
    outcome: str
    reason: str | None = None
    role: str | None = None
    client_id: str | None = None
    amount: float | None = None
    due: date | datetime | None = None
    shown: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """A world as it was known as of an instant, the law, the policy and the question."""

    world: dict[str, list[Row]]
    asked: Asked
    law: Law
    policy: Policy
    _tables: dict[str, list[Row]] = field(default_factory=dict)

    def __getitem__(self, table: str) -> list[Row]:
        """The rows of a table that had happened, without what happened to them later."""
        if table not in self._tables:
            rows = [self._resolved(table, self.as_known(table, row)) for row in self.begun(table)]
            self._tables[table] = self._once_each(rows) if table == "subjects" else rows
        return self._tables[table]

    def begun(self, table: str) -> Iterator[Row]:
        """The rows of a table that had happened."""
        column = HAPPENS.get(table)
        for row in self.world.get(table, []):
            if column is None or self.happened(row[column]):
                yield row

    def as_known(self, table: str, row: Row) -> Row:
        """A row without what happened to it later."""
        row = dict(row)
        for column, with_it in LATER.get(table, {}).items():
            if row.get(column) is not None and not self.happened(row[column]):
                row |= dict.fromkeys((column, *with_it))
        return row

    def _resolved(self, table: str, row: Row) -> Row:
        if table == "processing_events":
            return row | {"subject_id": self._person(row)}
        column = "visitor_id" if table == "cookie_events" else "subject_id"
        known = self._behind(row[column]) if column in row and table != "identities" else None
        return row | {column: known, "was": row[column]} if known else row

    def _person(self, event: Row) -> str | None:
        """The person behind the id a system uses: identities knows, else the id is the person's own."""
        for identity in self.world.get("identities", []):
            if (identity["system_id"], identity["external_id"]) == (event["system_id"], event["subject_id"]):
                return str(identity["subject_id"])
        return event["subject_id"]

    def _behind(self, subject_id: str | None) -> str | None:
        """The person behind the pseudonym of a system's id, which is no id of anybody's own."""
        if not PSEUDONYM.fullmatch(subject_id or ""):
            return None
        known = (i["subject_id"] for i in self.world.get("identities", []) if i["external_id"] == subject_id)
        return max(known, default=None)

    def _once_each(self, subjects: list[Row]) -> list[Row]:
        """Each person once: as recorded under their own id, else as first recorded under a pseudonym."""
        by_person: dict[tuple[str, str | None], Row] = {}
        for row in sorted(subjects, key=lambda row: "was" in row):
            by_person.setdefault((row["subject_id"], row["client_id"]), row)
        return list(by_person.values())

    def happened(self, when: date | datetime) -> bool:
        """Whether something of this instant, or of this day, had happened."""
        return when < self.as_of if isinstance(when, datetime) else when <= self.today

    @property
    def as_of(self) -> datetime:
        return self.asked.as_of

    @property
    def today(self) -> date:
        """The local day of the last instant before as_of."""
        return self.day(self.as_of - timedelta(microseconds=1))

    def day(self, instant: datetime) -> date:
        """The local day of an instant."""
        return local_date(instant, self.asked.period.zone)

    def in_period(self, instant: datetime) -> bool:
        return self.asked.period.start <= instant < self.asked.period.end

    def of_period(self, table: str) -> list[Row]:
        """The rows of a log that happened in the period."""
        return [row for row in self[table] if self.in_period(row[HAPPENS[table]])]

    @cached_property
    def activities(self) -> dict[str, Row]:
        """The record of processing activities by id."""
        return {row["activity_id"]: row for row in self["processing_activities"]}

    @cached_property
    def recipients(self) -> dict[str, Row]:
        return {row["recipient_id"]: row for row in self["recipients"]}

    def in_scope(self, verdict: Verdict) -> bool:
        """Whether an item belongs to the client and the role that were asked for."""
        asked = self.asked
        return asked.client_id in (None, verdict.client_id) and asked.role in (None, verdict.role)


def role(row: Row) -> str:
    """In which role a row was done: as it says, else as controller where no client is named, else as processor."""
    return row.get("role") or ("controller" if row["client_id"] is None else "processor")


def covers(first: date | datetime | None, when: date | datetime, until: date | datetime | None) -> bool:
    """Whether something lasts from ``first`` to before ``until``; a missing end is open."""
    return (first is None or first <= when) and (until is None or when < until)


def hours(span: timedelta) -> float:
    return span.total_seconds() / timedelta(hours=1).total_seconds()
