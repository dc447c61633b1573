"""Which exports of which systems there are, and how each is read: ``sources.toml``, or the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from audit.folder import sha256
from audit.snapshot import digest
from audit.sources.files import refuse_name
from audit.sources.systems import SYSTEMS
from audit.sources.systems.export import Export, System
from audit.strict import Table, TomlFile

SOURCES = "sources.toml"


@dataclass(frozen=True)
class Batch:
    """Exports of one system that are read together.

    Attributes:
        system: the kind of system.
        exports: its files.
        system_id: the system in the organisation's register.
        client_id: whose data it is; None is the organisation's own.
        options: the settings, as the system's importer made them.
        mapping: the hash of everything that decides, beside the files and the key, what they are read as.
    """

    system: System
    exports: tuple[Export, ...]
    system_id: str
    client_id: str | None
    options: Any
    mapping: str


def read_sources(folder: Path) -> list[Batch]:
    """What a source folder's ``sources.toml`` says; nothing where there is none.

    Raises:
        AuditError: it has an unknown or missing key, names a system that nobody knows, or a pattern that leads out of
            the folder or that no file matches; with its line.
    """
    path = folder / SOURCES
    if not path.is_file():
        return []
    with TomlFile(path).root as root:
        return [_source(table, folder) for table in root.tables("source")]


def _source(table: Table, folder: Path) -> Batch:
    with table:
        system = SYSTEMS[table.text("system", SYSTEMS)]
        found = {p for pattern in table.texts("files") for p in _matching(table, pattern, folder)}
        if not found:
            table.refuse("empty", "files", "patterns such as intercom/*.json")
        for path in sorted(found):
            refuse_name(path)
        exports = [Export(path, path.relative_to(folder).as_posix()) for path in sorted(found)]
        return described(table, system, exports)


def _matching(table: Table, pattern: str, folder: Path) -> list[Path]:
    """The files of a folder that a pattern means."""
    path = PurePosixPath(pattern)
    if path.is_absolute() or ".." in path.parts:
        table.refuse("leads out of the folder", "files", "patterns within it, such as intercom/*.json")
    try:
        if not path.parts:
            raise ValueError("the folder itself")
        found = [p for p in folder.glob(pattern) if p.is_file() and p != folder / SOURCES]
    except ValueError:
        table.refuse(f"not a pattern: {pattern}", "files", "patterns such as intercom/*.json")
    if not found:
        table.refuse(f"no file matches {pattern}", "files")
    return found


def described(
    table: Table, system: System, exports: Sequence[Export], system_id: str | None = None, client_id: str | None = None
) -> Batch:
    """A system's exports with the settings a table has for them.

    Args:
        table: the settings; the caller refuses what nobody took.
        system: the kind of system.
        exports: its files.
        system_id: in place of the table's.
        client_id: in place of the table's.

    Raises:
        AuditError: a setting is missing or not what it should be.
    """
    named = {key: table.text(key) for key in ("system_id", "client_id") if key in table}
    system_id = system_id or named.get("system_id", system.name)
    client_id = client_id or named.get("client_id")
    options = system.options(table)
    settings = {k: v for k, v in table.plain().items() if k not in ("files", "system_id", "client_id")}
    mapping = digest([system.name, system_id, client_id, settings, _named_files(table, settings)])
    return Batch(system, tuple(exports), system_id, client_id, options, mapping)


def _named_files(table: Table, settings: Mapping[str, Any]) -> dict[str, str]:
    """The hashes of files that settings name, as a cookie database: another content is another mapping."""
    folder = table.file.path.parent
    named = {key: folder / value for key, value in settings.items() if isinstance(value, str)}
    return {key: sha256(path) for key, path in named.items() if path.is_file()}
