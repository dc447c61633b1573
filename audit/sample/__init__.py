"""The synthetic organisation: its registers, its everyday work, and planted faults with their answer key.

Everything about the organisation is data in ``samples/<name>/``: registers, plans of work, and cases (what is planted
and what each check must find). The code only multiplies them over the window of time. Nothing is left to chance: the
same seed gives the same bytes on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from audit.contract import load_contracts
from audit.sample.cases import Finding, plant
from audit.sample.exports import write_exports
from audit.sample.files import clear, write_answer_key, write_tables
from audit.sample.plan import Plan, Window
from audit.sample.work import make_work
from audit.store import scratch

__all__ = ["Finding", "Summary", "write_sample"]


@dataclass(frozen=True)
class Summary:
    """What was written: the rows of each table, and the findings the checks must have for ``period``.

    ``events`` are those of everyday work: as many as were asked for, or as it takes.
    """

    folder: Path
    period: str
    events: int
    rows: dict[str, int]
    findings: tuple[Finding, ...]


def write_sample(
    folder: Path,
    *,
    seed: int = 2026,
    events: int | None = None,
    start: date = date(2025, 4, 1),
    end: date = date(2026, 10, 1),
    clean: bool = False,
) -> Summary:
    """Write the synthetic organisation into a folder, in the forms a source folder may have.

    What its systems export lies in ``exports``, a source folder of its own.

    Args:
        folder: where to; a sample that stands there is replaced.
        seed: another seed gives other persons and days, with the same registers and planted faults.
        events: processing events of everyday work, or as many as it takes for every system to be heard of each week;
            persons and consents grow with them. The traces of requests, of removals and of planted faults come on top.
        start: first day of the logs.
        end: the day after their last. The planted faults lie in the last full quarter before it, some in earlier ones.
        clean: plant nothing: every check is then without violation or undetermined item in every quarter.

    Returns:
        What was written; its findings are also in ``answer_key.csv``.

    Raises:
        UsageError: no full quarter in the window, or a folder that holds other data.
        AuditError: the folder cannot be written.
    """
    plan = Plan.load("mira")
    window = Window.of(start, end, plan)
    events = max(events or plan.settings["amounts"]["events"], plan.least_events(window))
    contracts = load_contracts()
    clear(folder, contracts)
    with scratch() as con:
        make_work(con, plan, window, contracts, seed=seed, events=events, clean=clean)
        findings = () if clean else plant(con, plan, window, contracts)
        rows = write_tables(con, folder, plan, window, contracts)
    plan.copy_to(folder)
    write_exports(folder / "exports", plan, window, seed)
    write_answer_key(folder, window.period, findings)
    return Summary(folder, window.period, events, rows, findings)
