"""Exports of a named system turned into files of the contracts' tables: all of them, or none."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from audit.contract import load_contracts
from audit.errors import AuditError
from audit.folder import sha256, written_whole
from audit.sources.files import UNFINISHED
from audit.sources.imported import Hashed, record_of
from audit.sources.mapping import Batch
from audit.sources.reading import Tally, cell, items
from audit.sources.systems.export import Aside, Context, Export, Refused
from audit.spreadsheet import defused

_REJECTED = ("file", "line", "table", "column", "reason", "kept")


@dataclass(frozen=True)
class Conversion:
    """What was written: the names of the files, what was read of each export, and whether files were replaced."""

    files: tuple[str, ...]
    tallies: tuple[Tally, ...]
    replaced: bool

    @property
    def rows(self) -> Counter[str]:
        """The rows of each table."""
        return sum((tally.rows for tally in self.tallies), Counter())


def convert(batch: Batch, context: Context, out: Path) -> Conversion:
    """Write what exports give into a folder, all of it or nothing.

    Written are ``<table>-<system>.csv`` (RFC 4180), ``import-<system>.json`` and, where a record was refused,
    ``rejected-<system>.csv``. The files of an earlier import of the system are replaced, where nobody changed them.
    They are made whole in a folder of their own and moved from there; while it stands, nothing loads from ``out``, and
    the next import moves what a killed one did not.

    Args:
        batch: the exports.
        context: what their importer must know.
        out: the folder; made where it is not there.

    Raises:
        AuditError: an export cannot be read, or the folder cannot be written or holds other files of these names.
            Nothing was written then.
    """
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        _put_in_place(batch, out)
        old = _earlier(batch, out)
        with written_whole(_unfinished(batch, out)) as draft:
            tallies = _write(batch, context, draft)
            made = sorted(path.name for path in draft.iterdir())
            _refuse_other_files(out, set(made) - set(old))
        _put_in_place(batch, out)
        return Conversion(tuple(made), tuple(tallies), bool(old))


def written_before(system: str, out: Path) -> set[Path]:
    """The files that an earlier import of a system left in a folder: no exports, if exports lie there too."""
    try:
        names = {*_named(out / _manifest(system)), _manifest(system)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # what is no manifest is refused in its turn
        return set()
    return {(out / name).resolve() for name in names}


def _put_in_place(batch: Batch, out: Path) -> None:
    """Move a finished import to where it belongs, if one waits. What is killed here is done by the next import."""
    ready, manifest = _unfinished(batch, out), _manifest(batch.system.name)
    if not ready.is_dir():
        return
    if (ready / manifest).is_file():  # else that of the earlier import is gone, and its files were before it
        for name in set(_named(out / manifest)) - set(_named(ready / manifest)):
            (out / name).unlink(missing_ok=True)
    for path in sorted(ready.iterdir()):
        path.replace(out / path.name)
    ready.rmdir()


def _named(manifest: Path) -> Mapping[str, str]:
    """The files of an import with their hashes; none where there was no import."""
    files: Mapping[str, str] = json.loads(manifest.read_text("utf-8"))["files"] if manifest.is_file() else {}
    return {name: files[name] for name in files if Path(name).name == name}


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as e:
        raise AuditError(f"cannot write here: {e.strerror}", file=out, fix="Choose another --out.") from None


def _manifest(system: str) -> str:
    return f"import-{system}.json"


def _unfinished(batch: Batch, out: Path) -> Path:
    return out / UNFINISHED.format(batch.system.name)


def _earlier(batch: Batch, out: Path) -> list[str]:
    """The files an earlier import of the system left, its manifest among them.

    Raises:
        AuditError: the import was of other data, or somebody changed its files.
    """
    path = out / _manifest(batch.system.name)
    if not path.exists():
        return []
    try:
        manifest = json.loads(path.read_text("utf-8"))
        files = _named(path)
        same = (manifest["system_id"], manifest["client_id"]) == (batch.system_id, batch.client_id)
    except (OSError, ValueError, KeyError, TypeError):
        raise AuditError("not written by an import", file=path, fix="Choose another --out.") from None
    if not same:
        raise AuditError("here stands an import of another system_id or client", file=path, fix="Choose another --out.")
    here = sorted(name for name in files if (out / name).is_file())
    for name in here:
        if sha256(out / name) != files[name]:
            raise AuditError("changed since it was imported", file=out / name, fix="Choose another --out.")
    return [*here, path.name]


def _refuse_other_files(out: Path, names: set[str]) -> None:
    for name in sorted(names):
        if (out / name).exists():
            raise AuditError("a file of this name is there already", file=out / name, fix="Choose another --out.")


def _write(batch: Batch, context: Context, draft: Path) -> list[Tally]:
    """Write the rows, the refused records and, last, the manifest."""
    hashed = {export: Hashed.of(export) for export in batch.exports}
    tallies = {export: Tally(export) for export in batch.exports}
    with ExitStack() as opened:
        files = _Files(batch.system.name, draft, opened)
        for item in items(batch, context):
            tallies[item.export].add(item)
            if isinstance(item, Refused):
                kept = json.dumps(dict(item.kept), ensure_ascii=False)
                cells = (item.export.name, str(item.line), item.table, item.column or "", item.reason, kept)
                files.write("rejected", _REJECTED, [defused(c) for c in cells])
            elif not isinstance(item, Aside):
                columns = tuple(c.name for c in load_contracts()[item.table].columns)
                assert item.values.keys() <= set(columns), "an importer gives columns of the contract"
                files.write(item.table, columns, [cell(item.values.get(name, "")) for name in columns])
    for h in hashed.values():
        h.refuse_change()
    manifest = _as_manifest(batch, context, hashed, tallies) | {
        "files": {path.name: sha256(path) for path in sorted(draft.iterdir())}
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (draft / _manifest(batch.system.name)).write_text(text, encoding="utf-8")
    return list(tallies.values())


def _as_manifest(
    batch: Batch, context: Context, hashed: Mapping[Export, Hashed], tallies: Mapping[Export, Tally]
) -> dict[str, Any]:
    return {
        "system": batch.system.name,
        "system_id": batch.system_id,
        "client_id": batch.client_id,
        "mapping": batch.mapping,
        "key_id": context.pseudonyms.key_id,
        "exports": [record_of(hashed[export], tally) for export, tally in tallies.items()],
    }


class _Files:
    """CSV files in a folder, each opened when its first row comes."""

    def __init__(self, system: str, folder: Path, opened: ExitStack) -> None:
        self._system, self._folder, self._opened = system, folder, opened
        self._writers: dict[str, Any] = {}

    def write(self, name: str, columns: tuple[str, ...], cells: list[str]) -> None:
        if name not in self._writers:
            path = self._folder / f"{name}-{self._system}.csv"
            # A character that cannot be written (half of one, from a broken escape) becomes a question mark.
            file: TextIO = path.open("w", encoding="utf-8", errors="replace", newline="")
            self._writers[name] = csv.writer(self._opened.enter_context(file))
            self._writers[name].writerow(columns)
        self._writers[name].writerow(cells)
