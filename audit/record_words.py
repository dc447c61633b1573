"""What the record of processing says: its sentences, and its columns as words."""

from __future__ import annotations

from typing import Any

from audit.duration import Duration
from audit.lengths import last_day, length
from audit.record import Record, missing
from audit.sentences import Text
from audit.words import Words

_NAMED = ("purpose", "legal_basis", "person_category", "role")


class RecordWords:
    """The words of a record.

    Args:
        words: the reader's language.
    """

    def __init__(self, words: Words) -> None:
        self.words = words

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue's part for records."""
        return self.words.say(f"record.{key}", **values)

    def code(self, code: str | None) -> str | None:
        """A name of the organisation's as words."""
        return self.words.code(code) if code else None

    def named(self, part: str, code: str | None) -> str | None:
        """A name of a closed vocabulary."""
        return self.say(f"{part}.{code}") if code else None

    def value(self, activity: dict[str, Any], key: str, record: Record) -> str | None:
        """One column of an activity as words; None where it is empty."""
        if key == "client":
            return self._client(activity)
        if key == "valid":
            return self._valid(activity)
        if key == "retention_rule_id":
            return self.retention(activity)
        found = activity[key]
        if not found:
            return None
        if key == "recipients":
            return "; ".join(self.recipient(r, record) for r in found)
        if key == "systems":
            return "; ".join(record.systems.get(s, s) for s in found)
        if key == "third_countries":
            return "; ".join(self._country(c, record) for c in found)
        if isinstance(found, list):
            return "; ".join(self.words.code(part) for part in found)
        return self.words.code(found) if key in _NAMED or key in ("collaboration_category", "module") else str(found)

    def _client(self, activity: dict[str, Any]) -> str | None:
        name, key = activity["client_name"], activity["client_id"]
        return f"{name} ({key})" if name and key else key

    def recipient(self, recipient_id: str, record: Record) -> str:
        """A recipient's name; its id where the register does not know it."""
        name = record.recipients.get(recipient_id, {}).get("name")
        return str(name) if name else self.say("card.unknown_recipient", id=recipient_id)

    def _country(self, code: str, record: Record) -> str:
        name = record.decisions.get(code)
        country = self.words.country(code)
        if code in record.decisions and name:
            return self.say("card.decision", country=country, name=name)
        return self.say("card.no_decision", country=country) if code in record.decisions else country

    def retention(self, activity: dict[str, Any]) -> str | None:
        """The retention rule in words."""
        rule = activity["retention_rule_id"]
        if rule is None or not activity["has_rule"]:
            return self.say("card.unknown_rule", id=rule) if rule else None
        period = length(self.words, Duration.parse(activity["rule_period"]))
        anchor, action = activity["rule_anchor"], activity["rule_action"] or "none"
        said = self.say(
            "retention.rule", period=period, anchor=self.say(f"anchor.{anchor}"), action=self.say(f"action.{action}")
        )
        reference = activity["rule_reference"]
        return said + (self.say("retention.reference", reference=reference) if reference else "")

    def _valid(self, activity: dict[str, Any]) -> str | None:
        first, last = activity["valid_from"], last_day(activity["valid_to"])
        if last:
            return self.say("card.until", first=self.words.day(first), last=last)
        return self.say("card.since", first=first) if first else None

    def agreement(self, recipient: dict[str, Any]) -> str | None:
        """The agreement with a recipient, and whether it is in force."""
        kind = recipient["agreement"]
        said = self.named("agreement", kind)
        if kind in (None, "none") or recipient["is_agreed"]:
            return said
        return self.say("recipients.ended", agreement=said)

    def carried(self, recipient: dict[str, Any]) -> Any:
        """What carries a transfer to a recipient outside the Area."""
        if recipient["name"] is None or recipient["country"] is None:
            return {"status": "undetermined", "text": self.say("recipients.unknown")}
        by = recipient["carried_by"]
        if by is None:
            return self.say("recipients.inside")
        if by == "none":
            return {"status": "violation", "text": self.say("recipients.none")}
        safeguard = self.say(f"safeguard.{recipient['safeguard']}")
        text = (
            self.say("recipients.decision") + f": {recipient['decision']}"
            if by == "decision"
            else self.say("recipients.safeguard", safeguard=safeguard)
        )
        return {"status": "kept", "text": text}

    def cover(self, record: Record) -> Text:
        """The sentence that matters: how many activities, what is missing, what the logs show besides."""
        if not record.activities:
            return self.say("sentence.empty")
        n = {r: self.say("sentence.activities", n=len(record.of(r))) for r in ("controller", "processor")}
        lacking = sum(bool(missing(a)) for a in record.activities)
        undeclared = len(record.seen("not_declared"))
        complete = self.say("sentence.lacking", n=lacking) if lacking else self.say("sentence.complete")
        agrees = self.say("sentence.differs", n=undeclared) if undeclared else self.say("sentence.agrees")
        return [{"strong": self.say("sentence.holds", **n)}, f" {complete} {agrees}"]

    def transfers(self, record: Record) -> str:
        """How many recipients there are, how many of them abroad, and for how many nothing carries the transfer."""
        found = record.recipients.values()
        abroad = sum(bool(r["is_third_country"]) for r in found)
        bare = sum(r["carried_by"] == "none" for r in found)
        said = [self.say("recipients.sentence", n=len(found))]
        said += [self.say("recipients.abroad", n=abroad)] if found else []
        return " ".join([*said, *([self.say("recipients.bare", n=bare)] if bare else [])])

    def names(self, record: Record) -> list[tuple[str, str]]:
        """Every name that a vocabulary may have a term for: its kind and itself, each once."""
        found = {(kind, a[kind]) for a in record.activities for kind in _NAMED if a[kind]}
        found |= {("data_category", c) for a in record.activities for c in a["data_categories"] or ()}
        found |= {("safeguard", r["safeguard"]) for r in record.recipients.values() if r["is_third_country"]}
        return sorted((kind, name) for kind, name in found if name)
