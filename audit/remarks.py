"""What results say beside the checks, in English: waivers, what the policy's text leaves out, what is not claimed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from audit.results import Observation, Results, Waiver
from audit.sentences import Text, count, listed, name, reason, sentence_case
from audit.words import Words

GLOSSARY = {
    "as of": "The moment the answer is given for. What happened later is left out, so an old answer can be made again.",
    "commitment": "A promise of the organisation's published privacy policy, with a number of its own (P01 and on).",
    "compliant": "The rule was kept, as far as the loaded data shows.",
    "violation": "The rule was not kept.",
    "pending": "The deadline had not passed as of then.",
    "undetermined": "The data to decide it is missing.",
    "waived": "A violation that somebody answerable accepted for a time and a reason; in the rate it is not compliant.",
    "rate": "Compliant of what could be decided: compliant, violation and waived together. Without any of these, none.",
    "not evaluated": "The check's tables hold no rows, so it says neither yes nor no.",
    "not evidenced": "No check that bears on the promise could decide anything.",
    "controller, processor": "Whether the organisation decides why and how data is processed, or does it for a client.",
    "open": "Pending or undetermined: not decided as of then.",
    "finding": "One item that is a violation, waived or undetermined, with a number that is the same in every run.",
}


def waivers(words: Words, results: Results) -> Text:
    """How many waivers are in force and what they cover, and what counts again because one has run out."""
    held, gone = in_force(results), run_out(results)
    if not held and not gone:
        return "No waiver is in force, and none has run out."
    covered = sum(w.items for w in held)
    idle = sum(not w.items for w in held)
    lead = sentence_case(count(words, len(held), "waiver"))
    runs: list[Any] = [{"strong": lead}, f" {'is' if len(held) == 1 else 'are'} in force"]
    runs.append(f" and {'covers' if len(held) == 1 else 'cover'} {count(words, covered, 'violation')}" if held else "")
    runs.append(f"; {words.integer(idle)} of them {'covers' if idle == 1 else 'cover'} nothing." if idle else ".")
    if gone:
        again = sum(w.items for w in gone)
        runs += [" ", {"strong": words.integer(len(gone))}, f" {'has' if len(gone) == 1 else 'have'} run out: "]
        runs += [f"{count(words, again, 'violation')} that {'it' if len(gone) == 1 else 'they'} covered "]
        runs += ["count again." if again != 1 else "counts again."]
    return runs


def in_force(results: Results) -> list[Waiver]:
    """The waivers in force as of then."""
    return [w for w in results.waivers if w.is_in_force]


def run_out(results: Results) -> list[Waiver]:
    """The waivers that ran out and matter to this period: violations they covered count again, or they held in it."""
    first = results.start.date()
    return [w for w in results.waivers if not w.is_in_force and (w.items or w.expires_on > first)]


def waived(waiver: Waiver) -> str:
    """What a waiver is for: the check, and what it is narrowed to."""
    words = {"reason": "only “{}”", "item_key": "only {}", "client_id": "only client {}"}
    narrowed = [words[k].format(reason(v) if k == "reason" else v) for k, v in waiver.scope.items()]
    return ": ".join([name(waiver.check), *([listed(narrowed)] if narrowed else [])])


def unsaid(words: Words, results: Results) -> Text:
    """How far the policy's text falls short, by its sections and by the data."""
    found = results.transparency
    if found is None:
        return (
            "Nobody has read the policy's text for this report, or its scope is processing for clients, "
            "who inform the persons themselves."
        )
    bad = [o for o in found.observations if o.rows]
    shown = f"{words.integer(len(bad))} of {count(words, len(found.observations), 'question')}"
    return [
        "By its own sections the text falls short in ",
        {"strong": count(words, len(found.statements), "point")},
        ". Held against the data of the period, it leaves something out in ",
        {"strong": shown},
        ".",
    ]


def observed(words: Words, results: Results, observation: Observation) -> str:
    """What the data shows against the text, in a sentence with its numbers."""
    return _OBSERVED[observation.name](words, results, observation)


def _items(observation: Observation) -> int:
    return sum(row["items"] for row in observation.rows)


def _recipients(words: Words, _results: Results, o: Observation) -> str:
    if not o.rows:
        return f"The text names every one of the {words.integer(o.seen)} recipients that were sent data in the period."
    sent = count(words, _items(o), "time")
    return (
        f"{words.integer(len(o.rows))} of {count(words, o.seen, 'recipient')} that were sent data in the period "
        f"are not named; data went to them {sent}."
    )


def _countries(words: Words, _results: Results, o: Observation) -> str:
    if not o.rows:
        return f"The text names every country outside the EEA that data went to ({words.integer(o.seen)})."
    names = listed([words.country(row["country"]) for row in o.rows])
    return (
        f"Data went outside the EEA {count(words, _items(o), 'time')}, to {names}, "
        f"{'a country' if len(o.rows) == 1 else 'countries'} that the text does not name."
    )


def _systems(words: Words, _results: Results, o: Observation) -> str:
    if not o.rows:
        return f"The text names every one of the {words.integer(o.seen)} systems in which data was processed."
    names = listed([row["name"] or row["system_id"] for row in o.rows])
    return f"Data was processed {count(words, _items(o), 'time')} in systems that the text does not name: {names}."


def _grounds(words: Words, _results: Results, o: Observation) -> str:
    if not o.rows:
        return "Every use of data rested on a legal basis that the text gives for it."
    return (
        f"{sentence_case(count(words, _items(o), 'event'))} rested on a legal basis that the text does not give for "
        f"that use ({words.integer(len(o.rows))} of {words.integer(o.seen)} pairs of use and basis)."
    )


def _retention(words: Words, _results: Results, o: Observation) -> str:
    of = f"the record's {count(words, o.seen, 'activity', 'activities')} as controller"
    if not o.rows:
        return f"Each of {of} names a rule for how long data is kept, which the text could tell."
    return f"For {words.integer(len(o.rows))} of {of} no rule says how long data is kept, so no text could tell."


def _review(words: Words, results: Results, o: Observation) -> str:
    if not o.seen:
        return "The register of policies holds no version of the text that was in effect."
    if not o.rows:
        return "The text was looked at within the interval that the organisation has set."
    row = o.rows[0]
    last = (results.as_of - timedelta(microseconds=1)).astimezone(ZoneInfo(results.zone)).date()
    since = f"{count(words, row['days'], 'day')} before {words.long_day(last)}"
    reviewed = words.long_day(date.fromisoformat(row["reviewed_on"]))
    return f"Version {row['version']} was last looked at on {reviewed}, {since}: longer ago than the interval allows."


_OBSERVED = {
    "recipients": _recipients,
    "countries": _countries,
    "systems": _systems,
    "grounds": _grounds,
    "retention": _retention,
    "review": _review,
}


def not_claimed(words: Words, results: Results) -> list[Text]:
    """What nobody may read out of the report."""
    moment = words.long_instant(results.as_of)
    return [
        "That the organisation complies with the law. It tells what the loaded data shows; people judge the rest.",
        "Anything about processing that left no row in the loaded sources, or about days on which a source was silent.",
        f"Anything that happened at or after {moment}: for this report it has not happened yet.",
        "That a promise is kept which stands as not evidenced, or that an item is compliant which is still open.",
        "That what the sources recorded is true: rows are taken as loaded, the refused ones counted and kept.",
    ]
