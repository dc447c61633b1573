"""The authorities' form for notifying a breach, as far as a dossier fills it."""

from __future__ import annotations

from typing import Any

from audit.blocks import Block
from audit.breach_form import Field, load_breach_form
from audit.dossier_words import DossierWords
from audit.tables import table

_WRITTEN = ("facts", "effects", "remedial_action", "delay_reasons")


class DossierForm:
    """Makes the tables of the form for one dossier.

    Args:
        words: what the dossier says.
        below: numbers of persons below this are not printed; 0 prints all.
    """

    def __init__(self, words: DossierWords, below: int) -> None:
        self.words, self.below = words, below
        self.dossier, self.say = words.dossier, words.say

    def sentence(self) -> str:
        """How much of the form the register fills."""
        states = [self.state(f) for f in load_breach_form().fields]
        n = {state: states.count(state) for state in ("filled", "people", "optional", "lacking")}
        told = self.say("form.sentence", all=len(states), **n)
        return f"{told} {self.say('form.lack', n=n['lacking'])}" if n["lacking"] else told

    def asked(self) -> Block:
        """The authority's form: the fields that it always asks or the register fills, with what the register says."""
        columns = {
            "no": (self.say("form.no"), "text"),
            "field": (self.say("form.field"), "text"),
            "gdpr": (self.say("form.gdpr"), "text"),
            "value": (self.say("form.value"), "text"),
            "state": (self.say("form.state"), "status"),
        }
        rows = [self._field(f) for f in load_breach_form().fields if self.state(f) != "optional"]
        note = self.say("form.note", source=load_breach_form().source)
        return table(self.say("form.caption"), columns, rows, size="small", note=note)

    def rest(self) -> Block:
        """The form's other fields, which apply in certain cases only and are for people."""
        columns = {key: (self.say(f"form.{key}"), "text") for key in ("no", "field", "gdpr")}
        found = [self._field(f)[:3] for f in load_breach_form().fields if self.state(f) == "optional"]
        return table(self.say("form.rest"), columns, found, size="small")

    def _field(self, field: Field) -> list[Any]:
        value = self.filled(field)
        state = self.state(field)
        status = {"filled": "kept", "lacking": "violation"}.get(state, "not_evidenced")
        name = self.words.words.say(f"form.{field.no}")
        gdpr = self.words.words.article(field.gdpr) if field.gdpr else None
        return [str(field.no), name, gdpr, value, {"status": status, "text": self.say(f"form.{state}")}]

    def state(self, field: Field) -> str:
        """How a field of the form stands: filled, lacking, people (only they can) or optional."""
        if self.filled(field) is not None:
            return "filled"
        if not field.is_required:
            return "optional"
        return "lacking" if field.fills in self.dossier.incident else "people"

    def filled(self, field: Field) -> str | None:
        """What the register gives for a field of the form; None where it gives nothing."""
        incident, w, key = self.dossier.incident, self.words, field.fills
        if key is None:
            return None
        if key in _WRITTEN:
            return self.say("demands.see") if incident[key] else None
        if key == "subjects_affected":
            return w.persons(incident[key], self.below)
        return w.value(key) if key in incident and key != "title" else self._derived(key)

    def _derived(self, key: str) -> str | None:
        """What follows from more than one column, or from the policy file."""
        incident, w, told = self.dossier.incident, self.words, self.dossier.told
        is_processor = self.dossier.is_processor
        first, client_told = (
            w.words.long_instant(events[0]["at"]) if (events := told(stage)) else None
            for stage in ("subjects_notified", "controller_notified")
        )
        found: dict[str, str | None] = {
            "phase": None if is_processor else self.say(f"form.{'follow_up' if told('authority_notified') else 'new'}"),
            "completeness": self.say("form.incomplete") if self.dossier.missing else None,
            "reference": incident["incident_id"],
            "registration_number": None if is_processor else w.identity["registration_number"],
            "organisation": w.client() if is_processor else w.identity["name"],
            "other_party": self.say("yes") if is_processor else None,
            "other_party_role": self.say("glance.processor") if is_processor else None,
            "client": w.identity["name"] if is_processor else None,
            "occurrence": self.say("form.on_a_day", at=w.value("occurred_at")) if incident["occurred_at"]
            else self.say("form.to_determine"),
            # What a processor knew its client knows once it is told.
            "controller_aware_at": client_told if is_processor else w.value("aware_at"),
            "discovery": self.say("form.by_processor") if is_processor else None,
            "client_told_at": client_told if is_processor else None,
            "ground": self.say(f"silent.ground_{ground}") if (ground := incident["no_communication_ground"]) else None,
            "title": w.title() if incident["title"] else None,
            "subjects_exact": self.say("form.exact" if incident["subjects_affected"] is not None
                                       else "form.unknown_number"),
            "subjects_told": self.say("form.told_yes") if first else None if is_processor else self.say("form.told_no"),
            "subjects_notified_at": first,
        }  # fmt: skip
        return found[key]
