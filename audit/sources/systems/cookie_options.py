"""What a website's source says beside its files: what cookies are for, and who stands behind which host."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.sources.systems.cookie_database import PURPOSES, CookieDatabase, Known, own_words, within
from audit.sources.systems.csv_records import CsvForm
from audit.sources.systems.dates import Dates
from audit.strict import Table

_NO_NAME = "host-without-name"  # an address of the internet protocol, which is kept out of every row
_TELLING = re.compile(r"\S*(@|%40)\S*|\d{6,}", re.IGNORECASE)


@dataclass(frozen=True)
class Options:
    """The settings of a website's source.

    Attributes:
        own: what the organisation says its cookies are for.
        database: its copy of an open cookie database, which is one of the files.
        unknown: what a cookie is taken to be for of which nobody knows it; None: its events are refused.
        recipients: of hosts and all under them, the recipient in the register.
        own_hosts: the organisation's hosts, with all under them; where there is none, the site's that was visited.
        visitor_cookie: the cookie whose value is the visitor's id in the banner's log.
        activity_id: of the processing events that requests to others' hosts give.
        data_category: of those.
        form: how CSV is written.
        dates: how the banner's log writes dates.
    """

    own: CookieDatabase = field(default_factory=CookieDatabase)
    database: CookieDatabase = field(default_factory=CookieDatabase)
    unknown: str | None = None
    recipients: Mapping[str, str] = field(default_factory=dict)
    own_hosts: tuple[str, ...] = ()
    visitor_cookie: str | None = None
    activity_id: str | None = None
    data_category: str | None = None
    form: CsvForm = field(default_factory=CsvForm)
    dates: Dates = field(default_factory=Dates)

    @classmethod
    def of(cls, table: Table) -> Options:
        """By a source's table in sources.toml.

        Raises:
            AuditError: a value that is not what it should be.
        """
        # Nobody may say that a cookie is necessary of which nobody knows what it is for.
        unknown = table.text("unknown_purpose", PURPOSES[1:]) if "unknown_purpose" in table else None
        return cls(
            own=own_words(table.table("purposes")) if "purposes" in table else CookieDatabase(),
            unknown=unknown,
            recipients=_recipients(table.table("recipients")) if "recipients" in table else {},
            own_hosts=tuple(bare(h) for h in table.texts("own_hosts")) if "own_hosts" in table else (),
            visitor_cookie=table.optional("visitor_cookie"),
            activity_id=table.optional("activity_id"),
            data_category=table.optional("data_category"),
            form=CsvForm.of(table),
            dates=Dates.of(table),
        )

    def known(self, name: str, host: str) -> Known | None:
        """What is known of a host's cookie: the organisation's word goes before the database's."""
        own, public = self.own.find(name, host), self.database.find(name, host)
        if own and public:
            return Known(own.purpose, own.pattern, public.lifetime)
        return own or public

    def recipient(self, host: str) -> str:
        """Who stands behind a host that is not the organisation's: the nearest named one, else the host itself.

        A host that no register knows is a recipient that no register knows: the checks then say so.
        """
        fitting = [named for named in self.recipients if within(host, named)]
        if fitting:
            return self.recipients[max(fitting, key=len)]
        return _NO_NAME if _is_address(host) else host


def bare(host: str) -> str:
    """A host as it is compared: in small letters, without the dot or ``www.`` before it."""
    return host.strip().lower().strip(".").removeprefix("www.")


def shown(name: str, known: Known | None) -> str:
    """How a row names a cookie: by its pattern, since what follows it may be the visitor's.

    Of a cookie that nobody knows, what may be an e-mail address or a person's number becomes ``*``.
    """
    return known.pattern if known else _TELLING.sub("*", name)


def _recipients(table: Table) -> dict[str, str]:
    return {bare(host): table.text(host) for host in table}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
