"""Three checks by hand in pandas and in polars, on the same Parquet files: what one would write without this tool.

    pip install pandas polars pyarrow
    python -m benchmarks.by_hand --events 1000000

They only count what is not compliant - no reasons, no rates, no evidence - so that the comparison favours them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import polars as pl

from audit.judge import group_events
from audit.run import Workbench, open_workbench
from benchmarks.floors import PERIOD, cpu, database, judge_and_write

TABLES = {
    "events": "SELECT event_id, occurred_at, activity_id, coalesce(client_id, '') AS client, subject_id, operation,"
    " channel FROM core.processing_events",
    "activities": "SELECT activity_id, purpose, legal_basis FROM core.processing_activities",
    "consents": "SELECT subject_id, coalesce(client_id, '') AS client, purpose, status, effective_at, expires_at"
    " FROM core.consents",
    "preferences": "SELECT subject_id, coalesce(client_id, '') AS client, channel, preference, effective_at"
    " FROM core.communication_preferences",
    "grants": "SELECT actor_id, system_id, granted_from, granted_to FROM core.access_grants",
    "accesses": "SELECT event_id, occurred_at, actor_id, system_id FROM core.processing_events"
    " WHERE actor_id IS NOT NULL OR operation = 'consult'",
}
FAR = pd.Timestamp("2200-01-01", tz="UTC")
CHANNELS = ["email", "phone", "sms", "post", "push", "in_app"]


def main() -> None:
    """Measure and print a table: CPU seconds of ours, pandas and polars, each from the same files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    with open_workbench(database(args.events), PERIOD) as wb:
        folder = wb.desk
        for name, sql in TABLES.items():
            wb.con.execute(f"COPY ({sql}) TO '{folder}/{name}.parquet' (FORMAT parquet)")
        print(f"{'':26} {'ours':>14} {'pandas':>14} {'polars':>14}   CPU seconds and what is not compliant")
        for check, pandas_way, polars_way in WAYS:
            ways: list[Callable[[], int]] = [
                partial(ours, wb, check),
                partial(pandas_way, folder),
                partial(polars_way, folder),
            ]
            cells = []
            for way in ways:
                found = way()
                cells.append(f"{min(cpu(way) for _ in range(args.runs)):7.2f} {found:6,}")
            print(f"{check:26} {cells[0]} {cells[1]} {cells[2]}", flush=True)


def ours(wb: Workbench, check: str) -> int:
    """The check, with all that several checks share and one alone has to pay."""
    group_events(wb.con, wb.asked)
    judge_and_write(wb, check)
    return int(wb.con.execute(f"SELECT count(*) FROM temp.judged_{check}").fetchall()[0][0])


def consent_pandas(folder: Path) -> int:
    e = pd.read_parquet(folder / "events.parquet", columns=["occurred_at", "activity_id", "client", "subject_id"])
    a = pd.read_parquet(folder / "activities.parquet")
    e = e.merge(a[a.legal_basis == "consent"], on="activity_id").sort_values("occurred_at")
    c = pd.read_parquet(folder / "consents.parquet").sort_values("effective_at")
    m = pd.merge_asof(e, c, left_on="occurred_at", right_on="effective_at", by=["subject_id", "client", "purpose"])
    return int((~((m.status == "given") & (m.expires_at.fillna(FAR) > m.occurred_at))).sum())


def consent_polars(folder: Path) -> int:
    e = pl.scan_parquet(folder / "events.parquet").select("occurred_at", "activity_id", "client", "subject_id")
    a = pl.scan_parquet(folder / "activities.parquet").filter(pl.col("legal_basis") == "consent")
    c = pl.scan_parquet(folder / "consents.parquet").sort("effective_at")
    m = e.join(a, on="activity_id").sort("occurred_at").join_asof(
        c, left_on="occurred_at", right_on="effective_at", by=["subject_id", "client", "purpose"],
        check_sortedness=False,
    )  # fmt: skip
    valid = (pl.col("status") == "given") & (
        pl.col("expires_at").is_null() | (pl.col("expires_at") > pl.col("occurred_at"))
    )
    return int(m.select((~valid.fill_null(value=False)).sum()).collect().item())


def preferences_pandas(folder: Path) -> int:
    e = pd.read_parquet(folder / "events.parquet")
    e = e[e.operation == "contact"]
    unknown = int((e.subject_id.isna() | e.channel.isna()).sum())
    p = pd.read_parquet(folder / "preferences.parquet")
    every = p[p.channel == "any"].drop(columns="channel").merge(pd.DataFrame({"channel": CHANNELS}), how="cross")
    p = pd.concat([p[p.channel != "any"], every]).sort_values("effective_at")
    e = e.dropna(subset=["subject_id", "channel"]).sort_values("occurred_at")
    m = pd.merge_asof(e, p, left_on="occurred_at", right_on="effective_at", by=["subject_id", "client", "channel"])
    return unknown + int((m.preference == "deny").sum())


def preferences_polars(folder: Path) -> int:
    e = pl.scan_parquet(folder / "events.parquet").filter(pl.col("operation") == "contact")
    p = pl.scan_parquet(folder / "preferences.parquet")
    every = p.filter(pl.col("channel") == "any").drop("channel").join(pl.LazyFrame({"channel": CHANNELS}), how="cross")
    p = pl.concat([p.filter(pl.col("channel") != "any"), every], how="diagonal").sort("effective_at")
    unknown = pl.col("subject_id").is_null() | pl.col("channel").is_null()
    m = e.sort("occurred_at").join_asof(
        p, left_on="occurred_at", right_on="effective_at", by=["subject_id", "client", "channel"],
        check_sortedness=False,
    )  # fmt: skip
    refused = (pl.col("preference") == "deny").fill_null(value=False)
    return int(m.select((unknown | refused).sum()).collect().item())


def access_pandas(folder: Path) -> int:
    e = pd.read_parquet(folder / "accesses.parquet")
    g = pd.read_parquet(folder / "grants.parquet")
    m = e.merge(g, on=["actor_id", "system_id"])
    held = m[(m.granted_from <= m.occurred_at) & (m.granted_to.fillna(FAR) > m.occurred_at)]
    return int(len(e) - held.event_id.nunique())


def access_polars(folder: Path) -> int:
    e = pl.scan_parquet(folder / "accesses.parquet")
    m = e.join(pl.scan_parquet(folder / "grants.parquet"), on=["actor_id", "system_id"])
    held = m.filter(
        (pl.col("granted_from") <= pl.col("occurred_at"))
        & (pl.col("granted_to").is_null() | (pl.col("granted_to") > pl.col("occurred_at")))
    )
    return int(e.select(pl.len()).collect().item() - held.select(pl.col("event_id").n_unique()).collect().item())


WAYS = (
    ("consent_coverage", consent_pandas, consent_polars),
    ("communication_preferences", preferences_pandas, preferences_polars),
    ("access_authorisation", access_pandas, access_polars),
)

if __name__ == "__main__":
    main()
