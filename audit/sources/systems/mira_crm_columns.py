"""The columns of each file of a CRM's export, as docs/importing.md has them."""

from __future__ import annotations

from collections.abc import Mapping

from audit.sources.systems.flat_file import Columns

_PERSON = (
    "name", "first_name", "last_name", "title", "company", "phone", "mobile", "address", "postal_code", "city",
    "personal_number", "note",
)  # fmt: skip
_TEXTS = ("subject", "body", "text", "note", "description")

COLUMNS: Mapping[str, Columns] = {
    "categories": Columns(required=("category_id", "kind", "name")),
    "contacts": Columns(
        required=("contact_id", "email", "created_at"),
        optional=(
            "client_id", "person_category", "collaboration_category", "created_by", "changed_at", "changed_by",
            "last_activity_at", "relationship_ended_on", "deleted_at", "deleted_by", "disposal", "processing_activity",
        ),
        dropped=_PERSON,
    ),
    "activities": Columns(
        required=("activity_id", "contact_id", "occurred_at", "type"),
        optional=("client_id", "channel", "direction", "user", "recipient_id", "processing_activity"),
        dropped=("email", *_TEXTS),
    ),
    "mailings": Columns(
        required=("mailing_id",),
        optional=("sent_at", "channel", "client_id", "processing_activity", "sent_by"),
        dropped=("name", *_TEXTS),
    ),
    "mailing_recipients": Columns(
        required=("mailing_id", "contact_id"),
        optional=("sent_at", "status", "opened_at", "clicked_at"),
        dropped=("email", "name"),
    ),
    "event_registrations": Columns(
        required=("registration_id", "contact_id", "registered_at"),
        optional=("attended_at", "client_id", "processing_activity"),
        dropped=("event", "event_id", "cancelled_at", "email", "diet", *_TEXTS),
    ),
    "preferences": Columns(
        required=("preference_id", "contact_id", "email", "decided_at", "status"),
        optional=(
            "purpose", "channel", "client_id", "expires_at", "recorded_at", "notice_version", "method", "evidence_ref",
        ),
        dropped=("note",),
    ),
}  # fmt: skip
