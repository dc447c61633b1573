"""Scans of the EDPS Website Evidence Collector: ``inspection.json``.

It tells which cookies and which local storage the site had set when the visit ended, and which hosts were asked; not
which cookies were sent to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from audit.errors import AuditError
from audit.sources.systems.cookie_options import Options
from audit.sources.systems.cookie_visit import Visit, instant
from audit.sources.systems.export import Aside, Context, Export, Item, Refused
from audit.sources.systems.json_fields import FieldError, Object, inner, needed, several, text
from audit.sources.systems.json_records import JsonFile, Record


def is_scan(value: Any) -> bool:
    """Whether a JSON value is an inspection of the collector."""
    return isinstance(value, dict) and {"uri_ins", "cookies", "hosts", "start_time"} <= value.keys()


def scan_items(export: Export, record: Record, context: Context, options: Options) -> Iterator[Item]:
    """What a scan gives: an event for each cookie and stored item, and one for each host of others that was asked.

    Raises:
        AuditError: it is not of the collector's form.
    """
    scan: Object = record.value
    try:
        started, host = instant(needed(scan, "start_time"), context), needed(scan, "host")
        ended = instant(text(scan, "end_time"), context)
        cookies, storage = several(scan, "cookies"), inner(scan, "localStorage")
        requests, beacons = _hosts(scan, "requests"), _hosts(scan, "beacons")
    except FieldError as error:
        raise _not_a_scan(export, record.line, error.column) from None
    if started is None:
        raise _not_a_scan(export, record.line, "start_time")
    visit = Visit(export, context, options, started.isoformat(), host, _visitor(cookies, options))
    lines = _Lines(export, record.line)
    for number, cookie in enumerate(cookies):
        yield from _cookie(visit, lines.of("cookies", number), cookie, ended or started)
    for origin, items in storage.items():
        for name, item in items.items() if isinstance(items, dict) else ():
            at = _logged(item, context) or ended or started
            yield visit.event(record.line, name, urlsplit(origin).hostname or host, at, "set")
    for number, asked in enumerate(dict.fromkeys([*requests, *beacons])):
        line = lines.of("hosts.requests.thirdParty", number)
        given = list(visit.request(line, asked, started))
        yield from given or [
            Aside(export, line, "host of the site itself" if visit.is_own(asked) else "host of another")
        ]


class _Lines:
    """The lines on which a scan's cookies and hosts stand: it is read once more for them."""

    def __init__(self, export: Export, first: int) -> None:
        self._first = first
        self._lines: dict[str | None, list[int]] = {}
        for record in JsonFile(export, "cookies", "hosts.requests.thirdParty"):
            self._lines.setdefault(record.list, []).append(record.line)

    def of(self, path: str, number: int) -> int:
        """The line of a list's element; the scan's own where the list does not have it."""
        lines = self._lines.get(path, [])
        return lines[number] if number < len(lines) else self._first


def _not_a_scan(export: Export, line: int, column: str) -> AuditError:
    return AuditError(
        "not as the Website Evidence Collector writes it", file=export.name, line=line, column=column,
        expected="its inspection.json",
    )  # fmt: skip


def _hosts(scan: Object, kind: str) -> list[str]:
    hosts = inner(inner(scan, "hosts"), kind).get("thirdParty", [])
    if not isinstance(hosts, list) or not all(isinstance(h, str) and h for h in hosts):
        raise FieldError(f"hosts.{kind}.thirdParty", "unparsable")
    return hosts


def _visitor(cookies: list[Object], options: Options) -> str | None:
    values = [c.get("value") for c in cookies if options.visitor_cookie and c.get("name") == options.visitor_cookie]
    return next((v for v in values if isinstance(v, str) and v), None)


def _cookie(visit: Visit, line: int, cookie: Object, ended: datetime) -> Iterator[Item]:
    """A cookie that the browser held at the end; the collector's log says when it was set, where it saw that."""
    try:
        name, domain = needed(cookie, "name"), text(cookie, "domain") or visit.host
    except FieldError as error:
        yield Refused(visit.export, line, "cookie_events", error.column, error.reason, {})
        return
    at = _logged(cookie, visit.context) or ended
    yield visit.event(line, name, domain, at, "set")
    if cookie.get("session") is True:
        yield from visit.lifetime(line, name, domain, at, None)
    elif expires_at := _expires(cookie.get("expires"), visit.context):
        yield from visit.lifetime(line, name, domain, at, expires_at)


def _logged(item: Any, context: Context) -> datetime | None:
    log = item.get("log") if isinstance(item, dict) else None
    return instant(log.get("timestamp"), context) if isinstance(log, Mapping) else None


def _expires(value: Any, context: Context) -> datetime | None:
    """Seconds since 1970, or an instant in ISO 8601; None of anything else, as of a cookie that was only logged."""
    if isinstance(value, int | float) and value > 0:
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, ValueError, OSError):
            return None
    return instant(value, context)
