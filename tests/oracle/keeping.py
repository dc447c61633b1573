"""How long data is kept, and whether what was to be removed is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from audit.duration import Duration
from tests.oracle.facts import Facts, Row, Verdict, covers, role

RULE_SELECTORS = ("role", "client_id", "person_category", "data_category", "system_id")
HOLD_SELECTORS = ("record_id", "subject_id", "client_id", "data_category")


def matches(selectors: Row, names: tuple[str, ...], record: Row) -> bool:
    """Whether a rule or a hold is for a record: every selector that is set says what the record says."""
    said = record | {"role": role(record)}
    return all(selectors[name] is None or selectors[name] == said.get(name) for name in names)


def retention(facts: Facts) -> Iterator[Verdict]:
    for record in facts["data_records"]:
        disposed = record["disposed_at"]
        if disposed is not None and disposed < facts.asked.period.start:
            continue
        yield kept(facts, record)


def kept(facts: Facts, record: Row) -> Verdict:
    ends = [retention_end(facts, record, rule) for rule in best_rules(facts, record)]
    dates = [end for end in ends if isinstance(end, date)]
    if not ends:
        return of(record, "undetermined", "no_rule")
    if not dates and "not_due" in ends:
        return of(record, "compliant", "not_due")
    if not dates:
        return of(record, "undetermined", "no_anchor")
    due = after_holds(facts, record, min(dates))
    if due is None:
        return of(record, "compliant", "on_hold")
    disposed = facts.day(record["disposed_at"]) if record["disposed_at"] else None
    last = disposed or facts.today
    if last <= due:
        return of(record, "compliant", due=due)
    return of(record, "violation", "disposed_late" if disposed else "still_held", due, (last - due).days)


def of(
    record: Row, outcome: str, reason: str | None = None, due: date | None = None, amount: int | None = None
) -> Verdict:
    item = "data_records", record["record_id"]
    return Verdict(*item, outcome, reason, role=role(record), client_id=record["client_id"], due=due, amount=amount)


def best_rules(facts: Facts, record: Row) -> list[Row]:
    """The matching rules that set the most selectors."""
    rules = [r for r in facts["retention_rules"] if matches(r, RULE_SELECTORS, record)]
    set_by = [sum(r[name] is not None for name in RULE_SELECTORS) for r in rules]
    return [r for r, n in zip(rules, set_by, strict=True) if n == max(set_by)]


def retention_end(facts: Facts, record: Row, rule: Row) -> date | str:
    """The last day a rule lets a record be kept, or ``not_due``, or ``no_anchor``."""
    anchor = anchored(facts, record, rule["anchor"])
    return Duration.parse(rule["period"]).after_day(anchor) if isinstance(anchor, date) else anchor


def anchored(facts: Facts, record: Row, anchor: str) -> date | str:
    collected = facts.day(record["collected_at"])
    if anchor == "collected":
        return collected
    if anchor == "last_activity":
        return facts.day(record["last_activity_at"] or record["collected_at"])
    if anchor == "fiscal_year_end":
        return date(collected.year, 12, 31)
    if anchor == "relationship_end":
        who = record["subject_id"], record["client_id"]
        subject = next((s for s in facts["subjects"] if (s["subject_id"], s["client_id"]) == who), None)
        return "no_anchor" if subject is None else subject["relationship_ended_on"] or "not_due"
    ends = [c["contract_end"] for c in facts["contracts"] if c["client_id"] == record["client_id"]]
    if not ends:
        return "no_anchor"
    return "not_due" if None in ends else max(ends)


def after_holds(facts: Facts, record: Row, due: date) -> date | None:
    """The last day as legal holds have moved it, None while one runs.

    A hold that began while another kept the record moves the day on from where that one had moved it.
    """
    holds = [h for h in facts["legal_holds"] if matches(h, HOLD_SELECTORS, record)]
    for hold in sorted(holds, key=lambda h: h["held_from"]):
        if hold["held_from"] <= due:
            if hold["held_to"] is None:
                return None
            due = max(due, hold["held_to"])
    return due


# After an erasure these may still be recorded; after an objection or a withdrawal only these are still forbidden.
STILL_ALLOWED = ("erase", "anonymise", "restrict", "rectify")
OBJECTED_TO = ("contact", "profile")
REMOVING = ("erasure", "anonymisation")
STOPPING = ("objection", "withdrawal")


def erasure_effectiveness(facts: Facts) -> Iterator[Verdict]:
    for request in facts["requests"]:
        if request["kind"] not in (*REMOVING, *STOPPING) or request["outcome"] not in ("fulfilled", "partly"):
            continue
        if request["answered_at"] is None:
            continue
        effect = request["executed_at"] or request["answered_at"]
        if effect < facts.as_of:
            yield effective(facts, request, effect)


def effective(facts: Facts, request: Row, effect: datetime) -> Verdict:
    item = "requests", request["request_id"]
    about = {"role": role(request), "client_id": request["client_id"]}
    if request["subject_id"] is None:
        return Verdict(*item, "undetermined", "no_subject", **about)
    if processed_after(facts, request, effect):
        return Verdict(*item, "violation", "processed_after", **about)
    if request["kind"] in STOPPING:
        return Verdict(*item, "compliant", **about)
    limit = facts.policy.deadlines["erasure_grace"].after_day(facts.day(effect))
    held = held_days(facts, request, effect, limit)
    if not held:
        return Verdict(*item, "compliant", **about)
    if facts.today > limit:
        return Verdict(*item, "violation", "still_held", **about, due=limit, amount=max(held))
    return Verdict(*item, "pending", **about, due=limit)


def of_person(facts: Facts, table: str, request: Row) -> list[Row]:
    who = request["subject_id"], request["client_id"]
    return [row for row in facts[table] if (row["subject_id"], row["client_id"]) == who]


def processed_after(facts: Facts, request: Row, effect: datetime) -> bool:
    for event in of_person(facts, "processing_events", request):
        if facts.in_period(event["occurred_at"]) and event["occurred_at"] > effect:
            operation = event["operation"]
            if operation in OBJECTED_TO if request["kind"] in STOPPING else operation not in STILL_ALLOWED:
                return True
    return False


def held_days(facts: Facts, request: Row, effect: datetime, limit: date) -> list[int]:
    """For each record from before the effect that was not gone by the limit day: how long it stayed beyond.

    A record that a legal hold covers on that day may stay.
    """
    days = []
    for record in of_person(facts, "data_records", request):
        gone = facts.day(record["disposed_at"]) if record["disposed_at"] else None
        if record["collected_at"] <= effect and (gone is None or gone > limit) and not on_hold(facts, record, limit):
            days.append(((gone or facts.today) - limit).days)
    return days


def on_hold(facts: Facts, record: Row, day: date) -> bool:
    holds = [h for h in facts["legal_holds"] if matches(h, HOLD_SELECTORS, record)]
    return any(covers(h["held_from"], day, h["held_to"]) for h in holds)
