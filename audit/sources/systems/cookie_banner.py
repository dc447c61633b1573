"""The log of a consent banner, as CSV or JSON Lines: what each visitor decided, and when (docs/importing.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audit.sources.systems.cookie_database import PURPOSES
from audit.sources.systems.cookie_options import Options
from audit.sources.systems.cookie_visit import visitor_id
from audit.sources.systems.export import Aside, Context, Export, Item, Refused, Row
from audit.sources.systems.flat_file import Columns, Flat, read_flat
from audit.sources.systems.json_fields import FieldError
from audit.sources.systems.vocabulary import vocabulary

_NEEDLESS = "necessary"
_ASKED = tuple(p for p in PURPOSES if p != _NEEDLESS)
_STATUSES = vocabulary("consents", "status")
_COLUMNS = Columns(
    required=("visitor_id", "decided_at"),
    optional=("purpose", "status", *_ASKED, "expires_at", "notice_version", "method", "recorded_at", "decision_id"),
    dropped=(_NEEDLESS, "ip", "ip_address", "user_agent", "url", "country", "language"),
)
_DATES = ("expires_at", "recorded_at")
_TEXTS = ("notice_version", "method")


def banner_items(export: Export, context: Context, options: Options) -> Iterator[Item]:
    """What a log gives: a consent for each purpose that a visitor decided on.

    Raises:
        AuditError: the file cannot be read, or a date is written as nobody declared.
    """
    for record in read_flat(export, _COLUMNS, options.form, options.dates, "consents"):
        if isinstance(record, Flat):
            yield from _decisions(record, context)
        else:
            yield record


def _decisions(record: Flat, context: Context) -> Iterator[Item]:
    export, line = record.export, record.line
    try:
        consents: list[Item] = [Row(export, line, "consents", values) for values in _consents(record, context)]
    except FieldError as error:
        yield Refused(export, line, "consents", error.column, error.reason, {})
        return
    yield from consents or [Aside(export, line, "decision on necessary cookies, which need no consent")]


def _consents(record: Flat, context: Context) -> Iterator[dict[str, str]]:
    visitor, at = record.needed("visitor_id"), record.needed_instant("decided_at")
    shared = {"subject_id": visitor_id(context, visitor), "effective_at": at}
    shared |= {name: value for name in _DATES if (value := record.instant(name))}
    shared |= {name: value for name in _TEXTS if (value := record.plain(name))}
    for purpose, status in _choices(record):
        key = ("consent", visitor, at, purpose, status, record.text("decision_id") or "")
        consent_id = context.pseudonyms.record(context.system_id, *key)
        yield shared | {"consent_id": consent_id, "purpose": f"cookies:{purpose}", "status": status}


def _choices(record: Flat) -> Iterator[tuple[str, str]]:
    """Purposes and what was decided on them: one in words, or a column each with true or false."""
    purpose, status = record.word("purpose", PURPOSES), record.word("status", _STATUSES)
    if purpose:
        if not status:
            raise FieldError("status", "missing")
        if purpose != _NEEDLESS:
            yield purpose, status
        return
    decided = {purpose: _truth(record.values, purpose) for purpose in _ASKED}
    if set(decided.values()) == {None}:
        raise FieldError("purpose", "missing")
    yield from ((p, "given" if is_given else "refused") for p, is_given in decided.items() if is_given is not None)


def _truth(values: Mapping[str, Any], column: str) -> bool | None:
    value = values.get(column)
    if value in (None, ""):
        return None
    truth = {"true": True, "false": False}.get(str(value).lower())
    if truth is None:
        raise FieldError(column, "not_in_vocabulary")
    return truth
