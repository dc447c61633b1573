"""What accounting, payroll and benefits have in common: records that a partner holds, and their disclosure to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from audit.sources.systems.export import Context, Export, Row
from audit.strict import Table


@dataclass(frozen=True)
class Partner:
    """Who holds the records, why, and what kind of data they are."""

    recipient_id: str | None
    activity_id: str | None
    data_category: str

    @classmethod
    def of(cls, table: Table, data_category: str) -> Partner:
        """The keys ``recipient_id``, ``activity_id`` and ``data_category`` of a source's settings."""
        category = table.optional("data_category") or data_category
        return cls(table.optional("recipient_id"), table.optional("activity_id"), category)


def settings(table: Table, key: str, default: Mapping[str, str]) -> Mapping[str, str]:
    """A table of texts, or what holds where it is left out."""
    if key not in table:
        return default
    with table.table(key) as inner:
        return {name: inner.text(name) for name in inner}


def row(export: Export, line: int, table: str, **values: str | None) -> Row:
    """A row of what is known of these values."""
    return Row(export, line, table, {name: value for name, value in values.items() if value is not None})


def disclosure(
    export: Export,
    line: int,
    context: Context,
    partner: Partner,
    *,
    at: str,
    subject_id: str | None,
    category: str | None,
    actor_id: str | None = None,
    record_id: str | None = None,
) -> Row:
    """The event that a person's data of a category went to the partner.

    All that goes at one instant is one event, unless the records are named.

    Args:
        export: the file.
        line: where it tells of the person.
        context: whose system it is.
        partner: who got the data.
        at: when, in ISO 8601.
        subject_id: whose data; None where the file has persons but does not tell them apart.
        category: the data's; None where those of the activity say it.
        actor_id: who sent it.
        record_id: the record that went.
    """
    key = (at, subject_id, category, actor_id, record_id, context.client_id, partner.recipient_id, partner.activity_id)
    return row(
        export,
        line,
        "processing_events",
        event_id=context.pseudonyms.record(context.system_id, "disclosure", *(part or "" for part in key)),
        occurred_at=at,
        system_id=context.system_id,
        activity_id=partner.activity_id,
        client_id=context.client_id,
        subject_id=subject_id,
        operation="disclose",
        actor_id=actor_id,
        recipient_id=partner.recipient_id,
        data_category=category,
    )


def iso_day(written: str) -> str | None:
    """The day of a date or an instant in ISO 8601; None where it is neither."""
    instant = iso_instant(written)
    return instant[:10] if instant else None


def iso_instant(written: str) -> str | None:
    """A date or an instant as contracts take it; None where it is neither.

    The name of a zone that may follow in brackets, as ``2012-04-01T08:00+02:00[Europe/Stockholm]``, goes: the offset
    says it.
    """
    stamp, _, _ = written.strip().partition("[")
    try:
        return date.fromisoformat(stamp).isoformat() if len(stamp) == 10 else datetime.fromisoformat(stamp).isoformat()
    except ValueError:
        return None
