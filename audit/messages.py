"""The message catalogues: every text of a report that no notebook, check or register writes, in each language.

``templates/messages/<language>.toml``, and each file of the folder ``<language>`` as a part under its own name. A
message is a text with places, as ``{total}``; where it depends on a number, a table of forms: ``one``, ``other`` and,
where wanted, ``none`` for 0.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from audit.errors import AuditError, UsageError

LANGUAGES = ("en", "sv")
SOURCE = "en"
"""The language whose keys and places the others must have."""

_FORMS = {"none", "one", "other"}
_OPEN = {"codes"}  # names of codes: English has only those that do not read as words


@cache
def catalogue(language: str) -> dict[str, Any]:
    """A language's messages. A part that nobody has translated yet is left out whole.

    Raises:
        UsageError: there is no catalogue for the language.
        AuditError: a key or a place is missing or unknown, held against English.
    """
    if language not in LANGUAGES:
        raise UsageError("no catalogue for this language", column="language", expected=" or ".join(LANGUAGES))
    found = _read(language)
    if language != SOURCE:
        source = _read(SOURCE)
        wanted = {k: v for k, v in source.items() if k in found or not _is_part(k)}
        _compare(language, dict(places(wanted)), dict(places(found)))
    return found


def places(messages: Any, key: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """Each message's key with the places in it; the forms of one message count together."""
    if isinstance(messages, dict) and not is_plural(messages):
        for part, value in messages.items():
            if key or part not in _OPEN:
                yield from places(value, f"{key}.{part}" if key else part)
    elif isinstance(messages, list):
        for number, value in enumerate(messages):
            yield from places(value, f"{key}.{number}")
    else:
        texts = messages.values() if isinstance(messages, dict) else [messages]
        yield key, frozenset(place for text in texts for _, place, _, _ in Formatter().parse(text) if place)


def is_plural(message: Any) -> bool:
    """Whether it has a form for each number."""
    return isinstance(message, dict) and "other" in message and set(message) <= _FORMS


def _read(language: str) -> dict[str, Any]:
    folder = files("audit") / "templates" / "messages"
    found = tomllib.loads((folder / f"{language}.toml").read_text("utf-8"))
    for part in sorted((folder / language).iterdir(), key=lambda p: p.name):
        found[part.name.removesuffix(".toml")] = tomllib.loads(part.read_text("utf-8"))
    return found


def _is_part(key: str) -> bool:
    return (files("audit") / "templates" / "messages" / SOURCE / f"{key}.toml").is_file()


def _compare(language: str, source: dict[str, frozenset[str]], found: dict[str, frozenset[str]]) -> None:
    for key in sorted(source.keys() ^ found.keys()):
        message = "a message is missing" if key in source else "no such message in English"
        raise AuditError(message, file=f"messages/{language}", column=key)
    for key, wanted in source.items():
        if found[key] != wanted:
            expected = ", ".join(f"{{{p}}}" for p in sorted(wanted)) or "no place"
            raise AuditError("a message has other places", file=f"messages/{language}", column=key, expected=expected)
