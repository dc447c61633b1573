"""Mira CRM: contacts, activities, mailings, event registrations and preferences, as CSV or JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from audit.errors import AuditError
from audit.sources.systems.export import Aside, Context, Export, Item, Refused, Row, System
from audit.sources.systems.flat_file import Flat, read_flat
from audit.sources.systems.json_fields import FieldError
from audit.sources.systems.mira_crm_options import Options
from audit.sources.systems.mira_crm_rows import FILES, Crm, File

_ENDINGS = (".csv", ".jsonl", ".ndjson")


def _rows(exports: Sequence[Export], context: Context, options: Options) -> Iterator[Item]:
    crm = Crm(context, options)
    named = [(_file_of(export), export) for export in exports]
    for name, file in FILES.items():
        for export in (e for n, e in named if n == name):
            yield from _items(export, file, crm)


def _file_of(export: Export) -> str:
    """Which file of the export it is: by its name, as ``contacts-2026.csv``, or its folder's, as ``contacts/1.csv``."""
    path = PurePosixPath(export.name)
    stem = path.name.partition(".")[0].lower()
    for name in FILES:
        if stem == name or stem.startswith(f"{name}-") or path.parent.name.lower() == name:
            return name
    raise AuditError("no file of this system is called so", file=export.name, expected=f"one of {', '.join(FILES)}")


def _items(export: Export, file: File, crm: Crm) -> Iterator[Item]:
    for record in read_flat(export, file.columns, crm.options.form, crm.options.dates, file.table):
        if not isinstance(record, Flat):
            yield record
            continue
        try:
            made = list(file.make(record, crm))
        except FieldError as error:
            yield Refused(export, record.line, file.table, error.column, error.reason, {})
            continue
        if made:
            for table, values in made:
                yield Row(export, record.line, table, values)
        else:
            yield Aside(export, record.line, file.aside)


SYSTEM = System(
    name="mira_crm",
    title="Mira CRM: contacts, activities, mailings, event registrations, preferences",
    endings=_ENDINGS,
    options=Options.of,
    rows=_rows,
)
