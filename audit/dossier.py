"""One incident, whole: what the register and its trail say of it, and each of its clocks. SQL: ``sql/dossier``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.asked import Asked
from audit.errors import UsageError
from audit.judge import rows
from audit.store import Connection, sql_file

NOTICES = ("controller_notified", "authority_notified", "subjects_notified")
"""The stages at which somebody was told, in the order of GDPR 33(2), 33(1) and 34."""

# GDPR 33(3) and 33(5): what a notification and the documentation hold, and the column that shows it. None: the register
# has no column for it, so only people can add it.
DEMANDS: tuple[tuple[str, str, str | None], ...] = (
    ("33(3)(a)", "nature", "breach_types"),
    ("33(3)(a)", "persons", None),
    ("33(3)(a)", "number", "subjects_affected"),
    ("33(3)(a)", "data", "data_categories"),
    ("33(3)(a)", "records", None),
    ("33(3)(b)", "contact", None),
    ("33(3)(c)", "consequences", "effects"),
    ("33(3)(d)", "measures", "remedial_action"),
    ("33(5)", "facts", "facts"),
    ("33(5)", "effects", "effects"),
    ("33(5)", "remedial", "remedial_action"),
)

_NOTICE_CHECKS = {
    "breach_notification_authority": "authority_notified",
    "breach_notification_controller": "controller_notified",
    "breach_communication_subjects": "subjects_notified",
}
CHECKS = ("incident_response", "breach_documentation", *_NOTICE_CHECKS)
"""The checks that bear on an incident."""


@dataclass(frozen=True)
class Clock:
    """A time limit of one incident.

    Attributes:
        stage: what ends it.
        basis: where the limit is from: law, contract or house (the policy file); None: nothing sets one.
        silent: why it does not run, as ``risk_unlikely``; None where it does.
        start_at, due_at, done_at: ISO 8601; ``is_date`` where only the day of the start is known.
        months, days, seconds: the limit.
        outcome: compliant, violation, pending or undetermined; None where it does not run.
        hours_over, hours_allowed, hours_taken: elapsed hours; taken until done, or until as of.
    """

    stage: str
    basis: str | None
    silent: str | None
    start_at: str | None
    is_date: bool
    months: int | None
    days: int | None
    seconds: int | None
    due_at: str | None
    done_at: str | None
    outcome: str | None
    hours_over: float | None
    hours_allowed: float | None
    hours_taken: float | None


@dataclass(frozen=True)
class Dossier:
    """One incident.

    Attributes:
        incident: the register's row, as ``contracts/incidents.toml`` describes it, with the client's name.
        clocks: in the order in which they are told.
        trail: the stages reached, each with its instant, its actor and the how-manieth of its kind it is.
    """

    incident: dict[str, Any]
    clocks: tuple[Clock, ...]
    trail: tuple[dict[str, Any], ...]

    @property
    def is_processor(self) -> bool:
        """Whether the data was processed for a client."""
        return bool(self.incident["role"] == "processor")

    @property
    def running(self) -> tuple[Clock, ...]:
        """The clocks that run for this incident."""
        return tuple(c for c in self.clocks if c.silent is None)

    def clock(self, stage: str) -> Clock:
        """The clock that a stage ends."""
        return next(c for c in self.clocks if c.stage == stage)

    def told(self, stage: str) -> list[dict[str, Any]]:
        """Each time somebody was told."""
        return [e for e in self.trail if e["stage"] == stage]

    def lacks(self, column: str) -> bool:
        """Whether the register's row has nothing in a column."""
        return self.incident[column] in (None, [])

    @property
    def demanded(self) -> list[str]:
        """The columns that the law demands something in, each once."""
        return list(dict.fromkeys(column for _, _, column in DEMANDS if column))

    @property
    def missing(self) -> list[str]:
        """Those of the columns that are empty; of what is no breach nothing is demanded."""
        return [] if self.incident["personal_data_breach"] is False else [c for c in self.demanded if self.lacks(c)]

    def outcome(self, check: str) -> str | None:
        """What a check says of this incident: compliant, violation, pending or undetermined; None where it is not its.

        Waivers are left out, and so is whether the incident belongs to the period.
        """
        if check == "incident_response":
            return self._procedure()
        if check == "breach_documentation":
            return self._documentation()
        stage = _NOTICE_CHECKS.get(check)
        clock = self.clock(stage) if stage else None
        return clock.outcome if clock and clock.silent is None and self.incident["personal_data_breach"] else None

    def _procedure(self) -> str:
        """Whether every stage was gone through, in order and in time."""
        stages = [c for c in self.clocks if c.stage not in NOTICES]
        done = [datetime.fromisoformat(c.done_at) if c.done_at else None for c in stages]
        reached = [at for at in done if at]
        is_skipped = None in done[: max((i + 1 for i, at in enumerate(done) if at), default=0)]
        if reached != sorted(reached) or is_skipped or any(c.outcome == "violation" for c in stages):
            return "violation"
        return "compliant" if done[-1] else "pending"

    def _documentation(self) -> str | None:
        """Whether what 33(5) demands at this stage is on record: before the incident is resolved only the facts."""
        is_breach, is_resolved = self.incident["personal_data_breach"], bool(self.clock("resolved").done_at)
        if not is_breach:
            return "undetermined" if is_breach is None else None
        asked = ("facts", "effects", "remedial_action") if is_resolved else ("facts",)
        if any(self.lacks(column) for column in asked):
            return "violation"
        return "compliant" if is_resolved else "pending"


def open_dossier(con: Connection, asked: Asked, incident: str) -> Dossier:
    """Read one incident, as it stood as of then.

    Args:
        con: an open workbench's connection.
        asked: as of when, and within which scope; the period plays no part.
        incident: its id.

    Raises:
        UsageError: no incident of this id was detected before then in the scope.
    """
    found = rows(con, asked.within(sql_file("dossier/incident")), [incident])
    if not found:
        raise UsageError(
            "no such incident was detected before the as-of instant in this scope",
            column="incident",
            expected="an incident_id as core.incidents has it",
        )
    clocks = rows(con, asked.within(sql_file("dossier/clocks")), [incident])
    trail = rows(con, asked.within(sql_file("dossier/trail")), [incident])
    return Dossier(found[0], tuple(Clock(**c) for c in clocks), tuple(trail))


def breaches(con: Connection, asked: Asked) -> list[str]:
    """The ids of the personal data breaches detected in the period, those not classified yet included."""
    return [row["incident_id"] for row in rows(con, asked.within(sql_file("dossier/breaches")))]
