"""The authorities' form for notifying a breach, as data: ``law/breach_form.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from audit.statutes import LAW_FOLDER
from audit.strict import TomlFile


@dataclass(frozen=True)
class Field:
    """A field of the form: its number, section and article of the GDPR, and what a dossier fills it with."""

    no: int
    section: str
    gdpr: str | None
    is_required: bool
    fills: str | None


@dataclass(frozen=True)
class BreachForm:
    """The form: where it is from, and those of its fields that a dossier prepares, in its order."""

    source: str
    fields: tuple[Field, ...]


@cache
def load_breach_form() -> BreachForm:
    """Read the form.

    Raises:
        AuditError: an unknown or missing key, or a value of a wrong form; with file and line.
    """
    found = []
    with TomlFile(LAW_FOLDER / "breach_form.toml").root as root:
        source = root.text("source")
        for table in root.tables("field"):
            with table:
                gdpr, fills = map(table.optional, ("gdpr", "fills"))
                found.append(Field(table.count("no"), table.text("section"), gdpr, table.flag("required"), fills))
    return BreachForm(source, tuple(found))
