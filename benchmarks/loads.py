"""What a load costs against the plainest DuckDB copy of the same file to Parquet, as ratios of CPU time.

    python -m benchmarks.loads                    ten million events
    python -m benchmarks.loads --rows 1000000 --runs 3 --only csv,csv.gz

The copy types the instant and takes the rest as text; a load also hashes the file, types all, keeps refused rows with
their lines, and looks for duplicates. Each pair is timed in turn (A B A B ...) in one process, so that a busy
neighbour slows both; the median ratio counts, and the least of each time stands beside. Then, each in a process of its
own: the cores used, the memory at its highest, the same with 500 MB for the engine, and two hundred small files. Files
are kept under ``build/benchmarks/loads``.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import zstandard

from audit.snapshot import PART_FORM
from audit.sources.load import load
from benchmarks.floors import cpu, policy

ROOT = Path("build/benchmarks/loads")
SMALL_FILES, SMALL_ROWS = 200, 50
FORMS = ("csv", "dirty.csv", "csv.gz", "csv.zst", "parquet", "jsonl")
# Ids, instants and words as logs have them: a rising key, many persons, few systems.
EVENTS = """
SELECT format('E-{{:09d}}', i) AS event_id, {instant} AS occurred_at,
  ['crm', 'chat', 'mail', 'web'][1 + i % 4] AS system_id, format('A-{{:03d}}', i * 7919 % 120) AS activity_id,
  CASE WHEN i % 3 = 0 THEN format('C-{{:02d}}', i % 40) END AS client_id,
  format('S-{{:07d}}', i * 7919 % 400009) AS subject_id,
  ['use', 'store', 'contact', 'consult'][1 + i * 31 % 4] AS operation,
  CASE WHEN i % 2 = 0 THEN format('U-{{:03d}}', i * 104729 % 200) END AS actor_id,
  CAST(NULL AS VARCHAR) AS recipient_id, CASE WHEN i * 31 % 4 = 2 THEN 'email' END AS channel,
  'basic_details' AS data_category
FROM range({first}, {last}) AS t(i)
"""
TEXT = "strftime(TIMESTAMP '2025-01-01' + INTERVAL (i) SECOND, '%Y-%m-%dT%H:%M:%SZ')"
DIRTY = f"CASE WHEN i % 100 = 7 THEN 'soon' ELSE {TEXT} END"  # one row in a hundred
TYPED = "TIMESTAMPTZ '2025-01-01 00:00:00+00' + INTERVAL (i) SECOND"
CODE = (
    "import sys, time; from pathlib import Path; from audit.sources.load import load;"
    " from benchmarks.floors import policy; from benchmarks.loads import highest, used;"
    " began = (used(), time.monotonic());"
    " load(Path(sys.argv[1]), [Path(sys.argv[2])], policy());"
    " print(used() - began[0], time.monotonic() - began[1], highest())"
)


def main() -> None:
    """Measure and print tables that fit a changelog or a note."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", help=f"of {', '.join(FORMS)}, small, separated by commas")
    args = parser.parse_args()
    wanted = args.only.split(",") if args.only else [*FORMS, "small"]
    print(f"{'':10} {'load, s':>9} {'copy, s':>9} {'ratio':>6}  (CPU, of {args.runs} pairs; {args.rows:,} events)")
    for form in (f for f in FORMS if f in wanted):
        source = prepared(form, args.rows)
        turns = pairs(args.runs, partial(loaded, source), partial(copied, source, form))
        ours, raw = map(min, zip(*turns, strict=True))
        ratio = statistics.median(load / copy for load, copy in turns)
        print(f"{form:10} {ours:9.2f} {raw:9.2f} {ratio:6.2f}", flush=True)
    print(f"\n{'alone':10} {'CPU, s':>9} {'wall, s':>9} {'cores':>6} {'MB':>6}")
    for form in (f for f in FORMS if f in wanted):
        alone(form, prepared(form, args.rows))
        alone(f"{form}, 500 MB", prepared(form, args.rows), AUDIT_MEMORY_LIMIT="500MB")
    if "small" in wanted:
        alone(f"{SMALL_FILES} files", small_files())


def pairs(runs: int, *works: Callable[[], None]) -> list[list[float]]:
    """The CPU times of each, timed in turn; the first turn warms up."""
    return [[cpu(work) for work in works] for _ in range(runs + 1)][1:]


def loaded(source: Path) -> None:
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        load(Path(folder) / "db", [source], policy())


def copied(source: Path, form: str) -> None:
    (path,) = source.iterdir()
    names = [d[0] for d in duckdb.sql(EVENTS.format(instant=TEXT, first=0, last=0)).description]
    types = ", ".join(
        f"'{n}': '{'TIMESTAMPTZ' if n == 'occurred_at' and form != 'dirty.csv' else 'VARCHAR'}'" for n in names
    )
    relation = {
        "parquet": f"read_parquet('{path}')",
        "jsonl": f"read_ndjson('{path}', columns = {{{types}}})",
    }.get(form, f"read_csv('{path}', auto_detect = false, header = true, columns = {{{types}}})")
    with tempfile.TemporaryDirectory(dir=ROOT) as folder, duckdb.connect() as con:
        con.execute(f"COPY (FROM {relation}) TO '{folder}/raw.parquet' ({PART_FORM})")


def alone(name: str, source: Path, **environment: str) -> None:
    """A load in a process of its own: CPU and wall time, how many cores that is, and the memory at its highest."""
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        command = [sys.executable, "-c", CODE, f"{folder}/db", str(source)]
        out = subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True).stdout
    used_s, wall, megabytes = map(float, out.split())
    print(f"{name:18} {used_s:9.2f} {wall:9.2f} {used_s / wall:6.2f} {megabytes:6.0f}", flush=True)


def used() -> float:
    """CPU seconds of this process so far."""
    return time.process_time()


def highest() -> float:
    """Megabytes this process held at its highest; not a number where the system does not tell."""
    # Not ru_maxrss: on Linux a process inherits it from the one that started it.
    status = Path("/proc/self/status")
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024 if status.exists() else float("nan")


def prepared(form: str, rows: int) -> Path:
    """A folder with one file of so many events in a form."""
    folder = ROOT / f"{rows}-{form}"
    if not folder.exists():
        draft = ROOT / f"{rows}-{form}.tmp"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        written(draft / f"processing_events.{form.removeprefix('dirty.')}", form, 0, rows)
        draft.rename(folder)
    return folder


def written(path: Path, form: str, first: int, last: int) -> None:
    """Write events to a file."""
    plain = path.with_name(path.name.removesuffix(".gz").removesuffix(".zst"))
    instant = {"parquet": TYPED, "dirty.csv": DIRTY}.get(form, TEXT)
    engine_form = {"parquet": "FORMAT parquet", "jsonl": "FORMAT json"}.get(form, "FORMAT csv, HEADER")
    duckdb.execute(f"COPY ({EVENTS.format(instant=instant, first=first, last=last)}) TO '{plain}' ({engine_form})")
    if plain != path:
        with plain.open("rb") as file, path.open("wb") as out:
            if form.endswith(".gz"):
                with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6, mtime=0) as packed:
                    shutil.copyfileobj(file, packed, 1 << 20)
            else:
                zstandard.ZstdCompressor().copy_stream(file, out)
        plain.unlink()


def small_files() -> Path:
    """A folder with many small files."""
    folder = ROOT / "small"
    if not folder.exists():
        folder.mkdir(parents=True)
        for n in range(SMALL_FILES):
            path = folder / f"processing_events-{n:03d}.csv"
            written(path, "csv", n * SMALL_ROWS, (n + 1) * SMALL_ROWS)
    return folder


if __name__ == "__main__":
    main()
