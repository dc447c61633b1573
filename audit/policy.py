"""What an organisation promises and decides for itself: its policy file, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from audit.duration import Duration
from audit.errors import UsageError
from audit.folder import sha256
from audit.statutes import Law, SqlTable
from audit.strict import Table, TomlFile
from audit.transparency import Transparency, load_transparency
from audit.vocabulary import BESIDE, Vocabulary, load_vocabulary
from audit.workdays import Calendar

DEADLINES = (
    "identity_request_within", "breach_notice_default", "subjects_told_within", "disposal_period_default",
    "erasure_grace", "policy_review_interval", "silent_source_after",
)  # fmt: skip
SEVERITIES = ("low", "medium", "high", "critical")
STAGES = ("registered", "analysed", "prioritised", "resolved", "evaluated")
CHANNELS = ("email", "phone", "sms", "post", "push", "in_app")
_KEEP_SNAPSHOTS = 10
LANGUAGES = ("en", "sv")
ROLES = ("controller", "processor")
_IDENTITY = ("name", "registration_number", "supervisory_authority", "policy_document", "policy_version")


@dataclass(frozen=True)
class Commitment:
    """A promise of the organisation's policy, in English and Swedish, and the checks that evidence it.

    Each evidence names a ``check`` and, where only a part of it counts, the ``kind`` of item. ``role`` is controller or
    processor where the promise binds the organisation in that role only.
    """

    id: str
    section: str
    promise: str
    gdpr: str
    evidence: tuple[dict[str, str], ...]
    promise_sv: str = ""
    role: str | None = None


@dataclass(frozen=True)
class Purpose:
    """A purpose: its use, the legal bases it may rest on, and the channels on which a contact needs consent."""

    use: str
    bases: tuple[str, ...]
    consent_channels: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """An organisation's policy file.

    Attributes:
        identity: name, registration_number, supervisory_authority, policy_document and policy_version.
        targets: by severity (and ``default``) and stage, the time from detection.
        transparency: what the policy's own text leaves out; None where nobody has read it for that.
        vocabulary: the terms of the W3C Data Privacy Vocabulary for the organisation's names and the law's.
        words: the organisation's own names and texts in other languages than English, by language.
        sha256: of each file read, by its name.
        keep_snapshots: how many states of a database ``audit prune`` leaves.
    """

    path: Path
    identity: Mapping[str, str]
    calendar: Calendar
    zone: ZoneInfo
    deadlines: Mapping[str, Duration]
    targets: Mapping[str, Mapping[str, Duration]]
    person_categories: tuple[str, ...]
    data_categories: tuple[str, ...]
    purposes: Mapping[str, Purpose]
    languages: tuple[str, ...]
    suppress_below: int
    commitments: tuple[Commitment, ...]
    transparency: Transparency | None
    vocabulary: Vocabulary
    words: Mapping[str, Mapping[str, str]]
    sha256: Mapping[str, str]
    keep_snapshots: int

    @property
    def name(self) -> str:
        return self.identity["name"]

    @property
    def country(self) -> str:
        return self.calendar.country

    def tables(self) -> dict[str, SqlTable]:
        """The tables of the schema ``house``: of each its columns with their SQL types, and its rows."""
        return {
            "house.settings": self._settings(),
            "house.incident_targets": (
                [("severity", "VARCHAR"), ("stage", "VARCHAR"), *_PARTS],
                [(s, stage, *_parts(d)) for s, stages in self.targets.items() for stage, d in stages.items()],
            ),
            "house.purposes": (_texts("purpose", "use"), [(n, p.use) for n, p in self.purposes.items()]),
            "house.purpose_bases": (
                _texts("purpose", "legal_basis"),
                [(n, basis) for n, p in self.purposes.items() for basis in p.bases],
            ),
            "house.purpose_consent_channels": (
                _texts("purpose", "channel"),
                [(n, channel) for n, p in self.purposes.items() for channel in p.consent_channels],
            ),
            "house.person_categories": (_texts("person_category"), [(c,) for c in self.person_categories]),
            "house.data_categories": (_texts("data_category"), [(c,) for c in self.data_categories]),
        } | self._named()

    def _named(self) -> dict[str, SqlTable]:
        """Whom and what the policy's text names; nothing where nobody has read it for that."""
        t = self.transparency or Transparency((), (), (), (), {})
        return {
            "house.named_recipients": (_texts("recipient_id"), [(r,) for r in t.recipients]),
            "house.named_systems": (_texts("system_id"), [(s,) for s in t.systems]),
            "house.named_countries": (_texts("country"), [(c,) for c in t.countries]),
            "house.named_grounds": (
                _texts("use", "legal_basis"),
                [(use, basis) for use, bases in t.grounds.items() for basis in bases],
            ),
        }

    def _settings(self) -> SqlTable:
        columns = [
            *_texts(*_IDENTITY, "country", "zone"),
            ("eves_as_holidays", "BOOLEAN"),
            ("suppress_below", "BIGINT"),
        ]
        row = [*(self.identity[key] for key in _IDENTITY), self.country, self.zone.key, self.calendar.eves]
        row = [*row, self.suppress_below]
        for name, duration in self.deadlines.items():
            columns += [(name, "VARCHAR"), *((f"{name}_{part}", sql_type) for part, sql_type in _PARTS)]
            row += [str(duration), *_parts(duration)]
        return columns, [tuple(row)]


_PARTS = [("months", "BIGINT"), ("days", "BIGINT"), ("seconds", "BIGINT")]


def _parts(duration: Duration) -> tuple[int, int, int]:
    return duration.months, duration.days, duration.seconds


def _texts(*names: str) -> list[tuple[str, str]]:
    return [(name, "VARCHAR") for name in names]


def load_policy(path: Path, law: Law, instead: Mapping[tuple[str, ...], object] | None = None) -> Policy:
    """Read a policy file, and what stands beside it: commitments, transparency, dpv, words.<language> (``.toml``).

    Args:
        path: the file.
        law: what it is held against.
        instead: for a what-if, keys of the file as their place in it, and what to read there instead.

    Raises:
        AuditError: a file that cannot be read, an unknown or missing key, a value of a wrong form or outside its
            vocabulary, or a legal basis the law does not know; with file and line.
    """
    file = TomlFile(path)
    for place, value in (instead or {}).items():
        file.put(place, value)
    beside, unsaid = (path.with_name(f"{name}.toml") for name in ("commitments", "transparency"))
    told = [p for language in LANGUAGES if (p := path.with_name(f"words.{language}.toml")).exists()]
    bases = {entry.name for entry in law.legal_bases}
    with file.root as root:
        with root.table("deadlines") as table:
            eves = table.flag("eves_as_holidays")
            deadlines = {key: table.duration(key) for key in DEADLINES}
        with root.table("organisation") as table:
            identity = {key: table.text(key) for key in _IDENTITY}
            calendar, zone = _calendar(table, eves), _zone(table)
        with root.table("scope") as table:
            scope = table.texts("person_categories"), table.texts("data_categories")
        with root.table("purposes") as table:
            purposes = {name: _purpose(table.table(name), sorted(bases)) for name in table}
        with root.table("reporting") as table:
            languages, suppress_below = table.texts("languages", LANGUAGES), table.count("suppress_below")
        return Policy(
            path, identity, calendar, zone, deadlines, _targets(root.table("incident_targets")), *scope, purposes,
            languages, suppress_below,
            commitments=load_commitments(beside) if beside.exists() else (),
            transparency=load_transparency(unsaid, {p.use for p in purposes.values()}, bases)
            if unsaid.exists() else None,
            vocabulary=load_vocabulary(path),
            words={p.name.split(".")[1]: _words(p) for p in told},
            sha256={p.name: sha256(p) for p in (path, beside, unsaid, path.with_name(BESIDE), *told) if p.exists()},
            keep_snapshots=_keep_snapshots(root),
        )  # fmt: skip


def _words(path: Path) -> dict[str, str]:
    """Names and texts in one language, by what they are in English or as a code."""
    with TomlFile(path).root as root:
        return {name: root.text(name) for name in root}


def _keep_snapshots(root: Table) -> int:
    """How many states of a database to keep, where the policy says it."""
    if "database" not in root:
        return _KEEP_SNAPSHOTS
    with root.table("database") as table:
        keep = table.count("keep_snapshots")
        if not keep:
            table.refuse("too few", "keep_snapshots", "a whole number, 1 or more")
    return keep


def _calendar(table: Table, eves: bool) -> Calendar:
    try:
        return Calendar(table.text("country"), eves)
    except UsageError as error:
        table.refuse(error.message, "country", error.expected)


def _zone(table: Table) -> ZoneInfo:
    try:
        return ZoneInfo(table.text("zone"))
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder's name is an OSError
        table.refuse("not a time zone", "zone", "an IANA name such as Europe/Stockholm")


def _targets(table: Table) -> dict[str, dict[str, Duration]]:
    """Targets of every severity; what one leaves out is the default's."""
    with table:
        with table.table("default") as row:
            default = {stage: row.duration(stage) for stage in STAGES}
        targets = {severity: dict(default) for severity in ("default", *SEVERITIES)}
        for severity in SEVERITIES:
            if severity in table:
                with table.table(severity) as row:
                    targets[severity] |= {stage: row.duration(stage) for stage in STAGES if stage in row}
    return targets


def _purpose(table: Table, bases: list[str]) -> Purpose:
    with table:
        found = Purpose(table.text("use"), table.texts("bases", bases), table.texts("consent_channels", CHANNELS))
        if not found.bases:
            table.refuse("empty", "bases", "at least one legal basis")
        return found


def load_commitments(path: Path) -> tuple[Commitment, ...]:
    """Read the commitments, in the order of the file.

    Raises:
        AuditError: as load_policy; also an id that stands twice.
    """
    found: dict[str, Commitment] = {}
    with TomlFile(path).root as root:
        for table in root.tables("commitment"):
            with table:
                identifier = table.text("id")
                if identifier in found:
                    table.refuse("this id stands twice", "id", "an id of its own")
                found[identifier] = Commitment(
                    identifier,
                    section=table.text("section"),
                    promise=table.text("promise"),
                    promise_sv=table.text("promise_sv") if "promise_sv" in table else "",
                    gdpr=table.text("gdpr"),
                    evidence=tuple(_evidence(row) for row in table.tables("evidence")),
                    role=table.text("role", ROLES) if "role" in table else None,
                )
    return tuple(found.values())


def _evidence(table: Table) -> dict[str, str]:
    with table:
        return {key: table.text(key) for key in ("check", "kind") if key == "check" or key in table}
