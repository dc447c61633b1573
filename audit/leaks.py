"""Whether a finished report gives anybody away: the gate that everything passes before it can be sent.

Every text of a report's files is taken apart, and its parts are looked up among the ids of the database, all at once:
that costs one pass over each column, however many people there are. ``docs/editions.md`` says what is looked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path

from audit import legible
from audit.contract import Contract, load_contracts
from audit.disclosure import is_about_persons
from audit.errors import VerifyError
from audit.places import shipped
from audit.run import Workbench
from audit.snapshot import ident, quoted
from audit.sources.border import personal_in

Places = dict[str, str]
"""A part of a text, in small letters, and the first place it was seen."""

_RUN = re.compile(r"\S+")
_PART = re.compile(r"[^\W_]+|[\W_]")
_LONGEST = 15  # parts of an id: eight between seven signs, more than a UUID has
_LETTERS = 80
_DIGITS = 6  # an id of fewer digits alone is a number like any other
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff\ufffe"))
_SHOWN = 5
_OWN = ("law", "contracts", "checks", "templates")


class LeakError(VerifyError):
    """A finished report holds what it may not give away."""


def refuse_leaks(folder: Path, workbench: Workbench, edition: str) -> None:
    """Refuse a finished report that gives anybody away.

    Args:
        folder: everything that was made, file names included.
        workbench: what it was made of; where it is narrowed to a client, every other client's id and name is looked
            for too, in any edition.
        edition: in the `external` one no id of a person, none of a person's row, no e-mail address and no personal
            number may stand.

    Raises:
        LeakError: something was found. It says where and of what kind, never what.
    """
    of_persons, of_clients = edition == "external", workbench.asked.client_id is not None
    if not of_persons and not of_clients:
        return
    said, own = list(_said(folder)), _own_words(workbench)
    parts = {part: place for part, place in _parts(said).items() if part not in own}
    columns = list(_columns(of_clients=of_clients, of_persons=of_persons))
    found = [(parts[part], kind) for kind, part in _known(workbench, parts, columns)]
    if of_persons:
        found += [(place, kind) for place, text in said for kind, value in personal_in(text) if value not in own]
    if of_clients:
        found += [(place, "another client's name") for place in _naming(said, workbench, own)]
    if found:
        _refuse(found)


def _refuse(found: list[tuple[str, str]]) -> None:
    places = sorted({f"{place}: {kind}" for place, kind in found})
    more = f", and {len(places) - _SHOWN} more places" if len(places) > _SHOWN else ""
    raise LeakError(
        f"the report would give somebody away, so it was not kept: {'; '.join(places[:_SHOWN])}{more}",
        fix="Take it out of the notebook, or use the internal edition",
    )


def _said(folder: Path) -> Iterator[tuple[str, str]]:
    """Every text of every file, with its place; a file's own name is one of them."""
    seen = set()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield "a file's name", path.relative_to(folder).as_posix()
        for place, text in legible.texts(path):
            if text not in seen:  # what the PDF carries also lies beside it
                seen.add(text)
                yield f"{path.name}, {place}" if place else path.name, text.translate(_INVISIBLE)


def _parts(said: Iterable[tuple[str, str]]) -> Places:
    """Every part of the texts that could be an id, of whole runs of letters and of several with the signs between."""
    parts: Places = {}
    for place, text in said:
        for part in candidates(text):
            parts.setdefault(part, place)
    return parts


def candidates(text: str) -> set[str]:
    """The parts of a text that could be an id, in small letters.

    An id may stand within a longer word or name, and be broken at the end of a line.
    """
    lines = [_RUN.findall(line) for line in text.lower().splitlines()]
    runs = {run for line in lines for run in line}
    filled = [line for line in lines if line]
    runs |= {above[-1] + below[0] for above, below in pairwise(filled)}
    return {part for run in runs for part in _within(run)}


def _within(run: str) -> Iterator[str]:
    pieces = _PART.findall(run)
    words = [i for i, piece in enumerate(pieces) if piece.isalnum()]
    for first in words:
        for last in words:
            if first <= last < first + _LONGEST:
                part = "".join(pieces[first : last + 1])
                if len(part) <= _LETTERS and not (part.isdigit() and len(part) < _DIGITS):
                    yield part


def _columns(*, of_clients: bool, of_persons: bool) -> Iterator[tuple[str, str, str]]:
    """What is looked for: the kind, the table and the column."""
    for contract in load_contracts().values():
        if of_persons and is_about_persons(contract.table):
            yield from _of_persons(contract)
        if of_clients and any(c.name == "client_id" for c in contract.columns):
            yield "another client's id", contract.table, "client_id"


def _of_persons(contract: Contract) -> Iterator[tuple[str, str, str]]:
    for column in contract.columns:
        if column.person:
            name = column.name.replace("_", " ")
            yield f"{'an' if name[0] in 'aeio' else 'a'} {name}", contract.table, column.name
    if len(contract.key) == 1 and contract.key[0] not in [c.name for c in contract.columns if c.person]:
        yield f"the key of a row of {contract.table}", contract.table, contract.key[0]


def _known(workbench: Workbench, parts: Places, columns: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Which of the parts stand in the columns, each with its kind: one question to the database."""
    if not parts or not columns:
        return []
    asked = workbench.desk / "parts.json"
    asked.write_text("".join(json.dumps({"part": part}) + "\n" for part in parts), encoding="utf-8")
    own = workbench.asked.client_id
    each = [
        f"SELECT DISTINCT '{kind.replace(chr(39), chr(39) * 2)}' AS kind, lower({ident(column)}) AS part"
        f" FROM core.{table} WHERE lower({ident(column)}) IN (SELECT part FROM parts)"
        + (" AND client_id <> $1" if column == "client_id" else "")
        for kind, table, column in columns
    ]
    read = f"SELECT part FROM read_json('{quoted(asked)}', columns = {{part: 'VARCHAR'}})"
    query = f"WITH parts AS MATERIALIZED ({read}) {' UNION ALL '.join(each)}"
    try:
        rows = workbench.con.execute(query, [own] if "$1" in query else []).fetchall()
    finally:
        asked.unlink()
    return [(str(kind), str(part)) for kind, part in rows]


def _naming(said: Iterable[tuple[str, str]], workbench: Workbench, words: frozenset[str]) -> Iterator[str]:
    """The places where another client is named; names of one word that the report's own texts use aside."""
    rows = workbench.con.execute("SELECT DISTINCT client_id, client_name FROM core.contracts").fetchall()
    own = [_flat(name) for client, name in rows if client == workbench.asked.client_id and name]
    others = {_flat(name) for client, name in rows if client != workbench.asked.client_id and name} - set(own)
    others -= {_flat(workbench.policy.name), *words}
    for place, text in said:
        flat = _flat(text)
        for name in own:
            flat = flat.replace(name, " ")
        if any(name in flat and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", flat) for name in others):
            yield place


def _flat(text: str) -> str:
    return " ".join(text.lower().split())


def _own_words(workbench: Workbench) -> frozenset[str]:
    """The parts of the report's own texts: an id that is one of them cannot be told from it."""
    return _shipped_words() | _words_of(workbench.policy.path.parent)


@cache
def _shipped_words() -> frozenset[str]:
    own = (text for name in _OWN for text in _texts_below(files("audit") / name))
    notebooks = (_sources(path) for path in shipped("notebooks").glob("*.ipynb"))
    return frozenset(part for text in (*own, *notebooks) for part in candidates(text))


@cache
def _words_of(folder: Path) -> frozenset[str]:
    """Of the organisation's own settings, as its policy file."""
    return frozenset(part for path in folder.glob("*.toml") for part in candidates(path.read_text("utf-8")))


def _texts_below(folder: Traversable) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _texts_below(entry)
        elif entry.name.endswith((".toml", ".md")):
            yield _before_cases(entry.read_text("utf-8"))


def _sources(notebook: Path) -> str:
    """A notebook's text without what it showed when it was last run: that is data."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def _before_cases(text: str) -> str:
    """A check's page without its worked cases, whose ids are made up."""
    return text.partition("## Worked cases")[0]
