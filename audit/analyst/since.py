"""A check beside an earlier period: what is new, still open, resolved and past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit import earlier
from audit.analyst import grid
from audit.analyst.frame import Frame, of_rows
from audit.comparison import CheckChange
from audit.errors import UsageError
from audit.sentences import plain

if TYPE_CHECKING:
    from audit.analyst.bench import Bench

_FLOWS = ("new", "still_open", "other_reason", "resolved", "past")


class Since:
    """One check in two periods.

    Attributes:
        change: as plain data.
        text: what changed, in a sentence.
        flows: what became of the findings, by outcome and reason; empty where an item belongs to one period only.
        oldest: the items found in both periods that are open the longest.
    """

    def __init__(self, bench: Bench, change: CheckChange, text: str) -> None:
        self.change, self.text = change, text
        con, words = bench.workbench.con, bench.words
        texts = {"outcome": "VARCHAR", "reason": "VARCHAR"}
        rows = [[f.outcome, f.reason, *(getattr(f, name) for name in _FLOWS)] for f in change.flows]
        self.flows: Frame = of_rows(con, texts | dict.fromkeys(_FLOWS, "BIGINT"), rows, words)
        open_ones = [[o.item_key, o.outcome, o.reason, o.since] for o in change.oldest]
        columns = dict.fromkeys(("item_key", "outcome", "reason", "since"), "VARCHAR")
        self.oldest: Frame = of_rows(con, columns, open_ones, words)

    @property
    def points(self) -> float | None:
        """The change of the rate in percentage points; None where one of the two periods has none."""
        return self.change.points

    def __repr__(self) -> str:
        return "\n".join([self.text, *map(repr, self._tables())])

    def _repr_html_(self) -> str:
        return grid.paragraph(self.text) + "".join(table._repr_html_() for table in self._tables())

    def _tables(self) -> list[Frame]:
        return [table for table in (self.flows, self.oldest) if len(table)]


def since(bench: Bench, check: str, period: str | None) -> Since:
    """Hold one check against another period, the one before where not named.

    Raises:
        UsageError: no such period, or one of the two could not evaluate the check.
    """
    comparison = bench.workbench.compare(period, [check])
    change = comparison.checks.get(check)
    if change is None:
        raise UsageError("not evaluated in both periods", column=check, expected="a check that both have data for")
    text = plain(earlier.since(bench.words, change, comparison.before, with_counts=True))
    return Since(bench, change, text)
