"""One check, run over a period: its SQL with the parameters in place, what is not compliant kept, the rest counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from audit.asked import Asked
from audit.catalog import Check
from audit.errors import CheckError
from audit.results import Count
from audit.snapshot import ident
from audit.store import Connection, DatabaseError, sql_file

DIMENSIONS = ("role", "client_id", "system_id", "purpose", "kind", "month")
_OPTIONAL = {"item_table": "VARCHAR", "system_id": "VARCHAR", "purpose": "VARCHAR", "kind": "VARCHAR",
             "unit": "VARCHAR", "detail": "VARCHAR"}  # fmt: skip
_INSTANT = "%Y-%m-%dT%H:%M:%S.%f%z"


@dataclass(frozen=True)
class Judged:
    """What a check found: the relation of what is not compliant (for FROM), the counts, and its further tables."""

    relation: str
    counts: tuple[Count, ...]
    extras: dict[str, list[dict[str, Any]]]


def judge(con: Connection, check: Check, asked: Asked, *, are_grouped: bool = False) -> Judged:
    """Run a check.

    What is not compliant is kept as a table with the findings' columns and the dimensions; what is compliant is only
    counted. Waivers in force make violations ``waived``. ``are_grouped`` says that ``core.event_groups``, which the
    checks of events share, is there already for what is asked.

    Raises:
        CheckError: its SQL does not run.
    """
    table = f"temp.judged_{check.name}"
    try:
        if "core.event_groups" in check.reads and not are_grouped:
            group_events(con, asked)
        sql = asked.within(check.sql)
        if check.suspects_sql is not None:
            _gather_suspects(con, check.unit, asked.within(check.suspects_sql))
            sql = _of_suspects(check, sql)
        columns = _columns(con, check, sql)
        if _is_folded(check):
            con.execute(f"CREATE OR REPLACE TEMP TABLE folded AS {_folded(asked, sql, columns)}")
            sql = "SELECT * FROM temp.folded"
        con.execute(f"CREATE OR REPLACE TEMP TABLE judged_{check.name} AS {_kept(check, asked, sql, columns)}")
        if con.execute('SELECT 1 FROM core.waivers WHERE "check" = ? LIMIT 1', [check.name]).fetchall():
            _waive(con, asked, table)
        counts = _counts(con, check, asked, table)
        return Judged(table, counts, {name: rows(con, asked.within(extra)) for name, extra in check.extras.items()})
    except DatabaseError as e:
        raise CheckError(
            f"the check {check.name} could not run: {str(e).splitlines()[0]}", file=f"{check.name}/check.sql"
        ) from e


_known_columns: dict[str, dict[str, str]] = {}


def _columns(con: Connection, check: Check, sql: str) -> dict[str, str]:
    """The columns of a check's rows with their types.

    They follow from its SQL and the contracts, so that a process asks once: of few rows, to plan is half the work.
    """
    if check.sql not in _known_columns:
        _known_columns[check.sql] = dict(row[:2] for row in con.execute(f"DESCRIBE {sql}").fetchall())
    return _known_columns[check.sql]


def group_events(con: Connection, asked: Asked) -> None:
    """Make ``core.event_groups``: the events of the period as of then, counted by kind."""
    con.execute(f"CREATE OR REPLACE TABLE core.event_groups AS {asked.within(sql_file('derived/event_groups'))}")


def _gather_suspects(con: Connection, unit: str, sql: str) -> None:
    """Keep the rows that need a closer look: those that a check names, whole or by position, or events by group."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE suspect_rows AS {sql}")
    names = [d[0] for d in con.execute("FROM temp.suspect_rows LIMIT 0").description or []]
    if names == ["source_id", "source_row"]:
        con.execute("CREATE OR REPLACE TEMP TABLE suspect_positions AS FROM temp.suspect_rows")
        _fetch_suspects(con, unit)
    elif "source_row" not in names:
        _find_groups(con, [c for c in names if c not in ("first_at", "last_at")])
        _fetch_suspects(con, unit)


def _find_groups(con: Connection, common: Sequence[str]) -> None:
    """Where the events of the suspect groups are.

    They are found in the log as it stands: what a group has in common is never the person.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE suspect_groups AS FROM temp.suspect_rows")
    same = "".join(f"s.{c} IS NOT DISTINCT FROM e.{c} AND " for c in common)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE suspect_positions AS
        SELECT DISTINCT e.source_id, e.source_row FROM core.processing_events_as_logged AS e
        SEMI JOIN temp.suspect_groups AS s ON {same} s.first_at <= e.occurred_at AND e.occurred_at <= s.last_at
    """)


def _fetch_suspects(con: Connection, unit: str) -> None:
    """Fetch the rows at the suspect positions.

    By their row first, whatever their source: over one whole number the engine passes by what it need not read, over
    two it reads everything.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE suspect_rows AS
        SELECT e.*
        FROM (
          SELECT e.* FROM core.{unit} AS e SEMI JOIN temp.suspect_positions AS p ON p.source_row = e.source_row
        ) AS e
        SEMI JOIN temp.suspect_positions AS p ON p.source_id = e.source_id AND p.source_row = e.source_row
    """)


def _of_suspects(check: Check, sql: str) -> str:
    """A statement of a check over its suspects alone."""
    return re.sub(rf"\bcore\.{check.unit}\b", "temp.suspect_rows", sql)


def _is_folded(check: Check) -> bool:
    """Whether what is compliant is counted by its reasons too, or nothing else counts it."""
    return check.population_sql is None or "compliant" in check.reasons


def rows(con: Connection, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """A small result as dictionaries, dates and instants as ISO text; ``values`` stand for $1, $2 and so on."""
    relation = con.sql(sql, params=list(values)) if values else con.sql(sql)
    columns = [(n, str(t) == "TIMESTAMP WITH TIME ZONE") for n, t in zip(relation.columns, relation.types, strict=True)]
    # The engine writes instants: a local time of the year 10000, as that of an end that never comes, is none to Python.
    written = ", ".join(f"strftime({ident(n)}, '{_INSTANT}') AS {ident(n)}" if at else ident(n) for n, at in columns)
    found = con.execute(f"SELECT {written} FROM ({sql}\n)", list(values)).fetchall()  # half the cost of a projection
    return [{n: _plain(v, is_instant=at) for (n, at), v in zip(columns, row, strict=True)} for row in found]


def _plain(value: Any, *, is_instant: bool) -> Any:
    """A date or an instant as ISO text, an instant as ``iso`` writes it; any other value as it is."""
    if value is None or not is_instant:
        return value.isoformat() if isinstance(value, date) else value
    text = value.replace(".000000", "")
    return f"{text}:00" if text[-3] in "+-" else text


def _folded(asked: Asked, sql: str, columns: Mapping[str, str]) -> str:
    """The SELECT that asks a check once: what is compliant folded into counts, each other item a row of its own."""
    whole = [c for c in ("outcome", "reason", *DIMENSIONS) if c in columns]
    missing = "".join(f", CAST(NULL AS VARCHAR) AS {c}" for c in DIMENSIONS if c not in columns and c != "month")
    single = ", ".join(
        f"CASE WHEN outcome <> 'compliant' THEN {ident(c)} END AS {ident(c)}" for c in columns if c not in whole
    )
    return f"""
        SELECT {", ".join(whole)}{missing}, {asked.month()} AS month, {single}, count(*) AS n
        FROM ({sql}) WHERE {asked.scope} GROUP BY ALL
    """


def _kept(check: Check, asked: Asked, sql: str, columns: Mapping[str, str]) -> str:
    """The SELECT of the items that are not compliant, with finding ids."""
    optional = ", ".join(n if n in columns else f"CAST(NULL AS {t}) AS {n}" for n, t in _OPTIONAL.items())
    others = [c for c in columns if c not in {*_FIXED, *_OPTIONAL}]
    own = "".join(f', "{c}"' for c in others)
    unit = f"coalesce(unit, nullif('{check.amount_unit}', ''))"
    due_at = "CAST(due_at AS VARCHAR)"
    if columns["due_at"] == "TIMESTAMP WITH TIME ZONE":  # of a limit in days, the end of its last
        due_at = f"CASE WHEN {unit} = 'days' THEN CAST(CAST(due_at AS DATE) AS VARCHAR) ELSE {iso('due_at')} END"
    return f"""
        SELECT '{check.name}' AS "check", outcome, reason,
          'F-' || left(sha256(concat_ws(chr(31), '{check.name}', item_table, item, reason)), 16) AS finding_id,
          role, client_id, subject_id, item_table, item, item AS item_key, occurred_at,
          {due_at} AS due_at, amount,
          CASE WHEN amount IS NOT NULL THEN {unit} END AS unit,
          source_id, source_row, detail, system_id, purpose, kind, {asked.month()} AS month,
          CAST(NULL AS VARCHAR) AS waiver_id, CAST(NULL AS VARCHAR) AS lapsed_waiver_id{own}
        FROM (SELECT * REPLACE (coalesce(item_table, '{check.unit}') AS item_table)
          FROM (SELECT {", ".join(_FIXED)}, {optional}{own} FROM ({sql})))
        WHERE outcome <> 'compliant' AND {asked.scope}
    """


_FIXED = ("item", "outcome", "reason", "role", "client_id", "subject_id", "occurred_at", "due_at", "amount",
          "source_id", "source_row")  # fmt: skip


def _waive(con: Connection, asked: Asked, table: str) -> None:
    """A violation covered by a waiver in force is waived: still counted, never hidden.

    One whose waiver has run out stays a violation, and names it.
    """
    for outcome, column, covering in (
        ("waived", "waiver_id", waivers_in_force(asked)),
        ("violation", "lapsed_waiver_id", waivers_run_out(asked)),
    ):
        con.execute(f"""
            UPDATE {table} AS f SET outcome = '{outcome}', {column} = w.waiver_id
            FROM (
              SELECT f.finding_id, min(w.waiver_id) AS waiver_id FROM {table} AS f JOIN core.waivers AS w ON {covering}
              WHERE f.outcome = 'violation' GROUP BY f.finding_id
            ) AS w
            WHERE f.finding_id = w.finding_id
        """)


_COVERS = """
    w."check" = f."check" AND coalesce(w.reason, f.reason) = f.reason
    AND coalesce(w.item_key, f.item_key) = f.item_key AND (w.client_id IS NULL OR w.client_id = f.client_id)
"""


def waivers_in_force(asked: Asked) -> str:
    """The condition under which the waiver w covers the violation f."""
    on = f"DATE '{asked.as_of_on}'"
    return f"{_COVERS} AND w.granted_on <= {on} AND {on} < w.expires_on"


def waivers_run_out(asked: Asked) -> str:
    """The condition under which the waiver w covered the violation f, and does so no more."""
    return f"{_COVERS} AND w.expires_on <= DATE '{asked.as_of_on}'"


def _counts(con: Connection, check: Check, asked: Asked, table: str) -> tuple[Count, ...]:
    """What was judged is counted; of the rest the population says that it is compliant, and why."""
    judged = _grouped(con, f"SELECT outcome, reason, {', '.join(DIMENSIONS)}, count(*) AS n FROM {table} GROUP BY ALL")
    counts = Counter(judged)
    if _is_folded(check):
        dims = ", ".join(DIMENSIONS)
        counts.update(_grouped(con, f"SELECT outcome, reason, {dims}, n FROM temp.folded WHERE outcome = 'compliant'"))
    if check.population_sql is not None:
        counts.update(_presumed(con, check, asked, check.population_sql))
        if _is_folded(check):
            counts.subtract(_presumed(con, check, asked, _of_suspects(check, check.population_sql)))
        else:
            for key, n in judged.items():
                counts["compliant", None, *key[2:]] -= n
    found = {k: n for k, n in counts.items() if n}
    ordered = sorted(found.items(), key=lambda kn: tuple((v is not None, v or "") for v in kn[0]))
    return tuple(Count(*key, n) for key, n in ordered)  # type: ignore[arg-type, call-arg]


def _presumed(con: Connection, check: Check, asked: Asked, population: str) -> Counter[tuple[str | None, ...]]:
    """What the population says, as if all of it were compliant."""
    reason = "reason" if _is_folded(check) else "NULL"
    return _grouped(
        con,
        f"SELECT 'compliant', {reason}, {', '.join(DIMENSIONS)}, CAST(sum(n) AS BIGINT) AS n"
        f" FROM ({asked.within(population)}) WHERE {asked.scope} GROUP BY ALL",
    )


def _grouped(con: Connection, sql: str) -> Counter[tuple[str | None, ...]]:
    return Counter({row[:-1]: row[-1] for row in con.execute(sql).fetchall()})


def iso(column: str) -> str:
    """A TIMESTAMPTZ as ISO 8601 text in the session's zone: parts of a second where there are any, offset as +02:00."""
    fraction = f"CASE WHEN date_part('microsecond', {column}) % 1000000 <> 0 THEN strftime({column}, '.%f') ELSE '' END"
    offset = f"strftime({column}, '%z')"  # which leaves the minutes of a whole hour's out
    minutes = f"CASE WHEN length({offset}) = 3 THEN ':00' ELSE '' END"
    return f"strftime({column}, '%Y-%m-%dT%H:%M:%S') || {fraction} || {offset} || {minutes}"
