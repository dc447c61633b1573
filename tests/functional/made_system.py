"""A system of our own making, whose export shows everything an importer may do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from audit.sources.systems.export import Aside, Context, Export, Item, Refused, Row, System
from audit.strict import Table

# Lines of: kind;id;e-mail;name;phone;personal number;day
PERSON, NOTE, EVENT = "person", "note", "event"


def _options(table: Table) -> dict[str, str]:
    names = table.text("purpose") if "purpose" in table else "marketing"
    if "words" in table:
        with table.table("words") as words:
            return {"purpose": names, "given": words.text("given")}
    return {"purpose": names, "given": "given"}


def _rows(exports: Sequence[Export], context: Context, options: dict[str, str]) -> Iterator[Item]:
    for export in exports:
        with export.text() as text:
            for line, record in enumerate(text, start=1):
                if record.strip():
                    yield from _record(export, line, record.rstrip("\r\n").split(";"), context, options)


def _record(export: Export, line: int, cells: list[str], context: Context, options: dict[str, str]) -> Iterator[Item]:
    kind, key, email, name, phone, number, day = cells
    pseudonyms, of_client = context.pseudonyms, {"client_id": context.client_id} if context.client_id else {}
    if kind == NOTE:
        yield Aside(export, line, "note")
    elif not (email or phone or name or number):
        yield Refused(export, line, "subjects", "email", "missing", {"id": pseudonyms.external(context.system_id, key)})
    else:
        subject = pseudonyms.email(email) if email else pseudonyms.personal_number(number) if number else (
            pseudonyms.phone(phone) if phone else pseudonyms.name(name))  # fmt: skip
        known: dict[str, Any] = {"subject_id": subject, **of_client}
        if kind == EVENT:
            external = pseudonyms.external(context.system_id, key)
            event = {"event_id": f"{context.system_id}-{line}", "occurred_at": day, "operation": "contact"}
            yield Row(
                export, line, "processing_events", event | {"system_id": context.system_id, "subject_id": external}
            )
            return
        yield Row(export, line, "subjects", known | {"registered_on": day})
        identity = {"external_id": pseudonyms.external(context.system_id, key), "subject_id": subject}
        yield Row(export, line, "identities", identity | {"system_id": context.system_id})
        consent = {"consent_id": f"{context.system_id}-{line}", "purpose": options["purpose"], "effective_at": day}
        yield Row(export, line, "consents", known | consent | {"status": options["given"]})


MADE = System("made", "a system of the tests' own making", (".txt",), _options, _rows)
