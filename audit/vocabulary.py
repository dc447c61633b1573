"""Terms of the W3C Data Privacy Vocabulary, from ``law/dpv.toml`` and from an organisation's own ``dpv.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audit.statutes import LAW_FOLDER
from audit.strict import Table, TomlFile

BESIDE = "dpv.toml"
"""The organisation's file, beside its policy file."""

_LAW = ("legal_basis", "role", "safeguard")
_OWN = ("purpose", "data_category", "person_category")
_BASE = "https://w3id.org/dpv"


@dataclass(frozen=True)
class Vocabulary:
    """Which terms a name has.

    Attributes:
        version, source: of the vocabulary.
        terms: kind of name -> name -> IRIs.
    """

    version: str
    source: str
    terms: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def iris(self, kind: str, name: str | None) -> tuple[str, ...]:
        """The terms of a name; none where nobody has given it any."""
        return self.terms.get(kind, {}).get(name or "", ())


def load_vocabulary(policy: Path) -> Vocabulary:
    """Read the terms of the law, and those that stand beside a policy file where there are any.

    Raises:
        AuditError: a file that cannot be read, an unknown or missing key, or a term that is no IRI of the vocabulary;
            with file and line.
    """
    with TomlFile(LAW_FOLDER / BESIDE).root as root:
        version, source = root.text("version"), root.text("source")
        terms = {kind: _terms(root.table(kind)) for kind in _LAW}
    if (own := policy.with_name(BESIDE)).is_file():
        with TomlFile(own).root as root:
            terms |= {kind: _terms(root.table(kind)) for kind in _OWN if kind in root}
    return Vocabulary(version, source, terms)


def _terms(table: Table) -> dict[str, tuple[str, ...]]:
    with table:
        return {name: _iris(table, name) for name in table}


def _iris(table: Table, name: str) -> tuple[str, ...]:
    """One IRI, or a list of them."""
    found = (table.text(name),) if isinstance(table.plain()[name], str) else table.texts(name)
    if not all(iri.startswith(_BASE) for iri in found):
        table.refuse("not a term of the Data Privacy Vocabulary", name, f"an IRI that begins with {_BASE}")
    return found
