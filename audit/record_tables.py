"""The tables of the record of processing, as blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.blocks import Block
from audit.hidden import few
from audit.record import DEMANDED, PROMISED, Record, is_demanded, is_empty, missing, missing_promised
from audit.record_words import RecordWords
from audit.tables import Columns, table
from audit.vocabulary import Vocabulary

_SHOWN = 60
_CARD = (
    "client", "name", "purpose", "legal_basis", "person_category", "collaboration_category", "data_categories",
    "recipients", "third_countries", "safeguards", "retention_rule_id", "security_measures", "module", "systems",
    "valid",
)  # fmt: skip
_ALWAYS = {"name", "purpose", "legal_basis", "person_category", "data_categories", "recipients", "third_countries",
           "retention_rule_id", "security_measures"}  # fmt: skip


class RecordTables:
    """Makes the tables of a record.

    Args:
        record: the activities, and what the logs show against them.
        words: the reader's language.
        below: counts of events below this are not printed; 0 prints all.
    """

    def __init__(self, record: Record, words: RecordWords, below: int) -> None:
        self.record, self.words, self.below = record, words, below
        self.say = words.say

    def keeper(self, identity: dict[str, str], as_of_on: str) -> Block:
        """Who keeps the record: what the policy file holds of 30(1)(a) and 30(2)(a)."""
        people = {"status": "not_evidenced", "text": self.say("keeper.people")}
        rows: list[list[Any]] = [
            [self.say("keeper.organisation"), identity["name"]],
            [self.say("keeper.number"), identity["registration_number"]],
            *([self.say(f"keeper.{key}"), people] for key in ("contact", "joint", "representative", "officer")),
            [self.say("keeper.authority"), identity["supervisory_authority"]],
            [self.say("keeper.as_of"), self.words.words.long_day(as_of_on)],
        ]
        return table(self.say("keeper.caption"), self._columns("keeper", "what", "value"), rows)

    def overview(self, role: str) -> Block:
        """The activities in one role, a line each."""
        keys = ["id", "name", *["client"] * (role == "processor"), "purpose", "legal_basis", "persons", "state"]
        columns = self._columns("overview", *keys) | {
            "id": (self.say("overview.id"), "mono"),
            "state": (self.say("overview.state"), "status"),
        }
        rows = [[self._line(a)[key] for key in keys] for a in self.record.of(role)]
        return table(self.say(f"overview.{role}"), columns, rows, size="small")

    def _line(self, a: dict[str, Any]) -> dict[str, Any]:
        w = self.words
        return {
            "id": a["activity_id"], "name": a["name"], "client": a["client_name"] or a["client_id"],
            "purpose": w.code(a["purpose"]), "legal_basis": w.code(a["legal_basis"]),
            "persons": w.code(a["person_category"]), "state": self._state(a),
        }  # fmt: skip

    def _state(self, a: dict[str, Any]) -> dict[str, str]:
        if gaps := len(missing(a)):
            return {"status": "violation", "text": self.say("overview.gaps", n=gaps)}
        if missing_promised(a):
            return {"status": "violation", "text": self.say("overview.promised")}
        return {"status": "kept", "text": self.say("overview.complete")}

    def completeness(self) -> Block:
        """How many activities have each field that is demanded of them."""
        columns = self._columns("completeness", "role", "field", "article")
        columns |= {k: (self.say(f"completeness.{k}"), "integer") for k in ("asked", "there", "lacking")}
        rows = [row for role in DEMANDED for row in self._fields(role) if row[3]]
        return table(self.say("completeness.caption"), columns, rows)

    def _fields(self, role: str) -> Iterable[list[Any]]:
        activities = self.record.of(role)
        for column, article in DEMANDED[role].items():
            asked = [a for a in activities if is_demanded(a, column)]
            lacking = sum(is_empty(a, column) for a in asked)
            yield [
                *self._named(role, column),
                self.words.words.article(article),
                len(asked),
                len(asked) - lacking,
                lacking,
            ]
        for column in PROMISED[role]:
            lacking = sum(is_empty(a, column) for a in activities)
            policy = self.say("completeness.policy")
            yield [*self._named(role, column), policy, len(activities), len(activities) - lacking, lacking]

    def _named(self, role: str, column: str) -> list[Any]:
        return [self.say(f"role.{role}"), self.say(f"field.{column}")]

    def card(self, a: dict[str, Any]) -> Block:
        """One activity with all its columns."""
        columns = self._columns("card", "field", "value", "gdpr")
        demanded, lacking, promised = DEMANDED[a["role"]], missing(a), missing_promised(a)
        shown = (key for key in _CARD if key in _ALWAYS or key in demanded or self.words.value(a, key, self.record))
        rows = [
            [self.say(f"field.{key}"), self._cell(a, key, lacking, promised), self._article(a, key)] for key in shown
        ]
        caption = self.say("card.caption", id=a["activity_id"], name=a["name"])
        return table(caption, columns, rows, size="small")

    def _article(self, a: dict[str, Any], key: str) -> str | None:
        asked = DEMANDED[a["role"]]
        # The article that asks for the safeguards asks for the countries' names with them.
        found = asked["safeguards"] if key == "third_countries" else asked.get(self._column(key))
        return self.words.words.article(found) if found else None

    @staticmethod
    def _column(key: str) -> str:
        return "client_id" if key == "client" else key

    def _cell(self, a: dict[str, Any], key: str, lacking: dict[str, str], promised: list[str]) -> Any:
        if article := lacking.get(self._column(key)):
            return {"status": "violation", "text": self.say("missing", article=self.words.words.article(article))}
        if key in promised:
            return {"status": "violation", "text": self.say("missing_promised")}
        return self.words.value(a, key, self.record) or self.say("nothing")

    def recipients(self) -> Block:
        """The recipients that activities name."""
        columns = self._columns("recipients", "name", "id", "kind", "country", "agreement", "carried")
        columns |= {"id": (self.say("recipients.id"), "mono")}
        rows = [
            [r["name"] or self.say("recipients.not_registered"), key, self.words.named("kind", r["kind"]),
             self.words.words.country(r["country"]) if r["country"] else None, self.words.agreement(r),
             self.words.carried(r)]
            for key, r in self.record.recipients.items()
        ]  # fmt: skip
        return table(self.say("recipients.caption"), columns, rows, size="small")

    def observed(self, finding: str) -> Block:
        """What is `not_declared`, with its events, or `not_seen`."""
        keys = ("thing", "value", "activity", *(("n", "elsewhere") if finding == "not_declared" else ()))
        columns = self._columns("observed", *keys) | ({"n": (self.say("observed.n"), "integer")} if "n" in keys else {})
        found = self.record.seen(finding)
        rows = [self._observed(o)[: len(keys)] for o in found[:_SHOWN]]
        more = len(found) - len(rows)
        notes = [self.say("observed.more", n=more)] * bool(more)
        notes += [self.say("observed.note_not_seen")] * (finding == "not_seen")
        return table(self.say(f"observed.{finding}"), columns, rows, size="small", note=" ".join(notes) or None)

    def _observed(self, o: dict[str, Any]) -> list[Any]:
        value = o["name"] or (self.words.code(o["value"]) if o["thing"] == "data_category" else o["value"])
        activity = f"{o['activity_id']} {o['activity']}"
        elsewhere = self.say("yes" if o["is_elsewhere"] else "no")
        return [self.say(f"observed.{o['thing']}"), value, activity, self.count(o["n"]), elsewhere]

    def unknown(self) -> Block:
        """Events that name no activity of the record."""
        columns: Columns = {
            "activity": (self.say("observed.unknown_activity"), "mono"),
            "system": (self.say("observed.unknown_system"), "mono"),
            "n": (self.say("observed.n"), "integer"),
        }
        none = self.say("observed.unknown_none")
        rows = [[u["activity_id"] or none, u["system_id"], self.count(u["n"])] for u in self.record.unknown[:_SHOWN]]
        return table(self.say("observed.unknown"), columns, rows, total_rows=len(self.record.unknown))

    def count(self, n: int) -> int:
        """A count of events, as it may be shown."""
        return few(self.below) if 0 < n < self.below else n

    def vocabulary(self, vocabulary: Vocabulary) -> Block:
        """Each name that the record uses with its terms."""
        columns = self._columns("vocabulary", "name", "kind") | {"iri": (self.say("vocabulary.iri"), "mono")}
        rows = [
            [self._termed(kind, name), self.say(f"vocabulary.{kind}"), iri]
            for kind, name in self.words.names(self.record)
            for iri in vocabulary.iris(kind, name)
        ]
        note = self.say("vocabulary.note", source=vocabulary.source)
        return table(self.say("vocabulary.caption"), columns, rows, size="small", note=note)

    def _termed(self, kind: str, name: str) -> str | None:
        """A name as the rest of the record writes it."""
        return self.words.named(kind, name) if kind in ("role", "safeguard") else self.words.code(name)

    def _columns(self, part: str, *keys: str) -> Columns:
        return {key: (self.say(f"{part}.{key}"), "text") for key in keys}
