"""What cookies are for: an organisation's own words, and its copy of an open cookie database (CSV)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from audit.errors import AuditError
from audit.sources.systems.cookie_lifetime import Lifetime, declared
from audit.sources.systems.csv_records import CsvForm, csv_records
from audit.sources.systems.export import Export
from audit.sources.systems.vocabulary import vocabulary
from audit.strict import Table

PURPOSES = vocabulary("cookie_events", "purpose")
# From the least protective to the most: of two entries that fit as well, the later decides.
_BY_PROTECTION = ("necessary", "preferences", "statistics", "advertising")
# A database's categories. "Functional" is what makes a site more convenient, not what it cannot do without.
_CATEGORIES: Mapping[str, str] = {
    "necessary": "necessary",
    "security": "necessary",
    "functional": "preferences",
    "personalization": "preferences",
    "analytics": "statistics",
    "marketing": "advertising",
}
_COLUMNS = ("Cookie / Data Key name", "Domain", "Category", "Retention period", "Wildcard match")
_LONGEST_HEADER = 1 << 16  # bytes
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


@dataclass(frozen=True)
class Known:
    """What is known of a cookie.

    Attributes:
        purpose: one of the contract's.
        pattern: its name, or how the names of its kind begin, with ``*``.
        lifetime: as declared; None where nothing clear is.
    """

    purpose: str
    pattern: str
    lifetime: Lifetime | None = None


@dataclass(frozen=True)
class _Entry:
    known: Known
    domains: tuple[str, ...]

    def fits(self, host: str) -> bool:
        return not self.domains or any(within(host, domain) for domain in self.domains)

    @property
    def weight(self) -> tuple[bool, int, bool, int]:
        """Which entry decides of several that fit: the most exact, then the most protective."""
        is_whole, length = not self.known.pattern.endswith("*"), len(self.known.pattern)
        return is_whole, length, bool(self.domains), _BY_PROTECTION.index(self.known.purpose)


class CookieDatabase:
    """What is known of cookies, by the cookie's name or by the beginning of it."""

    def __init__(self, entries: Iterable[_Entry] = ()) -> None:
        self._names: dict[str, list[_Entry]] = {}
        self._prefixes: dict[str, list[_Entry]] = {}
        for entry in entries:
            pattern = entry.known.pattern
            kind = self._prefixes if pattern.endswith("*") else self._names
            kind.setdefault(pattern.removesuffix("*"), []).append(entry)

    def find(self, name: str, host: str) -> Known | None:
        """What is known of a cookie of a host. An entry that names a domain is about that domain's cookies only."""
        found = [*self._names.get(name, ())]
        for end in range(1, len(name) + 1):
            found += self._prefixes.get(name[:end], ())
        fitting = [entry for entry in found if entry.fits(host)]
        return max(fitting, key=lambda entry: entry.weight).known if fitting else None


def within(host: str, domain: str) -> bool:
    """Whether a host is a domain or lies under it."""
    return host == domain or host.endswith(f".{domain}")


def is_database(export: Export) -> bool:
    """Whether a CSV file is an open cookie database: by its header."""
    with export.open() as file:
        header = file.readline(_LONGEST_HEADER)
    return all(column.encode() in header for column in _COLUMNS)


def read_entries(export: Export) -> Iterator[tuple[int, _Entry]]:
    """The entries of an open cookie database, each with its line: name, domain, category, retention, wildcard mark.

    Raises:
        AuditError: it cannot be read, or has a category of which nobody said what it is for.
    """
    for record in csv_records(export, _COLUMNS, CsvForm()):
        if record.cells is None:
            raise AuditError("more or fewer cells than the header", file=export.name, line=record.line)
        name, domain, category, retention, wildcard = record.cells
        purpose = _CATEGORIES.get(category.lower())
        if purpose is None:
            raise AuditError(
                "unknown category",
                file=export.name,
                line=record.line,
                column="Category",
                expected=f"one of {', '.join(_CATEGORIES)}",
            )
        domains = tuple(host.removeprefix("www.") for host in _HOST.findall(domain.lower()))
        pattern = f"{name}*" if wildcard == "1" else name
        yield record.line, _Entry(Known(purpose, pattern, declared(retention)), domains)


def own_words(table: Table) -> CookieDatabase:
    """The organisation's own classification: a cookie's name, or its beginning and ``*``, and the purpose."""
    return CookieDatabase(_Entry(Known(table.text(name, PURPOSES), name), ()) for name in table)
