"""What a CRM's source says beside its files: what its words mean, and which processing activities they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.sources.systems.csv_records import CsvForm
from audit.sources.systems.dates import Dates
from audit.sources.systems.vocabulary import meanings, vocabulary
from audit.strict import Table

OPERATIONS = vocabulary("processing_events", "operation")
CHANNELS = vocabulary("processing_events", "channel")
DECISIONS = (*vocabulary("consents", "status"), *vocabulary("communication_preferences", "preference"))
# What an activity of a type does with the contact's data (GDPR 4(2)), and by which channel.
_TYPES: Mapping[str, str] = {
    "email": "contact email",
    "call": "contact phone",
    "sms": "contact sms",
    "letter": "contact post",
    "meeting": "contact",
    "form": "collect",
    "import": "collect",
    "note": "store",
    "task": "use",
    "view": "consult",
    "scoring": "profile",
    "segmentation": "profile",
    "export": "disclose",
    "edit": "rectify",
    "merge": "rectify",
    "restriction": "restrict",
    "anonymisation": "anonymise",
    "deletion": "erase",
}
# Which category of data the records and events of a file are about.
_CATEGORIES: Mapping[str, str] = {
    "contacts": "contact_details",
    "activities": "correspondence",
    "mailing_recipients": "usage_statistics",
    "event_registrations": "event_registration",
}


@dataclass(frozen=True)
class Options:
    """The settings of a CRM's source.

    Attributes:
        form: how CSV is written.
        dates: how dates are written.
        types: of activities, in small letters: the operation and, of a contact, its channel.
        processing_activities: by file, the processing activity of its events where their rows name none.
        data_categories: by file, the category of personal data.
        decisions: words of the preferences' status beside the contracts' own.
        not_sent: words of a mailing's status that say it was not sent.
    """

    form: CsvForm
    dates: Dates
    types: Mapping[str, tuple[str, str | None]]
    processing_activities: Mapping[str, str]
    data_categories: Mapping[str, str]
    decisions: Mapping[str, str]
    not_sent: tuple[str, ...]

    @classmethod
    def of(cls, table: Table) -> Options:
        """By a source's table in sources.toml.

        Raises:
            AuditError: a value that is not what it should be.
        """
        return cls(
            form=CsvForm.of(table),
            dates=Dates.of(table),
            types=_types(table),
            processing_activities=_by_file(table, "processing_activities"),
            data_categories={**_CATEGORIES, **_by_file(table, "data_categories")},
            decisions={word: word for word in DECISIONS} | dict(meanings(table, "statuses", DECISIONS)),
            not_sent=table.texts("not_sent") if "not_sent" in table else ("suppressed", "skipped", "cancelled"),
        )


def _types(table: Table) -> dict[str, tuple[str, str | None]]:
    """The types known here, and those that a source adds or takes otherwise, as ``"contact email"`` or ``"store"``."""
    known = {word: _operation(text) for word, text in _TYPES.items()}
    if "activity_types" not in table:
        return known
    words = [f"contact {channel}" for channel in CHANNELS]
    with table.table("activity_types") as types:
        return known | {word.lower(): _operation(types.text(word, (*OPERATIONS, *words))) for word in types}


def _operation(text: str) -> tuple[str, str | None]:
    operation, _, channel = text.partition(" ")
    return operation, channel or None


def _by_file(table: Table, key: str) -> dict[str, str]:
    if key not in table:
        return {}
    with table.table(key) as files:
        return {name: files.text(name) for name in files if name in _CATEGORIES}
