"""Findings before and after other rules, side by side: nothing of it is stored, and no report can be made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from audit.analyst.changes import Changes, imagine, read_changes
from audit.analyst.frame import Frame, of_rows
from audit.catalog import Check
from audit.errors import UsageError, nearest
from audit.judge import judge
from audit.results import Count, rate
from audit.snapshot import quoted
from audit.store import Connection, opened

if TYPE_CHECKING:
    from audit.analyst.bench import Bench

STATES = ("appeared", "disappeared", "changed")
_COUNTS = {
    "check": "VARCHAR", "rate_before": "DOUBLE", "rate": "DOUBLE", "violation_before": "BIGINT", "violation": "BIGINT",
    "appeared": "BIGINT", "disappeared": "BIGINT", "changed": "BIGINT", "unchanged": "BIGINT",
}  # fmt: skip

_HELD = """
    SELECT coalesce(a."check", b."check") AS "check",
      CASE WHEN b.item_key IS NULL THEN 'appeared' WHEN a.item_key IS NULL THEN 'disappeared'
        WHEN a.outcome = b.outcome AND a.reason = b.reason THEN 'unchanged' ELSE 'changed' END AS what,
      b.outcome AS outcome_before, b.reason AS reason_before, a.outcome, a.reason,
      coalesce(a.item_table, b.item_table) AS item_table, coalesce(a.item_key, b.item_key) AS item_key,
      b.due_at AS due_before, a.due_at, coalesce(a.role, b.role) AS role,
      coalesce(a.client_id, b.client_id) AS client_id, coalesce(a.system_id, b.system_id) AS system_id
    FROM (SELECT * FROM {after} WHERE outcome <> 'pending') AS a
    FULL JOIN (SELECT * FROM {before} WHERE outcome <> 'pending') AS b
      ON a.item_table = b.item_table AND a.item_key = b.item_key
"""


class WhatIf:
    """What other rules would find in the same data, beside what the rules in force find.

    It is no result: it is kept nowhere, and no report takes it.

    >>> wb = audit.open()
    >>> imagined = wb.what_if({"retention_rules.*.period": "P12M"}, only=["retention"])
    >>> row = imagined.table[0]
    >>> row["violation"] - row["violation_before"] == row["appeared"] - row["disappeared"]
    True

    Attributes:
        changes: what is set to what.
        table: a row a check: rates and violations before and after, and how many findings appeared, disappeared,
            changed their outcome or reason, or stayed.
        findings: those that did not stay; ``what`` says how.
    """

    def __init__(self, bench: Bench, changes: Mapping[str, Any], rows: list[list[Any]], findings: Frame) -> None:
        self._bench, self.changes, self._rows, self.findings = bench, dict(changes), rows, findings

    @cached_property
    def table(self) -> Frame:
        """The checks held side by side."""
        words, con = self._bench.words, self._bench.workbench.con
        kinds = {"rate_before": "percent", "rate": "percent"}
        note = words.say("analyst.whatif.note")
        return of_rows(
            con, _COUNTS, self._rows, words, title=self._title, note=note, shown=len(self._rows), kinds=kinds
        )

    @property
    def appeared(self) -> Frame:
        """Findings that only the other rules make."""
        return self.findings.where(what="appeared")

    @property
    def disappeared(self) -> Frame:
        """Findings that only the rules in force make."""
        return self.findings.where(what="disappeared")

    def __getitem__(self, check: str) -> Frame:
        """The findings of one check that did not stay.

        Raises:
            UsageError: no check that was held side by side.
        """
        held = self._ipython_key_completions_()
        if check not in held:
            raise UsageError("not held side by side", column=check, expected=nearest(check, held))
        return self.findings.where(check=check)

    def _ipython_key_completions_(self) -> list[str]:
        return [row[0] for row in self._rows]

    def chart(self) -> Any:
        """Violations of each check before and after."""
        from audit.charts.beside import beside  # late: it is slow to import

        return beside(list(self.table), self._title, self._bench.words)

    @property
    def _title(self) -> str:
        told = ", ".join(f"{name} = {value}" for name, value in self.changes.items())
        return self._bench.words.say("analyst.whatif.title", changes=told)

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return f'<div style="border-left:3px dashed;padding-left:1em">{self.table._repr_html_()}</div>'


def what_if(bench: Bench, changes: Mapping[str, Any], only: Iterable[str] | None) -> WhatIf:
    """Judge again under other rules, on a connection of its own that keeps nothing.

    Raises:
        UsageError: nothing that can be changed so, a value that is none, or no such check.
    """
    workbench = bench.workbench
    found = read_changes(changes, workbench.policy, workbench.law)
    checks = _touched(bench, found) if only is None else [workbench.catalog[bench[name].name] for name in only]
    before = {c.name: result for c in checks if (result := workbench[c.name]).evaluated}
    rows, selects = [], []
    with ExitStack() as stack:
        # Within the workbench's own folder, so that its connection can read what this one writes.
        desk = Path(stack.enter_context(TemporaryDirectory(prefix="what-if-", dir=workbench.desk)))
        con = stack.enter_context(opened(workbench.snapshot, workbench.law, found.policy, desk))
        imagine(con, found)
        is_grouped = False
        for check in (c for c in checks if c.name in before):
            judged = judge(con, check, workbench.asked, are_grouped=is_grouped)
            is_grouped |= "core.event_groups" in check.reads
            after = _written(con, judged.relation, desk / f"{check.name}.parquet")
            held = _HELD.format(after=after, before=workbench.judged(check.name))
            counts = dict(workbench.con.execute(f"SELECT what, count(*) FROM ({held}) GROUP BY what").fetchall())
            was = before[check.name]
            violation = sum(c.n for c in judged.counts if c.outcome == "violation")
            flows = [counts.get(state, 0) for state in (*STATES, "unchanged")]
            rows.append([check.name, was.rate, _rate(judged.counts), was.violation, violation, *flows])
            selects.append(f"SELECT * FROM ({held}) WHERE what <> 'unchanged'")
        if not selects:
            raise UsageError("no check reads what would change", column=next(iter(changes)), expected="another rule")
        whole = f'{" UNION ALL ".join(selects)} ORDER BY "check", what, item_table, item_key'
        findings = Frame(workbench.con.sql(whole).materialize(), bench.words, kinds={"outcome": "status"})
    return WhatIf(bench, changes, rows, findings)


def _touched(bench: Bench, changes: Changes) -> list[Check]:
    """The checks that read a table whose rows would be other ones; each declares all that it reads."""
    workbench = bench.workbench
    now, then = ({**p.tables(), **workbench.law.tables(p)} for p in (workbench.policy, changes.policy))
    tables = {name for name in now if now[name] != then[name]} | {f"core.{name}" for name in changes.tables}
    return [check for check in workbench.catalog.values() if tables.intersection(check.reads)]


def _written(con: Connection, relation: str, path: Path) -> str:
    """What was judged, in a file that another connection can read; for FROM."""
    con.execute(f"COPY (FROM {relation}) TO '{quoted(path)}' (FORMAT parquet)")
    return f"read_parquet('{quoted(path)}')"


def _rate(counts: Iterable[Count]) -> float | None:
    n = dict.fromkeys(("compliant", "violation", "waived"), 0)
    for count in counts:
        if count.outcome in n:
            n[count.outcome] += count.n
    return rate(**n)
