"""The record of processing activities (GDPR 30), and what the logs show against it. SQL: ``sql/record``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.asked import Asked
from audit.judge import rows
from audit.store import Connection, sql_file

# What the law demands of an activity, and what the policy promises besides, as ropa_completeness has it: the column and
# the article. Safeguards are demanded only where data goes to third countries.
DEMANDED = {
    "controller": {
        "purpose": "30(1)(b)",
        "person_category": "30(1)(c)",
        "data_categories": "30(1)(c)",
        "recipients": "30(1)(d)",
        "safeguards": "30(1)(e)",
        "retention_rule_id": "30(1)(f)",
        "security_measures": "30(1)(g)",
    },
    "processor": {
        "client_id": "30(2)(a)",
        "name": "30(2)(b)",
        "safeguards": "30(2)(c)",
        "security_measures": "30(2)(d)",
    },
}
PROMISED = {
    "controller": ("legal_basis",),
    "processor": ("legal_basis", "purpose", "person_category", "data_categories"),
}


@dataclass(frozen=True)
class Record:
    """The record as of then.

    Attributes:
        activities: those in force, as ``contracts/processing_activities.toml`` describes them, with the client's name
            and the retention rule.
        recipients: by id, those that an activity names.
        decisions: by country, the adequacy decision in force for a third country that an activity names, or None.
        systems: names by id, of the register.
        observed: systems, recipients and categories of data seen in the logs of the period but not declared, and the
            other way round.
        unknown: events of the period without an activity of the record.
        has_events: whether the period has any event; where not, the logs say nothing of the record.
    """

    activities: tuple[dict[str, Any], ...]
    recipients: dict[str, dict[str, Any]]
    decisions: dict[str, str | None]
    systems: dict[str, str]
    observed: tuple[dict[str, Any], ...]
    unknown: tuple[dict[str, Any], ...]
    has_events: bool

    def of(self, role: str) -> list[dict[str, Any]]:
        """The activities in one role."""
        return [a for a in self.activities if a["role"] == role]

    def seen(self, finding: str, thing: str | None = None) -> list[dict[str, Any]]:
        """What is `not_declared` or `not_seen`: of a system, recipient or data_category, or of all."""
        return [o for o in self.observed if o["finding"] == finding and thing in (None, o["thing"])]


def open_record(con: Connection, asked: Asked) -> Record:
    """Read the record in force on the as-of date, and hold it against the logs of the period."""

    def read(name: str) -> list[dict[str, Any]]:
        return rows(con, asked.within(sql_file(f"record/{name}")))

    return Record(
        activities=tuple(read("activities")),
        recipients={r["recipient_id"]: r for r in read("recipients")},
        decisions={r["country"]: r["decision"] for r in read("countries") if not r["is_inside"]},
        systems={s["system_id"]: s["name"] for s in read("systems")},
        observed=tuple(read("observed")),
        unknown=tuple(read("unknown")),
        has_events=read("logs")[0]["has_events"],
    )


def missing(activity: dict[str, Any]) -> dict[str, str]:
    """What the law demands of an activity and the record lacks: the column and the article."""
    demanded = DEMANDED[activity["role"]]
    return {
        column: article
        for column, article in demanded.items()
        if is_demanded(activity, column) and is_empty(activity, column)
    }


def missing_promised(activity: dict[str, Any]) -> list[str]:
    """What the policy promises of an activity besides, and the record lacks."""
    return [column for column in PROMISED[activity["role"]] if is_empty(activity, column)]


def is_demanded(activity: dict[str, Any], column: str) -> bool:
    """Whether the law demands a column of this activity."""
    if column == "safeguards" and is_empty(activity, "third_countries"):
        return False
    return column in DEMANDED[activity["role"]]


def is_empty(activity: dict[str, Any], column: str) -> bool:
    """Whether a column says nothing."""
    return activity[column] in (None, "", [])
