"""What a dossier says of an incident: its sentences, and its values as the reader's language writes them."""

from __future__ import annotations

from datetime import datetime
from textwrap import shorten
from typing import Any

from audit.dossier import DEMANDS, NOTICES, Clock, Dossier
from audit.sentences import Text, amount
from audit.words import Words

_TITLE = 140  # letters of a title; the attached findings and the register have it whole
_VOCABULARY = {"severity": "severity", "risk": "risk", "role": "glance"}


class DossierWords:
    """The words of one dossier.

    Args:
        dossier: the incident.
        words: the reader's language.
        identity: the organisation, as its policy file gives it.
    """

    def __init__(self, dossier: Dossier, words: Words, identity: dict[str, str]) -> None:
        self.dossier, self.words, self.identity = dossier, words, identity

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue's part for dossiers."""
        return self.words.say(f"dossier.{key}", **values)

    def value(self, column: str) -> str | None:
        """A column of the register, as words; None where it is empty."""
        found = self.dossier.incident[column]
        if found is None or found == []:
            return None
        if isinstance(found, bool):
            return self.say("yes" if found else "no")
        if column == "breach_types":
            return self.listed([self.say(f"breach_type.{kind}") for kind in found])
        if column in _VOCABULARY:
            return self.say(f"{_VOCABULARY[column]}.{found}")
        if column.endswith("_at"):
            return self.moment(found, is_date=bool(self.dossier.incident.get(f"{column}_is_date")))
        if isinstance(found, list):
            return ", ".join(self.words.code(str(part)) for part in found)
        return self.words.integer(found) if isinstance(found, int) else str(found)

    def moment(self, at: str, *, is_date: bool) -> str:
        """An instant, or its day where only that is known."""
        return self.words.long_day(datetime.fromisoformat(at).date()) if is_date else self.words.long_instant(at)

    def listed(self, parts: list[str]) -> str:
        """`a, b and c`."""
        return self.words.listed(parts)

    def role(self) -> str:
        """In which role, for whom."""
        if not self.dossier.is_processor:
            return self.say("role.controller")
        return self.say("role.processor", client=self.client())

    def client(self) -> str:
        """The client's name, else its id."""
        incident = self.dossier.incident
        return str(incident["client_name"] or incident["client_id"] or self.say("role.a_client"))

    def title(self) -> str:
        """Its short title, however long it is."""
        return shorten(self.dossier.incident["title"] or self.say("untitled"), _TITLE, placeholder=" …")

    def stage(self, clock: Clock | str) -> str:
        """What a stage is called."""
        return self.say(f"stage.{clock if isinstance(clock, str) else clock.stage}")

    def hours(self, hours: float | None, *, short: bool = False) -> str:
        """A span of hours in words."""
        return "" if hours is None else amount(self.words, hours, "hours", short=short)

    def state(self, clock: Clock) -> str:
        """How a clock stands, in few words."""
        if clock.outcome == "violation":
            return self.say("clock.over" if clock.done_at else "clock.overdue", over=self.hours(clock.hours_over))
        if clock.outcome == "compliant":
            return self.say("clock.kept")
        return self.say("clock.open" if clock.outcome == "pending" else "clock.undetermined")

    def cover(self) -> Text:
        """The sentence that matters: what it is, what was not in time, what is missing."""
        kind = {True: "breach", False: "not_breach", None: "unknown"}[self.dossier.incident["personal_data_breach"]]
        lead = {"strong": self.say(f"sentence.{kind}", role=self.role())}
        return [lead, " ", self.in_time(), " ", self.complete()]

    def in_time(self) -> str:
        """Which limits were not kept, are open or cannot be judged."""
        said = []
        for outcome, key in (("violation", "late"), ("undetermined", "undecided"), ("pending", "open")):
            stages = [self.stage(c).lower() for c in self.dossier.running if c.outcome == outcome]
            said += [self.say(f"sentence.{key}", what=self.listed(stages))] if stages else []
        is_late = any(c.outcome == "violation" for c in self.dossier.running)
        return " ".join(said if is_late else [self.say("sentence.in_time"), *said])

    def complete(self) -> str:
        """What the law demands and the register lacks."""
        if self.dossier.incident["personal_data_breach"] is False:
            return ""
        lacking = self.lacking()
        return self.say("sentence.lacks", what=self.listed(lacking)) if lacking else self.say("sentence.complete")

    def lacking(self) -> list[str]:
        """What is missing, as the law calls it; each column once."""
        names = {column: name for _, name, column in reversed(DEMANDS) if column}
        return [self.say(f"demands.{names[column]}").lower() for column in self.dossier.missing]

    def demands(self) -> Text:
        """How much of what the law demands is on record."""
        if self.dossier.incident["personal_data_breach"] is False:
            return self.say("demands.no_breach")
        total, lacking = len(self.dossier.demanded), self.lacking()
        if not lacking:
            return self.say("demands.none_missing", total=total)
        return self.say("demands.some_missing", n=len(lacking), total=total, what=self.listed(lacking))

    def notices(self) -> str:
        """How many notices there were, and to whom."""
        found = {stage: len(self.dossier.told(stage)) for stage in NOTICES}
        n = sum(found.values())
        if not n:
            return self.say("notices.nobody")
        who = [f"{self.stage(stage).lower()} ({self.words.integer(k)})" for stage, k in found.items() if k]
        return self.say("notices.some", n=n, who=self.listed(who))

    def supplement(self) -> str | None:
        """That a supplement is due under 33(4); None where nothing is missing, or one is on record."""
        if len(self.dossier.told("authority_notified")) != 1 or not self.dossier.missing:
            return None
        lacking = self.lacking()
        return self.say("notices.supplement_due", n=len(lacking), what=self.listed(lacking))

    def persons(self, n: int | None, below: int) -> str | None:
        """A number of persons; below a threshold only that it is below."""
        if n is None or not 0 < n < below:
            return None if n is None else self.words.integer(n)
        return self.say("fewer", n=self.words.integer(below))

    def receiver(self, stage: str) -> str:
        """Who was told at a stage."""
        authority = self.identity["supervisory_authority"]
        return self.say(f"notices.{stage}", authority=authority, client=self.client())

    def decisions(self) -> list[list[Any]]:
        """Question, decision, why, article: what was decided, also where nothing was."""
        incident, said = self.dossier.incident, self.say
        undecided = {"status": "undetermined", "text": said("decisions.undecided")}
        breach = {True: said("yes"), False: said("no"), None: undecided}[incident["personal_data_breach"]]
        rows: list[list[Any]] = [
            [said("decisions.is_breach"), breach, None, "4(12)"],
            [said("decisions.role"), self.value("role"), None, "4(7), 4(8)"],
            [said("decisions.risk"), self.value("risk") or undecided, None, "33(1), 34(1)"],
        ]
        rows += [
            [said(f"decisions.{key}"), *self._owed(self.dossier.clock(stage), undecided), said(f"article.{stage}")]
            for key, stage in zip(("client", "authority", "subjects"), NOTICES, strict=True)
        ]
        if (clock := self.dossier.clock("authority_notified")).outcome == "violation" and clock.done_at:
            lacking = {"status": "violation", "text": said("decisions.reasons_missing")}
            reasons = said("decisions.reasons") if incident["delay_reasons"] else lacking
            rows.append([said("decisions.late"), reasons, None, "33(1)"])
        return [[*row[:3], self.words.article(row[3])] for row in rows]

    def _owed(self, clock: Clock, undecided: dict[str, str]) -> list[Any]:
        """Whether somebody is told, and why not."""
        if clock.silent:
            return [self.say("decisions.not_owed"), self.say(f"silent.{clock.silent}")]
        if clock.done_at:
            return [self.say("decisions.told", at=self.words.long_instant(clock.done_at)), None]
        return [undecided if clock.outcome == "undetermined" else self.say("decisions.owed"), None]
