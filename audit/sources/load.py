"""A load: files are hashed, read by their contract, and become the next snapshot, wholly or not at all."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit.catalog import load_catalog, own_checks
from audit.contract import Contract, load_contracts
from audit.errors import AuditError
from audit.policy import Policy
from audit.pseudonyms import Pseudonyms
from audit.snapshot import PART_FORM, Snapshot, literal, read_snapshot
from audit.sources import csv_file, jsonl_file, parquet_file, xlsx_file
from audit.sources.account import Account, account_for
from audit.sources.duplicates import Keys, may_correct
from audit.sources.files import Source, discover, new_of, refuse_name, refused_by_imports, strangers
from audit.sources.imported import Imports
from audit.sources.loaded import LoadReport, first_rejections, report_of, unknown_checks
from audit.sources.mapping import read_sources
from audit.sources.rejected import MARKS
from audit.sources.typed import MACROS, blank_texts, typed_select
from audit.storage import commit, keep_house, writing
from audit.store import (
    DERIVED,
    Connection,
    DatabaseError,
    derived_part,
    is_full,
    is_short_of_memory,
    person_selects,
    scratch,
    sql_file,
    unwritable,
)

Progress = Callable[[str, int, int], None]
_MEMORY = "800MB"  # the whole process then stays below one gigabyte; with more, no load is faster


def load(
    db: Path,
    folders: Sequence[Path],
    policy: Policy,
    progress: Progress = lambda *_: None,
    *,
    replacing: bool = False,
    pseudonyms: Pseudonyms | None = None,
) -> LoadReport:
    """Load source folders into a database.

    Args:
        db: the database's folder; made where it is not there.
        folders: the source folders.
        policy: the organisation's policy: its zone is that of times without an offset.
        progress: called with a table's name, files done and files in all.
        replacing: the files are corrections: a row with a known key and other content replaces the one that is there,
            which older snapshots keep. Without it such a row is refused.
        pseudonyms: those of the key in use, for exports of named systems (``sources.toml``).

    Returns:
        What was read, accepted, found twice and rejected.

    Raises:
        AuditError: a file or the database cannot be read or written, or an own check is not as agreed; the database
            is as it was.
    """
    refuse_name(db)
    batches = [batch for folder in folders for batch in read_sources(folder)]
    exports = {export.path for batch in batches for export in batch.exports}
    sources = [s for folder in folders for s in discover(folder, exports)]
    left_out = [line for folder in folders for line in (*strangers(folder, exports), *refused_by_imports(folder))]
    with writing(db) as current:
        before = current or Snapshot(db, 0, str(policy.zone), "")
        if before.zone != str(policy.zone):
            raise AuditError("this database holds times of another zone", file=db, expected=before.zone)
        settled = [f for f in before.files if not (replacing and may_correct(f))]
        imports = Imports(batches, before, settled, pseudonyms)
        messages = imports.messages
        messages += left_out
        fresh = new_of(sources, settled, messages)
        checks = load_catalog(own_checks(policy.path))  # what is kept with the data must be checks
        house = keep_house(db, policy)
        if not fresh and not imports and house == before.house:
            return LoadReport([], True, messages, snapshot=before)
        try:
            with (
                tempfile.TemporaryDirectory(dir=db / "parts") as temporary,
                scratch(str(policy.zone), db / "parts", _MEMORY) as con,
            ):
                con.execute(MACROS)
                unpacked, exported = imports.unpack(policy.zone, Path(temporary), progress)
                fresh += new_of(unpacked, settled, messages)
                after = _Load(con, before, Path(temporary), progress, replacing).run(fresh, messages)
                messages += first_rejections(con) + unknown_checks(con, after, policy.commitments, checks)
            loaded_at = datetime.now(UTC).isoformat(timespec="seconds")
            commit(replace(after, house=house, exports=(*before.exports, *exported), loaded_at=loaded_at), before)
        except DatabaseError as e:
            raise unwritable(e, db) from None
    return report_of(before, read_snapshot(db), messages)


@dataclass
class _Load:
    """The steps of one load on one connection; what it adds to the snapshot gathers in lists."""

    con: Connection
    before: Snapshot
    temporary: Path
    progress: Progress
    replacing: bool
    after: Snapshot = field(init=False)
    accounts: list[Account] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.after = self.before

    def run(self, sources: Sequence[Source], messages: list[str]) -> Snapshot:
        number = self.before.number + 1
        next_id = 1 + max((f["source_id"] for f in self.before.files), default=0)
        tables: dict[str, list[tuple[int, Source]]] = defaultdict(list)
        for source_id, source in enumerate(sources, start=next_id):
            tables[source.table].append((source_id, source))
        done = 0
        for table, numbered in tables.items():
            self.progress(table, done, len(sources))
            self._table(load_contracts()[table], numbered, number, messages)
            done += len(numbered)
        self.progress("", done, len(sources))
        return self._snapshot(number, set(tables))

    def _table(
        self, contract: Contract, numbered: Sequence[tuple[int, Source]], number: int, messages: list[str]
    ) -> None:
        """Read a table's files, those of one form and header together, and set aside what is there twice."""
        groups: dict[tuple[Any, ...], list[tuple[int, Source]]] = defaultdict(list)
        for source_id, source in numbered:
            try:
                described = self._described(contract, source, source_id)
            except OSError as e:
                raise AuditError(f"cannot be read: {e.strerror}", file=source.name) from None
            messages += described.notes
            extra = sorted(set(described.columns) - {c.name for c in contract.columns} - set(MARKS))
            if extra:
                messages.append(f"{source.name}: columns kept out: {', '.join(extra)}")
            form = "csv" if described.form in ("xlsx", "import") else described.form
            # A correction has a part of its own, so that a later file can replace what an earlier one said.
            own = source_id if self.replacing else None
            groups[form, tuple(described.columns.items()), own].append((source_id, described))
        parts = []
        for i, ((form, *_), group) in enumerate(groups.items()):
            path = f"parts/{contract.table}-{number:06d}-{i}.parquet"
            try:
                accounts = self._part(contract, form, group, path)
            except DatabaseError as e:
                raise _unreadable(e, [s for _, s in group], self.before.folder) from None
            parts.append({"table": contract.table, "path": path, "refused": any(a.rejected for a in accounts)})
            self.accounts += accounts
        keys = Keys(self.con, number, self.accounts, self.replacing)
        for part in parts:
            self.after = keys.add(self.after, contract, part)

    def _described(self, contract: Contract, source: Source, source_id: int) -> Source:
        match source.form:
            case "csv":
                described = csv_file.describe(source)
            case "jsonl":
                described = jsonl_file.describe(source)
            case "parquet":
                described = parquet_file.describe(source, self.con)
            case "import":
                described = source
            case _:
                described = xlsx_file.put_in_order(source, self.temporary / f"{source_id}.csv")
        # Not its own names: of a file without a header they are the values of its first record.
        known = [c.name for c in contract.columns if c.name in described.columns]
        for column in contract.columns:
            if column.required and column.name not in described.columns:
                raise AuditError(
                    "a required column is missing",
                    file=source.name,
                    line=max(1, described.first_line - 1),
                    column=column.name,
                    fix=f"Of this table's columns it has {', '.join(known) or 'none'}.",
                )
        return described

    def _part(self, contract: Contract, form: str, group: list[tuple[int, Source]], path: str) -> list[Account]:
        """Write one part and account for its files; those the engine cannot read as they stand are rewritten first."""
        group = [(i, s if s.content.is_plain else self._rewritten(i, s, form)) for i, s in group]
        # The engine gives up on a whole file for some mistakes, as for line ends of two kinds.
        ways = {"csv": [self._rewritten], "jsonl": [self._forgiving, self._rewritten]}.get(form, [])
        for way in [*ways, None]:
            try:
                self._copy(contract, form, group, path)
                accounts = account_for(self.con, self.before.folder / path, form, group)
                break
            except DatabaseError as e:
                if way is None or is_full(e):
                    raise
                group = [(i, s if s.read_path else way(i, s, form)) for i, s in group]
        if crooked := {a.source_id for a in accounts if a.crooked}:
            group = [(i, self._straightened(i, s, form) if i in crooked else s) for i, s in group]
            self._copy(contract, form, group, path)
            accounts = account_for(self.con, self.before.folder / path, form, group)
        for _, source in group:
            source.refuse_change()
        return accounts

    def _forgiving(self, source_id: int, source: Source, form: str) -> Source:
        return jsonl_file.forgiven(source, self.con) or self._rewritten(source_id, source, form)

    def _rewritten(self, source_id: int, source: Source, form: str) -> Source:
        write_in_order = csv_file.write_in_order if form == "csv" else jsonl_file.write_in_order
        return write_in_order(source, self.temporary / f"{source_id}.{form}")

    def _straightened(self, source_id: int, source: Source, form: str) -> Source:
        """The file with what is known of its lines, where they are not its records."""
        shifted = jsonl_file.find_shifts(source, self.con) if form == "jsonl" else None
        return shifted or self._rewritten(source_id, source, form)

    def _copy(self, contract: Contract, form: str, group: Sequence[tuple[int, Source]], path: str) -> None:
        sources = [s for _, s in group]
        relation = {"csv": csv_file, "jsonl": jsonl_file, "parquet": parquet_file}[form].relation(sources)
        first, paths = group[0][0], ", ".join(literal(str(s.reading)) for s in sources)
        ids = ", ".join(str(i) for i, _ in group)
        source_id = (
            f"CAST(([{ids}])[list_position([{paths}], filename)] AS INTEGER)" if len(group) > 1 else f"{first}::INTEGER"
        )
        draft, given = self.before.folder / f"{path}.tmp", sources[0].columns
        written = literal(str(draft))
        for has_blank in (True,) if any(s.may_be_blank for s in sources) else (False, True):  # few have such texts
            select = typed_select(contract, relation, given, source_id, has_blank=has_blank)
            self.con.execute(f"COPY ({select}) TO {written} ({PART_FORM})")
            if not (has_blank or self.con.execute(blank_texts(contract, given, f"read_parquet({written})")).fetchall()):
                break
        draft.replace(self.before.folder / path)

    def _snapshot(self, number: int, touched: set[str]) -> Snapshot:
        before = self.before
        accounts = (
            a.record() | {"load": number, "contradicting": 0 if self.replacing else a.conflicting}
            for a in self.accounts
        )
        files = [*before.files, *accounts]
        snapshot = replace(self.after, number=number, files=tuple(files))
        rejected, lines = self._keep_asides(number)
        files = [f | ({"lines": lines} if lines and f["shifted"] else {}) for f in files]
        derived = dict(before.derived)
        for name, tables in DERIVED.items():
            alike = derived_part(name)
            if touched.intersection(tables) or not derived.get(name, alike).startswith(alike):
                derived[name] = self._derive(snapshot, name, tables, number)
        kept = (*before.rejected, rejected) if rejected else before.rejected
        return replace(snapshot, files=tuple(files), derived=derived, rejected=kept)

    def _derive(self, snapshot: Snapshot, name: str, tables: Sequence[str], number: int) -> str:
        """What every check of a log would otherwise compute again: written once a load."""
        path = f"{derived_part(name)}{number:06d}.parquet"
        self.con.execute("CREATE SCHEMA IF NOT EXISTS core")
        for table, rows in person_selects(self.con, snapshot, tables).items():
            self.con.execute(f"CREATE OR REPLACE VIEW core.{table} AS {rows}")
        select = sql_file(f"derived/{name}")
        self.con.execute(f"COPY ({select}) TO {literal(str(snapshot.folder / path))} ({PART_FORM})")
        return path

    def _keep_asides(self, number: int) -> tuple[str | None, str | None]:
        """Write the refused rows and the line shifts of this load, where there are any."""
        rejected = lines = None
        if any(a.rejected for a in self.accounts):
            rejected = f"parts/rejected-{number:06d}.parquet"
            self._copy_table("rejected_rows", rejected, "source_id, line, column_name")
        if any(a.source.shifted for a in self.accounts):
            lines = f"parts/lines-{number:06d}.parquet"
            self._copy_table("line_shifts", lines, "source_id, from_record")
        return rejected, lines

    def _copy_table(self, table: str, path: str, order: str) -> None:
        target = literal(str(self.before.folder / path))
        self.con.execute(f"COPY (FROM {table} ORDER BY {order}) TO {target} ({PART_FORM})")


def _unreadable(error: DatabaseError, sources: Sequence[Source], db: Path) -> AuditError:
    """The engine's word about a file, without the row it may quote."""
    if is_full(error):
        return unwritable(error, db)
    if is_short_of_memory(error):
        fix = "Leave out columns that no table has, or set AUDIT_MEMORY_LIMIT to more than 800MB."
        return AuditError("needs more memory than a load takes", file=sources[0].name, fix=fix)
    text = str(error)
    name = next((s.name for s in sources if str(s.reading) in text), sources[0].name)
    what = text.splitlines()[0].split(":")[0]
    return AuditError(f"cannot be read: {what}", file=name, fix="Export the file again, or look at it in an editor.")
