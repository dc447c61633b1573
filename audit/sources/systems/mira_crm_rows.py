"""Which rows a record of each file of a CRM's export gives (docs/importing.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from audit.sources.systems.dates import local_day
from audit.sources.systems.export import Context
from audit.sources.systems.flat_file import Columns, Flat
from audit.sources.systems.json_fields import FieldError
from audit.sources.systems.mira_crm_columns import COLUMNS
from audit.sources.systems.mira_crm_options import CHANNELS, Options
from audit.sources.systems.vocabulary import vocabulary

Values = dict[str, str]
Made = tuple[str, Values]
_PREFERENCES = vocabulary("communication_preferences", "preference")
_PREFERENCE_CHANNELS = vocabulary("communication_preferences", "channel")
_DISPOSALS = {"erased": "erase", "anonymised": "anonymise", "returned": "erase"}


class Mailing(NamedTuple):
    """What the recipients of a mailing have in common."""

    sent_at: str | None
    channel: str
    client_id: str | None
    activity_id: str | None
    sent_by: str | None


@dataclass
class Crm:
    """An export while it is read: what its small files said, by which the large ones are read."""

    context: Context
    options: Options
    mailings: dict[str, Mailing] = field(default_factory=dict)
    categories: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        external = partial(self.context.pseudonyms.external, self.context.system_id)
        # A contact's id to its pseudonym, from which ``identities`` leads to the person. The same contacts get mailing
        # after mailing: what is kept is some tens of megabytes.
        self.external = lru_cache(maxsize=1 << 17)(external)

    def subject(self, record: Flat) -> str:
        """Whose record it is: by e-mail address, the same in every system, or else by the contact's id."""
        email, contact_id = record.text("email"), record.needed("contact_id")
        if email is None:
            return self.external(contact_id)
        if "@" not in email:
            raise FieldError("email", "unparsable")
        return self.context.pseudonyms.email(email)

    def client(self, record: Flat) -> str | None:
        """Whose data it is."""
        return record.plain("client_id") or self.context.client_id

    def actor(self, record: Flat, column: str) -> str | None:
        """The member of staff in a column."""
        actor = record.text(column)
        return self.context.pseudonyms.actor(self.context.system_id, actor) if actor else None

    def category(self, record: Flat, kind: str) -> str | None:
        """A contact's category: by its id, where the categories were exported too, or in words."""
        value = record.plain(f"{kind}_category")
        if value is None or not self.categories:
            return value
        name = self.categories.get((kind, value))
        if name is None:
            raise FieldError(f"{kind}_category", "not_in_vocabulary")
        return name

    def event(self, file: str, record: Flat, what: tuple[str, ...], at: str, **more: str | None) -> Made:
        """A processing event; ``what`` tells it from all others of the file."""
        values = {
            "event_id": self.context.pseudonyms.record(self.context.system_id, file, *what),
            "occurred_at": at,
            "system_id": self.context.system_id,
            "activity_id": record.plain("processing_activity") or self.options.processing_activities.get(file),
            "data_category": self.options.data_categories.get(file),
        } | more
        return "processing_events", _known(values)


def _known(values: Mapping[str, str | None]) -> Values:
    return {name: value for name, value in values.items() if value is not None}


def _day(record: Flat, column: str, crm: Crm) -> str | None:
    """The local day of a date or an instant."""
    iso = record.instant(column)
    if iso is None or len(iso) == 10:
        return iso
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        raise FieldError(column, "unparsable") from None
    return local_day(at, crm.context.zone).isoformat()


def _contact(record: Flat, crm: Crm) -> Iterator[Made]:
    subject_id, client_id, contact_id = crm.subject(record), crm.client(record), record.needed("contact_id")
    external_id, system_id = crm.external(contact_id), crm.context.system_id
    person, created_at = crm.category(record, "person"), record.needed_instant("created_at")
    whose = {"subject_id": subject_id, "client_id": client_id}
    subject = whose | {
        "person_category": person,
        "collaboration_category": crm.category(record, "collaboration"),
        "registered_on": _day(record, "created_at", crm),
        "relationship_ended_on": _day(record, "relationship_ended_on", crm),
    }
    yield "subjects", _known(subject)
    if external_id != subject_id:
        yield "identities", {"system_id": system_id, "external_id": external_id, "subject_id": subject_id}
    deleted_at = record.instant("deleted_at")
    disposal = (record.word("disposal", tuple(_DISPOSALS)) or "erased") if deleted_at else None
    held = whose | {
        "record_id": crm.context.pseudonyms.record(system_id, "contact", contact_id),
        "system_id": system_id,
        "person_category": person,
        "data_category": crm.options.data_categories["contacts"],
        "collected_at": created_at,
        "last_activity_at": record.instant("last_activity_at"),
        "disposed_at": deleted_at,
        "disposal": disposal,
    }
    yield "data_records", _known(held)
    changed_at = record.instant("changed_at")
    steps = (("collect", created_at, "created_by"), ("rectify", changed_at, "changed_by"),
             (_DISPOSALS.get(disposal or "", ""), deleted_at, "deleted_by"))  # fmt: skip
    for operation, at, by in steps:
        if at and (operation != "rectify" or at != created_at):
            done = {"operation": operation, "actor_id": crm.actor(record, by)}
            yield crm.event("contacts", record, (contact_id, operation, at), at, **whose, **done)


def _activity(record: Flat, crm: Crm) -> Iterator[Made]:
    at, written = record.needed_instant("occurred_at"), record.needed("type").lower()
    if written not in crm.options.types:
        raise FieldError("type", "not_in_vocabulary")
    operation, channel = crm.options.types[written]
    if operation == "contact":
        channel = record.word("channel", CHANNELS) or channel
        if record.word("direction", ("in", "out")) == "in":
            # The person called or wrote: their data is collected, they are not contacted.
            operation, channel = "collect", None
    yield crm.event(
        "activities",
        record,
        (record.needed("activity_id"),),
        at,
        client_id=crm.client(record),
        subject_id=crm.external(record.needed("contact_id")),
        operation=operation,
        channel=channel,
        actor_id=crm.actor(record, "user"),
        recipient_id=record.plain("recipient_id"),
    )


def _recipient(record: Flat, crm: Crm) -> Iterator[Made]:
    if record.text("status") in crm.options.not_sent:
        return
    mailing_id, contact_id = record.needed("mailing_id"), record.needed("contact_id")
    # Without the file of mailings: an e-mail, of which each recipient's row says when.
    mailing = crm.mailings.get(mailing_id) or Mailing(None, "email", crm.context.client_id, None, None)
    sent_at = record.instant("sent_at") or mailing.sent_at
    if sent_at is None:
        raise FieldError("sent_at", "missing")
    whose = {"client_id": mailing.client_id, "subject_id": crm.external(contact_id)}
    if mailing.activity_id:
        whose["activity_id"] = mailing.activity_id
    yield crm.event(
        "mailing_recipients",
        record,
        (mailing_id, contact_id, "sent"),
        sent_at,
        operation="contact",
        channel=mailing.channel,
        actor_id=mailing.sent_by,
        **whose | {"data_category": crm.options.data_categories["contacts"]},
    )
    for step in ("opened", "clicked"):
        if at := record.instant(f"{step}_at"):
            what = (mailing_id, contact_id, step)
            yield crm.event("mailing_recipients", record, what, at, operation="collect", **whose)


def _registration(record: Flat, crm: Crm) -> Iterator[Made]:
    registration_id, subject_id = record.needed("registration_id"), crm.external(record.needed("contact_id"))
    whose = {"client_id": crm.client(record), "subject_id": subject_id, "operation": "collect"}
    registered_at, attended_at = record.needed_instant("registered_at"), record.instant("attended_at")
    yield crm.event("event_registrations", record, (registration_id, "registered"), registered_at, **whose)
    if attended_at:
        yield crm.event("event_registrations", record, (registration_id, "attended"), attended_at, **whose)


def _preference(record: Flat, crm: Crm) -> Iterator[Made]:
    written = record.needed("status")
    decision, purpose = crm.options.decisions.get(written), record.plain("purpose")
    if decision is None or (decision in _PREFERENCES) == bool(purpose):
        raise FieldError("status", "not_in_vocabulary")
    whose = {
        "subject_id": crm.subject(record),
        "client_id": crm.client(record),
        "effective_at": record.needed_instant("decided_at"),
    }
    preference_id = record.needed("preference_id")
    if purpose is None:
        channel = record.word("channel", _PREFERENCE_CHANNELS)
        if channel is None:
            raise FieldError("channel", "missing")
        yield "communication_preferences", _known(whose | {"channel": channel, "preference": decision})
        return
    consent = whose | {
        "consent_id": crm.context.pseudonyms.record(crm.context.system_id, "preference", preference_id),
        "purpose": purpose,
        "status": decision,
    }
    consent |= {name: record.instant(name) for name in ("expires_at", "recorded_at")}
    consent |= {name: record.plain(name) for name in ("notice_version", "method", "evidence_ref")}
    yield "consents", _known(consent)


def _mailing(record: Flat, crm: Crm) -> Iterator[Made]:
    crm.mailings[record.needed("mailing_id")] = Mailing(
        sent_at=record.instant("sent_at"),
        channel=record.word("channel", CHANNELS) or "email",
        client_id=crm.client(record),
        activity_id=record.plain("processing_activity"),
        sent_by=crm.actor(record, "sent_by"),
    )
    yield from ()


def _category(record: Flat, crm: Crm) -> Iterator[Made]:
    kind, name = record.word("kind", ("person", "collaboration")), record.plain("name")
    if kind is None or name is None:
        raise FieldError("kind" if kind is None else "name", "missing")
    # A contact may name its category by either.
    crm.categories |= {(kind, record.needed("category_id")): name, (kind, name): name}
    yield from ()


@dataclass(frozen=True)
class File:
    """A file of the export.

    Attributes:
        make: gives the rows of a record.
        table: of which a record that cannot be read is refused.
        aside: what is said of a record that gives no row.
    """

    columns: Columns
    make: Callable[[Flat, Crm], Iterator[Made]]
    table: str
    aside: str = ""


# In the order in which they are read: the first two are small, and the others refer to them.
FILES: Mapping[str, File] = {
    "categories": File(COLUMNS["categories"], _category, "subjects", "category, by which contacts are named"),
    "mailings": File(COLUMNS["mailings"], _mailing, "processing_events", "mailing, of which its recipients tell"),
    "contacts": File(COLUMNS["contacts"], _contact, "subjects"),
    "activities": File(COLUMNS["activities"], _activity, "processing_events"),
    "mailing_recipients": File(
        COLUMNS["mailing_recipients"], _recipient, "processing_events", "mailing that was not sent"
    ),
    "event_registrations": File(COLUMNS["event_registrations"], _registration, "processing_events"),
    "preferences": File(COLUMNS["preferences"], _preference, "consents"),
}
