"""What a run found, as plain data: the one thing charts, reports and files are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from audit.hidden import HiddenShare, is_hidden
from audit.policy import Commitment
from audit.transparency import Statement

OUTCOMES = ("compliant", "violation", "pending", "undetermined", "waived")

DIMENSIONS = ("role", "client_id", "system_id", "purpose", "kind", "month")

FINDING_COLUMNS = (
    "check", "outcome", "reason", "finding_id", "role", "client_id", "subject_id", "item_table", "item_key",
    "occurred_at", "due_at", "amount", "unit", "source_file", "source_line", "detail",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One item that is a violation, waived or undetermined.

    ``finding_id`` is the same in every run for the same item and reason. ``occurred_at`` and ``due_at`` are ISO 8601
    text: a due date is a day (the duty ends at its 24:00 local) or an instant. ``amount`` is how far over, in ``unit``
    (hours where the limit is an instant, days where it is a date).
    """

    check: str
    outcome: str
    reason: str
    finding_id: str
    role: str | None
    client_id: str | None
    subject_id: str | None
    item_table: str
    item_key: str
    occurred_at: str | None
    due_at: str | None
    amount: float | None
    unit: str | None
    source_file: str | None
    source_line: int | None
    detail: str | None


@dataclass(frozen=True)
class Count:
    """How many items share an outcome, a reason and these dimensions; ``month`` as ``2026-07``."""

    outcome: str
    reason: str | None
    role: str | None
    client_id: str | None
    system_id: str | None
    purpose: str | None
    kind: str | None
    month: str | None
    n: int


@dataclass(frozen=True)
class CheckResult:
    """What one check found in the period.

    ``kind`` in the counts is the check's own category: a request's kind, an incident's severity, a record's data
    category. ``extras`` are the check's further tables, as incident_response's stage durations.
    """

    check: str
    title: str
    question: str
    article: str
    severity: str
    unit: str
    evaluated: bool
    empty_tables: tuple[str, ...]
    counts: tuple[Count, ...]
    extras: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _read: Callable[..., list[Finding]] = field(default=lambda **_: [], repr=False, compare=False)

    def count(self, outcome: str | None = None, **dims: str | None) -> int:
        """Items of an outcome (all: the population), narrowed by reason or by dimensions, as ``system_id="mail"``."""
        return sum(
            c.n
            for c in self.counts
            if (outcome is None or c.outcome == outcome) and all(getattr(c, k) == v for k, v in dims.items())
        )

    @property
    def population(self) -> int:
        """How many items were judged."""
        return self.count()

    @property
    def compliant(self) -> int:
        return self.count("compliant")

    @property
    def violation(self) -> int:
        return self.count("violation")

    @property
    def pending(self) -> int:
        return self.count("pending")

    @property
    def undetermined(self) -> int:
        return self.count("undetermined")

    @property
    def waived(self) -> int:
        return self.count("waived")

    @property
    def decided(self) -> int:
        """How many items could be decided: compliant, violation and waived together."""
        parts = (self.compliant, self.violation, self.waived)
        return self.population - self.pending - self.undetermined if any(map(is_hidden, parts)) else sum(parts)

    @property
    def rate(self) -> float | None:
        """compliant / (compliant + violation + waived); None when that is 0, never 100 % of nothing."""
        return rate(self.compliant, self.violation, self.waived)

    @property
    def reasons(self) -> dict[str, dict[str, int]]:
        """Counts by outcome and reason, most frequent first."""
        found: dict[str, Counter[str]] = {}
        for c in self.counts:
            if c.reason is not None:
                found.setdefault(c.outcome, Counter())[c.reason] += c.n
        return {o: dict(found[o].most_common()) for o in OUTCOMES if o in found}

    def by(self, *dims: str) -> list[dict[str, Any]]:
        """The five counts and the rate for each value of the named dimensions, sorted by them."""
        groups: dict[tuple[Any, ...], Counter[str]] = {}
        for c in self.counts:
            groups.setdefault(tuple(getattr(c, d) for d in dims), Counter())[c.outcome] += c.n
        rows = []
        for key in sorted(groups, key=lambda k: tuple((v is not None, v or "") for v in k)):
            n = groups[key]
            rows.append(
                dict(zip(dims, key, strict=True))
                | {"population": n.total()}
                | {o: n[o] for o in OUTCOMES}
                | {"rate": rate(n["compliant"], n["violation"], n["waived"])}
            )
        return rows

    def findings(
        self, *, limit: int | None = None, outcome: str | None = None, reason: str | None = None
    ) -> list[Finding]:
        """Findings, the worst first (violations, then waived, then undetermined; largest amount; item key)."""
        return self._read(limit=limit, outcome=outcome, reason=reason)

    @property
    def shown_reasons(self) -> dict[str, dict[str, int]] | None:
        """The reasons as :attr:`reasons`, or None where the external edition does not show them."""
        return self.reasons

    @property
    def lists_items(self) -> bool:
        """Whether its findings may be listed; not in the external edition where they are about persons."""
        return True

    def cells(self) -> list[dict[str, Any]]:
        """Its counts as plain rows, for a file."""
        return [asdict(c) for c in self.counts]


@dataclass(frozen=True)
class SourceFile:
    """A file that was loaded, and what became of its rows: read = accepted + duplicate + rejected.

    ``replaced`` of the accepted ones were replaced by corrections since.
    """

    table: str
    path: str
    sha256: str
    bytes: int
    read: int
    accepted: int
    duplicate: int
    rejected: int
    replaced: int = 0


@dataclass(frozen=True)
class Coverage:
    """Whether one source carries the period: days without any row, and the longest run of them."""

    table: str
    system_id: str | None
    rows: int
    first_on: date | None
    last_on: date | None
    days: int
    silent_days: int
    longest_silence: int
    outcome: str


@dataclass(frozen=True)
class Waiver:
    """A waiver of the register, as of then.

    ``items`` are the violations it covers while in force, or would cover had it not run out; ``scope`` names what it is
    narrowed to, as reason, item_key and client_id.
    """

    waiver_id: str
    check: str
    scope: dict[str, str]
    granted_by: str
    granted_on: date
    expires_on: date
    justification: str
    is_in_force: bool
    items: int


@dataclass(frozen=True)
class Observation:
    """What the data shows against the policy's text: ``seen`` things, of which the text leaves out those of ``rows``.

    ``name`` is what is looked at: recipients, countries, systems, grounds, retention or review; ``article`` of the GDPR
    asks for it.
    """

    name: str
    article: str
    seen: int
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Unsaid:
    """What the policy's own text leaves out: by its sections, and by what the data shows."""

    statements: tuple[Statement, ...]
    observations: tuple[Observation, ...]


@dataclass(frozen=True)
class Results:
    """Everything a run found for a period, as of an instant, within a scope.

    ``decisions`` are the adequacy decisions in force that a registered recipient relies on.
    ``identity`` is the organisation's, as its policy file gives it; ``transparency`` is None where only some checks
    were run, where nobody has read the policy's text for it, and where that text does not bind in this scope.
    """

    organisation: str
    zone: str
    period: str
    start: datetime
    end: datetime
    as_of: datetime
    client_id: str | None
    role: str | None
    checks: dict[str, CheckResult]
    coverage: tuple[Coverage, ...]
    rejected_rows: dict[str, int]
    files: tuple[SourceFile, ...]
    waivers: tuple[Waiver, ...]
    commitments: tuple[Commitment, ...]
    law: tuple[dict[str, Any], ...]
    manifest: dict[str, Any]
    decisions: tuple[dict[str, Any], ...] = ()
    identity: Mapping[str, str] = field(default_factory=dict)
    transparency: Unsaid | None = None

    def __getitem__(self, check: str) -> CheckResult:
        return self.checks[check]

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self.checks.values())

    @property
    def violations(self) -> int:
        """Violations of all checks together."""
        return sum(c.violation for c in self)


def rate(compliant: int, violation: int, waived: int) -> float | None:
    """The share that is compliant of what could be decided; None where nothing could, hidden where a count is."""
    if any(map(is_hidden, (compliant, violation, waived))):
        return HiddenShare()
    decided = compliant + violation + waived
    return compliant / decided if decided else None
