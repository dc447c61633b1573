"""Writing the sample's tables in all the forms a source folder may have, the same bytes each time."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from audit.contract import Contract
from audit.errors import AuditError, UsageError
from audit.sample.cases import Finding
from audit.sample.plan import Plan, Window
from audit.spreadsheet import spreadsheet
from audit.store import Connection

ANSWER_KEY = "answer_key.csv"
_EXTENSIONS = (".csv", ".csv.gz", ".csv.zst", ".jsonl", ".jsonl.gz", ".parquet", ".xlsx")
_COPY = {
    "csv": "format csv, header",
    "csv.gz": "format csv, header, compression gzip",
    "csv.zst": "format csv, header, compression zstd",
    "jsonl": "format json",
    "jsonl.gz": "format json, compression gzip",
    "parquet": "format parquet, compression zstd",
}
_IDENTITIES = "left join out.identities as i on i.system_id = t.system_id and i.subject_id = t.subject_id"


def clear(folder: Path, contracts: Mapping[str, Contract]) -> None:
    """Make the folder, and remove the tables of a sample that stands in it.

    Raises:
        UsageError: it holds anything, but no answer key: it is not a sample's.
        AuditError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise AuditError(f"cannot write here: {e.strerror}", file=folder, fix="Choose another folder.") from None
    if not os.access(folder, os.W_OK):
        raise AuditError("cannot write here", file=folder, fix="Choose another folder.")
    found = [f for f in folder.iterdir() if not f.name.startswith(".")]
    if found and not (folder / ANSWER_KEY).exists():
        raise UsageError("the folder holds other data", file=folder, fix="Choose an empty folder.")
    tables = [f for f in found if f.name.endswith(_EXTENSIONS) and f.name != ANSWER_KEY]
    for file in tables:
        if file.name.split(".")[0].split("-")[0] in contracts:
            file.unlink()


def write_tables(
    con: Connection, folder: Path, plan: Plan, window: Window, contracts: Mapping[str, Contract]
) -> dict[str, int]:
    """Write every table of ``out``; gives the rows of each."""
    counts = {}
    for table, contract in contracts.items():
        counts[table] = con.execute(f"select count(*) from out.{table}").fetchall()[0][0]
        for name, condition in _files_of(table, plan, window):
            _write(con, folder / name, contract, condition, plan)
    return counts


def write_answer_key(folder: Path, period: str, findings: Sequence[Finding]) -> None:
    """Write what the checks must find in a period."""
    with (folder / ANSWER_KEY).open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["period", *(f.name for f in fields(Finding))])
        writer.writerows([period, *astuple(f)] for f in findings)


def _files_of(table: str, plan: Plan, window: Window) -> list[tuple[str, str]]:
    """The files of a table, each with the condition on its rows; the last full quarter's events are not compressed."""
    if table != "processing_events":
        return [(f"{table}.{plan.settings['forms'].get(table, 'csv')}", "true")]
    own: dict[str, str] = plan.settings["own_files"]
    found = [(f"{table}-{system}.{form}", f"t.system_id = '{system}'") for system, form in own.items()]
    rest = " and ".join(f"t.system_id is distinct from '{system}'" for system in own)
    for first, until in window.months_of_logs():
        form = "csv" if window.quarter <= first < window.until else "csv.gz"
        found.append(
            (f"{table}-{first:%Y-%m}.{form}", f"{rest} and t.occurred_at >= '{first}' and t.occurred_at < '{until}'")
        )
    return found


def _write(con: Connection, path: Path, contract: Contract, condition: str, plan: Plan) -> None:
    form = path.name.partition(".")[2]
    types: dict[str, str] = dict(
        con.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = 'out' and table_name = ?",
            [contract.table],
        ).fetchall()
    )
    columns = ", ".join(
        f'{_expression(c.name, types[c.name], contract.table, form, plan)} as "{c.name}"' for c in contract.columns
    )
    keys = [*([contract.instant] if contract.instant else []), *(contract.key or types)]
    order = ", ".join(f't."{k}"' for k in keys)
    # In the systems of the register of identities a person goes by that system's own id.
    joined = _IDENTITIES if contract.table == "processing_events" else ""
    query = f"select {columns} from out.{contract.table} as t {joined} where {condition} order by {order}"
    if form == "xlsx":
        result = con.execute(query)
        names = [d[0] for d in result.description or []]
        path.write_bytes(spreadsheet(contract.table, names, result.fetchall()))
    else:
        quoted = str(path).replace("'", "''")
        con.execute(f"copy ({query}) to '{quoted}' ({_COPY[form]})")


def _expression(name: str, kind: str, table: str, form: str, plan: Plan) -> str:
    if name == "subject_id" and table == "processing_events":
        return "coalesce(i.external_id, t.subject_id)"
    if not kind.startswith("TIMESTAMP"):
        return f't."{name}"'
    if form == "parquet":
        return f"t.\"{name}\" at time zone '{plan.zone}'"
    return f'stamp(t."{name}", {_clock(table, plan)})'


def _clock(table: str, plan: Plan) -> str:
    """SQL for the form in which a row's system writes times: by its system where it has one, else by its table."""
    clocks: dict[str, str] = plan.settings["clocks"]
    if table not in ("processing_events", "data_records"):
        return f"'{clocks.get(table, 'offset')}'"
    return "case t.system_id " + " ".join(f"when '{s}' then '{c}'" for s, c in clocks.items()) + " else 'offset' end"
