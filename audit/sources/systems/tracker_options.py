"""What a source's settings say of an issue tracker's CSV: its columns, its words, and how a stage is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.sources.systems.csv_records import CsvForm
from audit.sources.systems.dates import Dates
from audit.sources.systems.vocabulary import meanings, truths, vocabulary
from audit.strict import Table

DATES = ("detected_at", "occurred_at", "aware_at")
_COLUMNS = (*DATES, "client_id", "title")
_HOWS = ("becomes", "leaves", "changes")


@dataclass(frozen=True)
class Stage:
    """How it is told that an incident reached a stage.

    Attributes:
        stage: one of the contract's.
        column: whose value tells it.
        how: ``at``: the column holds the time, in the case's last update. Else the time is that of the update in which
            the column ``becomes`` one of the values, ``leaves`` them, or ``changes``.
        values: of the column.
        actor: the column that says who did it.
    """

    stage: str
    column: str
    how: str
    values: frozenset[str] = frozenset()
    actor: str | None = None

    def reached(self, before: str | None, now: str) -> bool:
        """Whether an update reaches the stage; ``before`` is None in a case's first one."""
        if self.how == "becomes":
            return now in self.values and before not in self.values
        if before is None:
            return False
        if self.how == "leaves":
            return before in self.values and now not in self.values
        return now != before


@dataclass(frozen=True)
class Words:
    """A column of the export, and what each of its words means."""

    column: str
    meaning: Mapping[str, str]


@dataclass(frozen=True)
class Options:
    """The settings of an issue tracker's source.

    Attributes:
        form: separator and encoding.
        dates: how dates are written.
        missing: what stands for no value, beside nothing.
        case: the column of the case's id.
        order: the column by which a case's updates follow each other, a number or ``updated``; None: as the files have
            them.
        updated: the column of an update's time; None: a row is a case, not an update of one.
        columns: of the incidents' columns, the export's.
        severity: how severe an incident is.
        breach: whether it is a personal data breach.
        stages: how each stage is told.
    """

    form: CsvForm
    dates: Dates
    missing: frozenset[str]
    case: str
    order: str | None
    updated: str | None
    columns: Mapping[str, str]
    severity: Words | None
    breach: Words | None
    stages: tuple[Stage, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The export's columns that are read, each once."""
        named = [self.case, self.order, self.updated, *self.columns.values()]
        named += [words.column for words in (self.severity, self.breach) if words]
        named += [name for s in self.stages for name in (s.column, s.actor)]
        return tuple(dict.fromkeys(name for name in named if name))


def read_options(table: Table) -> Options:
    """Take a tracker's settings from its table in sources.toml.

    Raises:
        AuditError: a key is missing or wrong, at its line.
    """
    updated = table.optional("updated")
    if "order" in table and not updated:
        table.refuse("without a column of the time of an update, a row is a case", "order", "also the key updated")
    return Options(
        form=CsvForm.of(table),
        dates=Dates.of(table),
        missing=frozenset(table.texts("missing") if "missing" in table else ()),
        case=table.text("case"),
        order=table.optional("order"),
        updated=updated,
        columns=_columns(table),
        severity=_severity(table),
        breach=_breach(table),
        stages=tuple(_stage(t, updated is not None) for t in table.tables("stages")) if "stages" in table else (),
    )


def _columns(table: Table) -> dict[str, str]:
    with table.table("columns") as names:
        if "detected_at" not in names:
            names.refuse("missing key", "detected_at", "the column of the time an incident was detected")
        return {column: names.text(column) for column in _COLUMNS if column in names}


def _severity(table: Table) -> Words | None:
    if "severity" not in table:
        return None
    with table.table("severity") as told:
        return Words(told.text("column"), meanings(told, "words", vocabulary("incidents", "severity")))


def _breach(table: Table) -> Words | None:
    if "personal_data_breach" not in table:
        return None
    with table.table("personal_data_breach") as told:
        return Words(told.text("column"), truths(told, "words"))


def _stage(table: Table, has_updates: bool) -> Stage:
    with table:
        stage = table.text("stage", vocabulary("incident_events", "stage"))
        actor = table.optional("actor")
        if "at" in table:
            return Stage(stage, table.text("at"), "at", actor=actor)
        given = [how for how in _HOWS if how in table]
        if len(given) != 1:
            table.refuse("how the stage is told", expected="one of at, becomes, leaves, changes")
        if not has_updates:
            table.refuse("a row is a case, and has no changes", given[0], "the key updated, or at instead")
        return _change(table, stage, given[0], actor)


def _change(table: Table, stage: str, how: str, actor: str | None) -> Stage:
    if how == "changes":
        return Stage(stage, table.text("changes"), how, actor=actor)
    values = frozenset(table.texts(how))
    if not values:
        table.refuse("empty", how, "at least one value")
    return Stage(stage, table.text("column"), how, values, actor)
