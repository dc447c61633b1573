"""Exports of named systems within a load: each becomes, for every table it has rows for, a file the loader reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from audit.contract import load_contracts
from audit.errors import AuditError
from audit.folder import sha256
from audit.pseudonyms import Pseudonyms
from audit.snapshot import Snapshot, digest
from audit.sources.content import Content, read_through, refuse_change
from audit.sources.files import Imported, Source
from audit.sources.mapping import Batch
from audit.sources.reading import Tally, cell, items
from audit.sources.systems.export import Aside, Context, Export, Refused, Row
from audit.sources.typed import REASONS


@dataclass(frozen=True)
class Hashed:
    """An export and what was found when it was hashed."""

    export: Export
    content: Content

    @classmethod
    def of(cls, export: Export) -> Hashed:
        """Raises AuditError where the file cannot be read."""
        return cls(export, read_through(export.path, export.name))

    def refuse_change(self) -> None:
        """Raise AuditError where the file is not as it was when it was hashed."""
        refuse_change(self.export.path, self.export.name, self.content.state)


class Imports:
    """The exports that a load has to read: those of batches that are not in the database yet.

    Args:
        batches: what the source folders' ``sources.toml`` name.
        before: the database as it is.
        settled: the files loaded into it that need not be read again, as its manifest names them.
        pseudonyms: those of the key in use; None where there is no batch.

    Raises:
        AuditError: the database was loaded under another key, or an export cannot be read.
    """

    def __init__(
        self,
        batches: Sequence[Batch],
        before: Snapshot,
        settled: Sequence[Mapping[str, Any]],
        pseudonyms: Pseudonyms | None,
    ) -> None:
        self.messages: list[str] = []
        self._fresh: list[tuple[Batch, Mapping[Export, Hashed], str]] = []
        if not batches:
            return
        if pseudonyms is None:
            raise AuditError("exports need a key for pseudonyms", fix="Make one: audit keys init")
        if before.key_id not in (None, pseudonyms.key_id):
            raise AuditError(
                f"this database was loaded with another key than {pseudonyms.key_id}: persons would not be recognised",
                file=before.folder,
                expected=f"key {before.key_id}",
                fix="Name its key file with --keys, or load all sources into a new --db.",
            )
        self._pseudonyms = pseudonyms
        of_settled = {f["source_id"] for f in settled}
        unsettled = {f["sha256"] for f in before.files if f["source_id"] not in of_settled}
        known = {e["batch"] for e in before.exports} - {e["batch"] for e in before.exports if e["sha256"] in unsettled}
        for batch in batches:
            hashed = {export: Hashed.of(export) for export in batch.exports}
            name = digest([batch.mapping, pseudonyms.key_id, sorted(h.content.sha256 for h in hashed.values())])
            if name in known:
                self.messages += [f"{export.name}: loaded already, nothing to do" for export in batch.exports]
            else:
                self._fresh.append((batch, hashed, name))

    def __bool__(self) -> bool:
        return bool(self._fresh)

    def unpack(
        self, zone: ZoneInfo, desk: Path, progress: Callable[[str, int, int], None]
    ) -> tuple[list[Source], list[dict[str, Any]]]:
        """Read the exports: what they give for each table, and what the manifest says of each of them.

        Args:
            zone: the organisation's, for times without an offset.
            desk: a folder for the files made of them.
            progress: called with a system's name, batches done and batches in all.

        Raises:
            AuditError: an export cannot be read, or changed meanwhile.
        """
        sources: list[Source] = []
        exports: list[dict[str, Any]] = []
        for number, (batch, hashed, name) in enumerate(self._fresh):
            progress(batch.system.name, number, len(self._fresh))
            context = Context(self._pseudonyms, zone, batch.system_id, batch.client_id)
            folder = desk / f"exports-{number}"
            folder.mkdir()
            sheets, tallies = _read(batch, context, folder)
            for h in hashed.values():
                h.refuse_change()
            sources += [sheet.source(hashed[sheet.export], batch.mapping) for sheet in sheets]
            read_as = {
                "system": batch.system.name,
                "system_id": batch.system_id,
                "client_id": batch.client_id,
                "mapping": batch.mapping,
                "key_id": self._pseudonyms.key_id,
                "batch": name,
            }
            for export, tally in tallies.items():
                self.messages += aside_of(tally)
                exports.append(record_of(hashed[export], tally) | read_as)
        return sources, exports


def record_of(hashed: Hashed, tally: Tally) -> dict[str, Any]:
    """An export as a manifest names it, and what it gave."""
    return {"path": hashed.export.name, "sha256": hashed.content.sha256, "bytes": hashed.content.size} | tally.record()


def aside_of(tally: Tally) -> list[str]:
    """What of an export no table takes, in words."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.aside.items()))
    return [f"{tally.export.name}: set aside, as no table takes them: {kinds}"] if kinds else []


def _read(batch: Batch, context: Context, folder: Path) -> tuple[list[_Sheet], dict[Export, Tally]]:
    """Write what the exports of a batch give, each one's rows of each table into files of their own."""
    sheets: dict[Export, dict[str, _Sheet]] = {}
    tallies = {export: Tally(export) for export in batch.exports}
    current, number = None, 0
    with ExitStack() as opened:
        for item in items(batch, context):
            if item.export is not current:
                # The files of one export at a time are open: there may be hundreds of exports.
                opened.close()
                current, tally, of_export = item.export, tallies[item.export], sheets.setdefault(item.export, {})
            tally.add(item)
            if isinstance(item, Aside):
                continue
            sheet = of_export.get(item.table)
            if sheet is None:
                number += 1
                sheet = of_export[item.table] = _Sheet(item.export, item.table, folder / f"{number}-{item.table}")
            if not sheet.is_open:
                opened.enter_context(sheet)
            sheet.take(item)
    return [sheet for of_export in sheets.values() for sheet in of_export.values()], tallies


class _Sheet:
    """What an export gives for a table: a file of rows, one of how their lines run, and one of refused records.

    The lines are kept as the loader keeps them: from which row on (from 0) the line is how much more than the row's
    number.
    """

    def __init__(self, export: Export, table: str, stem: Path) -> None:
        self.export, self.table = export, table
        self.columns = tuple(c.name for c in load_contracts()[table].columns)
        self._known = frozenset(self.columns)
        self.rows = self.refused = self._delta = 0
        self.is_open = False
        self.paths = [stem.with_name(f"{stem.name}-{part}.csv") for part in ("rows", "shifts", "refused")]
        headers = (self.columns, ("from_record", "delta"), ("line", "column_name", "reason", "row_text"))
        for path, header in zip(self.paths, headers, strict=True):
            path.write_text(",".join(header) + "\n", encoding="utf-8")

    def __enter__(self) -> _Sheet:
        # A character that cannot be written (half of one, from a broken escape) becomes a question mark.
        self._files = [path.open("a", encoding="utf-8", errors="replace", newline="") for path in self.paths]
        self._rows, self._shifts, self._refused = (
            csv.writer(f, quoting=csv.QUOTE_ALL, lineterminator="\n") for f in self._files
        )
        self.is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False
        for file in self._files:
            file.close()

    def take(self, item: Row | Refused) -> None:
        """Write a row, or keep why there is none."""
        if isinstance(item, Refused):
            assert item.reason in REASONS, "an importer gives one of the known reasons"
            kept = json.dumps(dict(item.kept), ensure_ascii=False)
            self._refused.writerow([item.line, item.column or "", item.reason, kept])
            self.refused += 1
            return
        assert item.values.keys() <= self._known, "an importer gives columns of the contract"
        delta = item.line - 1 - self.rows
        if delta != self._delta:
            self._shifts.writerow([self.rows, delta])
            self._delta = delta
        values = map(item.values.get, self.columns, repeat(""))
        self._rows.writerow([value if type(value) is str else cell(value) for value in values])
        self.rows += 1

    def source(self, hashed: Hashed, mapping: str) -> Source:
        """The file of rows, as the loader takes it: under the export's own name."""
        rows, shifts, refused = self.paths
        return Source(
            self.table,
            path=hashed.export.path,
            name=hashed.export.name,
            form="import",
            content=hashed.content,
            columns=dict.fromkeys(self.columns, "VARCHAR"),
            read_path=rows,
            imported=Imported(
                shifts, refused, self.rows, self.refused, mapping, digest([sha256(rows), sha256(refused)])
            ),
        )
