"""Other law and other policies than the worked cases': what a world is judged under, so that neither can be in the SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from audit.clock import Limit
from audit.duration import Duration
from audit.policy import Policy, Purpose
from audit.statutes import Entry, Law, load_law
from audit.workdays import Calendar
from tests.spec import world as spec


@dataclass(frozen=True)
class House:
    """An organisation under a law; ``changes`` are days on which that law becomes another."""

    law: Law
    policy: Policy
    changes: tuple[date, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        return self.policy.zone


@cache
def house(name: str) -> House:
    return HOUSES[name]()


def _example() -> House:
    return House(load_law(), spec.POLICY)


def _changing() -> House:
    """Limits, decisions and the Area change in the middle of every period that is asked for."""
    example, always = load_law(), date(2018, 5, 25)
    changes = (date(2026, 2, 15), date(2026, 3, 10), date(2026, 8, 15), date(2026, 10, 25))
    law = replace(
        example,
        limits=(
            *_dated("breach_authority", ("PT72H", "PT96H", "P4D", "PT96H", "PT72H"), (always, *changes)),
            *_dated("request_first", ("P1M", "P30D", "P1M", "P8D", "P30D"), (always, *changes)),
            *_dated("request_extended", ("P3M", "P60D", "P2M", "P33D", "P89D"), (always, *changes)),
        ),
        adequacy=(
            Entry("IN", "test", changes[0], changes[2]),
            Entry("IN", "test", changes[3]),
            Entry("US", "test", always, changes[3]),
            Entry("GB", "test", changes[1], changes[2]),
        ),
        eea=(Entry("SE", "test", always, changes[3]), Entry("US", "test", changes[3])),
        insufficient_reasons={"complexity": "test"},
    )
    return House(law, spec.POLICY, changes)


def _dated(name: str, values: Iterable[str], days: tuple[date, ...]) -> Iterable[Limit]:
    for value, first, until in zip(values, days, (*days[1:], None), strict=True):
        yield Limit(name, Duration.parse(value), "test", first, until)


def _stricter() -> House:
    """Another policy, with the eves of Sweden as holidays."""
    return _with_policy(
        Calendar("SE", eves=True),
        spec.ZONE,
        deadlines={
            "identity_request_within": "P5D",
            "breach_notice_default": "P2D",
            "subjects_told_within": "PT96H",
            "disposal_period_default": "P1D",
            "erasure_grace": "P14D",
            "policy_review_interval": "P30D",
            "silent_source_after": "P2D",
        },
        targets={"registered": "PT1H", "analysed": "PT24H", "prioritised": "P1D", "resolved": "P1M", "evaluated": "P30D"},
        critical={"registered": "PT0S", "prioritised": "P3D", "resolved": "P30D"},
        purposes={
            "newsletter": Purpose("support", ("contract",), ()),
            "support": Purpose("marketing", ("consent", "legitimate_interests"), ("phone", "email")),
            "dancing": Purpose("dancing", ("consent",), ("sms",)),
        },
        person_categories=("passer_by",),
        data_categories=("shoe_size", "relationship"),
    )  # fmt: skip


def _azores() -> House:
    """Another member state, in whose zone the clock changes at midnight: one has no instant, one has two."""
    return _with_policy(
        Calendar("PT"),
        ZoneInfo("Atlantic/Azores"),
        deadlines={
            "identity_request_within": "P2M",  # longer than the limit
            "breach_notice_default": "P3D",
            "subjects_told_within": "P1M",
            "disposal_period_default": "PT1H",
            "erasure_grace": "P1M",
            "policy_review_interval": "P60D",
            "silent_source_after": "PT24H",
        },
        targets={
            "registered": "PT4H",
            "analysed": "P3D",
            "prioritised": "PT24H",
            "resolved": "P7D",
            "evaluated": "P1M",
        },
        critical={"registered": "PT24H", "analysed": "PT72H"},
    )


def _with_policy(
    calendar: Calendar,
    zone: ZoneInfo,
    deadlines: dict[str, str],
    targets: dict[str, str],
    critical: dict[str, str],
    **changed: object,
) -> House:
    default = {stage: Duration.parse(text) for stage, text in targets.items()}
    most = default | {stage: Duration.parse(text) for stage, text in critical.items()}
    policy = replace(
        spec.POLICY,
        calendar=calendar,
        zone=zone,
        deadlines={name: Duration.parse(text) for name, text in deadlines.items()},
        targets={"default": default, "low": default, "critical": most},
        **changed,
    )
    return House(load_law(), policy)


HOUSES: dict[str, Callable[[], House]] = {
    "example": _example,
    "changing law": _changing,
    "stricter policy": _stricter,
    "the Azores": _azores,
}
