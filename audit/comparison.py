"""Two periods side by side, and a reported one against what is known of it today, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audit.hidden import HiddenShare, is_hidden
from audit.results import CheckResult, Results


@dataclass(frozen=True)
class Flow:
    """What became of the findings with one outcome and reason.

    ``new``: the item was not found before. ``still_open``: it was, whatever the reason; ``other_reason`` of them for
    another one. ``resolved``: found before, judged again and found no more. ``past``: found before and not judged in
    the later period, as an incident that was closed before it began. The last two go by the earlier outcome and reason.
    """

    outcome: str
    reason: str
    new: int
    still_open: int
    other_reason: int
    resolved: int
    past: int


@dataclass(frozen=True)
class StillOpen:
    """An item found in both periods; ``since`` is the day or instant it was due, else the one it happened."""

    item_key: str
    outcome: str
    reason: str
    since: str | None


@dataclass(frozen=True)
class CheckChange:
    """One check in both periods.

    ``persists`` says whether its items can stand in both. An event belongs to one period: of a check of events only
    the rates compare, and it has no flows. ``oldest`` are the items that are open the longest.
    """

    now: CheckResult
    before: CheckResult
    persists: bool
    flows: tuple[Flow, ...] = ()
    oldest: tuple[StillOpen, ...] = ()

    @property
    def points(self) -> float | None:
        """The change of the rate in percentage points; None where one of the two has none, hidden where one is."""
        if self.now.rate is None or self.before.rate is None:
            return None
        if is_hidden(self.now.rate) or is_hidden(self.before.rate):
            return HiddenShare()
        return 100 * (self.now.rate - self.before.rate)

    def total(self, name: str) -> int:
        """All of one flow: new, still_open, other_reason, resolved or past."""
        return sum(getattr(flow, name) for flow in self.flows)


@dataclass(frozen=True)
class Moved:
    """Findings of a reported run that came, went or changed, and why as far as it can be told.

    Outcomes are None where the item was no finding. ``cause``: ``late_row`` and ``replaced_row`` (of ``table``, in
    ``file``, loaded since), ``waiver``, ``check``, ``law``, ``policy``, ``program``, ``other_rows`` (something was
    loaded since, but no row of it can be tied to the item) or ``unknown``.
    """

    before: str | None
    now: str | None
    reason: str
    cause: str
    table: str | None
    file: str | None
    items: int


@dataclass(frozen=True)
class RestatedCheck:
    """A check whose figures or findings of a reported run are other ones today."""

    now: CheckResult
    before: CheckResult
    moved: tuple[Moved, ...]


@dataclass(frozen=True)
class Arrival:
    """Rows of a table that were loaded since a run and tell of what had happened by its moment.

    ``rows`` are those that nobody had sent before, ``replaced`` those that took the place of what the run saw.
    """

    table: str
    rows: int
    replaced: int


@dataclass(frozen=True)
class Restatement:
    """The last reported run of a period, computed again as of its own date with the data and rules of today.

    Attributes:
        run, report, period, as_of: which one; ``as_of`` is ISO 8601.
        arrivals: what was loaded since, where anything moved.
        rules: what else changed since, by kind (check, law, policy, program) and name.
        checks: those whose figures or findings moved.
    """

    run: str
    report: str
    period: str
    as_of: str
    arrivals: tuple[Arrival, ...]
    rules: tuple[tuple[str, str], ...]
    checks: tuple[RestatedCheck, ...]


@dataclass(frozen=True)
class Comparison:
    """A period beside another one, both computed from the same data and rules.

    ``restated`` is None where no report of the other period is kept. ``is_released`` says that it is of an external
    edition, which does not tell how many findings came and went.
    """

    now: Results
    before: Results
    checks: dict[str, CheckChange]
    restated: Restatement | None
    is_released: bool = False

    def __repr__(self) -> str:
        """In short: as data it would fill pages."""
        return f"{self.now.period} beside {self.before.period}, {len(self.checks)} checks; .table() has a row for each"

    def __getitem__(self, check: str) -> CheckChange:
        return self.checks[check]

    def __iter__(self) -> Iterator[CheckChange]:
        return iter(self.checks.values())

    def table(self) -> list[dict[str, Any]]:
        """A row a check: both rates with what could be decided, the change in percentage points, and the flows.

        The flows are None where the check's items cannot stand in both periods, or the edition does not tell them.
        """
        flows = ("new", "still_open", "other_reason", "resolved", "past")
        return [
            {
                "check": c.now.check,
                "rate_before": c.before.rate,
                "decided_before": c.before.decided,
                "rate": c.now.rate,
                "decided": c.now.decided,
                "points": c.points,
            }
            | {name: c.total(name) if c.persists and not self.is_released else None for name in flows}
            for c in self
        ]
