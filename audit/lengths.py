"""Lengths of time as the reader's language writes them."""

from __future__ import annotations

from datetime import date, timedelta

from audit.duration import HOUR, Duration
from audit.words import Words

_MINUTE = 60


def length(words: Words, span: Duration) -> str:
    """A duration in words: ``7 years``, ``1 month and 2 days``, ``72 hours``."""
    years, months = divmod(span.months, 12)
    if months:  # eighteen months are told as such
        years, months = 0, span.months
    hours, rest = divmod(span.seconds, HOUR)
    parts = {"years": years, "months": months, "days": span.days, "hours": hours, "minutes": rest // _MINUTE}
    told = [words.say(f"lengths.{unit}", n=n) for unit, n in parts.items() if n]
    return words.listed(told) if told else words.say("lengths.none")


def last_day(until: str | None) -> str | None:
    """The last day of a term whose register names the day after, as ISO 8601; None where it goes on."""
    return None if until is None else (date.fromisoformat(until) - timedelta(days=1)).isoformat()
