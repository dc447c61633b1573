"""What the made-up worlds are made of: few names, gaps, and instants as far apart as limits are long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

TICK = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLOCK_CHANGES = [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]
PERIODS = ("2026Q1", "2026Q3", "2026Q4", "2026-10", "2026-03", "2026-10-24/2026-10-27")

# What a cell may hold. A value that stands several times is drawn more often.
X1 = "X-" + "A7B2" * 6 + "AA"  # as an importer writes a system's own id of a person
SUBJECTS = ["s1", "s1", "s1", "s2", "s2", "s3", X1]
CLIENTS = [None, None, None, None, "c1", "c1", "c1", "c2", "c3"]
SYSTEMS = ["crm", "crm", "mail", "chat"]
PURPOSES = ["newsletter", "newsletter", "prospecting", "prospecting", "prospecting", "support", "dancing"]
CATEGORIES = ["basic_details", "relationship", "usage_logs", "shoe_size"]
PERSONS = ["client", "partner", "employee", "passer_by"]
OPERATIONS = [
    "use",
    "contact",
    "contact",
    "disclose",
    "consult",
    "profile",
    "erase",
    "anonymise",
    "restrict",
    "rectify",
]
COOKIES = ["statistics", "statistics", "advertising", "preferences", "necessary"]
TEXT = [*["a text"] * 5, None]
PERIODS_KEPT = ["P30D", "P1M", "P2W", "P0D", "P12M", "PT24H", "P1M1D"]

VALUES: dict[str, list[Any]] = {
    "client_id": CLIENTS,
    "subject_id": [*SUBJECTS, "x1", "x1", "x1", None],
    "system_id": [*SYSTEMS, None],
    "activity_id": [*[f"processing_activities {n}" for n in (0, 0, 1, 2, 3)], "nowhere", None],
    "operation": OPERATIONS,
    "actor_id": ["u1", "u1", "u2", None],
    "recipient_id": ["r1", "r2", "r3", "r9", None, None],
    "channel": ["email", "email", "sms", "sms", "sms", "phone", None],
    "data_category": [*CATEGORIES, None, None],
    "data_categories": [["basic_details"], ["basic_details", "relationship"], ["basic_details", "shoe_size"], None],
    "person_category": [*PERSONS, None],
    "purpose": [*PURPOSES, None],
    "legal_basis": [*["consent"] * 3, *["legitimate_interests"] * 3, "contract", None],
    "role": ["controller", "processor"],
    "module": ["crm", "surveys", None],
    "modules": [["crm", "surveys"], ["crm"], ["surveys"], None],
    "systems": [["crm", "mail"], ["crm"], None],
    "country": ["SE", "US", "GB", "IN", "IN", None],
    "kind": ["processor", "processor", "controller", "authority", None],
    "agreement": ["dpa", "dpa", "confidentiality", "none", None],
    "safeguard": ["adequacy", "adequacy", "adequacy", "scc", "none", None],
    "purposes": [None, None, ["newsletter", "statistics"], ["support"]],
    "recipients": [["r1"], ["r1", "r2"], None],
    "third_countries": [["US"], None],
    "severity": ["low", "critical", "critical", None],
    "risk": ["unlikely", "risk", "high", "high", "high", None],
    "personal_data_breach": [*[True] * 6, False, None],
    "no_communication_ground": [*[None] * 4, "encrypted"],
    "delay_reasons": [None, None, "a text"],
    "document": ["privacy_policy", "retention_policy"],
    "disposal_period": [None, "P30D", "P1M"],
    "breach_notice": [None, "PT48H", "PT24H", "P1D", "P3D"],
    "outcome": [*["fulfilled"] * 5, "partly", "partly", "refused", "refused", "abandoned", None],
    "extension_reason": [None, "complexity", "number of requests", "Holidays "],
    "disposal": ["erased", None],
    "provider": ["r1", "r2", "r9", None],
    "visitor_id": ["v1", "v1", "s1", X1],
    "status": ["given", "given", "given", "withdrawn", "refused"],
    "preference": ["deny", "deny", "allow"],
    "anchor": ["collected", "last_activity", "relationship_end", "contract_end", "fiscal_year_end"],
    "period": PERIODS_KEPT,
    "version": ["1", "2"],
    "subjects_affected": [None, 1],
    "reason": ["a text"],
}  # fmt: skip
# The names by which tables refer to each other.
SHARED = ("client_id", "subject_id", "system_id", "purpose", "data_category", "person_category", "channel", "actor_id",
          "recipient_id")  # fmt: skip
# What half of a table's rows have in common with some row of another one.
FOLLOWS = {
    "processing_events": (
        ("processing_activities", ("activity_id", "client_id")),
        ("requests", ("subject_id", "client_id")),
    ),
    "consents": (("processing_activities", ("purpose",)), ("processing_events", ("subject_id", "client_id"))),
    "communication_preferences": (("processing_events", ("subject_id", "client_id")),),
    "data_records": (("requests", ("subject_id", "client_id")),),
    "subjects": (("data_records", ("subject_id", "client_id")),),
    "contracts": (("processing_events", ("client_id",)),),
    "access_grants": (("processing_events", ("actor_id", "system_id")),),
}
# Where a table wants other values of a column than the others do.
OWN: dict[str, dict[str, list[Any]]] = {
    "processing_activities": {
        "role": ["controller", "controller", "processor"],
        "client_id": [None, None, None, "c1", "c2"],
    },
    "contracts": {"client_id": ["c1", "c1", "c2"]},
    "recipients": {"recipient_id": ["r1", "r2", "r3"]},
    "consents": {
        **{name: [*["a text"] * 9, None] for name in ("evidence_ref", "method", "notice_version")},
        "subject_id": [*SUBJECTS, "v1", "v1"], "purpose": [*PURPOSES[:5], "cookies:statistics", "cookies:statistics", "cookies:advertising"],
    },
    "communication_preferences": {"subject_id": SUBJECTS, "channel": ["email", "email", "sms", "any", "any"]},
    "data_records": {"subject_id": [*SUBJECTS, None], "system_id": SYSTEMS, "data_category": CATEGORIES},
    "cookie_events": {"purpose": COOKIES, "action": ["set", "sent", "sent"]},
    "subjects": {"subject_id": ["s1", "s2", X1], "client_id": [None, "c1"]},
    "retention_rules": {"action": ["erase", None]} | {
        name: [None, None, None, None, *values]
        for name, values in {
            "role": ["controller", "processor"], "client_id": ["c1", "c2"], "person_category": ["client"],
            "data_category": ["basic_details"], "system_id": ["crm"],
        }.items()
    },
    "legal_holds": {
        name: [None, None, *values]
        for name, values in {
            "record_id": ["data_records 1", "data_records 2"], "subject_id": ["s1", X1], "client_id": ["c1"], "data_category": ["basic_details"],
        }.items()
    },
    "access_grants": {"system_id": SYSTEMS, "actor_id": ["u1", "u2"]},
    "identities": {"system_id": ["crm", "mail", "chat"], "external_id": ["x1", "s3", X1], "subject_id": ["s1", "s2"]},
    "incidents": {"role": [None, None, None, "controller", "processor"]},
    "requests": {
        "role": [None, None, "controller", "processor"], "subject_id": [*SUBJECTS, None],
        "kind": ["erasure", "erasure", "anonymisation", "objection", "withdrawal", "access", "complaint"],
    },
    "waivers": {"client_id": [None, None, "c1"], "reason": [None]},
}  # fmt: skip

# Columns whose value may be missing altogether, and in what share of the rows.
GAPS = {"valid_from": 0.6, "valid_to": 0.6, "contract_end": 0.2, "held_to": 0.3, "granted_to": 0.3, "agreement_from": 0.5,
        "agreement_to": 0.5, "safeguard_from": 0.5, "safeguard_to": 0.5, "expires_at": 0.5, "recorded_at": 0.2,
        "aware_at": 0.5, "disposed_at": 0.5, "last_activity_at": 0.5, "relationship_ended_on": 0.3, "reviewed_on": 0.3,
        "dpa_signed_on": 0.2, "identity_requested_at": 0.5, "identity_confirmed_at": 0.3, "extended_at": 0.5,
        "answered_at": 0.3, "executed_at": 0.6}  # fmt: skip

# How far the instants of a table lie from the world's few: limits end exactly there.
NEAR = [timedelta(0)] * 6 + [TICK, -TICK, HOUR, DAY, -DAY]
FAR = [30 * DAY, 31 * DAY, -30 * DAY, -31 * DAY, 60 * DAY]
SHIFTS: dict[str, list[timedelta]] = {
    "incidents": [*NEAR, 3 * DAY, 3 * DAY, 4 * DAY, 30 * DAY],
    "consents": [*NEAR, 2 * HOUR, 14 * DAY, 31 * DAY],
    "requests": [
        *NEAR,
        5 * DAY,
        7 * DAY,
        8 * DAY,
        *(d * DAY for d in (28, 29, 30, 30, 31, 31, 31, 32, 33, 60, 89, 91, 92, 92, 95)),
    ],
    "data_records": [*NEAR, 14 * DAY, *FAR],
    "legal_holds": [*NEAR, 14 * DAY, *FAR],
    "contracts": [*NEAR, -90 * DAY, *FAR],
    "policy_versions": [*NEAR, *(d * DAY for d in (-364, -365, -365, -366, -366, -400, -700))],
}
# The stages of an incident, and where their targets and limits end.
LIMITS: dict[str, list[timedelta]] = {
    "registered": [4 * HOUR, DAY],
    "analysed": [DAY, 3 * DAY],
    "prioritised": [DAY, 3 * DAY],
    "controller_notified": [DAY, 2 * DAY, 3 * DAY],
    "authority_notified": [3 * DAY, 4 * DAY],
    "subjects_notified": [3 * DAY, 4 * DAY],
    "resolved": [7 * DAY, 30 * DAY],
    "evaluated": [30 * DAY, 60 * DAY],
    "reopened": [8 * DAY],
}
TRAIL = list(LIMITS)[:-1]
NOTICES = ("controller_notified", "authority_notified", "subjects_notified")  # counted from when somebody was aware
TWINS = 0.3  # the share of rows that are like another row in most of their columns
# Of each table the most rows that a world holds.
MOST = {"identities": 6, "processing_activities": 8, "contracts": 6, "recipients": 6, "subjects": 6, "retention_rules": 6,
        "legal_holds": 6, "access_grants": 8, "policy_versions": 8, "incidents": 50, "consents": 60,
        "communication_preferences": 40, "data_records": 80, "requests": 100, "waivers": 3, "cookie_events": 80,
        "processing_events": 120}  # fmt: skip
