"""What a report's notebook shows of the period before: its report held against today, and each check beside it."""

from __future__ import annotations

from audit import earlier
from audit.compared import comparison_for
from audit.comparison import Comparison
from audit.display import Page, Several
from audit.errors import UsageError
from audit.shown import Shown


class Earlier:
    """Makes display objects of a page's period beside another one.

    Args:
        page: of a notebook's begin.
        period: the other one; the one before where not given.
        comparison: of the page, as its edition shows it, where it was made already.

    Attributes:
        comparison: the two periods; in the external edition of results that are released for it.

    Raises:
        UsageError: the page has no open database, or no such period.
    """

    def __init__(self, page: Page, period: str = "", comparison: Comparison | None = None) -> None:
        self.comparison = comparison or _made(page, period)
        self._page = page
        # How many came and went tells of few where the counts of either period are not shown.
        self._with_counts = page.edition == "internal"

    def restated(self) -> Several:
        """What moved since the last report of the other period, and why; one sentence where nothing did."""
        words, found = self._page.words, self.comparison.restated
        text = earlier.restated(words, found, self.comparison.before.period, with_counts=self._with_counts)
        shown = [self._page.note(text, "caution") if found and found.checks else self._page.note(text)]
        if found and found.checks and self._with_counts:
            blocks = (earlier.restated_figures(words, found), earlier.restated_moves(words, found))
            shown += [self._page.block(block) for block in blocks if block]
        return Several(shown)

    def since(self, check: str) -> Shown | None:
        """A check beside the other period; nothing where one of the two could not evaluate it."""
        change = self.comparison.checks.get(check)
        if change is None:
            return None
        text = earlier.since(self._page.words, change, self.comparison.before, with_counts=self._with_counts)
        return self._page.note(text)

    def overview(self) -> Shown:
        """Every check in both periods, as a table."""
        return self._page.block(earlier.overview(self._page.words, self.comparison, with_counts=self._with_counts))

    def subject(self, *checks: str) -> Several:
        """All there is to say of each check, as Page.subject, with the other period beside."""
        page = self._page
        return page.each(page.heading, page.answer, page.counts, self.since, page.main_chart, page.worst, of=checks)

    def rest(self) -> Several:
        """The same for the checks whose counts no cell has shown yet."""
        return self.subject(*(check for check in self._page.results.checks if check not in self._page.told))


def _made(page: Page, period: str) -> Comparison:
    if page.workbench is None:
        raise UsageError("this page has no open database", fix="Make it with audit.display.begin")
    found = page.workbench.compare(period or None, only=list(page.results.checks))
    return comparison_for(found, page.results, page.edition, page.workbench.policy.suppress_below)
