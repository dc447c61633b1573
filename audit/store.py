"""Connections: an in-memory DuckDB on a snapshot, with raw, core, law and house, that can reach nothing else."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from audit.contract import load_contracts
from audit.errors import AuditError, UsageError
from audit.persons import EVENTS, pseudonyms_of, with_persons
from audit.policy import Policy
from audit.snapshot import RESULTS, Snapshot, core_select, corrupt, literal, quoted
from audit.statutes import Law

Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error
_FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT))
_HELD = 50_000
"""Rows of a register that are held in memory; one with more is read where a check asks for it, as logs are."""
DERIVED: Mapping[str, Sequence[str]] = {
    "consent_intervals": ["identities", "consents"],
    "preference_intervals": ["identities", "communication_preferences"],
    "record_kinds": ["data_records"],
    "unknown_subjects": ["identities", "data_records", "subjects"],
}
"""What a load derives, each from the SELECT of its name in ``sql/derived``, and the tables that it follows from."""
VIEWS = (*DERIVED, "record_rules")
"""These, and what is as cheaply computed when it is asked for."""
Tables = Mapping[str, tuple[Sequence[tuple[str, str]], Sequence[tuple[Any, ...]]]]


@contextmanager
def scratch(zone: str = "UTC", temporary: Path | None = None, memory: str | None = None) -> Iterator[Connection]:
    """An empty in-memory connection in the zone, without anything from the network.

    Args:
        zone: that of times without an offset, and of days.
        temporary: the folder for what does not fit into memory.
        memory: how much of it the engine takes, such as ``2GB``, where ``AUDIT_MEMORY_LIMIT`` does not say; without
            either, most of the machine's.

    Raises:
        UsageError: ``AUDIT_MEMORY_LIMIT`` in the environment is no amount of memory.
    """
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    con = duckdb.connect(config=config)
    try:
        con.execute(f"SET TimeZone = '{zone}'")
        # Only where it is on: in a kernel without ipywidgets even turning it off is refused.
        if con.execute("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:
            con.execute("SET enable_progress_bar = false")
        if temporary is not None:
            con.execute(f"SET temp_directory = '{quoted(temporary)}'")
        _limit_memory(con, memory)
        yield con
    finally:
        con.close()


def _limit_memory(con: Connection, usual: str | None) -> None:
    """On a small machine, or beside other work: what does not fit goes to the temporary folder."""
    if limit := os.environ.get("AUDIT_MEMORY_LIMIT") or usual:
        try:
            con.execute(f"SET memory_limit = {literal(limit)}")
        except duckdb.Error:
            raise UsageError("no amount of memory", column="AUDIT_MEMORY_LIMIT", expected="such as 2GB") from None


@contextmanager
def opened(snapshot: Snapshot, law: Law, policy: Policy, desk: Path) -> Iterator[Connection]:
    """A connection on a snapshot with raw, core, law and house, that can reach nothing else any more.

    Args:
        snapshot: the state to open.
        law: the dated law.
        policy: the organisation's policy.
        desk: a folder the connection may write to; of the database it may only to the answers that are kept.

    Raises:
        AuditError: a part cannot be read.
    """
    with scratch(str(policy.zone), desk) as con:
        try:
            # A folder that is allowed is one that can be written to: parts are named one by one.
            con.execute(f"SET allowed_directories = ['{quoted(desk)}/', '{quoted(snapshot.folder / RESULTS)}/']")
            names = ", ".join(f"'{quoted(snapshot.folder / name)}'" for name in sorted(snapshot.names()))
            con.execute(f"SET allowed_paths = [{names}]")
            con.execute("SET enable_external_access = false")
            con.execute("SET parquet_metadata_cache = true")  # a part is never written again
            con.execute("SET lock_configuration = true")
            build(con, snapshot)
            add_tables(con, law.tables(policy) | policy.tables())
            add_macros(con)
        except duckdb.Error as e:
            raise corrupt(snapshot.folder, str(e).splitlines()[0][:200]) from None
        yield con


def is_full(error: DatabaseError) -> bool:
    """Whether there was no room to write."""
    return any(text in str(error) for text in _FULL)


def is_short_of_memory(error: DatabaseError) -> bool:
    """Whether the engine would have needed more memory than it was given."""
    return isinstance(error, duckdb.OutOfMemoryException)


def unwritable(error: DatabaseError, folder: Path) -> AuditError:
    """What to say where a database could not be written; it is then as it was before."""
    why = next((text for text in _FULL if text in str(error)), type(error).__name__)
    return AuditError(f"cannot be written: {why}", file=folder, fix="Nothing was changed; make room and load again.")


def build(con: Connection, snapshot: Snapshot) -> None:
    """Give a connection raw and core of a snapshot."""
    con.execute("CREATE SCHEMA raw; CREATE SCHEMA core")
    contracts = load_contracts()
    for table, rows in person_selects(con, snapshot, contracts).items():
        is_small = contracts[table].kind == "register" and snapshot.rows(table) <= _HELD
        con.execute(f"CREATE {'TABLE' if is_small else 'VIEW'} core.{table} AS {rows}")
    con.execute(_RESOLVED if snapshot.rows("identities") else _AS_LOGGED)
    for name in VIEWS:
        con.execute(f"CREATE VIEW core.{name} AS {_derived(snapshot, name)}")
    _raw_tables(con, snapshot)


def person_selects(con: Connection, snapshot: Snapshot, tables: Iterable[str]) -> dict[str, str]:
    """The SELECT of each table's rows with the persons they are about, for views of core; identities come first.

    What a system calls its people in events is looked up in a view of its own.
    """
    named = {"identities": core_select(snapshot, load_contracts()["identities"])}
    selects = named | {table: core_select(snapshot, load_contracts()[table]) for table in tables}
    if not (snapshot.rows("identities") and con.execute(pseudonyms_of(named["identities"])).fetchall()):
        return selects
    return {table: with_persons(load_contracts()[table], rows) for table, rows in selects.items()}


def as_table(con: Connection, register: str) -> None:
    """Hold a register in memory, where its rows can be changed."""
    if con.execute("SELECT 1 FROM duckdb_views() WHERE schema_name = 'core' AND view_name = $1", [register]).fetchall():
        con.execute(f"""
            CREATE TABLE core.held AS FROM core.{register};
            DROP VIEW core.{register};
            ALTER TABLE core.held RENAME TO {register};
        """)


@cache
def derived_part(name: str) -> str:
    """How a derived part's path begins, so that no version reads another's: with the hash of what decides the rows.

    That is its SELECT, and how the rows it reads get their persons.
    """
    decides = sql_file(f"derived/{name}") + files("audit").joinpath("persons.py").read_text("utf-8")
    return f"parts/{name}-{hashlib.sha256(decides.encode()).hexdigest()[:8]}-"


def _derived(snapshot: Snapshot, name: str) -> str:
    """What a load derived; where none did, or another version otherwise, it is computed as it is asked for."""
    kept = snapshot.derived.get(name, "")
    if kept.startswith(derived_part(name)):
        return f"FROM read_parquet('{quoted(snapshot.folder / kept)}')"
    return sql_file(f"derived/{name}")


# Where no system has ids of its own.
_AS_LOGGED = "CREATE VIEW core.processing_events_as_logged AS FROM core.processing_events"
_RESOLVED = f"""
ALTER VIEW core.processing_events RENAME TO processing_events_as_logged;
CREATE VIEW core.processing_events AS {EVENTS}
"""


def _raw_tables(con: Connection, snapshot: Snapshot) -> None:
    columns = (("source_id", "INTEGER"), ("table_name", "VARCHAR"), ("path", "VARCHAR"), ("sha256", "VARCHAR"),
               ("bytes", "BIGINT"), ("read", "BIGINT"), ("accepted", "BIGINT"), ("duplicate", "BIGINT"),
               ("rejected", "BIGINT"), ("first_row", "BIGINT"), ("first_line", "BIGINT"))  # fmt: skip
    names = ["table" if c == "table_name" else c for c, _ in columns]
    _insert(con, "raw.files", columns, [tuple(f[n] for n in names) for f in snapshot.files])
    rejected = ", ".join(f"'{quoted(snapshot.folder / p)}'" for p in snapshot.rejected)
    source = f"FROM read_parquet([{rejected}])" if rejected else (
        "SELECT NULL::INTEGER source_id, NULL::VARCHAR table_name, NULL::VARCHAR file, NULL::BIGINT line,"
        " NULL::VARCHAR column_name, NULL::VARCHAR reason, NULL::VARCHAR row_text WHERE false")  # fmt: skip
    con.execute(f"CREATE VIEW raw.rejected_rows AS {source}")
    lines = sorted({f["lines"] for f in snapshot.files if f.get("lines")})
    paths = ", ".join(f"'{quoted(snapshot.folder / p)}'" for p in lines)
    con.execute("CREATE TABLE raw.line_shifts (source_id INTEGER, from_record BIGINT, delta BIGINT)")
    if lines:
        con.execute(f"INSERT INTO raw.line_shifts FROM read_parquet([{paths}])")


def empty_core(con: Connection) -> None:
    """Give a connection raw and core with every table empty, as tables: for worked cases."""
    con.execute("CREATE SCHEMA core")
    for contract in load_contracts().values():
        columns = ", ".join(f'"{c}" {t}' for c, t in contract.core_columns.items())
        con.execute(f"CREATE TABLE core.{contract.table} ({columns}, source_id INTEGER, source_row BIGINT)")
    for name in VIEWS:
        con.execute(f"CREATE VIEW core.{name} AS {sql_file('derived/' + name)}")
    con.execute(_AS_LOGGED)


def add_tables(con: Connection, tables: Tables) -> None:
    """Make the tables of law and house, each given as its columns with types and its rows."""
    for schema in sorted({name.split(".")[0] for name in tables}):
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for name, (columns, rows) in tables.items():
        _insert(con, name, columns, rows)
    if "law.holidays" in tables:
        con.execute(f"CREATE TABLE law.working_days AS {sql_file('derived/working_days')}")


def _insert(con: Connection, name: str, columns: Iterable[tuple[str, str]], rows: Sequence[tuple[Any, ...]]) -> None:
    columns = list(columns)
    lists = [list(values) for values in zip(*rows, strict=True)] or [[] for _ in columns]
    marks = ", ".join(f"unnest(CAST(? AS {t}[])) AS {c}" for c, t in columns)
    con.execute(f"CREATE TABLE {name} AS SELECT {marks}", lists)


def add_macros(con: Connection) -> None:
    """Give a connection the date arithmetic of the time limits."""
    con.execute(sql_file("deadlines"))


def sql_file(name: str) -> str:
    """A statement of ``audit/sql``."""
    return (files("audit") / "sql" / f"{name}.sql").read_text("utf-8")
