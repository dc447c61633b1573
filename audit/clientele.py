"""What the registers say of clients: their contracts, and what the record says of processing for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from audit.asked import Asked
from audit.contract import load_contracts
from audit.judge import rows
from audit.store import Connection, sql_file


@dataclass(frozen=True)
class Client:
    """A client as the registers know it.

    ``contracts`` and ``activities`` are rows, days as ISO text; ``name`` is that of the latest contract.
    """

    client_id: str
    contracts: tuple[dict[str, Any], ...] = ()
    activities: tuple[dict[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """The client's name; its id where no contract gives one."""
        named = [str(c["client_name"]) for c in self.contracts if c["client_name"]]
        return named[-1] if named else self.client_id


def client_of(con: Connection, asked: Asked, client: str) -> Client:
    """What the registers say of one client, nothing where they do not know it."""
    return registered(con, asked).get(client, Client(client))


def registered(con: Connection, asked: Asked) -> Mapping[str, Client]:
    """What the registers say of every client that they know, by its id."""
    contracts, activities = (_by_client(con, asked, name) for name in ("contracts", "activities"))
    return {c: Client(c, tuple(contracts[c]), tuple(activities[c])) for c in sorted({*contracts, *activities})}


def known(con: Connection, until: date) -> list[str]:
    """Every client that a contract or another row names, in the order of their ids.

    Args:
        con: an open workbench's connection.
        until: contracts that begin after this day are left out.
    """
    tables = [c.table for c in load_contracts().values() if any(k.name == "client_id" for k in c.columns)]
    parts = [f"SELECT client_id FROM core.{t}" for t in tables if t not in ("contracts", "waivers")]
    parts.append(f"SELECT client_id FROM core.contracts WHERE contract_start <= DATE '{until}'")
    sql = f"SELECT DISTINCT client_id FROM ({' UNION ALL '.join(parts)}) WHERE client_id IS NOT NULL ORDER BY 1"
    return [str(row[0]) for row in con.execute(sql).fetchall()]


def _by_client(con: Connection, asked: Asked, name: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(con, asked.within(sql_file(f"client/{name}"))):
        found[row["client_id"]].append(row)
    return found
