"""A period beside another one: what is new, still open, resolved and past."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from audit.catalog import Check
from audit.comparison import CheckChange, Comparison, Flow, Restatement, StillOpen
from audit.errors import UsageError
from audit.judge import iso
from audit.period import Period, parse_instant
from audit.register import last_reported
from audit.restating import Opened, restate
from audit.results import CheckResult, Finding, Results
from audit.snapshot import ident, literal, quoted
from audit.store import Connection, sql_file

# Rows of these happen once, within one period: an event cannot stay open, and another period judges other ones.
OF_ONE_PERIOD = ("processing_events", "cookie_events", "consents")
_OLDEST = 5
_KEYS = ("check", "outcome", "reason", "finding_id", "client_id", "item_table", "item_key")


Open = Callable[[Period, datetime], AbstractContextManager[Opened]]
Bench = TypeVar("Bench", bound=Opened)


class Past(Generic[Bench]):
    """Other periods of an open workbench, each opened and compared once.

    Args:
        opened: the workbench.
        stack: closes with it.
        open_at: as compare takes it.
    """

    def __init__(
        self, opened: Bench, stack: ExitStack, open_at: Callable[[Period, datetime], AbstractContextManager[Bench]]
    ) -> None:
        self._opened, self._stack, self._open_at = opened, stack, open_at
        self._compared: tuple[tuple[str, tuple[str, ...]], Comparison] | None = None
        self._others: dict[tuple[str, datetime], tuple[Bench, Results]] = {}

    def compare(self, period: Period, only: Iterable[str] | None = None) -> Comparison:
        """As compare; what was compared last is kept, with its items in the workbench's connection."""
        key = (period.label, tuple(self._opened.catalog if only is None else only))
        if self._compared is None or self._compared[0] != key:
            self._compared = key, compare(self._opened, period, self._open_at, key[1])
        return self._compared[1]

    def open(self, period: Period, as_of: datetime) -> tuple[Bench, Results]:
        """Another period as of an instant and what its checks found; open as long as the workbench."""
        key = (period.label, as_of)
        if key not in self._others:
            other = self._stack.enter_context(self._open_at(period, as_of))
            self._others[key] = other, other.check_all()
        return self._others[key]


def compare(opened: Opened, period: Period, open_at: Open, only: Iterable[str] | None = None) -> Comparison:
    """Hold an open workbench's period against another one.

    Both are computed from the same data and rules, the other as of its end or of the workbench's own moment if that is
    earlier. Where a report of it is kept, that one is restated beside.

    Args:
        opened: the workbench.
        period: the other period.
        open_at: opens another workbench on the same state, rules and scope, for a period as of an instant.
        only: the checks to compare; all where not given.

    Raises:
        UsageError: nothing of the other period had happened by the workbench's moment.
        CheckError: a check that could not run.
        AuditError: the record of a run was changed.
    """
    as_of = min(period.end, opened.asked.as_of)
    if as_of <= period.start:
        raise UsageError("nothing of that period had happened by then", column="with", expected="an earlier period")
    wanted = list(opened.catalog if only is None else only)
    with open_at(period, as_of) as other:
        before = other.check_all(wanted)
        restated = _restated(other, open_at, wanted)
        kept = _slim(other, wanted, opened.desk / "before.parquet")
    now = opened.check_all(wanted)
    kept_now = _slim(opened, wanted, opened.desk / "now.parquet")
    both = [n for n in now.checks if n in before.checks and now[n].evaluated and before[n].evaluated]
    for name, path in (("now", kept_now), ("before", kept)):
        opened.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM read_parquet('{quoted(path)}')")
    _judge_again(opened, [opened.catalog[n] for n in both])
    flows, oldest = flows_of(opened.con), _still_open(opened.con)
    checks = {
        n: CheckChange(now[n], before[n], _persists(now[n]), tuple(flows.get(n, ())), tuple(oldest.get(n, ())))
        for n in both
    }
    return Comparison(now, before, checks, restated)


def narrowed(whole: Comparison, con: Connection, client: str, restated: Restatement | None) -> Comparison:
    """One client's comparison from that of all clients: the same as one for it alone gives.

    Args:
        whole: what compare gave for all.
        con: the connection of that workbench, with the items that were compared last.
        client: its id.
        restated: its own last report of the other period, held against today.
    """
    now, before = (_of_client(results, client) for results in (whole.now, whole.before))
    flows, oldest = flows_of(con, client), _still_open(con, client)
    checks = {
        n: CheckChange(now[n], before[n], c.persists, tuple(flows.get(n, ())), tuple(oldest.get(n, ())))
        for n, c in whole.checks.items()
    }
    return Comparison(now, before, checks, restated and _without_findings(restated))


def _without_findings(restated: Restatement) -> Restatement:
    """The same without a connection, for another process."""
    parts = [
        replace(c, now=replace(c.now, _read=_unlisted), before=replace(c.before, _read=_unlisted))
        for c in restated.checks
    ]
    return replace(restated, checks=tuple(parts))


def _of_client(results: Results, client: str) -> Results:
    """The counts of one client; what else the results hold is of all."""
    counted = {
        n: replace(c, counts=tuple(k for k in c.counts if k.client_id == client), extras={}, _read=_unlisted)
        for n, c in results.checks.items()
    }
    return replace(results, client_id=client, checks=counted)


def _unlisted(**_which: object) -> list[Finding]:
    """A comparison lists no findings."""
    return []


def _restated(other: Opened, open_at: Open, wanted: list[str]) -> Restatement | None:
    """The last report of the other period, computed again as of its own date."""
    asked = other.asked
    run = last_reported(other.snapshot.folder, asked.period, client=asked.client_id, role=asked.role)
    if run is None:
        return None
    as_of = parse_instant(run.as_of, asked.period.zone)
    if as_of == asked.as_of:
        return restate(other, run, wanted)
    with open_at(asked.period, as_of) as then:
        return restate(then, run, wanted)


def _persists(result: CheckResult) -> bool:
    return result.unit not in OF_ONE_PERIOD


def _slim(opened: Opened, wanted: list[str], target: Path) -> Path:
    """What a run found of items that can stand in two periods, in a file that the other connection can read."""
    names = [n for n in wanted if opened.catalog[n].unit not in OF_ONE_PERIOD]
    relations = [relation for n in names if (relation := opened.judged(n))]
    columns = ", ".join(map(ident, _KEYS))
    select = f"SELECT {columns}, coalesce(due_at, {iso('occurred_at')}) AS since FROM"
    whole = " UNION ALL ".join(f"{select} {relation}" for relation in relations) or _nothing()
    draft = opened.desk / f"slim-{target.name}"
    opened.con.execute(f"COPY ({whole}) TO '{quoted(draft)}' (FORMAT parquet)")
    shutil.move(draft, target)
    return target


def _nothing() -> str:
    columns = ", ".join(f"CAST(NULL AS VARCHAR) AS {ident(c)}" for c in (*_KEYS, "since"))
    return f"SELECT {columns} WHERE false"


def _judge_again(opened: Opened, checks: list[Check]) -> None:
    """Note the items found before that the later period judged compliant: those are counted, not kept, by a run."""
    con = opened.con
    columns = '"check" VARCHAR, client_id VARCHAR, item_table VARCHAR, item_key VARCHAR'
    con.execute(f"CREATE OR REPLACE TEMP TABLE again ({columns})")
    lost = con.execute("""
        SELECT DISTINCT b."check" FROM temp.before AS b
        ANTI JOIN temp.now AS n ON n."check" = b."check" AND n.item_table = b.item_table AND n.item_key = b.item_key
    """).fetchall()
    for check in (c for c in checks if (c.name,) in lost):
        sql = opened.asked.within(check.sql)
        has_table = "item_table" in con.sql(f"SELECT * FROM ({sql}) LIMIT 0").columns
        table = f"coalesce(item_table, {literal(check.unit)})" if has_table else literal(check.unit)
        con.execute(f"""
            INSERT INTO again
            SELECT j.* FROM (SELECT {literal(check.name)}, client_id, {table} AS item_table, item FROM ({sql})
              WHERE outcome = 'compliant' AND {opened.asked.scope}) AS j
            SEMI JOIN temp.before AS b
            ON b."check" = {literal(check.name)} AND b.item_table = j.item_table AND b.item_key = j.item
        """)


def flows_of(con: Connection, client: str | None = None) -> Mapping[str, list[Flow]]:
    """What became of each finding, or of each of a client, by check; from temp.now, temp.before and temp.again."""
    found: dict[str, list[Flow]] = {}
    for check, *rest in con.execute(sql_file("compare/flows"), {"client": client}).fetchall():
        found.setdefault(check, []).append(Flow(*rest))
    return found


def _still_open(con: Connection, client: str | None = None) -> Mapping[str, list[StillOpen]]:
    """Of each check the items found in both periods that are open the longest."""
    found: dict[str, list[StillOpen]] = {}
    of_client = "true" if client is None else f"client_id = {literal(client)}"
    rows = con.execute(f"""
        SELECT "check", item_key, outcome, reason, since FROM (
          SELECT n.*, row_number() OVER (PARTITION BY n."check" ORDER BY n.since, n.item_table, n.item_key) AS place
          FROM temp.now AS n SEMI JOIN (SELECT * FROM temp.before WHERE outcome <> 'pending' AND {of_client}) AS b
          ON n."check" = b."check" AND n.item_table = b.item_table AND n.item_key = b.item_key
          WHERE n.outcome <> 'pending' AND {of_client}
        ) WHERE place <= {_OLDEST} ORDER BY "check", place
    """).fetchall()
    for check, *rest in rows:
        found.setdefault(check, []).append(StillOpen(*rest))
    return found
