"""What ``audit.open`` gives: the analyst's way to everything in a database for a period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from audit.analyst import given, grid
from audit.analyst.answer import Answer
from audit.analyst.frame import Frame, of_dicts
from audit.analyst.overview import Overview, overview
from audit.analyst.pieces import Explanation, Pieces
from audit.errors import UsageError
from audit.results import Finding
from audit.run import Workbench
from audit.snapshot import numbers
from audit.words import Words

if TYPE_CHECKING:  # what is asked later is imported later: opening waits for none of it
    from audit.analyst.incident import Incident
    from audit.analyst.person import Person
    from audit.analyst.whatif import WhatIf
    from audit.comparison import Comparison

_QUERIES = ("SELECT", "EXPLAIN", "MULTI")  # MULTI is what PIVOT is made of
_FINDING = "a finding_id of wb[CHECK].findings, as F-…"
_CHECK = 'a check\'s name, as wb["consent_coverage"]; wb.checks lists them'


class Bench:
    """A database opened for a period, to ask questions of.

    Nothing asked of it changes the data. Close it, or use it in a ``with`` statement. Looped over, it
    gives the checks' names.

    >>> wb = audit.open()
    >>> wb.period
    '2026Q3'
    >>> wb["request_deadlines"].name
    'request_deadlines'
    >>> wb.sql("SELECT count(*) AS systems FROM core.systems")
    systems
          8

    Attributes:
        words: the language of what is said.
    """

    def __init__(self, workbench: Workbench, language: str = "en") -> None:
        self._workbench: Workbench | None = workbench
        self._answers: dict[str, Answer] = {}
        policy = workbench.policy
        self.words = Words(language, policy.zone.key, policy.words.get(language))

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the database go; nothing more can be asked then."""
        if self._workbench:
            self._workbench.close()
        self._workbench = None
        self._answers.clear()

    @property
    def workbench(self) -> Workbench:
        """What the command line and the reports work with.

        Raises:
            UsageError: the bench is closed.
        """
        if self._workbench is None:
            raise UsageError("the bench is closed", fix=given.CLOSED)
        return self._workbench

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
    def tables(self) -> Frame:
        """The tables and views that :meth:`sql` reads, with their columns."""
        return self.sql("""
            SELECT "schema" || '.' || "name" AS "table", column_names AS columns FROM (SHOW ALL TABLES)
            WHERE "schema" IN ('raw', 'core', 'law', 'house') ORDER BY 1
        """)

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

    def check_all(self, only: Iterable[str] | str | None = None) -> Overview:
        """Run the checks, of this period and the one before, and give them as one table.

        Args:
            only: their names, or one; all where not given.

        Raises:
            UsageError: no such check.
            CheckError: a check that could not run.
        """
        return overview(self, None if only is None else given.texts(only, "only", _CHECK))

    def __getitem__(self, check: str) -> Answer:
        """One check's answer; run when first asked for.

        Raises:
            UsageError: no such check.
        """
        if given.text(check, "check", _CHECK) not in self._answers:
            result = self.workbench[check]
            self._answers[check] = Answer(self, self.workbench.catalog[check], result)
        return self._answers[check]

    def __iter__(self) -> Iterator[str]:
        return iter(self.checks)

    def __len__(self) -> int:
        return len(self.checks)

    def __contains__(self, check: object) -> bool:
        return check in self.checks

    def __getattr__(self, name: str) -> Any:
        raise given.no_name(self, name, () if name.startswith("_") else self.checks, 'wb["{}"]')

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.checks)

    def sql(self, text: str) -> Frame:
        """The rows of a query over raw, core, law and house.

        Raises:
            UsageError: not one query, or one that is written wrongly.
        """
        con = self.workbench.con
        with given.asking():
            found = con.extract_statements(given.text(text, "sql", "a SELECT in quotes"))
            if len(found) != 1 or found[0].type.name not in _QUERIES:
                raise UsageError("not a query", column="sql", expected="one SELECT; nothing here can be changed")
            relation = con.sql(text)
        names = relation.columns
        if twice := next((n for n in names if names.count(n) > 1), None):
            raise UsageError("two columns have this name", column=twice, expected="another by AS for one of them")
        return Frame(relation, self.words)

    def subject(self, subject_id: str) -> Person:
        """All that is on record of a person, as one line of time, by pseudonym.

        Raises:
            UsageError: nothing of this person had happened by the as-of instant.
        """
        from audit.analyst.person import Person

        return Person(self, given.text(subject_id, "subject", 'a subject_id, as wb.subject("S-…")'))

    def incident(self, incident_id: str) -> Incident:
        """One incident against each of its clocks.

        Raises:
            UsageError: no such incident was detected before the as-of instant.
        """
        from audit.analyst.incident import Incident

        return Incident(self, given.text(incident_id, "incident", 'an incident_id, as wb.incident("INC-…")'))

    def evidence(self, finding: str | Mapping[str, Any] | Finding) -> Pieces:
        """The rows behind a finding, a table each, with file and line.

        Args:
            finding: its id, or a row of an answer's findings.

        Raises:
            UsageError: neither a check that was run here nor a run that is kept has such a finding.
        """
        found = finding if isinstance(finding, str) else given.of_finding(finding, "finding_id")
        try:
            return Pieces(
                of_dicts(self.workbench.con, t.rows, self.words, t.table) for t in self.workbench.evidence(found)
            )
        except UsageError as error:
            raise UsageError(error.message, column="finding", expected=_FINDING) from None

    def explain(self, check: str, item: str) -> Explanation:
        """Why an item of a check got its outcome, a sentence a step.

        Raises:
            UsageError: no such check, or no such item in the period.
        """
        return self[check].explain(item)

    def compare(self, period: str | int | None = None) -> Comparison:
        """This period beside another one, the one before where not named, as plain data.

        Raises:
            UsageError: no period, or one that had not begun by this one's moment.
        """
        return self.workbench.compare(given.written(period))

    def what_if(self, changes: Mapping[str, Any], only: Iterable[str] | str | None = None) -> WhatIf:
        """Findings before and after other rules, side by side; neither the policy nor any result changes.

        >>> wb = audit.open()
        >>> imagined = wb.what_if({"deadlines.breach_notice_default": "PT12H"})
        >>> imagined.table.where(check="breach_notification_controller")[0]["disappeared"]
        0

        Args:
            changes: what to set to what. A key of the policy file, as ``deadlines.erasure_grace``; a cell of a register
                as ``retention_rules.R-01.period``, ``*`` standing for every row; ``consents.expire_after``.
            only: the checks to hold side by side, or one; all that read what changes where not given.

        Raises:
            UsageError: nothing that can be changed so, or a value that is none.
        """
        from audit.analyst.whatif import what_if

        return what_if(self, changes, None if only is None else given.texts(only, "only", _CHECK))

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
            "snapshot": self._state(),
        }
        return [(say(f"analyst.bench.{key}"), value) for key, value in facts.items()]

    def _state(self) -> str:
        """Which snapshot is open, and whether there is a newer one by now."""
        own = self.workbench.snapshot
        newest = max(numbers(own.folder), default=own.number)
        return self.words.say(
            f"analyst.bench.{'newest' if newest <= own.number else 'older'}", n=own.number, newest=newest
        )

    def __repr__(self) -> str:
        if self._workbench is None:
            return self.words.say("analyst.bench.closed")
        facts = self._facts()
        width = max(len(label) for label, _ in facts)
        lines = (f"{label.ljust(width)}  {value}" for label, value in facts)
        return "\n".join([self.workbench.policy.name, *lines, self.words.say("analyst.bench.next")])

    def _repr_html_(self) -> str:
        if self._workbench is None:
            return grid.paragraph(repr(self))
        left = "text-align:left"
        rows = "".join(
            f'<tr><td style="padding:0 1.5em 0.1em 0;opacity:0.75;{left}">{escape(label)}</td>'
            f'<td style="{left}">{escape(value)}</td></tr>'
            for label, value in self._facts()
        )
        after = f'<p style="{grid.SMALL}">{escape(self.words.say("analyst.bench.next"))}</p>'
        return f"<div><strong>{escape(self.workbench.policy.name)}</strong><table>{rows}</table>{after}</div>"
