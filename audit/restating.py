"""A reported run, computed again as of its own date: what moved since, and why as far as the rows tell.

A finding moved by data where its item's row, or a row of its evidence, was loaded or replaced since; else by what
changed among the check, the law, the policy and the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from audit.asked import Asked, instant_literal
from audit.catalog import Check
from audit.comparison import Arrival, Moved, RestatedCheck, Restatement
from audit.contract import Contract, load_contracts
from audit.manifest import judged_by
from audit.register import Run
from audit.results import CheckResult, Results
from audit.snapshot import Snapshot, ident, literal, quoted
from audit.store import Connection, sql_file

Rules = tuple[tuple[str, str], ...]


class Opened(Protocol):
    """An open workbench, as far as comparing needs it."""

    asked: Asked
    snapshot: Snapshot
    con: Connection
    catalog: Mapping[str, Check]
    desk: Path

    @property
    def manifest(self) -> Mapping[str, Any]: ...

    def check_all(self, only: Iterable[str] | None = None) -> Results: ...

    def judged(self, check: str) -> str | None: ...


def restate(opened: Opened, run: Run, only: Iterable[str] | None = None) -> Restatement:
    """Hold what a run reported against the same question asked today.

    Args:
        opened: a workbench for the run's period, moment and scope.
        run: what was reported.
        only: these checks; all where not given.

    Raises:
        CheckError: a check that could not run.
    """
    con, asked, snapshot, rules = opened.con, opened.asked, opened.snapshot, _rules(opened.manifest, run)
    told = partial(Restatement, run.id, run.kind, run.period, run.as_of)
    if run.content == snapshot.content and not rules:
        return told((), (), ())
    today = opened.check_all(only)
    found = {
        name: (run.findings(snapshot.folder, name), opened.judged(name)) for name in today.checks if name in run.checks
    }
    others = [name for name, sides in found.items() if _differs(con, today[name], run, sides)]
    if not others:
        return told((), rules, ())
    arrivals = _gather_newer(con, asked, snapshot, run)
    checks = []
    for name in others:
        reported, (old, new) = run.counts(name), found[name]
        before = replace(today[name], counts=reported or (), evaluated=reported is not None)
        moved = _moved(con, opened.catalog[name], asked, (old, new), rules) if old and new else ()
        checks.append(RestatedCheck(today[name], before, moved))
    return told(arrivals, rules, tuple(checks))


def _differs(con: Connection, now: CheckResult, run: Run, sides: tuple[str | None, str | None]) -> bool:
    """Whether a check counts or finds otherwise than the run reported."""
    reported, (old, new) = run.counts(now.check), sides
    if (reported is not None, reported or ()) != (now.evaluated, now.counts):
        return True
    if old is None or new is None:
        return False
    then, today = (f"SELECT finding_id, outcome FROM {side} WHERE outcome <> 'pending'" for side in (old, new))
    other = f"(({then}) EXCEPT ({today})) UNION ALL (({today}) EXCEPT ({then}))"
    return bool(con.execute(f"SELECT count(*) FROM ({other})").fetchall()[0][0])


def _rules(manifest: Mapping[str, Any], run: Run) -> Rules:
    """What changed beside the data, each by its kind and name."""
    was = run.manifest
    changed = [("check", n) for n in run.checks if manifest["checks"].get(n) != was["checks"].get(n)]
    for kind in ("law", "policy"):
        names = sorted({*manifest[kind], *was[kind]})
        changed += [(kind, n) for n in names if manifest[kind].get(n) != was[kind].get(n)]
    now = (manifest["package"], manifest["sql"], judged_by())
    return (*changed, *[("program", manifest["package"])] * (now != (was["package"], was["sql"], run.judged_by)))


def _gather_newer(con: Connection, asked: Asked, snapshot: Snapshot, run: Run) -> tuple[Arrival, ...]:
    """Note the files loaded since and the rows they replaced; gives what arrived too late for the run, by table."""
    newer = [(f["source_id"], f["path"]) for f in snapshot.files if f["load"] > run.snapshot]
    con.execute("CREATE OR REPLACE TEMP TABLE newer (source_id INTEGER, path VARCHAR)")
    if newer:
        ids, paths = map(list, zip(*newer, strict=True))
        con.execute("INSERT INTO newer SELECT unnest(?), unnest(?)", [ids, paths])
    con.execute("""
        CREATE OR REPLACE TEMP TABLE corrected (item_table VARCHAR, old_id INTEGER, old_row BIGINT, source_id INTEGER,
          source_row BIGINT)
    """)
    arrivals = []
    for contract in load_contracts().values():
        corrections = any(r["table"] == contract.table and r["load"] > run.snapshot for r in snapshot.replaced)
        if corrections:
            _gather_replaced(con, snapshot, contract, run)
        if corrections or any(f["table"] == contract.table and f["load"] > run.snapshot for f in snapshot.files):
            arrivals.append(_arrival(con, asked, contract))
    return tuple(a for a in arrivals if a.rows or a.replaced)


def _gather_replaced(con: Connection, snapshot: Snapshot, contract: Contract, run: Run) -> None:
    """The rows that the run saw and that corrections replaced since, each with the position of what took its place."""
    reported = {f["part"] for f in snapshot.files if f["table"] == contract.table and f["load"] <= run.snapshot}
    columns = ", ".join(f"p.{ident(c)}" for c in contract.core_columns)
    without = (
        f"SELECT {columns}, p.source_id, p.file_row_number AS source_row"
        f" FROM read_parquet('{quoted(snapshot.folder / part['path'])}', file_row_number = true) AS p"
        f" SEMI JOIN read_parquet('{quoted(snapshot.folder / part['excluded'])}') AS x"
        " ON x.source_row = p.file_row_number"
        for part in snapshot.table_parts(contract.table)
        if part["path"] in reported and part.get("excluded")
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE replaced_{contract.table} AS {' UNION ALL '.join(without)}")
    same = " AND ".join(f"n.{ident(c)} = o.{ident(c)}" for c in contract.identity)
    con.execute(f"""
        INSERT INTO corrected
        SELECT {literal(contract.table)}, o.source_id, o.source_row, n.source_id, n.source_row
        FROM temp.replaced_{contract.table} AS o JOIN core.{contract.table} AS n ON {same}
        SEMI JOIN temp.newer AS w ON w.source_id = n.source_id
    """)


def _arrival(con: Connection, asked: Asked, contract: Contract) -> Arrival:
    """How many of a table's rows were loaded since and tell of what had happened by the run's moment."""
    of_client = any(c.name == "client_id" for c in contract.columns)
    if asked.client_id is not None and not of_client:
        return Arrival(contract.table, 0, 0)  # a client is told of its own rows
    client = f" AND c.client_id = {literal(asked.client_id)}" if asked.client_id is not None else ""
    by_then = _by_then(contract, asked, "c")
    counted = con.execute(f"""
        SELECT count(*) FILTER (x.source_id IS NULL), count(x.source_id) FROM core.{contract.table} AS c
        SEMI JOIN temp.newer AS w ON w.source_id = c.source_id
        LEFT JOIN (SELECT DISTINCT source_id, source_row FROM temp.corrected WHERE item_table = '{contract.table}') AS x
          ON x.source_id = c.source_id AND x.source_row = c.source_row
        WHERE {by_then}{client}
    """).fetchall()
    return Arrival(contract.table, *counted[0])


def _by_then(contract: Contract, asked: Asked, alias: str) -> str:
    """The condition that a row tells of what had happened by the run's moment; a register's rows bear no date."""
    return f"{alias}.{ident(contract.instant)} < {instant_literal(asked.as_of)}" if contract.instant else "true"


def _moved(con: Connection, check: Check, asked: Asked, sides: tuple[str, str], rules: Rules) -> tuple[Moved, ...]:
    """The findings of a check that came, went or changed, by cause; ``sides``: what was found then, and today."""
    then, today = (f"(SELECT * FROM {side} WHERE outcome <> 'pending')" for side in sides)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE moved_now AS SELECT n.*, o.outcome AS outcome_then
        FROM {today} AS n LEFT JOIN {then} AS o ON o.finding_id = n.finding_id
        WHERE o.outcome IS DISTINCT FROM n.outcome
    """)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE moved_then AS
        SELECT o.* FROM {then} AS o ANTI JOIN {today} AS n ON n.finding_id = o.finding_id
    """)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE causes (finding_id VARCHAR, rank INTEGER, cause VARCHAR, item_table VARCHAR,"
        " source_id INTEGER)"
    )
    con.execute(sql_file("compare/item_causes"))
    for evidence in check.evidence:
        contract = load_contracts().get(evidence.table.removeprefix("core."))
        if evidence.table.startswith("core.") and contract:
            _evidence_causes(con, contract, asked, evidence.where)
    otherwise = _otherwise(check, rules, con)
    found = con.execute(sql_file("compare/moved"), {"otherwise": otherwise}).fetchall()
    return tuple(Moved(*row) for row in found)


def _evidence_causes(con: Connection, contract: Contract, asked: Asked, where: str) -> None:
    """Rows of the evidence that were loaded since, or replaced."""
    table = contract.table
    fresh = f"""
        SELECT c.*, x.source_id IS NOT NULL AS is_correction FROM core.{table} AS c
        SEMI JOIN temp.newer AS w ON w.source_id = c.source_id
        LEFT JOIN (SELECT DISTINCT source_id, source_row FROM temp.corrected WHERE item_table = '{table}') AS x
          ON x.source_id = c.source_id AND x.source_row = c.source_row
        WHERE {_by_then(contract, asked, "c")}"""
    for moved in ("moved_now", "moved_then"):
        con.execute(f"""
            INSERT INTO causes
            SELECT DISTINCT f.finding_id, 2, CASE WHEN t.is_correction THEN 'replaced_row' ELSE 'late_row' END,
              '{table}', t.source_id
            FROM ({fresh}) AS t, temp.{moved} AS f WHERE {where}
        """)


def _otherwise(check: Check, rules: Rules, con: Connection) -> str:
    """What moved a finding that no row loaded since explains."""
    changed = {kind for kind, _ in rules}
    if ("check", check.name) in rules:
        return "check"
    reads = {table.split(".")[0] for table in check.reads}
    for kind, schema in (("law", "law"), ("policy", "house")):
        if kind in changed and schema in reads:
            return kind
    if "program" in changed:
        return "program"
    return "other_rows" if con.execute("SELECT count(*) FROM temp.newer").fetchall()[0][0] else "unknown"
