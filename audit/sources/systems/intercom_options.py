"""What an importer of Intercom is told: by its own table of Intercom's words, and by the organisation's settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from audit.errors import AuditError
from audit.sources.systems.vocabulary import meanings
from audit.strict import Table, TomlFile

OPT_OUT = "opt_out"


@dataclass(frozen=True)
class Words:
    """What Intercom's words mean (intercom.toml, where each is explained)."""

    activities: Mapping[str, str]
    other_activities: Collection[str]
    other_objects: Collection[str]
    authors: Mapping[str, str]
    messages: Collection[str]
    notes: Collection[str]
    changes: Collection[str]
    channels: Mapping[str, str]
    networks: Collection[str]
    outbound: Collection[str]
    contents: Mapping[str, str]


@cache
def words() -> Words:
    """The table as it is shipped."""
    with (
        TomlFile(Path(__file__).with_name("intercom.toml")).root as root,
        root.table("set_aside") as aside,
        root.table("parts") as parts,
    ):
        return Words(
            activities=meanings(root, "activities"),
            other_activities=aside.texts("activities"),
            other_objects=aside.texts("objects"),
            authors=meanings(root, "authors"),
            messages=parts.texts("messages"),
            notes=parts.texts("notes"),
            changes=parts.texts("changes"),
            channels=meanings(root, "channels"),
            networks=root.table("channels_of_networks").texts("names"),
            outbound=root.table("outbound").texts("delivered_as"),
            contents=meanings(root, "contents"),
        )


@dataclass(frozen=True)
class Options:
    """The organisation's settings for a source.

    Attributes:
        categories: the Person Category of a contact, by its role (user, lead).
        contact_data: the data category of a contact.
        conversation_data: the data category of a conversation.
        conversation_activity: the processing activity of conversations.
        outbound_activity: that of messages that go out to many.
        email_purposes: what the organisation sends e-mail for that Intercom's general unsubscription ends; none:
            it ends all e-mail.
        subscriptions: the purpose of a subscription type, by its id or name.
        subjects: whether contacts are also persons for the register of subjects.
    """

    categories: Mapping[str, str] = field(default_factory=dict)
    contact_data: str = "contact_details"
    conversation_data: str = "correspondence"
    conversation_activity: str | None = None
    outbound_activity: str | None = None
    email_purposes: tuple[str, ...] = ()
    subscriptions: Mapping[str, str] = field(default_factory=dict)
    subjects: bool = True


def options(table: Table) -> Options:
    """The settings in a source's table; see docs/importing.md."""
    categories = {"user": table.optional("user_category"), "lead": table.optional("lead_category")}
    return Options(
        categories={role: category for role, category in categories.items() if category},
        contact_data=table.optional("contact_data_category") or Options.contact_data,
        conversation_data=table.optional("conversation_data_category") or Options.conversation_data,
        conversation_activity=table.optional("conversation_activity"),
        outbound_activity=table.optional("outbound_activity"),
        email_purposes=table.texts("email_purposes") if "email_purposes" in table else (),
        subscriptions=meanings(table, "subscriptions"),
        subjects=table.flag("subjects") if "subjects" in table else True,
    )


@dataclass
class Known:
    """What the files tell about each other: it may stand in a later one than where it is needed.

    Attributes:
        types: of the subscription types their kind of consent and name, by id.
        deleted: when a contact was deleted, by its id.
    """

    types: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    deleted: dict[str, str] = field(default_factory=dict)

    def purposes(self, chosen: Options) -> Mapping[str, str]:
        """The purpose of each subscription type that the organisation gave one, by id.

        Raises:
            AuditError: a name that no type has, or several have: one may be for e-mail, the other for text messages.
        """
        found = {}
        for key, purpose in chosen.subscriptions.items():
            ids = [id_ for id_, (_, name) in self.types.items() if name == key]
            if len(ids) > 1:
                raise AuditError(
                    "several subscription types have this name",
                    column=f"subscriptions.{key}",
                    fix="Name them by their ids.",
                )
            if not ids and not key.isdigit():
                raise AuditError(
                    "no subscription type has this name",
                    column=f"subscriptions.{key}",
                    fix="Give the list of subscription types among the files, or name the type by its id.",
                )
            found[ids[0] if ids else key] = purpose
        return found
