"""Target Process's files: records one by one, the server's errors told as such, and whether all pages are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

from audit.errors import AuditError
from audit.sources.systems.export import Aside, Export
from audit.sources.systems.json_fields import Object
from audit.sources.systems.json_records import Around, JsonFile, Record

_HEAD = 1 << 14  # bytes in which the body of an error has its status
_WORD = re.compile(r"[A-Za-z]{1,40}")
_STATUS = re.compile(rb"<Status>\s*([A-Za-z]{1,40})\s*</Status>")
_NO_FILTER = {"format", "skip", "take", "access_token", "token", "callback"}


def records(export: Export, around: list[Around] | None = None) -> Iterator[tuple[int, Object]]:
    """The records of a file with their lines: of a list, or a single one.

    Raises:
        AuditError: the file holds the server's error, XML, or anything but records.
    """
    _refuse_xml(export)
    file, empty = JsonFile(export, "Items"), True
    for record in file:
        empty = False
        yield record.line, _object(export, record)
    if empty and not file.around:
        raise AuditError("holds no records", file=export.name, expected="a list with Items", fix="Export it again.")
    if around is not None:
        around += file.around


def _object(export: Export, record: Record) -> Mapping[str, Any]:
    value = record.value
    if not isinstance(value, dict):
        raise AuditError("not a record", file=export.name, line=record.line, expected="an object with an Id")
    status = value.get("Status")
    if isinstance(status, str) and "Message" in value and "Id" not in value:
        _refuse_error(export, record.line, status if _WORD.fullmatch(status) else "")
    return value


def _refuse_xml(export: Export) -> None:
    with export.open() as file:
        head = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"<"):
        return
    if status := _STATUS.search(head):
        _refuse_error(export, 1, status[1].decode())
    raise AuditError("XML", file=export.name, expected="JSON", fix="Export it with format=json.")


def _refuse_error(export: Export, line: int, status: str) -> NoReturn:
    raise AuditError(
        f"the server answered with the error {status}".rstrip(),
        file=export.name,
        line=line,
        expected="records",
        fix="Mend what was asked for and export it again.",
    )


@dataclass(frozen=True)
class _Page:
    """A page of a list: from which record on, and where the next one starts, if there is one."""

    export: Export
    line: int
    start: int
    next: int | None


class Pages:
    """The pages of all lists that were read."""

    def __init__(self) -> None:
        self._lists: dict[object, list[_Page]] = {}

    def add(self, export: Export, around: Sequence[Around]) -> None:
        """Note the pages of a file.

        Raises:
            AuditError: a link to another page cannot be read.
        """
        for one in around:
            for key, page in _page(export, one):
                self._lists.setdefault(key, []).append(page)

    def missing(self, *, partial: bool) -> list[Aside]:
        """The pages whose next or previous one is in none of the files.

        Raises:
            AuditError: there are such, and it is not said that they are left out on purpose.
        """
        found = [page for pages in self._lists.values() for page in _without_neighbour(pages)]
        if found and not partial:
            raise AuditError(
                "a page of this list is missing: its link to another page leads to none of the files",
                file=found[0].export.name,
                line=found[0].line,
                fix='Export every page and give all of them, or declare pages = "partial".',
            )
        return [Aside(page.export, page.line, "page without the one before or after it") for page in found]


def _page(export: Export, around: Around) -> Iterator[tuple[object, _Page]]:
    """A page by the list it is of; nothing where a list has but one."""
    links = {name: around.beside[name] for name in ("Next", "Prev") if around.beside.get(name)}
    if not links:
        return
    try:
        read = {name: _link(url) for name, url in links.items()}
    except (ValueError, KeyError, AttributeError):
        raise AuditError(
            "a link to another page cannot be read", file=export.name, line=around.line, column="Next"
        ) from None
    key = next(iter(read.values()))[0]
    following = read["Next"][1] if "Next" in read else None
    # A link says where its page starts and how many it takes: this one starts where the page before it ends.
    start = sum(read["Prev"][1:]) if "Prev" in read else 0
    yield key, _Page(export, around.line, start, following)


def _link(url: str) -> tuple[object, int, int]:
    """The list a link leads to (its path and filters), from which record on, and how many it takes."""
    parts = urlsplit(url)
    asked = {name.lower(): value for name, value in parse_qsl(parts.query, keep_blank_values=True)}
    filters = frozenset(item for item in asked.items() if item[0] not in _NO_FILTER)
    return (parts.path.rstrip("/").lower(), filters), int(asked["skip"]), int(asked["take"])


def _without_neighbour(pages: Sequence[_Page]) -> Iterator[_Page]:
    starts, ends = {page.start for page in pages}, {page.next for page in pages}
    for page in pages:
        if (page.next is not None and page.next not in starts) or (page.start > 0 and page.start not in ends):
            yield page
