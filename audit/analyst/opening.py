"""``audit.open``: a database and a period, as they are typed."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from audit.analyst import given
from audit.analyst.bench import Bench
from audit.errors import UsageError
from audit.places import database_of
from audit.run import Workbench

_PERIOD = re.compile(r"\d{4}(Q\d|-\d\d)?")


def open_bench(
    db: Path | str | None = None,
    period: str | int | None = None,
    *,
    as_of: str | date | None = None,
    client: str | None = None,
    role: str | None = None,
    policy: Path | str | None = None,
    snapshot: int | None = None,
    language: str = "en",
) -> Bench:
    """Open a database for a period.

    Args:
        db: its folder; where not given the one that ``audit lab`` names, else ``data/audit.db``.
        period: ``2026Q3``, ``2026-07``, ``2026`` (or the number) or two dates; the last quarter that the logs cover
            where not given.
        as_of: an ISO 8601 instant, or a date or datetime of Python: facts at or after it have not happened; the
            period's end where not given.
        client: only this client's rows.
        role: only rows done as ``controller`` or ``processor``.
        policy: another policy file than the one the data was loaded under.
        snapshot: an older state by the number of its load; the current one where not given.
        language: of what is said, ``en`` or ``sv``.

    Raises:
        UsageError: a period, instant, role, client, language or snapshot that is none.
        AuditError: no database, or one that cannot be read.
    """
    if period is None and _PERIOD.fullmatch(str(db or "")):
        raise UsageError("a period is given by name", column="db", expected=f'audit.open(period="{db}")')
    own = {"policy": policy and Path(policy), "snapshot": snapshot}
    state = database_of(str(db or "")) | {name: value for name, value in own.items() if value is not None}
    asked = {"period": given.written(period), "as_of": given.written(as_of), "client": client, "role": role}
    workbench = Workbench(**asked, **state)
    try:
        return Bench(workbench, language)
    except UsageError:
        workbench.close()
        raise
