"""One client's answers from those for all clients: the same as a run for it alone gives, in a fraction of the time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property, partial
from typing import Any
from weakref import WeakKeyDictionary

from audit.comparing import narrowed
from audit.comparison import Comparison, Restatement
from audit.errors import UsageError
from audit.judge import rows
from audit.manifest import judged_by, question_of
from audit.outputs import read_findings
from audit.period import Period, parse_instant
from audit.register import CHECK, Run, keep, last_reported
from audit.restating import restate
from audit.results import CheckResult, Count, Results
from audit.run import Workbench
from audit.snapshot import literal
from audit.waivers import covered_by, waivers

Counted = dict[tuple[str, str | None], list[Count]]
"""The counts of each check and client."""
_gathered: WeakKeyDictionary[Workbench, Counted] = WeakKeyDictionary()


class Narrowed(Workbench):
    """A workbench that is open for all clients, narrowed to one; it shares the connection and must not be closed.

    A check judges each item for itself, so that what it says of one client's items does not depend on the others.

    Args:
        whole: open for all clients, its checks run.
        everyone: what it found.
        client: the client's id.
    """

    def __init__(self, whole: Workbench, everyone: Results, client: str) -> None:
        self.law, self.catalog, self.policy = whole.law, whole.catalog, whole.policy
        self.snapshot, self.desk, self.con = whole.snapshot, whole.desk, whole.con
        self.asked = replace(whole.asked, client_id=client)
        self._everyone, self._whole = everyone, whole
        self._judged = {c: f"(SELECT * FROM {r} WHERE {self.asked.scope})" for c, r in _judged(whole, everyone).items()}
        self._counted = _gather(whole, everyone)

    def close(self) -> None:
        """Nothing: the connection is another's."""

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Everything the results follow from; but for the client it is that of all."""
        of_all = self._whole.manifest
        return of_all | {"question": of_all["question"] | {"client_id": self.asked.client_id}}

    def findings_of(self, checks: Iterable[str]) -> str:
        """The SELECT of the client's findings of checks that were run."""
        named = ", ".join(literal(c) for c in checks if c in self._judged) or "NULL"
        return f'SELECT * FROM temp.every_finding WHERE {self._own} AND "check" IN ({named})'

    def keep_run(self, results: Results, kind: str = CHECK) -> Run:
        """Write the client's results down as given out; its findings are kept with those of all clients."""
        return keep(results, self.snapshot, kind, question_of(self._whole.manifest), judged_by())

    @property
    def _own(self) -> str:
        return f"client_id = {literal(str(self.asked.client_id))}"

    def check_all(
        self, only: Iterable[str] | None = None, progress: Callable[[str, int, int], None] = lambda *_: None
    ) -> Results:
        """The results of all checks, narrowed."""
        if only is not None:
            raise UsageError("a narrowed run is of all checks", column="only")
        checks = {name: self._of(check) for name, check in self._everyone.checks.items()}
        progress("", len(checks), len(checks))
        return replace(
            self._everyone,
            client_id=self.asked.client_id,
            checks=checks,
            waivers=waivers(self.con, self.asked, self._judged, f"FROM temp.every_waived WHERE {self._own}"),
            manifest=self.manifest,
            transparency=None,
        )

    def compare(self, period: str | None = None, only: Iterable[str] | None = None) -> Comparison:
        """The client's period beside another one, from that of all clients, which is compared once.

        Raises:
            UsageError: some checks only.
        """
        if only is not None and set(only) != set(self._everyone.checks):
            raise UsageError("a narrowed comparison is of all checks", column="only")
        whole, asked = self._whole.compare(period), self.asked
        assert asked.client_id is not None
        restated = self._restated(Period.parse(whole.before.period, asked.period.zone))
        return narrowed(whole, self.con, asked.client_id, restated)

    def _restated(self, period: Period) -> Restatement | None:
        """The client's last report of a period, held against today."""
        client, role = self.asked.client_id, self.asked.role
        run = last_reported(self.snapshot.folder, period, client=client, role=role)
        if run is None or client is None:
            return None
        other, everyone = self._whole.past.open(period, parse_instant(run.as_of, period.zone))
        return restate(Narrowed(other, everyone, client), run)

    def _of(self, check: CheckResult) -> CheckResult:
        if not check.evaluated:
            return check
        sql = {name: self.asked.within(extra) for name, extra in self.catalog[check.check].extras.items()}
        return replace(
            check,
            counts=tuple(self._counted[check.check, self.asked.client_id]),
            extras={name: rows(self.con, text) for name, text in sql.items()},
            _read=partial(read_findings, self.con, self._judged[check.check]),
        )


def _judged(whole: Workbench, everyone: Results) -> dict[str, str]:
    """Of each check that was evaluated, the relation of what is not compliant."""
    return {name: relation for name in everyone.checks if (relation := whole.judged(name))}


def _gather(whole: Workbench, everyone: Results) -> Counted:
    """Keep all clients' findings in one table, once, so that a client's are not looked for in each check's."""
    if whole in _gathered:
        return _gathered[whole]
    judged = _judged(whole, everyone)
    found, waived = whole.findings_of(judged), covered_by(judged) if judged else "SELECT NULL AS id, NULL AS client_id"
    whole.con.execute(f"CREATE OR REPLACE TEMP TABLE every_finding AS {found}")
    whole.con.execute(f"CREATE OR REPLACE TEMP TABLE every_waived AS {waived}")
    counted: Counted = defaultdict(list)
    for check in everyone:
        for count in check.counts:
            counted[check.check, count.client_id].append(count)
    _gathered[whole] = counted
    return counted
