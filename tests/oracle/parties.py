"""The others: clients whose data is processed for them, recipients of data, and where those sit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from audit.duration import Duration
from tests.oracle.facts import Facts, Row, Verdict, covers, role
from tests.oracle.processing import events, judged

DISPOSING = ("erase", "anonymise", "disclose")


def processor_scope(facts: Facts) -> Iterator[Verdict]:
    for event in events(facts):
        if event["client_id"] is not None:
            yield judged(event, outside_contract(facts, event))


def outside_contract(facts: Facts, event: Row) -> str | None:
    day = facts.day(event["occurred_at"])
    contracts = [c for c in facts["contracts"] if c["client_id"] == event["client_id"]]
    if not contracts:
        return "unknown_client"
    in_force = [c for c in contracts if covers(c["contract_start"], day, c["contract_end"])]
    if not in_force:
        return out_of_contract(facts, event, contracts, day)
    with_dpa = [c for c in in_force if c["dpa_signed_on"] is not None and c["dpa_signed_on"] <= day]
    if not with_dpa:
        return "no_dpa"
    module = facts.activities.get(event["activity_id"], {}).get("module")
    if module is not None and not any(module in (c["modules"] or []) for c in with_dpa):
        return "module_not_contracted"
    return None


def out_of_contract(facts: Facts, event: Row, contracts: list[Row], day: date) -> str | None:
    """Of a day on which no contract was in force; data may be disposed of for some time after the last has ended."""
    if all(day < c["contract_start"] for c in contracts):
        return "before_contract"
    if any(day < c["contract_start"] for c in contracts):
        return "between_contracts"
    end = max(c["contract_end"] for c in contracts)
    times = [disposal_period(facts, c) for c in contracts if c["contract_end"] == end]
    if event["operation"] in DISPOSING and day <= min(time.after_day(end) for time in times):
        return None
    return "after_contract"


def disposal_period(facts: Facts, contract: Row) -> Duration:
    text = contract["disposal_period"]
    return Duration.parse(text) if text else facts.policy.deadlines["disposal_period_default"]


def disclosures(facts: Facts) -> Iterator[tuple[str, Row, str | None, str | None]]:
    """What was passed on: the table, the event, the recipient and the purpose, as far as known."""
    for event in events(facts):
        if event["recipient_id"] is not None or event["operation"] == "disclose":
            activity = facts.activities.get(event["activity_id"], {})
            yield "processing_events", event, event["recipient_id"], activity.get("purpose")
    for event in facts.of_period("cookie_events"):
        if event["action"] == "sent":
            yield "cookie_events", event | {"client_id": None}, event["provider"], event["purpose"]


def of(table: str, event: Row, outcome: str, reason: str | None) -> Verdict:
    return Verdict(table, event["event_id"], outcome, reason, role=role(event), client_id=event["client_id"])


def third_party_agreements(facts: Facts) -> Iterator[Verdict]:
    for table, event, recipient_id, purpose in disclosures(facts):
        if recipient_id is None:
            yield of(table, event, "undetermined", "no_recipient")
        else:
            reason = not_agreed(facts.recipients.get(recipient_id), facts.day(event["occurred_at"]), purpose)
            yield of(table, event, "violation" if reason else "compliant", reason)


def not_agreed(recipient: Row | None, day: date, purpose: str | None) -> str | None:
    if recipient is None:
        return "unknown_recipient"
    if recipient["kind"] == "authority":
        return None
    if recipient["agreement"] in (None, "none"):
        return "no_agreement"
    if not covers(recipient["agreement_from"], day, recipient["agreement_to"]):
        return "agreement_not_in_force"
    if recipient["kind"] == "processor" and recipient["agreement"] == "confidentiality":
        return "no_dpa"
    if recipient["purposes"] and purpose is not None and purpose not in recipient["purposes"]:
        return "purpose_not_agreed"
    return None


def third_country_transfers(facts: Facts) -> Iterator[Verdict]:
    for table, event, recipient_id, _ in disclosures(facts):
        recipient = facts.recipients.get(recipient_id or "")
        day = facts.day(event["occurred_at"])
        if recipient is None:
            continue
        country = recipient["country"]
        if country is None:
            yield of(table, event, "undetermined", "country_unknown")
        elif not any(e.name == country and covers(e.valid_from, day, e.valid_to) for e in facts.law.eea):
            reason = unguarded(facts, recipient, day)
            yield of(table, event, "violation" if reason else "compliant", reason)


def unguarded(facts: Facts, recipient: Row, day: date) -> str | None:
    if recipient["safeguard"] in (None, "none"):
        return "no_safeguard"
    if not covers(recipient["safeguard_from"], day, recipient["safeguard_to"]):
        return "safeguard_not_in_force"
    decisions = [d for d in facts.law.adequacy if d.name == recipient["country"]]
    adequate = any(covers(d.valid_from, day, d.valid_to) for d in decisions)
    if recipient["safeguard"] == "adequacy" and not adequate:
        return "no_adequacy_decision"
    return None
