"""A conversation of Intercom: that it is held, who began it, and who wrote what came after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audit.sources.systems.export import Item
from audit.sources.systems.intercom_options import words
from audit.sources.systems.intercom_rows import Source
from audit.sources.systems.json_fields import FieldError, Object, epoch, inner, needed, needed_epoch, several, text


@dataclass(frozen=True)
class _Entry:
    """What somebody wrote: its name among the events, the object that has its instant, its author and activity."""

    name: str
    record: Object
    author: Object
    activity: str | None


@dataclass(frozen=True)
class _Conversation:
    source: Source
    persons: list[str]
    channel: str | None

    def message(self, entry: _Entry) -> Iterator[Item]:
        """A message: from a person it is collected; to persons it is a contact with each of them."""
        kind = text(entry.author, "type")
        meaning = words().authors.get(kind or "")
        if meaning is None:
            raise FieldError("author.type", "not_in_vocabulary" if kind else "missing")
        if meaning == "person":
            yield self.event(entry, "collect", needed(entry.author, "id"))
            return
        for person in self.persons or (None,):
            yield self.event(entry, "contact", person, self.channel)

    def event(self, entry: _Entry, operation: str, person: str | None, channel: str | None = None) -> Item:
        source = self.source
        subject_id = source.person(person) if person else None
        is_staff = text(entry.author, "type") == "admin"  # a team or a bot is no person
        return source.event(
            f"{entry.name}/{subject_id}" if subject_id else entry.name,
            operation,
            lambda: {
                "occurred_at": needed_epoch(entry.record, "created_at"),
                "actor_id": source.actor(entry.author) if is_staff else None,
            },
            activity_id=entry.activity,
            subject_id=subject_id,
            channel=channel,
            data_category=source.options.conversation_data,
        )

    def part(self, part: Object) -> Iterator[Item]:
        """What came after the beginning: a message, a note that stays within, or a change without a word."""
        kind = text(part, "part_type")
        activity = self.source.options.conversation_activity
        entry = _Entry(f"part/{needed(part, 'id')}", part, inner(part, "author"), activity)
        if kind in words().notes:
            yield self.event(entry, "use", self.persons[0] if self.persons else None)
        elif kind in words().messages and text(part, "body"):
            yield from self.message(entry)
        else:
            is_known = kind in words().messages or kind in words().changes
            yield self.source.maker.aside("part without a message" if is_known else "part of an unknown type")


def conversation(source: Source, record: Object) -> Iterator[Item]:
    """The rows of a conversation and of its parts.

    Raises:
        FieldError: it does not say which it is, with whom, or who wrote.
    """
    id_, beginning = needed(record, "id"), inner(record, "source")
    author, chosen = inner(beginning, "author"), source.options
    persons = [needed(contact, "id") for contact in several(inner(record, "contacts"), "contacts")]
    channel = needed(beginning, "type")
    if channel not in words().channels and channel not in words().networks:
        raise FieldError("source.type", "not_in_vocabulary")
    talk = _Conversation(source, persons, words().channels.get(channel))
    role = "lead" if text(author, "type") == "lead" else "user"
    yield source.maker.row(
        "data_records",
        {
            "record_id": source.record_id("conversation", id_),
            "system_id": source.system_id,
            "subject_id": source.person(persons[0]) if persons else None,
            "client_id": source.maker.context.client_id,
            "person_category": chosen.categories.get(role),
            "data_category": chosen.conversation_data,
        },
        lambda: {"collected_at": needed_epoch(record, "created_at"), "last_activity_at": epoch(record, "updated_at")},
    )
    is_outbound = text(beginning, "delivered_as") in words().outbound
    activity = chosen.outbound_activity if is_outbound else chosen.conversation_activity
    yield from talk.message(_Entry(f"conversation/{id_}", record, author, activity))
    parts = inner(record, "conversation_parts")
    given = several(parts, "conversation_parts")
    for part in given:
        yield from talk.part(part)
    total = text(parts, "total_count")
    if total is not None and total != str(len(given)):  # an answer holds 500 of them at most
        yield source.maker.refused("processing_events", "conversation_parts.total_count", "missing")
