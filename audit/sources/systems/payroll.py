"""Payroll: PAXml files, by which time and travel systems hand over to payroll what employees are to be paid.

Each transaction, work schedule, payslip, balance and entry of the staff register is a record of an employee's data;
that the file was made is its disclosure to the payroll partner: one event a person, category of data and file. Names,
addresses, amounts, notes and the personal numbers of children are read by nobody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from audit.errors import AuditError
from audit.pseudonyms import normal_email
from audit.sources.systems.export import Aside, Context, Export, Item, Refused, System
from audit.sources.systems.partner import Partner, disclosure, iso_day, iso_instant, row, settings
from audit.sources.systems.paxml import Record, paxml_records
from audit.strict import Table

_OF_A_PERSON = ("tidtrans", "lonetrans", "resetrans", "schema", "lonebesked", "saldo", "person")
_ASIDE = ("header", "dimensioner", "resultatenheter", "koder", "klar", "attesterat")  # sections and kinds
# Where a record says when it is of; a span counts from its last day, when it is known whole.
_DAYS = ("datum", "datumtom", "datumfrom", "sluttid", "starttid", "tidpunkt", "betaldatum", "anstdatum")


@dataclass(frozen=True)
class Options:
    """Settings of a payroll source.

    Attributes:
        partner: who runs the payroll.
        person_category: of the persons in it.
        categories: the data category of codes (``SJK``) and kinds of records (``saldo``) that is not the partner's.
    """

    partner: Partner
    person_category: str
    categories: Mapping[str, str]

    @classmethod
    def of(cls, table: Table) -> Options:
        partner = Partner.of(table, "employment_and_contact")
        return cls(partner, table.optional("person_category") or "employee", settings(table, "data_categories", {}))

    def category(self, record: Record) -> str:
        """The data category of a record: by its code, else by its kind, else the partner's."""
        codes = (record.text("tidkod"), record.text("lonkod"), record.text("resekod"), record.element.tag)
        return next((self.categories[c] for c in codes if c in self.categories), self.partner.data_category)


def _rows(exports: Sequence[Export], context: Context, options: Options) -> Iterator[Item]:
    for export in exports:
        yield from _Payroll(export, context, options).items()


class _Payroll:
    """A file, read twice: first for its date and for who is who, which it may say after the transactions."""

    def __init__(self, export: Export, context: Context, options: Options) -> None:
        self._export, self._context, self._options = export, context, options
        self._company: dict[str, str] = {}
        self._made_at = ""
        self._last_day = ""
        self._subjects: dict[str, str] = {}  # of ids and personal numbers that stand for a person known better
        self._ids: Counter[str] = Counter()
        self._disclosed: set[tuple[str, str]] = set()

    def items(self) -> Iterator[Item]:
        """Everything in the file."""
        persons = []
        for record in paxml_records(self._export):
            if record.section == "header":
                self._note(record)
            elif record.element.tag == "person":
                persons.append((record.attribute("anstid"), record.attribute("persnr"), record.text("epostarb")))
            elif record.element.tag in _OF_A_PERSON:
                self._last_day = max(self._last_day, iso_day(_day(record)[1]) or "")
        self._recognise(persons)
        for record in paxml_records(self._export):
            if record.element.tag in _OF_A_PERSON and record.attribute("delete") not in ("true", "1"):
                yield from self._of_a_person(record)
            else:
                yield Aside(self._export, record.line, _kind(record))

    def _note(self, record: Record) -> None:
        tag, written = record.element.tag, (record.element.text or "").strip()
        if tag == "version" and not written.startswith("2."):
            self._refuse("another version of the format", record, "2.0")
        if tag in ("foretagid", "foretagorgnr", "foretagnamn", "programnamn"):
            self._company[tag] = written
        if tag == "datum" or (tag == "nyexport" and not self._made_at):
            made_at = iso_instant(written or record.attribute("datum"))
            if not made_at:
                self._refuse("not a date", record, "a date as 2026-07-01, or an instant")
            self._made_at = made_at

    def _refuse(self, message: str, record: Record, expected: str) -> NoReturn:
        file, tag = self._export.name, record.element.tag
        raise AuditError(message, file=file, line=record.line, column=tag, expected=expected)

    @property
    def _at(self) -> str:
        """When the file was made: as it says, else the last day it tells of; empty where it tells of none."""
        return self._made_at or self._last_day

    def _recognise(self, persons: Sequence[tuple[str, str, str]]) -> None:
        """Who the persons of the staff register are.

        By the work address, by which other systems know them, too; by the personal number where there is no address, or
        it is that of several persons; by the employee number alone where there is neither.
        """
        owners = defaultdict[str, set[str]](set)
        for number, personal_number, address in persons:
            owners[normal_email(address)].add(personal_number or number)
        for number, personal_number, address in persons:
            aliases = [self._alias(*pair) for pair in ((number, ""), ("", personal_number)) if any(pair)]
            if "@" in address and len(owners[normal_email(address)]) == 1:
                subject_id = self._context.pseudonyms.email(address)
            else:
                subject_id = self._alias(number, personal_number)
            self._subjects |= dict.fromkeys(aliases, subject_id)

    def _alias(self, number: str, personal_number: str) -> str:
        """A person by the personal number, or else by the employee number."""
        if personal_number.strip("0+- "):  # programs write noughts where they know none
            year = int(self._at[:4]) if self._at else None
            return self._context.pseudonyms.personal_number(personal_number, year)
        return self._context.pseudonyms.external(self._context.system_id, number) if number else ""

    def _of_a_person(self, record: Record) -> Iterator[Item]:
        name, written = _day(record)
        day = iso_instant(written) if written else self._at
        alias = self._alias(record.attribute("anstid"), record.attribute("persnr"))
        record_id = self._record_id(record, alias)
        subject_id = self._subjects.get(alias, alias)
        kept = {"record_id": record_id}
        if not subject_id:
            yield Refused(self._export, record.line, "data_records", "anstid", "missing", kept)
        elif not day:
            reason = "unparsable" if written else "missing"
            yield Refused(self._export, record.line, "data_records", name, reason, kept)
        else:
            yield from self._held(record, record_id, subject_id, day)
            if record.element.tag == "person":
                yield from self._person(record, subject_id)

    def _held(self, record: Record, record_id: str, subject_id: str, day: str) -> Iterator[Item]:
        """That the partner holds a record of a person, and has got it by this file."""
        context, options, category = self._context, self._options, self._options.category(record)
        yield row(
            self._export,
            record.line,
            "data_records",
            record_id=record_id,
            system_id=context.system_id,
            subject_id=subject_id,
            client_id=context.client_id,
            person_category=options.person_category,
            data_category=category,
            collected_at=day,
        )
        if (subject_id, category) in self._disclosed:
            return
        self._disclosed.add((subject_id, category))
        if not self._at:
            yield Refused(self._export, record.line, "processing_events", "datum", "missing", {"record_id": record_id})
            return
        yield disclosure(
            self._export,
            record.line,
            context,
            options.partner,
            at=self._at,
            subject_id=subject_id,
            category=category,
        )

    def _person(self, record: Record, subject_id: str) -> Iterator[Item]:
        """A person of the staff register: since when, until when, and under which ids."""
        context, line = self._context, record.line
        known = {"registered_on": "anstdatum", "relationship_ended_on": "avgdatum"}
        days = {column: iso_day(record.text(name)) for column, name in known.items()}
        for column, name in known.items():
            if record.text(name) and not days[column]:
                yield Refused(self._export, line, "subjects", name, "unparsable", {"subject_id": subject_id})
                return
        yield row(
            self._export,
            line,
            "subjects",
            subject_id=subject_id,
            client_id=context.client_id,
            person_category=self._options.person_category,
            **days,
        )
        for pair in ((record.attribute("anstid"), ""), ("", record.attribute("persnr"))):
            alias = self._alias(*pair)
            if alias and alias != subject_id:
                yield row(
                    self._export,
                    line,
                    "identities",
                    system_id=context.system_id,
                    external_id=alias,
                    subject_id=subject_id,
                )

    def _record_id(self, record: Record, alias: str) -> str:
        """An id that is the same in every export of the record: by its own number, else by all it says."""
        element = record.element
        company = (
            self._company.get("foretagorgnr") or self._company.get("foretagid") or self._company.get("foretagnamn")
        )
        parts = [company or "", self._company.get("programnamn", ""), element.tag, alias]
        if record.attribute("postid"):
            parts += [record.attribute("postid"), _day(record)[1]]
        elif element.tag != "person":
            parts += [f"{e.tag} {sorted(e.items())} {(e.text or '').strip()}" for e in element.iter()]
        record_id = self._context.pseudonyms.record(self._context.system_id, "payroll", *parts)
        self._ids[record_id] += 1
        again = self._ids[record_id]
        return f"{record_id}-{again}" if again > 1 else record_id


def _kind(record: Record) -> str:
    """What a record is of which no table has a row."""
    tag = record.element.tag
    return "person to delete" if tag == "person" else next((k for k in (record.section, tag) if k in _ASIDE), "unknown")


def _day(record: Record) -> tuple[str, str]:
    """The field that says when a record is of, and what stands in it; of a work schedule its last day."""
    if record.element.tag == "schema":
        return "datum", max((day.get("datum", "").strip() for day in record.element.iter("dag")), default="")
    return next(((name, record.text(name)) for name in _DAYS if record.text(name)), ("datum", ""))


SYSTEM = System("payroll", "payroll and time systems: PAXml files, version 2", (".xml", ".pax"), Options.of, _rows)
