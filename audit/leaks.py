"""Whether a finished report gives anybody away: the gate that everything passes before it can be sent.

Every text of a report's files is taken apart, and its parts are looked up among the ids of the database, all at once:
that costs one pass over each column, however many people there are. ``docs/editions.md`` says what is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path

from audit import legible, sought
from audit.errors import VerifyError
from audit.run import Workbench
from audit.sources.border import personal_in

Texts = list[tuple[str, str]]
"""Texts, each with the place where it stands."""
Places = dict[str, str]
"""A part of a text, in small letters, and the first place it was seen."""

_WORD = re.compile(r"\w+")
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
    Gate(edition).refuse(folder, workbench)


class Gate:
    """What every finished report passes; for many reports of one database, so that none repeats another's search.

    Args:
        edition: as refuse_leaks takes it.
        whole: where many clients' reports are to pass, a workbench that stays open meanwhile: the ids are gathered in
            it once, as hashes, and only what has a known hash is looked up.
    """

    def __init__(self, edition: str, whole: Workbench | None = None) -> None:
        self._of_persons = edition == "external"
        self._is_indexed = whole is not None
        # Runs of letters in which nothing was found, of any client or person.
        self._harmless: set[str] = set()
        if whole is not None:
            sought.index(whole, sought.columns(of_clients=True, of_persons=self._of_persons))

    def refuse(self, folder: Path, workbench: Workbench) -> None:
        """As refuse_leaks."""
        client = workbench.asked.client_id
        if not self._of_persons and client is None:
            return
        said, own = list(_said(folder)), _own_words(workbench)
        runs, broken = _runs(said, self._harmless)
        if self._of_persons:
            looks = [(place, kind) for run, place in runs.items() for kind, v in personal_in(run) if v not in own]
        else:
            looks = []
        # The client's own id is in its report; that a person has the same one could not be told.
        parts = {part: at for run, at in (broken | runs).items() for part in _within(run) if part not in own}
        if client is not None:
            parts.pop(client.lower(), None)
        found = [(parts[part], kind) for kind, part in self._known(workbench, parts)] + looks
        if client is not None:
            found += [(place, "another client's name") for place in _naming(said, workbench, own)]
        if found:
            _refuse(found)
        self._harmless.update(run for run in (broken | runs) if client is None or client.lower() not in run)

    def _known(self, workbench: Workbench, parts: Places) -> list[tuple[str, str]]:
        """Which of the parts are ids, each with its kind."""
        columns = sought.columns(of_clients=workbench.asked.client_id is not None, of_persons=self._of_persons)
        asked = sought.indexed(workbench, parts) if self._is_indexed else list(parts)
        return sought.known(workbench, asked, columns)


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


def _runs(said: Texts, harmless: set[str]) -> tuple[Places, Places]:
    """Every run of letters in the texts that is not known as harmless, and those that the end of a line breaks."""
    runs: Places = {}
    broken: Places = {}
    for place, text in said:
        filled = [runs_of for line in text.lower().splitlines() if (runs_of := line.split())]
        for line in filled:
            for run in line:
                runs.setdefault(run, place)
        for above, below in pairwise(filled):
            broken.setdefault(above[-1] + below[0], place)
    return ({run: at for run, at in found.items() if run not in harmless} for found in (runs, broken))  # type: ignore[return-value]


def candidates(text: str) -> set[str]:
    """The parts of a text that could be an id, in small letters.

    An id may stand within a longer word or name, and be broken at the end of a line.
    """
    runs, broken = _runs([("", text)], set())
    return {part for run in (*runs, *broken) for part in _within(run)}


def _within(run: str) -> Iterator[str]:
    pieces = _PART.findall(run)
    words = [i for i, piece in enumerate(pieces) if piece.isalnum()]
    for first in words:
        for last in words:
            if first <= last < first + _LONGEST:
                part = "".join(pieces[first : last + 1])
                if len(part) <= _LETTERS and not (part.isdigit() and len(part) < _DIGITS):
                    yield part


def _naming(said: Texts, workbench: Workbench, words: frozenset[str]) -> Iterator[str]:
    """The places where another client is named; names of one word that the report's own texts use aside."""
    rows = workbench.con.execute("SELECT DISTINCT client_id, client_name FROM core.contracts").fetchall()
    own = [_flat(name) for client, name in rows if client == workbench.asked.client_id and name]
    others = {_flat(name) for client, name in rows if client != workbench.asked.client_id and name} - set(own)
    others -= {_flat(workbench.policy.name), *words}
    flat = [(place, _flat(text)) for place, text in said]
    used = {word for run in {run for _, text in flat for run in text.split()} for word in _WORD.findall(run)}
    # Most names have a word that stands nowhere; only the others are looked for in each text.
    others = {name for name in others if used.issuperset(_WORD.findall(name))}
    for place, text in flat if others else ():
        for name in own:
            text = text.replace(name, " ")  # noqa: PLW2901
        if any(name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in others):
            yield place


def _flat(text: str) -> str:
    return " ".join(text.lower().split())


def _own_words(workbench: Workbench) -> frozenset[str]:
    """The parts of the report's own texts: an id that is one of them cannot be told from it."""
    return _shipped_words() | _words_of(workbench.policy.path.parent)


@cache
def _shipped_words() -> frozenset[str]:
    """Of the package. A notebook is searched as the rest: an analyst writes in it."""
    texts = (text for name in _OWN for text in _texts_below(files("audit") / name))
    return frozenset(part for text in texts for part in candidates(text))


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


def _before_cases(text: str) -> str:
    """A check's page without its worked cases, whose ids are made up."""
    return text.partition("## Worked cases")[0]
