"""All checks of a period in one table, each with its change on the period before and a tiny trend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from audit.analyst.answer import Answer
from audit.analyst.frame import Frame, of_rows
from audit.results import CheckResult, Results, rate

if TYPE_CHECKING:
    from audit.analyst.bench import Bench

_COUNTS = ("violation", "pending", "undetermined", "waived", "population")
_COLUMNS = {
    "check": "VARCHAR", "rate": "DOUBLE", "change": "DOUBLE", "trend": "DOUBLE[]", **dict.fromkeys(_COUNTS, "BIGINT"),
}  # fmt: skip
_KINDS = {"rate": "percent", "change": "points", "trend": "trend"}


class Overview:
    """Every check's rate, counts, change in percentage points on the period before, and rate by month.

    The trend is of the months of both periods in which something could be decided.

    >>> wb = audit.open()
    >>> checks = wb.check_all(only=["consent_coverage", "retention"])
    >>> [answer.name for answer in checks]
    ['consent_coverage', 'retention']
    >>> checks["retention"].rate == checks.table[1]["rate"]
    True

    Attributes:
        results, before: of this period and of the one before, as plain data.
    """

    def __init__(self, bench: Bench, results: Results, before: Results) -> None:
        self._bench, self.results, self.before = bench, results, before

    def __getitem__(self, check: str) -> Answer:
        return self._bench[check]

    def __iter__(self) -> Iterator[Answer]:
        return (self[name] for name in self.results.checks)

    def __len__(self) -> int:
        return len(self.results.checks)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.results.checks)

    @cached_property
    def table(self) -> Frame:
        """The table, a row a check."""
        rows = [self._row(result, self.before[result.check]) for result in self.results]
        say = self._bench.words.say
        title = say("analyst.overview.title", period=self.results.period)
        note = say("analyst.overview.note", before=self.before.period)
        con = self._bench.workbench.con
        return of_rows(con, _COLUMNS, rows, self._bench.words, title=title, note=note, shown=len(rows), kinds=_KINDS)

    def df(self) -> Any:
        """The table as a pandas DataFrame.

        Raises:
            AuditError: pandas is not installed.
        """
        return self.table.df()

    def arrow(self) -> Any:
        """The table as a pyarrow Table.

        Raises:
            AuditError: pyarrow is not installed.
        """
        return self.table.arrow()

    @staticmethod
    def _row(now: CheckResult, before: CheckResult) -> list[Any]:
        if not now.evaluated:
            return [now.check, None, None, [], *[None] * len(_COUNTS)]
        both = now.rate is not None and before.rate is not None
        change = 100 * (now.rate - before.rate) if both else None  # type: ignore[operator]  # neither is None
        return [now.check, now.rate, change, _trend(before, now), *(getattr(now, name) for name in _COUNTS)]

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def _trend(*results: CheckResult) -> list[float]:
    """The rate of each month, the oldest first."""
    months: dict[str, Counter[str]] = {}
    for count in (c for result in results for c in result.counts if c.month):
        months.setdefault(str(count.month), Counter())[count.outcome] += count.n
    rates = (rate(n["compliant"], n["violation"], n["waived"]) for _, n in sorted(months.items()))
    return [r for r in rates if r is not None]


def overview(bench: Bench, only: Iterable[str] | None) -> Overview:
    """Run checks over a bench's period and the one before."""
    names = None if only is None else list(only)
    results = bench.workbench.check_all(only=names)
    period = bench.workbench.asked.period.previous()
    with bench.workbench.at(period, min(period.end, bench.as_of)) as other:
        return Overview(bench, results, other.check_all(only=names))
