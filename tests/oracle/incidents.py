"""Incidents: how fast each stage was reached, what was written down, who was told and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from audit.duration import Duration
from tests.oracle.facts import Facts, Row, Verdict, covers, hours, role

STAGES = ("registered", "analysed", "prioritised", "resolved", "evaluated")


def reached(facts: Facts, incident: Row, stage: str) -> datetime | None:
    """When a stage was reached: the first time, for resolved and evaluated the last."""
    trail = facts["incident_events"]
    times = [e["at"] for e in trail if (e["incident_id"], e["stage"]) == (incident["incident_id"], stage)]
    if not times:
        return None
    return max(times) if stage in ("resolved", "evaluated") else min(times)


def open_in_period(facts: Facts, finish: str) -> Iterator[Row]:
    """Incidents detected before the period's end and not finished before its start."""
    period = facts.asked.period
    for incident in facts["incidents"]:
        finished = reached(facts, incident, finish)
        if incident["detected_at"] < period.end and (finished is None or finished >= period.start):
            yield incident


def of(
    incident: Row,
    outcome: str,
    reason: str | None = None,
    due: date | datetime | None = None,
    amount: float | None = None,
) -> Verdict:
    about = {"role": role(incident), "client_id": incident["client_id"]}
    return Verdict("incidents", incident["incident_id"], outcome, reason, **about, due=due, amount=amount)


def incident_response(facts: Facts) -> Iterator[Verdict]:
    for incident in open_in_period(facts, "evaluated"):
        times = {stage: reached(facts, incident, stage) for stage in STAGES}
        done = [at for at in times.values() if at is not None]
        if done != sorted(done):
            yield of(incident, "violation", "out_of_order")
        elif skipped(times):
            yield of(incident, "violation", "stage_skipped")
        else:
            yield in_time(facts, incident, times)


def skipped(times: dict[str, datetime | None]) -> bool:
    done = [at is not None for at in times.values()]
    return done != sorted(done, reverse=True)


def in_time(facts: Facts, incident: Row, times: dict[str, datetime | None]) -> Verdict:
    targets = facts.policy.targets[incident["severity"] or "default"]
    for stage, at in times.items():
        end = Limit(facts, incident["detected_at"], incident["detected_at_is_date"], targets[stage])
        if end.late(at):
            return of(incident, "violation", f"late_{stage}", end.due, end.over(at))
    return of(incident, "compliant" if times["evaluated"] else "pending")


class Limit:
    """The end of a limit in hours: an instant, or where only the day of the start is known the end of a day."""

    def __init__(self, facts: Facts, start: datetime, is_date: bool, length: Duration) -> None:
        self.facts = facts
        self.due: date | datetime = length.after_instant(start, facts.asked.period.zone).astimezone(UTC)
        if is_date:
            self.due = length.after_day(facts.day(start))

    def late(self, at: datetime | None) -> bool:
        """Whether what was done then, or is not done, is late."""
        when = at or self.facts.as_of
        if isinstance(self.due, datetime):
            return when > self.due
        return (self.facts.day(at) if at else self.facts.today) > self.due

    def over(self, at: datetime | None) -> float:
        """By how much: hours, or days where only days are known."""
        if isinstance(self.due, datetime):
            return hours((at or self.facts.as_of) - self.due)
        return ((self.facts.day(at) if at else self.facts.today) - self.due).days


def breach_documentation(facts: Facts) -> Iterator[Verdict]:
    for incident in open_in_period(facts, "resolved"):
        if incident["personal_data_breach"] is False:
            continue
        resolved = reached(facts, incident, "resolved")
        wanted = ("facts", "effects", "remedial_action") if resolved else ("facts",)
        if incident["personal_data_breach"] is None:
            yield of(incident, "undetermined", "not_classified")
        elif any(incident[name] is None for name in wanted):
            yield of(incident, "violation", "missing_fields")
        else:
            yield of(incident, "compliant" if resolved else "pending")


def breaches(facts: Facts, wanted: str, finish: str) -> Iterator[Row]:
    for incident in open_in_period(facts, finish):
        if incident["personal_data_breach"] is True and role(incident) == wanted:
            yield incident


def aware(facts: Facts, incident: Row) -> tuple[datetime, bool] | None:
    """When somebody was aware, and whether only the day is known; nothing where nobody was before as_of."""
    if incident["aware_at"] is None:
        return incident["detected_at"], incident["detected_at_is_date"]
    if not facts.happened(incident["aware_at"]):
        return None
    return incident["aware_at"], incident["aware_at_is_date"]


def told(incident: Row, end: Limit, at: datetime | None, late: str = "late") -> Verdict:
    if not end.late(at):
        return of(incident, "compliant" if at else "pending")
    return of(incident, "violation", late if at else "overdue", end.due, end.over(at))


def breach_notification_authority(facts: Facts) -> Iterator[Verdict]:
    for incident in breaches(facts, "controller", "authority_notified"):
        if incident["risk"] == "unlikely":
            continue
        notified, since = reached(facts, incident, "authority_notified"), aware(facts, incident)
        if since is None:
            yield of(incident, "pending")
        elif incident["risk"] is None and notified is None:
            yield of(incident, "undetermined", "risk_not_assessed")
        else:
            limit = facts.law.limit("breach_authority", facts.day(since[0])).value
            late = "late_with_reasons" if incident["delay_reasons"] else "late"
            yield told(incident, Limit(facts, *since, limit), notified, late)


def breach_notification_controller(facts: Facts) -> Iterator[Verdict]:
    for incident in breaches(facts, "processor", "controller_notified"):
        since = aware(facts, incident)
        contracts = [c for c in facts["contracts"] if c["client_id"] == incident["client_id"]]
        if since is None:
            yield of(incident, "pending")
        elif not contracts:
            yield of(incident, "undetermined", "unknown_client")
        else:
            ends = [Limit(facts, *since, notice) for notice in notices(facts, contracts, facts.day(since[0]))]
            earliest = min(ends, key=lambda end: end.due)
            yield told(incident, earliest, reached(facts, incident, "controller_notified"))


def notices(facts: Facts, contracts: list[Row], day: date) -> list[Duration]:
    """How soon the client is told: what each contract in force on the day says, or the policy's default."""
    default = facts.policy.deadlines["breach_notice_default"]
    in_force = [c for c in contracts if covers(c["contract_start"], day, c["contract_end"])]
    said = [Duration.parse(c["breach_notice"]) if c["breach_notice"] else default for c in in_force]
    return said or [default]


def breach_communication_subjects(facts: Facts) -> Iterator[Verdict]:
    for incident in breaches(facts, "controller", "subjects_notified"):
        if incident["risk"] != "high" or incident["no_communication_ground"] is not None:
            continue
        since = aware(facts, incident)
        if since is None:
            yield of(incident, "pending")
        else:
            end = Limit(facts, *since, facts.policy.deadlines["subjects_told_within"])
            yield told(incident, end, reached(facts, incident, "subjects_notified"))
