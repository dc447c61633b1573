"""What is asked of every check: a period, as of an instant, within a scope."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from audit.catalog import NOT_CODE
from audit.contract import load_contracts
from audit.errors import AuditError
from audit.period import Period, local_date
from audit.snapshot import Snapshot, core_select, literal
from audit.store import Connection

_PARAMETER = re.compile(rf"{NOT_CODE.pattern}|\$([a-z_]+)", NOT_CODE.flags)
_TAIL_DAYS = 3  # a quarter counts as covered when its logs reach its last days: weekends and holidays are quiet


@dataclass(frozen=True)
class Asked:
    """What is asked of every check: a period, as of an instant, within a scope."""

    period: Period
    as_of: datetime
    client_id: str | None = None
    role: str | None = None

    @property
    def as_of_on(self) -> date:
        """The local date of the last instant before ``as_of``."""
        return local_date(self.as_of - timedelta(microseconds=1), self.period.zone)

    def parameters(self) -> dict[str, str]:
        """The typed SQL literal of each parameter; of ``month``, the expression over ``occurred_at``."""
        p = self.period
        return {
            "start": instant_literal(p.start),
            "end": instant_literal(p.end),
            "as_of": instant_literal(self.as_of),
            "start_on": f"DATE '{p.first}'",
            "end_on": f"DATE '{p.until}'",
            "as_of_on": f"DATE '{self.as_of_on}'",
            "client_id": _text_literal(self.client_id),
            "role": _text_literal(self.role),
            "month": self.month(),
        }

    def within(self, sql: str) -> str:
        """A statement with its parameters in place. Literals, so that the engine can skip what lies outside them."""
        values = self.parameters()
        return _PARAMETER.sub(lambda m: values[m[1]] if m[1] else m[0], sql)

    @property
    def scope(self) -> str:
        """The condition that narrows a check's rows to the scope."""
        wanted = [("client_id", self.client_id), ("role", self.role)]
        return " AND ".join(f"{c} = {literal(v)}" for c, v in wanted if v is not None) or "true"

    def month(self) -> str:
        """The month of ``occurred_at``, null outside the period: by comparison, which costs no calendar."""
        cases = [f"WHEN occurred_at < {instant_literal(end)} THEN '{label}'" for label, _, end in self.period.months()]
        return f"CASE WHEN occurred_at < {instant_literal(self.period.start)} THEN NULL {' '.join(cases)} END"


def last_quarter(con: Connection, snapshot: Snapshot, zone: ZoneInfo) -> Period:
    """The last quarter that the logs cover to its end.

    Each part of a log is asked by itself: of one file the engine knows the latest instant without reading its rows.

    Raises:
        AuditError: no log has a row.
    """
    logs = [c for c in load_contracts().values() if c.instant]
    parts = [(c, replace(snapshot, parts=(part,))) for c in logs for part in snapshot.table_parts(c.table)]
    latest = [f'SELECT max("{c.instant}") AS latest_at FROM ({core_select(part, c)})' for c, part in parts]
    whole = " UNION ALL ".join(latest) or "SELECT NULL AS latest_at"
    beyond = f"DATE '{MAXYEAR - 1}-01-01'"  # a row that is dated beyond all years
    day = f"CASE WHEN max(latest_at) >= {beyond} THEN {beyond} ELSE CAST(max(latest_at) AS DATE) END"
    last: date | None = con.execute(f"SELECT {day} FROM ({whole})").fetchall()[0][0]
    if last is None:
        raise AuditError("the database has no log rows", fix="Load logs, or give --period.")
    quarter = Period.parse(f"{last.year}Q{(last.month + 2) // 3}", zone)
    return quarter if (quarter.last - last).days <= _TAIL_DAYS else quarter.previous()


def knows_client(con: Connection, client: str) -> bool:
    """Whether any table has a row of the client."""
    tables = [c for c in load_contracts().values() if any(k.name == "client_id" for k in c.columns)]
    parts = " UNION ALL ".join(f"(SELECT 1 FROM core.{c.table} WHERE client_id = $1 LIMIT 1)" for c in tables)
    return bool(con.execute(f"SELECT 1 FROM ({parts}) LIMIT 1", [client]).fetchall())


def instant_literal(instant: datetime) -> str:
    """A TIMESTAMPTZ literal."""
    return f"TIMESTAMPTZ '{instant.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00'"


def _text_literal(text: str | None) -> str:
    return "CAST(NULL AS VARCHAR)" if text is None else literal(text)
