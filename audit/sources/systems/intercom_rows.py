"""What each object of Intercom gives: nothing a person wrote, is called or can be reached at gets into a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from audit.sources.systems.export import Item
from audit.sources.systems.intercom_options import OPT_OUT, Known, Options, words
from audit.sources.systems.json_fields import (
    FieldError,
    Maker,
    Object,
    epoch,
    flag,
    inner,
    needed,
    needed_epoch,
    several,
    text,
)
from audit.sources.systems.wishes import Wish

_ACTIVE = (
    "signed_up_at",
    "last_seen_at",
    "last_replied_at",
    "last_contacted_at",
    "last_email_opened_at",
    "last_email_clicked_at",
    "android_last_seen_at",
    "ios_last_seen_at",
)
_ROLES = ("user", "lead")


@dataclass(frozen=True)
class Source:
    """The rows of one record: of a line, with what the organisation said and the other files tell."""

    maker: Maker
    options: Options
    known: Known
    purposes: Mapping[str, str]

    def contact(self, record: Object) -> Iterator[Item]:
        """A contact: who it is, what it wants, what it agreed to, and that its data is held."""
        client_id = self.maker.context.client_id
        id_, subject_id = needed(record, "id"), self.subject(record)
        role = text(record, "role")
        if role not in _ROLES:
            raise FieldError("role", "not_in_vocabulary" if role else "missing")
        category = self.options.categories.get(role)
        if self.options.subjects:
            person = {"subject_id": subject_id, "client_id": client_id, "person_category": category}
            yield self.maker.row("subjects", person, lambda: {"registered_on": self._registered(record)})
        yield self.maker.row(
            "identities",
            {"system_id": self.system_id, "external_id": self.person(id_), "subject_id": subject_id},
            dict,
        )
        yield from self._wishes(record, subject_id)
        yield self.maker.row(
            "data_records",
            {
                "record_id": self.record_id("contact", id_),
                "system_id": self.system_id,
                "subject_id": subject_id,
                "client_id": client_id,
                "person_category": category,
                "data_category": self.options.contact_data,
            },
            lambda: {
                "collected_at": needed_epoch(record, "created_at"),
                "last_activity_at": max(filter(None, (epoch(record, name) for name in _ACTIVE)), default=None),
                "disposed_at": self.known.deleted.get(id_),
                "disposal": "erased" if id_ in self.known.deleted else None,
            },
        )

    def _registered(self, record: Object) -> str:
        at = epoch(record, "signed_up_at") or needed_epoch(record, "created_at")
        return datetime.fromisoformat(at).astimezone(self.maker.context.zone).date().isoformat()

    def _wishes(self, record: Object, subject_id: str) -> Iterator[Item]:
        """Opt-ins and opt-outs. Intercom does not tell when; at the latest when the contact last changed."""
        if flag(record, "unsubscribed_from_emails"):
            yield from self._no_email(subject_id, record, "updated_at")
        for name, status in (("opted_out_subscription_types", "withdrawn"), ("opted_in_subscription_types", "given")):
            listed = inner(record, name)
            for subscription in several(listed, "data"):
                yield self._subscription(needed(subscription, "id"), status, subject_id, record)
            if flag(listed, "has_more"):
                yield self.maker.refused("consents", f"{name}.has_more", "missing", {"subject_id": subject_id})

    def _subscription(self, id_: str, status: str, subject_id: str, record: Object) -> Item:
        purpose = self.purposes.get(id_)
        if purpose is None:
            return self.maker.aside("subscription type without a purpose")
        if status == "given" and self.known.types.get(id_, (None, None))[0] == OPT_OUT:
            return self.maker.aside("opt-out type without an opt-out")
        wish = Wish(self.maker, subject_id, lambda: needed_epoch(record, "updated_at"))
        return wish.consent(purpose, status, id_)

    def _no_email(self, subject_id: str, record: Object, instant: str) -> Iterator[Item]:
        return Wish(self.maker, subject_id, lambda: needed_epoch(record, instant)).no_email(self.options.email_purposes)

    def activity(self, record: Object) -> Iterator[Item]:
        """An entry of the log of what admins did: with personal data, or with the settings."""
        id_, kind = needed(record, "id"), text(record, "activity_type")
        operation = words().activities.get(kind or "")
        if operation is None:
            is_known = kind in words().other_activities
            yield self.maker.aside("activity on settings" if is_known else "activity of an unknown type")
            return
        yield self.event(
            f"activity/{id_}",
            operation,
            lambda: {
                "occurred_at": needed_epoch(record, "created_at"),
                "actor_id": self.actor(inner(record, "performed_by")),
            },
        )

    def deletion(self, record: Object) -> Iterator[Item]:
        """An answer or a notification that a contact was deleted; the API's own answer does not tell when."""
        person = self.person(needed(record, "id"))
        yield self.event(
            f"deletion/{person}",
            "erase",
            lambda: {"occurred_at": needed_epoch(record, "deleted_at")},
            subject_id=person,
            data_category=self.options.contact_data,
        )

    def receipt(self, record: Object) -> Iterator[Item]:
        """A line of the export job: that a message was received, and that the person unsubscribed by it."""
        subject_id = self.subject(record, "user_id")
        channel = words().contents.get(needed(record, "content_type").lower())
        yield self.event(
            f"receipt/{needed(record, 'receipt_id')}",
            "contact",
            lambda: {"occurred_at": needed_epoch(record, "received_at")},
            subject_id=subject_id,
            activity_id=self.options.outbound_activity,
            channel=channel,
            data_category=self.options.contact_data,
        )
        if text(record, "first_unsubscribe") and channel == "email":
            yield from self._no_email(subject_id, record, "first_unsubscribe")

    def event(
        self, name: str, operation: str, rest: Callable[[], Mapping[str, str | None]], **known: str | None
    ) -> Item:
        """An event of this system, by its name there."""
        fixed = {
            "event_id": f"{self.system_id}/{name}",
            "system_id": self.system_id,
            "client_id": self.maker.context.client_id,
            "operation": operation,
        }
        return self.maker.row("processing_events", fixed | known, rest)

    @property
    def system_id(self) -> str:
        return self.maker.context.system_id

    def record_id(self, *parts: str) -> str:
        return self.maker.context.pseudonyms.record(self.system_id, *parts)

    def person(self, id_: str) -> str:
        """The pseudonym of a contact's id; ``identities`` gives the person."""
        return self.maker.context.pseudonyms.external(self.system_id, id_)

    def subject(self, record: Object, id_name: str = "id") -> str:
        """The person: by e-mail address, else by telephone number, else by the id in Intercom; names are not unique."""
        if email := text(record, "email"):
            return self.maker.context.pseudonyms.email(email)
        if phone := text(record, "phone"):
            return self.maker.context.pseudonyms.phone(phone)
        return self.person(needed(record, id_name))

    def actor(self, admin: Object) -> str:
        """The pseudonym of an admin: by e-mail address, as in other systems."""
        return self.maker.context.pseudonyms.actor(self.system_id, text(admin, "email") or needed(admin, "id"))
