"""A second guard behind every importer: no e-mail address and no personal number passes in a value, wherever it stood.

Importers turn the fields they know of into pseudonyms. People write addresses and numbers also where nobody expects
them: in the title of a ticket, in a column that slipped, in what was to be a date.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import unquote

from audit.pseudonyms import Pseudonyms
from audit.sources.systems.export import Aside, Item, Refused, Row

_WITHIN = r"[^\s@<>()\[\]\",;:=|/\\]"
# The look behind makes it linear: a long text is not tried again from each of its characters.
_ADDRESS = re.compile(rf"(?<!{_WITHIN}){_WITHIN}+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w-])(?:(?:19|20)\d{6}[-+]?|\d{6}[-+])\d{4}(?![\w-])")
_SIX_DIGITS = re.compile(r"\d{6}")
_COORDINATION = 60  # what is added to the day of birth in a coordination number


def without_persons(item: Item, pseudonyms: Pseudonyms) -> Item:
    """An item in whose values each e-mail address and each personal number is replaced by its pseudonym."""

    def clean(text: str) -> str:
        text = _ADDRESS.sub(lambda found: pseudonyms.email(unquote(found[0]).lstrip("'")), text)
        return _NUMBER.sub(lambda f: pseudonyms.personal_number(f[0]) if _is_personal(f[0]) else f[0], text)

    match item:
        case Row() if _is_suspect(item.values.values()):
            return replace(
                item,
                values={n: clean(v) if isinstance(v, str) else [clean(t) for t in v] for n, v in item.values.items()},
            )
        case Refused() if _is_suspect(item.kept.values()):
            return replace(item, kept={name: clean(text) for name, text in item.kept.items()})
        case Aside() if _is_suspect((item.kind,)):  # it may name a column, and the column a person
            return replace(item, kind=clean(item.kind))
        case _:
            return item


def _is_suspect(values: Collection[str | Sequence[str]]) -> bool:
    """Whether there may be an address or a number in values: a quick look, as nearly all have none."""
    try:
        text = "\n".join(values)  # type: ignore[arg-type]  # lists are few
    except TypeError:
        text = "\n".join(v if isinstance(v, str) else "\n".join(v) for v in values)
    return "@" in text or "%40" in text or bool(_SIX_DIGITS.search(text))


def personal_in(text: str) -> Iterator[tuple[str, str]]:
    """Every e-mail address and personal number in a text: which of the two it is, and it."""
    for found in _ADDRESS.finditer(text):
        yield "an e-mail address", unquote(found[0]).lower()
    for found in _NUMBER.finditer(text):
        if _is_personal(found[0]):
            yield "a personal number", found[0]


def _is_personal(text: str) -> bool:
    """Whether digits are a Swedish personal or coordination number: a day of birth, and the check digit is right."""
    digits = re.sub(r"\D", "", text)[-10:]
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:6]) % _COORDINATION
    try:
        date(2000 + year, month, day)
    except ValueError:
        return month == 2 and day == 29  # of another century
    doubled = (int(d) * (2 - place % 2) for place, d in enumerate(digits))
    return sum(n // 10 + n % 10 for n in doubled) % 10 == 0
