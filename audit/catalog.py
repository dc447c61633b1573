"""The checks: one folder each, read and refused here when anything in it is not as agreed.

``check.toml`` says what a check is, ``check.sql`` decides every item of its population, ``check.md`` explains it to
people and holds the worked cases that the tests run. Of a check of events, ``population.sql`` may count the population
by its dimensions without judging, and ``suspects.sql`` name the groups of events outside which all is compliant; any
other ``.sql`` file is one of the check's further tables.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.casebook import SECTIONS, Case, read_cases, section_line
from audit.checktexts import Texts, english, read_texts, translations
from audit.errors import CheckError

PARAMETERS = ("start", "end", "as_of", "start_on", "end_on", "as_of_on", "client_id", "role", "month")
SEVERITIES = ("low", "medium", "high", "critical")
CHARTS = ("months", "reasons", "lateness", "coverage", "stages")
UNITS = ("hours", "days", "")
JUDGED = ("compliant", "violation", "pending", "undetermined")

_TEXT_KEYS = ("title", "question", "article", "severity", "unit", "key", "amount_unit", "chart")
_KEYS = {*_TEXT_KEYS, "reads", "population", "reasons", "evidence"}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TABLE = re.compile(r"(?:core|law|house)\.[a-z][a-z0-9_]*")
_UNREPEATABLE = re.compile(
    r"\b(?:now|today|random|uuid|gen_random_uuid|setseed|get_current_time(?:stamp)?|transaction_timestamp)\s*\("
    r"|\b(?:current_date|current_time|current_timestamp|localtime|localtimestamp)\b",
    re.IGNORECASE,
)
_NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


@dataclass(frozen=True)
class Evidence:
    """Rows that bear on a finding (called f): those of ``table`` (called t) for which ``where`` holds."""

    table: str
    where: str


@dataclass(frozen=True)
class Check:
    """One check, as its folder describes it.

    Attributes:
        name: the folder's name.
        title: the good state, in words.
        unit, key: the table whose rows are the items, and the column that names one.
        amount_unit: what ``amount`` counts: hours, days or nothing.
        reads: every table its SQL reads.
        population: the tables of which all are empty when there is nothing to evaluate.
        reasons: outcome -> reason -> the sentence a reader sees.
        sql: one SELECT, a row an item; ``$name`` stands for one of ``PARAMETERS``.
        population_sql: the same items counted by their dimensions without a judgement, where that is cheaper.
        suspects_sql: the groups of core.event_groups that may hold an item that is not compliant, by some of their
            columns and their first and last moment.
        extras: further tables: name -> SELECT.
        page: check.md.
        cases: its worked cases.
        texts: what it says of itself, by language.
        files: file name -> SHA-256.
        sha256: of all its files together.
    """

    name: str
    title: str
    question: str
    article: str
    severity: str
    unit: str
    key: str
    amount_unit: str
    reads: tuple[str, ...]
    chart: str
    population: tuple[str, ...]
    reasons: dict[str, dict[str, str]]
    evidence: tuple[Evidence, ...]
    sql: str
    population_sql: str | None
    suspects_sql: str | None
    extras: dict[str, str]
    page: str
    cases: tuple[Case, ...]
    texts: dict[str, Texts]
    folder: Path
    files: dict[str, str]
    sha256: str

    def reason_text(self, outcome: str, reason: str) -> str:
        """The sentence of a reason; a waived violation keeps its violation's sentence.

        Raises:
            CheckError: the SQL gave a reason that check.toml does not know.
        """
        return self.texts["en"].reason(outcome, reason)

    def texts_in(self, language: str) -> Texts:
        """Its texts in a language.

        Raises:
            CheckError: it has none in the language.
        """
        if language not in self.texts:
            name = f"check.{language}.toml"
            raise CheckError("the check has no text in this language", file=self.folder / name, fix="Write the file")
        return self.texts[language]


def load_catalog(extra: Path | None = None) -> dict[str, Check]:
    """All checks by name: the package's own and those in the folders of ``extra``.

    Raises:
        CheckError: a check's folder is not as agreed, or a name occurs twice.
    """
    roots = [Path(__file__).parent / "checks"] + ([extra] if extra else [])
    found: dict[str, Check] = {}
    for root in roots:
        if not root.is_dir():
            raise CheckError("no such folder of checks", file=root)
        for folder in sorted(p.parent for p in root.glob("*/check.toml")):
            if folder.name in found:
                raise CheckError("a check of this name exists already", file=folder, fix="Give the folder another name")
            found[folder.name] = load_check(folder)
    return dict(sorted(found.items()))


def load_check(folder: Path) -> Check:
    """Read one check's folder.

    Raises:
        CheckError: with file and line, when a key, a word, a section or a file is not as agreed.
    """
    if not _NAME.fullmatch(folder.name):
        raise CheckError("not a check's name", file=folder, expected="small letters, digits and underscores")
    texts = {p.name: _text(p) for p in sorted(folder.iterdir()) if p.suffix in (".toml", ".sql", ".md")}
    for name in ("check.toml", "check.sql", "check.md"):
        if name not in texts:
            raise CheckError("a check's file is missing", file=folder / name)
    about = _Toml(folder / "check.toml", texts["check.toml"])
    queries = {Path(name).stem: text for name, text in texts.items() if name.endswith(".sql")}
    reads = about.tables("reads")
    for stem, text in queries.items():
        _validate_sql(folder / f"{stem}.sql", text)
    _validate_reads(about, reads, queries.values())
    page = texts["check.md"]
    for title in SECTIONS:
        section_line(folder / "check.md", page, title)
    files = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    text_of = {key: about.text(key) for key in _TEXT_KEYS}
    reasons = about.reasons()
    own = english(text_of["title"], text_of["question"], reasons, page)
    return Check(
        name=folder.name,
        **text_of,
        reads=reads,
        population=about.tables("population", within=reads),
        reasons=reasons,
        evidence=about.evidence(),
        sql=queries.pop("check"),
        population_sql=queries.pop("population", None),
        suspects_sql=queries.pop("suspects", None),
        extras=queries,
        page=page,
        cases=read_cases(folder / "check.md", page),
        texts={"en": own} | {language: read_texts(folder, language, own) for language in translations(folder)},
        folder=folder,
        files=files,
        sha256=hashlib.sha256("".join(f"{n} {h}\n" for n, h in files.items()).encode()).hexdigest(),
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CheckError("can't be read as UTF-8 text", file=file) from None


def _validate_sql(file: Path, text: str) -> None:
    """Refuse what would make an answer depend on when or how often it is asked, and unknown parameters."""
    code = _NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)

    def refuse(message: str, at: int, expected: str | None = None) -> CheckError:
        return CheckError(message, file=file, line=code.count("\n", 0, at) + 1, expected=expected)

    if match := _UNREPEATABLE.search(code):
        raise refuse("gives another answer each time it is asked", match.start(), "$as_of for the moment")
    if match := re.search(r";", code):
        raise refuse("more than one statement", match.start(), "one SELECT without a semicolon")
    for match in re.finditer(r"\$(\w+)", code):
        if match[1] not in PARAMETERS:
            raise refuse(f"unknown parameter ${match[1]}", match.start(), ", ".join(f"${p}" for p in PARAMETERS))


def _validate_reads(about: _Toml, reads: tuple[str, ...], queries: Iterable[str]) -> None:
    """Refuse tables that the SQL names and ``reads`` does not; what macros read besides shows when it is bound."""
    used = {table for text in queries for table in _TABLE.findall(_NOT_CODE.sub(" ", text))}
    if missing := sorted(used.difference(reads)):
        raise about.error("reads", f"the SQL also reads {', '.join(missing)}")


class _Toml:
    """check.toml, with the line of each key for the errors."""

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
        if key in ("unit", "key") and not _NAME.fullmatch(value):
            raise self.error(key, "not a name", "a table or column as the contracts name it")
        if key == "title" and value.lower().startswith("ensure"):
            raise self.error(key, "an order", "the good state, as a fact")
        if key == "question" and not value.endswith("?"):
            raise self.error(key, "not a question", "a sentence with a question mark")
        return value

    def tables(self, key: str, within: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self.data[key]
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(t, str) and _TABLE.fullmatch(t) for t in value)
        ):
            raise self.error(key, "not a list of tables", "core.x, law.y or house.z")
        if len(set(value)) < len(value):
            raise self.error(key, "a table occurs twice")
        if within is not None and not set(value) <= {t for t in within if t.startswith("core.")}:
            raise self.error(key, "a table that the SQL does not read", "tables of core in reads")
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
                if not _NAME.fullmatch(reason) or not isinstance(sentence, str) or not sentence.endswith("."):
                    raise self.error(reason, "not a reason", 'name = "One sentence."')
        return value

    def evidence(self) -> tuple[Evidence, ...]:
        entries = self.data["evidence"]
        if not isinstance(entries, list):
            raise self.error("evidence", "not a list of tables", "[[evidence]]")
        for entry in entries:
            if not isinstance(entry, dict) or entry.keys() != {"table", "where"}:
                raise self.error("evidence", "not an entry", "the keys table and where")
            if not isinstance(entry["table"], str) or not _TABLE.fullmatch(entry["table"]):
                raise self.error("evidence", "not a table", "core.x, law.y or house.z")
            if not isinstance(entry["where"], str) or not re.search(r"\bt\.", entry["where"]):
                raise self.error("evidence", "not a condition", "a condition over t and f")
        return tuple(Evidence(**entry) for entry in entries)
