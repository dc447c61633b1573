"""Runs checks for a period: what an analyst, a notebook and the command line hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any

from audit import __version__, register
from audit.archive import Archive
from audit.asked import Asked, knows_client, last_quarter
from audit.catalog import Check, find, load_catalog, own_checks
from audit.contract import load_contracts
from audit.errors import UsageError
from audit.evidence import EvidenceTable, evidence_for
from audit.explain import explain_item
from audit.inputs import coverage_of, files_of, rejected_of
from audit.judge import Judged, judge, rows
from audit.manifest import judged_by, manifest_of, question_of
from audit.observed import unsaid
from audit.outputs import findings_select, read_findings, restricted, write_findings
from audit.period import Period, parse_instant
from audit.places import DEFAULT_DB
from audit.policy import Policy, load_policy
from audit.results import FINDING_COLUMNS, CheckResult, Coverage, Results, SourceFile
from audit.snapshot import Snapshot, ident
from audit.statutes import Law, load_law
from audit.storage import holding
from audit.store import Connection, opened, sql_file
from audit.waivers import waivers

if TYPE_CHECKING:
    from audit.comparing import Past
    from audit.comparison import Comparison

Progress = Callable[[str, int, int], None]


class Workbench:
    """A database opened for a period: checks, findings, evidence and plain SQL.

    It holds the snapshot it opened: a load that ends meanwhile does not show. Nothing it runs can write to the data or
    reach files outside the database. Close it, or use it in a ``with`` statement.

    Attributes:
        asked: the period, the as-of instant and the scope.
        snapshot, law, policy: what it answers from.
        catalog: the checks by name: the package's, and those beside the policy file.
        con: the connection, with the schemas raw, core, law and house.
        desk: a folder of its own, the only one beside the database that the connection can write to.
    """

    def __init__(
        self,
        db: Path,
        period: str | None,
        *,
        as_of: str | None = None,
        client: str | None = None,
        role: str | None = None,
        policy: Path | None = None,
        snapshot: int | None = None,
    ) -> None:
        self.law: Law = load_law()
        self._judged: dict[str, str] = {}
        self._events_are_grouped = False
        with ExitStack() as stack:
            self.snapshot: Snapshot = stack.enter_context(holding(db, snapshot))
            self.policy: Policy = load_policy(policy or self.snapshot.policy_file, self.law)
            self.catalog: Mapping[str, Check] = load_catalog(own_checks(self.policy.path))
            if role not in (None, "controller", "processor"):
                raise UsageError("no such role", column="role", expected="controller or processor")
            zone = self.policy.zone
            chosen = Period.parse(period, zone) if period else None
            moment = parse_instant(as_of, zone) if as_of else None
            self.desk = Path(stack.enter_context(TemporaryDirectory(prefix="audit-"))).resolve()
            self.con: Connection = stack.enter_context(opened(self.snapshot, self.law, self.policy, self.desk))
            chosen = chosen or last_quarter(self.con, self.snapshot, zone)
            self.asked = Asked(chosen, moment or chosen.end, client, role)
            if client is not None and not knows_client(self.con, client):
                expected = "a client_id as core.contracts and the logs have it"
                raise UsageError("no row of any table has this client", column="client", expected=expected)
            self._stack = stack.pop_all()

    @cached_property
    def past(self) -> Past[Workbench]:
        """Other periods of it."""
        from audit.comparing import Past  # late: opening waits for no comparison

        return Past(self, self._stack, self.at)

    def __enter__(self) -> Workbench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the database go."""
        self._stack.close()

    def __getitem__(self, check: str) -> CheckResult:
        """One check's result; run when first asked for."""
        return self._result(self._check(check))

    def sql(self, text: str) -> Any:
        """A query's relation, over raw, core, law and house."""
        return self.con.sql(text)

    def check_all(self, only: Iterable[str] | None = None, progress: Progress = lambda *_: None) -> Results:
        """Run the checks.

        Args:
            only: their names; all where not given, and with them what the policy's text leaves out.
            progress: called with a check's name, how many are done and how many there are.

        Raises:
            UsageError: no such check.
            CheckError: a check that could not run.
        """
        wanted = [self._check(name) for name in (self.catalog if only is None else only)]
        found = {}
        for i, check in enumerate(wanted):
            progress(check.name, i, len(wanted))
            found[check.name] = self._result(check)
        progress("", len(wanted), len(wanted))
        return Results(
            organisation=self.policy.name,
            zone=str(self.policy.zone),
            period=self.asked.period.label,
            start=self.asked.period.start,
            end=self.asked.period.end,
            as_of=self.asked.as_of,
            client_id=self.asked.client_id,
            role=self.asked.role,
            checks=found,
            coverage=self.coverage,
            rejected_rows=self.rejected_rows,
            files=self.files,
            waivers=waivers(self.con, self.asked, self._judged),
            commitments=self.policy.commitments,
            law=tuple(self.law.values()),
            decisions=tuple(rows(self.con, self.asked.within(sql_file("decisions")))),
            manifest=self.manifest,
            identity=self.policy.identity,
            transparency=unsaid(self.con, self.asked, self.policy) if only is None else None,
        )

    def evidence(self, finding_id: str) -> list[EvidenceTable]:
        """The rows behind a finding of this period, or of any run whose results are kept.

        Raises:
            UsageError: no run that is kept has such a finding.
        """
        for check in self.catalog.values():
            for relation in [self._judged.get(check.name), *self._archive.all_runs(check)]:
                if relation and (found := evidence_for(self.con, check, relation, finding_id)):
                    return found
        raise UsageError("no such finding in the results that are kept", column="finding", fix="Run: audit check")

    def findings_of(self, checks: Iterable[str]) -> str:
        """The SELECT of all findings of checks that were run, in the columns of the interface."""
        relations = [self._judged[name] for name in checks if name in self._judged]
        if not relations:
            return f"SELECT {', '.join(f'NULL AS {ident(c)}' for c in FINDING_COLUMNS)} WHERE false"
        return " UNION ALL ".join(findings_select(r) for r in relations)

    def write_findings(self, results: Results, path: Path, *, item_key: str | None = None) -> int:
        """Write the findings of the results to a .csv, .jsonl or .parquet file; gives how many there are.

        In CSV, text that a spreadsheet would run as a formula is defused. With ``item_key`` only those on that item.

        Raises:
            UsageError: another ending.
            AuditError: the file cannot be written.
        """
        found = restricted(self.findings_of(c.check for c in results if c.lists_items), results, item_key)
        return write_findings(self.con, found, self.desk, path)

    def compare(self, period: str | None = None, only: Iterable[str] | None = None) -> Comparison:
        """This period beside another one, the one before it where not named, from the same data and rules.

        Where a report of that one is kept, the comparison also says what moved in it since. ``only``: these checks.

        Raises:
            UsageError: no period, or one that had not begun by this one's moment.
            CheckError: a check that could not run.
            AuditError: the record of a run was changed.
        """
        own = self.asked.period
        return self.past.compare(Period.parse(period, own.zone) if period else own.previous(), only)

    def at(self, period: Period, as_of: datetime) -> Workbench:
        """Another period on the same state and rules, in the same scope; to be closed by itself."""
        asked, state = self.asked, self.snapshot
        scope = {"client": asked.client_id, "role": asked.role, "policy": self.policy.path, "snapshot": state.number}
        return Workbench(state.folder, period.label, as_of=as_of.isoformat(), **scope)  # type: ignore[arg-type]

    def judged(self, check: str) -> str | None:
        """What a check found that is not compliant, for FROM; None where it was not run or not evaluated."""
        return self._judged.get(check)

    def keep_run(self, results: Results, kind: str = register.CHECK) -> register.Run:
        """Write the results down as given out: by ``check``, or by the report of that name."""
        return register.keep(results, self.snapshot, kind, question_of(self.manifest), judged_by())

    def explain_item(self, check: str, key: str) -> list[str]:
        """Why an item got its outcome, a sentence a step.

        Raises:
            UsageError: no such check, or no such item in the period.
        """
        return explain_item(self.con, self._check(check), self.asked, self.policy, key, judged=self.judged(check))

    @cached_property
    def coverage(self) -> tuple[Coverage, ...]:
        """What log_coverage knows of every source, the good ones too."""
        check = self.catalog.get("log_coverage")
        return coverage_of(self.con, self.asked, check) if check else ()

    @property
    def rejected_rows(self) -> dict[str, int]:
        """How many rows were refused, by table."""
        return rejected_of(self.files)

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """What was loaded."""
        return files_of(self.snapshot)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Everything the results follow from: inputs, rules and question, by hash."""
        return manifest_of(__version__, self.asked, self.files, catalog=self.catalog, law=self.law, policy=self.policy)

    def _check(self, name: str) -> Check:
        return find(self.catalog, name)

    def _result(self, check: Check) -> CheckResult:
        tables = tuple(t.removeprefix("core.") for t in check.reads)
        empty = tuple(t for t in tables if t in load_contracts() and not self.snapshot.rows(t))
        make = partial(CheckResult, check.name, check.title, check.question, check.article, check.severity, check.unit)
        if all(t.removeprefix("core.") in empty for t in check.population):
            return make(evaluated=False, empty_tables=empty, counts=())
        judged = self._archive.find(check) or self._archive.keep(self.con, self._judge(check), check)
        self._judged[check.name] = judged.relation
        reader = partial(read_findings, self.con, judged.relation)
        return make(evaluated=True, empty_tables=empty, counts=judged.counts, extras=judged.extras, _read=reader)

    def _judge(self, check: Check) -> Judged:
        judged = judge(self.con, check, self.asked, are_grouped=self._events_are_grouped)
        self._events_are_grouped |= "core.event_groups" in check.reads
        return judged

    @cached_property
    def _archive(self) -> Archive:
        return Archive(self.snapshot.folder, question_of(self.manifest))


def open_workbench(
    db: Path | str = DEFAULT_DB,
    period: str | None = None,
    *,
    as_of: str | None = None,
    client: str | None = None,
    role: str | None = None,
    policy: Path | None = None,
    snapshot: int | None = None,
) -> Workbench:
    """Open a database for a period.

    Args:
        db: its folder.
        period: ``2026Q3``, ``2026-07``, ``2026`` or two dates; the last quarter that the logs cover where not given.
        as_of: an ISO 8601 instant: facts at or after it have not happened; the period's end where not given.
        client: only this client's rows.
        role: only rows done as ``controller`` or ``processor``.
        policy: another policy file than the one the data was loaded under.
        snapshot: an older state by the number of its load; the current one where not given.

    Raises:
        UsageError: a period, instant, role, client or snapshot that is none.
        AuditError: no database, or one that cannot be read.
    """
    return Workbench(Path(db), period, as_of=as_of, client=client, role=role, policy=policy, snapshot=snapshot)
