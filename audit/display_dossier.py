"""What the notebook of an incident dossier shows."""

from __future__ import annotations

from typing import Any

from audit import exhibits, tables
from audit.display import Page, Several, Shown, begin
from audit.dossier import CHECKS, Dossier, breaches, open_dossier
from audit.dossier_form import DossierForm
from audit.dossier_tables import DossierTables
from audit.dossier_words import DossierWords
from audit.errors import AuditError, UsageError
from audit.results import Finding
from audit.run import Workbench


def begin_dossier(db: str, period: str, incident: str, **scope: str) -> DossierPage:
    """Open the database, run the checks that bear on incidents, and hold one incident.

    Args:
        db: as for :func:`audit.display.begin`.
        period: of the findings; the incident may lie outside it.
        incident: its id; empty: the first personal data breach of the period, so that the notebook runs as it is.
        **scope: as for :func:`audit.display.begin`.

    Raises:
        UsageError: no such incident, or none of the period to show; a period, scope, language or edition that is none.
        AuditError: no database there.
    """
    page = begin(db, period, only=list(CHECKS), **scope)
    assert page.workbench is not None
    try:
        return DossierPage(page, _chosen(page.workbench, incident))
    except AuditError:
        page.workbench.close()
        raise


def _chosen(workbench: Workbench, incident: str) -> Dossier:
    """The incident named, else the first personal data breach of the period."""
    first = incident or next(iter(breaches(workbench.con, workbench.asked)), None)
    if first is None:
        raise UsageError(
            "the period has no personal data breach", column="incident", fix="Name an incident, or another period"
        )
    return open_dossier(workbench.con, workbench.asked, first)


class DossierPage:
    """Makes the display objects of one incident's dossier.

    Args:
        page: the checks' results, and what every report shows alike.
        dossier: the incident.
    """

    def __init__(self, page: Page, dossier: Dossier) -> None:
        assert page.workbench is not None
        self.page, self.dossier, self.results = page, dossier, page.results
        is_internal = page.edition == "internal"
        self.words = DossierWords(dossier, page.words, dict(page.results.identity))
        below = 0 if is_internal else page.workbench.policy.suppress_below
        self.tables = DossierTables(self.words, below, is_internal=is_internal)
        self.say = self.words.say

    def cover(self) -> Shown:
        """The first page: what the incident is, what was not in time and what is missing."""
        incident, r = self.dossier.incident, self.results
        return self.page.show(
            "cover", organisation=r.organisation, report=self.say("report"),
            subtitle=self.say("subtitle", incident=incident["incident_id"], title=self.words.title()),
            period=r.period, start=r.start.isoformat(), end=r.end.isoformat(), as_of=r.as_of.isoformat(), zone=r.zone,
            scope=self.words.role()[:1].upper() + self.words.role()[1:], edition=self.page.edition,
            language=self.page.words.language, sentence=self.words.cover(), figures=self._figures(),
            facts=tables.cover_facts(r, self.page.words),
        )  # fmt: skip

    def _figures(self) -> list[dict[str, Any]]:
        d, integer = self.dossier, self.page.words.integer
        late = sum(c.outcome == "violation" for c in d.running)
        persons = self.words.persons(d.incident["subjects_affected"], self.tables.below)
        told = sum(len(d.told(stage)) for stage in ("controller_notified", "authority_notified", "subjects_notified"))
        figures: tuple[tuple[str, Any, str], ...] = (
            ("persons", persons, self.say("figure.persons_note")),
            ("over", late, self.say("figure.over_note", n=integer(len(d.running)))),
            ("lacking", len(d.missing), self.say("figure.lacking_note", n=integer(len(d.demanded)))),
            ("told", told, self.say("figure.told_note")),
        )
        return [
            {"label": self.say(f"figure.{key}"), "value": value, "kind": "integer", "note": note}
            for key, value, note in figures
        ]

    def headline(self) -> Shown:
        """The sentence of the cover."""
        return self.page.sentence(self.words.cover())

    def glance(self) -> Shown:
        """What the register says of the incident."""
        return self.page.block(self.tables.glance())

    def matrix(self) -> Shown:
        """The promises that bear on incidents, and how each stands for this one."""
        rows = [self._promise(c) for c in self.results.commitments if any(e["check"] in CHECKS for e in c.evidence)]
        if not rows:
            return self.page.note(self.say("matrix.none"))
        return self.page.show("matrix", caption=self.say("matrix.caption"), rows=rows)

    def _promise(self, c: Any) -> dict[str, Any]:
        found = [(e["check"], self.dossier.outcome(e["check"])) for e in c.evidence if e["check"] in CHECKS]
        told = [outcome for _, outcome in found if outcome]
        order = ("violation", "undetermined", "pending", "compliant")
        status = next((o for o in order if o in told), None)
        w = self.page.words
        is_swedish = w.language == "sv" and c.promise_sv
        return {
            "id": c.id, "section": w.phrase(c.section), "gdpr": w.article(c.gdpr),
            "promise": c.promise_sv if is_swedish else c.promise,
            "status": self._status(status), "result": None if status else self.say("matrix.not_applicable"),
            "evidence": [{"check": check, "status": self._status(outcome),
                          "text": None if outcome else self.say("matrix.not_applicable")} for check, outcome in found],
        }  # fmt: skip

    @staticmethod
    def _status(outcome: str | None) -> str:
        return {"compliant": "kept", None: "not_evaluated"}.get(outcome, outcome or "")

    def in_time(self) -> Shown:
        """Which limits were kept."""
        return self.page.sentence(self.words.in_time())

    def timeline(self) -> Any:
        """The clocks drawn."""
        return self.page.drawn(self.tables.timeline())

    def clocks(self) -> Shown:
        """The clocks as a table."""
        return self.page.block(self.tables.clocks())

    def trail(self) -> Shown:
        """Every stage reached."""
        return self.page.block(self.tables.trail())

    def notices(self) -> Several:
        """Who was told, and whether a supplement is due."""
        due = self.words.supplement()
        shown = [self.page.sentence(self.words.notices())]
        shown += [self.page.block(self.tables.notices())] if any(self.tables.notices()["rows"]) else []
        return Several([*shown, self.page.note(due, "caution")] if due else shown)

    def demands(self) -> Several:
        """What Articles 33(3) and 33(5) demand, and what is missing."""
        sentence = self.page.sentence(self.words.demands())
        block = self.tables.demands()
        return Several([sentence, self.page.block(block)] if block["rows"] else [sentence])

    def texts(self) -> Several:
        """Facts, effects and remedial action, as written."""
        return Several([self.page.block(self.tables.texts()), self.page.note(self.say("texts.note"))])

    def decisions(self) -> Shown:
        """What was decided, and why."""
        return self.page.block(self.tables.decisions())

    def duties(self) -> Several:
        """The controller's and the processor's view."""
        lead = self.say("duties.as_processor" if self.dossier.is_processor else "duties.as_controller")
        return Several([self.page.sentence(lead), self.page.block(self.tables.duties())])

    def form(self) -> Several:
        """The authority's form, field by field."""
        form = DossierForm(self.words, self.tables.below)
        return Several(
            [self.page.sentence(form.sentence()), self.page.block(form.asked()), self.page.block(form.rest())]
        )

    def carries(self) -> Shown:
        """On what rows the dossier rests, and whether a refused one may be about the incident."""
        refused = sum(self.results.rejected_rows.get(t, 0) for t in ("incidents", "incident_events"))
        said = self.say("carries.refused", n=refused) if refused else self.say("carries.refused_none")
        text = self.say("carries.sentence", n=len(self.dossier.trail), refused=said)
        return self.page.note(text, "caution") if refused else self.page.sentence(text)

    def waivers(self) -> Shown:
        """The waivers that name this incident."""
        named = [w for w in self.results.waivers if w.scope.get("item_key") == self.dossier.incident["incident_id"]]
        if not named:
            return self.page.note(self.say("waivers.none"))
        return self.page.block(exhibits.waivers(self.say("waivers.caption"), named, self.page.words))

    def findings(self) -> Shown:
        """What the checks found of this incident in the period."""
        found = self.found()
        if not found:
            return self.page.note(self.say("findings.none"))
        return self.page.block(
            tables.findings(self.say("findings.caption"), found, self.page.words, self.page.catalog, size="small")
        )

    def found(self) -> list[Finding]:
        """The findings on this incident."""
        key = self.dossier.incident["incident_id"]
        return [f for c in self.results if c.lists_items for f in c.findings() if f.item_key == key]
