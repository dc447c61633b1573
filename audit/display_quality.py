"""What the notebook of data quality shows beside the sources: the rows that were refused, and what was undecided."""

from __future__ import annotations

from audit import sentences
from audit.display import Page, Several
from audit.judge import rows
from audit.results import CheckResult
from audit.tables import Columns

_REFUSED = """
SELECT table_name, column_name, reason, count(*) AS n, count(DISTINCT file) AS files
FROM raw.rejected_rows GROUP BY ALL ORDER BY n DESC, table_name, column_name, reason
"""


def refused(page: Page) -> Several:
    """How many rows were refused on loading, and for what: never a value of them.

    Args:
        page: made by :func:`audit.display.begin`, with its workbench.
    """
    assert page.workbench is not None
    words = page.words
    read = sum(f.read for f in page.results.files)
    total = sum(page.results.rejected_rows.values())
    shown = [page.sentence(words.runs("quality.refused.sentence", n=total, read=read))]
    if total:
        kinds = {"table": "text", "column": "mono", "reason": "text", "n": "integer", "files": "integer"}
        lines = [
            [
                sentences.sentence_case(sentences.unit(words, r["table_name"])),
                r["column_name"],
                sentences.reason(words, r["reason"]),
                r["n"],
                r["files"],
            ]
            for r in rows(page.workbench.con, _REFUSED)
        ]
        shown.append(page.table(words.say("quality.refused.caption"), _heads(page, "refused", kinds), lines))
    return Several(shown)


def undecided(page: Page) -> Several:
    """What no check could decide: of each, the most undecided first, what was missing, and of how many."""
    words = page.words
    told = sorted((c for c in page.results if c.undetermined), key=lambda c: (-c.undetermined, c.check))
    lines = [
        [
            sentences.name(words, c.check),
            sentences.sentence_case(words.code(reason)) if reason else None,
            n,
            c.population,
        ]
        for c in told
        for reason, n in _why(c)
    ]
    total = sum(c.undetermined for c in told)
    population = sum(c.population for c in page.results)
    sentence = words.runs("quality.undecided.sentence", n=total, population=population)
    shown = [page.sentence(sentence if population else words.runs("quality.undecided.nothing"))]
    if lines:
        kinds = {"check": "text", "reason": "text", "n": "integer", "population": "integer"}
        shown.append(page.table(words.say("quality.undecided.caption"), _heads(page, "undecided", kinds), lines))
    return Several(shown)


def _why(result: CheckResult) -> list[tuple[str | None, int]]:
    """The reasons of what is undetermined; one line without a reason where they are not shown."""
    reasons = (result.shown_reasons or {}).get("undetermined")
    return list(reasons.items()) if reasons else [(None, result.undetermined)]


def _heads(page: Page, about: str, kinds: dict[str, str]) -> Columns:
    """Columns by key and kind, with the labels of what the table is about."""
    return {key: (page.words.say(f"quality.{about}.{key}"), kind) for key, kind in kinds.items()}
