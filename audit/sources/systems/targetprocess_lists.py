"""What Target Process's records refer to by id: people, states, priorities, severities and projects."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from audit.sources.systems.json_fields import Object, inner, text

PEOPLE = frozenset({"User", "Requester", "GeneralUser"})
NAMED = frozenset({"EntityState", "Priority", "Severity", "Project", "RequestType"})
_OTHER = "record of another type"
_TYPE = re.compile(r"[A-Za-z]{1,40}")


@dataclass(frozen=True)
class Person:
    """Somebody with an account, or who wrote in; ``address`` is the e-mail address, if known."""

    id: str
    kind: str
    address: str | None

    @property
    def is_requester(self) -> bool:
        """Somebody from outside, not a member of staff."""
        return self.kind == "Requester"


@dataclass
class Lists:
    """What records refer to by id, gathered from all records."""

    names: dict[tuple[str, str], str] = field(default_factory=dict)
    initial: set[str] = field(default_factory=set)
    final: set[str] = field(default_factory=set)
    people: dict[str, Person] = field(default_factory=dict)

    def name(self, record: Object, kind: str) -> str:
        """The name of what a record refers to, by itself or by its id; empty where it refers to nothing."""
        referred = inner(record, kind)
        return text(referred, "Name") or self.names.get((kind, text(referred, "Id") or ""), "")

    def person(self, referred: Object) -> Person | None:
        """Whom a reference means: what the list of people says, else what stands in the reference."""
        known = self.people.get(text(referred, "Id") or "")
        return known or _person(referred)

    def is_initial(self, record: Object) -> bool:
        """Whether a record has the state it was made with."""
        return _state_is(record, "IsInitial", self.initial)

    def is_final(self, record: Object) -> bool:
        """Whether a record has a state in which nothing more is done."""
        return _state_is(record, "IsFinal", self.final)

    def add(self, record: Object) -> None:
        """Remember what others refer to."""
        kind, number = kind_of(record), text(record, "Id")
        if not number:
            return
        if kind in PEOPLE and (person := _person(record)):
            self.people[number] = person
        elif kind in NAMED and (name := text(record, "Name")):
            self.names[kind, number] = name
        if kind == "EntityState":
            self.initial |= {number} if record.get("IsInitial") is True else set()
            self.final |= {number} if record.get("IsFinal") is True else set()


def _state_is(record: Object, mark: str, known: set[str]) -> bool:
    state = inner(record, "EntityState")
    return state.get(mark) is True or text(state, "Id") in known


def _person(record: Object) -> Person | None:
    number = text(record, "Id")
    if not number:
        return None
    login = text(record, "Login") or ""
    address = text(record, "Email") or (login if "@" in login else None)
    return Person(number, _named_type(record) or "User", address)


def _named_type(record: Object) -> str:
    """The type a record says of itself: as ResourceType, and before 2014 some as Kind."""
    found = record.get("ResourceType") or record.get("Kind")
    return found if isinstance(found, str) and _TYPE.fullmatch(found) else ""


def kind_of(record: Object) -> str:
    """A record's type, as Bug or EntityState: what it says of itself, or known by what only that type has."""
    if named := _named_type(record):
        return named
    entity = record.get("EntityType")
    if "IsInitial" in record:  # a state has the EntityType of what it is a state of, and so has a priority
        return "EntityState"
    if "Importance" in record:
        return "Priority" if entity else "Severity"
    if "General" in record and "ParentId" in record:
        return "Comment"
    name = entity.get("Name") if isinstance(entity, dict) else None
    return name if isinstance(name, str) and _TYPE.fullmatch(name) else _OTHER
