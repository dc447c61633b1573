"""What the report to a client shows beside the checks: the client's contracts, its part of the record, its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from audit import earlier, prepared, sentences, tables
from audit.blocks import Block
from audit.clientele import Client, known
from audit.compared import comparison_for
from audit.disclosure import for_edition
from audit.display import Page, Several, Shown
from audit.display_earlier import Earlier
from audit.duration import Duration
from audit.errors import UsageError
from audit.hidden import is_hidden
from audit.lengths import last_day, length
from audit.places import database_of
from audit.prepared import prepare
from audit.results import OUTCOMES, CheckResult
from audit.run import Workbench, open_workbench
from audit.sentences import Text

_SHOWN = 10
"""Findings of a check that stand with it; an annex has the others."""


def begin(db: str, period: str, *, client: str, **scope: str) -> ClientPage:
    """Hold what is known of one client: the first line of its notebook after the parameters.

    Args:
        db: the database's folder; empty: the one that `audit lab` or the runner names.
        period: as `2026Q3`; empty: the last quarter that the logs cover.
        client: its id; empty: the first by its id.
        scope: as_of and role to narrow the run, language and edition of the page; empty where not wanted.

    Raises:
        UsageError: no client in the database, or a period, scope, language or edition that is none.
        AuditError: no database there.
    """
    language, edition = scope.get("language") or "en", scope.get("edition") or "internal"
    made, workbench = prepared.given(client), None
    if made is None:
        as_of, role = scope.get("as_of") or None, scope.get("role") or None
        opened = partial(open_workbench, period=period or None, as_of=as_of, role=role, **database_of(db))
        workbench = opened(client=client or _first(opened))
        made = prepare(workbench)
    results = for_edition(made.results, edition, made.below)
    page = ClientPage(results, language, edition, made.terms.get(language), made.catalog)
    page.workbench = workbench
    page.client = made.client
    binding = tuple(c for c in page.results.commitments if c.role != "controller")
    page.results = replace(page.results, commitments=binding)
    page.past = Earlier(page, comparison=comparison_for(made.comparison, results, edition, made.below))
    return page


def _first(opened: Callable[[], Workbench]) -> str:
    """The first client of a database."""
    with opened() as workbench:
        clients = known(workbench.con, workbench.asked.as_of_on)
    if not clients:
        raise UsageError("no row of any table has a client", column="client")
    return clients[0]


class ClientPage(Page):
    """Makes display objects of one client's results; the organisation speaks to the client.

    Attributes:
        client: what the registers say of it.
        past: the period before, of its rows alone.
    """

    client: Client
    past: Earlier

    @property
    def _judged(self) -> list[CheckResult]:
        return [c for c in sentences.promises(self.results) if c.population]

    def cover_page(self) -> Shown:
        """The first page: for whom, when, and the one sentence that matters."""
        name = self.client.name
        block = self.cover(self.words.say("client.title"), name).block
        # A client without a name is called by its id.
        key = "scope" if name != self.client.client_id else "scope_unnamed"
        scope = self.words.say(f"client.{key}", name=name, client_id=self.client.client_id)
        return self.block(
            block | {"scope": scope, "figures": self._figures(), "sentence": self._sentence(), "brief": True}
        )

    def _sentence(self) -> Text:
        if self._judged:
            return sentences.cover(self.words, self.results)
        return self.words.runs("client.nothing", name=self.client.name)

    def _figures(self) -> list[Block]:
        judged = self._judged
        decided = sum(c.compliant + c.violation + c.waived for c in judged)
        all_checks, w = len(sentences.promises(self.results)), self.words
        values: dict[str, tuple[int, dict[str, Any]]] = {
            "judged": (sum(c.population for c in judged), {"n": len(judged), "all": all_checks}),
            "violations": (sum(c.violation for c in judged), {"n": decided}),
            "open": (sum(c.pending + c.undetermined for c in judged), {}),
            "activities": (len(self.client.activities), {}),
        }
        return [
            {"label": w.say(f"client.figure.{key}"), "value": n, "note": w.say(f"client.figure.{key}_note", **more)}
            for key, (n, more) in values.items()
        ]

    def glance(self) -> Shown:
        """The checks that had something of the client's to judge, then or now, with their counts and the share then."""
        w, past = self.words, self.past.comparison
        had = {name for name, change in past.checks.items() if change.before.population}
        told = {c.check: c for c in sentences.promises(self.results) if c.population or c.check in had}
        if not told:
            return self.note(w.say("client.none_judged"))
        block = tables.checks(replace(self.results, checks=told), w)
        more = [(w.say("client.before", period=past.before.period), "before"), (w.say("earlier.all.points"), "points")]
        columns = block["columns"] + [{"key": k, "label": label, "kind": "text", "align": "right"} for label, k in more]
        rows = [row + self._before(check) for check, row in zip(told, block["rows"], strict=True)]
        own = {"columns": columns, "rows": rows, "caption": w.say("client.glance"), "size": "small"}
        return self.block(block | own)

    def _before(self, check: str) -> list[str | None]:
        """A check's share of what was decided in the period before, and how far this period's is from it."""
        w, change = self.words, self.past.comparison.checks.get(check)
        if change is None or change.before.rate is None:
            return [None, None]
        rate = change.before.rate
        share = w.say("sentences.evidence.share", share=w.percent(rate), decided=change.before.decided)
        points = None if is_hidden(rate) or is_hidden(change.now.rate) else earlier.points_of(w, change.points)
        return [w.percent(rate) if is_hidden(rate) else share, points]

    def matrix(self) -> Shown:
        """Every promise with its result; of a client without a row, what was promised, in a line each."""
        if self._judged:
            return super().matrix()
        w = self.words
        kinds = {"id": "text", "promise": "text", "gdpr": "text"}
        rows = [[row["id"], row["promise"], row["gdpr"]] for row in tables.matrix(self.results, w)["rows"]]
        columns = {key: (w.say(f"client.promises.{key}"), kind) for key, kind in kinds.items()}
        return self.table(w.say("client.promises.caption"), columns, rows, size="small")

    def about_each(self) -> Several:
        """Each check that found something, with its worst findings; those with nothing to judge in a sentence."""
        judged = [c.check for c in self._judged]
        idle = [c.check for c in sentences.promises(self.results) if c.check not in judged] if judged else []
        told = filter(self._has_other_than_kept, judged)
        shown = self.each(self.heading, self.answer, self._since, self._worst_few, of=told)
        return Several([*([self.note(self._nothing_of(idle))] if idle else []), *shown])

    def _has_other_than_kept(self, check: str) -> bool:
        """Whether any item is, or where counts are hidden may be, anything but compliant; or was, and is no more."""
        change = self.past.comparison.checks.get(check)
        if self.edition == "internal" and change and (change.total("resolved") or change.total("past")):
            return True
        others = [self.results[check].count(outcome) for outcome in OUTCOMES if outcome != "compliant"]
        return any(is_hidden(n) or n for n in others)

    def _nothing_of(self, checks: list[str]) -> str:
        names = [sentences.reason(self.words, check) for check in checks]
        return self.words.say("client.no_rows", n=len(names), checks=sentences.listed(self.words, names))

    def _since(self, check: str) -> Shown | None:
        """Which findings came and went; an external edition does not tell."""
        return self.past.since(check) if self.edition == "internal" else None

    def _worst_few(self, check: str) -> Shown | None:
        return self.worst(check, _SHOWN)

    def waivers_in_brief(self) -> Several:
        """The waivers that concern the client; a sentence where there are none."""
        if not self.results.waivers:
            return Several([self.note(self.words.say("remarks.waivers.none"))])
        return Several([self.waiving(), *self.waivers()])

    def findings_annex(self) -> Several:
        """An annex of the findings of each check that has more than were shown with it; nothing where none has."""
        more = [c.check for c in self.results if c.lists_items and c.violation + c.waived + c.undetermined > _SHOWN]
        if not more:
            return Several()
        note = self.note(self.words.runs("client.more_findings"))
        return Several([self.annex("findings"), note, *self.each(self.findings, of=more)])

    def methods(self) -> Shown:
        """What each check asks that had something to judge, with the article it rests on."""
        w = self.words
        kinds = dict.fromkeys(("check", "asks", "article"), "text")
        judged = [(c, self._texts(c.check)) for c in self._judged]
        rows = [[self._name(c.check), texts.question, w.article(c.article)] for c, texts in judged]
        columns = {key: (w.say(f"client.methods.{key}"), kind) for key, kind in kinds.items()}
        note = w.say("client.methods.note") if rows else None
        return self.table(w.say("client.methods.caption"), columns, rows, size="small", note=note)

    def law_in_brief(self) -> Shown:
        """The values of the law that the checks used, small."""
        return self.block(tables.law(self.results, self.words) | {"size": "small"})

    def part(self, title: str) -> Shown:
        """Begins a part of a section; a title by its key, or as it is."""
        return self.show("heading", title=self.words.title(title))

    def contracts(self) -> Shown:
        """The client's contracts, with what they say of breaches and of disposal."""
        w = self.words
        kinds = {"contract": "mono", "from": "day", "last": "day", "modules": "text", "dpa": "day", "notice": "text",
                 "disposal": "text"}  # fmt: skip
        if not self.client.contracts:
            return self.note(w.say("client.no_contract"), "caution")
        rows = [
            [
                c["contract_id"], c["contract_start"], last_day(c["contract_end"]) or w.say("client.running"),
                self._coded(c["modules"]), c["dpa_signed_on"], self._length(c["breach_notice"]),
                self._length(c["disposal_period"]),
            ]
            for c in self.client.contracts
        ]  # fmt: skip
        columns = {key: (w.say(f"client.contracts.{key}"), kind) for key, kind in kinds.items()}
        return self.table(w.say("client.contracts.caption"), columns, rows)

    def recorded(self) -> Shown:
        """How much of the record is about the client."""
        n = len(self.client.activities)
        return (
            self.sentence(self.words.runs("client.record", n=n))
            if n
            else self.note(self.words.say("client.no_record"), "caution")
        )

    def activities(self) -> Several:
        """The record's activities for the client: purpose, data, systems, recipients."""
        w, keys = self.words, ("activity", "purpose", "data", "systems", "recipients")
        columns = {key: (w.say(f"client.activities.{key}"), "text") for key in keys}
        rows = [
            [a["name"], w.code(a["purpose"]) if a["purpose"] else None, self._coded(a["data_categories"]),
             ", ".join(a["systems"] or []) or None, ", ".join(a["recipients"] or []) or None]
            for a in self.client.activities
        ]  # fmt: skip
        return Several([self.table(w.say("client.activities.caption"), columns, rows)] if rows else [])

    def _length(self, period: str | None) -> str | None:
        """A length of time in words."""
        return length(self.words, Duration.parse(period)) if period else None

    def _coded(self, values: list[str] | None) -> str | None:
        """Values of a vocabulary, as words."""
        return ", ".join(map(self.words.code, values)) if values else None
