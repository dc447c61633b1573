"""Tables beside the checks: the waivers, and what the policy's own text leaves out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from audit import remarks, sentences
from audit.blocks import Block
from audit.results import Observation, Results, Waiver
from audit.tables import Columns, table
from audit.words import Words


def waivers(caption: str, held: Iterable[Waiver]) -> Block:
    """Waivers: what each is for and how much it covers, who granted it, from when until when, and why."""
    columns = {
        "waiver": ("Waiver", "mono"),
        "what": ("What it covers", "text"),
        "items": ("Items", "integer"),
        "by": ("Granted by", "text"),
        "from": ("From", "day"),
        "last": ("Last day", "day"),
        "why": ("Why", "text"),
    }
    rows = [
        [
            w.waiver_id,
            remarks.waived(w),
            w.items,
            w.granted_by,
            w.granted_on.isoformat(),
            (w.expires_on - timedelta(days=1)).isoformat(),  # the register's own end is the day after
            w.justification,
        ]
        for w in held
    ]
    told = [i for i, key in enumerate(columns) if key not in ("by", "why") or any(row[i] for row in rows)]
    kept = {key: column for i, (key, column) in enumerate(columns.items()) if i in told}
    return table(caption, kept, [[row[i] for i in told] for row in rows])


def statements(results: Results) -> Block:
    """Where the policy's text falls short by its own sections, each with the section and how that is known."""
    columns = {
        "id": ("No.", "mono"),
        "says": ("What the text leaves out", "text"),
        "article": ("GDPR", "text"),
        "section": ("Section", "text"),
        "basis": ("How we know", "text"),
    }
    found = results.transparency.statements if results.transparency else ()
    rows = [[s.id, s.statement, _articles(s.article), s.section, s.basis] for s in found]
    return table("What the text leaves out, by its own sections", columns, rows)


def observations(results: Results, words: Words) -> Block:
    """What the data of the period shows against the policy's text."""
    columns = {"says": ("What the data shows", "text"), "article": ("GDPR", "text"), "told": ("The text", "text")}
    found = results.transparency.observations if results.transparency else ()
    rows = [[remarks.observed(words, results, o), o.article, "leaves it out" if o.rows else "holds"] for o in found]
    return table("What the text leaves out, by what the data shows", columns, rows)


_SHOWN: dict[str, tuple[str, Columns]] = {
    "recipients": (
        "The recipients that the text does not name",
        {
            "name": ("Recipient", "text"),
            "recipient_id": ("In the register", "mono"),
            "kind": ("Acts as", "text"),
            "country": ("Country", "text"),
            "items": ("Times sent", "integer"),
        },
    ),
    "countries": (
        "The countries outside the EEA that the text does not name",
        {
            "country": ("Country", "text"),
            "recipients": ("Recipients", "integer"),
            "items": ("Times sent", "integer"),
        },
    ),
    "systems": (
        "The systems that the text does not name",
        {"name": ("System", "text"), "system_id": ("In the register", "mono"), "items": ("Events", "integer")},
    ),
    "grounds": (
        "The legal bases that the text does not give",
        {
            "use": ("Use of data", "text"),
            "legal_basis": ("Legal basis on record", "text"),
            "activities": ("Activities", "integer"),
            "items": ("Events", "integer"),
        },
    ),
    "retention": (
        "The activities without a rule for how long data is kept",
        {"name": ("Activity", "text"), "activity_id": ("In the register", "mono"), "purpose": ("Purpose", "text")},
    ),
}


def observed(observation: Observation, words: Words, limit: int = 30) -> Block | None:
    """The rows behind an observation, where there are several to tell apart."""
    if observation.name not in _SHOWN or not observation.rows:
        return None
    caption, columns = _SHOWN[observation.name]
    rows = [[_value(row[key], key, words) for key in columns] for row in observation.rows[:limit]]
    more = len(observation.rows) - len(rows)
    note = f"And {words.integer(more)} more, in the attached results.json." if more else None
    return table(caption, columns, rows, size="small", note=note)


def _value(value: Any, key: str, words: Words) -> Any:
    """A register's own value as words."""
    if value is None or key not in ("country", "use", "legal_basis", "kind", "purpose"):
        return value
    return words.country(value) if key == "country" else sentences.reason(value)


def _articles(text: str) -> list[Any]:
    """Articles, one a line."""
    first, *others = text.split(", ")
    return [first, *(run for article in others for run in (",", {"break": ""}, article))]
