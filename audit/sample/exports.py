"""What the synthetic organisation's systems would export: templates filled with invented persons and moved days."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path
from zoneinfo import ZoneInfo

from audit.errors import AuditError
from audit.sample.plan import Plan, Window

_BLOCK = re.compile(r"^%each (?P<kinds>[\w ]+)\n(?P<text>.*?)^%end\n", re.MULTILINE | re.DOTALL)
_HOLE = re.compile(r"\$\{(?P<word>\w+)(?: (?P<rest>[^}]*))?\}")
_PERSONS = "persons.csv"
Person = Mapping[str, str]


def write_exports(folder: Path, plan: Plan, window: Window, seed: int) -> None:
    """Write the exports of the systems, and the ``sources.toml`` that names them, into a folder of their own.

    Args:
        folder: where to; made where it is not there.
        plan: the organisation; its folder ``exports`` has the templates and ``persons.csv``.
        window: days in the templates count from the first day of its last full quarter.
        seed: another one gives other ids, and moves each person's days.

    Raises:
        AuditError: the folder cannot be written.
    """
    templates = plan.folder / "exports"
    filling = Filling(plan, window, seed)
    encodings: Mapping[str, str] = plan.settings["exports"]["encodings"]
    try:
        for name, template in _files(templates):
            if name == _PERSONS:
                continue
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = filling.fill(template.read_text("utf-8"))
            path.write_bytes(text.encode(encodings.get(path.suffix.removeprefix("."), "utf-8")))
    except OSError as e:
        raise AuditError(f"cannot write here: {e.strerror}", file=folder, fix="Choose another folder.") from None


def _files(folder: Traversable, within: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            yield from _files(entry, f"{within}{entry.name}/")
        else:
            yield f"{within}{entry.name}", entry


class Filling:
    """Fills templates.

    ``%each KIND...`` to ``%end`` is repeated for every person of these kinds. Within, ``${...}`` holds a column of
    ``persons.csv``, ``name``, ``email``, ``phone``, ``number`` (the personal number), ``n`` (the person's place) or
    ``comma`` (nothing after the last). Everywhere ``id WORD`` and ``hex WORD`` are made-up ids, and ``day``, ``local``,
    ``utc``, ``epoch``, ``ms``, ``compact``, ``dmy`` with days and a time are an instant in that form; ``year`` is its
    year. A person's instants are moved by some days of the person's own.

    Attributes:
        persons: who stands in the exports.
    """

    def __init__(self, plan: Plan, window: Window, seed: int) -> None:
        self._seed, self._first, self._zone = seed, window.quarter, ZoneInfo(plan.zone)
        self._settings = plan.settings["exports"]
        (rows,) = (rows for name, rows in plan.tables("exports").items() if f"{name}.csv" == _PERSONS)
        self.persons = [self._person(n, {k: v or "" for k, v in row.items()}) for n, row in enumerate(rows, 1)]

    def fill(self, template: str) -> str:
        """A template, filled."""
        return self._filled(_BLOCK.sub(self._repeated, template), {})

    def _repeated(self, block: re.Match[str]) -> str:
        kinds = set(block["kinds"].split())
        persons = [p for p in self.persons if kinds & set(p["kinds"].split())]
        commas = [","] * (len(persons) - 1) + [""]
        return "".join(self._filled(block["text"], {**p, "comma": c}) for p, c in zip(persons, commas, strict=True))

    def _person(self, n: int, row: Person) -> Person:
        address = f"{row['first_name']}.{row['last_name']}".lower()
        plain = unicodedata.normalize("NFKD", address).encode("ascii", "ignore").decode()
        domains: Mapping[str, str] = self._settings["domains"]
        domain = next((domains[kind] for kind in row["kinds"].split() if kind in domains), domains["others"])
        return {
            **row,
            "n": str(n),
            "name": f"{row['first_name']} {row['last_name']}",
            "email": f"{plain}@{domain}",
            "phone": f"+{self._settings['phones_after'] + n}",
            "number": _personal_number(row["born"], self._settings["serial"]),
        }

    def _filled(self, text: str, person: Person) -> str:
        return _HOLE.sub(lambda hole: self._word(hole["word"], hole["rest"] or "", person), text)

    def _word(self, word: str, rest: str, person: Person) -> str:
        n = person.get("n", "0")
        if word in person:
            return person[word]
        if word == "hex":
            return self._chance("hex", rest, n)[:24]
        if word == "id":
            return str((10 + int(self._chance("id", rest), 16) % 80) * 1000 + int(n))
        days, _, time = rest.partition(" ")
        own = int(self._chance("days", n), 16) % 5 if person else 0
        day = self._first + timedelta(days=int(days or 0) + own)
        return self._instant(word, datetime.fromisoformat(f"{day}T{time or '00:00'}:00"))

    def _instant(self, form: str, local: datetime) -> str:
        """Local time in a form; ``utc``, ``epoch`` and ``ms`` are the same instant by another clock."""
        instant = local.replace(tzinfo=self._zone).astimezone(UTC)
        seconds = int(instant.timestamp())
        return {
            "day": f"{local:%Y-%m-%d}",
            "year": f"{local:%Y}",
            "local": f"{local:%Y-%m-%dT%H:%M:%S}",
            "offset": local.replace(tzinfo=self._zone).isoformat(),
            "compact": f"{local:%Y%m%d}",
            "dmy": f"{local:%d-%m-%Y %H:%M}",
            "utc": f"{instant:%Y-%m-%dT%H:%M:%SZ}",
            "epoch": str(seconds),
            "ms": f"{seconds}000",
        }[form]

    def _chance(self, *words: str) -> str:
        return sha256("|".join((str(self._seed), *words)).encode()).hexdigest()


def _personal_number(born: str, serial: str) -> str:
    """A number of the right form whose check digit (the Luhn sum) is wrong by one, so that it is nobody's."""
    digits = born.replace("-", "")[2:] + serial
    doubled = (int(d) * (2 - place % 2) for place, d in enumerate(digits))
    check = -sum(n // 10 + n % 10 for n in doubled) % 10
    return f"{born.replace('-', '')}-{serial}{(check + 1) % 10}"
