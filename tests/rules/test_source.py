"""What can be said of every file: no clock in SQL, small modules, docstrings, nothing of one machine, nothing left undone."""

from __future__ import annotations

import ast
import re

import pytest

from tests.rules.tree import ROOT, files, name

MODULES = files("*.py", under="audit")
SQL = files("*.sql", under="audit")
TEXTS = [
    path
    for path in files("*")
    if path.suffix in {".py", ".sql", ".md", ".toml", ".yml", ".ipynb", ".typ", ".lock", ".csv", ""}
]
# The moment is always a parameter: a clock or a die in a query would make yesterday's report unrepeatable.
CLOCK_OR_DIE = re.compile(
    r"\b(now|today|get_current_\w+|transaction_timestamp|random|setseed|uuid|gen_random_uuid)\s*\(|"
    r"\b(current_date|current_time|current_timestamp|localtime|localtimestamp)\b|"
    r"\busing\s+sample\b|\btablesample\b",
    re.IGNORECASE,
)
MACHINE_PATH = re.compile(
    rf"(^|[\s\"'=(:,])(/(home|Users|root|tmp|opt|mnt|srv)/\w|[A-Z]:\\\\?Users|{ROOT.as_posix()})", re.MULTILINE
)
UNDONE = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b|for simplicity", re.IGNORECASE)


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql)


@pytest.mark.parametrize("path", SQL, ids=name)
def test_sql_has_no_clock_and_no_die(path):
    assert not CLOCK_OR_DIE.search(without_comments(path.read_text()))


@pytest.mark.parametrize(
    "sql",
    ["select now()", "where d < CURRENT_DATE", "order by random()", "from t using sample 10", "select today ()"],
)
def test_a_clock_or_a_die_would_be_found(sql):
    assert CLOCK_OR_DIE.search(sql)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_stay_below_300_lines(path):
    assert len(path.read_text().splitlines()) < 300


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_and_public_function_and_class_has_a_docstring(path):
    tree = ast.parse(path.read_text())
    bare = [] if ast.get_docstring(tree) else ["the module"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            bare += [] if ast.get_docstring(node) else [node.name]
    assert not bare


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_no_file_names_a_place_of_one_machine(path):
    found = MACHINE_PATH.search(path.read_text(encoding="utf-8"))
    assert not found or path.parent == ROOT / "tests" / "rules", found


@pytest.mark.parametrize("text", ['x = "/home/anna/data"', "/Users/anna", "see /tmp/out.csv"])
def test_a_place_of_one_machine_would_be_found(text):
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize("path", [p for p in TEXTS if name(p).startswith(("audit/", "notebooks/"))], ids=name)
def test_nothing_is_left_undone(path):
    assert not UNDONE.search(path.read_text(encoding="utf-8"))
