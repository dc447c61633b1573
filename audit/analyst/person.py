"""A person's line of time, by pseudonym: what was chosen, what was done, what was asked and what is still kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from audit.analyst.frame import Frame, of_rows
from audit.analyst.positions import rows_of
from audit.asked import Asked
from audit.errors import UsageError
from audit.judge import rows
from audit.known import Known
from audit.retained import is_held
from audit.snapshot import Snapshot, literal
from audit.stepwise import time_limit
from audit.store import Connection, sql_file
from audit.words import Words

if TYPE_CHECKING:
    from audit.analyst.bench import Bench

_AS_LOGGED = "core.processing_events_as_logged"
_SHOWN = ("relations", "consents", "preferences", "events", "requests", "records", "holds")
_LINE = {"at": "TIMESTAMPTZ", "until": "TIMESTAMPTZ", "what": "VARCHAR", "of": "VARCHAR", "detail": "VARCHAR"}


class Person:
    """All that is on record of one person up to the as-of instant, the period's and what came before.

    It names nobody: a person is known by the pseudonym, and no external id is shown.

    >>> wb = audit.open()
    >>> subject_id = wb["consent_coverage"].findings[0]["subject_id"]
    >>> person = wb.subject(subject_id)
    >>> person.events.columns[:4]
    ('occurred_at', 'system_id', 'purpose', 'legal_basis')
    >>> person.line.columns
    ('at', 'until', 'what', 'of', 'detail')

    Attributes:
        subject_id: the pseudonym.
        relations: what the person is to the organisation and its clients.
        events: what was done with the person's data, and what it rests on.
        consents, preferences: what the person chose.
        covered, refused: the stretches in which a consent was valid, and in which contact was refused.
        requests, records: with the day each is due.
        holds: legal holds on the person's records.
    """

    def __init__(self, bench: Bench, subject_id: str) -> None:
        self._bench, self.subject_id = bench, subject_id
        self._own = _own(self._con, bench.workbench.snapshot, subject_id)
        self.events = self._made("events", self._sql("events"))
        self.consents, self.covered = self._frame("consents"), self._frame("covered")
        self.preferences, self.refused = self._frame("preferences"), self._frame("refused")
        self.relations = self._frame("relations")
        self._requests, self._records = self._rows("requests"), self._rows("records")
        if not any(getattr(self, name) for name in _SHOWN):  # the first that has rows is enough
            raise UsageError(
                "nothing of such a person had happened before the as-of instant in this scope",
                column="subject",
                expected='a subject_id as it is written, as in wb.sql("SELECT subject_id FROM core.subjects")',
            )

    @cached_property
    def requests(self) -> Frame:
        """The person's requests, each with its last day: as in check request_deadlines."""
        shown = {"request_id": "VARCHAR", "kind": "VARCHAR", "client_id": "VARCHAR", "received_at": "TIMESTAMPTZ",
                 "answered_at": "TIMESTAMPTZ", "outcome": "VARCHAR"}  # fmt: skip
        return self._dated("request_deadlines", self._requests, shown)

    @cached_property
    def records(self) -> Frame:
        """The records about the person, each with the last day it may be kept: as in check retention."""
        shown = {"record_id": "VARCHAR", "system_id": "VARCHAR", "data_category": "VARCHAR", "client_id": "VARCHAR",
                 "collected_at": "TIMESTAMPTZ", "disposed_at": "TIMESTAMPTZ"}  # fmt: skip
        return self._dated("retention", self._records, shown)

    @cached_property
    def holds(self) -> Frame:
        """The legal holds on the person or on one of the records, those of a whole client or category with them."""
        shown = {"hold_id": "VARCHAR", "record_id": "VARCHAR", "data_category": "VARCHAR", "client_id": "VARCHAR",
                 "held_from": "DATE", "held_to": "DATE"}  # fmt: skip
        as_of = f"DATE '{self._asked.as_of_on}'"
        begun = rows(
            self._con,
            f"SELECT * REPLACE (CASE WHEN held_to <= {as_of} THEN held_to END AS held_to) FROM core.legal_holds"
            f" WHERE held_from <= {as_of} ORDER BY held_from, hold_id",
        )
        own = [h for h in begun if h["subject_id"] == self.subject_id or any(is_held(r, h) for r in self._records)]
        return of_rows(self._con, shown, [[h[name] for name in shown] for h in own], self._words, title="holds")

    @cached_property
    def line(self) -> Frame:
        """Everything in one table, in order: from when, until when (empty while it lasts), what, of what, a detail."""
        found = [*self._choices(), *self._deeds(), *self._duties()]
        found.sort(key=lambda row: (row[0], row[2], row[3] or ""))
        return of_rows(self._con, _LINE, found, self._words, title=self._title)

    def chart(self) -> Any:
        """The line of time drawn: bands for consents, refusals and holds, marks for events by their legal basis."""
        from audit.charts.life import life  # late: it is slow to import, and a table may do

        return life(list(self.line), self._bench.as_of, self._title, self._words)

    @property
    def _title(self) -> str:
        return self._words.say("analyst.person.title", subject=self.subject_id, n=len(self.events))

    def _choices(self) -> list[list[Any]]:
        """Consents and refusals as bands, and each choice as a moment."""
        bands = [[c["valid_from"], _ended(c), "consent", c["purpose"], c["client_id"]] for c in self.covered]
        bands += [[r["valid_from"], _ended(r), "no_contact", r["channel"], r["client_id"]] for r in self.refused]
        bands += [
            [c["effective_at"], None, f"consent_{c['status']}", c["purpose"], c["client_id"]] for c in self.consents
        ]
        return bands

    def _deeds(self) -> list[list[Any]]:
        said = ("operation", "channel", "system_id", "purpose")
        return [
            [e["occurred_at"], None, "event", e["legal_basis"], ", ".join(e[name] for name in said if e[name])]
            for e in self.events
        ]

    def _duties(self) -> list[list[Any]]:
        """Requests until answered, records until disposed of, the days they are due, and holds."""
        found = []
        for r in self.requests:
            found.append([r["received_at"], r["answered_at"], "request", r["kind"], r["outcome"]])
            found += [[self._noon(r["due"]), None, "request_due", r["kind"], None]] if r["due"] else []
        for r in self.records:
            found.append([r["collected_at"], r["disposed_at"], "record", r["data_category"], r["system_id"]])
            found += (
                [[self._noon(r["due"]), None, "record_due", r["data_category"], r["record_id"]]] if r["due"] else []
            )
        for h in self.holds:
            end = self._noon(h["held_to"]) if h["held_to"] else None
            found.append([self._noon(h["held_from"]), end, "hold", h["data_category"] or h["record_id"], h["hold_id"]])
        return found

    def _noon(self, day: date) -> datetime:
        """A day as an instant to draw it at."""
        return datetime(day.year, day.month, day.day, 12, tzinfo=self._words.zone)

    def _dated(self, check: str, items: list[dict[str, Any]], shown: dict[str, str]) -> Frame:
        """Items with the end of their time limit, as the check counts it."""
        workbench = self._bench.workbench
        judge = workbench.catalog[check]
        found = []
        read: dict[str, list[dict[str, Any]]] = {}
        for item in items:
            role = "controller" if item["client_id"] is None else "processor"
            known = Known(
                self._con, judge, self._asked, workbench.policy, {"item": item[judge.key], "role": role}, item, read
            )
            limit = time_limit(known)
            own = known.own()
            found.append([*(own[name] for name in shown), limit.due if limit else None])
        return of_rows(self._con, shown | {"due": "DATE"}, found, self._words, title=judge.unit)

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return rows(self._con, self._sql(name), [self.subject_id])

    def _frame(self, name: str) -> Frame:
        return self._made(name, self._sql(name), [self.subject_id])

    def _sql(self, name: str) -> str:
        """A query of sql/person within what is asked, over what is the person's own."""
        client, role = self._asked.client_id, self._asked.role
        wanted = [f"client_id = {literal(client)}"] if client else []
        wanted += [f"client_id IS {'NULL' if role == 'controller' else 'NOT NULL'}"] if role else []
        whole = _over(self._own, self._asked.within(sql_file(f"person/{name}")))
        return f"SELECT * FROM ({whole}) WHERE {' AND '.join(wanted)}" if wanted else whole

    def _made(self, name: str, sql: str, values: list[str] | None = None) -> Frame:
        relation = self._con.sql(sql, params=values) if values else self._con.sql(sql)
        return Frame(relation.materialize(), self._words, title=name)

    @property
    def _con(self) -> Connection:
        return self._bench.workbench.con

    @property
    def _asked(self) -> Asked:
        return self._bench.workbench.asked

    @property
    def _words(self) -> Words:
        return self._bench.words

    def _frames(self) -> dict[str, Frame]:
        return {name: frame for name in _SHOWN if (frame := getattr(self, name))}

    def __repr__(self) -> str:
        return "\n\n".join([self._title, *map(repr, self._frames().values())])

    def _ipython_display_(self) -> None:
        from IPython.display import display  # only a notebook has it

        display(self.chart(), *self._frames().values())  # type: ignore[no-untyped-call]


def _ended(stretch: dict[str, Any]) -> datetime | None:
    """When a stretch ended; None while it lasts."""
    return None if stretch["is_open"] else stretch["valid_to"]


def _own(con: Connection, snapshot: Snapshot, subject_id: str) -> dict[str, str]:
    """What a query reads of one person where it names a table of all: so each of the large tables is read once."""
    con.execute("CREATE OR REPLACE TEMP TABLE own_consents AS FROM core.consents WHERE subject_id = $1", [subject_id])
    consents = {"core.consents": "temp.own_consents"}
    stretches = _over(consents, sql_file("derived/consent_intervals"))
    logged = _logged(con, snapshot, subject_id)
    return consents | {"core.consent_intervals": f"({stretches})", "core.processing_events": f"({logged})"}


def _over(own: Mapping[str, str], sql: str) -> str:
    """A query over these instead of the tables that it names."""
    for table, rows_of_own in own.items():
        sql = sql.replace(table, rows_of_own)
    return sql


def _logged(con: Connection, snapshot: Snapshot, subject_id: str) -> str:
    """The events of a person by each name that a system has for them, for FROM.

    Each name is looked for by itself, within its system: so a part of a log that cannot hold it is not read, and of a
    large log only where one of the names stands. The view core.processing_events gives the same rows, and reads all.
    """
    named = "SELECT system_id, external_id, subject_id FROM core.identities WHERE subject_id = $1 OR external_id = $1"
    found = con.execute(named, [subject_id]).fetchall()
    # Systems that mean somebody by the person's own name: of theirs only what the names say is the person's.
    others = "".join(
        f" AND system_id IS DISTINCT FROM {literal(system)}" for system, name, _ in found if name == subject_id
    )
    own = [(system, name) for system, name, person in found if person == subject_id]
    near = rows_of(con, snapshot, {subject_id, *(name for _, name in own)})
    there = "" if near is None else f" AND source_row IN ({', '.join(map(str, near)) or 'NULL'})"
    logged = [f"SELECT * FROM {_AS_LOGGED} WHERE subject_id = {literal(subject_id)}{others}{there}"]
    logged += [
        f"SELECT * FROM {_AS_LOGGED} WHERE subject_id = {literal(name)} AND system_id = {literal(system)}{there}"
        for system, name in own
    ]
    return " UNION ALL ".join(logged)
