"""Results as files: JSON for programs, and the findings as CSV, JSON Lines or Parquet."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audit.errors import AuditError, UsageError
from audit.evidence import LINE
from audit.hidden import spelled
from audit.judge import iso
from audit.results import FINDING_COLUMNS, OUTCOMES, CheckResult, Finding, Results
from audit.snapshot import ident, literal, quoted
from audit.spreadsheet import FORMULA
from audit.store import Connection

_FORMS = {"csv": "FORMAT csv, HEADER", "jsonl": "FORMAT json", "parquet": "FORMAT parquet"}
_ORDER = 'ORDER BY "check", outcome, item_table, item_key, reason'
_WORST_FIRST = (
    "ORDER BY CASE f.outcome WHEN 'violation' THEN 1 WHEN 'waived' THEN 2 ELSE 3 END,"
    " f.amount DESC NULLS LAST, f.item_table, f.item_key, f.reason"
)


def results_json(results: Results) -> dict[str, Any]:
    """The results as plain data, in the form that ``audit check --json`` prints; hidden counts as the text shown."""
    plain: dict[str, Any] = spelled(_results_json(results))
    return plain


def _results_json(results: Results) -> dict[str, Any]:
    return {
        "organisation": results.organisation,
        "period": results.period,
        "start": results.start.isoformat(),
        "end": results.end.isoformat(),
        "as_of": results.as_of.isoformat(),
        "client_id": results.client_id,
        "role": results.role,
        "rejected_rows": dict.fromkeys((f.table for f in results.files), 0) | results.rejected_rows,
        "coverage": [_iso(asdict(c)) for c in results.coverage],
        "waivers": [_iso(asdict(w)) for w in results.waivers],
        "checks": [_check_json(c) for c in results],
        "transparency": asdict(results.transparency) if results.transparency else None,
    }


def _check_json(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.check,
        "title": result.title,
        "evaluated": result.evaluated,
        "empty_tables": list(result.empty_tables),
        "population": result.population,
        **{outcome: getattr(result, outcome) for outcome in OUTCOMES},
        "rate": result.rate,
        "reasons": result.shown_reasons,
        "counts": result.cells(),
        "extras": result.extras,
    } | ({} if result.lists_items else {"released": True})


def _iso(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}


def write_findings(con: Connection, findings: str, desk: Path, path: Path) -> int:
    """Write findings to a file.

    Args:
        con: an open workbench's connection.
        findings: their SELECT, in the columns of the interface.
        desk: a folder the connection may write to.
        path: a ``.csv``, ``.jsonl`` or ``.parquet`` file; in CSV text that a spreadsheet would run is defused.

    Returns:
        How many findings were written.

    Raises:
        UsageError: another ending.
        AuditError: the file cannot be written.
    """
    form = path.suffix.lstrip(".")
    if form not in _FORMS:
        expected = "a file ending in .csv, .jsonl or .parquet"
        raise UsageError("no such form of findings", column="findings", expected=expected)
    columns = ", ".join(_defused(c) if form == "csv" else ident(c) for c in FINDING_COLUMNS)
    draft = desk / f"findings.{form}"
    select = f"SELECT {columns} FROM ({findings}) {_ORDER}"
    count = con.execute(f"COPY ({select}) TO '{quoted(draft)}' ({_FORMS[form]})").fetchall()[0][0]
    try:
        shutil.move(draft, path)
    except OSError as e:
        raise AuditError(f"cannot be written: {e.strerror}", file=path, fix="Choose another place.") from None
    return int(count)


def restricted(findings: str, results: Results, item_key: str | None) -> str:
    """A SELECT of findings, of released results without what could name a person, and of one item only where named."""
    is_released = not all(c.lists_items for c in results)
    columns = "* REPLACE (NULL AS subject_id, NULL AS detail)" if is_released else "*"
    return f"SELECT {columns} FROM ({findings}) WHERE {f'item_key = {literal(item_key)}' if item_key else 'true'}"


def findings_select(relation: str, *more: str, are_typed: bool = False) -> str:
    """The findings of judged items in the columns of the interface, file and line with them; ``more`` of their own.

    Where they ``are_typed``, an instant stays one.
    """
    columns = {"source_file": "f.path", "source_line": LINE}
    columns |= {} if are_typed else {"occurred_at": iso("p.occurred_at")}
    select = ", ".join(f"{columns.get(c, f'p.{ident(c)}')} AS {ident(c)}" for c in (*FINDING_COLUMNS, *more))
    return (
        f"SELECT {select} FROM {relation} AS p LEFT JOIN raw.files AS f ON f.source_id = p.source_id"
        " WHERE p.outcome IN ('violation', 'waived', 'undetermined')"
    )


def worst_first(relation: str, *more: str, where: str = "true", are_typed: bool = False) -> str:
    """Findings of judged items as findings_select has them: violations, then waived, then undetermined; by amount."""
    found = findings_select(relation, *more, are_typed=are_typed)
    return f"SELECT * FROM ({found}) AS f WHERE {where} {_WORST_FIRST}"


def read_findings(
    con: Connection,
    relation: str,
    *,
    limit: int | None = None,
    outcome: str | None = None,
    reason: str | None = None,
) -> list[Finding]:
    """Findings of judged items, the worst first: violations, then waived, then undetermined; by amount, then item."""
    wanted = [("outcome", outcome), ("reason", reason)]
    where = " AND ".join(f"{c} = '{v}'" for c, v in wanted if v is not None and v.isidentifier()) or "true"
    sql = worst_first(relation, where=where)
    found = con.execute(sql + (f" LIMIT {int(limit)}" if limit is not None else "")).fetchall()
    return [Finding(*row) for row in found]


def _defused(column: str) -> str:
    name = ident(column)
    if column in ("amount", "source_line"):
        return name
    signs = ", ".join(f"chr({ord(sign)})" for sign in FORMULA)
    is_formula = f"left({name}, 1) IN ({signs}) AND length({name}) > 1"
    return f"CASE WHEN {is_formula} THEN chr(39) || {name} ELSE {name} END AS {name}"
