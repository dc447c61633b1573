"""Any issue tracker's CSV, by the columns and words that sources.toml declares: incidents and their trail.

A row is a case, or an update of one. Stages keep the times the tracker gives them, also where they contradict each
other: the check of incident response is what tells.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from audit.sources.systems.csv_records import csv_records
from audit.sources.systems.export import Aside, Context, Export, Item, Refused, System
from audit.sources.systems.json_fields import FieldError, Maker
from audit.sources.systems.tracker_options import DATES, Options, Stage, Words, read_options


@dataclass(frozen=True, slots=True)
class _Update:
    """A row of the export; a case's updates follow each other by ``order``, equal ones as the files have them."""

    export: Export
    line: int
    cells: tuple[str, ...]
    order: float = 0


def _rows(exports: Sequence[Export], context: Context, options: Options) -> Iterator[Item]:
    """The incidents and stages of the files; a case's rows come when its last update is read.

    The files are read twice where rows are updates: the first time counts each case's, so that the second holds no
    more than the cases begun and not ended.
    """
    tracker = _Tracker(context, options)
    if not options.updated:
        for export in exports:
            for update in tracker.updates(export):
                yield from [update] if isinstance(update, Refused) else tracker.case([update])
        return
    left = Counter(
        tracker.cell(u, options.case) for export in exports for u in tracker.updates(export) if isinstance(u, _Update)
    )
    begun: dict[str, list[_Update]] = {}
    for export in exports:
        for update in tracker.updates(export):
            if isinstance(update, Refused):
                yield update
                continue
            case = tracker.cell(update, options.case)
            begun.setdefault(case, []).append(update)
            left[case] -= 1
            if not left[case]:
                yield from tracker.case(begun.pop(case))


class _Tracker:
    """Turns a case's updates into rows."""

    def __init__(self, context: Context, options: Options) -> None:
        self._context, self._options = context, options
        self._place = {column: n for n, column in enumerate(options.wanted)}

    def cell(self, update: _Update, column: str) -> str:
        """A value as text; empty where it is missing."""
        text = update.cells[self._place[column]]
        return "" if text in self._options.missing else text

    def updates(self, export: Export) -> Iterator[_Update | Refused]:
        """The rows of a file that belong to a case and have a place in it."""
        table = "incident_events" if self._options.updated else "incidents"
        for record in csv_records(export, self._options.wanted, self._options.form):
            if record.cells is None:
                yield Refused(export, record.line, table, None, "malformed", {})
                continue
            # Most cells say the same as the row before: one text for all keeps the memory small.
            update = _Update(export, record.line, tuple(map(sys.intern, record.cells)))
            case = self.cell(update, self._options.case)
            try:
                if not case:
                    raise FieldError(self._options.case, "missing")
                yield replace(update, order=self._order(update))
            except FieldError as error:
                kept = {"incident_id": case} if case else {}
                yield self._maker(update).refused(table, error.column, error.reason, kept)

    def _order(self, update: _Update) -> float:
        column = self._options.order
        if column is None:
            return 0
        if column == self._options.updated:
            return self._time(update, column)
        number = self.cell(update, column)
        if not (number.isascii() and number.isdecimal()):
            raise FieldError(column, "unparsable" if number else "missing")
        return int(number)

    def _time(self, update: _Update, column: str) -> float:
        try:
            time = datetime.fromisoformat(self._needed_date(update, column))
        except ValueError:
            raise FieldError(column, "unparsable") from None
        return (time if time.tzinfo else time.replace(tzinfo=self._context.zone)).timestamp()

    def case(self, updates: list[_Update]) -> Iterator[Item]:
        """A case's rows: the stages its updates reached, and what its last one says of the incident."""
        updates.sort(key=lambda u: u.order)
        before = None
        for update in updates:
            reached = list(self._reached(before, update))
            yield from reached
            if not reached and update is not updates[-1]:
                yield Aside(update.export, update.line, "update that reaches no stage")
            before = update
        last = updates[-1]
        yield self._incident(last)
        for stage in self._options.stages:
            if stage.how == "at" and self.cell(last, stage.column):
                yield self._event(last, stage, stage.column)

    def _reached(self, before: _Update | None, update: _Update) -> Iterator[Item]:
        """The stages an update reaches by what it changes, each once."""
        told: set[str] = set()
        for stage in self._options.stages:
            if stage.how == "at" or stage.stage in told:
                continue
            was = self.cell(before, stage.column) if before else None
            if stage.reached(was, self.cell(update, stage.column)):
                assert self._options.updated
                told.add(stage.stage)
                yield self._event(update, stage, self._options.updated)

    def _event(self, update: _Update, stage: Stage, time: str) -> Item:
        known = {"incident_id": self.cell(update, self._options.case), "stage": stage.stage}
        actor = self.cell(update, stage.actor) if stage.actor else ""
        return self._maker(update).row(
            "incident_events",
            known,
            lambda: {
                "at": self._needed_date(update, time),
                "actor_id": self._context.pseudonyms.actor(self._context.system_id, actor) if actor else None,
            },
        )

    def _incident(self, update: _Update) -> Item:
        options, columns = self._options, self._options.columns
        return self._maker(update).row(
            "incidents",
            {"incident_id": self.cell(update, options.case), "client_id": self._context.client_id},
            lambda: {
                "severity": self._meaning(update, options.severity),
                "personal_data_breach": self._meaning(update, options.breach),
                **{ours: self._date(update, theirs) for ours, theirs in columns.items() if ours in DATES},
                **{ours: self.cell(update, theirs) or None for ours, theirs in columns.items() if ours not in DATES},
                "detected_at": self._needed_date(update, columns["detected_at"]),
            },
        )

    def _date(self, update: _Update, column: str) -> str | None:
        text = self.cell(update, column)
        read = self._options.dates.iso(text, update.export, update.line, column) if text else None
        if text and read is None:
            raise FieldError(column, "unparsable")
        return read

    def _needed_date(self, update: _Update, column: str) -> str:
        read = self._date(update, column)
        if read is None:
            raise FieldError(column, "missing")
        return read

    def _meaning(self, update: _Update, words: Words | None) -> str | None:
        word = self.cell(update, words.column) if words else ""
        if words is None or not word:
            return None
        if word not in words.meaning:
            raise FieldError(words.column, "not_in_vocabulary")
        return words.meaning[word]

    def _maker(self, update: _Update) -> Maker:
        return Maker(update.export, update.line, self._context)


SYSTEM = System(
    name="tracker",
    title="any issue tracker's CSV (ServiceNow and others), by the columns that sources.toml declares",
    endings=(".csv",),
    options=read_options,
    rows=_rows,
)
