"""What a candidate and an application give: nothing a person wrote, is called or can be reached at gets into a row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from audit.sources.systems.dates import local_day
from audit.sources.systems.export import Item
from audit.sources.systems.json_fields import (
    Maker,
    Object,
    flag,
    inner,
    iso,
    needed,
    needed_iso,
    several,
    text,
)
from audit.sources.systems.wishes import Wish

CANDIDATE, APPLICATION = "candidates", "job-applications"
_ACTIVE = ("created-at", "changed-stage-at", "rejected-at")


@dataclass(frozen=True)
class Options:
    """The organisation's settings for a source.

    Attributes:
        person_category: of candidates.
        data_category: of what candidates handed in.
        sourced_data_category: of what the organisation found about them.
        activity: the processing activity in which candidates apply.
        sourced_activity: that in which the organisation looks for candidates.
        future_jobs_purpose: what the consent to be told of future jobs is for.
        email_purposes: the purposes that an unsubscription ends; none: it ends all e-mail.
        subjects: whether candidates are also persons for the register of subjects.
    """

    person_category: str = "candidate"
    data_category: str = "application"
    sourced_data_category: str = "sourced_application"
    activity: str | None = None
    sourced_activity: str | None = None
    future_jobs_purpose: str | None = None
    email_purposes: Collection[str] = ()
    subjects: bool = True


@dataclass
class Known:
    """What candidates and applications tell about each other, whichever comes first: ids and instants.

    Attributes:
        subjects: the person, by the candidate's id.
        candidates: the candidate's id, by the application's.
        active: when an application was last active, by its id.
    """

    subjects: dict[str, str] = field(default_factory=dict)
    candidates: dict[str, str] = field(default_factory=dict)
    active: dict[str, str] = field(default_factory=dict)

    def by_candidate(self, zone: ZoneInfo) -> dict[str, str]:
        """When a candidate's applications were last active, by the candidate's id."""
        found: dict[str, str] = {}
        for application_id, at in self.active.items():
            candidate_id = self.candidates.get(application_id)
            if candidate_id:
                found[candidate_id] = _latest((at, found.get(candidate_id)), zone) or at
        return found


def _latest(instants: Iterable[str | None], zone: ZoneInfo) -> str | None:
    """The latest of some instants in ISO 8601, those without an offset in a zone."""

    def at(text: str) -> datetime:
        instant = datetime.fromisoformat(text)
        return instant if instant.tzinfo else instant.replace(tzinfo=zone)

    return max(filter(None, instants), key=at, default=None)


def learn(known: Known, record: Object, maker: Maker) -> None:
    """Note what a resource tells about others.

    Raises:
        FieldError: it cannot be read.
    """
    id_, attributes = needed(record, "id"), inner(record, "attributes")
    if record.get("type") == CANDIDATE:
        known.subjects[id_] = _subject(attributes, id_, maker)
        for application in several(inner(inner(record, "relationships"), "job-applications"), "data"):
            known.candidates[needed(application, "id")] = id_
    elif record.get("type") == APPLICATION:
        if candidate_id := _candidate_id(record):
            known.candidates[id_] = candidate_id
        if at := _active(attributes, maker.context.zone):
            known.active[id_] = at


def _active(attributes: Object, zone: ZoneInfo) -> str | None:
    """When something was last done about an application."""
    return _latest([iso(attributes, name) for name in _ACTIVE], zone)


def _candidate_id(record: Object) -> str | None:
    """An application's candidate, where the document has the relationship itself and not only a link to it."""
    return text(inner(inner(inner(record, "relationships"), "candidate"), "data"), "id")


def _subject(attributes: Object, id_: str, maker: Maker) -> str:
    pseudonyms = maker.context.pseudonyms
    if email := text(attributes, "email"):
        return pseudonyms.email(email)
    if phone := text(attributes, "phone"):
        return pseudonyms.phone(phone)
    return pseudonyms.external(maker.context.system_id, id_)


@dataclass(frozen=True)
class Source:
    """The rows of one resource."""

    maker: Maker
    options: Options
    known: Known
    last_active: dict[str, str]

    def candidate(self, record: Object) -> Iterator[Item]:
        """A candidate: who it is, that the data is held and where it came from, what the person agreed to."""
        id_, attributes, context = needed(record, "id"), inner(record, "attributes"), self.maker.context
        subject_id = _subject(attributes, id_, self.maker)
        if self.options.subjects:
            person = {"subject_id": subject_id, "client_id": context.client_id}
            yield self.maker.row(
                "subjects",
                person | {"person_category": self.options.person_category},
                lambda: {"registered_on": self._day(needed_iso(attributes, "created-at"))},
            )
        external_id = context.pseudonyms.external(context.system_id, id_)
        identity = {"system_id": context.system_id, "external_id": external_id, "subject_id": subject_id}
        yield self.maker.row("identities", identity, dict)
        yield from self._held(CANDIDATE, id_, attributes, subject_id, lambda: self.last_active.get(id_))
        if flag(attributes, "unsubscribed"):
            wish = Wish(self.maker, subject_id, lambda: needed_iso(attributes, "updated-at"))
            yield from wish.no_email(self.options.email_purposes)
        if text(attributes, "consent-future-jobs-at"):
            yield self._future_jobs(attributes, subject_id)

    def _future_jobs(self, attributes: Object, subject_id: str) -> Item:
        if not self.options.future_jobs_purpose:
            return self.maker.aside("consent without a purpose")
        wish = Wish(self.maker, subject_id, lambda: needed_iso(attributes, "consent-future-jobs-at"))
        return wish.consent(self.options.future_jobs_purpose, "given", "future-jobs")

    def application(self, record: Object) -> Iterator[Item]:
        """An application: that it is held, where it came from, and when it was last looked at or turned down."""
        id_, attributes = needed(record, "id"), inner(record, "attributes")
        candidate_id, context = _candidate_id(record) or self.known.candidates.get(id_), self.maker.context
        subject_id = None
        if candidate_id:
            unknown = context.pseudonyms.external(context.system_id, candidate_id)
            subject_id = self.known.subjects.get(candidate_id, unknown)
        yield from self._held(APPLICATION, id_, attributes, subject_id, lambda: _active(attributes, context.zone))

    def _held(
        self, kind: str, id_: str, attributes: Object, subject_id: str | None, active: Callable[[], str | None]
    ) -> Iterator[Item]:
        """That data is held, was collected, and was erased; from whom it came decides activity and category."""
        context, options = self.maker.context, self.options
        is_sourced, record_id = flag(attributes, "sourced"), context.pseudonyms.record(context.system_id, kind, id_)
        data_category = options.sourced_data_category if is_sourced else options.data_category
        common = {"system_id": context.system_id, "client_id": context.client_id, "subject_id": subject_id,
                  "data_category": data_category}  # fmt: skip
        yield self.maker.row(
            "data_records",
            common | {"record_id": record_id, "person_category": options.person_category},
            lambda: {
                "collected_at": needed_iso(attributes, "created-at"),
                "last_activity_at": active(),
                "disposed_at": iso(attributes, "deleted-at"),
                "disposal": "erased" if iso(attributes, "deleted-at") else None,
            },
        )
        event = common | {"activity_id": options.sourced_activity if is_sourced else options.activity}
        yield self._event("collect", record_id, event, (attributes, "created-at"))
        if text(attributes, "deleted-at"):
            yield self._event("erase", record_id, event, (attributes, "deleted-at"))

    def _event(self, operation: str, record_id: str, common: dict[str, str | None], at: tuple[Object, str]) -> Item:
        known = common | {"event_id": f"{common['system_id']}/{operation}/{record_id}", "operation": operation}
        return self.maker.row("processing_events", known, lambda: {"occurred_at": needed_iso(*at)})

    def _day(self, at: str) -> str:
        return local_day(datetime.fromisoformat(at), self.maker.context.zone).isoformat()
