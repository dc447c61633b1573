"""Recruitment: candidates and their applications, as Teamtailor's API gives them.

Of a candidate who was sourced, the data was not obtained from the person: information is due under GDPR 14, not 13.
Such data is of another processing activity and another data category than what a candidate handed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from audit.sources.systems.export import Context, Export, Item, System
from audit.sources.systems.json_api import resources
from audit.sources.systems.json_fields import FieldError, Maker, Object
from audit.sources.systems.recruitment_rows import APPLICATION, CANDIDATE, Known, Options, Source, learn
from audit.strict import Table

# About the organisation; or about a candidate whose own record and applications say that the data is held.
_OTHERS = (
    "activities", "answers", "audit-events", "companies", "custom-field-options", "custom-field-selects",
    "custom-field-values", "custom-fields", "departments", "divisions", "interviews", "job-offers", "jobs", "locations",
    "notes", "nps-responses", "partner-results", "picked-custom-fields", "picked-questions", "questions", "referrals",
    "regions", "reject-reasons", "requisition-step-verdicts", "requisitions", "roles", "stages", "team-memberships",
    "teams", "todos", "triggers", "uploads", "users",
)  # fmt: skip


def _options(table: Table) -> Options:
    """The settings in a source's table; see docs/importing.md."""
    return Options(
        person_category=table.optional("person_category") or Options.person_category,
        data_category=table.optional("data_category") or Options.data_category,
        sourced_data_category=table.optional("sourced_data_category") or Options.sourced_data_category,
        activity=table.optional("activity"),
        sourced_activity=table.optional("sourced_activity"),
        future_jobs_purpose=table.optional("future_jobs_purpose"),
        email_purposes=table.texts("email_purposes") if "email_purposes" in table else (),
        subjects=table.flag("subjects") if "subjects" in table else True,
    )


def _rows(exports: Sequence[Export], context: Context, options: Options) -> Iterator[Item]:
    """What the exports give.

    Raises:
        AuditError: a file is not JSON, or a list links to a next or a former page that is not given.
    """
    known = Known()
    for resource in resources(exports):
        if isinstance(resource.value, dict):
            with suppress(FieldError):  # the second reading says so
                learn(known, resource.value, Maker(resource.export, resource.line, context))
    last_active = known.by_candidate(context.zone)
    for resource in resources(exports):
        maker = Maker(resource.export, resource.line, context)
        if isinstance(resource.value, dict):
            yield from _resource(Source(maker, options, known, last_active), resource.value)
        else:
            yield maker.aside("unknown")


def _resource(source: Source, record: Object) -> Iterator[Item]:
    """What a resource gives by its type."""
    kind = record.get("type")
    try:
        if kind == CANDIDATE:
            yield from source.candidate(record)
        elif kind == APPLICATION:
            yield from source.application(record)
        else:
            yield source.maker.aside(kind if isinstance(kind, str) and kind in _OTHERS else "unknown")
    except FieldError as error:
        yield source.maker.refused("data_records", error.column, error.reason)


SYSTEM = System(
    name="recruitment",
    title="Teamtailor: candidates and job applications of its API, as JSON:API documents or JSON Lines",
    endings=(".json", ".jsonl", ".ndjson"),
    options=_options,
    rows=_rows,
)
