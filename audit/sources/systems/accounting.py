"""Accounting: SIE exports, as every Swedish accounting program writes them.

A voucher is a record of bookkeeping material (Bokföringslagen (1999:1078) 7 kap. 2 §), and where its rows name a person
in a dimension of persons, a record of that person's data. That the file was made is the disclosure to the accountant.
Voucher texts, names and signatures are read by nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NoReturn

from audit.errors import AuditError
from audit.sources.systems.export import Aside, Context, Export, Item, Refused, System
from audit.sources.systems.partner import Partner, disclosure, row, settings
from audit.sources.systems.sie import CODE_PAGE, ENCODINGS, ROWS, Record, SieFile, Voucher, is_foreign
from audit.strict import Table

_EMPLOYEES = {"7": "employee"}  # of the specification's reserved dimensions the one for employees
_AMOUNT = re.compile(r"[-+]?[0-9]{1,15}(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{8}")
_HEAD = ("#ORGNR", "#FNAMN", "#GEN", "#RAR")
# The specification's labels but for #VER: what is none of them is counted together.
_LABELS = re.compile(
    "#(FLAGGA|PROGRAM|FORMAT|SIETYP|PROSA|FTYP|FNR|BKOD|ADRESS|OMFATTN|TAXAR|VALUTA|KPTYP|KONTO|KTYP|ENHET|SRU|DIM"
    "|UNDERDIM|OBJEKT|IB|UB|OIB|OUB|RES|PSALDO|PBUDGET|KSUMMA|TRANS|RTRANS|BTRANS|ORGNR|FNAMN|GEN|RAR)"
)


@dataclass(frozen=True)
class Options:
    """Settings of an accounting source.

    Attributes:
        partner: the accountant.
        persons: the dimensions whose objects are persons, each with their person category.
        encoding: of the files.
        year_ends: month and day on which the fiscal year ends, for files that do not say so.
    """

    partner: Partner
    persons: Mapping[str, str]
    encoding: str
    year_ends: tuple[int, int] | None

    @classmethod
    def of(cls, table: Table) -> Options:
        encoding = table.text("encoding", ENCODINGS) if "encoding" in table else CODE_PAGE
        return cls(
            Partner.of(table, "bookkeeping"), settings(table, "persons", _EMPLOYEES), encoding, _year_ends(table)
        )


def _year_ends(table: Table) -> tuple[int, int] | None:
    key = "fiscal_year_ends"
    if key not in table:
        return None
    written = table.text(key)
    day = _day(f"2000{written.replace('-', '')}") if re.fullmatch("[0-9]{2}-[0-9]{2}", written) else None
    if not day:
        table.refuse("not a day of the year", key, "month and day, as 06-30")
    return day.month, day.day


def _rows(exports: Sequence[Export], context: Context, options: Options) -> Iterator[Item]:
    for export in exports:
        yield from _Ledger(export, context, options).items()


class _Ledger:
    """A file: what its first records say, and which persons it has told of so far."""

    def __init__(self, export: Export, context: Context, options: Options) -> None:
        self._export, self._context, self._options = export, context, options
        self._file = SieFile(export, options.encoding)
        self._company: dict[str, str] = {}
        self._years: list[tuple[date, date]] = []
        self._made: Record | None = None
        self._ids: Counter[str] = Counter()
        self._persons: dict[str, int] = {}  # each with the line that first tells of it

    def items(self) -> Iterator[Item]:
        """Everything in the file."""
        form: Record | None = None
        for entry in self._file:
            if isinstance(entry, Voucher):
                yield from self._voucher(entry)
            elif entry.label == "#FORMAT" and not form:
                form = entry
            else:
                yield self._aside(entry)
        if form:
            # Whether the text is what this record says is known when all of it is read.
            suffix = ", but text in another encoding" if self._file.is_foreign else ""
            yield Aside(self._export, form.line, f"#FORMAT{suffix}")
        yield from self._disclosures()

    def _aside(self, record: Record) -> Aside:
        """Count a record that is no voucher, and note what it says of the file or of a person."""
        kind = self._note(record) if record.label in _HEAD else _kind(record)
        self._persons_of(record)
        return Aside(self._export, record.line, kind)

    def _note(self, record: Record) -> str:
        """Note what a record says of the file; its kind."""
        if self._ids:
            self._refuse("stands after a voucher, whose company or year it would tell", record)
        if record.fields is None:
            self._refuse("the quotes are not closed", record)
        if record.label == "#GEN":
            self._made = record
        elif record.label != "#RAR":
            self._company[record.label] = record.field(0)
        elif not (record.field(1) or record.field(2)):
            return "#RAR without days"
        else:
            start, end = _day(record.field(1)), _day(record.field(2))
            if not start or not end or end < start:
                self._refuse("the days of the fiscal year cannot be read", record)
            self._years.append((start, end))
        return record.label

    def _voucher(self, voucher: Voucher) -> Iterator[Item]:
        head, export = voucher.head, self._export
        day = _day(head.field(2))
        record_id = self._record_id(voucher, day)
        persons = {subject: category for r in voucher.rows for subject, category in self._persons_of(r).items()}
        if fault := _fault(voucher, day):
            kept = {"record_id": record_id} | ({"collected_at": day.isoformat()} if day else {})
            yield Refused(export, head.line, "data_records", *fault, kept)
        elif day:
            yield self._held(head.line, record_id, day)
            for subject_id, person_category in persons.items():
                yield self._held(head.line, record_id, day, subject_id, person_category)
        for r in voucher.rows:
            yield Aside(export, r.line, _kind(r))

    def _held(
        self, line: int, record_id: str, day: date, subject_id: str | None = None, person_category: str | None = None
    ) -> Item:
        return row(
            self._export,
            line,
            "data_records",
            record_id=f"{record_id}-{subject_id}" if subject_id else record_id,
            system_id=self._context.system_id,
            subject_id=subject_id,
            client_id=self._context.client_id,
            person_category=person_category,
            data_category=self._category(day),
            collected_at=day.isoformat(),
        )

    def _category(self, day: date) -> str:
        """The category, which also says in how many calendar years the fiscal year of a day ends.

        Contracts reckon ``fiscal_year_end`` from the year of the record (contracts.md). The material is kept until the
        seventh year after the calendar year in which the fiscal year ended, so one that ends in a later year needs a
        rule of its own.
        """
        later = self._year_end(day) - day.year
        return f"{self._options.partner.data_category}_plus_{later}y" if later else self._options.partner.data_category

    def _year_end(self, day: date) -> int:
        """The calendar year in which the fiscal year of a day ends: its own, where nothing is said of it."""
        for start, end in self._years:
            if start <= day <= end:
                return end.year
        ends = self._options.year_ends
        return day.year + (ends is not None and (day.month, day.day) > ends)

    def _record_id(self, voucher: Voucher, day: date | None) -> str:
        """An id that is the same in every export of the voucher; one without a number is known by all it says."""
        head = voucher.head
        parts = [head.field(0), head.field(1), str(day)]
        if head.field(1) in ("", "0"):
            parts = [str((r.label, r.fields, r.objects)) for r in (head, *voucher.rows)]
        record_id = self._context.pseudonyms.record(self._context.system_id, "voucher", self._owner, *parts)
        self._ids[record_id] += 1
        again = self._ids[record_id]
        return f"{record_id}-{again}" if again > 1 else record_id

    @property
    def _owner(self) -> str:
        """Whose books these are: by the registration number, or else the name."""
        number = re.sub(r"\D", "", self._company.get("#ORGNR", ""))
        return number or self._company.get("#FNAMN", "").casefold()

    def _persons_of(self, record: Record) -> dict[str, str]:
        """The persons among a record's objects, each with the person category."""
        found = {}
        objects = [(record.field(0), record.field(1))] if record.label == "#OBJEKT" else record.objects
        for dimension, name in objects:
            category = self._options.persons.get(dimension.strip())
            if category is None or not name.strip():
                continue
            if self._options.encoding == CODE_PAGE and is_foreign(name):
                raise AuditError(
                    "a person's id is not in code page 437",
                    file=self._export.name,
                    line=record.line,
                    expected="the encoding that #FORMAT PC8 means",
                    fix=f"Set the encoding of this source, to one of: {', '.join(ENCODINGS)}.",
                )
            subject_id = self._context.pseudonyms.external(self._context.system_id, name)
            found[subject_id] = category
            self._persons.setdefault(subject_id, record.line)
        return found

    def _disclosures(self) -> Iterator[Item]:
        """That the file was made: once for its vouchers, and for each person in it."""
        if not self._ids and not self._persons:
            return
        made = self._made
        day = _day(made.field(0)) if made else None
        if not made or not day:
            reason = "unparsable" if made and made.field(0) else "missing"
            yield Refused(self._export, made.line if made else 1, "processing_events", "#GEN", reason, {})
            return
        signature = made.field(1)
        actor_id = self._context.pseudonyms.actor(self._context.system_id, signature) if signature else None
        whole: dict[str | None, int] = {None: made.line}
        for subject_id, line in (whole | dict(self._persons.items())).items():
            yield disclosure(
                self._export,
                line,
                self._context,
                self._options.partner,
                at=day.isoformat(),
                subject_id=subject_id,
                category=None,
                actor_id=actor_id,
            )

    def _refuse(self, message: str, record: Record) -> NoReturn:
        raise AuditError(message, file=self._export.name, line=record.line, column=record.label)


def _fault(voucher: Voucher, day: date | None) -> tuple[str, str] | None:
    """What is wrong with a voucher: the record and the reason."""
    if voucher.head.fields is None:
        return "#VER", "malformed"
    if not day:
        return "#VER", "unparsable" if voucher.head.field(2) else "missing"
    total = Decimal()
    for r in (r for r in voucher.rows if r.label in ROWS):
        amount = r.field(1)
        if not amount:
            return r.label, "malformed" if r.fields is None else "missing"
        if not _AMOUNT.fullmatch(amount):
            return r.label, "unparsable"
        # The other rows tell how a voucher was corrected: struck out, or added and then repeated as #TRANS.
        total += Decimal(amount) if r.label == "#TRANS" else 0
    return ("#TRANS", "unbalanced") if total else None


def _kind(record: Record) -> str:
    return record.label if _LABELS.fullmatch(record.label) else "unknown"


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if _DAY.fullmatch(written) else None
    except ValueError:
        return None


SYSTEM = System("accounting", "accounting programs: SIE files, types 1 to 4", (".se", ".si", ".sie"), Options.of, _rows)
