"""A system's own words, and what each means in the words of the contracts."""

from __future__ import annotations

from collections.abc import Mapping

from audit.contract import load_contracts
from audit.strict import Table


def vocabulary(table: str, column: str) -> tuple[str, ...]:
    """The words that a table's column allows."""
    return next(c.values for c in load_contracts()[table].columns if c.name == column)


def meanings(settings: Table, key: str, choices: tuple[str, ...] | None = None) -> Mapping[str, str]:
    """A table of settings that gives each of a system's words one of ours; empty where it is left out.

    Args:
        settings: the source's settings.
        key: the table's name there.
        choices: our words; None where any will do, as an id.

    Raises:
        AuditError: a word of ours that is not one of the choices.
    """
    if key not in settings:
        return {}
    with settings.table(key) as words:
        return {word: words.text(word, choices) for word in words}


def truths(settings: Table, key: str) -> Mapping[str, str]:
    """A table of settings that gives each of a system's words true or false, as a contract's column has them."""
    with settings.table(key) as words:
        return {word: "true" if words.flag(word) else "false" for word in words}
