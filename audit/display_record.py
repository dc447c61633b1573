"""What the notebook of the record of processing shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit import sentences, tables
from audit.display import Page, Several, Shown, begin
from audit.record import Record, missing, open_record
from audit.record_files import NAME, OBSERVED, as_csv, as_xlsx, lines, observed_csv
from audit.record_tables import RecordTables
from audit.record_words import RecordWords
from audit.run import Workbench
from audit.vocabulary import Vocabulary
from audit.words import Words

CHECKS = ("log_coverage", "ropa_completeness", "lawful_basis", "scope_of_processing")
"""The checks that bear on the record."""


def begin_record(db: str, period: str, **scope: str) -> RecordPage:
    """Open the database, run the checks that bear on the record, and read it.

    Args:
        db: as for :func:`audit.display.begin`.
        period: of the logs that the record is held against.
        **scope: as for :func:`audit.display.begin`.

    Raises:
        UsageError: a period, scope, language or edition that is none.
        AuditError: no database there.
    """
    page = begin(db, period, only=list(CHECKS), **scope)
    assert page.workbench is not None
    return RecordPage(page, open_record(page.workbench.con, page.workbench.asked))


def write_files(workbench: Workbench, folder: Path, *, language: str = "en", edition: str = "internal") -> None:
    """Write the record as CSV and XLSX into a folder, and as CSV what the logs show against it."""
    policy, record = workbench.policy, open_record(workbench.con, workbench.asked)
    words = RecordWords(Words(language, str(policy.zone)))
    below = 0 if edition == "internal" else policy.suppress_below
    found = lines(record, words, policy.vocabulary)
    (folder / f"{NAME}.csv").write_text(as_csv(found), encoding="utf-8")
    (folder / f"{NAME}.xlsx").write_bytes(as_xlsx(found))
    observed = observed_csv(record, RecordTables(record, words, below).count)
    (folder / f"{OBSERVED}.csv").write_text(observed, encoding="utf-8")


class RecordPage:
    """Makes the display objects of the record of processing.

    Args:
        page: the checks' results, and what every report shows alike.
        record: the activities, and what the logs show against them.
    """

    def __init__(self, page: Page, record: Record) -> None:
        assert page.workbench is not None
        self.page, self.record, self.results = page, record, page.results
        self.vocabulary: Vocabulary = page.workbench.policy.vocabulary
        self.words = RecordWords(page.words)
        below = 0 if page.edition == "internal" else page.workbench.policy.suppress_below
        self.tables = RecordTables(record, self.words, below)
        self.say = self.words.say
        self._as_of_on = page.workbench.asked.as_of_on.isoformat()

    def cover(self) -> Shown:
        """The first page: how many activities, what is missing, and what the logs show besides."""
        r, w = self.results, self.page.words
        return self.page.show(
            "cover", organisation=r.organisation, report=self.say("report"), subtitle=self.say("subtitle"),
            period=r.period, start=r.start.isoformat(), end=r.end.isoformat(), as_of=r.as_of.isoformat(), zone=r.zone,
            scope=sentences.scope(w, r), edition=self.page.edition, language=w.language,
            sentence=self.words.cover(self.record), figures=self._figures(), facts=tables.cover_facts(r, w),
        )  # fmt: skip

    def _figures(self) -> list[dict[str, Any]]:
        record = self.record
        figures = {
            "controller": len(record.of("controller")),
            "processor": len(record.of("processor")),
            "lacking": sum(bool(missing(a)) for a in record.activities),
            "undeclared": len(record.seen("not_declared")),
        }
        return [
            {"label": self.say(f"figure.{key}"), "value": n, "kind": "integer", "note": self.say(f"figure.{key}_note")}
            for key, n in figures.items()
        ]

    def headline(self) -> Shown:
        """The sentence of the cover."""
        return self.page.sentence(self.words.cover(self.record))

    def matrix(self) -> Shown:
        """The promises of which every check was run."""
        return self.page.block(tables.matrix(self.results, self.page.words, only_run=True))

    def keeper(self) -> Shown:
        """Who keeps the record."""
        return self.page.block(self.tables.keeper(dict(self.results.identity), self._as_of_on))

    def overview(self, role: str) -> Shown:
        """The activities in one role, a line each."""
        return self.page.block(self.tables.overview(role))

    def completeness(self) -> Shown:
        """What the record holds, field by field."""
        return self.page.block(self.tables.completeness())

    def recipients(self) -> Several:
        """The recipients, and what carries a transfer to those abroad."""
        sentence = self.page.sentence(self.words.transfers(self.record))
        return Several([sentence, self.page.block(self.tables.recipients())] if self.record.recipients else [sentence])

    def observed(self) -> Several:
        """What the logs show and the record does not declare, and the other way round."""
        if not self.record.has_events:
            return Several([self.page.sentence(self.say("sentence.no_events"))])
        n = len(self.record.seen("not_declared"))
        sentence = self.say("sentence.differs", n=n) if n else self.say("sentence.agrees")
        shown = [self.page.sentence(sentence)]
        return Several([*shown, *(self.page.block(self.tables.observed(f)) for f in ("not_declared", "not_seen"))])

    def unknown(self) -> Several:
        """Events that name no activity of the record; nothing where there are none at all."""
        if not self.record.has_events:
            return Several([])
        n = self.tables.count(sum(u["n"] for u in self.record.unknown))
        sentence = self.page.sentence(self.say("observed.unknown_sentence", n=n))
        return Several([sentence, self.page.block(self.tables.unknown())] if self.record.unknown else [sentence])

    def annex(self, key: str) -> Shown:
        """Begins an annex of the record's own: controller, processor or terms."""
        return self.page.show("annex", title=self.say(f"annex.{key}"))

    def cards(self, role: str) -> Several:
        """Every activity in one role, with all its columns."""
        activities = self.record.of(role)
        if not activities:
            return Several([self.page.note(self.say("parts.none"))])
        return Several(self.page.block(self.tables.card(a)) for a in activities)

    def terms(self) -> Several:
        """The names of the record with their terms in the W3C Data Privacy Vocabulary."""
        names = self.words.names(self.record)
        n = sum(bool(self.vocabulary.iris(kind, name)) for kind, name in names)
        sentence = self.page.sentence(self.say("vocabulary.sentence", n=n, total=len(names)))
        return Several([sentence, self.page.block(self.tables.vocabulary(self.vocabulary))])

    def files(self) -> Shown:
        """Where the same record is as a file."""
        return self.page.note(self.say("parts.files"))
