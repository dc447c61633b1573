"""check.toml: what a check is, in closed vocabularies; what is not as agreed is refused with its line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.contract import load_contracts
from audit.errors import CheckError, nearest

SEVERITIES = ("low", "medium", "high", "critical")
CHARTS = ("months", "reasons", "lateness", "coverage", "stages")
UNITS = ("hours", "days", "")
JUDGED = ("compliant", "violation", "pending", "undetermined")

TEXT_KEYS = ("title", "question", "article", "severity", "unit", "key", "amount_unit", "chart")
_KEYS = {*TEXT_KEYS, "reads", "population", "reasons", "evidence"}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
TABLE = re.compile(r"(?:core|law|house)\.[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Evidence:
    """Rows that bear on a finding (called f): those of ``table`` (called t) for which ``where`` holds."""

    table: str
    where: str


def is_name(text: str) -> bool:
    """Whether a check can be called so: small letters, digits and underscores."""
    return _NAME.fullmatch(text) is not None


class CheckToml:
    """check.toml, with the line of each key for the errors; each method gives a part of it, or raises a CheckError."""

    def __init__(self, file: Path, text: str) -> None:
        self.file, self.lines = file, text.splitlines()
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            raise CheckError("not TOML", file=file, line=int(line[1]) if line else None) from None
        for key in self.data:
            if key not in _KEYS:
                raise self.error(key, "unknown key", ", ".join(sorted(_KEYS)))
        for key in sorted(_KEYS - self.data.keys()):
            raise self.error(key, "missing")

    def error(self, key: str, message: str, expected: str | None = None) -> CheckError:
        start = re.compile(rf"\s*(?:{re.escape(key)}\s*=|\[+(?:\w+\.)*{re.escape(key)}[\].])")
        line = next((n for n, text in enumerate(self.lines, 1) if start.match(text)), None)
        return CheckError(message, file=self.file, line=line, column=key, expected=expected)

    def text(self, key: str) -> str:
        value = self.data[key]
        closed = {"severity": SEVERITIES, "chart": CHARTS, "amount_unit": UNITS}.get(key)
        if not isinstance(value, str) or (not value.strip() and key != "amount_unit"):
            raise self.error(key, "not a text")
        if closed and value not in closed:
            raise self.error(key, "not in the vocabulary", ", ".join(v or '""' for v in closed))
        if key in ("unit", "key") and not is_name(value):
            raise self.error(key, "not a name", "a table or column as the contracts name it")
        if key == "unit" and value not in load_contracts():
            raise self.error(key, "a table that nobody loads", nearest(value, load_contracts()))
        if key == "title" and value.lower().startswith("ensure"):
            raise self.error(key, "an order", "the good state, as a fact")
        if key == "question" and not value.endswith("?"):
            raise self.error(key, "not a question", "a sentence with a question mark")
        return value

    def key_of_unit(self) -> str:
        """The column of the unit that names an item."""
        key, columns = self.text("key"), [c.name for c in load_contracts()[self.text("unit")].columns]
        if key not in columns:
            raise self.error("key", "no column of the unit", nearest(key, columns))
        return key

    def tables(self, key: str, within: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self.data[key]
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(t, str) and TABLE.fullmatch(t) for t in value)
        ):
            raise self.error(key, "not a list of tables", "core.x, law.y or house.z")
        if len(set(value)) < len(value):
            raise self.error(key, "a table occurs twice")
        if within is not None and not set(value) <= set(within):
            raise self.error(key, "a table that the SQL does not read", "tables of core in reads")
        if within is not None and not {t.removeprefix("core.") for t in value} <= load_contracts().keys():
            # What is made from the tables has rows of its own even where they have none.
            raise self.error(key, "a table that nobody loads", "tables with a contract")
        return tuple(value)

    def reasons(self) -> dict[str, dict[str, str]]:
        value = self.data["reasons"]
        if not isinstance(value, dict) or "violation" not in value:
            raise self.error("reasons", "no reasons of violations", "[reasons.violation]")
        for outcome, sentences in value.items():
            if outcome not in JUDGED:
                raise self.error(outcome, "not an outcome", ", ".join(JUDGED))
            if not isinstance(sentences, dict):
                raise self.error(outcome, "not a table of reasons")
            for reason, sentence in sentences.items():
                if not is_name(reason) or not isinstance(sentence, str) or not sentence.endswith("."):
                    raise self.error(reason, "not a reason", 'name = "One sentence."')
        return value

    def evidence(self) -> tuple[Evidence, ...]:
        entries = self.data["evidence"]
        if not isinstance(entries, list):
            raise self.error("evidence", "not a list of tables", "[[evidence]]")
        for entry in entries:
            if not isinstance(entry, dict) or entry.keys() != {"table", "where"}:
                raise self.error("evidence", "not an entry", "the keys table and where")
            if not isinstance(entry["table"], str) or not TABLE.fullmatch(entry["table"]):
                raise self.error("evidence", "not a table", "core.x, law.y or house.z")
            if not isinstance(entry["where"], str) or not re.search(r"\bt\.", entry["where"]):
                raise self.error("evidence", "not a condition", "a condition over t and f")
        return tuple(Evidence(**entry) for entry in entries)
