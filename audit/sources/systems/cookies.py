"""The website: scans of the Website Evidence Collector, HTTP archives, and the log of the consent banner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

from audit.errors import AuditError
from audit.sources.systems.cookie_banner import banner_items
from audit.sources.systems.cookie_database import CookieDatabase, is_database, read_entries
from audit.sources.systems.cookie_har import ENTRIES, HarReader
from audit.sources.systems.cookie_options import Options
from audit.sources.systems.cookie_scan import is_scan, scan_items
from audit.sources.systems.export import Aside, Context, Export, Item, System
from audit.sources.systems.json_records import JsonFile

_ENDINGS = (".har", ".json", ".csv", ".jsonl", ".ndjson")
_VISITS = (".har", ".json")


def _rows(exports: Sequence[Export], context: Context, options: Options) -> Iterator[Item]:
    databases = [export for export in exports if _ending(export) == ".csv" and is_database(export)]
    entries = [(export, line, entry) for export in databases for line, entry in read_entries(export)]
    for export, line, _ in entries:
        yield Aside(export, line, "entry of a cookie database")
    known = replace(options, database=CookieDatabase(entry for _, _, entry in entries))
    for export in exports:
        if export not in databases:
            reading = _visits if _ending(export) in _VISITS else banner_items
            yield from reading(export, context, known)


def _ending(export: Export) -> str:
    return PurePath(export.name.lower().removesuffix(".gz").removesuffix(".zst")).suffix


def _visits(export: Export, context: Context, options: Options) -> Iterator[Item]:
    """A scan or an archive: both are JSON, and told apart by what is in them."""
    file, archive = JsonFile(export, ENTRIES), HarReader(export, context, options)
    is_empty = True
    for record in file:
        is_empty = False
        if record.list:
            yield from archive.items(record)
        elif is_scan(record.value):
            yield from scan_items(export, record, context, options)
        else:
            raise _neither(export, record.line)
    if is_empty and not file.around:
        raise _neither(export, 1)


def _neither(export: Export, line: int) -> AuditError:
    return AuditError(
        "neither a scan nor an archive",
        file=export.name,
        line=line,
        expected="inspection.json of the Website Evidence Collector, or a HAR file",
    )


SYSTEM = System(
    name="cookies",
    title="a website: Website Evidence Collector, HAR, consent banner log",
    endings=_ENDINGS,
    options=Options.of,
    rows=_rows,
)
