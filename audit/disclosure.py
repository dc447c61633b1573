"""What of the results may leave the house: the one place that decides it, before anything is drawn or written.

``release`` turns results into results that no longer hold what the external edition does not show. Sentences, tables,
charts and files made of them cannot give it away. ``docs/editions.md`` gives the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from audit import suppression
from audit.contract import load_contracts
from audit.errors import AuditError
from audit.hidden import Hidden, few, is_hidden, spelled, withheld
from audit.results import (
    DIMENSIONS,
    OUTCOMES,
    CheckResult,
    Coverage,
    Finding,
    Results,
    SourceFile,
    Unsaid,
    Waiver,
    rate,
)
from audit.suppression import TOTAL

_RATED = ("compliant", "violation", "waived")
Item = TypeVar("Item")


class NotReleased(AuditError):  # noqa: N818 - nothing is wrong
    """A breakdown or list that the external edition does not show."""


@dataclass(frozen=True)
class Released(CheckResult):
    """What the external edition knows of a check about persons: figures that are shown, and no row of anyone."""

    shown: Mapping[str, int] = field(default_factory=dict)
    because: Mapping[str, Mapping[str, int]] | None = None
    tables: Mapping[str, list[dict[str, Any]] | None] = field(default_factory=dict)

    def count(self, outcome: str | None = None, **dims: str | None) -> int:
        """Items of an outcome, in all or of one reason or of one value of a dimension; hidden where it is not shown."""
        column = outcome or TOTAL
        if not dims:
            return self.shown.get(column, 0)
        ((dim, value), *others) = dims.items()
        if others:
            return withheld()
        if dim == "reason":
            return withheld() if self.because is None else self.because.get(column, {}).get(value or "", 0)
        found = self.tables.get(dim)
        if found is None:
            return withheld() if self.shown.get(TOTAL) else 0
        return next((int_of(row[column]) for row in found if row[dim] == value), 0)

    @property
    def reasons(self) -> dict[str, dict[str, int]]:
        """Counts by outcome and reason: those shown, the most frequent first, then the hidden ones by name."""
        if self.because is None:
            raise NotReleased("the reasons are not shown: a count of persons among them is too small", column="reasons")
        return {o: dict(found) for o, found in self.because.items()}

    @property
    def shown_reasons(self) -> dict[str, dict[str, int]] | None:
        return None if self.because is None else self.reasons

    def by(self, *dims: str) -> list[dict[str, Any]]:
        """The counts and the rate for each value of one dimension."""
        found = self.tables.get(dims[0]) if len(dims) == 1 else None
        if found is None:
            raise NotReleased("this breakdown is not shown: a count of persons in it is too small", column="breakdown")
        return [dict(row) for row in found]

    def findings(self, **_which: Any) -> list[Finding]:
        """None: a finding is about a person."""
        raise NotReleased("rows of persons are not shown", column="rows")

    @property
    def lists_items(self) -> bool:
        return False

    def cells(self) -> list[dict[str, Any]]:
        """Every figure of the breakdowns that is shown."""
        return [
            {"outcome": o, "dimension": dim, "value": row[dim], "n": row[o]}
            for dim, rows in self.tables.items()
            for row in rows or ()
            for o in (TOTAL, *OUTCOMES)
            if row[o] != 0
        ]


def int_of(value: Any) -> int:
    """A cell of a table as the count it is."""
    return value if isinstance(value, Hidden) else int(value)


def for_edition(results: Results, edition: str, below: int) -> Results:
    """The results as an edition may show them: `internal` all, `external` released ones."""
    return release(results, below) if edition == "external" else results


def manifest_for(manifest: Mapping[str, Any], edition: str, below: int) -> dict[str, Any]:
    """A manifest as an edition may show it: of its inputs, the numbers of rows."""
    if edition != "external" or "inputs" not in manifest:
        return dict(manifest)
    inputs = [asdict(_file(SourceFile(**i), below)) for i in manifest["inputs"]]
    return {**manifest, "inputs": spelled(inputs)}


def is_released(results: Results) -> bool:
    """Whether no check about persons could list them."""
    return not any(c.lists_items and is_about_persons(c.unit) for c in results)


def release(results: Results, below: int) -> Results:
    """The results without what the external edition does not show.

    Args:
        results: what a run found.
        below: counts about persons from 1 to below it are hidden, as ``suppress_below`` of the policy file; 0 hides
            none. Rows of persons, free text and who granted what are left out whatever it is.

    Raises:
        AuditError: a threshold that hides nothing.
    """
    suppression.refuse_useless(below)
    return replace(
        results,
        checks={name: _check(c, below) for name, c in results.checks.items()},
        coverage=tuple(_coverage(c, below) for c in results.coverage),
        files=tuple(_file(f, below) for f in results.files),
        waivers=_waivers(results.waivers, below),
        manifest=manifest_for(results.manifest, "external", below),
        transparency=_unsaid(results.transparency, below),
    )


def is_about_persons(table: str) -> bool:
    """Whether a table's rows are of persons: a column names one. Of an unknown table it is taken for granted."""
    contract = load_contracts().get(table.removeprefix("core."))
    return contract is None or any(c.person for c in contract.columns)


def _check(result: CheckResult, below: int) -> CheckResult:
    if not is_about_persons(result.unit):
        return result
    known = {f: getattr(result, f) for f in ("check", "title", "question", "article", "severity", "unit")}
    known |= {"evaluated": result.evaluated, "empty_tables": result.empty_tables, "counts": ()}
    counts = {o: result.count(o) for o in OUTCOMES}
    shown = suppression.totals(counts, below)
    if is_hidden(shown[TOTAL]):
        return Released(**known, shown=shown, tables=dict.fromkeys(DIMENSIONS))
    free = {o for o in OUTCOMES if is_hidden(shown[o])}
    tables = {dim: _table(result, dim, free, below) for dim in DIMENSIONS}
    return Released(**known, shown=shown, because=_because(result, free, below), tables=tables)


def _because(result: CheckResult, free: set[str], below: int) -> dict[str, dict[str, int]] | None:
    """The reasons' counts; None where those of an outcome can't be shown, so that no list passes for the whole."""
    because = {}
    for outcome, found in result.reasons.items():
        if outcome in free:
            return None
        rest = result.count(outcome) - sum(found.values())
        shown = suppression.parts(found | ({"": rest} if rest else {}), below)
        if shown is None:
            return None
        shown.pop("", None)
        because[outcome] = dict(
            sorted(shown.items(), key=lambda i: (is_hidden(i[1]), 0 if is_hidden(i[1]) else -i[1], i[0]))
        )
    return because


def _table(result: CheckResult, dim: str, free: set[str], below: int) -> list[dict[str, Any]] | None:
    """A breakdown's rows as they may be shown, with their rates; None where it may not be shown."""
    rows = result.by(dim)
    shown = suppression.table([{c: r[c] for c in (*OUTCOMES, TOTAL)} for r in rows], OUTCOMES, free, below)
    if shown is None:
        return None
    return [{dim: r[dim]} | s | {"rate": rate(*(s[o] for o in _RATED))} for r, s in zip(rows, shown, strict=True)]


def _fewest(below: int) -> int:
    """Rows of a table fewer than this are hidden: a check whose population is hidden has at most so many."""
    return below * len(OUTCOMES)


def _file(file: SourceFile, below: int) -> SourceFile:
    """A file of persons' rows: where they are few, only how many were refused."""
    if not is_about_persons(file.table) or file.accepted >= _fewest(below):
        return file
    none = withheld()
    return replace(file, read=none, accepted=none, duplicate=none, replaced=none)


def _coverage(source: Coverage, below: int) -> Coverage:
    """A source of persons' rows: where they are few, neither how many nor the days of the first and the last."""
    if not is_about_persons(source.table) or not 0 < source.rows < _fewest(below):
        return source
    return replace(source, rows=few(_fewest(below)), first_on=None, last_on=None)


def _waivers(waivers: tuple[Waiver, ...], below: int) -> tuple[Waiver, ...]:
    """Waivers without who granted them, why, and the one item they may be about."""
    items = _all_or_none([w.items for w in waivers], below)
    return tuple(
        replace(
            w, scope={k: v for k, v in w.scope.items() if k != "item_key"}, granted_by="", justification="", items=n
        )
        for w, n in zip(waivers, items, strict=True)
    )


def _unsaid(told: Unsaid | None, below: int) -> Unsaid | None:
    """What the data shows against the text: names of recipients and systems, and how often where that is no few."""
    if told is None:
        return None
    rows = [(i, row) for i, o in enumerate(told.observations) for row in o.rows]
    items = _all_or_none([row.get("items", 0) for _, row in rows], below)
    shown = [(i, row | {"items": n} if "items" in row else row) for (i, row), n in zip(rows, items, strict=True)]
    return replace(
        told,
        observations=tuple(
            replace(o, rows=tuple(row for at, row in shown if at == i)) for i, o in enumerate(told.observations)
        ),
    )


def _all_or_none(counts: Iterable[int], below: int) -> list[int]:
    """Counts that overlap in ways that nobody lists: all of them hidden where one is small."""
    given = list(counts)
    return [withheld() for _ in given] if any(suppression.is_small(n, below) for n in given) else given
