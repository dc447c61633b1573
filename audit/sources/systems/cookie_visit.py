"""A visit to a website, as a scan or a browser saw it: the cookies set, read and sent, and the hosts asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from audit.sources.systems.cookie_database import Known, within
from audit.sources.systems.cookie_lifetime import compared, observed
from audit.sources.systems.cookie_options import Options, bare, shown
from audit.sources.systems.export import Aside, Context, Export, Item, Refused, Row


@dataclass
class Visit:
    """A visit: makes its rows, one event after the other.

    Attributes:
        export: the file that tells of it.
        context: whose website it is.
        options: what the source says of cookies and hosts.
        started: when it began, as the file has it: with the host, what makes it this visit and no other.
        host: the site visited.
        visitor: the visitor's id in the banner's log, where the visit shows it.
    """

    export: Export
    context: Context
    options: Options
    started: str
    host: str
    visitor: str | None = None
    _events: int = 0
    _asked: set[str] = field(default_factory=set)
    _measured: set[tuple[str, str]] = field(default_factory=set)

    @property
    def visitor_id(self) -> str:
        """The visitor's pseudonym: the same as in the banner's log, where the visit shows the id."""
        return visitor_id(self.context, self.visitor or f"{self.started} {self.host}")

    def is_own(self, host: str) -> bool:
        """Whether a host is the organisation's."""
        return any(within(bare(host), own) for own in self.options.own_hosts or (bare(self.host),))

    def event(self, line: int, name: str, host: str, at: datetime, action: str) -> Row | Refused:
        """A cookie's event.

        Args:
            line: where it stands.
            name: the cookie's name.
            host: the host or domain whose cookie it is.
            at: when.
            action: one of the contract's.
        """
        known = self._known(name, host)
        purpose = known.purpose if known else self.options.unknown
        values = {
            "event_id": self._id("cookie", action, name, host, at),
            "visitor_id": self.visitor_id,
            "occurred_at": at.isoformat(),
            "cookie": shown(name, known),
            "action": action,
        }
        if not self.is_own(host):
            values["provider"] = self.options.recipient(bare(host))
        if purpose is None:
            return Refused(self.export, line, "cookie_events", "purpose", "missing", values)
        return Row(self.export, line, "cookie_events", values | {"purpose": purpose})

    def lifetime(self, line: int, name: str, host: str, at: datetime, expires_at: datetime | None) -> Iterator[Aside]:
        """Says, once a cookie, that it lives longer or shorter than declared; no table has a column for it."""
        known = self._known(name, host)
        if not known or not known.lifetime or (name, host) in self._measured:
            return
        self._measured.add((name, host))
        how = compared(known.lifetime, at, expires_at)
        if how:
            lives, promised = observed(at, expires_at), known.lifetime.words
            yield Aside(self.export, line, f"cookie {known.pattern}: {how} than declared ({lives} and not {promised})")

    def request(self, line: int, host: str, at: datetime) -> Iterator[Item]:
        """A request to a host, told once a host: to another's it discloses the visitor's address."""
        if host in self._asked or self.is_own(host):
            return
        self._asked.add(host)
        values = {
            "event_id": self._id("request", host, "", "", at),
            "occurred_at": at.isoformat(),
            "system_id": self.context.system_id,
            "subject_id": self.visitor_id,
            "operation": "disclose",
            "recipient_id": self.options.recipient(bare(host)),
        }
        more = {"activity_id": self.options.activity_id, "data_category": self.options.data_category}
        values |= {name: value for name, value in more.items() if value}
        yield Row(self.export, line, "processing_events", values)

    def _known(self, name: str, host: str) -> Known | None:
        return self.options.known(name, host.lower().strip("."))

    def _id(self, kind: str, action: str, name: str, host: str, at: datetime) -> str:
        # The number tells apart what happens twice within a thousandth of a second.
        self._events += 1
        parts = (self.started, self.host, str(self._events), kind, action, name, host, at.isoformat())
        return self.context.pseudonyms.record(self.context.system_id, *parts)


def visitor_id(context: Context, visitor: str) -> str:
    """The pseudonym of a visitor by the id that the website gave."""
    return context.pseudonyms.external(context.system_id, visitor)


def instant(text: object, context: Context) -> datetime | None:
    """An instant in ISO 8601, local time where it has no offset; None where it is none."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=context.zone) if at and at.tzinfo is None else at
