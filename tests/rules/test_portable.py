"""What decides is SQL that other engines have too; what only one engine says stands in the macros' first block."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import UnsupportedError

from audit.store import VIEWS
from tests.rules.tree import ROOT, files, name
from tests.spark.translate import WORDS, called, spark_sql

QUERIES = [
    *files("*.sql", under="audit/checks"),
    *(ROOT / "audit/sql/derived" / f"{table}.sql" for table in VIEWS),
]
MACROS = {
    create.this.this.name: create.expression
    for create in sqlglot.parse((ROOT / "audit/sql/deadlines.sql").read_text(), dialect="duckdb")
}
# As sqlglot calls them: every engine has them, or sqlglot says them in another's words. tests/spark runs each.
FUNCTIONS = {
    "And", "Case", "Cast", "Chr", "Coalesce", "ConcatWs", "Count", "DateDiff", "DateFromParts", "DenseRank",
    "Floor", "Greatest", "If", "Lead",
    "Least", "LogicalAnd", "LogicalOr", "Lower", "Max", "Min", "Nullif", "Or", "RegexpExtract",
    "RowNumber", "Substring", "Sum", "Trim", "Year",
}  # fmt: skip
NUMBERS = {
    "hours_between", "iso_days", "iso_months", "iso_number", "iso_seconds", "microseconds_between",
    "microseconds_of_hour", "quantile_of", "quarter_of_hour",
}  # fmt: skip
DATES = {exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ}
Found = Iterator[exp.Expr]


def asof_joins(tree: exp.Expr) -> Found:
    return (join for join in tree.find_all(exp.Join) if join.method == "ASOF")


def qualify(tree: exp.Expr) -> Found:
    return tree.find_all(exp.Qualify)


def ignored_nulls(tree: exp.Expr) -> Found:
    return tree.find_all(exp.IgnoreNulls, exp.RespectNulls)


def infinities(tree: exp.Expr) -> Found:
    return (text for text in tree.find_all(exp.Literal) if re.fullmatch(r"[+-]?inf(inity)?", text.name, re.IGNORECASE))


def intervals(tree: exp.Expr) -> Found:
    return tree.find_all(exp.Interval)


def lists(tree: exp.Expr) -> Found:
    """Lists are only ever spread into rows, as a column of a SELECT: the one thing every engine can say."""
    yield from tree.find_all(exp.Array, exp.Bracket, exp.Lambda, exp.Any, exp.Unnest)
    for spread in tree.find_all(exp.Explode):
        holder = spread.parent.parent if isinstance(spread.parent, exp.Alias) else spread.parent
        if not isinstance(spread.this, exp.Column) or not isinstance(holder, exp.Select):
            yield spread


def sums_of_moments(tree: exp.Expr) -> Found:
    """`date - date` and its like: macros add to days and instants, DATE_DIFF counts the days between."""
    return (node for node in tree.find_all(exp.Add, exp.Sub) if is_moment(node.left) or is_moment(node.right))


def is_moment(node: exp.Expr) -> bool:
    """Whether an expression is a day or an instant; what columns are their names say."""
    match node:
        case exp.Column():
            return bool(re.search(r"(^|_)(on|at|day)$", node.name))
        case exp.Cast():
            return node.to.this in DATES
        case exp.Placeholder():
            return True
        case exp.Func() if called(node) in MACROS:
            return called(node) not in NUMBERS
        case exp.Case():
            return any(is_moment(branch.args["true"]) for branch in node.args["ifs"])
        case (
            exp.Paren()
            | exp.Coalesce()
            | exp.Least()
            | exp.Greatest()
            | exp.Min()
            | exp.Max()
            | exp.Lead()
            | exp.Window()
        ):
            return any(map(is_moment, node.iter_expressions()))
    return False


def left_anti_joins(tree: exp.Expr) -> Found:
    """Rows that LEFT JOIN did not find, kept by IS NULL: an engine that fills in defaults finds none."""
    for select in tree.find_all(exp.Select):
        joined = {join.alias_or_name for join in select.args.get("joins") or [] if join.side == "LEFT"}
        if not joined or not select.args.get("where"):
            continue
        for test in select.args["where"].find_all(exp.Is):
            asked = isinstance(test.expression, exp.Null) and not isinstance(test.parent, exp.Not)
            if asked and isinstance(test.this, exp.Column) and test.this.table in {*joined, ""}:
                yield test


def functions_of_one_engine(tree: exp.Expr) -> Found:
    for node in tree.find_all(exp.Func):
        of_days = node.args.get("unit") is None or node.args["unit"].name == "DAY"
        kind = type(node).__name__
        if not (called(node) in MACROS or isinstance(node, exp.Explode) or (kind in FUNCTIONS and of_days)):
            yield node


RULES: tuple[Callable[[exp.Expr], Found], ...] = (
    asof_joins, qualify, ignored_nulls, infinities, intervals, lists, sums_of_moments, left_anti_joins,
    functions_of_one_engine,
)  # fmt: skip


def broken(tree: exp.Expr) -> set[str]:
    return {f"{rule.__name__}: {node.sql(dialect='duckdb')}" for rule in RULES for node in rule(tree)}


@pytest.mark.parametrize("path", QUERIES, ids=name)
def test_a_query_says_what_every_engine_understands(path):
    assert broken(sqlglot.parse_one(path.read_text(), dialect="duckdb")) == set()


@pytest.mark.parametrize("macro", sorted(MACROS.keys() - WORDS.keys()))
def test_so_does_a_macro_outside_the_block_of_one_engines_words(macro):
    assert broken(MACROS[macro]) == set()


def test_that_block_holds_what_no_other_engine_understands_and_nothing_else():
    first = list(MACROS)[: len(WORDS)]
    assert first == list(WORDS)
    assert [macro for macro in first if not broken(MACROS[macro])] == []


@pytest.mark.parametrize("path", QUERIES, ids=name)
def test_a_query_translates_with_its_macros_written_out(path):
    there = sqlglot.parse_one(spark_sql(path.read_text()), dialect="spark")
    assert {called(function) for function in there.find_all(exp.Anonymous)} & MACROS.keys() == set()


@pytest.mark.parametrize(
    ("rule", "sql"),
    [
        ("asof_joins", "select 1 from a asof left join b on a.k = b.k and a.at >= b.at"),
        ("qualify", "select k from a qualify row_number() over (partition by k order by t) = 1"),
        ("ignored_nulls", "select lead(k ignore nulls) over (order by t) from a"),
        ("ignored_nulls", "select lead(k) ignore nulls over (order by t) from a"),
        ("infinities", "select coalesce(valid_to, timestamptz 'infinity') from a"),
        ("infinities", "select cast('-Infinity' as date) from a"),
        ("intervals", "select received_on + interval 3 day from a"),
        ("sums_of_moments", "select received_on + to_days(n) from a"),
        ("lists", "select systems[1] from a"),
        ("lists", "select 1 from a where k = any(systems)"),
        ("lists", "select 1 from a, unnest(a.systems) as s (x)"),
        ("lists", "select coalesce(unnest(systems), '') from a"),
        ("lists", "select [1, 2] as n"),
        ("sums_of_moments", "select due_on - answered_on from a"),
        ("sums_of_moments", "select ($as_of_on - due_on) > 3 from a"),
        ("sums_of_moments", "select cast(received_at as date) + 3 from a"),
        ("sums_of_moments", "select add_on(d, 1, 0, 0) - 1 from a"),
        ("sums_of_moments", "select coalesce(x, case when y then date '2026-01-01' end) + n from a"),
        ("left_anti_joins", "select 1 from a left join b on a.k = b.k where b.k is null"),
        ("left_anti_joins", "select 1 from a left join b as c on a.k = c.k where a.x and (c.y is null or k is null)"),
        ("functions_of_one_engine", "select epoch(at) from a"),
        ("functions_of_one_engine", "select hash(k) from a"),
        ("functions_of_one_engine", "select list_contains(systems, 'x') from a"),
        ("functions_of_one_engine", "select len(systems) from a"),
        ("functions_of_one_engine", "select strftime(at, '%Y') from a"),
        ("functions_of_one_engine", "select date_diff('month', from_on, until_on) from a"),
    ],
)
def test_what_one_engine_says_would_be_found(rule, sql):
    assert rule in {found.split(":")[0] for found in broken(sqlglot.parse_one(sql, dialect="duckdb"))}


@pytest.mark.parametrize(
    "sql",
    [
        "select date_diff('day', due_on, $as_of_on) + 1 from a",
        "select a.k from a left join b on a.k = b.k where a.x is null",
        "select a.k, case when b.k is null then 'x' end from a left join b on a.k = b.k where b.k is not null",
        "select activity_id, unnest(systems) as system_id from a",
        "select hours_between(a.at, b.at) - 1 from a anti join b on a.k = b.k",
    ],
)
def test_what_every_engine_says_is_let_be(sql):
    assert broken(sqlglot.parse_one(sql, dialect="duckdb")) == set()


def test_what_spark_has_no_words_for_is_refused():
    with pytest.raises(UnsupportedError):
        spark_sql("select arg_max(k, t, 3) from a")
