"""What a source's settings say of Target Process: which records are incidents or requests, and what its words mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.sources.systems.vocabulary import meanings, vocabulary
from audit.strict import Table

UNKNOWN = "unknown"  # the outcome of a request that was answered, nobody says how
_WHICH = ("types", "projects", "tags", "request_types")


@dataclass(frozen=True)
class Traits:
    """What a record is chosen by.

    Attributes:
        named: its type, project, tags and request type, by the keys of the settings.
        fields: its custom fields.
    """

    named: Mapping[str, frozenset[str]]
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Choice:
    """The records that have one of the values in every key given.

    Attributes:
        named: values by ``types``, ``projects``, ``tags`` or ``request_types``.
        fields: values by the name of a custom field.
        kind: what the records are: of a request its kind, of a breach ``true`` or ``false``.
    """

    named: Mapping[str, frozenset[str]]
    fields: Mapping[str, frozenset[str]]
    kind: str = ""

    def takes(self, traits: Traits) -> bool:
        """Whether a record is among them."""
        return all(values & traits.named[key] for key, values in self.named.items()) and all(
            traits.fields.get(name) in values for name, values in self.fields.items()
        )


@dataclass(frozen=True)
class Options:
    """The settings of a Target Process source.

    Attributes:
        partial: further pages are left out on purpose.
        take_titles: a record's name becomes an incident's title; it may name a person.
        incidents: which records are incidents.
        requests: which are data subjects' requests, and of which kind.
        breaches: which incidents are personal data breaches, and which are not.
        states: the stage that a state stands for.
        answered: the states in which a request is answered, each with its outcome, or ``unknown``.
        severities: of a severity's name.
        priorities: of a priority's name, where a record has no severity.
        clients: the client_id of a project's name.
    """

    partial: bool
    take_titles: bool
    incidents: tuple[Choice, ...]
    requests: tuple[Choice, ...]
    breaches: tuple[Choice, ...]
    states: Mapping[str, str]
    answered: Mapping[str, str]
    severities: Mapping[str, str]
    priorities: Mapping[str, str]
    clients: Mapping[str, str] = field(default_factory=dict)


def read_options(table: Table) -> Options:
    """Take Target Process's settings from its table in sources.toml.

    Raises:
        AuditError: a key is missing or wrong, at its line.
    """
    if "incidents" not in table and "requests" not in table:
        table.refuse("nothing says which records are incidents or requests", expected="incidents or requests")
    severity = vocabulary("incidents", "severity")
    return Options(
        partial="pages" in table and table.text("pages", ("all", "partial")) == "partial",
        take_titles="take_titles" in table and table.flag("take_titles"),
        incidents=_choices(table, "incidents"),
        requests=_choices(table, "requests"),
        breaches=_choices(table, "personal_data_breach"),
        states=meanings(table, "states", vocabulary("incident_events", "stage")),
        answered=meanings(table, "answered", (*vocabulary("requests", "outcome"), UNKNOWN)),
        severities=meanings(table, "severities", severity),
        priorities=meanings(table, "priorities", severity),
        clients=meanings(table, "clients"),
    )


def _choices(table: Table, key: str) -> tuple[Choice, ...]:
    if key not in table:
        return ()
    return tuple(_choice(choice, key) for choice in table.tables(key))


def _choice(table: Table, key: str) -> Choice:
    with table:
        named = {which: _folded(which, table.texts(which)) for which in _WHICH if which in table}
        fields = _fields(table)
        if not all([*named.values(), *fields.values()]) or not (named or fields):
            table.refuse("no values to choose by", expected=f"one of {', '.join((*_WHICH, 'fields'))}, not empty")
        return Choice(named, fields, _kind(table, key))


def _kind(table: Table, key: str) -> str:
    if key == "requests":
        return table.text("kind", vocabulary("requests", "kind"))
    if key == "personal_data_breach":
        return "true" if table.flag("is") else "false"
    return ""


def _fields(table: Table) -> dict[str, frozenset[str]]:
    if "fields" not in table:
        return {}
    with table.table("fields") as fields:
        return {name: frozenset(fields.texts(name)) for name in fields}


def _folded(which: str, values: tuple[str, ...]) -> frozenset[str]:
    # People write tags by hand, in capital and in small letters.
    return frozenset(v.casefold() if which == "tags" else v for v in values)
