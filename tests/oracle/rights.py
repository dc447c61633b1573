"""People's requests, the record of processing activities, and the policy itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from audit.clock import Extension, Pause, due_request
from tests.oracle.facts import Facts, Row, Verdict, role


def request_deadlines(facts: Facts) -> Iterator[Verdict]:
    period = facts.asked.period
    for request in facts["requests"]:
        answered = request["answered_at"]
        if request["received_at"] < period.end and (answered is None or answered >= period.start):
            yield answered_in_time(facts, request)


def answered_in_time(facts: Facts, request: Row) -> Verdict:
    item = "requests", request["request_id"]
    about = {"role": role(request), "client_id": request["client_id"]}
    answered = facts.day(request["answered_at"]) if request["answered_at"] else None
    if request["outcome"] == "abandoned":
        return Verdict(*item, "compliant", **about)
    due = last_day(facts, request)
    if due is None:  # the clock stands still, so nothing can be late or be put off
        return Verdict(*item, "compliant" if answered else "pending", **about)
    last = answered or facts.today
    if last > due:
        reason = "late" if answered else "overdue"
        return Verdict(*item, "violation", reason, **about, due=due, amount=(last - due).days)
    wrong = badly_extended(facts, request) or badly_refused(request)
    if wrong:
        return Verdict(*item, "violation", wrong, **about, due=due)
    return Verdict(*item, "compliant" if answered else "pending", **about, due=due)


def last_day(facts: Facts, request: Row, extendable: bool = True) -> date | None:
    """The last day to answer, None while a proof of identity is waited for."""
    received = facts.day(request["received_at"])
    asked, proof, extended = (
        facts.day(request[name]) if request[name] else None
        for name in ("identity_requested_at", "identity_confirmed_at", "extended_at")
    )
    due = due_request(
        received,
        first=facts.law.limit("request_first", received),
        extended=facts.law.limit("request_extended", received),
        calendar=facts.policy.calendar,
        identity_within=facts.policy.deadlines["identity_request_within"],
        pause=Pause(asked, proof) if asked else None,
        extension=Extension(extended, request["extension_reason"]) if extended and extendable else None,
        refused=refused(request),
        insufficient_reasons=facts.law.insufficient_reasons,
    ).due
    assert due is None or isinstance(due, date)
    return due


def badly_extended(facts: Facts, request: Row) -> str | None:
    if request["extended_at"] is None:
        return None
    first = last_day(facts, request, extendable=False)
    if first is not None and facts.day(request["extended_at"]) > first:
        return "extended_too_late"
    reason = (request["extension_reason"] or "").strip().lower()
    if not reason or reason in facts.law.insufficient_reasons:
        return "extended_without_reason"
    return None


def refused(request: Row) -> bool:
    """A refusal is an answer: one that nobody was told of is none."""
    return request["outcome"] == "refused" and request["answered_at"] is not None


def badly_refused(request: Row) -> str | None:
    return "refused_without_reason" if refused(request) and request["refusal_reason"] is None else None


LAW_ASKS = {
    "controller": ("purpose", "person_category", "data_categories", "recipients", "retention_rule_id"),
    "processor": ("client_id", "name"),
}
POLICY_PROMISES = {
    "controller": ("legal_basis",),
    "processor": ("legal_basis", "purpose", "person_category", "data_categories"),
}


def ropa_completeness(facts: Facts) -> Iterator[Verdict]:
    period = facts.asked.period
    for activity in facts["processing_activities"]:
        first = max(activity["valid_from"] or date.min, period.first)
        last_known = min(period.last, facts.today)
        until = activity["valid_to"]
        if first <= last_known and (until is None or first < until):
            yield recorded(activity)


def recorded(activity: Row) -> Verdict:
    asked = [*LAW_ASKS[activity["role"]], "security_measures"]
    asked += ["safeguards"] if activity["third_countries"] else []
    about = {"role": activity["role"], "client_id": activity["client_id"]}
    item = "processing_activities", activity["activity_id"]
    if any(not activity[name] for name in asked):
        return Verdict(*item, "violation", "missing_fields", **about)
    if any(not activity[name] for name in POLICY_PROMISES[activity["role"]]):
        return Verdict(*item, "violation", "missing_promised_fields", **about)
    return Verdict(*item, "compliant", **about)


def policy_review(facts: Facts) -> Iterator[Verdict]:
    versions = facts["policy_versions"]
    for document in sorted({v["document"] for v in versions}):
        newest = max(v["effective_on"] for v in versions if v["document"] == document)
        looked_at = min(reviews_of_the_newest(versions, document, newest).values())
        due = facts.policy.deadlines["policy_review_interval"].after_day(looked_at)
        item = "policy_versions", document
        if facts.today > due:
            over = (facts.today - due).days
            yield Verdict(*item, "violation", "review_overdue", role="controller", due=due, amount=over)
        else:
            yield Verdict(*item, "compliant", role="controller", due=due)


def reviews_of_the_newest(versions: list[Row], document: str, newest: date) -> dict[str, date]:
    """When each version of a document that took effect on its newest day was last looked at."""
    looked_at: dict[str, date] = {}
    for v in versions:
        if (v["document"], v["effective_on"]) == (document, newest):
            seen = max(newest, v["reviewed_on"] or newest)
            looked_at[v["version"]] = max(seen, looked_at.get(v["version"], seen))
    return looked_at
