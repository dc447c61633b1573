"""What our work costs against the plainest DuckDB statement over the same data, as ratios of CPU time.

    python -m benchmarks.floors                    one and ten million sample events
    python -m benchmarks.floors --events 50000000 --memory 500MB --runs 3 --only consent_coverage,retention
    python -m benchmarks.floors --events 50000000 --persons 3

Each pair is timed in turn (A B A B ...) in one process, so that a busy neighbour slows both; the median ratio counts.
``event groups`` is what the checks of events share: made once a run, so it stands in a line of its own. ``spilled`` is
the most that lay in the temporary folder. Samples and databases are kept under ``build/benchmarks`` for the next time;
more than ten million events are the ten million several times, under other ids. With them grow the persons and their
registers, unless ``--persons`` says how many times those are there: a longer log of the same persons.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import duckdb

import audit
from audit.contract import load_contracts
from audit.judge import group_events, judge
from audit.policy import load_policy
from audit.run import Workbench, open_workbench
from audit.sample import write_sample
from audit.snapshot import PART_FORM
from audit.sources.load import load
from audit.statutes import load_law

ROOT = Path("build/benchmarks")
SAMPLE = 10_000_000
IDS = (
    "event_id", "subject_id", "consent_id", "record_id", "external_id", "request_id", "visitor_id", "incident_id",
    "hold_id",
)  # fmt: skip
PERSONS = ("subject_id", "external_id", "visitor_id")
EVENTS = ("processing_events", "cookie_events")
ONCE = {"legal_holds": "record_id IS NULL AND subject_id IS NULL"}  # rows that hold for all persons, not for one
PERIOD = "2025-04-01/2026-10-01"  # all that the sample holds

COLUMNS = [
    "event_id", "occurred_at", "system_id", "activity_id", "client_id", "subject_id", "operation", "actor_id",
    "recipient_id", "channel", "data_category",
]  # fmt: skip


def main() -> None:
    """Measure and print a table that fits a changelog or a note."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--persons", type=int, help="how many times the persons of the ten million are there")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", help="names of checks, or load, separated by commas")
    parser.add_argument("--memory", help="a memory limit, such as 500MB")
    args = parser.parse_args()
    floors = plain_joins()
    wanted = args.only.split(",") if args.only else [*floors, "load"]
    print(f"{'':32} {'events':>12} {'ours, s':>9} {'floor, s':>9} {'ratio':>6}  (CPU, median of {args.runs})")
    for events in args.events:
        db = database(events, args.persons)
        if args.memory:
            os.environ["AUDIT_MEMORY_LIMIT"] = args.memory
        with open_workbench(db, PERIOD) as wb:
            alone("event groups", events, args.runs, wb, partial(group_events, wb.con, wb.asked))
            for name in (n for n in floors if n in wanted):
                pair = (partial(judge_and_write, wb, name), partial(plain, wb, floors[name]))
                report(name, events, args.runs, pair, wb.desk)
            for name in (n for n in wb.catalog if n not in floors and (not args.only or n in wanted)):
                alone(name, events, args.runs, wb, partial(judge_and_write, wb, name))
        if "load" in wanted:
            source = events_alone(events)
            report("load", events, args.runs, (partial(ours, source), partial(raw_copy, source)), ROOT)


def plain_joins() -> dict[str, str]:
    """The floors: a check's name and its statement."""
    text = Path(__file__).with_name("joins.sql").read_text("utf-8")
    return dict(re.findall(r"^-- ([a-z_]+)\n(.*?);", text, re.MULTILINE | re.DOTALL))


def judge_and_write(wb: Workbench, name: str) -> None:
    """The check as ``audit check`` runs it: findings with reasons written, the rest counted."""
    judged = judge(wb.con, wb.catalog[name], wb.asked, are_grouped=True)
    wb.con.execute(f"COPY (FROM {judged.relation} ORDER BY item_key) TO '{wb.desk}/findings.parquet' (FORMAT parquet)")


def plain(wb: Workbench, sql: str) -> None:
    wb.con.execute(sql).fetchall()


def ours(source: Path) -> None:
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        load(Path(folder) / "db", [source], policy())


def raw_copy(source: Path) -> None:
    types = ", ".join(f"'{c}': '{'TIMESTAMPTZ' if c == 'occurred_at' else 'VARCHAR'}'" for c in COLUMNS)
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        con = duckdb.connect()
        con.execute(
            f"COPY (SELECT * FROM read_csv('{source}/processing_events.csv', auto_detect = false, header = true,"
            f" columns = {{{types}}})) TO '{folder}/raw.parquet' ({PART_FORM})"
        )
        con.close()


def policy() -> audit.policy.Policy:
    return load_policy(Path("data/mira/policy.toml"), load_law())


def database(events: int, persons: int | None = None) -> Path:
    """A database of the sample with so many events, and of more than the sample with so many times its persons."""
    ROOT.mkdir(parents=True, exist_ok=True)
    times = events // SAMPLE
    db = ROOT / (f"{events}-{persons}.db" if persons and persons < times else f"{events}.db")
    if not db.exists():
        with tempfile.TemporaryDirectory(dir=ROOT) as folder:
            sample = Path(folder) / "sample"
            if events > SAMPLE:
                multiply(sample, database(SAMPLE), times, min(persons or times, times))
            else:
                write_sample(sample, events=events)
            load(Path(folder) / "db", [sample], policy())
            shutil.move(Path(folder) / "db", db)
    return db


def events_alone(events: int) -> Path:
    """A folder with the events of that database as one CSV file."""
    alone = ROOT / f"{events}-csv"
    if not alone.exists():
        draft = ROOT / f"{events}-csv.tmp"
        draft.mkdir(exist_ok=True)
        with open_workbench(database(events), PERIOD) as wb:
            select = f"SELECT {', '.join(COLUMNS)} FROM core.processing_events_as_logged ORDER BY event_id"
            stamp = "strftime(occurred_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS occurred_at"
            select = select.replace("occurred_at", stamp, 1)
            wb.con.execute(f"COPY ({select}) TO '{wb.desk}/processing_events.csv' (FORMAT csv, HEADER)")
            shutil.move(wb.desk / "processing_events.csv", draft / "processing_events.csv")
        draft.rename(alone)
    return alone


def multiply(folder: Path, db: Path, times: int, persons: int) -> None:
    """Write the events of a database so many times, and the persons and all about them, each time under other ids.

    What is about nobody stays as it is: the same staff, clients, activities and rules, for more persons.
    """
    folder.mkdir()
    with open_workbench(db, PERIOD) as wb:
        for contract in load_contracts().values():
            own = [c.name for c in contract.columns if c.name in IDS]
            for i in range((times if contract.table in EVENTS else persons) if own else 1):
                other = ", ".join(f"{c} || '-{i % persons if c in PERSONS else i}' AS {c}" for c in own)
                table = "processing_events_as_logged" if contract.table == "processing_events" else contract.table
                rows = f"core.{table} WHERE {i} = 0 OR NOT ({ONCE.get(table, 'false')})"
                select = f"SELECT * EXCLUDE (source_id, source_row){f' REPLACE ({other})' if own else ''} FROM {rows}"
                wb.con.execute(f"COPY ({select}) TO '{wb.desk}/part.parquet' (FORMAT parquet)")
                shutil.move(wb.desk / "part.parquet", folder / f"{contract.table}-{i}.parquet")


def alone(name: str, events: int, runs: int, wb: Workbench, work: Callable[[], None]) -> None:
    """A line without a floor."""
    turns = [cpu_and_spilled(work, wb.desk) for _ in range(runs)]
    print(f"{name:32} {events:12,} {median(turns):9.2f} {'':9} {'':6}{said(most(turns))}", flush=True)


def report(name: str, events: int, runs: int, both: tuple[Callable[[], None], ...], folder: Path) -> None:
    """A line with both, their ratio, and what lay in the folder."""
    pairs = [[cpu_and_spilled(work, folder) for work in both] for _ in range(runs + 1)][1:]  # the first warms up
    ratio = statistics.median(a[0] / b[0] for a, b in pairs)
    first, second = zip(*pairs, strict=True)
    spilled = said(most(first), most(second))
    print(f"{name:32} {events:12,} {median(first):9.2f} {median(second):9.2f} {ratio:6.2f}{spilled}", flush=True)


def median(turns: Sequence[tuple[float, int]]) -> float:
    return statistics.median(seconds for seconds, _ in turns)


def most(turns: Sequence[tuple[float, int]]) -> int:
    return max(spilled for _, spilled in turns) >> 20


def said(spilled: int, by_floor: int = 0) -> str:
    return f"  spilled {spilled} MB" + (f", the floor {by_floor} MB" if by_floor else "") if spilled or by_floor else ""


def cpu_and_spilled(work: Callable[[], object], folder: Path) -> tuple[float, int]:
    with spilling(folder) as spilled:
        seconds = cpu(work)
    return seconds, spilled[0]


@contextmanager
def spilling(folder: Path) -> Iterator[list[int]]:
    """Watch the temporary folder; the most that the engine's temporary files came to stands in the list."""
    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            sizes = 0
            for path in folder.glob("duckdb_temp*"):
                with suppress(OSError):
                    sizes += path.stat().st_size
            most[0] = max(most[0], sizes)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def cpu(work: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
