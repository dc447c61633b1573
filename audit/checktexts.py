"""What a check says of itself: in English in check.toml and check.md, in another language in ``check.sv.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

from audit.errors import AuditError, CheckError
from audit.strict import Table, TomlFile
from audit.words import Words

_KEYS = ("title", "question", "how")


@dataclass(frozen=True)
class Texts:
    """A check's texts.

    Attributes:
        title, question: as check.toml has them.
        reasons: outcome -> reason -> sentence.
        how: how it is counted, as Markdown.
        method: its whole page without the worked cases, as Markdown.
        details: what the SQL says of a finding -> the same in this language; places stand for values.
    """

    title: str
    question: str
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    how: str = ""
    method: str = ""
    details: Mapping[str, str] | None = None

    def reason(self, outcome: str, reason: str) -> str:
        """The sentence of a reason; a waived violation keeps its violation's sentence.

        Raises:
            CheckError: no such reason is declared.
        """
        try:
            return self.reasons["violation" if outcome == "waived" else outcome][reason]
        except KeyError:
            raise CheckError(f"the reason {reason} of {outcome} is not declared", file="check.toml") from None

    def detail(self, said: str | None, words: Words) -> str | None:
        """What the SQL said of a finding, in this language; None where nobody has translated it."""
        if self.details is None or said is None:
            return said
        for source, text in self.details.items():
            if found := re.fullmatch(_pattern(source), said, re.DOTALL):
                return text.format(**{k: _value(v, words) for k, v in found.groupdict().items()})
        return None


def english(title: str, question: str, reasons: Mapping[str, Mapping[str, str]], page: str) -> Texts:
    """The texts of check.toml and check.md."""
    how = page.split("## How it is counted", 1)[1].partition("\n")[2].split("\n## ", 1)[0]
    method = page[page.index("## ") :].split("## Worked cases", maxsplit=1)[0].strip()
    return Texts(title, question, reasons, how, method)


def translations(folder: Path) -> list[str]:
    """The languages that a check's folder has beside English."""
    return sorted(p.name.split(".")[1] for p in folder.glob("check.*.toml"))


def read_texts(folder: Path, language: str, source: Texts) -> Texts:
    """Read ``check.<language>.toml``.

    Raises:
        CheckError: a key or a reason is missing or unknown, or a detail has other places than its translation.
    """
    path = folder / f"check.{language}.toml"
    try:
        with TomlFile(path).root as root:
            title, question, how = (root.text(key) for key in _KEYS)
            with root.table("reasons") as table:
                reasons = {outcome: _reasons(table, outcome, source) for outcome in table}
            with root.table("details") as table:
                details = {said: _detail(table, said) for said in table}
    except AuditError as error:
        at, key = error.line, error.column
        raise CheckError(error.message, file=path, line=at, column=key, expected=error.expected) from None
    if missing := sorted(source.reasons.keys() - reasons.keys()):
        raise CheckError("an outcome's reasons are missing", file=path, column=missing[0])
    return Texts(title, question, reasons, how, how, details)


def _reasons(table: Table, outcome: str, source: Texts) -> dict[str, str]:
    wanted = source.reasons.get(outcome, {})
    with table.table(outcome) as said:
        found = {reason: said.text(reason) for reason in said}
        for reason in sorted(wanted.keys() ^ found.keys()):
            said.refuse("not the reasons of check.toml", reason, ", ".join(wanted))
    return found


def _detail(table: Table, said: str) -> str:
    text = table.text(said)
    try:
        places = re.compile(_pattern(said)).groupindex
        if _places(text) - places.keys():
            table.refuse("a place that the detail does not have", said, "the places of the detail")
        text.format(**dict.fromkeys(places, ""))
    except (ValueError, LookupError, re.error):
        table.refuse("a place that is none", said, "each place once, as {name}; {{ is a brace")
    return text


def _places(text: str) -> set[str]:
    return {place for _, place, _, _ in Formatter().parse(text) if place}


def _pattern(source: str) -> str:
    """A detail with places as a pattern that finds the values."""
    return "".join(
        re.escape(text) + (f"(?P<{place}>.+?)" if place else "") for text, place, _, _ in Formatter().parse(source)
    )


def _value(value: str, words: Words) -> str:
    """A value in a detail: names as words, in a list each by itself; what stands in brackets behind one stays."""
    return ", ".join(_named(part, words) for part in value.split(", "))


def _named(part: str, words: Words) -> str:
    name, space, rest = part.partition(" (")
    return words.phrase(name) + words.article(space + rest)
