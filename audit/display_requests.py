"""What the report on requests and complaints shows beside its checks: extensions, and pauses for proof of identity."""

from __future__ import annotations

from typing import Any

from audit import tables
from audit.display import Page, Shown
from audit.judge import rows
from audit.store import sql_file

_COUNTS = ("requests", "extended", "without_reason", "identity_asked", "identity_awaited")


def promises(page: Page) -> Shown:
    """The promises of the policy that bear on requests: those of which every check was run."""
    return page.block(tables.matrix(page.results, page.words, only_run=True))


def late(page: Page) -> Shown:
    """Each request that was late or undecided; a remark where the edition shows no rows, or there are none."""
    words, check = page.words, page.results["request_deadlines"]
    if not check.lists_items:
        return page.note(words.say("sentences.not_shown.rows"))
    return page.findings(check.check, 500) or page.note(words.say("requests.none_late"))


class Pauses:
    """Makes display objects of how long the answers were allowed to wait.

    Args:
        page: the page of the report, with its workbench.
    """

    def __init__(self, page: Page) -> None:
        assert page.workbench is not None
        self._page = page
        asked = page.workbench.asked
        self._rows = rows(page.workbench.con, asked.within(sql_file("requests/pauses")))

    def sentence(self) -> Shown:
        """How many requests were extended and how many waited for proof of identity."""
        n = {key: self._sum(key) for key in _COUNTS}
        if self._is_hidden:
            return self._page.note(self._page.words.say("requests.hidden"))
        if not n["requests"]:
            return self._page.sentence(self._page.words.say("requests.nothing"))
        return self._page.sentence(self._page.words.runs("requests.waited", **n))

    def table(self) -> Shown | None:
        """The same for each kind of request; nothing where the sentence said that it is not shown."""
        if self._is_hidden:
            return None
        words = self._page.words
        kinds = {"kind": "text"} | dict.fromkeys(_COUNTS, "integer")
        columns = {key: (words.say(f"requests.column.{key}"), kind) for key, kind in kinds.items()}
        shown: list[list[Any]] = [[words.code(r["kind"]), *(r[key] for key in _COUNTS)] for r in self._rows]
        if len(shown) > 1:
            shown.append([words.say("tables.all"), *(self._sum(key) for key in _COUNTS)])
        return self._page.table(words.say("requests.caption"), columns, shown, total=len(shown) > 1)

    @property
    def _is_hidden(self) -> bool:
        """Whether the edition suppresses small counts: these are counts of persons, with nothing to hide them in."""
        return self._page.edition == "external"

    def _sum(self, key: str) -> int:
        return sum(int(row[key]) for row in self._rows)
