"""HTTP archives (HAR 1.2): what a browser's developer tools or a test record of a visit.

Read are the hosts, times and cookies of each request; addresses, contents and the cookies' values are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from audit.sources.systems.cookie_options import Options
from audit.sources.systems.cookie_visit import Visit, instant
from audit.sources.systems.export import Aside, Context, Export, Item, Refused
from audit.sources.systems.json_fields import FieldError, Object, inner, several, text
from audit.sources.systems.json_records import JsonFile, Record

ENTRIES = "log.entries"


class _Cookie(NamedTuple):
    name: str
    value: str
    domain: str | None = None
    expires_at: datetime | None = None


class _Entry(NamedTuple):
    at: datetime
    host: str
    sent: list[_Cookie]
    given: list[_Cookie]


class HarReader:
    """Reads the entries of one archive, in its order.

    The first request is to the site that was visited. Where the source names the cookie that holds the visitor's id,
    the file is read once before, to find it: a banner sets it in the middle of a visit.
    """

    def __init__(self, export: Export, context: Context, options: Options) -> None:
        self._export, self._context, self._options = export, context, options
        self._visit: Visit | None = None

    def items(self, record: Record) -> Iterator[Item]:
        """What an entry gives: an event for each cookie sent and set, and one for each new host of others."""
        try:
            entry = _entry(record.value, self._context)
        except FieldError as error:
            yield Refused(self._export, record.line, "cookie_events", error.column, error.reason, {})
            return
        if entry is None:
            yield Aside(self._export, record.line, "request that went to no host")
            return
        if self._visit is None:
            started, visitor = entry.at.isoformat(), self._visitor()
            self._visit = Visit(self._export, self._context, self._options, started, entry.host, visitor)
        given = list(self._events(self._visit, entry, record.line))
        yield from given or [Aside(self._export, record.line, "request without a cookie, to a host already told")]

    def _events(self, visit: Visit, entry: _Entry, line: int) -> Iterator[Item]:
        yield from visit.request(line, entry.host, entry.at)
        action = "read" if visit.is_own(entry.host) else "sent"
        for cookie in entry.sent:
            yield visit.event(line, cookie.name, entry.host, entry.at, action)
        for cookie in entry.given:
            host = cookie.domain or entry.host
            if cookie.expires_at and cookie.expires_at <= entry.at:
                yield Aside(self._export, line, "cookie removed")
                continue
            yield visit.event(line, cookie.name, host, entry.at, "set")
            yield from visit.lifetime(line, cookie.name, host, entry.at, cookie.expires_at)

    def _visitor(self) -> str | None:
        if not self._options.visitor_cookie:
            return None
        for record in JsonFile(self._export, ENTRIES):
            try:
                entry = _entry(record.value, self._context)
            except FieldError:
                continue
            for cookie in (*entry.sent, *entry.given) if entry else ():
                if cookie.name == self._options.visitor_cookie and cookie.value:
                    return cookie.value
        return None


def _entry(value: Any, context: Context) -> _Entry | None:
    """An entry; None of one that asked no host, as a ``data:`` address."""
    if not isinstance(value, dict):
        raise FieldError("entries", "malformed")
    at = instant(value.get("startedDateTime"), context)
    if at is None:
        raise FieldError("startedDateTime", "unparsable")
    request, response = inner(value, "request"), inner(value, "response")
    try:
        host = urlsplit(text(request, "url") or "").hostname
    except ValueError:
        raise FieldError("url", "unparsable") from None
    if not host:
        return None
    sent = [_pair(part) for line in _headers(request, "cookie") for part in line.split(";")]
    given = [_set_cookie(line, at) for block in _headers(response, "set-cookie") for line in block.split("\n")]
    sent = sent or [_listed(c, context) for c in several(request, "cookies")]
    given = given or [_listed(c, context) for c in several(response, "cookies")]
    return _Entry(at, host, [c for c in sent if c.name], [c for c in given if c.name])


def _headers(message: Object, name: str) -> list[str]:
    """The values of a header: they say more than the archive's own list of cookies, but are not always there."""
    headers = [(h.get("name"), h.get("value")) for h in several(message, "headers")]
    return [v for n, v in headers if isinstance(n, str) and n.lower() == name and isinstance(v, str) and v]


def _pair(part: str) -> _Cookie:
    name, _, value = part.partition("=")
    return _Cookie(name.strip(), value.strip())


def _set_cookie(line: str, at: datetime) -> _Cookie:
    """A cookie by its header (RFC 6265, 5.2): Max-Age goes before Expires, and what cannot be read is not there."""
    pair, *parts = line.split(";")
    attributes = {cookie.name.lower(): cookie.value for cookie in map(_pair, parts)}
    domain = attributes.get("domain", "").lstrip(".").lower() or None
    return _pair(pair)._replace(domain=domain, expires_at=_ends(attributes, at))


def _ends(attributes: dict[str, str], at: datetime) -> datetime | None:
    age = attributes.get("max-age", "")
    try:
        if age.removeprefix("-").isdecimal():
            return at + timedelta(seconds=max(int(age), 0))
        ends = parsedate_to_datetime(attributes["expires"])
        return ends if ends.tzinfo else ends.replace(tzinfo=UTC)
    except (KeyError, ValueError, OverflowError):
        return None


def _listed(cookie: Object, context: Context) -> _Cookie:
    domain = cookie.get("domain")
    return _Cookie(
        str(cookie.get("name") or ""),
        str(cookie.get("value") or ""),
        domain.lstrip(".").lower() if isinstance(domain, str) and domain else None,
        instant(cookie.get("expires"), context),
    )
