"""Runs several notebooks at once: each in a fork of a process that has imported all already, charts are drawn here."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

from audit import notebooks
from audit.errors import AuditError
from audit.notebooks import Progress
from audit.spawned import processes


@dataclass(frozen=True)
class Job:
    """A notebook to run: which, where the executed one goes, and its parameters by name."""

    notebook: Path
    out: Path
    parameters: dict[str, str]


def run_all(
    jobs: Sequence[Job],
    *,
    db: Path | None,
    snapshot: int | None = None,
    policy: Path | None = None,
    progress: Progress = lambda *_: None,
    draw: bool = True,
) -> None:
    """Execute notebooks as :func:`audit.notebooks.run` does, as many at once as there are processors.

    What they show is the same as a kernel's, cell by cell. Where the system has no forks each gets a kernel of its own.

    Args:
        jobs: the notebooks.
        db: the database's folder; where not given, what the environment or the notebook says.
        snapshot: which state of it to open.
        policy: the policy file to judge by; the one the data was loaded under where not given.
        progress: called with the notebook done last, how many are done and how many there are.
        draw: whether charts are drawn; otherwise they stay what they are drawn from, where there are forks.

    Raises:
        UsageError: an unknown parameter, or one of another type.
        CheckError: a cell failed; every notebook is kept, as far as it ran. Of several failures the first job's.
    """
    if not hasattr(os, "fork"):
        for done, job in enumerate(jobs):
            progress(_called(job), done, len(jobs))
            notebooks.run(job.notebook, job.out, dict(job.parameters), db=db, snapshot=snapshot, policy=policy)
        return
    failed: dict[int, AuditError] = {}
    progress("notebooks", 0, len(jobs))
    with processes(min(len(jobs), os.cpu_count() or 1), (_begin, ())) as (pool,):
        running = {pool.submit(_execute, job, db, snapshot, policy): n for n, job in enumerate(jobs)}
        for done, future in enumerate(as_completed(running), start=1):
            n = running[future]
            if (error := future.result()) is not None:
                failed[n] = error
            if draw and jobs[n].out.is_file():
                notebooks.draw(jobs[n].out, jobs[n].out)
            progress(_called(jobs[n]), done, len(jobs))
    if failed:
        raise failed[min(failed)]


def _called(job: Job) -> str:
    return job.notebook.stem.replace("_", " ")


# What follows runs in those processes.
def _begin() -> None:
    """Import what notebooks begin with, so that their forks need not."""
    from audit import display, display_record  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who waits for it stops


def _execute(job: Job, db: Path | None, snapshot: int | None, policy: Path | None) -> AuditError | None:
    """Run one; gives the error it ended in."""
    try:
        given = {"db": db, "snapshot": snapshot, "policy": policy}
        notebooks.run(job.notebook, job.out, dict(job.parameters), **given, engine=notebooks.FORK)  # type: ignore[arg-type]
    except AuditError as error:
        return error
    return None
