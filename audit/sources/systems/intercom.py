"""Intercom: contacts, conversations, the admins' log and deletions as its API answers, and its export job's receipts.

Read are single objects and lists of API 2.11, as JSON or JSON Lines, and the CSV of the content export job. What each
word of Intercom means stands in intercom.toml.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from audit.errors import AuditError
from audit.sources.systems.csv_records import CsvForm, csv_header, csv_records
from audit.sources.systems.export import Context, Export, Item, System
from audit.sources.systems.intercom_conversation import conversation
from audit.sources.systems.intercom_options import Known, Options, options, words
from audit.sources.systems.intercom_rows import Source
from audit.sources.systems.json_fields import FieldError, Maker, Object, inner, needed, needed_epoch, text
from audit.sources.systems.json_records import Around, JsonFile
from audit.sources.systems.pages import ALL_PAGES, refuse_gaps

_LISTS = ("data", "conversations", "activity_logs", "admins", "tickets", "customers")
RECEIPT = ("user_id", "email", "content_type", "receipt_id", "received_at", "first_unsubscribe")
_OTHER_CSV = "row of a CSV that is no content export"
# The table whose row is missing where a record of a kind cannot be read.
_TABLES = {"contact": "identities", "conversation": "processing_events", "activity_log": "processing_events",
           "deletion": "processing_events", "receipt": "processing_events"}  # fmt: skip


def _rows(exports: Sequence[Export], context: Context, chosen: Options) -> Iterator[Item]:
    """What the exports give.

    Raises:
        AuditError: a file is not JSON or not the export job's CSV, or holds an error's answer; a list says that there
            is a next or a former page, and it is not given; a subscription type's name in the settings means none or
            several.
    """
    known = _known([e for e in exports if not _is_csv(e)])
    purposes = known.purposes(chosen)
    for export in exports:
        for line, record in _records(export):
            maker = Maker(export, line, context)
            if isinstance(record, dict):
                yield from items(Source(maker, chosen, known, purposes), record)
            elif _is_csv(export):
                yield maker.refused("processing_events", None, "malformed")
            else:
                yield maker.aside("unknown")


def _is_csv(export: Export) -> bool:
    return ".csv" in export.path.suffixes


def _records(export: Export) -> Iterator[tuple[int, Any]]:
    if not _is_csv(export):
        yield from ((record.line, record.value) for record in JsonFile(export, *_LISTS))
        return
    header = csv_header(export, CsvForm())
    is_receipts = not header or not set(RECEIPT).isdisjoint(header)
    for record in csv_records(export, RECEIPT if is_receipts else header[:1], CsvForm()):
        if is_receipts:
            yield record.line, dict(zip(RECEIPT, record.cells, strict=True)) if record.cells else None
        else:
            yield record.line, {"type": _OTHER_CSV}


def items(source: Source, record: Object) -> Iterator[Item]:
    """What a record gives by its kind: rows, or why there are none."""
    kind = _kind(record)
    try:
        match kind:
            case "contact":
                yield from source.contact(record)
            case "conversation":
                yield from conversation(source, record)
            case "activity_log":
                yield from source.activity(record)
            case "deletion":
                yield from source.deletion(_deletion(record))
            case "receipt":
                yield from source.receipt(record)
            case _:
                yield source.maker.aside(kind)
    except FieldError as error:
        yield source.maker.refused(_TABLES[kind], error.column, error.reason)


def _kind(record: Object) -> str:
    """What a record is. The API gives most objects a type, and the answer to a deletion that of what was deleted."""
    named = record.get("type") or record.get("object")
    if "receipt_id" in record:
        return "receipt"
    if "activity_type" in record:
        return "activity_log"
    if "job_identifier" in record:
        return "export_job"
    if named in ("contact", "user", "lead"):
        return _kind_of_contact(record)
    if named == "notification_event" and record.get("topic") == "contact.deleted":
        return "deletion"
    if named == "conversation":
        return "conversation"
    if named == _OTHER_CSV:
        return _OTHER_CSV
    if named == "subscription":
        return "subscription type"
    return named if isinstance(named, str) and named in words().other_objects else "unknown"


def _kind_of_contact(record: Object) -> str:
    if record.get("deleted"):
        return "deletion"
    if "created_at" in record:
        return "contact"
    # Archived data is still held, and can be brought back.
    return "archived or restored contact" if "archived" in record else "contact by its id only"


def _deletion(record: Object) -> Object:
    """A deletion's contact and instant: a notification has its own instant, an answer none unless it was noted."""
    if record.get("type") != "notification_event":
        return record
    item = inner(inner(record, "data"), "item")
    return {"id": item.get("id"), "deleted_at": record.get("created_at")}


def _known(exports: Sequence[Export]) -> Known:
    """What records tell about others, from a first reading; and that no page is missing."""
    known, pages = Known(), _Pages()
    for export in exports:
        file = JsonFile(export, *_LISTS)
        for record in file:
            if isinstance(record.value, dict):
                if record.value.get("type") == "error.list":
                    raise AuditError(
                        "an error that Intercom answered", file=export.name, line=record.line, fix=ALL_PAGES
                    )
                _learn(known, record.value)
        for around in file.around:
            pages.add(export, around)
    pages.check()
    return known


def _learn(known: Known, record: Object) -> None:
    try:
        match _kind(record):
            case "subscription type":
                name = text(inner(record, "default_translation"), "name")
                known.types[needed(record, "id")] = (text(record, "consent_type"), name)
            case "deletion":
                deletion = _deletion(record)
                known.deleted[needed(deletion, "id")] = needed_epoch(deletion, "deleted_at")
    except FieldError:
        pass  # the second reading says so


class _Pages:
    """The pages of lists: one that says there is another needs it, or contacts would go uncounted."""

    def __init__(self) -> None:
        self._given: Counter[tuple[str, int]] = Counter()
        self._after: list[tuple[Export, int, tuple[str, int]]] = []
        self._before: list[tuple[Export, int, tuple[str, int]]] = []

    def add(self, export: Export, around: Around) -> None:
        """Note a list's page."""
        list_type = str(around.beside.get("type"))
        pages = around.beside.get("pages")
        if not isinstance(pages, dict):
            return
        page = pages.get("page")
        page = page if isinstance(page, int) else 0
        self._given[list_type, page] += 1
        if pages.get("next"):
            self._after.append((export, around.line, (list_type, page + 1)))
        if page > 1:
            self._before.append((export, around.line, (list_type, page - 1)))

    def check(self) -> None:
        """Raise AuditError for the first page whose next one was not given, or the one before it."""
        refuse_gaps(self._given, self._after, "the list says that there is a next page", "pages.next")
        refuse_gaps(self._given, self._before, "the list says that there is a former page", "pages.page")


SYSTEM = System(
    name="intercom",
    title="Intercom: API 2.11 as JSON or JSON Lines, and the CSV of its content export job",
    endings=(".json", ".jsonl", ".ndjson", ".csv"),
    options=options,
    rows=_rows,
)
