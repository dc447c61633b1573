"""Which files a source folder holds for each table, and what each is: hashed before it is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from audit.contract import Contract, load_contracts
from audit.errors import AuditError, printable
from audit.sources.content import Content, read_through, refuse_change

_ENDING = re.compile(r"\.(?P<form>csv|parquet|jsonl|ndjson|xlsx)(?:\.(?P<packed>gz|zst))?$")
_OF_NO_FORM = (
    "no form of a table; left out. It takes csv, jsonl, ndjson (each also gz or zst), parquet, and xlsx of registers"
)

UNFINISHED = "import-{}.unfinished"
"""The folder that an import's files wait in, within the one they belong to, by the system's name."""


@dataclass(frozen=True)
class Imported:
    """What an export of a named system gave for a table, beside its rows.

    Attributes:
        shifts: a file of ``from_record, delta``, as ``Source.shifts``.
        refused: a file of the records that gave no row: line, column_name, reason, row_text.
        rows: how many rows there are.
        refusals: how many records gave none.
        mapping: the hash of the settings it was read with.
        sha256: of what was made of it: its rows and refused records.
    """

    shifts: Path
    refused: Path
    rows: int
    refusals: int
    mapping: str
    sha256: str


@dataclass(frozen=True)
class Source:
    """A file to load.

    Attributes:
        table: the table it is for.
        path: where it is.
        name: its path within the source folder, as reports print it.
        form: csv, jsonl, parquet or xlsx; import of an export, which ``read_path`` then holds as CSV.
        content: what was found when it was hashed.
        columns: its columns with their SQL types.
        read_path: what the engine reads: the file itself, or a copy put in order.
        first_line: the line of its first record.
        shifts: from which record on (from 0) lines are how many further down than records, where a record takes
            more than one line.
        malformed: line and text of what is not a record at all (None), or of one with a fault, ``column|reason``.
        forgiving: whether what is no record in it is passed over, where the engine else would give up.
        notes: what to tell of it.
        imported: what stands beside the rows of an export.
    """

    table: str
    path: Path
    name: str
    form: str
    content: Content
    columns: dict[str, str] = field(default_factory=dict)
    read_path: Path | None = None
    first_line: int = 1
    shifts: tuple[tuple[int, int], ...] = ()
    malformed: tuple[tuple[int, str, str | None], ...] = ()
    forgiving: bool = False
    notes: tuple[str, ...] = ()
    imported: Imported | None = None

    @property
    def sha256(self) -> str:
        return self.content.sha256

    @property
    def identity(self) -> tuple[str, str, str | None]:
        """What makes it the same as one loaded before; of an export also what was made of it."""
        return self.table, self.sha256, self.imported.sha256 if self.imported else None

    @property
    def shifted(self) -> bool:
        """Whether its lines are not its records, one for one."""
        return bool(self.shifts or self.imported)

    @property
    def may_be_blank(self) -> bool:
        """Whether texts of nothing are likely in it: what reads CSV gives none, and JSON Lines were looked into."""
        return self.form == "parquet" or self.content.has_empty

    @property
    def reading(self) -> Path:
        """What the engine reads."""
        return self.read_path or self.path

    def refuse_change(self) -> None:
        """Raise AuditError where the file is not as it was when it was hashed."""
        refuse_change(self.path, self.name, self.content.state)

    def put_in_order(self, **changes: object) -> Source:
        """The same file, with what was found out about it."""
        return replace(self, **changes)  # type: ignore[arg-type]


def discover(folder: Path, exports: Collection[Path] = ()) -> list[Source]:
    """The files of a source folder, table by table, in the order of their names, each hashed.

    Args:
        folder: the source folder.
        exports: files that are exports of named systems, and no tables whatever they are called.

    Raises:
        AuditError: no such folder, no file for any table in it, an import into it that was cut off, or a file that
            cannot be read.
    """
    if not folder.is_dir():
        raise AuditError("no such folder", file=folder, fix="Give the folder that holds the registers and logs.")
    if cut_off := sorted(folder.glob(UNFINISHED.format("*"))):
        fix = f"Run it again, with --out {folder}."
        raise AuditError("an import into this folder was cut off", file=cut_off[0], fix=fix)
    try:
        found = [
            _hashed(contract, path, folder)
            for contract in load_contracts().values()
            for path in sorted(_candidates(folder, contract.table))
            if path not in exports
        ]
    except OSError as e:
        raise AuditError(f"cannot be read: {e.strerror}", file=folder) from None
    if not found and not any(path.is_relative_to(folder) for path in exports):
        raise AuditError(
            "no file for any table here",
            file=folder,
            expected="files such as consents.csv or processing_events-2026-07.csv.gz, or a sources.toml",
        )
    return found


def new_of(sources: Sequence[Source], settled: Sequence[Mapping[str, Any]], messages: list[str]) -> list[Source]:
    """The files that were not loaded yet, each once.

    Args:
        sources: the files.
        settled: those that were loaded, as the manifest names them.
        messages: is told of files that were loaded already.
    """
    known = {(f["table"], f["sha256"], f.get("rows")) for f in settled}
    otherwise = {(f["table"], f["sha256"]) for f in settled}
    new = []
    for source in sources:
        name = f"{source.name} ({source.table})" if source.imported else source.name
        if source.identity in known:
            messages.append(f"{name}: loaded already, nothing to do")
            continue
        if source.imported and (source.table, source.sha256) in otherwise:
            messages.append(f"{name}: loaded before and read in another way now; its rows are compared one by one")
        known.add(source.identity)
        new.append(source)
    return new


def _candidates(folder: Path, table: str) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith((f"{table}.", f"{table}-")) and _ENDING.search(path.name):
            yield path
        elif path.name == table and path.is_dir():
            yield from (p for p in path.iterdir() if _ENDING.search(p.name))


def strangers(folder: Path, exports: Collection[Path] = ()) -> list[str]:
    """What to say of files in a source folder that look like data, or a table's, and are neither its nor an export."""
    tables = load_contracts()
    said = []
    for path in folder.iterdir():
        is_named = path.name.startswith(tuple(f"{t}{sign}" for t in tables for sign in ".-"))
        is_data = _ENDING.search(path.name) is not None
        if path in exports or _of_import(path) or path.name.startswith(".") or (is_named and is_data):
            continue
        if path.name in tables and path.is_dir():
            parts = (p for p in path.iterdir() if not _ENDING.search(p.name) and not p.name.startswith("."))
            said += [f"{path.name}/{printable(p.name)}: {_OF_NO_FORM}" for p in parts]
        elif is_named or path.name in tables:
            said.append(f"{printable(path.name)}: {_OF_NO_FORM}")
        elif is_data:
            said.append(f"{printable(path.name)}: no table has this name; left out")
    return sorted(said)


def refused_by_imports(folder: Path) -> list[str]:
    """What ``audit import`` could not make a row of, for each file of it in a source folder: no table has it."""
    return [
        f"{printable(path.name)}: records that audit import refused, with their reasons; they are in no table"
        for path in sorted(folder.iterdir())
        if _of_import(path)
    ]


def _of_import(path: Path) -> bool:
    """Whether a file is what an import refused: the import's manifest stands beside it."""
    system = path.name.removeprefix("rejected-").removesuffix(".csv")
    return path.name == f"rejected-{system}.csv" and path.with_name(f"import-{system}.json").is_file()


def refuse_name(path: Path) -> None:
    """Raise AuditError where a path is not UTF-8: the engine cannot open it, nor a manifest hold it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise AuditError("its name is not UTF-8", file=path, fix="Give it another name.") from None


def _hashed(contract: Contract, path: Path, folder: Path) -> Source:
    refuse_name(path)
    match = _ENDING.search(path.name)
    assert match
    form = {"ndjson": "jsonl"}.get(match["form"], match["form"])
    name = printable(path.relative_to(folder).as_posix())
    if form == "xlsx" and contract.kind == "log":
        raise AuditError("a log cannot be a spreadsheet", file=name, fix="Export it as CSV.")
    if not path.is_file():
        raise AuditError("not a file", file=name, expected=f"a file, or a folder {contract.table} of files")
    return Source(contract.table, path, name, form, read_through(path, name, form))
