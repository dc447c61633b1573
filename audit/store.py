"""The database: a folder of immutable Parquet parts, one JSON manifest a snapshot, and a pointer to the current one.

A load writes new parts beside the old, then a new manifest, then swaps the pointer: a reader sees all of a load or
nothing, never meets a lock, and a killed load leaves only files that nobody names. Whoever has a plain DuckDB shell
opens a snapshot with ``duckdb -init open.sql`` in the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection as Connection

from audit.contract import Contract, load_contracts
from audit.errors import AuditError
from audit.policy import Law, Policy

DatabaseError = duckdb.Error
FORMAT = 1
Tables = Mapping[str, tuple[Sequence[tuple[str, str]], Sequence[tuple[Any, ...]]]]


@dataclass(frozen=True)
class Snapshot:
    """One complete state of a database, as its manifest says.

    ``parts`` hold accepted and refused rows of a table as they stood in their files; ``excluded`` names the rows of a
    part that are duplicates. ``content`` is the hash of what was loaded, the same for the same files in the same order.
    """

    folder: Path
    number: int
    zone: str
    house: str
    parts: tuple[dict[str, Any], ...] = ()
    files: tuple[dict[str, Any], ...] = ()
    derived: Mapping[str, str] = field(default_factory=dict)
    rejected: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        return digest([[f["table"], f["path"], f["sha256"], f["accepted"]] for f in self.files])

    def table_parts(self, table: str) -> list[dict[str, Any]]:
        return [p for p in self.parts if p["table"] == table]

    def rows(self, table: str) -> int:
        """Accepted rows of a table."""
        return sum(f["accepted"] for f in self.files if f["table"] == table)


def digest(data: Any) -> str:
    """The SHA-256 of plain data, through its canonical JSON."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()


def read_snapshot(folder: Path) -> Snapshot:
    """The current snapshot of a database.

    Raises:
        AuditError: there is no database, or what is there cannot be read.
    """
    pointer = folder / "CURRENT"
    if not pointer.is_file():
        raise AuditError("no database here", file=folder, fix=f"Load one: audit load SOURCE --db {folder}")
    try:
        data = json.loads((folder / "snapshots" / pointer.read_text("utf-8").strip()).read_text("utf-8"))
        if data.pop("format") != FORMAT:
            raise AuditError("written by another version of this program", file=folder, fix="Load the sources again.")
        data["parts"], data["files"] = tuple(data["parts"]), tuple(data["files"])
        snapshot = Snapshot(folder, **data | {"rejected": tuple(data["rejected"])})
        named = [p["path"] for p in snapshot.parts] + list(snapshot.derived.values()) + list(snapshot.rejected)
        missing = next((n for n in named if not (folder / n).is_file()), None)
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise _corrupt(folder, type(e).__name__) from None
    if missing:
        raise _corrupt(folder, f"{missing} is missing")
    return snapshot


def _corrupt(folder: Path, why: str) -> AuditError:
    return AuditError(f"the database cannot be read: {why}", file=folder, fix="Load the sources into a new one.")


@contextmanager
def writing(folder: Path) -> Iterator[Snapshot | None]:
    """Hold the database for one load; gives its current snapshot, or None where it is new.

    Raises:
        AuditError: another load holds it, or it cannot be written.
    """
    try:
        for sub in ("parts", "snapshots", "house"):
            (folder / sub).mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as e:
        raise AuditError(f"cannot write here: {e.strerror}", file=folder, fix="Choose another --db.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise AuditError("another load is writing this database", file=folder, fix="Wait for it to end.") from None
    try:
        snapshot = read_snapshot(folder) if (folder / "CURRENT").exists() else None
        _sweep(folder, snapshot)
        yield snapshot
    finally:
        with suppress(OSError):
            _sweep(folder, read_snapshot(folder) if (folder / "CURRENT").exists() else None)
        os.close(handle)


def _sweep(folder: Path, snapshot: Snapshot | None) -> None:
    """Remove parts that no snapshot names: what a killed or refused load left."""
    named = {"derived": set[str]()}
    keep = named["derived"]
    for manifest in (folder / "snapshots").glob("*.json"):
        data = json.loads(manifest.read_text("utf-8"))
        keep |= {p["path"] for p in data["parts"]} | {p["excluded"] for p in data["parts"] if p.get("excluded")}
        keep |= set(data["derived"].values()) | set(data["rejected"])
        keep |= {f["lines"] for f in data["files"] if f.get("lines")}
    for part in (folder / "parts").iterdir():
        if f"parts/{part.name}" not in keep:
            part.unlink()


def commit(snapshot: Snapshot) -> None:
    """Make a snapshot the current one: its manifest first, then the pointer, each renamed into place."""
    name = f"{snapshot.number:06d}.json"
    data = {k: v for k, v in vars(snapshot).items() if k != "folder"} | {"format": FORMAT}
    write_durably(snapshot.folder / "snapshots" / name, json.dumps(data, indent=1, default=str))
    write_durably(snapshot.folder / "open.sql", _open_sql(snapshot))
    write_durably(snapshot.folder / "CURRENT", name + "\n")


def write_durably(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    temporary.replace(path)


def keep_house(folder: Path, policy: Policy) -> str:
    """Keep the organisation's files with the data they were loaded under; gives their folder's name."""
    sources = [p for p in (policy.path, policy.path.with_name("commitments.toml")) if p.is_file()]
    name = hashlib.sha256(b"\0".join(p.read_bytes() for p in sources)).hexdigest()[:16]
    target = folder / "house" / name
    target.mkdir(parents=True, exist_ok=True)
    for path in sources:
        shutil.copyfile(path, target / ("policy.toml" if path == policy.path else path.name))
    return f"house/{name}"


@contextmanager
def scratch(zone: str = "UTC", settings: Mapping[str, str | int] | None = None) -> Iterator[Connection]:
    """An empty in-memory connection in the zone, without anything from the network."""
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    con = duckdb.connect(config=config)
    try:
        con.execute(f"SET TimeZone = '{zone}'")
        con.execute("SET enable_progress_bar = false")
        for name, value in (settings or {}).items():
            con.execute(f"SET {name} = '{value}'")
        yield con
    finally:
        con.close()


@contextmanager
def opened(snapshot: Snapshot, law: Law, policy: Policy, settings: Mapping[str, str | int] | None = None) -> Iterator[Connection]:
    """A connection on a snapshot with raw, core, law and house, that can reach nothing else any more.

    Args:
        snapshot: the state to open.
        law: the dated law.
        policy: the organisation's policy.
        settings: DuckDB settings, as ``memory_limit``.

    Raises:
        AuditError: a part cannot be read.
    """
    with scratch(str(policy.zone), settings) as con:
        try:
            con.execute(f"SET allowed_directories = ['{_quoted(snapshot.folder.resolve())}/']")
            con.execute("SET enable_external_access = false")
            con.execute("SET lock_configuration = true")
            build(con, snapshot)
            add_tables(con, law.tables(policy.calendar) | policy.tables())
            add_macros(con)
        except duckdb.IOException as e:
            raise _corrupt(snapshot.folder, str(e).splitlines()[0][:200]) from None
        yield con


def build(con: Connection, snapshot: Snapshot) -> None:
    """Give a connection raw and core of a snapshot."""
    con.execute("CREATE SCHEMA raw; CREATE SCHEMA core")
    for contract in load_contracts().values():
        form = "TABLE" if contract.kind == "register" else "VIEW"
        con.execute(f"CREATE {form} core.{contract.table} AS {core_select(snapshot, contract)}")
    if snapshot.rows("identities"):
        con.execute(_RESOLVED)
    for name in ("consent_intervals", "preference_intervals"):
        if name in snapshot.derived:
            path = _quoted(snapshot.folder / snapshot.derived[name])
            con.execute(f"CREATE VIEW core.{name} AS FROM read_parquet('{path}')")
        else:
            con.execute(f"CREATE VIEW core.{name} AS {sql_file('derived/' + name)}")
    _raw_tables(con, snapshot)


# Systems name the same person by ids of their own; identities gives the person (checks.md).
_RESOLVED = """
ALTER VIEW core.processing_events RENAME TO processing_events_as_logged;
CREATE VIEW core.processing_events AS
SELECT e.* REPLACE (coalesce(i.subject_id, e.subject_id) AS subject_id)
FROM core.processing_events_as_logged AS e
LEFT JOIN core.identities AS i ON i.system_id = e.system_id AND i.external_id = e.subject_id
"""


def core_select(snapshot: Snapshot, contract: Contract) -> str:
    """The SELECT that gives a table's accepted rows with their position."""
    columns = ", ".join(f'"{c}"' for c in contract.core_columns)
    clean = [p for p in snapshot.table_parts(contract.table) if not p["refused"] and not p.get("excluded")]
    selects = [_part_select(snapshot, columns, clean)] if clean else []
    for part in snapshot.table_parts(contract.table):
        if part not in clean:
            selects.append(_part_select(snapshot, columns, [part]))
    if not selects:
        empty = ", ".join(f'CAST(NULL AS {t}) AS "{c}"' for c, t in contract.core_columns.items())
        return f"SELECT {empty}, CAST(NULL AS INTEGER) AS source_id, CAST(NULL AS BIGINT) AS source_row WHERE false"
    return " UNION ALL ".join(selects)


def _part_select(snapshot: Snapshot, columns: str, parts: Sequence[dict[str, Any]]) -> str:
    paths = ", ".join(f"'{_quoted(snapshot.folder / p['path'])}'" for p in parts)
    select = f"SELECT {columns}, source_id, file_row_number AS source_row FROM read_parquet([{paths}], file_row_number = true)"
    if parts[0].get("excluded"):
        out = _quoted(snapshot.folder / parts[0]["excluded"])
        select += f" AS p ANTI JOIN read_parquet('{out}') AS x ON x.source_row = p.file_row_number"
    return select + (" WHERE _fault IS NULL" if parts[0]["refused"] else "")


def _raw_tables(con: Connection, snapshot: Snapshot) -> None:
    columns = (("source_id", "INTEGER"), ("table_name", "VARCHAR"), ("path", "VARCHAR"), ("sha256", "VARCHAR"),
               ("bytes", "BIGINT"), ("read", "BIGINT"), ("accepted", "BIGINT"), ("duplicate", "BIGINT"),
               ("rejected", "BIGINT"), ("first_row", "BIGINT"), ("first_line", "BIGINT"))  # fmt: skip
    names = ["table" if c == "table_name" else c for c, _ in columns]
    _insert(con, "raw.files", columns, [tuple(f[n] for n in names) for f in snapshot.files])
    rejected = ", ".join(f"'{_quoted(snapshot.folder / p)}'" for p in snapshot.rejected)
    source = f"FROM read_parquet([{rejected}])" if rejected else (
        "SELECT NULL::INTEGER source_id, NULL::VARCHAR table_name, NULL::VARCHAR file, NULL::BIGINT line,"
        " NULL::VARCHAR column_name, NULL::VARCHAR reason, NULL::VARCHAR row_text WHERE false")  # fmt: skip
    con.execute(f"CREATE VIEW raw.rejected_rows AS {source}")
    lines = sorted({f["lines"] for f in snapshot.files if f.get("lines")})
    paths = ", ".join(f"'{_quoted(snapshot.folder / p)}'" for p in lines)
    con.execute("CREATE TABLE raw.line_shifts (source_id INTEGER, from_record BIGINT, delta BIGINT)")
    if lines:
        con.execute(f"INSERT INTO raw.line_shifts FROM read_parquet([{paths}])")


def empty_core(con: Connection) -> None:
    """Give a connection raw and core with every table empty, as tables: for worked cases."""
    con.execute("CREATE SCHEMA core")
    for contract in load_contracts().values():
        columns = ", ".join(f'"{c}" {t}' for c, t in contract.core_columns.items())
        con.execute(f"CREATE TABLE core.{contract.table} ({columns}, source_id INTEGER, source_row BIGINT)")
    for name in ("consent_intervals", "preference_intervals"):
        con.execute(f"CREATE VIEW core.{name} AS {sql_file('derived/' + name)}")


def add_tables(con: Connection, tables: Tables) -> None:
    """Make the tables of law and house, each given as its columns with types and its rows."""
    for schema in sorted({name.split(".")[0] for name in tables}):
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for name, (columns, rows) in tables.items():
        _insert(con, name, columns, rows)


def _insert(con: Connection, name: str, columns: Iterable[tuple[str, str]], rows: Sequence[tuple[Any, ...]]) -> None:
    columns = list(columns)
    con.execute(f"CREATE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns)})")
    if rows:
        lists = [list(values) for values in zip(*rows, strict=True)]
        marks = ", ".join(f"unnest(CAST(? AS {t}[]))" for _, t in columns)
        con.execute(f"INSERT INTO {name} SELECT {marks}", lists)


def add_macros(con: Connection) -> None:
    """Give a connection the date arithmetic of the time limits."""
    con.execute(sql_file("deadlines"))


def sql_file(name: str) -> str:
    """A statement of ``audit/sql``."""
    return (files("audit") / "sql" / f"{name}.sql").read_text("utf-8")


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("'", "''")


def _open_sql(snapshot: Snapshot) -> str:
    """Views for a plain DuckDB shell started in the database's folder."""
    statements = [f"SET TimeZone = '{snapshot.zone}'", "CREATE SCHEMA IF NOT EXISTS core"]
    root = _quoted(snapshot.folder) + "/"
    for contract in load_contracts().values():
        select = core_select(snapshot, contract).replace(f"'{root}", "'")
        statements.append(f"CREATE OR REPLACE VIEW core.{contract.table} AS {select}")
    return ";\n".join(statements) + ";\n"
