"""What was done with personal data: on what basis, with whose consent, within what the policy says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tests.oracle.facts import Facts, Row, Verdict, covers, hours, role

PROTECTIVE = ("withdrawn", "refused", "given")  # of rows of one instant the first of these counts


def events(facts: Facts) -> list[Row]:
    return facts.of_period("processing_events")


def verdict(event: Row, outcome: str, reason: str | None = None, amount: float | None = None) -> Verdict:
    item = "processing_events", event["event_id"]
    return Verdict(*item, outcome, reason, role=role(event), client_id=event["client_id"], amount=amount)


def judged(event: Row, reason: str | None) -> Verdict:
    return verdict(event, "violation" if reason else "compliant", reason)


def lawful_basis(facts: Facts) -> Iterator[Verdict]:
    for event in events(facts):
        if event["activity_id"] is None:
            yield verdict(event, "undetermined", "no_activity")
        else:
            yield judged(event, basis_missing(facts, event))


def basis_missing(facts: Facts, event: Row) -> str | None:
    activity = facts.activities.get(event["activity_id"])
    if activity is None:
        return "unknown_activity"
    if activity["client_id"] != event["client_id"]:
        return "other_clients_activity"
    if not covers(activity["valid_from"], facts.day(event["occurred_at"]), activity["valid_to"]):
        return "activity_not_in_force"
    basis = activity["legal_basis"]
    if basis is None:
        return "no_legal_basis"
    if role(event) == "processor":
        return None  # the client answers for its purposes
    if activity["purpose"] not in facts.policy.purposes:
        return "unknown_purpose"
    purpose = facts.policy.purposes[activity["purpose"]]
    if basis not in purpose.bases:
        return "basis_not_allowed"
    if event["operation"] == "contact" and event["channel"] in purpose.consent_channels and basis != "consent":
        return "consent_required"
    return None


def on_consent(facts: Facts, event: Row) -> bool:
    activity = facts.activities.get(event["activity_id"])
    return activity is not None and activity["legal_basis"] == "consent"


def consent_coverage(facts: Facts) -> Iterator[Verdict]:
    for event in events(facts):
        if not on_consent(facts, event):
            continue
        if event["subject_id"] is None:
            yield verdict(event, "undetermined", "no_subject")
            continue
        purpose = facts.activities[event["activity_id"]]["purpose"]
        key = event["subject_id"], event["client_id"], purpose
        reason, amount = consent_lacks(facts, key, event["occurred_at"])
        yield verdict(event, "violation" if reason else "compliant", reason, amount)


Key = tuple[str | None, str | None, str | None]  # subject, client, purpose


def key_of(consent: Row) -> Key:
    return consent["subject_id"], consent["client_id"], consent["purpose"]


def deciding(facts: Facts, key: Key, at: datetime) -> Row | None:
    """The latest consent row of the key at an instant; of several at once the more protective."""
    rows = [c for c in facts["consents"] if key_of(c) == key and c["effective_at"] <= at]
    if not rows:
        return None
    latest = max(c["effective_at"] for c in rows)
    tied = [c for c in rows if c["effective_at"] == latest]
    return min(tied, key=protection)


def protection(consent: Row) -> tuple[int, bool, datetime | None]:
    """Withdrawn before refused before given; of two given the one that expires first."""
    expires = consent["expires_at"]
    return PROTECTIVE.index(consent["status"]), expires is None, expires


def holds(consent: Row | None, at: datetime) -> bool:
    return consent is not None and consent["status"] == "given" and covers(None, at, consent["expires_at"])


def consent_lacks(facts: Facts, key: Key, at: datetime) -> tuple[str | None, float | None]:
    """Why there was no consent of the key at an instant, and the hours since it ended; nothing where there was."""
    row = deciding(facts, key, at)
    if holds(row, at):
        return None, None
    if row is None:
        return no_consent_yet(facts, key, at), None
    if row["status"] == "withdrawn":
        return "withdrawn", hours(at - row["effective_at"])
    if row["status"] == "refused":
        return "refused", None
    return "expired", hours(at - row["expires_at"])


def no_consent_yet(facts: Facts, key: Key, at: datetime) -> str:
    if any(key_of(c) == key and c["status"] == "given" and c["effective_at"] > at for c in facts["consents"]):
        return "given_later"
    others = {key_of(c) for c in facts["consents"]} - {key}
    if any(k[:2] == key[:2] and holds(deciding(facts, k, at), at) for k in others):
        return "other_purpose"
    return "never_given"


def consent_records(facts: Facts) -> Iterator[Verdict]:
    for consent in facts.of_period("consents"):
        if consent["status"] == "given":
            reason = record_lacks(facts, consent)
            item = "consents", consent["consent_id"], "violation" if reason else "compliant", reason
            yield Verdict(*item, role=role(consent), client_id=consent["client_id"])


def record_lacks(facts: Facts, consent: Row) -> str | None:
    if consent["evidence_ref"] is None:
        return "no_evidence"
    if consent["method"] is None:
        return "no_method"
    if consent["notice_version"] is None:
        return "no_notice_version"
    recorded = consent["recorded_at"]
    if recorded is not None and any(at < recorded for at in reliances(facts, consent)):
        return "backdated"
    return None


def reliances(facts: Facts, consent: Row) -> Iterator[datetime]:
    """The instants at which something was done that rests on this very consent."""
    done: list[tuple[Key, datetime]] = []
    for event in facts["processing_events"]:
        if on_consent(facts, event) and event["subject_id"] is not None:
            purpose = facts.activities[event["activity_id"]]["purpose"]
            done.append(((event["subject_id"], event["client_id"], purpose), event["occurred_at"]))
    cookies = [event for event in facts["cookie_events"] if event["purpose"] != "necessary"]
    done += [(cookie_key(event), event["occurred_at"]) for event in cookies]
    for key, at in done:
        row = deciding(facts, key, at)
        if row is not None and holds(row, at) and same_consent(row, consent):
            yield at


def same_consent(a: Row, b: Row) -> bool:
    """Whether two rows say the same from the same instant on, so that one relies on either."""
    return key_of(a) == key_of(b) and all(a[c] == b[c] for c in ("status", "effective_at", "expires_at"))


def communication_preferences(facts: Facts) -> Iterator[Verdict]:
    for event in events(facts):
        if event["operation"] != "contact":
            continue
        if event["subject_id"] is None:
            yield verdict(event, "undetermined", "no_subject")
        elif event["channel"] is None:
            yield verdict(event, "undetermined", "no_channel")
        else:
            yield judged(event, contact_refused(facts, event))


def contact_refused(facts: Facts, event: Row) -> str | None:
    wishes = [
        p
        for p in facts["communication_preferences"]
        if (p["subject_id"], p["client_id"]) == (event["subject_id"], event["client_id"])
        and p["channel"] in (event["channel"], "any")
        and p["effective_at"] <= event["occurred_at"]
    ]
    latest = max((p["effective_at"] for p in wishes), default=None)
    refused = [p["channel"] for p in wishes if p["effective_at"] == latest and p["preference"] == "deny"]
    if not refused:
        return None
    return "all_contact_refused" if "any" in refused else "channel_refused"


def cookie_key(event: Row) -> Key:
    return event["visitor_id"], None, f"cookies:{event['purpose']}"


def cookie_consent(facts: Facts) -> Iterator[Verdict]:
    for event in facts.of_period("cookie_events"):
        if event["purpose"] != "necessary":
            reason, amount = consent_lacks(facts, cookie_key(event), event["occurred_at"])
            outcome = "violation" if reason else "compliant"
            yield Verdict("cookie_events", event["event_id"], outcome, reason, role="controller", amount=amount)


def scope_of_processing(facts: Facts) -> Iterator[Verdict]:
    for event in events(facts):
        if role(event) == "controller" and event["activity_id"] in facts.activities:
            yield judged(event, outside(facts, event))


def outside(facts: Facts, event: Row) -> str | None:
    """What of an event the policy does not name; what is not recorded is passed over."""
    activity, policy = facts.activities[event["activity_id"]], facts.policy
    if activity["purpose"] is not None and activity["purpose"] not in policy.purposes:
        return "purpose_outside_policy"
    if activity["person_category"] is not None and activity["person_category"] not in policy.person_categories:
        return "person_category_outside_policy"
    categories = [event["data_category"]] if event["data_category"] else activity["data_categories"] or []
    if any(category not in policy.data_categories for category in categories):
        return "data_category_outside_policy"
    if event["system_id"] and activity["systems"] and event["system_id"] not in activity["systems"]:
        return "system_outside_activity"
    return None


def access_authorisation(facts: Facts) -> Iterator[Verdict]:
    for event in events(facts):
        if event["actor_id"] is None and event["operation"] != "consult":
            continue
        if event["actor_id"] is None:
            yield verdict(event, "undetermined", "no_actor")
        elif event["system_id"] is None:
            yield verdict(event, "undetermined", "no_system")
        else:
            yield judged(event, not_granted(facts, event))


def not_granted(facts: Facts, event: Row) -> str | None:
    wanted = event["actor_id"], event["system_id"]
    grants = [g for g in facts["access_grants"] if (g["actor_id"], g["system_id"]) == wanted]
    if not grants:
        return "never_granted"
    if any(covers(g["granted_from"], event["occurred_at"], g["granted_to"]) for g in grants):
        return None
    return "not_granted_then"
