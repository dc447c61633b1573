"""Target Process's REST lists (version 1): incidents with what is known of their trail, and data subjects' requests.

A list tells a record's present state only. So a trail has the time a record was made, and the time it came into the
state it is in; the stages between are not known and not made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from audit.sources.systems.export import Context, Export, Item, System
from audit.sources.systems.json_fields import FieldError, Maker, Object, inner, needed, several, text
from audit.sources.systems.json_records import Around
from audit.sources.systems.targetprocess_files import Pages, records
from audit.sources.systems.targetprocess_lists import NAMED, PEOPLE, Lists, Person, kind_of
from audit.sources.systems.targetprocess_options import UNKNOWN, Choice, Options, Traits, read_options

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/")
_DONE = frozenset({"resolved", "evaluated"})  # the stages whose states have an EndDate


def _rows(exports: Sequence[Export], context: Context, options: Options) -> Iterator[Item]:
    """The rows of the files, which are read twice: ids may be explained in a later file."""
    lists, pages = Lists(), Pages()
    for export in exports:
        around: list[Around] = []
        for _, record in records(export, around):
            with suppress(FieldError):  # where it matters, the second reading refuses it
                lists.add(record)
        pages.add(export, around)
    yield from pages.missing(partial=options.partial)
    importer = _Importer(lists, context, options)
    for export in exports:
        for line, record in records(export):
            yield from importer.items(Maker(export, line, context), record)


class _Importer:
    def __init__(self, lists: Lists, context: Context, options: Options) -> None:
        self._lists, self._context, self._options = lists, context, options

    def items(self, maker: Maker, record: Object) -> Iterator[Item]:
        """What a record gives; an incident may be a request, too."""
        kind = kind_of(record)
        if kind == "Requester":
            yield self._identity(maker, record)
        elif kind in NAMED | PEOPLE or "EntityState" not in record:
            # A deleted user's record is still there, with the name and the address: nothing was erased.
            yield maker.aside(f"{kind}, deleted" if record.get("DeleteDate") else kind)
        else:
            yield from self._assignable(maker, kind, record)

    def _assignable(self, maker: Maker, kind: str, record: Object) -> Iterator[Item]:
        try:
            traits = self._traits(kind, record)
        except FieldError as error:
            yield maker.refused("incidents", error.column, error.reason)
            return
        request = _first(self._options.requests, traits)
        if request:
            yield from self._request(maker, record, request.kind)
        if _first(self._options.incidents, traits):
            yield from self._incident(maker, record, traits)
        elif not request:
            yield maker.aside(f"{kind} that is neither incident nor request")

    def _traits(self, kind: str, record: Object) -> Traits:
        tags = {tag.strip().casefold() for tag in (text(record, "Tags") or "").split(",")}
        named = {
            "types": {kind},
            "projects": {self._lists.name(record, "Project")},
            "request_types": {self._lists.name(record, "RequestType")},
            "tags": tags,
        }
        fields = {needed(f, "Name"): _plain(f.get("Value")) for f in several(record, "CustomFields")}
        return Traits({key: frozenset(values) for key, values in named.items()}, fields)

    def _incident(self, maker: Maker, record: Object, traits: Traits) -> Iterator[Item]:
        try:
            number = needed(record, "Id")
        except FieldError as error:
            yield maker.refused("incidents", error.column, error.reason)
            return
        breach = _first(self._options.breaches, traits)
        yield maker.row(
            "incidents",
            {"incident_id": number, "personal_data_breach": breach.kind if breach else None},
            lambda: {
                "client_id": self._client(record),
                "title": text(record, "Name") if self._options.take_titles else None,
                "severity": self._severity(record),
                "detected_at": _needed_date(record, "CreateDate"),
            },
        )
        yield maker.row(
            "incident_events",
            {"incident_id": number, "stage": "registered"},
            lambda: {"at": _needed_date(record, "CreateDate"), "actor_id": self._actor(record)},
        )
        yield from self._present_stage(maker, record, number)

    def _present_stage(self, maker: Maker, record: Object, number: str) -> Iterator[Item]:
        """The stage of the state a record is in, if that is not the first and the time is known."""
        try:
            state = self._lists.name(record, "EntityState")
            stage = self._options.states.get(state)
            if stage == "registered" or (stage is None and self._lists.is_initial(record)):
                return
            if stage is None:
                raise FieldError("EntityState", "not_in_vocabulary" if state else "missing")
            at = _state_since(record, done=stage in _DONE)
        except FieldError as error:
            yield maker.refused("incident_events", error.column, error.reason, {"incident_id": number})
            return
        if at:
            yield maker.row("incident_events", {"incident_id": number, "stage": stage, "at": at}, dict)
        else:
            yield maker.aside("stage reached at a time that is not told")

    def _request(self, maker: Maker, record: Object, kind: str) -> Iterator[Item]:
        try:
            number = needed(record, "Id")
        except FieldError as error:
            yield maker.refused("requests", error.column, error.reason)
            return
        yield maker.row(
            "requests",
            {"request_id": number, "kind": kind},
            lambda: {
                "client_id": self._client(record),
                "subject_id": self._subject(record),
                "received_at": _needed_date(record, "CreateDate"),
                **self._answer(record),
            },
        )
        with suppress(FieldError):  # the row is refused for it
            state = self._lists.name(record, "EntityState")
            if state in self._options.answered:
                if not _state_since(record, done=True):
                    yield maker.aside("request answered at a time that is not told")
            elif self._lists.is_final(record):
                yield maker.aside("request in a final state that is not declared as answered")

    def _answer(self, record: Object) -> dict[str, str | None]:
        outcome = self._options.answered.get(self._lists.name(record, "EntityState"))
        if outcome is None:
            return {}
        return {
            "answered_at": _state_since(record, done=True),
            "outcome": None if outcome == UNKNOWN else outcome,
        }

    def _client(self, record: Object) -> str | None:
        return self._options.clients.get(self._lists.name(record, "Project"), self._context.client_id)

    def _severity(self, record: Object) -> str | None:
        """By the severity, where the settings know severities and the record has one; else by the priority."""
        for kind, words in (("Severity", self._options.severities), ("Priority", self._options.priorities)):
            name = self._lists.name(record, kind) if words else ""
            if name and name not in words:
                raise FieldError(kind, "not_in_vocabulary")
            if name:
                return words[name]
        return None

    def _actor(self, record: Object) -> str | None:
        """Who made a record; before there was a Creator, the Owner."""
        person = self._lists.person(inner(record, "Creator")) or self._lists.person(inner(record, "Owner"))
        if person is None:
            return None
        return self._context.pseudonyms.actor(self._context.system_id, person.address or person.id)

    def _subject(self, record: Object) -> str | None:
        """Whose request it is: the only requester, or the owner if that is no member of staff; else nobody knows."""
        listed = record.get("Requesters")
        requesters = several(inner(record, "Requesters"), "Items") if isinstance(listed, dict) else []
        if len(requesters) > 1:
            return None
        people = [self._lists.person(r) for r in (*requesters, inner(record, "Owner"), inner(record, "Creator"))]
        if requesters:
            return self._pseudonym(people[0]) if people[0] else None
        return next((self._pseudonym(p) for p in people if p and p.is_requester), None)

    def _pseudonym(self, person: Person) -> str:
        pseudonyms = self._context.pseudonyms
        if person.address:
            return pseudonyms.email(person.address)
        return pseudonyms.external(self._context.system_id, person.id)

    def _identity(self, maker: Maker, record: Object) -> Item:
        """That somebody who wrote in is the person with an e-mail address."""
        try:
            person = self._lists.person(record)
        except FieldError as error:
            return maker.refused("identities", error.column, error.reason)
        if person is None or not person.address:
            return maker.aside("Requester without an e-mail address")
        system_id, pseudonyms = self._context.system_id, self._context.pseudonyms
        known = {
            "system_id": system_id,
            "external_id": pseudonyms.external(system_id, person.id),
            "subject_id": pseudonyms.email(person.address),
        }
        return maker.row("identities", known, dict)


def _first(choices: Sequence[Choice], traits: Traits) -> Choice | None:
    return next((choice for choice in choices if choice.takes(traits)), None)


def _plain(value: Any) -> str:
    """A custom field's value as the settings write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _date(record: Object, name: str) -> str | None:
    """An instant: milliseconds since 1970 in UTC, beside which stands the offset of a clock somewhere."""
    written = text(record, name)
    if written is None:
        return None
    found = _DATE.fullmatch(written)
    try:
        if found:
            return (_EPOCH + timedelta(milliseconds=int(found[1]))).isoformat().replace("+00:00", "Z")
    except OverflowError:
        pass
    raise FieldError(name, "unparsable")


def _needed_date(record: Object, name: str) -> str:
    found = _date(record, name)
    if found is None:
        raise FieldError(name, "missing")
    return found


def _state_since(record: Object, *, done: bool) -> str | None:
    """Since when a record is in its state. Before there was a LastStateChangeDate, that is known of final states only.

    An EndDate by itself ends nothing: what is open again may have one.
    """
    return _date(record, "LastStateChangeDate") or (_date(record, "EndDate") if done else None)


SYSTEM = System(
    name="targetprocess",
    title="Target Process: REST v1 lists of requests, bugs, impediments, user stories and what they refer to, as JSON",
    endings=(".json", ".xml"),
    options=read_options,
    rows=_rows,
)
