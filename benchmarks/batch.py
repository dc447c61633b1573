"""What the batch costs: `audit report --report client-report --all-clients`, signed, for 500 clients.

    python -m benchmarks.batch                         500 clients
    python -m benchmarks.batch --clients 50 --stages   the same, and where one process spends its time

The organisation is the sample with each client's rows repeated under other ids and names, so that a client is as large
as the sample's and the database 28 times so. What counts is the CPU time, user and system, of all processes: half of it
is the time on two idle cores, which a busy neighbour does not change. It is kept under ``build/benchmarks/batch``.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit import batch
from audit.batch import Question
from audit.clientele import known
from audit.contract import load_contracts
from audit.making import Order, notebook_parameters
from audit.prepared import prepare_all
from audit.run import open_workbench
from audit.sample import write_sample
from audit.signature import Signer
from audit.signing_keys import make_authority, read_settings
from audit.snapshot import literal
from audit.sources.load import load
from benchmarks.floors import policy

ROOT = Path("build/benchmarks/batch")
PERIOD = "2026Q3"
# Registers of the organisation itself: a copy would have the same ids.
ONCE = ("retention_rules", "waivers")
IDS = {
    "event_id", "consent_id", "contract_id", "record_id", "incident_id", "hold_id", "activity_id", "request_id",
    "subject_id",
}  # fmt: skip
STAGES = {
    "client's results and state": ("audit.prepared", "Narrowed.check_all"),
    "results.json and findings": ("audit.making", "Workbench.write_findings"),
    "notebook drawn and written": ("audit.making", "notebooks.draw"),
    "notebook read": ("audit.making", "reports.read"),
    "manifest": ("audit.making", "run_manifest"),
    "typesetting": ("audit.making", "pdf.typeset"),
    "signature": ("audit.signature", "Signer.sign"),
    "leak scan": ("audit.making", "leaks.Gate.refuse"),
    "sums of the folder": ("audit.making", "folder.seal"),
    "all of one client's finishing": ("audit.batch", "_finish"),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--edition", default="external", choices=("internal", "external"))
    parser.add_argument("--stages", action="store_true", help="also profile ten clients in one process")
    args = parser.parse_args()
    db, out = organisation(args.clients), Path(tempfile.mkdtemp(prefix="batch-", dir=ROOT))
    signing = ROOT / "signing"
    if not signing.exists():
        make_authority(signing, "Example AB")
    words = ["report", "--report", "client-report", "--all-clients", "--db", str(db), "--period", PERIOD]
    words += ["--out", str(out), "--jobs", str(args.jobs), "--edition", args.edition]
    words += ["--signing", str(signing / "signing.toml"), "--quiet"]
    began, cpu = time.monotonic(), used()
    done = subprocess.run([sys.executable, "-m", "audit", *words], check=False, capture_output=True, text=True)
    wall, cpu = time.monotonic() - began, used() - cpu
    made = len(list(out.glob("*/SHA256SUMS")))
    print(done.stderr.strip())
    print(f"{made} reports, exit code {done.returncode}, load {os.getloadavg()[0]:.1f}")
    print(
        f"CPU {cpu:.0f} s, wall {wall:.0f} s, two idle cores {cpu / 2:.0f} s; CPU a client {cpu / made * 1000:.0f} ms"
    )
    if args.stages:
        options = {"period": PERIOD, "as_of": None, "role": None, "policy": None, "snapshot": None}
        settings = signing / "signing.toml"
        order = Order(
            "client-report", edition=args.edition, signed_under=Signer(read_settings(settings)).authority_sha256
        )
        stages(Question(db, out, options, order, settings), 10)
    shutil.rmtree(out)


def stages(question: Question, clients: int) -> None:
    """Print what the CPU time of a client goes into: executing in a process of its own, then finishing in this one."""
    with question.open() as whole:
        everyone = whole.check_all()
        some = known(whole.con, whole.asked.as_of_on)[:clients]
        began = time.process_time()
        prepared = prepare_all(whole, everyone, some)
        print(f"{'prepared with all others':32} {(time.process_time() - began) / clients * 1000:8.1f} ms")
        given = {c: notebook_parameters(replace(whole.asked, client_id=c), question.order) for c in some}
        fixed = whole.snapshot.number
    with tempfile.TemporaryDirectory() as scratch:
        before = used()
        out = {c: Path(scratch) / f"{number}.ipynb" for number, c in enumerate(some)}
        with batch._processes(question, prepared[some[0]], fixed, 1) as (first, _):
            tasks = {c: first.submit(batch._execute, question, fixed, out[c], given[c], prepared[c]) for c in some}
            ran = {c: task.result()[1:] for c, task in tasks.items()}
        print(f"{'executed, with one start':32} {(used() - before) / clients * 1000:8.1f} ms")
        batch._begin_finishing(question, fixed)
        spent: defaultdict[str, float] = defaultdict(float)
        for label, (module, name) in STAGES.items():
            timed(spent, label, module, name)
        for c, result in ran.items():
            batch._finish(prepared[c], out[c], *result)
    for label in STAGES:
        print(f"{label:32} {spent[label] / clients * 1000:8.1f} ms")


def timed(spent: dict[str, float], label: str, module: str, name: str) -> None:
    """Have a function count its own CPU time, that of its threads included."""
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    function = getattr(owner, last)

    def counting(*args: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return function(*args, **named)
        finally:
            spent[label] += time.process_time() - began

    setattr(owner, last, counting)


def organisation(clients: int) -> Path:
    """The database of so many clients; made once."""
    db = ROOT / f"{clients}.db"
    if db.exists():
        return db
    ROOT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT) as scratch:
        sample, many = Path(scratch) / "sample", Path(scratch) / "many"
        write_sample(sample)
        load(Path(scratch) / "one.db", [sample], policy())
        many.mkdir()
        multiply(Path(scratch) / "one.db", many, clients)
        for settings in sample.glob("*.toml"):
            shutil.copy(settings, many)
        load(Path(scratch) / "many.db", [many], policy())
        (Path(scratch) / "many.db").rename(db)
    return db


def multiply(db: Path, folder: Path, clients: int) -> None:
    """Write the tables of a database with its clients' rows repeated under other names until there are enough."""
    with open_workbench(db, PERIOD) as workbench:
        con = workbench.con
        con.execute("""
            CREATE TEMP TABLE own AS SELECT client_id, dense_rank() OVER (ORDER BY client_id) - 1 AS place
            FROM (SELECT DISTINCT client_id FROM core.processing_events WHERE client_id IS NOT NULL)
        """)
        con.execute(
            "CREATE TEMP TABLE copies AS SELECT client_id, k FROM own, range($1) AS t(k)"
            " WHERE k * (SELECT count(*) FROM own) + place < $1",
            [clients],
        )
        for table, contract in load_contracts().items():
            names = [c.name for c in contract.columns]
            kept = ", ".join(f'"{name}"' for name in names)
            parts = [f"SELECT {kept} FROM core.{table}"]
            of = "" if "client_id" in names else "JOIN core.incidents AS i USING (incident_id)"
            if table not in ONCE and ("client_id" in names or table == "incident_events"):
                copied = ", ".join(copied_column(name) for name in names)
                on = "t.client_id" if not of else "i.client_id"
                parts.append(f"SELECT {copied} FROM core.{table} AS t {of} JOIN copies AS c ON c.client_id = {on}"
                             " WHERE k > 0")  # fmt: skip
            path = workbench.desk / f"{table}.parquet"
            con.execute(f"COPY ({' UNION ALL '.join(parts)}) TO {literal(str(path))} (FORMAT parquet)")
            shutil.move(path, folder / path.name)


def copied_column(name: str) -> str:
    """A column of the k-th copy of a client's row."""
    value = f't."{name}"'
    if name == "client_id":  # no id within another one
        value = f"replace({value}, 'C-', format('C-{{:03d}}', k))"
    elif name == "client_name":
        value = f"{value} || ' ' || k"
    elif name in IDS:
        value = f"{value} || '-' || k"
    return f'{value} AS "{name}"'


def used() -> float:
    """The CPU time of this process and of those it waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


if __name__ == "__main__":
    main()
