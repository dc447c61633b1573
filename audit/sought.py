"""The ids that no report may show to the wrong reader, and which of some texts are such ids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from audit.contract import Contract, load_contracts
from audit.disclosure import is_about_persons
from audit.run import Workbench
from audit.snapshot import ident, literal, quoted

Column = tuple[str, str, str]
"""What an id is of, the table and the column."""


def columns(*, of_clients: bool, of_persons: bool) -> list[Column]:
    """Where the ids of clients stand, and those of persons and of their rows."""
    found: list[Column] = []
    for contract in load_contracts().values():
        if of_persons and is_about_persons(contract.table):
            found += _of_persons(contract)
        if of_clients and any(c.name == "client_id" for c in contract.columns):
            found.append(("another client's id", contract.table, "client_id"))
    return found


def _of_persons(contract: Contract) -> Iterator[Column]:
    for column in contract.columns:
        if column.person:
            name = column.name.replace("_", " ")
            yield f"{'an' if name[0] in 'aeio' else 'a'} {name}", contract.table, column.name
    if len(contract.key) == 1 and contract.key[0] not in [c.name for c in contract.columns if c.person]:
        yield f"the key of a row of {contract.table}", contract.table, contract.key[0]


def known(workbench: Workbench, texts: Iterable[str], columns: list[Column]) -> list[tuple[str, str]]:
    """Which texts, in small letters, stand in the columns, each with its kind: one question to the database.

    The id of the workbench's own client is none.
    """
    texts = list(texts)
    if not texts or not columns:
        return []
    own = workbench.asked.client_id
    others = f" AND client_id <> {literal(own)}" if own is not None else ""
    each = [
        f"SELECT DISTINCT {literal(kind)} AS kind, lower({ident(column)}) AS part FROM core.{table}"
        f" WHERE lower({ident(column)}) IN (SELECT part FROM parts){others if column == 'client_id' else ''}"
        for kind, table, column in columns
    ]
    with _asked(workbench, texts) as read:
        rows = workbench.con.execute(f"WITH parts AS MATERIALIZED ({read}) {' UNION ALL '.join(each)}").fetchall()
    return [(str(kind), str(part)) for kind, part in rows]


def index(workbench: Workbench, columns: list[Column]) -> None:
    """Gather the hashes of the columns' ids in the workbench, for ``indexed``."""
    each = " UNION ALL ".join(f"SELECT hash(lower({ident(column)})) AS h FROM core.{t}" for _, t, column in columns)
    workbench.con.execute(f"CREATE OR REPLACE TEMP TABLE ids_sought AS SELECT DISTINCT h FROM ({each})")


def indexed(workbench: Workbench, texts: Iterable[str]) -> list[str]:
    """The texts, in small letters, that have the hash of an id: all that are ids, and hardly another."""
    with _asked(workbench, texts) as read:
        rows = workbench.con.execute(f"FROM ({read}) SEMI JOIN temp.ids_sought ON h = hash(part)").fetchall()
    return [str(row[0]) for row in rows]


@contextmanager
def _asked(workbench: Workbench, texts: Iterable[str]) -> Iterator[str]:
    """A SELECT of the texts, as ``part``."""
    path = workbench.desk / "parts.json"
    path.write_text("".join(json.dumps({"part": text}) + "\n" for text in texts), encoding="utf-8")
    try:
        yield f"SELECT part FROM read_json('{quoted(path)}', columns = {{part: 'VARCHAR'}})"
    finally:
        path.unlink()
