"""A period beside another one: what is new, still open, resolved and past."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from audit.catalog import Check
from audit.comparison import CheckChange, Comparison, Flow, Restatement, StillOpen
from audit.errors import UsageError
from audit.judge import iso
from audit.period import Period, parse_instant
from audit.register import last_reported
from audit.restating import Opened, restate
from audit.results import CheckResult
from audit.snapshot import ident, literal, quoted
from audit.store import Connection, sql_file

# Rows of these happen once, within one period: an event cannot stay open, and another period judges other ones.
OF_ONE_PERIOD = ("processing_events", "cookie_events", "consents")
_OLDEST = 5
_KEYS = ("check", "outcome", "reason", "finding_id", "item_table", "item_key")


Open = Callable[[Period, datetime], AbstractContextManager[Opened]]


def compare(opened: Opened, period: Period, open_at: Open) -> Comparison:
    """Hold an open workbench's period against another one.

    Both are computed from the same data and rules, the other as of its end or of the workbench's own moment if that is
    earlier. Where a report of it is kept, that one is restated beside.

    Args:
        opened: the workbench.
        period: the other period.
        open_at: opens another workbench on the same state, rules and scope, for a period as of an instant.

    Raises:
        UsageError: nothing of the other period had happened by the workbench's moment.
        CheckError: a check that could not run.
        AuditError: the record of a run was changed.
    """
    as_of = min(period.end, opened.asked.as_of)
    if as_of <= period.start:
        raise UsageError("nothing of that period had happened by then", column="with", expected="an earlier period")
    with open_at(period, as_of) as other:
        before = other.check_all()
        restated = _restated(other, open_at)
        kept = _slim(other, opened.desk / "before.parquet")
    now = opened.check_all()
    kept_now = _slim(opened, opened.desk / "now.parquet")
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


def _restated(other: Opened, open_at: Open) -> Restatement | None:
    """The last report of the other period, computed again as of its own date."""
    asked = other.asked
    run = last_reported(other.snapshot.folder, asked.period, client=asked.client_id, role=asked.role)
    if run is None:
        return None
    as_of = parse_instant(run.as_of, asked.period.zone)
    if as_of == asked.as_of:
        return restate(other, run)
    with open_at(asked.period, as_of) as then:
        return restate(then, run)


def _persists(result: CheckResult) -> bool:
    return result.unit not in OF_ONE_PERIOD


def _slim(opened: Opened, target: Path) -> Path:
    """What a run found of items that can stand in two periods, in a file that the other connection can read."""
    names = [n for n, c in opened.catalog.items() if c.unit not in OF_ONE_PERIOD]
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
    con.execute('CREATE OR REPLACE TEMP TABLE again ("check" VARCHAR, item_table VARCHAR, item_key VARCHAR)')
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
            SELECT j.* FROM (SELECT {literal(check.name)}, {table} AS item_table, item FROM ({sql})
              WHERE outcome = 'compliant' AND {opened.asked.scope}) AS j
            SEMI JOIN temp.before AS b
            ON b."check" = {literal(check.name)} AND b.item_table = j.item_table AND b.item_key = j.item
        """)


def flows_of(con: Connection) -> Mapping[str, list[Flow]]:
    """What became of each finding, by check; from temp.now, temp.before and temp.again."""
    found: dict[str, list[Flow]] = {}
    for check, *rest in con.execute(sql_file("compare/flows")).fetchall():
        found.setdefault(check, []).append(Flow(*rest))
    return found


def _still_open(con: Connection) -> Mapping[str, list[StillOpen]]:
    """Of each check the items found in both periods that are open the longest."""
    found: dict[str, list[StillOpen]] = {}
    rows = con.execute(f"""
        SELECT "check", item_key, outcome, reason, since FROM (
          SELECT n.*, row_number() OVER (PARTITION BY n."check" ORDER BY n.since, n.item_table, n.item_key) AS place
          FROM temp.now AS n SEMI JOIN (SELECT * FROM temp.before WHERE outcome <> 'pending') AS b
          ON n."check" = b."check" AND n.item_table = b.item_table AND n.item_key = b.item_key
          WHERE n.outcome <> 'pending'
        ) WHERE place <= {_OLDEST} ORDER BY "check", place
    """).fetchall()
    for check, *rest in rows:
        found.setdefault(check, []).append(StillOpen(*rest))
    return found
