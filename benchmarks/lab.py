"""What an analyst waits for, against the plainest DuckDB statement that gives the same rows.

    python -m benchmarks.lab                       ten million sample events
    python -m benchmarks.lab --events 1000000 --runs 3

``open`` is `import audit; audit.open()` in a process of its own, beside one that only connects duckdb. A drill-down
narrows a check's findings to the month, system and reason of the worst and shows them; the plain statement fetches the
same rows. A person's line of time is made of every log; the plain statements are one a table and id of the person. Each
pair is timed in turn (A B A B ...), CPU time, and the median ratio counts. Wall time stands beside, the least of all:
it is what is waited for, on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import audit
from audit.analyst.bench import Bench
from audit.outputs import worst_first
from audit.snapshot import literal
from benchmarks.floors import cpu, database

CHECKS = ("consent_coverage", "retention", "third_party_agreements")
OPEN = "import audit, sys; audit.open(sys.argv[1])"
CONNECT = "import duckdb; duckdb.connect().execute('SELECT 1').fetchall()"
PERSON = ("processing_events", "consents", "data_records", "communication_preferences", "requests")


def main() -> None:
    """Measure and print a table that fits a changelog or a note."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    db = database(args.events)
    print(f"{'':36} {'CPU, s':>8} {'plain, s':>8} {'ratio':>6} {'wall, s':>8}  ({args.events:,} events)")
    report(
        "open, a new process", args.runs, partial(started, OPEN, db), partial(started, CONNECT, db), of=used_by_children
    )
    with audit.open(db) as wb:
        for check in CHECKS:
            worst = wb[check].findings[0]
            report(check, args.runs, partial(drilled, wb, check, worst), partial(narrowed, wb, check, worst))
        for name, subject in persons(wb).items():
            report(name, args.runs, partial(told, wb, subject), partial(looked_up, wb, subject))


def drilled(wb: Bench, check: str, worst: dict[str, object]) -> None:
    """A check's findings of one month, system and reason, as a cell shows them."""
    wanted = {name: worst[name] for name in ("month", "system_id", "reason")}
    wb[check].findings.where(**wanted)._repr_html_()


def narrowed(wb: Bench, check: str, worst: dict[str, object]) -> None:
    """The rows of that cell, each with the file and line it stands on."""
    wanted = [(name, worst[name]) for name in ("month", "system_id", "reason")]
    where = " AND ".join(f"{n} IS NULL" if v is None else f"{n} = {literal(str(v))}" for n, v in wanted)
    judged = wb.workbench.judged(check)
    assert judged is not None
    wb.workbench.con.execute(worst_first(judged, "system_id", "month", where=where) + " LIMIT 21").fetchall()


def persons(wb: Bench) -> dict[str, str]:
    """One whom every system knows by one name, and one whom a system knows by another."""
    one = wb.sql("SELECT subject_id FROM core.consents ANTI JOIN core.identities USING (subject_id) LIMIT 1")
    two = wb.sql("SELECT subject_id FROM core.identities WHERE external_id <> subject_id LIMIT 1")
    return {"a person": one[0]["subject_id"], "a person of two names": two[0]["subject_id"]}


def told(wb: Bench, subject: str) -> None:
    """A person's line of time as a table."""
    repr(wb.subject(subject).line)


def looked_up(wb: Bench, subject: str) -> None:
    """The rows of each table by the ids of a person."""
    con = wb.workbench.con
    found = con.execute(f"SELECT external_id FROM core.identities WHERE subject_id = {literal(subject)}").fetchall()
    for table in PERSON:
        source = "processing_events_as_logged" if table == "processing_events" else table
        for name in [subject] + [external for (external,) in found if table == "processing_events"]:
            con.execute(f"FROM core.{source} WHERE subject_id = {literal(name)}").fetchall()


def started(code: str, db: Path) -> None:
    """A process that runs some lines and ends."""
    subprocess.run([sys.executable, "-c", code, str(db)], check=True)


def used_by_children(work: Callable[[], None]) -> float:
    """CPU seconds of the processes that some work starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(
    name: str, runs: int, ours: Callable[[], None], plain: Callable[[], None], of: Callable[..., float] = cpu
) -> None:
    """A line: both, their ratio, and how long ours took by the clock at the least."""
    walls = []

    def watched() -> None:
        began = time.monotonic()
        ours()
        walls.append(time.monotonic() - began)

    pairs = [(of(watched), of(plain)) for _ in range(runs + 1)][1:]  # the first warms up
    ratio = statistics.median(a / b for a, b in pairs)
    ours_s, plain_s = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    print(f"{name:36} {ours_s:8.3f} {plain_s:8.3f} {ratio:6.2f} {min(walls):8.3f}", flush=True)


if __name__ == "__main__":
    main()
