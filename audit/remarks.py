"""What results say beside the checks: waivers, what the policy's text leaves out, what is not claimed."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from audit.results import Observation, Results, Waiver
from audit.sentences import Text, count, listed, name, sentence_case
from audit.words import Words


def waivers(words: Words, results: Results) -> Text:
    """How many waivers are in force and what they cover, and what counts again because one has run out."""
    held, gone = in_force(results), run_out(results)
    if not held and not gone:
        return words.say("remarks.waivers.none")
    covered = count(words, sum(w.items for w in held), "violation")
    idle = sum(not w.items for w in held)
    said = "held" if held else "no_held"
    runs = words.runs(f"remarks.waivers.{said}", n=len(held), covered=covered)
    runs += ["; ", words.say("remarks.waivers.idle", n=idle)] if idle else []
    runs.append(".")
    if gone:
        again = words.say("remarks.waivers.again", n=sum(w.items for w in gone))
        runs += [" ", *words.runs("remarks.waivers.gone", n=len(gone)), " ", again]
    return runs


def in_force(results: Results) -> list[Waiver]:
    """The waivers in force as of then."""
    return [w for w in results.waivers if w.is_in_force]


def run_out(results: Results) -> list[Waiver]:
    """The waivers that ran out and matter to this period: violations they covered count again, or they held in it."""
    first = results.start.date()
    return [w for w in results.waivers if not w.is_in_force and (w.items or w.expires_on > first)]


def waived(words: Words, waiver: Waiver) -> str:
    """What a waiver is for: the check, and what it is narrowed to."""
    narrowed = [
        words.say(f"remarks.waived.{key}", value=words.code(value) if key == "reason" else value)
        for key, value in waiver.scope.items()
    ]
    return ": ".join([name(words, waiver.check), *([listed(words, narrowed)] if narrowed else [])])


def unsaid(words: Words, results: Results) -> Text:
    """How far the policy's text falls short, by its sections and by the data."""
    found = results.transparency
    if found is None:
        return words.say("remarks.unsaid.unread")
    return words.runs(
        "remarks.unsaid.found",
        points=count(words, len(found.statements), "point"),
        shown=sum(bool(o.rows) for o in found.observations),
        questions=count(words, len(found.observations), "question"),
    )


def observed(words: Words, results: Results, observation: Observation) -> str:
    """What the data shows against the text, in a sentence with its numbers."""
    if observation.name == "review":
        return _review(words, results, observation)
    shown = "unnamed" if observation.rows else "named"
    return words.say(f"remarks.{observation.name}.{shown}", **_FACTS[observation.name](words, observation))


def _facts(words: Words, o: Observation) -> dict[str, object]:
    """How many things the text leaves out, of how many, and how often they occur."""
    items = sum(row.get("items", 0) for row in o.rows)
    return {"n": len(o.rows), "seen": o.seen, "times": count(words, items, "time")}


def _recipients(words: Words, o: Observation) -> dict[str, object]:
    return _facts(words, o) | ({"seen": count(words, o.seen, "recipient")} if o.rows else {})


def _countries(words: Words, o: Observation) -> dict[str, object]:
    return _facts(words, o) | {"names": listed(words, [words.country(row["country"]) for row in o.rows])}


def _systems(words: Words, o: Observation) -> dict[str, object]:
    return _facts(words, o) | {"names": listed(words, [row["name"] or row["system_id"] for row in o.rows])}


def _grounds(words: Words, o: Observation) -> dict[str, object]:
    events = count(words, sum(row["items"] for row in o.rows), "event")
    return _facts(words, o) | {"events": sentence_case(events)}


def _retention(words: Words, o: Observation) -> dict[str, object]:
    return _facts(words, o) | {"activities": count(words, o.seen, "activities")}


def _review(words: Words, results: Results, o: Observation) -> str:
    if not o.rows:
        return words.say(f"remarks.review.{'named' if o.seen else 'none'}")
    row = o.rows[0]
    last = (results.as_of - timedelta(microseconds=1)).astimezone(ZoneInfo(results.zone)).date()
    return words.say(
        "remarks.review.unnamed",
        version=row["version"],
        reviewed=words.long_day(date.fromisoformat(row["reviewed_on"])),
        since=count(words, row["days"], "days"),
        last=words.long_day(last),
    )


_FACTS = {
    "recipients": _recipients,
    "countries": _countries,
    "systems": _systems,
    "grounds": _grounds,
    "retention": _retention,
}


def not_claimed(words: Words, results: Results) -> list[Text]:
    """What nobody may read out of the report."""
    moment = words.long_instant(results.as_of)
    return [words.say(f"remarks.not_claimed.{key}", moment=moment) for key in words.labels["remarks"]["not_claimed"]]
