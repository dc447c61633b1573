"""A client's results, computed with those of all clients, for the notebook that a process of the batch runs next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from audit.catalog import Check
from audit.clientele import Client, client_of, registered
from audit.comparison import Comparison
from audit.narrowed import Narrowed
from audit.results import Finding, Results
from audit.run import Workbench


@dataclass(frozen=True)
class Prepared:
    """All that a client's report is made of, equal to what a run for the client alone gives.

    ``comparison`` holds the period beside the one before. ``below`` is the number under which an external edition
    suppresses a count of persons; ``terms`` are the organisation's own names of things, by language; ``catalog`` are
    the checks.
    """

    results: Results
    comparison: Comparison
    client: Client
    below: int
    terms: Mapping[str, Mapping[str, str]]
    catalog: Mapping[str, Check]


_given: list[Prepared] = []


@contextmanager
def giving(prepared: Prepared) -> Iterator[None]:
    """Lend a notebook that is run within the block, in a fork of this process, its results."""
    _given.append(prepared)
    try:
        yield
    finally:
        _given.pop()


def given(client: str) -> Prepared | None:
    """What was prepared for the notebook of a client that runs in this process; None outside a batch."""
    return next((p for p in _given if p.client.client_id == client), None)


def prepare(workbench: Workbench) -> Prepared:
    """The same of a workbench that is open for one client."""
    assert workbench.asked.client_id is not None
    client = client_of(workbench.con, workbench.asked, workbench.asked.client_id)
    return Prepared(workbench.check_all(), workbench.compare(), client, *_of_the_house(workbench))


def prepare_all(whole: Workbench, everyone: Results, clients: list[str]) -> dict[str, Prepared]:
    """The same of each client, of a workbench that is open for all; without its connection, for other processes."""
    register = registered(whole.con, whole.asked)
    found: dict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for check in everyone:
        for finding in check.findings():
            found[check.check, finding.client_id].append(finding)
    made = {}
    for client in clients:
        narrowed = Narrowed(whole, everyone, client)
        results = narrowed.check_all()
        checks = {name: replace(c, _read=Listed(tuple(found[name, client]))) for name, c in results.checks.items()}
        known = register.get(client, Client(client))
        results = replace(results, checks=checks)
        made[client] = Prepared(results, narrowed.compare(), known, *_of_the_house(whole))
    return made


def _of_the_house(workbench: Workbench) -> tuple[int, Mapping[str, Mapping[str, str]], Mapping[str, Check]]:
    return workbench.policy.suppress_below, workbench.policy.words, workbench.catalog


class Held(Narrowed):
    """A workbench for a client whose answers were prepared; all else it asks of that for all clients."""

    def __init__(self, whole: Workbench, everyone: Results, prepared: Prepared) -> None:
        super().__init__(whole, everyone, prepared.client.client_id)
        self._prepared = prepared

    def check_all(
        self,
        only: Iterable[str] | None = None,  # noqa: ARG002
        progress: Callable[[str, int, int], None] = lambda *_: None,  # noqa: ARG002
    ) -> Results:
        """The results that were prepared."""
        return self._prepared.results


@dataclass(frozen=True)
class Listed:
    """A check's findings as they are read from a database, from memory."""

    found: tuple[Finding, ...]

    def __call__(
        self, *, limit: int | None = None, outcome: str | None = None, reason: str | None = None
    ) -> list[Finding]:
        wanted = [f for f in self.found if outcome in (None, f.outcome) and reason in (None, f.reason)]
        return wanted[:limit]
