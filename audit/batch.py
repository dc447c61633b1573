"""Makes the report of every client: notebooks in some processes, drawings and typesetting in others, all at once.

The checks run once for all clients. What executes notebooks forks a process of its own for each, and so never holds a
database, a drawing engine or a typesetter, which have threads; what finishes them holds all three. A report that is up
to date is left alone, so that a batch that was stopped goes on where it was.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from audit import notebooks, shell
from audit.catalog import Check
from audit.clientele import known
from audit.editions import CLIENT
from audit.errors import AuditError
from audit.leaks import Gate
from audit.making import Order, folder_name, is_current, make_report, notebook_parameters
from audit.narrowed import Narrowed
from audit.prepared import Held, Prepared, giving, prepare_all
from audit.results import Results
from audit.run import Workbench, open_workbench
from audit.signing_keys import read_settings
from audit.spawned import processes

if TYPE_CHECKING:
    from audit.signature import Signer

Progress = Callable[[str, int, int], None]
ENGINES = ("fork", "papermill") if hasattr(os, "fork") else ("papermill",)
"""What may execute the notebooks, the fastest first."""


@dataclass(frozen=True)
class Question:
    """What is asked of every client.

    ``options`` are those of open_workbench, ``notebook`` is what each client's report runs, ``signing`` names the
    settings of who signs them, ``engine`` is one of ENGINES.
    """

    db: Path
    out: Path
    options: Mapping[str, Any]
    order: Order = field(default_factory=lambda: Order(CLIENT))
    signing: Path | None = None
    engine: str = ENGINES[0]
    notebook: Path = field(default_factory=lambda: notebooks.find(CLIENT))

    def open(self) -> Workbench:
        """The workbench for all clients."""
        return open_workbench(self.db, **self.options)


@dataclass(frozen=True)
class Made:
    """What became of one client's report.

    Attributes:
        client: its id.
        folder: the report's; where it failed, that of its notebook.
        violations: how many it tells of; None where it failed.
        is_new: whether it was made now.
        error: why it could not be made, without a value of the data.
        exit_code: as the command line's for this client alone.
    """

    client: str
    folder: Path
    violations: int | None
    is_new: bool = True
    error: str | None = None
    exit_code: int = 0


def make_all(question: Question, jobs: int, progress: Progress = lambda *_: None) -> list[Made]:
    """Make every client's report, one failing without stopping the others.

    Args:
        question: what is asked.
        jobs: how many processes execute notebooks, and as many finish them.
        progress: called with the client done last, how many are done and how many there are.

    Returns:
        What became of each, in the order of the clients' ids.

    Raises:
        AuditError: no database, or a check that could not run.
        KeyboardInterrupt: what was begun is finished first, whole.
    """
    with question.open() as whole:
        everyone = whole.check_all(progress=progress)
        clients = known(whole.con, whole.asked.as_of_on)
        made = {c: m for c in clients if (m := _kept(question, Narrowed(whole, everyone, c)))}
        left = [c for c in clients if c not in made]
        progress("preparing", len(made), len(clients))
        prepared = prepare_all(whole, everyone, left)
        fixed = whole.snapshot.number
        given = {c: notebook_parameters(replace(whole.asked, client_id=c), question.order) for c in left}
    sample = next(iter(prepared.values()), None)
    prepared = {c: replace(p, catalog={}) for c, p in prepared.items()}  # which each process has of the sample
    begin = (_begin_executing, (sample, question.order.language)), (_begin_finishing, (question, fixed))
    with TemporaryDirectory(prefix="audit-") as scratch, processes(jobs, *begin) as (first, last):
        out = {c: Path(scratch) / f"{number}.ipynb" for number, c in enumerate(left)}
        stages = (
            lambda c: first.submit(_execute, question, fixed, out[c], given[c], prepared[c]),
            lambda client, *ran: last.submit(_finish, prepared[client], out[client], *ran),
        )
        for result in _through(left, *stages):
            made[result.client] = result
            progress(result.client, len(made), len(clients))
    return [made[client] for client in clients]


def _through(
    clients: list[str], execute: Callable[..., Future[Any]], finish: Callable[..., Future[Any]]
) -> Iterator[Made]:
    """Send each client through both stages, as processes come free; gives each as it ends."""
    running: set[Future[Any]] = {execute(client) for client in clients}
    while running:
        ended, running = wait(running, return_when=FIRST_COMPLETED)
        for future in ended:
            result = future.result()
            if isinstance(result, Made):
                yield result
            else:
                running.add(finish(*result))


def _kept(question: Question, workbench: Narrowed) -> Made | None:
    """A client's report that is there and up to date."""
    target = _target(question, workbench)
    if not is_current(workbench, target, question.order):
        return None
    results = workbench.check_all()
    workbench.keep_run(results, question.order.name)  # as one report does that is up to date
    return _made(workbench, target, results, is_new=False)


def _target(question: Question, workbench: Workbench) -> Path:
    """The folder of a client's report."""
    return question.out / folder_name(workbench, question.order, question.options["snapshot"])


def _made(workbench: Workbench, target: Path, results: Results, *, is_new: bool = True) -> Made:
    assert workbench.asked.client_id is not None
    found = results.violations
    return Made(workbench.asked.client_id, target, found, is_new, exit_code=1 if found else 0)


# What follows runs in the processes of the batch. What each of them holds:
_finishers: list[_Finisher] = []
_catalog: dict[str, Check] = {}


@dataclass(frozen=True)
class _Finisher:
    """What finishes reports: a workbench for all clients with what it found, who signs, and the search for leaks."""

    question: Question
    whole: Workbench
    everyone: Results
    signer: Signer | None
    gate: Gate


def _begin_executing(sample: Prepared | None, language: str) -> None:
    """Import and read all that a client's notebook does, so that its forks need not: with any client's results."""
    from audit import charts, display_client  # noqa: F401 - each fork would import charts anew

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who waits for it stops
    shell.ready()
    if sample is not None:
        _catalog.update(sample.catalog)
        with giving(sample):
            page = display_client.begin("", "", client=sample.client.client_id, language=language)
        for show in (page.cover_page, page.matrix, page.carries, page.closing):
            show()._repr_mimebundle_()


def _begin_finishing(question: Question, snapshot: int) -> None:
    """Open the database once; its answers are kept since the checks ran."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    whole = open_workbench(question.db, **{**question.options, "snapshot": snapshot})
    gate = Gate(question.order.edition, whole)
    _finishers.append(_Finisher(question, whole, whole.check_all(), _signer(question.signing), gate))


def _signer(settings: Path | None) -> Signer | None:
    if settings is None:
        return None
    from audit.signature import Signer  # takes a second to load

    return Signer(read_settings(settings))


def _execute(
    question: Question, snapshot: int, out: Path, parameters: dict[str, str], prepared: Prepared
) -> tuple[str, str | None, int]:
    """Run a client's notebook; gives the client, and what went wrong."""
    client = prepared.client.client_id
    own = notebooks.FORK if question.engine == notebooks.FORK else None
    try:
        with giving(replace(prepared, catalog=_catalog)):
            given = {"db": question.db, "snapshot": snapshot, "policy": question.options["policy"]}
            notebooks.run(question.notebook, out, parameters, **given, engine=own)
    except Exception as error:  # noqa: BLE001 - one client's failure does not stop the others
        return client, *_told(error)
    return client, None, 0


def _finish(prepared: Prepared, executed: Path, error: str | None, code: int) -> Made:
    """Draw, typeset and write down a client's report; or keep its notebook, where that failed."""
    own = _finishers[0]
    question, workbench = own.question, Held(own.whole, own.everyone, prepared)
    target = _target(question, workbench)
    failed = target.with_name(f"{target.name}-failed")
    try:
        if error is None:
            make_report(
                workbench,
                target,
                question.order,
                own.signer,
                executed=executed,
                comparison=prepared.comparison,
                gate=own.gate,
            )
            workbench.keep_run(prepared.results, question.order.name)
            return _made(workbench, target, prepared.results)
        if executed.is_file():
            shutil.rmtree(failed, ignore_errors=True)
            failed.mkdir(parents=True)
            shutil.copy(executed, failed / question.notebook.name)
    except Exception as caught:  # noqa: BLE001 - as above
        error, code = _told(caught)
    finally:
        executed.unlink(missing_ok=True)
    return Made(prepared.client.client_id, failed, None, error=error, exit_code=code)


def _told(error: Exception) -> tuple[str, int]:
    """What to say of a failure; a foreign error's message may quote data."""
    if isinstance(error, AuditError):
        return str(error), error.exit_code
    return type(error).__name__, AuditError.exit_code
