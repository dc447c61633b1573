"""One client's answers from those for all clients: the same as a run for it alone gives, in a fraction of the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from audit.comparing import narrowed
from audit.comparison import Comparison, Restatement
from audit.errors import UsageError
from audit.judge import rows
from audit.outputs import read_findings
from audit.period import Period, parse_instant
from audit.register import last_reported
from audit.restating import restate
from audit.results import CheckResult, Results
from audit.run import Workbench
from audit.waivers import waivers


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
        judged = {name: whole.judged(name) for name in everyone.checks}
        self._judged = {c: f"(SELECT * FROM {r} WHERE {self.asked.scope})" for c, r in judged.items() if r}

    def close(self) -> None:
        """Nothing: the connection is another's."""

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
            waivers=waivers(self.con, self.asked, self._judged),
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
            counts=tuple(c for c in check.counts if c.client_id == self.asked.client_id),
            extras={name: rows(self.con, text) for name, text in sql.items()},
            _read=partial(read_findings, self.con, self._judged[check.check]),
        )
