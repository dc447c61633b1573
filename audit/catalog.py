"""The checks: one folder each, read and refused here when anything in it is not as agreed.

``check.toml`` says what a check is, ``check.sql`` decides every item of its population, ``check.md`` explains it to
people and holds the worked cases that the tests run. ``population.sql`` may count the population by its dimensions
without judging, and ``suspects.sql`` name what needs a closer look: groups of events, or rows; outside them all is
compliant, as the population says. Any other ``.sql`` file is one of the check's further tables.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from audit.casebook import SECTIONS, Case, read_cases, section_line
from audit.checkfile import TABLE, TEXT_KEYS, CheckToml, Evidence, is_name
from audit.checktexts import Texts, english, read_texts, translations
from audit.errors import CheckError, UsageError, nearest

PARAMETERS = ("start", "end", "as_of", "start_on", "end_on", "as_of_on", "client_id", "role", "month")
_SHIPPED = Path(__file__).parent / "checks"
_OWN = "checks"
_UNREPEATABLE = re.compile(
    r"\b(?:now|today|random|uuid\w*|gen_random_uuid|setseed|get_current_time\w*|current_local\w*|transaction_timestamp)\s*\("
    r"|\b(?:current_date|current_time|current_timestamp|localtime|localtimestamp|tablesample|using\s+sample)\b",
    re.IGNORECASE,
)
NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
"""Comments and texts, in SQL."""


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
        population_sql: the same items counted by their dimensions without a judgement, where that is cheaper; where
            what is compliant may have a reason, with the one that is right outside the suspects.
        suspects_sql: the groups of core.event_groups that may hold an item that is not compliant, by some of their
            columns and their first and last moment; or rows of the unit, whole or by ``source_id, source_row``.
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


def own_checks(policy: Path) -> Path | None:
    """The folder ``checks`` beside a policy file: what the organisation checks besides; None where there is none."""
    folder = policy.with_name(_OWN)
    return folder if folder.is_dir() else None


class Catalog(Mapping[str, Check]):
    """The checks by name, in their order. Each folder is read when it is first asked for: opening waits for none.

    The package's own are read once in a process, as its code is.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(sorted(folders.items()))
        self._checks: dict[str, Check] = {}

    def __getitem__(self, name: str) -> Check:
        if name not in self._checks:
            folder = self._folders[name]
            self._checks[name] = _shipped(folder) if folder.parent == _SHIPPED else load_check(folder)
        return self._checks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __len__(self) -> int:
        return len(self._folders)


def load_catalog(extra: Path | None = None) -> Catalog:
    """All checks by name: the package's own and those in the folders of ``extra``, as own_checks gives it.

    Those of ``extra`` are read at once, so that a mistake in one is told before anything is asked.

    Raises:
        CheckError: a check's folder is not as agreed, or a name occurs twice.
    """
    folders = _folders(_SHIPPED)
    own = _folders(extra) if extra else {}
    if twice := sorted(folders.keys() & own.keys()):
        folder = own[twice[0]]
        raise CheckError("a check of this name exists already", file=folder, fix="Give the folder another name")
    catalog = Catalog(folders | own)
    for name in own:
        _ = catalog[name]
    return catalog


def _folders(root: Path) -> dict[str, Path]:
    if not root.is_dir():
        raise CheckError("no such folder of checks", file=root)
    return {file.parent.name: file.parent for file in root.glob("*/check.toml")}


def find(catalog: Mapping[str, Check], name: str) -> Check:
    """A check by its name.

    Raises:
        UsageError: no check has this name.
    """
    if name not in catalog:
        raise UsageError("no such check", column=name, expected=nearest(name, catalog))
    return catalog[name]


def load_check(folder: Path) -> Check:
    """Read one check's folder.

    Raises:
        CheckError: with file and line, when a key, a word, a section or a file is not as agreed.
    """
    if not is_name(folder.name):
        raise CheckError("not a check's name", file=folder, expected="small letters, digits and underscores")
    texts = {p.name: _text(p) for p in sorted(folder.iterdir()) if p.suffix in (".toml", ".sql", ".md")}
    for name in ("check.toml", "check.sql", "check.md"):
        if name not in texts:
            raise CheckError("a check's file is missing", file=folder / name)
    about = CheckToml(folder / "check.toml", texts["check.toml"])
    queries = {Path(name).stem: text for name, text in texts.items() if name.endswith(".sql")}
    reads = about.tables("reads")
    for stem, text in queries.items():
        _validate_sql(folder / f"{stem}.sql", text)
    _validate_reads(about, reads, queries.values())
    page = texts["check.md"]
    for title in SECTIONS:
        section_line(folder / "check.md", page, title)
    files = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    text_of = {key: about.text(key) for key in TEXT_KEYS} | {"key": about.key_of_unit()}
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


@cache
def _shipped(folder: Path) -> Check:
    return load_check(folder)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CheckError("can't be read as UTF-8 text", file=file) from None


def _validate_sql(file: Path, text: str) -> None:
    """Refuse what would make an answer depend on when or how often it is asked, and unknown parameters."""
    code = NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)

    def refuse(message: str, at: int, expected: str | None = None) -> CheckError:
        return CheckError(message, file=file, line=code.count("\n", 0, at) + 1, expected=expected)

    if match := _UNREPEATABLE.search(code):
        raise refuse("gives another answer each time it is asked", match.start(), "$as_of for the moment")
    if match := re.search(r";", code):
        raise refuse("more than one statement", match.start(), "one SELECT without a semicolon")
    for match in re.finditer(r"\$(\w+)", code):
        if match[1] not in PARAMETERS:
            raise refuse(f"unknown parameter ${match[1]}", match.start(), ", ".join(f"${p}" for p in PARAMETERS))


def _validate_reads(about: CheckToml, reads: tuple[str, ...], queries: Iterable[str]) -> None:
    """Refuse tables that the SQL names and ``reads`` does not; what macros read besides shows when it is bound."""
    used = {table for text in queries for table in TABLE.findall(NOT_CODE.sub(" ", text))}
    if missing := sorted(used.difference(reads)):
        raise about.error("reads", f"the SQL also reads {', '.join(missing)}")
