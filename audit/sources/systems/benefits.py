"""Benefits: enrolments of employees, as a CSV (or JSON Lines) file of the columns in docs/importing.md.

No platform of employee benefits publishes the form of its export, so the form is ours. An enrolment is a record of the
employee's data, and its disclosure to the platform and to the provider of the benefit. Names are read by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from audit.sources.systems.csv_records import CsvForm
from audit.sources.systems.dates import Dates
from audit.sources.systems.export import Context, Export, Item, Refused, System
from audit.sources.systems.flat_file import Columns, Flat, read_flat
from audit.sources.systems.json_fields import FieldError
from audit.sources.systems.partner import Partner, disclosure, iso_instant, row, settings
from audit.strict import Table

_PERSON = ("employee_email", "personal_number", "employee_number")  # by the first that is given
_COLUMNS = Columns(
    required=("benefit", "enrolled_on"),
    optional=(*_PERSON, "enrolment_id", "provider", "ended_on", "disclosed_at", "erased_on"),
    dropped=("employee_name",),
)


@dataclass(frozen=True)
class Options:
    """Settings of a source of benefits.

    Attributes:
        partner: the platform.
        person_category: of the persons in it.
        categories: the data category of single benefits, in place of the partner's.
        recipients: the recipient_id of providers that the export calls otherwise.
        form: how the CSV is written.
        dates: how its dates are written.
    """

    partner: Partner
    person_category: str
    categories: Mapping[str, str]
    recipients: Mapping[str, str]
    form: CsvForm
    dates: Dates

    @classmethod
    def of(cls, table: Table) -> Options:
        return cls(
            Partner.of(table, "employment_and_contact"),
            table.optional("person_category") or "employee",
            settings(table, "data_categories", {}),
            settings(table, "recipients", {}),
            CsvForm.of(table),
            Dates.of(table),
        )


def _rows(exports: Sequence[Export], context: Context, options: Options) -> Iterator[Item]:
    for export in exports:
        told: set[tuple[str, str]] = set()
        for record in read_flat(export, _COLUMNS, options.form, options.dates, "data_records"):
            if not isinstance(record, Flat):
                yield record
                continue
            try:
                enrolment = _Enrolment(export, record, context, options)
            except FieldError as error:
                yield Refused(export, record.line, "data_records", error.column, error.reason, {})
                continue
            yield from enrolment.items()
            for alias in enrolment.aliases[1:]:
                if (alias, enrolment.subject_id) not in told:
                    told.add((alias, enrolment.subject_id))
                    yield enrolment.identity(alias)


class _Enrolment:
    """An enrolment; raises FieldError where a field of it is not what it should be."""

    def __init__(self, export: Export, record: Flat, context: Context, options: Options) -> None:
        self._export, self._record, self._context, self._options = export, record, context, options
        self._benefit, self._provider = record.needed("benefit"), record.plain("provider")
        record.needed("enrolled_on")
        self._enrolled_on = self._date("enrolled_on") or ""
        self._disclosed_at = self._date("disclosed_at")
        self._ended_on, self._erased_on = self._date("ended_on"), self._date("erased_on")
        for column, day in (("ended_on", self._ended_on), ("erased_on", self._erased_on)):
            if day and day[:10] < self._enrolled_on[:10]:
                raise FieldError(column, "end_before_start")
        self.aliases = [alias for column in _PERSON if (alias := self._alias(column))]
        if not self.aliases:
            raise FieldError(_PERSON[0], "missing")
        self.subject_id = self.aliases[0]

    def _date(self, column: str) -> str | None:
        written = self._record.instant(column)
        read = written and iso_instant(written)  # a day that no month has is found here
        if written and not read:
            raise FieldError(column, "unparsable")
        return read

    def _alias(self, column: str) -> str | None:
        """The person by one of the columns."""
        written = self._record.text(column)
        if written is None:
            return None
        pseudonyms = self._context.pseudonyms
        match column:
            case "employee_email":
                if "@" not in written:
                    raise FieldError(column, "unparsable")
                return pseudonyms.email(written)
            case "personal_number":
                return pseudonyms.personal_number(written, int(self._enrolled_on[:4]))
            case _:
                return pseudonyms.external(self._context.system_id, written)

    def items(self) -> Iterator[Item]:
        """The record, and its disclosures."""
        context, options, line = self._context, self._options, self._record.line
        category = options.categories.get(self._benefit, options.partner.data_category)
        record_id = self._record_id()
        yield row(
            self._export,
            line,
            "data_records",
            record_id=record_id,
            system_id=context.system_id,
            subject_id=self.subject_id,
            client_id=context.client_id,
            person_category=options.person_category,
            data_category=category,
            collected_at=self._enrolled_on,
            last_activity_at=self._ended_on,
            disposed_at=self._erased_on,
            disposal="erased" if self._erased_on else None,
        )
        for recipient_id in self._recipients():
            yield disclosure(
                self._export,
                line,
                context,
                replace(options.partner, recipient_id=recipient_id),
                at=self._disclosed_at or self._enrolled_on,
                subject_id=self.subject_id,
                category=category,
                record_id=record_id,
            )

    def _recipients(self) -> list[str | None]:
        """The platform, and the provider of the benefit where it is another; nobody known where neither is named."""
        provider = self._provider and self._options.recipients.get(self._provider, self._provider)
        named = [r for r in (self._options.partner.recipient_id, provider) if r]
        return list(dict.fromkeys(named)) or [None]

    def _record_id(self) -> str:
        own = self._record.text("enrolment_id")
        parts = [own] if own else [self.subject_id, self._benefit, self._provider or "", self._enrolled_on]
        return self._context.pseudonyms.record(self._context.system_id, "enrolment", *parts)

    def identity(self, alias: str) -> Item:
        """That an id of the export is the person's, too."""
        return row(
            self._export,
            self._record.line,
            "identities",
            system_id=self._context.system_id,
            external_id=alias,
            subject_id=self.subject_id,
        )


SYSTEM = System(
    "benefits",
    "enrolments in employee benefits (Benify and others): CSV or JSON Lines, as documented",
    (".csv", ".jsonl", ".ndjson"),
    Options.of,
    _rows,
)
