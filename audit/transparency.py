"""What a privacy policy's own text leaves out: an organisation's ``transparency.toml``, read strictly.

GDPR 12 to 14 say what people must be told. Statements about the text are data, each with the section it rests on and
how that is known; whom and what the text names is data too, so that the logs can be held against it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from audit.strict import Table, TomlFile

_ARTICLE = re.compile(r"\d{1,2}(\(\d{1,2}\))?(\([a-z]\))?")


@dataclass(frozen=True)
class Statement:
    """One thing that the text does not tell, or not as the law asks.

    ``article`` of the GDPR asks for it; ``section`` of the policy is where it would stand; ``basis`` is how we know.
    """

    id: str
    article: str
    section: str
    statement: str
    basis: str


@dataclass(frozen=True)
class Transparency:
    """What is known of the policy's text.

    Attributes:
        statements: where it falls short, in the order of the file.
        recipients, systems, countries: those that it names, by their ids in the registers and by ISO 3166 code.
        grounds: the legal bases that it gives for each use of data.
    """

    statements: tuple[Statement, ...]
    recipients: tuple[str, ...]
    systems: tuple[str, ...]
    countries: tuple[str, ...]
    grounds: dict[str, tuple[str, ...]]


def load_transparency(path: Path, uses: Collection[str], bases: Collection[str]) -> Transparency:
    """Read the file.

    Args:
        path: the file.
        uses: those that the policy file knows.
        bases: the legal bases that the law knows.

    Raises:
        AuditError: it cannot be read, a key is unknown or missing, a value is outside its vocabulary, an article is
            none, or an id stands twice; with file and line.
    """
    found: dict[str, Statement] = {}
    with TomlFile(path).root as root:
        with root.table("named") as table:
            recipients, systems, countries = (table.texts(key) for key in ("recipients", "systems", "countries"))
        with root.table("grounds") as table:
            for use in table:
                if use not in uses:
                    table.refuse("no purpose has this use", use, f"one of {', '.join(sorted(uses))}")
            grounds = {use: table.texts(use, sorted(bases)) for use in table}
        for table in root.tables("statement"):
            statement = _statement(table)
            if statement.id in found:
                table.refuse("this id stands twice", "id", "an id of its own")
            found[statement.id] = statement
    return Transparency(tuple(found.values()), recipients, systems, countries, grounds)


def _statement(table: Table) -> Statement:
    with table:
        statement = Statement(*(table.text(key) for key in ("id", "article", "section", "statement", "basis")))
        if not all(_ARTICLE.fullmatch(article) for article in statement.article.split(", ")):
            table.refuse("not articles of the GDPR", "article", "such as 13(2)(d), 14(2)(e)")
        return statement
