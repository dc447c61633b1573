"""What ``audit.open`` gives: the analyst's way to everything in a database for a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.analyst import grid
from audit.analyst.answer import Answer
from audit.analyst.frame import Frame, of_rows
from audit.analyst.overview import Overview, overview
from audit.analyst.pieces import Explanation, Pieces
from audit.errors import UsageError
from audit.evidence import EvidenceTable
from audit.places import database_of
from audit.run import Workbench
from audit.store import DatabaseError
from audit.words import Words

if TYPE_CHECKING:  # what is asked later is imported later: opening waits for none of it
    from audit.analyst.incident import Incident
    from audit.analyst.person import Person
    from audit.analyst.whatif import WhatIf
    from audit.comparison import Comparison

_QUERIES = ("SELECT", "EXPLAIN", "MULTI")  # MULTI is what PIVOT is made of
_WRITTEN_WRONG = ("ParserException", "BinderException", "CatalogException")


class Bench:
    """A database opened for a period, to ask questions of.

    Nothing asked of it changes the data. Close it, or use it in a ``with`` statement.

    >>> wb = audit.open()
    >>> wb.period
    '2026Q3'
    >>> wb["request_deadlines"].name
    'request_deadlines'
    >>> wb.sql("SELECT count(*) AS systems FROM core.systems")
    systems
          8

    Attributes:
        workbench: what the command line and the reports work with: plain results, and the connection.
        words: the language of what is said.
    """

    def __init__(self, workbench: Workbench, language: str = "en") -> None:
        self.workbench = workbench
        self._answers: dict[str, Answer] = {}
        policy = workbench.policy
        self.words = Words(language, policy.zone.key, policy.words.get(language))

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the database go."""
        self.workbench.close()

    @property
    def period(self) -> str:
        """The period, as it was asked for."""
        return self.workbench.asked.period.label

    @property
    def as_of(self) -> datetime:
        """The instant as of which everything is told: what is at or after it has not happened."""
        return self.workbench.asked.as_of

    @property
    def checks(self) -> tuple[str, ...]:
        """The checks' names."""
        return tuple(self.workbench.catalog)

    @property
    def sources(self) -> Frame:
        """Each table's files, and what became of their rows."""
        return self.sql("""
            SELECT table_name AS "table", count(*) AS files, CAST(sum("read") AS BIGINT) AS "read",
              CAST(sum(accepted) AS BIGINT) AS accepted, CAST(sum(duplicate) AS BIGINT) AS duplicate,
              CAST(sum(rejected) AS BIGINT) AS rejected
            FROM raw.files GROUP BY table_name ORDER BY table_name
        """)

    @property
    def rejected(self) -> Frame:
        """Why rows were refused, with how many of each; their text is in ``raw.rejected_rows``."""
        return self.sql("""
            SELECT table_name AS "table", column_name AS "column", reason, count(*) AS "rows"
            FROM raw.rejected_rows GROUP BY ALL ORDER BY ALL
        """)

    def check_all(self, only: Iterable[str] | None = None) -> Overview:
        """Run the checks, of this period and the one before, and give them as one table.

        Args:
            only: their names; all where not given.

        Raises:
            UsageError: no such check.
            CheckError: a check that could not run.
        """
        return overview(self, only)

    def __getitem__(self, check: str) -> Answer:
        """One check's answer; run when first asked for.

        Raises:
            UsageError: no such check.
        """
        if check not in self._answers:
            result = self.workbench[check]
            self._answers[check] = Answer(self, self.workbench.catalog[check], result)
        return self._answers[check]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.checks)

    def sql(self, text: str) -> Frame:
        """The rows of a query over raw, core, law and house.

        Raises:
            UsageError: not one query, or one that is written wrongly.
        """
        con = self.workbench.con
        try:
            found = con.extract_statements(text)
            if len(found) != 1 or found[0].type.name not in _QUERIES:
                raise UsageError("not a query", column="sql", expected="one SELECT; nothing here can be changed")
            return Frame(con.sql(text), self.words)
        except DatabaseError as error:
            if type(error).__name__ not in _WRITTEN_WRONG:
                raise
            raise UsageError(" ".join(str(error).split()), column="sql") from None

    def subject(self, subject_id: str) -> Person:
        """All that is on record of a person, as one line of time, by pseudonym.

        Raises:
            UsageError: nothing of this person had happened by the as-of instant.
        """
        from audit.analyst.person import Person

        return Person(self, subject_id)

    def incident(self, incident_id: str) -> Incident:
        """One incident against each of its clocks.

        Raises:
            UsageError: no such incident was detected before the as-of instant.
        """
        from audit.analyst.incident import Incident

        return Incident(self, incident_id)

    def evidence(self, finding_id: str) -> Pieces:
        """The rows behind a finding, a table each, with file and line.

        Raises:
            UsageError: no run that is kept has such a finding.
        """
        return Pieces(_evidence(self, table) for table in self.workbench.evidence(finding_id))

    def explain(self, check: str, item: str) -> Explanation:
        """Why an item of a check got its outcome, a sentence a step.

        Raises:
            UsageError: no such check, or no such item in the period.
        """
        return self[check].explain(item)

    def compare(self, period: str | None = None) -> Comparison:
        """This period beside another one, the one before where not named, as plain data.

        Raises:
            UsageError: no period, or one that had not begun by this one's moment.
        """
        return self.workbench.compare(period)

    def what_if(self, changes: Mapping[str, Any], only: Iterable[str] | None = None) -> WhatIf:
        """Findings before and after other rules, side by side; neither the policy nor any result changes.

        >>> wb = audit.open()
        >>> imagined = wb.what_if({"deadlines.breach_notice_default": "PT12H"})
        >>> imagined.table.where(check="breach_notification_controller")[0]["disappeared"]
        0

        Args:
            changes: what to set to what. A key of the policy file, as ``deadlines.erasure_grace``; a cell of a register
                as ``retention_rules.R-01.period``, ``*`` standing for every row; ``consents.expire_after``.
            only: the checks to hold side by side; all that read what changes where not given.

        Raises:
            UsageError: nothing that can be changed so, or a value that is none.
        """
        from audit.analyst.whatif import what_if

        return what_if(self, changes, only)

    def __dir__(self) -> list[str]:
        return sorted(n for n in super().__dir__() if not n.startswith("_"))

    def _facts(self) -> list[tuple[str, str]]:
        say, asked, files = self.words.say, self.workbench.asked, self.workbench.files
        narrowed = (("client", asked.client_id), ("role", asked.role))
        scope = [say(f"analyst.bench.{name}", name=self.words.code(value)) for name, value in narrowed if value]
        span = self.words.span(asked.period.start, asked.period.end)
        rejected = sum(f.rejected for f in files)
        tables = len({f.table for f in files})
        facts = {
            "period": f"{asked.period.label}, {span}",
            "as_of": self.words.long_instant(asked.as_of),
            "scope": ", ".join(scope) or say("analyst.bench.whole"),
            "sources": say("analyst.bench.files", n=len(files), tables=tables),
            "rows": self.words.integer(sum(f.accepted - f.replaced for f in files)),
            "rejected": say("analyst.bench.rejected_rows", n=rejected),
        }
        return [(say(f"analyst.bench.{key}"), value) for key, value in facts.items()]

    def __repr__(self) -> str:
        facts = self._facts()
        width = max(len(label) for label, _ in facts)
        lines = (f"{label.ljust(width)}  {value}" for label, value in facts)
        return "\n".join([self.workbench.policy.name, *lines, self.words.say("analyst.bench.next")])

    def _repr_html_(self) -> str:
        left = "text-align:left"
        rows = "".join(
            f'<tr><td style="padding:0 1.5em 0.1em 0;opacity:0.75;{left}">{escape(label)}</td>'
            f'<td style="{left}">{escape(value)}</td></tr>'
            for label, value in self._facts()
        )
        after = f'<p style="{grid.SMALL}">{escape(self.words.say("analyst.bench.next"))}</p>'
        return f"<div><strong>{escape(self.workbench.policy.name)}</strong><table>{rows}</table>{after}</div>"


def _evidence(bench: Bench, found: EvidenceTable) -> Frame:
    """Rows of one table as a frame."""
    names = list(found.rows[0])
    columns = {name: _sql_type([row[name] for row in found.rows]) for name in names}
    rows = [[row[name] for name in names] for row in found.rows]
    return of_rows(bench.workbench.con, columns, rows, bench.words, title=found.table)


def _sql_type(values: list[Any]) -> str:
    kind = next((type(v) for v in values if v is not None), str)
    return {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", list: "VARCHAR[]"}.get(kind, "VARCHAR")


def open_bench(
    db: Path | str | None = None,
    period: str | None = None,
    *,
    as_of: str | None = None,
    client: str | None = None,
    role: str | None = None,
    policy: Path | None = None,
    snapshot: int | None = None,
    language: str = "en",
) -> Bench:
    """Open a database for a period.

    Args:
        db: its folder; where not given the one that ``audit lab`` names, else ``data/audit.db``.
        period: ``2026Q3``, ``2026-07``, ``2026`` or two dates; the last quarter that the logs cover where not given.
        as_of: an ISO 8601 instant: facts at or after it have not happened; the period's end where not given.
        client: only this client's rows.
        role: only rows done as ``controller`` or ``processor``.
        policy: another policy file than the one the data was loaded under.
        snapshot: an older state by the number of its load; the current one where not given.
        language: of what is said, ``en`` or ``sv``.

    Raises:
        UsageError: a period, instant, role, client, language or snapshot that is none.
        AuditError: no database, or one that cannot be read.
    """
    given = {name: value for name, value in {"policy": policy, "snapshot": snapshot}.items() if value is not None}
    state = database_of(str(db or "")) | given
    workbench = Workbench(period=period, as_of=as_of, client=client, role=role, **state)
    try:
        return Bench(workbench, language)
    except UsageError:
        workbench.close()
        raise
