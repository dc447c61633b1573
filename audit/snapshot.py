"""A snapshot of a database: a folder of immutable Parquet parts, one JSON manifest a snapshot, and a pointer.

A load writes new parts beside the old, then a new manifest, then swaps the pointer: a reader sees all of a load or
nothing, never meets a lock, and a killed load leaves only files that nobody names. Whoever has a plain DuckDB shell
opens a snapshot with ``duckdb -init open.sql`` in the folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.contract import Contract, load_contracts
from audit.errors import AuditError, UsageError, printable

FORMAT = 2
RESULTS = "results"
"""The folder of a database that holds the answers it gave, by question."""
PART_FORM = "FORMAT parquet, PARQUET_VERSION v2"
"""How a part is written: pages of the second version are a fifth smaller and faster to read, and as cheap to write."""
_PART = re.compile(r"parts/[\w-][\w.-]*")
_HOUSE = re.compile(r"house/[0-9a-f]+")


@dataclass(frozen=True)
class Snapshot:
    """One complete state of a database, as its manifest says.

    ``parts`` hold accepted and refused rows of a table as they stood in their files; ``excluded`` names the rows of a
    part that are duplicates or were replaced, and ``replaced`` says how many rows of which file a later load replaced.
    ``exports`` are the files of named systems, each with what it gave.
    ``loaded_at`` is when, in UTC; no result depends on it.
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
    loaded_at: str = ""

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

    def names(self) -> set[str]:
        """The files below ``parts`` that hold it."""
        of_parts = (name for p in self.parts for name in (p["path"], p.get("excluded")) if name)
        lines = (f["lines"] for f in self.files if f.get("lines"))
        return {*of_parts, *lines, *self.derived.values(), *self.rejected}

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
    if number is not None and number not in numbers(folder):
        kept = ", ".join(map(str, numbers(folder)))
        raise UsageError("no such snapshot is kept", column="snapshot", expected=f"one of {kept}")
    try:
        name = pointer.read_text("utf-8").strip() if number is None else manifest_name(number)
        snapshot = read_manifest(folder, name)
        missing = next((n for n in snapshot.names() if not (folder / n).is_file()), None)
    except (OSError, ValueError) as e:
        raise corrupt(folder, type(e).__name__) from None
    if missing:
        raise corrupt(folder, f"{printable(missing)} is missing")
    return snapshot


def numbers(folder: Path) -> list[int]:
    """The snapshots that a database keeps, the oldest first."""
    return sorted(int(path.stem) for path in (folder / "snapshots").glob("*.json") if path.stem.isdecimal())


def manifest_name(number: int) -> str:
    """What a snapshot's manifest is called."""
    return f"{number:06d}.json"


def manifest(snapshot: Snapshot) -> str:
    """The text of a snapshot's manifest; it holds its own hash, so that a change by hand shows."""
    data = {k: v for k, v in vars(snapshot).items() if k != "folder"} | {"format": FORMAT}
    return json.dumps(data | {"sha256": digest(data)}, indent=1, default=str)


def read_manifest(folder: Path, name: str) -> Snapshot:
    """The snapshot that the manifest of this name describes.

    Raises:
        AuditError: it cannot be read, is of another version, was changed, or names what lies outside the database.
    """
    try:
        return _parsed(folder, (folder / "snapshots" / name).read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise corrupt(folder, type(e).__name__) from None


def _parsed(folder: Path, text: str) -> Snapshot:
    data = json.loads(text)
    if data["format"] != FORMAT:
        fix = "Remove it and load the sources again."
        raise AuditError("written by another version of this program", file=folder, fix=fix)
    if data.pop("sha256") != digest(data):
        raise corrupt(folder, "its manifest was changed")
    del data["format"]
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    snapshot = Snapshot(folder, **fields)
    if not _HOUSE.fullmatch(snapshot.house) or not all(map(_PART.fullmatch, snapshot.names())):
        raise corrupt(folder, "its manifest names a file that is not its own")
    return snapshot


def corrupt(folder: Path, why: str) -> AuditError:
    """What to say of a database that cannot be read."""
    return AuditError(f"the database cannot be read: {why}", file=folder, fix="Load the sources into a new one.")


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


def open_sql(snapshot: Snapshot) -> str:
    """Views for a plain DuckDB shell started in the database's folder."""
    statements = [f"SET TimeZone = {literal(snapshot.zone)}", "CREATE SCHEMA IF NOT EXISTS core"]
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
