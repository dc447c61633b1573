"""Results made by hand, believable in size and shape, for what is made of results."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from audit.policy import Commitment
from audit.results import CheckResult, Count, Coverage, Finding, Results, SourceFile

ZONE = ZoneInfo("Europe/Stockholm")


def n(outcome: str, number: int, reason: str | None = None, month: str = "2026-07", **dims: str | None) -> Count:
    """So many items; dimensions not named are null."""
    names = ("role", "client_id", "system_id", "purpose", "kind")
    return Count(outcome, reason, *(dims.get(d) for d in names), month, number)


def check(name: str, counts: tuple[Count, ...], unit: str = "processing_events", **more: object) -> CheckResult:
    """A check's result with these counts."""
    base = CheckResult(
        name, "Processing on consent happens only while the consent holds", "Was there consent?", "GDPR 7(1), 7(3)",
        "high", unit, True, (), counts,
    )  # fmt: skip
    return replace(base, **more)  # type: ignore[arg-type]


def found(check: str, number: int, amounts: list[float], unit: str, reason: str = "late") -> list[Finding]:
    """Findings, the worst first."""
    return [
        Finding(
            check, "violation", reason, f"{check[:2]}-{i:04}", "controller", None, f"S{i:05}", "requests", f"R{i:04}",
            f"2026-0{7 + i % 3}-{10 + i % 9}T09:00:00+02:00", f"2026-08-{10 + i}", amount, unit, "requests.csv", i + 2,
            f"answered {amount:.0f} {unit} after the due date",
        )
        for i, amount in enumerate(sorted(amounts, reverse=True)[:number])
    ]  # fmt: skip


def _consent() -> CheckResult:
    counts = []
    for month, total, bad in (("2026-07", 3120, 9), ("2026-08", 4015, 4), ("2026-09", 5240, 28)):
        for client, system, part in ((None, "crm", 2), ("C01", "crm", 3), ("C02", "intercom", 5)):
            d = {"client_id": client, "system_id": system, "role": "processor" if client else "controller"}
            counts.append(n("compliant", total // part, None, month, purpose="newsletter", **d))
            counts.append(n("violation", bad // part, "never_given", month, purpose="newsletter", **d))
            counts.append(n("violation", bad // (2 * part) or 1, "withdrawn", month, purpose="newsletter", **d))
            counts.append(n("violation", 1, "expired", month, purpose="event_management", **d))
            counts.append(n("undetermined", 3, "no_subject", month, **d))
    rows = found("consent_coverage", 3, [300.0, 40.5, 1.0], "hours", "withdrawn")
    return check("consent_coverage", tuple(counts), _read=lambda limit=None, **_: rows[:limit])


def _requests() -> CheckResult:
    amounts = [41.0, 23, 12, 9, 6, 4, 2, 1]
    counts = (
        n("compliant", 31, None, "2026-07", kind="access"), n("compliant", 22, None, "2026-08", kind="erasure"),
        n("violation", 6, "late", "2026-08", kind="access"), n("violation", 2, "overdue", "2026-09", kind="complaint"),
        n("violation", 1, "extended_without_reason", "2026-09", kind="rectification"),
        n("pending", 9, None, "2026-09", kind="access"), n("waived", 1, "late", "2026-07", kind="objection"),
    )  # fmt: skip
    rows = found("request_deadlines", 8, amounts, "days")
    return check("request_deadlines", counts, "requests", _read=lambda limit=None, **_: rows[:limit])


def _incidents() -> CheckResult:
    counts = (
        n("compliant", 5, None, "2026-07", kind="high"), n("violation", 2, "late_resolved", "2026-08", kind="high"),
        n("violation", 1, "out_of_order", "2026-09", kind="low"), n("pending", 4, None, "2026-09", kind="medium"),
    )  # fmt: skip
    stages = [
        {"stage": s, "n": 12, "p50_hours": a, "p90_hours": b, "max_hours": c, "tightest_hours": t / 3, "widest_hours": t}
        for s, a, b, c, t in (
            ("registered", 1.5, 6.0, 9.0, 24.0), ("analysed", 20.0, 40.0, 52.0, 72.0),
            ("prioritised", 22.0, 48.0, 80.0, 72.0), ("resolved", 160.0, 500.0, 900.0, 720.0),
            ("evaluated", 700.0, 1300.0, 1500.0, 1440.0),
        )
    ]  # fmt: skip
    rows = found("incident_response", 3, [180.0, 20.0, 2.5], "hours", "late_resolved")
    read = {"_read": lambda limit=None, **_: rows[:limit]}
    return check("incident_response", counts, "incidents", extras={"durations": stages}, **read)


def results() -> Results:
    """Four checks evaluated, one without data, over the third quarter."""
    empty = check("retention", (), "data_records", evaluated=False, empty_tables=("core.data_records",))
    checks = {c.check: c for c in (_consent(), empty, _incidents(), _requests())}
    coverage = tuple(
        Coverage(table, system, rows, date(2025, 4, 1), date(2026, 9, 30), 92, silent, longest, outcome)
        for table, system, rows, silent, longest, outcome in (
            ("processing_events", "crm", 84_200, 0, 0, "compliant"),
            ("processing_events", "intercom", 9_120, 14, 11, "violation"),
            ("requests", None, 70, 40, 4, "compliant"),
            ("consents", None, 1_400, 6, 2, "compliant"),
        )
    )
    commitments = (
        Commitment("P10", "Legal grounds", "Only with consent", "6(1)(a), 7(1)", ({"check": "consent_coverage"},)),
        Commitment("P15", "Retention", "No longer than necessary", "5(1)(e)", ({"check": "retention"},)),
        Commitment("P24", "Rights", "Complaints are answered", "12, 77", ({"check": "request_deadlines", "kind": "complaint"},)),
        Commitment("P26", "Revisions", "Reviewed regularly", "24(1)", ({"check": "policy_review"},)),
    )  # fmt: skip
    file = SourceFile("requests", "requests.csv", "a" * 64, 900, 72, 70, 1, 1)
    law = (
        {
            "name": "breach_authority",
            "value": 72,
            "unit": "hours",
            "valid_from": "2018-05-25",
            "valid_to": None,
            "source": "GDPR 33(1)",
        },
    )
    return Results(
        "Example AB", "Europe/Stockholm", "2026Q3", datetime(2026, 7, 1, tzinfo=ZONE), datetime(2026, 10, 1, tzinfo=ZONE),
        datetime(2026, 10, 1, tzinfo=ZONE), None, None, checks, coverage, {"requests": 1}, (file,), (), commitments, law,
        {"sha256": "b" * 64},
    )  # fmt: skip
