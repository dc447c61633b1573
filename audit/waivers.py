"""The waivers register, with what each waiver covers: accepted violations are shown, never hidden."""

from __future__ import annotations

from collections.abc import Mapping

from audit.asked import Asked
from audit.results import Waiver
from audit.store import Connection


def waivers(con: Connection, asked: Asked, judged: Mapping[str, str], covered: str | None = None) -> tuple[Waiver, ...]:
    """The waivers that had been granted by the as-of date, of the checks that were run.

    Args:
        con: an open workbench's connection.
        asked: the question.
        judged: of each check that was run, the relation of what is not compliant.
        covered: the SELECT of what waivers cover, as ``covered`` gives it, where it is narrower than that of judged.

    Within a client's scope only those that name the client, or cover an item of it: others are not its business.
    """
    if not judged:
        return ()
    items = covered or covered_by(judged)
    on = f"DATE '{asked.as_of_on}'"
    found = con.execute(f"""
        SELECT w.waiver_id, w."check", w.reason, w.item_key, w.client_id, w.granted_by, w.granted_on, w.expires_on,
          w.justification, {on} < w.expires_on, coalesce(n.items, 0)
        FROM core.waivers AS w
        LEFT JOIN (SELECT id, count(*) AS items FROM ({items}) GROUP BY id) AS n ON n.id = w.waiver_id
        WHERE w.granted_on <= {on} ORDER BY w.expires_on, w.waiver_id
    """).fetchall()
    client = asked.client_id
    found = [row for row in found if row[1] in judged and (client is None or row[4] == client or row[-1])]
    return tuple(Waiver(row[0], row[1], _scope(row[2:5]), *row[5:]) for row in found)


def covered_by(judged: Mapping[str, str]) -> str:
    """The SELECT of the items that a waiver covers or covered: its id and their client."""
    each = (f"SELECT coalesce(waiver_id, lapsed_waiver_id) AS id, client_id FROM {r}" for r in judged.values())
    return f"SELECT * FROM ({' UNION ALL '.join(each)}) WHERE id IS NOT NULL"


def _scope(values: tuple[str | None, ...]) -> dict[str, str]:
    return {name: v for name, v in zip(("reason", "item_key", "client_id"), values, strict=True) if v is not None}
