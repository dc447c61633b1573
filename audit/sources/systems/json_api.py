"""JSON:API documents: their resources one by one, whether asked for or included, and whether a page is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from audit.errors import AuditError
from audit.sources.systems.export import Export
from audit.sources.systems.json_records import JsonFile
from audit.sources.systems.pages import ALL_PAGES, refuse_gaps

_PAGE = "page[number]"
_List = tuple[str, ...]


@dataclass(frozen=True)
class Resource:
    """An object of a document, and the line it starts on; of a single one that has others included, the document's."""

    export: Export
    line: int
    value: Any


def resources(exports: Sequence[Export]) -> Iterator[Resource]:
    """The resources of JSON:API documents, file by file.

    Raises:
        AuditError: a file is not JSON, or an error's answer; or, after the last one, a list links to a next or a
            former page that was not given. ``last`` is not trusted: it is known to name pages that do not exist.
    """
    pages = _Pages()
    for export in exports:
        file = JsonFile(export, "data", "included")
        for record in file:
            value = record.value
            if record.list is None and isinstance(value, dict) and "errors" in value:
                raise AuditError("an error that the API answered", file=export.name, line=record.line, fix=ALL_PAGES)
            is_document = record.list is None and isinstance(value, dict) and isinstance(value.get("data"), dict)
            yield Resource(export, record.line, value["data"] if is_document else value)
        for around in file.around:
            if isinstance(around.beside.get("data"), dict):
                yield Resource(export, around.line, around.beside["data"])
            links = around.beside.get("links")
            if isinstance(links, dict):
                pages.add(export, around.line, links)
    pages.check()


class _Pages:
    """The pages of lists that were given, and those that others link to."""

    def __init__(self) -> None:
        self._given: Counter[tuple[_List, int]] = Counter()
        self._linked: dict[str, list[tuple[Export, int, tuple[_List, int] | None]]] = {"next": [], "prev": []}

    def add(self, export: Export, line: int, links: dict[str, Any]) -> None:
        """Note a document's page: it is the one before ``next``, or after ``prev``, or else the first."""
        following, before, first = (_page(links.get(name)) for name in ("next", "prev", "first"))
        for name, page in (("next", following), ("prev", before)):
            if links.get(name):
                self._linked[name].append((export, line, page))
        if following:
            self._given[following[0], following[1] - 1] += 1
        elif before:
            self._given[before[0], before[1] + 1] += 1
        elif first:
            self._given[first] += 1

    def check(self) -> None:
        """Raise AuditError for the first document whose next page was not given, or the one before it."""
        refuse_gaps(self._given, self._linked["next"], "the list links to a next page", "links.next")
        refuse_gaps(self._given, self._linked["prev"], "the list links to a former page", "links.prev")


def _page(link: Any) -> tuple[_List, int] | None:
    """Which list a link leads to, and which page of it; None where it does not say."""
    if not isinstance(link, str):
        return None
    try:
        parts = urlsplit(link)
        query = dict(parse_qsl(parts.query))
        number = int(query.pop(_PAGE))
    except (ValueError, KeyError):
        return None
    return (parts.path, *sorted(f"{name}={value}" for name, value in query.items())), number
