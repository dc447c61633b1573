"""The checks, read slowly: a plain Python reading of what each check counts, against which its SQL is held.

It was written from the description of the checks, not from their SQL, and the product never imports it. Each check is
one small function over lists of dictionaries, in the order in which the description tries its reasons. It is meant to
be followed by a lawyer, so it loops where SQL joins and says things twice where that is clearer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.oracle import coverage, incidents, keeping, parties, processing, rights
from tests.oracle.facts import Facts, Verdict

__all__ = ["READINGS", "Facts", "Verdict", "read"]

READINGS: dict[str, Callable[[Facts], Iterator[Verdict]]] = {
    "lawful_basis": processing.lawful_basis,
    "consent_coverage": processing.consent_coverage,
    "consent_records": processing.consent_records,
    "communication_preferences": processing.communication_preferences,
    "cookie_consent": processing.cookie_consent,
    "scope_of_processing": processing.scope_of_processing,
    "access_authorisation": processing.access_authorisation,
    "processor_scope": parties.processor_scope,
    "third_party_agreements": parties.third_party_agreements,
    "third_country_transfers": parties.third_country_transfers,
    "retention": keeping.retention,
    "erasure_effectiveness": keeping.erasure_effectiveness,
    "incident_response": incidents.incident_response,
    "breach_documentation": incidents.breach_documentation,
    "breach_notification_authority": incidents.breach_notification_authority,
    "breach_notification_controller": incidents.breach_notification_controller,
    "breach_communication_subjects": incidents.breach_communication_subjects,
    "request_deadlines": rights.request_deadlines,
    "ropa_completeness": rights.ropa_completeness,
    "policy_review": rights.policy_review,
    "log_coverage": coverage.log_coverage,
}


def read(check: str, facts: Facts) -> dict[tuple[str, str], Verdict]:
    """What a check says of each item, by the item's table and key."""
    verdicts = list(READINGS[check](facts))
    found = {(v.table, v.item): v for v in verdicts if facts.in_scope(v)}
    assert len(found) == sum(map(facts.in_scope, verdicts)), "an item was judged twice"
    return found
