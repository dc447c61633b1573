"""The checks' SQL as Spark reads it: macros written out, DuckDB's own words replaced, the rest translated by sqlglot."""

from __future__ import annotations

from functools import cache

import sqlglot
from sqlglot import ErrorLevel, exp

from audit import store

# The first block of audit/sql/deadlines.sql, in Spark's words: over the same parameters.
WORDS = {
    "add_months": "add_months(CAST(d AS DATE), CAST(n AS INT))",
    "add_days": "date_add(CAST(d AS DATE), CAST(n AS INT))",
    # Of two equal hours, when the clock is put back, Spark gives the one of the offset it came from.
    "add_months_at": """
        CASE
            WHEN hour(t + make_interval(0, CAST(n AS INT)) - INTERVAL 1 HOUR) = hour(t + make_interval(0, CAST(n AS INT)))
            THEN t + make_interval(0, CAST(n AS INT)) - INTERVAL 1 HOUR
            ELSE t + make_interval(0, CAST(n AS INT))
        END
    """,
    "add_microseconds": "timestamp_micros(unix_micros(t) + n)",
    "microseconds_between": "unix_micros(to_at) - unix_micros(from_at)",
    "microseconds_of_hour": "60000000 * CAST(minute(t) AS BIGINT) + CAST(1000000 * extract(SECOND FROM t) AS BIGINT)",
    "quarter_of_hour": "unix_micros(t) DIV 900000000",
    "quantile_of": "percentile(x, share)",
}


def spark_sql(sql: str) -> str:
    """A query of the checks for Spark.

    Raises:
        sqlglot.errors.UnsupportedError: it says something that Spark has no words for.
    """
    tree = written_out(sqlglot.parse_one(sql, dialect="duckdb"), macros())
    for cte in tree.find_all(exp.CTE):
        cte.set("materialized", None)  # advice to DuckDB's planner
    return tree.sql(dialect="spark", unsupported_level=ErrorLevel.RAISE, pretty=True)


Macros = dict[str, tuple[list[str], exp.Expr]]


@cache
def macros() -> Macros:
    """The macros of the time limits: name -> parameters, and the body with Spark's words and no macro left in it."""
    found: Macros = {}
    for create in sqlglot.parse(store.sql_file("deadlines"), dialect="duckdb"):
        assert isinstance(create, exp.Create)
        name = create.this.this.name
        if name in WORDS:
            body = sqlglot.parse_one(WORDS[name], dialect="spark")
        else:
            body = _renamed(written_out(exp.paren(create.expression), found).unnest(), name)
        found[name] = ([parameter.name for parameter in create.this.expressions], body)
    return found


def written_out(tree: exp.Expr, known: Macros) -> exp.Expr:
    """A query with the bodies of macros in place of their calls, changed where it stands."""
    for node in reversed(list(tree.bfs())):  # the innermost first, so that arguments are written out already
        if not isinstance(node, exp.Func) or called(node) not in known:
            continue
        parameters, body = known[called(node)]
        filled = _filled(body.copy(), dict(zip(parameters, _arguments(node), strict=True)))
        if isinstance(node.parent, exp.Table):
            node.parent.replace(filled.unnest().subquery(node.parent.alias))
        else:
            node.replace(_one_term(filled))
    return tree


def called(node: exp.Func) -> str:
    """The name a function is called by."""
    return (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()


def _arguments(node: exp.Func) -> list[exp.Expr]:
    if isinstance(node, exp.Anonymous):
        return node.expressions
    return [node.args[name] for name in node.arg_types if node.args.get(name)]


def _filled(body: exp.Expr, arguments: dict[str, exp.Expr]) -> exp.Expr:
    """A macro's body with arguments for its parameters."""
    if body.find(exp.Select):
        # A bare name would be taken for a column of the tables in the body.
        assert all(column.table for a in arguments.values() for column in a.find_all(exp.Column)), body.sql()
    holder = exp.paren(body)
    for column in list(holder.find_all(exp.Column)):
        if not column.table and column.name in arguments:
            column.replace(_one_term(arguments[column.name].copy()))
    return holder.this


def _one_term(node: exp.Expr) -> exp.Expr:
    """An expression that stands as well where a name stood."""
    if isinstance(node, exp.Select):
        return node.subquery()
    return exp.paren(node) if isinstance(node, exp.Binary | exp.Neg | exp.Not) else node


def _renamed(body: exp.Expr, prefix: str) -> exp.Expr:
    """A body whose subqueries bear its name too: sqlglot moves them beside those of the query around it."""
    own = {cte.alias: f"{prefix}_{cte.alias}" for cte in body.find_all(exp.CTE)}
    for node in body.find_all(exp.CTE, exp.Table):
        if isinstance(node, exp.CTE):
            node.args["alias"].set("this", exp.to_identifier(own[node.alias]))
        elif not node.db and node.name in own:
            node.set("this", exp.to_identifier(own[node.name]))
    return body
