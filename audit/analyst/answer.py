"""One check's result as an analyst holds it: counts, findings, reasons, and from each finding to its rows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from audit.analyst import given
from audit.analyst.frame import Frame, of_rows
from audit.analyst.pieces import Explanation, Pieces, Said
from audit.catalog import Check
from audit.errors import UsageError
from audit.listed import listed
from audit.outputs import worst_first
from audit.results import DIMENSIONS, FINDING_COLUMNS, OUTCOMES, CheckResult, Finding
from audit.snapshot import ident
from audit.words import Words

if TYPE_CHECKING:
    from audit.analyst.bench import Bench
    from audit.analyst.since import Since

_SHORT = {"client": "client_id", "system": "system_id"}
_NAMES = "role, client, system, purpose, kind or month"
_MORE = ("system_id", "purpose", "kind", "month")
_ASKED = (
    "outcome", "reason", "item_key", "subject_id", "system_id", "client_id", "occurred_at", "due_at", "amount", "unit",
    "source_file", "source_line", "detail",
)  # fmt: skip
_FIRST = (*_ASKED, *(c for c in (*_MORE, *reversed(FINDING_COLUMNS)) if c not in _ASKED))
"""A finding's columns, what is asked first in front; the check, which is the same in all, at the end."""
_TYPED = {"occurred_at": "TIMESTAMPTZ", "amount": "DOUBLE", "source_line": "BIGINT"}
_COUNTS = {"population": "BIGINT", **dict.fromkeys(OUTCOMES, "BIGINT"), "rate": "DOUBLE"}


class Answer:
    """What one check found in the period.

    >>> wb = audit.open()
    >>> answer = wb["consent_coverage"]
    >>> answer.population == answer.compliant + answer.violation + answer.pending + answer.undetermined + answer.waived
    True
    >>> answer.by("system").columns[:3]
    ('system_id', 'population', 'compliant')
    >>> worst = answer.findings[0]
    >>> worst["outcome"]
    'violation'
    >>> answer.evidence(worst)[0].title
    'core.processing_events'

    Attributes:
        result: the counts as plain data, as reports have them.
    """

    def __init__(self, bench: Bench, check: Check, result: CheckResult) -> None:
        self._bench, self._check, self.result = bench, check, result

    @property
    def name(self) -> str:
        """The check's name."""
        return self.result.check

    @property
    def title(self) -> str:
        """What holds where all is well."""
        return self._check.texts_in(self._words.language).title

    @property
    def question(self) -> str:
        """What the check asks."""
        return self._check.texts_in(self._words.language).question

    @property
    def population(self) -> int:
        """How many items were judged."""
        return self.result.population

    @property
    def compliant(self) -> int:
        """Items that are as they must be."""
        return self.result.compliant

    @property
    def violation(self) -> int:
        """Items that are not, and that no waiver covers."""
        return self.result.violation

    @property
    def pending(self) -> int:
        """Items whose time still ran at the as-of instant."""
        return self.result.pending

    @property
    def undetermined(self) -> int:
        """Items of which the data does not tell."""
        return self.result.undetermined

    @property
    def waived(self) -> int:
        """Violations that a waiver in force covers."""
        return self.result.waived

    @property
    def rate(self) -> float | None:
        """compliant / (compliant + violation + waived), from 0 to 1; None where nothing could be decided."""
        return self.result.rate

    @cached_property
    def findings(self) -> Frame:
        """Violations, then waived, then undetermined, the worst first, with the file and line of each row.

        ``due_at`` is text: the last day of a time limit in days, the instant of one in hours.
        """
        judged = self._bench.workbench.judged(self.name)
        more: dict[str, Any] = {"title": self.title, "kinds": {"outcome": "status", "due_at": "moment"}}
        if judged is None:  # not evaluated
            return of_rows(self._con, dict.fromkeys(_FIRST, "VARCHAR") | _TYPED, [], self._words, **more)
        found = worst_first(judged, *_MORE, are_typed=True)
        return Frame(self._con.sql(f"SELECT {', '.join(map(ident, _FIRST))} FROM ({found})"), self._words, **more)

    @property
    def reasons(self) -> Frame:
        """Why items are not compliant: each outcome's reasons, the commonest first."""
        texts = self._check.texts_in(self._words.language)
        rows = [
            (outcome, reason, texts.reason(outcome, reason), n)
            for outcome, counts in self.result.reasons.items()
            for reason, n in counts.items()
        ]
        columns = {"outcome": "VARCHAR", "reason": "VARCHAR", "text": "VARCHAR", "n": "BIGINT"}
        return of_rows(self._con, columns, rows, self._words, kinds={"outcome": "status"})

    def by(self, *dimensions: str | list[str]) -> Frame:
        """The five counts and the rate for each value of some dimensions.

        Args:
            *dimensions: role, client, system, purpose, kind or month; ``kind`` is the check's own category, as a
                request's kind.

        Raises:
            UsageError: no such dimension.
        """
        named = list(dict.fromkeys(map(_dimension, _flat(dimensions))))
        rows = [tuple(row.values()) for row in self.result.by(*named)]
        columns = dict.fromkeys(named, "VARCHAR") | _COUNTS
        return of_rows(self._con, columns, rows, self._words, title=self.title, kinds={"rate": "percent"})

    def chart(self, by: str | None = None) -> Any:
        """The check drawn: in the form its page names, or by a dimension as in :meth:`by`; words where nothing is.

        Raises:
            UsageError: no such dimension.
        """
        from audit import charts  # late: it is slow to import, and a question may need none

        dimension = None if by is None else _dimension(by)
        if not self.population:
            return Said(self._line())
        if dimension:
            return charts.by(self.result, dimension, self._words)
        return charts.FORMS[self._check.chart](self.result, self._words)

    def drill(self, by: str | None = None) -> Any:
        """Findings by month, ``by`` and reason at once: a click on a bar narrows the others and the table below.

        Args:
            by: system, client, purpose, kind or role; where not given, the first that tells the findings apart.

        Raises:
            UsageError: no such dimension, or month, which is drawn in any case.
        """
        from audit import charts  # late, as above

        side = None if by is None else _dimension(by)
        if side == "month":
            raise UsageError(
                "months are drawn in any case", column=by, expected="role, client, system, purpose or kind"
            )
        if not any(map(self.result.count, ("violation", "waived", "undetermined"))):
            return Said(self._line())
        return charts.drill(self.result, self._words, listed=listed(self._bench.workbench, self.name), side=side)

    def explain(self, item: str | dict[str, Any] | Finding) -> Explanation:
        """Why an item got its outcome, a sentence a step.

        Args:
            item: its key, ``TABLE:KEY`` where several tables have it, or a finding.

        Raises:
            UsageError: the period's population has no such item.
        """
        names = ("item_table", "item_key")
        key = item if isinstance(item, str) else ":".join(given.of_finding(item, name) for name in names)
        return Explanation(self._bench.workbench.explain_item(self.name, key))

    def evidence(self, finding: str | dict[str, Any] | Finding) -> Pieces:
        """The rows behind a finding, a table each, with file and line.

        Args:
            finding: its id, or a row of :attr:`findings`.

        Raises:
            UsageError: no run that is kept has such a finding.
        """
        return self._bench.evidence(finding)

    def since(self, period: str | int | None = None) -> Since | Said:
        """The check beside an earlier period, the one before where not named: what is new, still open, resolved.

        A sentence says so where nothing of the one before had happened yet.

        Raises:
            UsageError: no period, or one that had not begun by this one's moment.
        """
        from audit.analyst.since import since

        asked = self._bench.workbench.asked
        if period is None and (earlier := asked.period.previous()).start >= asked.as_of:
            return Said(self._words.say("analyst.answer.no_earlier", period=earlier.label))
        return since(self._bench, self.name, given.written(period))

    @property
    def _words(self) -> Words:
        return self._bench.words

    @property
    def _con(self) -> Any:
        return self._bench.workbench.con

    def __dir__(self) -> list[str]:
        return sorted(n for n in super().__dir__() if not n.startswith("_"))

    def _line(self) -> str:
        say, r = self._words.say, self.result
        if not r.evaluated:
            return say("analyst.answer.not_evaluated", tables=self._words.listed(r.empty_tables))
        if not r.population:
            return say("analyst.answer.nothing", period=self._bench.period)
        counts = {o: self._words.integer(r.count(o)) for o in OUTCOMES}
        rate = self._words.percent(r.rate)
        return say("analyst.answer.line", rate=rate, decided=r.decided, population=r.population, **counts)

    def __repr__(self) -> str:
        parts = (f"{self.name}: {self.title}", self.question, self._line())
        return "\n".join([*parts, *([repr(self.reasons)] if self.result.reasons else [])])

    def _repr_html_(self) -> str:
        head = f"<div><strong>{escape(self.title)}</strong> <code>{self.name}</code></div>"
        said = f"<div>{escape(self.question)}</div><div>{escape(self._line())}</div>"
        return head + said + (self.reasons._repr_html_() if self.result.reasons else "")


def _flat(dimensions: Iterable[str | list[str]]) -> list[str]:
    """Dimensions one by one, also where they came as a list."""
    return [name for d in dimensions for name in (d if isinstance(d, list | tuple) else [d])]


def _dimension(name: str) -> str:
    found = _SHORT.get(given.text(name, "dimension", _NAMES), name)
    if found not in DIMENSIONS:
        raise UsageError("no such dimension", column=name, expected=_NAMES)
    return found
