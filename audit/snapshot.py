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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.contract import Contract, load_contracts
from audit.errors import AuditError, UsageError
from audit.policy import Policy

FORMAT = 2


@dataclass(frozen=True)
class Snapshot:
    """One complete state of a database, as its manifest says.

    ``parts`` hold accepted and refused rows of a table as they stood in their files; ``excluded`` names the rows of a
    part that are duplicates or were replaced, and ``replaced`` says how many rows of which file a later load replaced.
    ``exports`` are the files of named systems, each with what it gave.
    ``content`` is the hash of what was loaded, the same for the same files in the same order.
    """

    folder: Path
    number: int
    zone: str
    house: str
    parts: tuple[dict[str, Any], ...] = ()
    files: tuple[dict[str, Any], ...] = ()
    derived: Mapping[str, str] = field(default_factory=dict)
    rejected: tuple[str, ...] = ()
    replaced: tuple[dict[str, Any], ...] = ()
    exports: tuple[dict[str, Any], ...] = ()

    @property
    def content(self) -> str:
        how = ([f["mapping"]] if "mapping" in f else [] for f in self.files)
        what = ([f["table"], f["path"], f["sha256"], f["accepted"]] for f in self.files)
        files = [[*file, *mapping] for file, mapping in zip(what, how, strict=True)]
        return digest([*files, *([r["source_id"], r["rows"], r["load"]] for r in self.replaced)])

    @property
    def key_id(self) -> str | None:
        """The key of the pseudonyms in it; None where no export of a system was loaded."""
        return self.exports[0]["key_id"] if self.exports else None

    @property
    def policy_file(self) -> Path:
        """The policy file that the data was loaded under."""
        return self.folder / self.house / "policy.toml"

    def table_parts(self, table: str) -> list[dict[str, Any]]:
        return [p for p in self.parts if p["table"] == table]

    def rows(self, table: str) -> int:
        """Accepted rows of a table that no correction replaced."""
        accepted = sum(f["accepted"] for f in self.files if f["table"] == table)
        return int(accepted - sum(r["rows"] for r in self.replaced if r["table"] == table))

    def replaced_of(self, file: Mapping[str, Any]) -> int:
        """How many rows of a file corrections replaced."""
        return sum(r["rows"] for r in self.replaced if r["source_id"] == file["source_id"])


def digest(data: Any) -> str:
    """The SHA-256 of plain data, through its canonical JSON."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()


def read_snapshot(folder: Path, number: int | None = None) -> Snapshot:
    """A snapshot of a database by its number; the current one where none is given.

    Raises:
        AuditError: there is no database, or what is there cannot be read.
        UsageError: no such snapshot is kept.
    """
    pointer = folder / "CURRENT"
    if not pointer.is_file():
        raise AuditError("no database here", file=folder, fix=f"Load one: audit load SOURCE --db {folder}")
    try:
        name = pointer.read_text("utf-8").strip() if number is None else f"{number:06d}.json"
        if number is not None and not (folder / "snapshots" / name).is_file():
            kept = ", ".join(str(n) for n in numbers(folder))
            raise UsageError("no such snapshot is kept", column="snapshot", expected=f"one of {kept}")
        data = json.loads((folder / "snapshots" / name).read_text("utf-8"))
        if data.pop("format") != FORMAT:
            raise AuditError(
                "written by another version of this program", file=folder, fix="Remove it and load the sources again."
            )
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        snapshot = Snapshot(folder, **fields)
        named = [p["path"] for p in snapshot.parts] + list(snapshot.derived.values()) + list(snapshot.rejected)
        missing = next((n for n in named if not (folder / n).is_file()), None)
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise corrupt(folder, type(e).__name__) from None
    if missing:
        raise corrupt(folder, f"{missing} is missing")
    return snapshot


def numbers(folder: Path) -> list[int]:
    """The snapshots that a database keeps, the oldest first."""
    return sorted(int(path.stem) for path in (folder / "snapshots").glob("[0-9]*.json"))


def corrupt(folder: Path, why: str) -> AuditError:
    """What to say of a database that cannot be read."""
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
        _sweep(folder)
        yield snapshot
    finally:
        with suppress(OSError, ValueError):
            _sweep(folder)
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove parts that no snapshot names: what a killed or refused load left."""
    keep: set[str | None] = set()
    for manifest in (folder / "snapshots").glob("*.json"):
        data = json.loads(manifest.read_text("utf-8"))
        keep |= {name for p in data["parts"] for name in (p["path"], p.get("excluded"))}
        keep |= {*data["derived"].values(), *data["rejected"], *(f.get("lines") for f in data["files"])}
    for part in (folder / "parts").iterdir():
        if f"parts/{part.name}" not in keep:
            shutil.rmtree(part) if part.is_dir() else part.unlink()


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
    beside = (policy.path.with_name(f"{name}.toml") for name in ("commitments", "transparency"))
    sources = [p for p in (policy.path, *beside) if p.is_file()]
    name = hashlib.sha256(b"\0".join(p.read_bytes() for p in sources)).hexdigest()[:16]
    target = folder / "house" / name
    target.mkdir(parents=True, exist_ok=True)
    if target.resolve() != policy.path.parent.resolve():  # the database's own, when the sources have no policy
        for path in sources:
            shutil.copyfile(path, target / ("policy.toml" if path == policy.path else path.name))
    return f"house/{name}"


def core_select(snapshot: Snapshot, contract: Contract) -> str:
    """The SELECT that gives a table's accepted rows with their position."""
    columns = ", ".join(f'"{c}"' for c in contract.core_columns)
    clean = [p for p in snapshot.table_parts(contract.table) if not p["refused"] and not p.get("excluded")]
    selects = [_part_select(snapshot, columns, clean)] if clean else []
    uneven = [p for p in snapshot.table_parts(contract.table) if p not in clean]
    selects += [_part_select(snapshot, columns, [part]) for part in uneven]
    if not selects:
        empty = ", ".join(f'CAST(NULL AS {t}) AS "{c}"' for c, t in contract.core_columns.items())
        return f"SELECT {empty}, CAST(NULL AS INTEGER) AS source_id, CAST(NULL AS BIGINT) AS source_row WHERE false"
    return " UNION ALL ".join(selects)


def _part_select(snapshot: Snapshot, columns: str, parts: Sequence[dict[str, Any]]) -> str:
    paths = ", ".join(f"'{quoted(snapshot.folder / p['path'])}'" for p in parts)
    select = (
        f"SELECT {columns}, source_id, file_row_number AS source_row"
        f" FROM read_parquet([{paths}], file_row_number = true)"
    )
    if parts[0].get("excluded"):
        out = quoted(snapshot.folder / parts[0]["excluded"])
        select += f" AS p ANTI JOIN read_parquet('{out}') AS x ON x.source_row = p.file_row_number"
    return select + (" WHERE _fault IS NULL" if parts[0]["refused"] else "")


def _open_sql(snapshot: Snapshot) -> str:
    """Views for a plain DuckDB shell started in the database's folder."""
    statements = [f"SET TimeZone = '{snapshot.zone}'", "CREATE SCHEMA IF NOT EXISTS core"]
    root = quoted(snapshot.folder) + "/"
    for contract in load_contracts().values():
        select = core_select(snapshot, contract).replace(f"'{root}", "'")
        statements.append(f"CREATE OR REPLACE VIEW core.{contract.table} AS {select}")
    return ";\n".join(statements) + ";\n"


def ident(name: str) -> str:
    """A name, quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text, quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted(path: Path) -> str:
    """A path made absolute, to stand within the quotes of an SQL literal."""
    return str(path.resolve()).replace("'", "''")
