"""The tables of a dossier, as blocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from audit.blocks import Block
from audit.charts import Chart, timeline
from audit.dossier import DEMANDS, NOTICES, Clock
from audit.dossier_words import DossierWords
from audit.duration import Duration
from audit.lengths import length
from audit.tables import table

_TEXTS = ("facts", "effects", "remedial_action")
_GLANCE = (
    "incident_id", "role", "client", "personal_data_breach", "breach_types", "severity", "risk", "occurred_at",
    "detected_at", "aware_at", "subjects_affected", "data_categories",
)  # fmt: skip


class DossierTables:
    """Makes the tables of one dossier.

    Args:
        words: what the dossier says.
        below: numbers of persons below this are not printed; 0 prints all.
        is_internal: whether ids of people who acted may be shown.
    """

    def __init__(self, words: DossierWords, below: int, *, is_internal: bool) -> None:
        self.words, self.below, self.is_internal = words, below, is_internal
        self.dossier, self.say = words.dossier, words.say

    def glance(self) -> Block:
        """What the register says of the incident, but for its texts."""
        shown = [key for key in _GLANCE if key != "client" or self.dossier.is_processor]
        rows = [[self.say(f"glance.{key}"), self._glance(key)] for key in shown]
        columns = {"what": (self.say("glance.what"), "text"), "value": (self.say("glance.value"), "text")}
        return table(self.say("glance.caption"), columns, rows)

    def _glance(self, key: str) -> Any:
        w = self.words
        if key == "client":
            return w.client()
        if key == "subjects_affected":
            found = w.persons(self.dossier.incident[key], self.below)
        elif key == "aware_at" and not self.dossier.incident["has_aware_at"] and w.value(key):
            found = self.say("glance.as_detected", at=w.value(key))
        else:
            found = w.value(key)
        is_open = key in ("personal_data_breach", "risk")
        return found or {"status": "undetermined", "text": self.say("glance.undecided" if is_open else "missing")}

    def clocks(self) -> Block:
        """Each clock that runs: from when, how long, until when, done when, and how it stands."""
        columns = {
            "stage": (self.say("clock.stage"), "text"),
            "article": (self.say("clock.article"), "text"),
            "start": (self.say("clock.start"), "instant"),
            "limit": (self.say("clock.limit"), "text"),
            "basis": (self.say("clock.basis"), "text"),
            "due": (self.say("clock.due"), "instant"),
            "done": (self.say("clock.done"), "instant"),
            "state": (self.say("clock.state"), "status"),
        }
        rows = [self._clock(c) for c in self.dossier.running]
        by_day = any(c.is_date for c in self.dossier.running)
        notes = [self.say("clock.to_day_end")] * by_day + [self.say("clock.note_none")]
        return table(self.say("clock.caption"), columns, rows, size="small", note=" ".join(notes))

    def _clock(self, c: Clock) -> list[Any]:
        article = self.say(f"article.{c.stage if c.stage in NOTICES else 'stage'}")
        limit = None if c.seconds is None else length(self.words.words, Duration(c.months or 0, c.days or 0, c.seconds))
        state = {"status": c.outcome, "text": self.words.state(c)}
        basis = self.say(f"basis.{c.basis}") if c.basis else None
        return [self.words.stage(c), article, c.start_at, limit, basis, c.due_at, c.done_at, state]

    def timeline(self) -> Chart:
        """The clocks drawn, those that have a limit."""
        drawn = [c for c in self.dossier.running if c.hours_allowed is not None and c.outcome != "undetermined"]
        rows = [
            {
                "label": self.words.stage(c),
                "allowed": c.hours_allowed,
                "taken": max(c.hours_taken or 0, 0),
                "is_done": bool(c.done_at),
                "is_late": c.outcome == "violation",
                "allowed_text": self.words.hours(c.hours_allowed, short=True),
                "taken_text": self.words.hours(c.hours_taken, short=True),
                "state_text": self.words.state(c),
            }
            for c in drawn
        ]
        said = "; ".join(
            self.say("chart.said", stage=r["label"], allowed=r["allowed_text"], taken=r["taken_text"],
                     state=r["state_text"])
            for r in rows
        )  # fmt: skip
        return timeline(rows, self._finding(drawn), said, self.words.words)

    def _finding(self, drawn: list[Clock]) -> str:
        """What the time line shows: the clock furthest past its limit, else the one that came nearest to it."""
        w, late = self.words, [c for c in drawn if c.outcome == "violation"]
        if late:
            worst = max(late, key=lambda c: c.hours_over or 0)
            over, allowed = w.hours(worst.hours_over), w.hours(worst.hours_allowed)
            key = "chart.late_others" if len(late) > 1 else "chart.late"
            return self.say(key, worst=w.stage(worst), over=over, allowed=allowed, n=len(late))
        done = [c for c in drawn if c.done_at and c.hours_allowed]
        if not done:
            return self.say("chart.running" if drawn else "chart.nothing")
        first = max(done, key=lambda c: (c.hours_taken or 0) / (c.hours_allowed or 1))
        taken, allowed = w.hours(first.hours_taken), w.hours(first.hours_allowed)
        return self.say("chart.kept", first=w.stage(first), taken=taken, allowed=allowed)

    def trail(self) -> Block:
        """Every stage reached, in order."""
        columns = {"at": (self.say("trail.at"), "instant"), "stage": (self.say("trail.stage"), "text")}
        columns |= {"by": (self.say("trail.by"), "mono")} if self.is_internal else {}
        rows = [[e["at"], self.words.stage(e["stage"]), e["actor_id"]][: len(columns)] for e in self.dossier.trail]
        return table(self.say("trail.caption"), columns, rows)

    def notices(self) -> Block:
        """Who was told, when, how long after it was known, and in which phase."""
        columns = {
            "receiver": (self.say("notices.receiver"), "text"),
            "at": (self.say("notices.at"), "instant"),
            "after": (self.say("notices.after"), "text"),
            "phase": (self.say("notices.phase"), "text"),
        }
        columns |= {"by": (self.say("notices.by"), "mono")} if self.is_internal else {}
        rows = [self._notice(e)[: len(columns)] for e in self.dossier.trail if e["stage"] in NOTICES]
        return table(self.say("notices.caption"), columns, rows)

    def _notice(self, event: dict[str, Any]) -> list[Any]:
        known, stage, nth = self.dossier.incident["aware_at"], event["stage"], event["nth"]
        after = (datetime.fromisoformat(event["at"]) - datetime.fromisoformat(known)).total_seconds() if known else None
        later = self.say("notices.later", n=nth - 1) if stage == "authority_notified" else self.say("notices.again")
        phase = self.say("notices.first") if nth == 1 else later
        hours = self.words.hours(after / 3600) if after is not None and after >= 0 else None
        return [self.words.receiver(stage), event["at"], hours, phase, event["actor_id"]]

    def demands(self) -> Block:
        """What Articles 33(3) and 33(5) demand, and what of it is there."""
        columns = {
            "article": (self.say("demands.article"), "text"),
            "demand": (self.say("demands.demand"), "text"),
            "value": (self.say("demands.value"), "text"),
            "state": (self.say("demands.state"), "status"),
        }
        is_demanded = self.dossier.incident["personal_data_breach"] is not False
        rows = [self._demand(*demand) for demand in DEMANDS] if is_demanded else []
        return table(self.say("demands.caption"), columns, rows, size="small")

    def _demand(self, article: str, name: str, column: str | None) -> list[Any]:
        if column is None:
            state, value = {"status": "not_evidenced", "text": self.say("demands.outside")}, None
        elif self.dossier.lacks(column):
            state, value = {"status": "violation", "text": self.say("demands.lacking")}, None
        else:
            state = {"status": "kept", "text": self.say("demands.there")}
            value = self.say("demands.see") if column in _TEXTS else self._glance(column)
        return [self.words.words.article(article), self.say(f"demands.{name}"), value, state]

    def texts(self) -> Block:
        """Facts, effects and remedial action as they were written."""
        columns = {"what": (self.say("texts.what"), "text"), "text": (self.say("texts.text"), "text")}
        lacking = {"status": "violation", "text": self.say("missing")}
        shown = [*_TEXTS, *["delay_reasons"] * (not self.dossier.lacks("delay_reasons"))]
        rows = [[self.say(f"texts.{column}"), self.dossier.incident[column] or lacking] for column in shown]
        return table(self.say("texts.caption"), columns, rows)

    def decisions(self) -> Block:
        """What was decided, and why."""
        columns = {k: (self.say(f"decisions.{k}"), "text") for k in ("question", "decision", "ground", "article")}
        return table(self.say("decisions.caption"), columns, self.words.decisions())

    def duties(self) -> Block:
        """Whose each duty is, and how it stands: the controller's and the processor's view."""
        columns = {k: (self.say(f"duties.{k}"), "text") for k in ("article", "duty", "whose", "state")}
        ours = self.say("duties.own")
        theirs, processor = self.say("duties.client"), self.say("duties.processor")
        is_ours = not self.dossier.is_processor
        owner = ours if is_ours else theirs
        stands = {stage: self._stands(stage) if is_ours else self.say("duties.theirs") for stage in NOTICES}
        rows: list[list[Any]] = [
            ["33(1), 33(3)", self.say("duties.notify_authority"), owner, stands["authority_notified"]],
            ["33(4)", self.say("duties.in_phases"), owner, self._phases() if is_ours else self.say("duties.theirs")],
            ["33(5)", self.say("duties.document"), owner, self._documented()],
            ["34(1)", self.say("duties.tell_persons"), owner, stands["subjects_notified"]],
        ]
        if not is_ours:
            assist = ["28(3)(f)", self.say("duties.assist"), processor, self.say("duties.by_contract")]
            told = self._stands("controller_notified")
            rows = [["33(2)", self.say("duties.notify_controller"), processor, told], assist, *rows]
        rows = [[self.words.words.article(article), *rest] for article, *rest in rows]
        return table(self.say("duties.caption"), columns, rows)

    def _stands(self, stage: str) -> Any:
        clock = self.dossier.clock(stage)
        if clock.silent:
            return self.say(f"silent.{clock.silent}")
        return {"status": clock.outcome, "text": self.words.state(clock)}

    def _phases(self) -> str:
        later = len(self.dossier.told("authority_notified")) - 1
        if later > 0:
            return self.say("duties.phases_done", n=self.words.words.integer(later))
        return self.say("duties.phases_open" if self.dossier.missing else "duties.nothing_to_add")

    def _documented(self) -> Any:
        found = self.dossier.outcome("breach_documentation")
        if found is None:
            return self.say("silent.no_breach")
        text = "demands.there" if found in ("compliant", "pending") else "demands.lacking"
        return {"status": found, "text": self.say("clock.undetermined" if found == "undetermined" else text)}
