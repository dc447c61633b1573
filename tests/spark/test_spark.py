"""The checks on another engine: Spark reads the same tables from Parquet and says the same of every item."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from audit.catalog import load_catalog
from audit.judge import group_events
from audit.run import Workbench, open_workbench
from audit.store import VIEWS, sql_file
from tests.functional.sample_db import load_sample
from tests.spark.translate import spark_sql

pyspark_sql = pytest.importorskip("pyspark.sql", reason="Spark is not here: pip install -e '.[spark]'")


def java() -> bool:
    """Whether there is a Java that runs; macOS has one that only says there is none."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home, "bin", "java")) if home else shutil.which("java")
    return bool(found) and subprocess.run([found, "-version"], capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.spark,
    pytest.mark.skipif(not java(), reason="Spark needs Java 17 or later"),
]
CHECKS = load_catalog()
# Every query of every check: what judges, what counts the population, what names suspects, what gives a further table.
QUERIES = [
    (check.name, file, sql)
    for check in CHECKS.values()
    for file, sql in {
        "check": check.sql,
        "population": check.population_sql,
        "suspects": check.suspects_sql,
        **check.extras,
    }.items()
    if sql
]
# Instants about both changes of the clock, a year and a half before each, and over leap years, month ends and the turns
# of years; with a duration each, and the calls of every macro over them.
MOMENTS = """
    SELECT i, CAST(t AS TIMESTAMPTZ) AS t, d.period FROM (
        SELECT i, TIMESTAMPTZ '2025-03-28 22:07:30.25+00' + i * INTERVAL 43 MINUTE AS t FROM range(200) AS r (i)
        UNION ALL
        SELECT i, TIMESTAMPTZ '2025-10-24 22:59:59.999999+00' + i * INTERVAL 37 MINUTE FROM range(200) AS r (i)
        UNION ALL
        SELECT i, TIMESTAMPTZ '2024-04-25 18:07:00+00' + i * INTERVAL 11 MINUTE AS t FROM range(100) AS r (i)
        UNION ALL
        SELECT i, TIMESTAMPTZ '2023-09-29 18:07:00+00' + i * INTERVAL 11 MINUTE AS t FROM range(100) AS r (i)
        UNION ALL
        SELECT i, TIMESTAMPTZ '2023-12-27 12:00:00+00' + i * INTERVAL 23 HOUR FROM range(800) AS r (i)
    ) JOIN (VALUES (0, 'P1M'), (1, 'P1Y6M'), (2, 'P2W'), (3, 'PT24H'), (4, 'P1M3DT2H5M30S')) AS d (n, period) ON n = i % 5
"""
CALLS = """
    SELECT m.i, m.t, m.period,
      iso_months(m.period), iso_days(m.period), iso_seconds(m.period),
      add_on(m.t, iso_months(m.period), iso_days(m.period), iso_seconds(m.period)),
      add_at(m.t, iso_months(m.period), iso_days(m.period), iso_seconds(m.period)),
      retention_due_on(year_end_on(m.t), m.period), day_end(m.t), last_of_day(m.t), next_hour(m.t), quarter_of_hour(m.t),
      hours_between(m.t, last_of_day(m.t)), next_working_day(m.t),
      breach_due_at(m.t, true), breach_due_at(m.t, false), breach_due_1182_at(m.t),
      paused_due_on(cast(m.t as date), add_days(m.t, m.i % 40), add_days(m.t, 2 * m.i % 100), 1, 0, m.i)
    FROM core.moments AS m
"""


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """The sample as our engine has it, and the moments beside."""
    with open_workbench(load_sample(tmp_path_factory.mktemp("sample") / "db"), "2026Q3") as opened:
        opened.con.execute(f"CREATE TABLE core.moments AS {MOMENTS}")
        group_events(opened.con, opened.asked)
        yield opened


@pytest.fixture(scope="module")
def spark(workbench: Workbench) -> Iterator[Any]:
    """Spark on two cores in the organisation's zone, with the tables of core, law and house read from Parquet."""
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": str(workbench.policy.zone),
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(workbench.desk / "warehouse"),
        # Small tables: compiling a query would take far longer than running it.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.shuffle.partitions": "2",
    }
    builder = pyspark_sql.SparkSession.builder.master("local[2]").appName("audit-workbench")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")  # pytest shows what is raised
    hand_over(workbench, session)
    yield session
    session.stop()


def hand_over(workbench: Workbench, spark: Any) -> None:
    """Write every table to Parquet and name the files to Spark."""
    tables = workbench.con.execute(
        "SELECT table_schema || '.' || table_name, list(column_name || ' ' || data_type ORDER BY ordinal_position)"
        " FROM information_schema.columns WHERE table_schema IN ('core', 'law', 'house') GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    for schema in ("core", "law", "house"):
        spark.sql(f"CREATE DATABASE {schema}")
    for table, columns in tables:
        path = workbench.desk / f"{table}.parquet"
        workbench.con.execute(f"COPY {table} TO '{path}'")
        types = [column.split(" ", 1) for column in columns]
        spoken = ", ".join(f"`{c}` {exp.DataType.build(t, dialect='duckdb').sql(dialect='spark')}" for c, t in types)
        spark.sql(f"CREATE TABLE {table} ({spoken}) USING parquet LOCATION '{path}'")


def compared(workbench: Workbench, spark: Any, sql: str) -> tuple[int, list[Any], list[Any]]:
    """How many rows our engine gives, which of them Spark lacks, and which only Spark has; over all columns."""
    relation = workbench.con.sql(f"SELECT * FROM ({sql})")
    names = [f"c{i}" for i in range(len(relation.columns))]
    path = workbench.desk / "answer.parquet"
    spark.sql(spark_sql(sql)).toDF(*names).write.mode("overwrite").parquet(str(path))
    # A quantile between two values may differ in its last bits.
    kinds = ["DECIMAL(30, 9)" if kind == "DOUBLE" else kind for kind in map(str, relation.types)]
    casts = ", ".join(f"CAST({name} AS {kind})" for name, kind in zip(names, kinds, strict=True))
    ours = f"SELECT {casts} FROM ({sql}) AS ours ({', '.join(names)})"
    theirs = f"SELECT {casts} FROM read_parquet('{path}/*.parquet')"
    rows = workbench.con.execute(f"SELECT count(*) FROM ({ours})").fetchall()[0][0]
    lacking = workbench.con.execute(f"({ours}) EXCEPT ALL ({theirs}) LIMIT 5").fetchall()
    beside = workbench.con.execute(f"({theirs}) EXCEPT ALL ({ours}) LIMIT 5").fetchall()
    return rows, lacking, beside


@pytest.mark.parametrize(("check", "file", "sql"), QUERIES, ids=[f"{check}/{file}" for check, file, _ in QUERIES])
def test_spark_says_the_same(workbench: Workbench, spark: Any, check: str, file: str, sql: str) -> None:
    rows, lacking, beside = compared(workbench, spark, workbench.asked.within(sql))
    assert rows
    assert (lacking, beside) == ([], [])


@pytest.mark.parametrize("name", VIEWS)
def test_spark_derives_the_same_tables(workbench: Workbench, spark: Any, name: str) -> None:
    rows, lacking, beside = compared(workbench, spark, sql_file(f"derived/{name}"))
    assert rows
    assert (lacking, beside) == ([], [])


def test_every_macro_gives_the_same_on_spark(workbench: Workbench, spark: Any) -> None:
    rows, lacking, beside = compared(workbench, spark, CALLS)
    assert rows
    assert (lacking, beside) == ([], [])
