"""What a notebook shows: display objects over results, each for the screen and, as a block, for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from audit import exhibits, remarks, sentences, tables
from audit.blocks import Block
from audit.catalog import Check, load_catalog
from audit.checktexts import Texts
from audit.disclosure import NotReleased, for_edition, is_released
from audit.editions import EDITIONS
from audit.errors import AuditError, UsageError
from audit.places import database_of
from audit.results import Results
from audit.run import Workbench, open_workbench
from audit.sentences import Text
from audit.shown import Several, Shown
from audit.tables import Columns
from audit.words import Words

__all__ = ["EDITIONS", "Page", "Several", "Shown", "begin"]


def begin(db: str, period: str, *, only: list[str] | None = None, **scope: str) -> Page:
    """Open the database, run the checks and hold the results: a notebook's first line after its parameters.

    Args:
        db: the database's folder; empty: the one that `audit lab` or the runner names.
        period: as `2026Q3`; empty: the last quarter that the logs cover.
        only: the checks to run; all where not given.
        scope: as_of, client and role to narrow the run, language and edition of the page; empty where not wanted.

    Raises:
        UsageError: a period, scope, language or edition that is none.
        AuditError: no database there.
    """
    as_of, client, role = (scope.get(key) or None for key in ("as_of", "client", "role"))
    workbench = open_workbench(period=period or None, as_of=as_of, client=client, role=role, **database_of(db))
    edition, language = scope.get("edition") or "internal", scope.get("language") or "en"
    results = for_edition(workbench.check_all(only=only), edition, workbench.policy.suppress_below)
    page = Page(results, language, edition, workbench.policy.words.get(language), workbench.catalog)
    page.workbench = workbench
    return page


class Page:
    """Makes display objects of one run's results.

    Args:
        results: what the run found.
        language: of the report.
        edition: `internal` shows the items' keys, so that people can mend things; `external` is for results that
            audit.disclosure released.
        terms: the organisation's own names and texts in the language.
        catalog: the checks by name; the package's own where not given.

    Attributes:
        workbench: the open database, where the page was made by begin.
        told: the checks whose counts were shown.

    Raises:
        UsageError: no such language or edition.
    """

    def __init__(
        self, results: Results, language: str = "en", edition: str = "internal",
        terms: Mapping[str, str] | None = None, catalog: Mapping[str, Check] | None = None,
    ) -> None:  # fmt: skip
        if edition not in EDITIONS:
            raise UsageError("no such edition", column="edition", expected=" or ".join(EDITIONS))
        if edition == "external" and not is_released(results):
            raise AuditError("results not released for the external edition", fix="Use disclosure.for_edition")
        self.results, self.edition = results, edition
        self.workbench: Workbench | None = None
        self.told: list[str] = []
        self.words = Words(language, results.zone, terms)
        self.catalog = load_catalog() if catalog is None else catalog

    def show(self, kind: str, **values: Any) -> Shown:
        """Any kind of block of the report, its values given by name."""
        return self.block({"kind": kind, **values})

    def block(self, block: Block) -> Shown:
        """A block of the report, made already."""
        return Shown(block, self.words)

    def cover(self, report: str, subtitle: str | None = None) -> Shown:
        """The first page: who, what, when, and the one sentence that matters; titles by key or as they are."""
        r, w = self.results, self.words
        return self.show(
            "cover", organisation=r.organisation, report=w.title(report), subtitle=w.title(subtitle), period=r.period,
            start=r.start.isoformat(), end=r.end.isoformat(), as_of=r.as_of.isoformat(), zone=r.zone,
            scope=sentences.scope(w, r), edition=self.edition, language=w.language, sentence=sentences.cover(w, r),
            figures=tables.key_figures(r, w), facts=tables.cover_facts(r, w),
        )  # fmt: skip

    def headline(self) -> Shown:
        """The one sentence that matters."""
        return self.sentence(sentences.cover(self.words, self.results))

    def figures(self) -> Shown:
        """The figures that matter, in a row."""
        return self.show("figures", items=tables.key_figures(self.results, self.words))

    def promises(self) -> Shown:
        """How many promises could be held against data, and how they stand."""
        return self.sentence(sentences.tally(self.words, self.results))

    def sentence(self, text: Text) -> Shown:
        """An answer, set large."""
        return self.show("sentence", text=text)

    def answer(self, check: str) -> Shown:
        """A check's answer, computed."""
        return self.sentence(sentences.answer(self.words, self.results[check]))

    def next_step(self, check: str) -> Shown:
        """What to do about what a check found."""
        return self.note(sentences.next_step(self.words, self.results[check]))

    def first_things(self) -> Shown:
        """Where to begin: the checks with violations, the gravest and lowest first."""
        return self.block(tables.first_things(self.results, self.words))

    def chart(self, form: Callable[..., Any], check: str, **options: Any) -> Any:
        """A check in a form of audit.charts; nothing where nothing was judged."""
        result = self.results[check]
        if not result.evaluated or not result.population:
            return None
        try:
            return self.drawn(form(result, self.words, **options))
        except NotReleased as error:
            return self._not_shown(error)

    def _not_shown(self, error: NotReleased) -> Shown:
        """Says in its place that something is not shown; nobody may take what is missing for none."""
        return self.note(self.words.say(f"sentences.not_shown.{error.column}"))

    def drawn(self, chart: Any) -> Any:
        """A chart; its title alone where there is nothing to draw."""
        return chart if chart.rows else self.note(f"{chart.title}.")

    def main_chart(self, check: str) -> Any:
        """The chart that the check's own page names."""
        from audit import charts  # late: a page without charts need not wait for them

        return self.chart(charts.FORMS[self.catalog[check].chart], check)

    def each(self, *makers: Callable[[str], Any], of: Iterable[str] | None = None) -> Several:
        """What each maker makes of each check, of all or of those named: `page.each(page.method)`."""
        checks = [c for c in (self.results.checks if of is None else of) if c in self.results.checks]
        made = (make(check) for check in checks for make in makers)
        return Several(s for s in made if s is not None)

    def subject(self, *checks: str) -> Several:
        """All there is to say of each check: heading, answer, counts, chart and worst findings."""
        return self.each(self.heading, self.answer, self.counts, self.main_chart, self.worst, of=checks)

    def rest(self) -> Several:
        """The same for the checks whose counts no cell has shown yet."""
        return self.subject(*(check for check in self.results.checks if check not in self.told))

    def note(self, text: Text, tone: str = "info") -> Shown:
        """A remark; the tone `caution` asks to read with care."""
        return self.show("note", tone=tone, text=text)

    def counts(self, check: str) -> Shown:
        """A check's rate with its denominator and all five counts; from here on the check counts as told."""
        self.told.append(check)
        return self.block(exhibits.counts(self.results[check], self._texts(check), self.words))

    def checks(self) -> Shown:
        """Every check with its counts, as a table."""
        return self.block(tables.checks(self.results, self.words))

    def table(self, caption: Text, columns: Columns, rows: Iterable[list[Any]], **more: Any) -> Shown:
        """A table of one's own; columns are key -> (label, kind)."""
        return self.block(tables.table(caption, columns, rows, **more))

    def by(self, check: str, dim: str, label: str | None = None) -> Shown:
        """A check's counts for each value of a dimension, as a table; ``label`` in place of the usual head."""
        label = label or self.words.say(f"tables.dim.{dim}")
        try:
            return self.block(tables.by(self.results[check], dim, label, self.words, self._texts(check).title))
        except NotReleased as error:
            return self._not_shown(error)

    def worst(self, check: str, limit: int = 5) -> Shown | None:
        """A check's worst findings, if it has any."""
        caption = self.words.say("tables.worst", check=self._name(check))
        return self._findings(caption, check, limit)

    def findings(self, check: str, limit: int = 50) -> Shown | None:
        """A check's findings for the annex, small."""
        return self._findings(self._name(check), check, limit, size="small")

    def _findings(self, caption: Text, check: str, limit: int, **more: Any) -> Shown | None:
        c = self.results[check]
        total = c.violation + c.waived + c.undetermined
        if not total or not c.lists_items:
            return None
        found = c.findings(limit=limit)
        return self.block(tables.findings(caption, found, self.words, self.catalog, total_rows=total, **more))

    def waived(self) -> Shown:
        """Every violation that a waiver covers: counted, never hidden."""
        found = [f for c in self.results if c.lists_items for f in c.findings(outcome="waived")]
        caption = self.words.say("tables.waived")
        return self.block(tables.findings(caption, found, self.words, self.catalog, size="small"))

    def waiving(self) -> Shown:
        """How many waivers are in force, what they cover, and what counts again."""
        return self.sentence(remarks.waivers(self.words, self.results))

    def waivers(self) -> Several:
        """The waivers in force and those that have run out, where there are any: for what, by whom, until when, why."""
        told = ("caption", remarks.in_force(self.results)), ("gone", remarks.run_out(self.results))
        shown = ((self.words.say(f"tables.waivers.{key}"), waivers) for key, waivers in told if waivers)
        return Several(self.block(exhibits.waivers(caption, waivers, self.words)) for caption, waivers in shown)

    def unsaid(self) -> Shown:
        """How far the policy's own text falls short."""
        return self.sentence(remarks.unsaid(self.words, self.results))

    def unsaid_by_text(self) -> Shown:
        """Where the text falls short by its own sections."""
        return self.block(exhibits.statements(self.results, self.words))

    def unsaid_by_data(self) -> Several:
        """Where the text falls short by what the data shows, with the rows that tell."""
        told = self.results.transparency
        rows = [exhibits.observed(o, self.words) for o in (told.observations if told else ())]
        return Several(self.block(b) for b in (exhibits.observations(self.results, self.words), *rows) if b)

    def matrix(self) -> Shown:
        """Every promise of the policy with its result and evidence, or *not evidenced*."""
        return self.block(tables.matrix(self.results, self.words))

    def carries(self) -> Shown:
        """Whether the data can carry the answer; a caution where a source was silent or a row refused."""
        text = sentences.coverage(self.words, self.results)
        good = not sentences.silent(self.results.coverage) and not self.results.rejected_rows and self.results.coverage
        return self.sentence(text) if good else self.note(text, "caution")

    def coverage(self, *, silent: bool = False) -> Shown:
        """Each source, or only those silent for too long: its rows, the days it covers and its longest silence."""
        return self.block(tables.coverage(self.results, self.words, silent=silent))

    def files(self) -> Shown:
        """Each table's files, and what became of their rows."""
        return self.block(tables.files(self.results, self.words))

    def how_counted(self, check: str) -> Shown:
        """How a check counts, from its page: the paragraphs before its first list or table."""
        return self.note(exhibits.how_counted(self._texts(check), self.words))

    def method(self, check: str) -> Shown:
        """A check's page without its worked cases, for the annex."""
        return self.block(exhibits.method(self.catalog[check], self._texts(check), self.words))

    def _texts(self, check: str) -> Texts:
        """What a check says of itself in the page's language."""
        if check in self.catalog:
            return self.catalog[check].texts_in(self.words.language)
        c = self.results[check]  # the run knew a check that the package does not
        return Texts(c.title, c.question)

    def _name(self, check: str) -> str:
        return sentences.name(self.words, check)

    def law(self) -> Shown:
        """The values of the law that the checks used, each with its dates and its source."""
        return self.block(tables.law(self.results, self.words))

    def decisions(self) -> Shown:
        """The adequacy decisions that carry transfers of the period, each with its dates and its source."""
        return self.block(tables.decisions(self.results, self.words))

    def glossary(self) -> Shown:
        """The words the report uses in a sense of its own."""
        return self.show("glossary", terms=self.words.labels["remarks"]["glossary"])

    def heading(self, check: str) -> Shown:
        """Begins a part of a section, about one check."""
        return self.show("heading", title=self._name(check))

    def annex(self, title: str) -> Shown:
        """Begins an annex; a title by its key, or as it is."""
        return self.show("annex", title=self.words.title(title))

    def page_break(self) -> Shown:
        """Begins a new page."""
        return self.show("pagebreak")

    def closing(self) -> Shown:
        """What the report does not claim; the manifest's hash follows it."""
        return self.show("closing", not_claimed=remarks.not_claimed(self.words, self.results))
